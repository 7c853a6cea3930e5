"""Table look-ups and resampling between lattices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]

STRIP = 64  # rows that are worked on at once: they stay in the processor's cache


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
    finer = resampled(values, start, step, shape)
    out = np.empty(shape, np.float32)
    for first in range(0, shape[0], STRIP):
        out[first : first + STRIP] = finer.rows(first, min(first + STRIP, shape[0]))
    return out


@dataclass(frozen=True, eq=False)
class Resampled:
    """A lattice seen on another, of which only the rows that are asked for are worked out.

    Attributes
    ----------
    wide : (source rows, columns) float32
        Its columns are the new lattice's; its rows too where `step` is 0.
    start, step : float
        Row, in `wide`, of the new lattice's first row, and its rows' spacing.
    """

    wide: Floats
    start: float
    step: float

    def rows(self, first: int, last: int) -> Floats:
        """Rows first to last - 1 of the new lattice, float32."""
        if not self.step:
            return np.asarray(self.wide[first:last])
        index, weights = _cubic(self.start + self.step * np.arange(first, last), self.wide.shape[0])
        out = self.wide[index[0]] * weights[0][:, None]
        for i, weight in zip(index[1:], weights[1:], strict=True):
            out += self.wide[i] * weight[:, None]
        return np.asarray(out)


def resampled(values: Floats, start: tuple[float, float], step: float, shape: tuple[int, int]) -> Resampled:
    """As `resample`, but for rows on demand: strips of a large lattice need not exist at once."""
    values = np.asarray(values, np.float32)
    if step > 1:
        rows = _means(values, start[0] + step * np.arange(shape[0]), step)
        columns = _means(np.ascontiguousarray(rows.T), start[1] + step * np.arange(shape[1]), step)
        return Resampled(np.ascontiguousarray(columns.T), 0.0, 0.0)
    index, weights = _cubic(start[1] + step * np.arange(shape[1]), values.shape[1])
    wide = np.empty((values.shape[0], shape[1]), np.float32)
    for first in range(0, len(values), STRIP):
        part, out = values[first : first + STRIP], wide[first : first + STRIP]
        np.multiply(np.take(part, index[0], axis=1), weights[0], out=out)
        for i, weight in zip(index[1:], weights[1:], strict=True):
            out += np.take(part, i, axis=1) * weight
    return Resampled(wide, start[0], step)


def _cubic(at: Floats, size: int) -> tuple[list[Any], list[Floats]]:
    """For places along an axis: the four neighbours' indices, and their weights."""
    first = np.floor(at).astype(np.intp)
    t = (at - first).astype(np.float32)
    weights = [
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    ]
    return [np.clip(first + k - 1, 0, size - 1) for k in range(4)], weights


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
