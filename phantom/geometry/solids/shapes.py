"""Solids: a bounding box, and the length of a ray inside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from phantom.arrays import Floats
from phantom.geometry.view import Pose

_AT_ONCE = 1 << 14  # rays a solid is asked about: what it works out on the way stays in the processor's cache


@runtime_checkable
class Shape(Protocol):
    """A solid about its own centre, in the axes of the breast's frame, in mm."""

    @property
    def volume_mm3(self) -> float:
        """The solid's volume."""
        ...

    @property
    def soft(self) -> bool:
        """Whether its edge fades (its mask is then where the path exceeds 10 % of the peak)."""
        ...

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """x_lo, y_lo, x_hi, y_hi of its shadow in the view plane, relative to its centre."""
        ...

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """The path length, mm, of the ray along the beam through each point of the view plane.

        `x_mm`, `y_mm` are relative to the centre and broadcast against each other.
        """
        ...


@runtime_checkable
class Fading(Protocol):
    """What a solid whose edge may fade offers beside `Shape`."""

    def half_width_mm(self, pose: Pose) -> float:
        """The largest width of its shadow between the places where its density, or its path, is half."""
        ...


class Alike(Protocol):
    """What a class of solids may offer beside `Shape`, to be worked on many at once: static methods."""

    def boxes(self, solids: Sequence[Any], poses: Sequence[Pose]) -> Floats:
        """Their `box_mm`, (n, 4)."""
        ...

    def chords(self, solids: Sequence[Any], x_mm: Floats, y_mm: Floats, poses: Sequence[Pose]) -> Floats:
        """Their `chord`: `x_mm`, `y_mm` (n, ...) broadcast against each other."""
        ...


def boxes(shapes: Sequence[Shape], poses: Sequence[Pose]) -> Floats:
    """The boxes of solids' shadows, (n, 4): x_lo, y_lo, x_hi, y_hi of each."""
    out = np.empty((len(shapes), 4))
    for which, kind in _by_class(shapes):
        if hasattr(kind, "boxes"):
            out[which] = kind.boxes([shapes[k] for k in which], [poses[k] for k in which])
        else:
            out[which] = [shapes[k].box_mm(poses[k]) for k in which]
    return out


def chords(shapes: Sequence[Shape], x_mm: Floats, y_mm: Floats, poses: Sequence[Pose], wide: Any, high: Any) -> Floats:
    """Paths in many solids, each under an open grid of rays of its own: (n, rows, columns).

    Parameters
    ----------
    shapes, poses : sequences, n long
    x_mm : (n, columns)
    y_mm : (n, rows)
        Relative to each centre.
    wide, high : (n,) int
        How many of the columns and rows are a solid's own; beyond them there is nothing.
    """
    out = np.zeros((*y_mm.shape, x_mm.shape[1]))
    for which, kind in _by_class(shapes):
        if hasattr(kind, "chords"):
            out[which] = kind.chords(
                [shapes[k] for k in which], x_mm[which, None, :], y_mm[which, :, None], [poses[k] for k in which]
            )
            continue
        for first, end in _of_one(shapes, poses, which):
            columns, rows = int(wide[first:end].max()), int(high[first:end].max())
            step = max(1, _AT_ONCE // (columns * (end - first)))
            for top in range(0, rows, step):
                strip = slice(top, min(top + step, rows))
                path = shapes[first].chord(x_mm[first:end, None, :columns], y_mm[first:end, strip, None], poses[first])
                out[first:end, strip, :columns] = path
            for k in range(first, end):
                out[k, high[k] : rows], out[k, :, wide[k] : columns] = 0.0, 0.0
    return out


def _by_class(shapes: Sequence[Shape]) -> Iterable[tuple[list[int], Any]]:
    found: dict[type, list[int]] = {}
    for k, shape in enumerate(shapes):
        found.setdefault(type(shape), []).append(k)
    return ((which, kind) for kind, which in found.items())


def _of_one(shapes: Sequence[Shape], poses: Sequence[Pose], which: list[int]) -> Iterable[tuple[int, int]]:
    """First and last of those that follow each other and are one and the same, lying alike."""
    first = which[0]
    for k, after in zip(which, [*which[1:], -1], strict=True):
        if after != k + 1 or shapes[after] is not shapes[first] or poses[after] is not poses[first]:
            yield first, k + 1
            first = after
