"""The nipple as path lengths: a soft rise of the outline in profile, else a low dome on the skin; ducts behind it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.ndimage import gaussian_filter1d

from phantom.anatomy.breast import Breast
from phantom.arrays import F32
from phantom.geometry.compression import Compression
from phantom.geometry.grid import Grid
from phantom.recipe.seed import Seed

_HALF = 0.8  # of its foot's radius: there it is about half as high as in its middle, which is blunt
_BEHIND_MM = 8.0  # how deep behind the outline the skin is thicker for it
_FACE_ON = 0.22  # height of a nipple that is not in profile, over its width
# The fan of main ducts and their sheaths behind it (estimates): half its angle, path of a duct beside the nipple, path
# of the firm tissue between them and over which distance that ends, and the window that holds it.
_FAN, _ANGLES = 0.95, 181
_DUCT_MM, _FIRM_MM, _FIRM_BEHIND_MM = 1.3, 0.8, 9.0
_FAN_REACH_MM = 34.0


@dataclass(frozen=True, eq=False)
class NippleShadow:
    """Where a nipple is seen on a grid.

    Attributes
    ----------
    rows, columns : slice
        The window of the grid that holds it.
    centre_mm : (float, float)
        Its foot in profile, else its middle, in the view plane.
    along : (float, float)
        Where it points.
    breast : Breast
    seed : Seed
        Names the random numbers of the ducts' fan.
    """

    rows: slice
    columns: slice
    centre_mm: tuple[float, float]
    along: tuple[float, float]
    breast: Breast
    seed: Seed

    def rise_mm(self, grid: Grid, rows: slice, columns: slice, depth_mm: F32) -> F32:
        """How far a nipple in profile moves the outline out, (rows, columns) float32, under a part of its window.

        The paddle flattens it: it is as thick along the beam as the rounded edge that it rises from.

        Parameters
        ----------
        grid : Grid
        rows, columns : slice
            Of the grid.
        depth_mm : float32
            Distance inward from the outline there.
        """
        nipple = self.breast.nipple
        _, aside = self._axes(grid, rows, columns)
        aside *= np.float32(_HALF / nipple.radius_mm)
        bell = np.maximum(1 - np.abs(aside) ** 3, 0) ** 2
        bell *= np.float32(nipple.stands_mm) * np.exp(-np.maximum(depth_mm, 0) * np.float32(1 / _BEHIND_MM))
        return np.asarray(bell, np.float32)

    def dome_mm(self, grid: Grid, rows: slice, columns: slice) -> F32:
        """Path of a nipple that is not in profile: it rises and falls smoothly."""
        radius = np.float32(self.breast.nipple.radius_mm)
        ahead, aside = self._axes(grid, rows, columns)
        away = (ahead * ahead + aside * aside) / (np.float32(1.5) * radius * radius)
        return np.asarray(np.float32(2 * _FACE_ON) * radius * np.maximum(1 - away, 0) ** 2, np.float32)

    def fan_mm(self, grid: Grid, rows: slice, columns: slice) -> F32:
        """Path in the main ducts behind it: they part from its foot and fade over 15 to 30 mm."""
        ahead, aside = self._axes(grid, rows, columns)
        behind = np.maximum(np.float32(0.5 * self.breast.nipple.radius_mm) - ahead, np.float32(0.1))
        away = np.hypot(behind, aside)
        ducts, length_mm, bend = _fan(self.seed)
        angle = np.arctan2(aside, behind)
        at = np.clip(angle / np.float32(_FAN), -1, 1)
        # neither straight nor alike: each wanders by some degrees
        turn = np.interp(away, np.arange(bend.size), bend).astype(np.float32)
        index = np.clip((at + turn * (1 - at * at) + 1) * np.float32(0.5 * (_ANGLES - 1)), 0, _ANGLES - 1)
        knots = np.arange(_ANGLES)
        lasts = np.interp(index, knots, length_mm).astype(np.float32)
        path = (
            np.float32(_DUCT_MM) * np.interp(index, knots, ducts).astype(np.float32) * np.exp(-np.square(away / lasts))
        )
        path += np.float32(_FIRM_MM) * np.exp(away * np.float32(-1 / _FIRM_BEHIND_MM))
        ends = np.clip((np.float32(_FAN_REACH_MM - 2) - away) / 8, 0, 1)
        return np.asarray(path * (1 - at * at) * ends, np.float32)

    def _axes(self, grid: Grid, rows: slice, columns: slice) -> tuple[F32, F32]:
        dx = (grid.x_mm[None, columns] - self.centre_mm[0]).astype(np.float32)
        dy = (grid.y_mm[rows, None] - self.centre_mm[1]).astype(np.float32)
        c, s = (np.float32(v) for v in self.along)
        return dx * c + dy * s, dy * c - dx * s


@lru_cache(maxsize=2)
def _fan(seed: Seed) -> tuple[F32, F32, F32]:
    """By direction: path in ducts (about 1 in one) and how far back they are seen, mm; by mm behind: how they turn."""
    rng = seed.child("nipple", "fan").rng()
    count = int(rng.integers(7, 12))
    at = (np.arange(count) + rng.uniform(0.2, 0.8, count)) / count * (_ANGLES - 1)
    wide, bright = rng.uniform(1.6, 4.0, count), rng.uniform(0.3, 1.2, count)
    off = (np.arange(_ANGLES)[:, None] - at) / wide
    ducts = (bright * np.exp(-0.5 * off * off)).sum(axis=1)
    length_mm = np.interp(np.arange(_ANGLES), at, rng.uniform(12, 26, count))
    bend = gaussian_filter1d(rng.standard_normal(64), 4.0)
    bend *= 0.06 / bend.std()
    return np.asarray(ducts, np.float32), np.asarray(length_mm, np.float32), np.asarray(bend, np.float32)


def nipple_shadow(breast: Breast, pressed: Compression, grid: Grid, seed: Seed) -> NippleShadow | None:
    """Where the nipple lies on a grid; None if the grid does not hold it."""
    x, y, _ = pressed.forward(breast.nipple_mm[None])[0]
    step = 1.0
    slope_x = float(pressed.edge_mm(x - step, y) - pressed.edge_mm(x + step, y))
    slope_y = float(pressed.edge_mm(x, y - step) - pressed.edge_mm(x, y + step))
    size = max(float(np.hypot(slope_x, slope_y)), 1e-6)
    along = slope_x / size, slope_y / size
    back = 0.0 if breast.nipple_in_profile else 14.0
    centre = float(x) - back * along[0], float(y) - back * along[1]
    reach = int((breast.nipple.radius_mm + breast.nipple.stands_mm + _FAN_REACH_MM) / grid.pitch_mm) + 2
    column, row = (round(float(v)) for v in grid.px(*centre))
    rows = slice(max(row - reach, 0), min(row + reach, grid.shape[0]))
    columns = slice(max(column - reach, 0), min(column + reach, grid.shape[1]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return None
    return NippleShadow(rows, columns, centre, along, breast, seed)
