"""The nipple as path lengths: a soft rise of the outline in profile, else a low dome on the skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.arrays import F32
from phantom.geometry.compression import Compression
from phantom.geometry.grid import Grid

_HALF = 0.54  # of its foot's radius: there it is half as high as in its middle
_BEHIND_MM = 8.0  # how deep behind the outline the skin is thicker for it
_FACE_ON = 0.22  # height of a nipple that is not in profile, over its width


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
    """

    rows: slice
    columns: slice
    centre_mm: tuple[float, float]
    along: tuple[float, float]
    breast: Breast

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
        bell = np.maximum(1 - aside * aside, 0) ** 2
        bell *= np.float32(nipple.stands_mm) * np.exp(-np.maximum(depth_mm, 0) * np.float32(1 / _BEHIND_MM))
        return np.asarray(bell, np.float32)

    def dome_mm(self, grid: Grid, rows: slice, columns: slice) -> F32:
        """Path of a nipple that is not in profile: it rises and falls smoothly."""
        radius = np.float32(self.breast.nipple.radius_mm)
        ahead, aside = self._axes(grid, rows, columns)
        away = (ahead * ahead + aside * aside) / (np.float32(1.5) * radius * radius)
        return np.asarray(np.float32(2 * _FACE_ON) * radius * np.maximum(1 - away, 0) ** 2, np.float32)

    def _axes(self, grid: Grid, rows: slice, columns: slice) -> tuple[F32, F32]:
        dx = (grid.x_mm[None, columns] - self.centre_mm[0]).astype(np.float32)
        dy = (grid.y_mm[rows, None] - self.centre_mm[1]).astype(np.float32)
        c, s = (np.float32(v) for v in self.along)
        return dx * c + dy * s, dy * c - dx * s


def nipple_shadow(breast: Breast, pressed: Compression, grid: Grid) -> NippleShadow | None:
    """Where the nipple lies on a grid; None if the grid does not hold it."""
    x, y, _ = pressed.forward(breast.nipple_mm[None])[0]
    step = 1.0
    slope_x = float(pressed.edge_mm(x - step, y) - pressed.edge_mm(x + step, y))
    slope_y = float(pressed.edge_mm(x, y - step) - pressed.edge_mm(x, y + step))
    size = max(float(np.hypot(slope_x, slope_y)), 1e-6)
    along = slope_x / size, slope_y / size
    back = 0.0 if breast.nipple_in_profile else 14.0
    centre = float(x) - back * along[0], float(y) - back * along[1]
    reach = int((breast.nipple.radius_mm + breast.nipple.stands_mm + 12.0) / grid.pitch_mm) + 2
    column, row = (round(float(v)) for v in grid.px(*centre))
    rows = slice(max(row - reach, 0), min(row + reach, grid.shape[0]))
    columns = slice(max(column - reach, 0), min(column + reach, grid.shape[1]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return None
    return NippleShadow(rows, columns, centre, along, breast)
