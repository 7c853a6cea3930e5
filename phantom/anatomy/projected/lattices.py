"""Lattices of the view plane, and what lies on one seen on another."""

from __future__ import annotations

import numpy as np

from phantom.arrays import F32
from phantom.geometry.grid import Grid
from phantom.geometry.interpolate import STRIP, Resampled, resample, resampled


def lattice(window: Grid, pitch_mm: float, every: int = 1) -> Grid:
    """The points of the plane's own lattice of this pitch that cover a window, whatever its pixels are.

    The first of them is an `every`-th point of the whole lattice, along both axes.
    """
    x0, y0 = window.x_mm[0] - 0.5 * window.pitch_mm, window.y_mm[0] - 0.5 * window.pitch_mm
    x1, y1 = window.x_mm[-1] + 0.5 * window.pitch_mm, window.y_mm[-1] + 0.5 * window.pitch_mm
    first = every * np.floor((np.floor(np.array([x0, y0]) / pitch_mm) - 2) / every).astype(int)
    last = np.ceil(np.array([x1, y1]) / pitch_mm).astype(int) + 2
    shape = (int(last[1] - first[1]), int(last[0] - first[0]))
    return Grid(shape, pitch_mm, (float((first[0] + 0.5) * pitch_mm), float((first[1] + 0.5) * pitch_mm)))


def inside(points: Grid, window: Grid) -> tuple[slice, slice]:
    """The rows and columns of a lattice whose points lie within a window."""
    out = []
    for at, pixels in ((points.y_mm, window.y_mm), (points.x_mm, window.x_mm)):
        half = 0.5 * window.pitch_mm
        out.append(slice(*(int(k) for k in np.searchsorted(at, (pixels[0] - half, pixels[-1] + half)))))
    return out[0], out[1]


def seen_on(values: F32, source: Grid, target: Grid) -> F32:
    """A lattice's values on another grid of the same plane."""
    column, row = source.px(target.origin_mm[0], target.origin_mm[1])
    return resample(values, (float(row), float(column)), target.pitch_mm / source.pitch_mm, target.shape)


def on_grid(values: F32, source: Grid, target: Grid) -> Resampled:
    """The same, for rows on demand, linear between points: what is laid so finely needs no better."""
    column, row = source.px(target.origin_mm[0], target.origin_mm[1])
    return resampled(values, (float(row), float(column)), target.pitch_mm / source.pitch_mm, target.shape, cubic=False)


def strips(grid: Grid) -> list[slice]:
    """The rows of a grid, some at a time."""
    rows = grid.shape[0]
    return [slice(start, min(start + STRIP, rows)) for start in range(0, rows, STRIP)]
