"""Masks as runs: (start, length) pairs in row-major order of an image, and COCO's way to write the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from phantom.arrays import Bools, Ints, Runs

Point = tuple[float, float]
Corner = tuple[int, int]
MAX_CODE = 1 << 22  # characters of one mask as COCO writes it


def pixels(runs: Runs) -> Ints:
    """The flat indices of every pixel of the runs, in order."""
    pairs = np.asarray(runs, np.int64).reshape(-1, 2)
    lengths = pairs[:, 1]
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    flat: Ints = np.arange(total, dtype=np.int64) + np.repeat(pairs[:, 0] - (ends - lengths), lengths)
    return flat


def from_pixels(flat: Ints) -> Runs:
    """Runs of sorted flat indices without repeats."""
    flat = np.asarray(flat, np.int64)
    if not len(flat):
        return np.zeros((0, 2), np.uint32)
    first = np.flatnonzero(np.diff(flat, prepend=flat[0] - 2) != 1)
    length = np.diff(first, append=len(flat))
    return np.stack([flat[first], length], axis=1).astype(np.uint32)


def windows(row: Ints, column: Ints, rows: Ints, columns: Ints) -> tuple[Ints, Ints, Ints]:
    """Of every pixel of some windows (n,), end to end and each row by row: which window's it is, its row and its
    column."""
    sizes = rows * columns
    of = np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(len(of)) - (np.cumsum(sizes) - sizes)[of]
    down = within // columns[of]
    return of, row[of] + down, column[of] + within - down * columns[of]


def of_masks(of: Ints, row: Ints, column: Ints, count: int, width: int) -> list[Runs]:
    """The runs of `count` masks from their pixels, row by row and mask by mask; no run goes on into the next row."""
    new = np.ones(len(of), bool)
    new[1:] = (np.diff(of) != 0) | (np.diff(row) != 0) | (np.diff(column) != 1)
    first = np.flatnonzero(new)
    flat = np.stack([row[first] * width + column[first], np.diff(first, append=len(of))], axis=1).astype(np.uint32)
    ends = np.searchsorted(of[first], np.arange(count + 1))
    return [flat[start:end] for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)]


def mirrored(masks: Sequence[Runs], width: int) -> list[Runs]:
    """The runs of the same masks with left and right of the image exchanged."""
    counts = np.array([len(runs) for runs in masks], np.int64)
    together = np.concatenate([np.zeros((0, 2), np.uint32), *masks]).astype(np.int64)
    row, first = np.divmod(together[:, 0], width)
    start = row * width + width - first - together[:, 1]
    order = np.lexsort((start, np.repeat(np.arange(len(masks)), counts)))
    flat = np.stack([start, together[:, 1]], axis=1)[order].astype(np.uint32)
    return np.split(flat, np.cumsum(counts)[:-1]) if len(masks) else []


def mask(runs: Runs, shape: tuple[int, int]) -> Bools:
    """The (rows, columns) mask of runs."""
    out = np.zeros(shape, bool)
    out.reshape(-1)[pixels(runs)] = True
    return out


def inside(runs: Runs, flat: Ints) -> Bools:
    """Which of the flat indices lie in the runs."""
    pairs = np.asarray(runs, np.int64).reshape(-1, 2)
    if not len(pairs):
        return np.zeros(np.shape(flat), bool)
    at = np.searchsorted(pairs[:, 0], flat, side="right") - 1
    found: Bools = (at >= 0) & (flat < pairs[at, 0] + pairs[at, 1])
    return found


def clip(runs: Runs, shape: tuple[int, int], row: int, column: int, window: tuple[int, int]) -> Runs:
    """The part of the runs in a window of the image, as runs of the window."""
    flat = pixels(runs)
    y, x = flat // shape[1] - row, flat % shape[1] - column
    keep = (y >= 0) & (y < window[0]) & (x >= 0) & (x < window[1])
    return from_pixels(y[keep] * window[1] + x[keep])


def box(runs: Runs, columns: int) -> tuple[int, int, int, int]:
    """First column, first row, columns and rows of the box around the runs; all 0 if there are none."""
    pairs = np.asarray(runs, np.int64).reshape(-1, 2)
    pairs = pairs[pairs[:, 1] > 0]
    if not len(pairs):
        return 0, 0, 0, 0
    (y, x), (y_end, x_end) = np.divmod(pairs[:, 0], columns), np.divmod(pairs.sum(axis=1) - 1, columns)
    y0, height = int(y.min()), int(y_end.max()) - int(y.min()) + 1
    if (y_end > y).any():  # a run goes on into the next row
        x, x_end = np.where(y_end > y, 0, x), np.where(y_end > y, columns - 1, x_end)
    return int(x.min()), y0, int(x_end.max()) - int(x.min()) + 1, height


def coco_counts(runs: Runs, shape: tuple[int, int]) -> list[int]:
    """COCO's uncompressed counts: lengths of 0s and 1s in turn, in column-major order, 0s first."""
    rows, columns = shape
    flat = pixels(runs)
    turned = from_pixels(np.sort(flat % columns * rows + flat // columns)).astype(np.int64)
    edges = np.concatenate(
        [[0], np.stack([turned[:, 0], turned[:, 0] + turned[:, 1]], axis=1).ravel(), [rows * columns]]
    )
    counts = [int(n) for n in np.diff(edges)]
    return counts[:-1] if len(counts) > 1 and counts[-1] == 0 else counts


def from_coco_counts(counts: list[int], shape: tuple[int, int]) -> Runs:
    """Runs of COCO's uncompressed counts.

    Raises
    ------
    ValueError
        If the counts are negative or do not fill the image.
    """
    rows, columns = shape
    lengths = np.asarray(counts, np.int64)
    if lengths.ndim != 1 or (lengths < 0).any() or int(lengths.sum()) != rows * columns:
        raise ValueError("its counts do not fill the image")
    starts = np.cumsum(lengths) - lengths
    flat = pixels(np.stack([starts[1::2], lengths[1::2]], axis=1).astype(np.uint32))
    return from_pixels(np.sort(flat % rows * columns + flat // rows))


def coco_text(counts: list[int]) -> str:
    """COCO's compressed counts: differences to the count two before, five bits a character, from '0' on."""
    out = []
    for i, count in enumerate(counts):
        value = count - counts[i - 2] if i > 2 else count
        more = True
        while more:
            bits = value & 0x1F
            value >>= 5
            more = value != -1 if bits & 0x10 else value != 0
            out.append(chr((bits | 0x20 if more else bits) + 48))
    return "".join(out)


def from_coco_text(text: str) -> list[int]:
    """The counts of COCO's compressed text.

    Raises
    ------
    ValueError
        If the text ends within a number or holds a foreign character.
    """
    if len(text) > MAX_CODE:
        raise ValueError(f"its counts have {len(text)} characters; at most {MAX_CODE} are allowed")
    counts: list[int] = []
    value = shift = 0
    for letter in text:
        code = ord(letter) - 48
        if not 0 <= code < 64:
            raise ValueError("its counts hold a character that no run-length code has")
        value |= (code & 0x1F) << shift
        shift += 5
        if code & 0x20:
            if shift > 60:
                raise ValueError("its counts hold a number too large")
            continue
        if code & 0x10:
            value |= -1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError("its counts end within a number")
    return counts


def outline(runs: Runs, columns: int) -> list[Point]:
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


def _loops(runs: Runs, columns: int) -> list[list[Corner]]:
    """The closed loops around the mask, each from a corner back to it, corners in whole numbers."""
    x0, y0, w, h = box(runs, columns)
    flat = pixels(runs)
    there = np.zeros((h + 2, w + 2), bool)
    there[flat // columns - y0 + 1, flat % columns - x0 + 1] = True
    after: dict[Corner, list[Corner]] = {}
    for start, end in _edges(there):
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


def _edges(there: Any) -> Iterator[tuple[Corner, Corner]]:
    """The sides of pixels where the mask ends, each with the mask at its right hand."""
    inner = there[1:-1, 1:-1]
    sides: list[tuple[Any, Corner, Corner]] = [
        (inner & ~there[:-2, 1:-1], (0, 0), (1, 0)),  # above a pixel, to the right
        (inner & ~there[2:, 1:-1], (1, 1), (0, 1)),  # below, to the left
        (inner & ~there[1:-1, :-2], (0, 1), (0, 0)),  # at its left, up
        (inner & ~there[1:-1, 2:], (1, 0), (1, 1)),  # at its right, down
    ]
    for side, (fx, fy), (tx, ty) in sides:
        rows, columns = np.nonzero(side)
        for row, column in zip((rows + 1).tolist(), (columns + 1).tolist(), strict=True):
            yield (column + fx, row + fy), (column + tx, row + ty)


def _straight(loop: list[Corner]) -> list[Corner]:
    """The loop without corners on straight edges; its ends stay."""
    out = loop[:1]
    for before, at, after in zip(loop, loop[1:], loop[2:], strict=False):
        if (at[0] - before[0], at[1] - before[1]) != (after[0] - at[0], after[1] - at[1]):
            out.append(at)
    return [*out, loop[-1]]
