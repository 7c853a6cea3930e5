"""Content items of structured reports as bytes (explicit VR, little endian; PS3.5 7.1, PS3.3 C.17.3).

Written by hand because a report on thousands of calcifications has a hundred thousand items.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import lru_cache

Code = tuple[str, str, str]
_LONG = {"SQ", "UT", "OB", "OW"}


def element(tag: int, vr: str, value: bytes) -> bytes:
    """One data element."""
    if len(value) % 2:
        value += b"\0" if vr in {"UI", "OB"} else b" "
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    return head + (struct.pack("<HI", 0, len(value)) if vr in _LONG else struct.pack("<H", len(value))) + value


def sequence(tag: int, items: Iterable[bytes]) -> bytes:
    """A sequence of items, each given as its elements."""
    return element(tag, "SQ", b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(item)) + item for item in items))


@lru_cache(maxsize=512)
def code(value: Code) -> bytes:
    """The elements of a code."""
    return b"".join(
        element(0x00080000 + tag, vr, text.encode())
        for tag, vr, text in zip((0x100, 0x102, 0x104), ("SH", "SH", "LO"), value, strict=True)
    )


@lru_cache(maxsize=512)
def _head(relation: str, kind: str, name: Code | None) -> bytes:
    named = sequence(0x0040A043, [code(name)]) if name else b""
    return element(0x0040A010, "CS", relation.encode()) + element(0x0040A040, "CS", kind.encode()) + named


def _children(items: Iterable[bytes]) -> bytes:
    items = list(items)
    return sequence(0x0040A730, items) if items else b""


def container(relation: str, name: Code, items: Iterable[bytes]) -> bytes:
    """A container of items."""
    return _head(relation, "CONTAINER", name) + element(0x0040A050, "CS", b"SEPARATE") + _children(items)


def coded(relation: str, name: Code, value: Code, items: Iterable[bytes] = ()) -> bytes:
    """A coded value."""
    return _head(relation, "CODE", name) + sequence(0x0040A168, [code(value)]) + _children(items)


def text(relation: str, name: Code, value: str) -> bytes:
    """A text."""
    return _head(relation, "TEXT", name) + element(0x0040A160, "UT", value.encode())


def date(relation: str, name: Code, value: str) -> bytes:
    """A date, YYYYMMDD."""
    return _head(relation, "DATE", name) + element(0x0040A121, "DA", value.encode())


def time(relation: str, name: Code, value: str) -> bytes:
    """A time, HHMMSS."""
    return _head(relation, "TIME", name) + element(0x0040A122, "TM", value.encode())


def number(relation: str, name: Code, value: float, unit: Code) -> bytes:
    """A number with its unit."""
    measured = sequence(0x004008EA, [code(unit)]) + element(0x0040A30A, "DS", f"{value:.6g}".encode())
    return _head(relation, "NUM", name) + sequence(0x0040A300, [measured])


def image(relation: str, class_uid: str, instance_uid: str, items: Iterable[bytes]) -> bytes:
    """An image by its UIDs."""
    reference = element(0x00081150, "UI", class_uid.encode()) + element(0x00081155, "UI", instance_uid.encode())
    return sequence(0x00081199, [reference]) + _head(relation, "IMAGE", None) + _children(items)


def refer(relation: str, place: tuple[int, ...]) -> bytes:
    """A reference to another item by its place in the tree."""
    return element(0x0040A010, "CS", relation.encode()) + element(
        0x0040DB73, "UL", struct.pack(f"<{len(place)}I", *place)
    )


def points(relation: str, name: Code, kind: str, places: list[tuple[float, float]], image_at: tuple[int, ...]) -> bytes:
    """Coordinates in an image of the report: ``POINT`` or ``POLYLINE``, in pixels from the first one's corner."""
    flat = [value for place in places for value in place]
    return (
        _head(relation, "SCOORD", name) + _children([refer("SELECTED FROM", image_at)])
        + element(0x00700022, "FL", struct.pack(f"<{len(flat)}f", *flat)) + element(0x00700023, "CS", kind.encode())
    )  # fmt: skip


def content(items: Iterable[bytes]) -> bytes:
    """The content sequence of a whole report."""
    return _children(items)
