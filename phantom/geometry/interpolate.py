"""Table look-ups and resampling between lattices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.arrays import F32, Floats

ALL = slice(None)
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


def trilinear(lattices: Sequence[F32], at: F32) -> tuple[F32, ...]:
    """Values of (nx, ny, nz) lattices of one shape at fractional places (..., 3), clamped to their border."""
    shape = lattices[0].shape
    strides = np.array([shape[1] * shape[2], shape[2], 1], np.int32)
    first, shares = np.zeros(at.shape[:-1], np.int32), []
    for axis in range(3):
        place = np.clip(at[..., axis], 0, np.float32(shape[axis]) - np.float32(1.0001))
        whole = place.astype(np.int32)
        shares.append(place - whole)
        first += whole * strides[axis]
    return tuple(_corners(lattice.reshape(-1), first, strides, shares) for lattice in lattices)


def _corners(flat: F32, first: Any, strides: Any, shares: Sequence[F32]) -> F32:
    """Between the corners at `first` and one stride further, by axis, as much of the way as `shares` say."""
    if not len(shares):
        return np.asarray(flat.take(first))
    low = _corners(flat, first, strides[1:], shares[1:])
    high = _corners(flat, first + strides[0], strides[1:], shares[1:])
    high -= low
    high *= shares[0]
    high += low
    return high


def resample(
    values: Floats, start: tuple[float, float], step: float, shape: tuple[int, int], *, cubic: bool = True
) -> Floats:
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
    cubic : bool
        False interpolates finer lattices linearly, at half the cost.

    Returns
    -------
    (rows, columns) float32
    """
    finer = resampled(values, start, step, shape, cubic=cubic)
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
    cubic : bool
        By cubic convolution, or linearly at half the cost.
    """

    wide: F32
    start: float
    step: float
    cubic: bool = True

    def rows(self, first: int, last: int, columns: slice = ALL) -> F32:
        """Rows first to last - 1 of the new lattice, and of them some columns."""
        wide = self.wide[:, columns]
        if not self.step:
            return np.array(wide[first:last])  # whoever asks may work in it
        out = np.empty((last - first, wide.shape[1]), np.float32)
        _interpolate(wide, self.start + self.step * first, self.step, out, self.cubic)
        return out


def resampled(
    values: Floats, start: tuple[float, float], step: float, shape: tuple[int, int], *, cubic: bool = True
) -> Resampled:
    """As `resample`, with rows on demand: strips of a large lattice need not exist at once."""
    values = np.asarray(values, np.float32)
    if step > 1:
        rows = _means(values, start[0] + step * np.arange(shape[0]), step)
        columns = _means(np.ascontiguousarray(rows.T), start[1] + step * np.arange(shape[1]), step)
        return Resampled(np.ascontiguousarray(columns.T), 0.0, 0.0)
    wide = np.empty((values.shape[0], shape[1]), np.float32)
    for first in range(0, len(values), STRIP):
        _interpolate(values[first : first + STRIP].T, start[1], step, wide[first : first + STRIP].T, cubic)
    return Resampled(wide, start[0], step, cubic)


def enlarged(values: F32, step: int, shape: tuple[int, int]) -> Resampled:
    """A map of one value per `step` x `step` pixels as an image of `shape`, interpolated linearly."""
    first = 0.5 / step - 0.5
    if step <= 2:
        return resampled(values, (first, first), 1 / step, shape, cubic=False)
    wide = np.empty((values.shape[0], shape[1]), np.float32)
    _between(values.T, first + np.arange(shape[1]) / step, wide.T)
    return Resampled(wide, first, 1 / step, cubic=False)


def _interpolate(values: Floats, start: float, step: float, out: Floats, cubic: bool = True) -> None:
    """Cubic convolution, or linear, along the first axis into `out`; beyond the border the last value goes on."""
    often = round(1 / step)
    if not cubic and often >= 4:
        _between(values, start + step * np.arange(len(out)), out)
        return
    size = len(values)
    if abs(often * step - 1) > 1e-9:
        _gather(values, start + step * np.arange(len(out)), out, cubic)
        return
    # every `often`-th place has the same fraction: four slices with four weights do for all of them
    term = np.empty((-(-len(out) // often), out.shape[1]), np.float32)
    for phase in range(min(often, len(out))):
        target = out[phase::often]
        place = start + step * phase
        first = int(np.floor(place))
        # places whose neighbours are not all there come one by one: few, at the ends
        early = min(max(1 - first, 0), len(target))
        late = max(min(size - 2 - first, len(target)), early)
        for ends in (slice(0, early), slice(late, len(target))):
            if ends.start < ends.stop:
                _gather(values, place + np.arange(ends.start, ends.stop), target[ends], cubic)
        if early == late:
            continue
        before, weights = _weights(np.float32(place - first), cubic)
        begin, inner, part = first + early - before, target[early:late], term[: late - early]
        np.multiply(values[begin : begin + len(inner)], weights[0], out=inner)
        for tap, weight in enumerate(weights[1:], start=begin + 1):
            np.multiply(values[tap : tap + len(inner)], weight, out=part)
            inner += part


def _between(values: Floats, at: Floats, out: Floats) -> None:
    """Linear interpolation where many places lie between two values: all of those at once."""
    if len(values) == 1:
        out[...] = values
        return
    first = np.clip(np.floor(at), 0, len(values) - 2).astype(int)
    share = np.clip(at - first, 0, 1).astype(np.float32)[:, None]
    for k in range(first[0], first[-1] + 1):
        reached = slice(int(np.searchsorted(first, k)), int(np.searchsorted(first, k + 1)))
        np.multiply(share[reached], values[k + 1] - values[k], out=out[reached])
        out[reached] += values[k]


def _gather(values: Floats, at: Floats, out: Floats, cubic: bool) -> None:
    """Cubic convolution, or linear, at any places."""
    first = np.floor(at).astype(np.intp)
    before, weights = _weights((at - first).astype(np.float32), cubic)
    out[...] = 0
    for tap, weight in enumerate(weights, start=-before):
        out += values[np.clip(first + tap, 0, len(values) - 1)] * weight[:, None]


def _weights(t: Any, cubic: bool) -> tuple[int, list[Any]]:
    """How many neighbours come before the one that a place lies a fraction t past, and the weights of all: four or
    two."""
    one, two, three, half = (np.float32(v) for v in (1, 2, 3, 0.5))
    if not cubic:
        return 0, [one - t, t]
    return 1, [
        half * ((two - t) * t - one) * t,
        half * ((three * t - two - three) * t * t + two),
        half * ((two + two - three * t) * t + one) * t,
        half * (t - one) * t * t,
    ]


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
