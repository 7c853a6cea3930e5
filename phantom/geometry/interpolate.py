"""Table look-ups and resampling between lattices."""

from __future__ import annotations

from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]


def bilinear(table: Floats, row: Floats, column: Floats) -> Floats:
    """Values of a (rows, columns) table at fractional places, clamped to its border."""
    r = np.clip(row, 0, table.shape[0] - 1.000001)
    c = np.clip(column, 0, table.shape[1] - 1.000001)
    i, j = r.astype(np.intp), c.astype(np.intp)
    fr, fc = r - i, c - j
    upper = table[i, j] * (1 - fc) + table[i, j + 1] * fc
    lower = table[i + 1, j] * (1 - fc) + table[i + 1, j + 1] * fc
    out: Floats = upper * (1 - fr) + lower * fr
    return out


def resample(values: Floats, start: tuple[float, float], step: float, shape: tuple[int, int]) -> Floats:
    """A (rows, columns) lattice seen on another, in units of its own spacing.

    Finer lattices are interpolated by cubic convolution (Keys 1981, a = -1/2), coarser ones
    get the mean over each of their cells; beyond the border the last value goes on.

    Parameters
    ----------
    values : (rows, columns) float32
    start : (float, float)
        Row and column, in `values`, of the new lattice's first point.
    step : float
        The new spacing over the old one.
    shape : (int, int)
        The new lattice's rows and columns.

    Returns
    -------
    (rows, columns) float32
    """
    out = _axis(np.asarray(values, np.float32), start[0], step, shape[0])
    return np.ascontiguousarray(_axis(out.T, start[1], step, shape[1]).T)


def _axis(values: Floats, start: float, step: float, count: int) -> Floats:
    """Resample the first axis."""
    at = start + step * np.arange(count)
    return _means(values, at, step) if step > 1 else _cubic(values, at)


def _cubic(values: Floats, at: Floats) -> Floats:
    first = np.floor(at).astype(np.intp)
    t = (at - first).astype(np.float32)
    last = values.shape[0] - 1
    weights = (
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )
    out = np.zeros((len(at), values.shape[1]), np.float32)
    for k, weight in enumerate(weights):
        out += values[np.clip(first + k - 1, 0, last)] * weight[:, None]
    return out


def _means(values: Floats, at: Floats, step: float) -> Floats:
    """Mean of the piecewise constant function over cells of width `step` about each place."""
    last = values.shape[0]
    total = np.zeros((last + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=total[1:], dtype=np.float64)
    edges = np.append(at - 0.5 * step, at[-1] + 0.5 * step) + 0.5
    inside = np.clip(edges, 0, last)
    i = np.minimum(inside.astype(np.intp), last - 1)
    at_edges = total[i] + (inside - i)[:, None] * (total[i + 1] - total[i])
    # beyond the border the outermost value goes on
    at_edges += np.where((edges < 0)[:, None], edges[:, None] * values[0], 0.0)
    at_edges += np.where((edges > last)[:, None], (edges - last)[:, None] * values[-1], 0.0)
    return np.asarray((np.diff(at_edges, axis=0) / step).astype(np.float32))
