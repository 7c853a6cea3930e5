"""Masks as runs: (start, length) pairs in row-major order of an image, and COCO's way to write the same."""

from __future__ import annotations

from typing import Any

import numpy as np

Runs = np.ndarray[Any, np.dtype[np.uint32]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]


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


def from_mask(mask: Bools) -> Runs:
    """Runs of a (rows, columns) mask."""
    return from_pixels(np.flatnonzero(mask))


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
    flat = pixels(runs)
    if not len(flat):
        return 0, 0, 0, 0
    y, x = flat // columns, flat % columns
    x0, y0 = int(x.min()), int(y.min())
    return x0, y0, int(x.max()) - x0 + 1, int(y.max()) - y0 + 1


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
