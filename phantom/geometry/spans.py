"""Where a ray enters and leaves a convex solid, and the length inside a union of such solids.

A span is a pair of arrays (enters, leaves) along the beam; a ray that misses has (inf, -inf), so
that `minimum` and `maximum` of spans need no special case.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from phantom.arrays import Floats, Indices

Span = tuple[Floats, Floats]
Spans = Callable[[Indices, Floats, Floats], Span]


def length_of(span: Span) -> Floats:
    """Its length, 0 where the ray misses."""
    length: Floats = np.maximum(span[1] - span[0], 0.0)
    return length


def miss_where(outside: Any, enters: Floats, leaves: Floats) -> Span:
    """The span, with misses where `outside`."""
    return np.where(outside, np.inf, enters), np.where(outside, -np.inf, leaves)


def union_length(x: Floats, y: Floats, boxes: Floats, spans: Spans) -> Floats:
    """Length of rays inside a union of convex solids: nothing counts twice.

    Parameters
    ----------
    x, y : arrays
        Rays; they broadcast against each other. A solid is asked only about those in its box.
    boxes : (k, 4) array
        x_lo, y_lo, x_hi, y_hi of each solid's shadow.
    spans : callable
        ``spans(which, x, y)``: spans of rays (n,) in the solids `which` (n,), solid by solid.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    shape = np.broadcast_shapes(x.shape, y.shape)
    x_lo, y_lo, x_hi, y_hi = (boxes[:, k].reshape(-1, *(1 for _ in shape)) for k in range(4))
    near = ((x >= x_lo) & (x <= x_hi)) & ((y >= y_lo) & (y <= y_hi))
    flat_x, flat_y = np.broadcast_to(x, shape).reshape(-1), np.broadcast_to(y, shape).reshape(-1)
    which, ray = np.divmod(np.flatnonzero(near), flat_x.size)
    enters, leaves = spans(which, flat_x[ray], flat_y[ray])
    hit = leaves > enters
    return _merged(ray[hit], enters[hit], leaves[hit], flat_x.size).reshape(shape)


def _merged(ray: Indices, enters: Floats, leaves: Floats, rays: int) -> Floats:
    """(rays,): length of the union of each ray's spans."""
    total, counts = np.bincount(ray, leaves - enters, rays), np.bincount(ray, minlength=rays)
    several = counts[ray] > 1
    if several.any():  # only these can overlap
        ray, enters, leaves = ray[several], enters[several], leaves[several]
        # all in one line, each ray's spans behind those of the ray before
        shift = ray * (leaves.max() - enters.min())
        enters, leaves = enters + shift, leaves + shift
        order = np.argsort(enters)
        enters, leaves = enters[order], leaves[order]
        enters[1:] = np.maximum(enters[1:], np.maximum.accumulate(leaves)[:-1])
        merged = np.bincount(ray[order], np.maximum(leaves - enters, 0.0), rays)
        total = np.where(counts > 1, merged, total)
    return np.asarray(total)
