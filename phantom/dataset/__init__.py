"""Datasets on disk: a folder of case files with tables, a manifest and a contact sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from phantom.dataset.images import Dataset, open  # noqa: A004
    from phantom.dataset.run import generate
    from phantom.dataset.stored import StoredImage
    from phantom.dataset.streaming import stream

__all__ = ["Dataset", "StoredImage", "generate", "open", "stream"]

_LAZY = {"Dataset": "images", "StoredImage": "stored", "open": "images", "generate": "run", "stream": "streaming"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'phantom.dataset' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"phantom.dataset.{_LAZY[name]}"), name)
