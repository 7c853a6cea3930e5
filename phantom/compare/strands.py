"""Strands: the crests of a band's bright responses, their length, straightness and nodes."""

from __future__ import annotations

import numpy as np

from phantom.arrays import F32, F64, Bools, Indices
from phantom.compare.bands import ANGLES, Band

_STRONGEST = 0.12  # share of the pixels that the bright share is taken of
_CREST = 0.95  # a strand's response exceeds this quantile
_LONG = 1.5  # periods from which on straightness is measured
_CROSSING = 0.5  # of that quantile, which a crossing strand exceeds
_COSINE, _SINE = np.cos(np.arange(ANGLES) * np.pi / ANGLES), np.sin(np.arange(ANGLES) * np.pi / ANGLES)
# what a pixel of a line adds to its length, one in each row or column
_PIXEL = 1 / np.maximum(np.abs(_COSINE), np.abs(_SINE))
_IN_PLANE = np.zeros((3, 3, 3), bool)
_IN_PLANE[1] = True


def strands(b: Band) -> dict[str, F64]:
    """What a band's strands say of each patch.

    bright_share
        Of the strongest responses, bright or dark.
    length
        ln of a strand's length in periods, mean over the pixels of all strands.
    straightness
        Extent over length of strands of at least one and a half periods; 1 is straight.
    nodes
        Places where a second strand crosses at 45 degrees or more, per 100 square periods.
    """
    count = len(b.even)
    size = np.abs(b.even)
    strongest = size.max(1)
    best = np.argmax(b.even, 1)
    ridge = np.take_along_axis(b.even, best[:, None], 1)[:, 0]
    strong = strongest > _quantile(strongest, 1 - _STRONGEST)
    bright = np.take_along_axis(b.even, np.argmax(size, 1)[:, None], 1)[:, 0] > 0
    lines = _crests(ridge, best) & (ridge > _quantile(ridge, _CREST))
    length, straightness = _lengths(lines, best, b.step)
    share = (strong & bright).sum((1, 2)) / np.maximum(strong.sum((1, 2)), 1)
    assert len(share) == count
    return {"bright_share": share, "length": length, "straightness": straightness, "nodes": _nodes(b, ridge, best)}


def _quantile(values: F32, q: float) -> F32:
    """Of each patch, from every third pixel."""
    return np.asarray(np.quantile(values.reshape(len(values), -1)[:, ::3], q, axis=1)[:, None, None], np.float32)


def _crests(ridge: F32, best: Indices) -> Bools:
    """Where the response is largest across the ridge."""
    out = np.zeros(ridge.shape, bool)
    rows, columns = ((ridge >= np.roll(ridge, 1, axis)) & (ridge > np.roll(ridge, -1, axis)) for axis in (1, 2))
    for k in range(ANGLES):
        # along rows or columns, or either at 45 degrees, so that a line is one pixel wide and has no gaps
        steep, flat = abs(_SINE[k]) > abs(_COSINE[k]) - 1e-9, abs(_COSINE[k]) > abs(_SINE[k]) - 1e-9
        crest = rows | columns if steep and flat else rows if steep else columns
        out |= (best == k) & crest
    out[:, [0, -1]] = False
    out[:, :, [0, -1]] = False
    return out


def _lengths(lines: Bools, best: Indices, step: float) -> tuple[F64, F64]:
    """Mean ln of the length of the strand a pixel lies on, and its extent over its length, of each patch."""
    from scipy.ndimage import label

    n = len(lines)
    pieces, _ = label(lines, _IN_PLANE)
    which, y, x = np.nonzero(lines)
    order = np.argsort(pieces[which, y, x], kind="stable")
    starts = np.flatnonzero(np.diff(pieces[which, y, x][order], prepend=0))
    if not len(starts):
        return np.zeros(n), np.zeros(n)
    pixels = np.diff(np.append(starts, len(order))).astype(float)
    long_px = np.add.reduceat(_PIXEL[best[which, y, x][order]], starts)
    spans = [np.maximum.reduceat(v[order], starts) - np.minimum.reduceat(v[order], starts) for v in (x, y)]
    patch = which[order][starts]
    straight = np.minimum((np.hypot(*spans) + 1) / long_px, 1)
    long = long_px * step > _LONG
    logs = np.bincount(patch, np.log(long_px * step) * pixels, n) / np.maximum(np.bincount(patch, pixels, n), 1)
    extents = np.bincount(patch[long], (straight * pixels)[long], n)
    return logs, extents / np.maximum(np.bincount(patch[long], pixels[long], n), 1)


def _nodes(b: Band, ridge: F32, best: Indices) -> F64:
    """Peaks of the strongest response at 45 degrees or more from the best one."""
    from scipy.ndimage import maximum_filter

    second = np.full(ridge.shape, -np.inf, np.float32)
    for k in range(ANGLES):
        apart = np.abs((best - k + ANGLES // 2) % ANGLES - ANGLES // 2) >= ANGLES // 4
        second = np.where(apart, np.maximum(second, b.even[:, k]), second)
    width = max(round(0.5 / b.step), 1) * 2 + 1
    peak = (second == maximum_filter(second, (1, width, width))) & (second > _CROSSING * _quantile(ridge, _CREST))
    return np.asarray(100 * peak.sum((1, 2)) / (ridge.shape[1] * ridge.shape[2] * b.step**2), np.float64)
