"""Where a ray enters and leaves a convex solid, and the length inside a union of such solids.

A span is a pair of arrays (enters, leaves) along the beam; a ray that misses has (inf, -inf), so
that `minimum` and `maximum` of spans need no special case.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]
Span = tuple[Floats, Floats]
Which = np.ndarray[Any, np.dtype[np.intp]]
Spans = Callable[[Which, Floats, Floats], Span]

# rays times solids that are worked on at once: fits the processor's cache
_AT_ONCE = 12_000
_TILE = 48
_PIECE = 4096


def length_of(span: Span) -> Floats:
    """Its length, 0 where the ray misses."""
    length: Floats = np.maximum(span[1] - span[0], 0.0)
    return length


def miss_where(outside: Any, enters: Floats, leaves: Floats) -> Span:
    """The span, with misses where `outside`."""
    return np.where(outside, np.inf, enters), np.where(outside, -np.inf, leaves)


def merged_length(enters: Floats, leaves: Floats) -> Floats:
    """Length of the union of the spans stacked along the first axis: nothing counts twice."""
    lengths = np.maximum(leaves - enters, 0.0)
    total: Floats = lengths.sum(axis=0)
    if enters.shape[0] == 1:
        return total
    several = np.count_nonzero(lengths, axis=0) > 1
    if not several.any():
        return total
    # only where several are hit can they overlap; rays in rows, so that each one's spans lie together
    enters, leaves = np.ascontiguousarray(enters[:, several].T), np.ascontiguousarray(leaves[:, several].T)
    order = np.argsort(enters, axis=1)
    rows = np.arange(len(enters))[:, None]
    enters, leaves = enters[rows, order], leaves[rows, order]
    before = np.maximum.accumulate(leaves, axis=1)
    enters[:, 1:] = np.maximum(enters[:, 1:], before[:, :-1])
    merged = np.maximum(leaves - enters, 0.0).sum(axis=1)
    if several.ndim:
        total[several] = merged
        return total
    return np.asarray(merged.reshape(()))


def union_length(x: Floats, y: Floats, boxes: Floats, spans: Spans) -> Floats:
    """Length of rays inside a union of convex solids.

    Parameters
    ----------
    x, y : arrays
        Rays; they broadcast against each other. They are worked on tile by tile (an open grid) or
        piece by piece, with only the solids that reach there.
    boxes : (k, 4) array
        x_lo, y_lo, x_hi, y_hi of each solid's shadow.
    spans : callable
        ``spans(which, x, y)`` gives the spans of the solids `which` (indices), stacked along a new first axis.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    shape = np.broadcast_shapes(x.shape, y.shape)
    rays = math.prod(shape)
    if rays * len(boxes) <= _AT_ONCE or not shape:
        return np.broadcast_to(merged_length(*spans(np.arange(len(boxes)), x, y)), shape)
    if len(shape) == 2 and x.size == shape[1] and y.size == shape[0]:
        return _in_tiles(x.reshape(1, -1), y.reshape(-1, 1), boxes, spans)
    return _in_pieces(x, y, shape, boxes, spans)


def _in_tiles(x: Floats, y: Floats, boxes: Floats, spans: Spans) -> Floats:
    out = np.zeros((y.size, x.size))
    for top in range(0, y.size, _TILE):
        ys = y[top : top + _TILE]
        in_row = np.nonzero((boxes[:, 3] >= ys.min()) & (boxes[:, 1] <= ys.max()))[0]
        for left in range(0, x.size, _TILE) if in_row.size else ():
            xs = x[:, left : left + _TILE]
            which = in_row[(boxes[in_row, 2] >= xs.min()) & (boxes[in_row, 0] <= xs.max())]
            if which.size:
                out[top : top + _TILE, left : left + _TILE] = merged_length(*spans(which, xs, ys))
    return out


def _in_pieces(x: Floats, y: Floats, shape: tuple[int, ...], boxes: Floats, spans: Spans) -> Floats:
    flat_x, flat_y = np.broadcast_to(x, shape).ravel(), np.broadcast_to(y, shape).ravel()
    out = np.zeros(flat_x.size)
    for start in range(0, flat_x.size, _PIECE):
        xs, ys = flat_x[start : start + _PIECE], flat_y[start : start + _PIECE]
        near = (
            (boxes[:, 2] >= xs.min())
            & (boxes[:, 0] <= xs.max())
            & (boxes[:, 3] >= ys.min())
            & (boxes[:, 1] <= ys.max())
        )
        which = np.nonzero(near)[0]
        if which.size:
            out[start : start + _PIECE] = merged_length(*spans(which, xs, ys))
    return out.reshape(shape)
