"""DICOM unique identifiers that depend on what is in a dataset and on nothing else."""

from __future__ import annotations

import hashlib
import uuid


def uid(*names: str | int) -> str:
    """A UID below 2.25 (a UUID as a number) made from names: the same names, the same UID."""
    digest = hashlib.sha256("\x1f".join(map(str, ("phantom", *names))).encode()).digest()
    return f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}"


def dataset_key(preset: str, seed: int, version: str) -> str:
    """What tells a dataset's UIDs from another's: its recipe, its seed and the version that made it; not its size."""
    return hashlib.sha256(f"{version}\x1f{seed}\x1f{preset}".encode()).hexdigest()


def image_uid(key: str, image_id: str, intent: str) -> str:
    """The SOP instance UID of an image: `intent` is ``for_presentation`` or ``for_processing``."""
    return uid(key, image_id, intent)
