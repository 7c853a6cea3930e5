"""Skin and nipple as path lengths."""

from __future__ import annotations

from typing import Any

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.geometry.compression import Compression, edge_profile
from phantom.geometry.grid import Grid

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]
F32 = np.ndarray[Any, np.dtype[np.float32]]

_NIPPLE_RADIUS_MM, _NIPPLE_LENGTH_MM, _AREOLA_MM = 5.0, 6.0, 13.0


def skin_path(breast: Breast, pressed: Compression, grid: Grid, depth_mm: F32) -> F32:
    """Path in the skin: both faces in the flat part, the bright tangential line at the edge.

    The skin's inner surface is the breast's own shape drawn in by the skin's thickness.
    """
    t = local_skin_mm(breast, pressed, grid)
    thickness, roll = pressed.thickness_mm, pressed.roll_off
    w = roll * thickness
    inner_t = np.clip(1 - (depth_mm - t) / (w - t), 0, 1)
    inner = np.where(inner_t < 1, (thickness - 2 * t) * np.sqrt(1 - inner_t * inner_t), 0.0)
    return np.asarray(edge_profile(depth_mm, thickness, roll) - inner, np.float32)


def local_skin_mm(breast: Breast, pressed: Compression, grid: Grid) -> F32:
    """Thickness of the skin over a grid (rows, columns): thicker below, medially and at the areola."""
    step = max(1, round(4.0 / grid.pitch_mm))
    rows, columns = np.arange(0, grid.shape[0] + step, step), np.arange(0, grid.shape[1] + step, step)
    x = grid.origin_mm[0] + grid.pitch_mm * columns[None, :]
    y = grid.origin_mm[1] + grid.pitch_mm * rows[:, None]
    x0, y0, bottom, top = pressed.unpress(x, y)
    middle = np.stack([x0, y0, 0.5 * (bottom + top)], axis=-1) @ pressed.view.axes
    t = breast.skin_mm(middle.reshape(-1, 3)).reshape(x0.shape)
    nipple = pressed.forward(breast.nipple_mm[None])[0]
    t = t * (1 + 0.9 * np.exp(-(((x - nipple[0]) ** 2 + (y - nipple[1]) ** 2) / _AREOLA_MM**2)))
    return _spread(t.astype(np.float32), step, grid.shape)


def _spread(values: F32, step: int, shape: tuple[int, int]) -> F32:
    """Linear interpolation from every `step`-th pixel to all."""
    for axis in (0, 1):
        at = np.arange(shape[axis], dtype=np.float32) / np.float32(step)
        i = np.minimum(at.astype(np.intp), values.shape[axis] - 2)
        f = (at - i).reshape((-1, 1) if axis == 0 else (1, -1))
        values = np.take(values, i, axis) * (1 - f) + np.take(values, i + 1, axis) * f
    return values


def nipple_path(breast: Breast, pressed: Compression, grid: Grid) -> F32:
    """Path in the nipple: a rounded cone beyond the skin line in profile, a disc on the skin otherwise."""
    out = np.zeros(grid.shape, np.float32)
    tip = pressed.forward(breast.nipple_mm[None])[0]
    turn = float(np.arctan2(tip[1], tip[0] - pressed.shift_mm(tip[1])))
    along = np.array([np.cos(turn), np.sin(turn)])
    centre = tip[:2] - 2.5 * along if breast.nipple_in_profile else tip[:2] - 14.0 * along
    half = _NIPPLE_LENGTH_MM if breast.nipple_in_profile else _NIPPLE_RADIUS_MM
    reach = int(2 * _NIPPLE_LENGTH_MM / grid.pitch_mm) + 2
    column, row = (round(float(v)) for v in grid.px(centre[0], centre[1]))
    rows = slice(max(row - reach, 0), min(row + reach, grid.shape[0]))
    columns = slice(max(column - reach, 0), min(column + reach, grid.shape[1]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return out
    dx = grid.x_mm[None, columns] - centre[0]
    dy = grid.y_mm[rows, None] - centre[1]
    ahead = (dx * along[0] + dy * along[1]) / half
    aside = (-dx * along[1] + dy * along[0]) / _NIPPLE_RADIUS_MM
    # a superellipsoid: blunt ahead, round across
    q = 1 - np.abs(ahead) ** 3 - aside**2
    depth = 2 * _NIPPLE_RADIUS_MM if breast.nipple_in_profile else 0.9 * _NIPPLE_LENGTH_MM
    out[rows, columns] = depth * np.sqrt(np.maximum(q, 0))
    return out
