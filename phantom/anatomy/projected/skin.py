"""Skin and nipple as path lengths."""

from __future__ import annotations

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.arrays import F32
from phantom.geometry.compression import Compression
from phantom.geometry.grid import Grid
from phantom.geometry.interpolate import Resampled, resampled

_NIPPLE_RADIUS_MM, _NIPPLE_LENGTH_MM, _BLUNT_MM, _MOUND_MM, _AREOLA_MM = 6.0, 9.0, 5.0, 4.0, 13.0


def skin_path(pressed: Compression, depth_mm: F32, whole_mm: F32, skin_mm: F32) -> F32:
    """Path in the skin: both faces in the flat part, the bright tangential line at the edge.

    The skin's inner surface is the breast's own shape drawn in by the skin's thickness.

    Parameters
    ----------
    depth_mm : float32
        Distance inward from the outline.
    whole_mm : float32
        Thickness of the whole breast there.
    skin_mm : float32
        Of the skin there.
    """
    thickness = np.float32(pressed.thickness_mm)
    w = np.float32(pressed.roll_off) * thickness
    # skin thicker than the rounding is wide has no rounding within
    t = np.clip(1 - (depth_mm - skin_mm) / np.maximum(w - skin_mm, np.float32(0.1)), 0, 1)
    inner = (thickness - 2 * skin_mm) * np.sqrt(1 - t * t)
    return np.asarray(np.minimum(whole_mm - inner, whole_mm), np.float32)


def local_skin_mm(breast: Breast, pressed: Compression, grid: Grid) -> Resampled:
    """Thickness of the skin over a grid (rows, columns): thicker below, medially and at the areola."""
    step = max(1, round(4.0 / grid.pitch_mm))
    rows, columns = np.arange(0, grid.shape[0] + step, step), np.arange(0, grid.shape[1] + step, step)
    x = grid.origin_mm[0] + grid.pitch_mm * columns[None, :]
    y = grid.origin_mm[1] + grid.pitch_mm * rows[:, None]
    x0, y0, bottom, top = pressed.unpress(x, y)
    middle = np.stack([x0, y0, 0.5 * (bottom + top)], axis=-1) @ pressed.view.axes
    t = breast.skin_mm(middle.reshape(-1, 3)).reshape(x0.shape)
    nipple = pressed.forward(breast.nipple_mm[None])[0]
    t = t * (1 + 0.6 * np.exp(-(((x - nipple[0]) ** 2 + (y - nipple[1]) ** 2) / _AREOLA_MM**2)))
    return resampled(t.astype(np.float32), (0.0, 0.0), 1 / step, grid.shape, cubic=False)


def nipple_path(breast: Breast, pressed: Compression, grid: Grid) -> tuple[tuple[slice, slice], F32] | None:
    """Path in the nipple over a window of the grid: a blunt cone across the skin line in profile, else a disc on the skin."""
    tip = pressed.forward(breast.nipple_mm[None])[0]
    turn = float(np.arctan2(tip[1], tip[0] - pressed.shift_mm(tip[1])))
    along = np.array([np.cos(turn), np.sin(turn)])
    centre = tip[:2] - along if breast.nipple_in_profile else tip[:2] - 14.0 * along
    reach = int(2.5 * _NIPPLE_LENGTH_MM / grid.pitch_mm) + 2
    column, row = (round(float(v)) for v in grid.px(centre[0], centre[1]))
    rows = slice(max(row - reach, 0), min(row + reach, grid.shape[0]))
    columns = slice(max(column - reach, 0), min(column + reach, grid.shape[1]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return None
    dx = grid.x_mm[None, columns] - centre[0]
    dy = grid.y_mm[rows, None] - centre[1]
    ahead, aside = dx * along[0] + dy * along[1], dy * along[0] - dx * along[1]
    if breast.nipple_in_profile:
        # it rises from the areola, which fills up the rim behind it, and ends round
        half = _NIPPLE_RADIUS_MM + _MOUND_MM * np.exp(-np.maximum(ahead + 1.0, 0) / 1.4)
        end = np.clip((ahead - _NIPPLE_LENGTH_MM + _BLUNT_MM) / _BLUNT_MM, 0, 1)
        chord = 2 * np.sqrt(np.maximum(half * half * (1 - end * end) - aside * aside, 0)) * (ahead > -_NIPPLE_LENGTH_MM)
    else:
        chord = 0.4 * _NIPPLE_LENGTH_MM * np.sqrt(np.maximum(1 - (ahead**2 + aside**2) / _NIPPLE_RADIUS_MM**2, 0))
    return (rows, columns), chord.astype(np.float32)
