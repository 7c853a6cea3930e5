"""A mask as one closed polygon that fills to exactly the same pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from phantom import runs as rle

Point = tuple[float, float]
Corner = tuple[int, int]


def outline(runs: Any, columns: int) -> list[Point]:
    """Corners (x, y) of a polygon along the borders of the mask's pixels, whole numbers being pixels' centres.

    Parts and holes are joined by bridges that are walked there and back, along the borders of
    pixels too: no edge meets a pixel's centre, so that every filling rule gives the same mask.
    """
    loops = _loops(runs, columns)
    out = list(loops[0])
    first = out[0]
    for loop in loops[1:]:
        bridge = [(loop[0][0], first[1])]
        out += [*bridge, *loop, *bridge, first]
    return [(x - 0.5, y - 0.5) for x, y in out]


def _loops(runs: Any, columns: int) -> list[list[Corner]]:
    """The closed loops around the mask, each from a corner back to it, corners in whole numbers."""
    x0, y0, w, h = rle.box(runs, columns)
    flat = rle.pixels(runs)
    mask = np.zeros((h + 2, w + 2), bool)
    mask[flat // columns - y0 + 1, flat % columns - x0 + 1] = True
    after: dict[Corner, list[Corner]] = {}
    for start, end in _edges(mask):
        after.setdefault(start, []).append(end)
    loops = []
    while after:
        place = begin = next(iter(after))
        loop = [begin]
        while True:
            ends = after[place]
            place = ends.pop()
            if not ends:
                del after[loop[-1]]
            loop.append(place)
            if place == begin:
                break
        loops.append([(x + x0 - 1, y + y0 - 1) for x, y in _straight(loop)])
    return loops


def _edges(mask: Any) -> Iterator[tuple[Corner, Corner]]:
    """The sides of pixels where the mask ends, each with the mask at its right hand."""
    inner = mask[1:-1, 1:-1]
    sides: list[tuple[Any, Corner, Corner]] = [
        (inner & ~mask[:-2, 1:-1], (0, 0), (1, 0)),  # above a pixel, to the right
        (inner & ~mask[2:, 1:-1], (1, 1), (0, 1)),  # below, to the left
        (inner & ~mask[1:-1, :-2], (0, 1), (0, 0)),  # at its left, up
        (inner & ~mask[1:-1, 2:], (1, 0), (1, 1)),  # at its right, down
    ]
    for there, (fx, fy), (tx, ty) in sides:
        rows, columns = np.nonzero(there)
        for row, column in zip((rows + 1).tolist(), (columns + 1).tolist(), strict=True):
            yield (column + fx, row + fy), (column + tx, row + ty)


def _straight(loop: list[Corner]) -> list[Corner]:
    """The loop without corners on straight edges; its ends stay."""
    out = loop[:1]
    for before, here, after in zip(loop, loop[1:], loop[2:], strict=False):
        if (here[0] - before[0], here[1] - before[1]) != (after[0] - here[0], after[1] - here[1]):
            out.append(here)
    return [*out, loop[-1]]
