"""The pixel grid: the only place where millimetres and pixels meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.arrays import Floats


@dataclass(frozen=True)
class Grid:
    """Square pixels in the view plane of a left breast: x to the right from the chest wall, y down.

    Attributes
    ----------
    shape : (int, int)
        Rows and columns.
    pitch_mm : float
        The side of a pixel at the breast.
    origin_mm : (float, float)
        x and y of the centre of the pixel in row 0, column 0.
    """

    shape: tuple[int, int]
    pitch_mm: float
    origin_mm: tuple[float, float]

    @property
    def x_mm(self) -> Floats:
        """The columns' centres, (columns,) float64."""
        return self.origin_mm[0] + self.pitch_mm * np.arange(self.shape[1])

    @property
    def y_mm(self) -> Floats:
        """The rows' centres, (rows,) float64."""
        return self.origin_mm[1] + self.pitch_mm * np.arange(self.shape[0])

    def px(self, x_mm: Any, y_mm: Any) -> tuple[Any, Any]:
        """Column and row (fractions allowed; a pixel's centre is whole) of points in mm."""
        return (x_mm - self.origin_mm[0]) / self.pitch_mm, (y_mm - self.origin_mm[1]) / self.pitch_mm

    def window(self, row: int, column: int, rows: int, columns: int) -> Grid:
        """The grid of a rectangle of these pixels that starts at (row, column)."""
        x, y = self.origin_mm
        return Grid((rows, columns), self.pitch_mm, (x + column * self.pitch_mm, y + row * self.pitch_mm))

    def binned(self, factor: int) -> Grid:
        """The grid whose pixels are `factor` x `factor` of these; what does not fill a pixel is left out."""
        shift = 0.5 * (factor - 1) * self.pitch_mm
        shape = self.shape[0] // factor, self.shape[1] // factor
        return Grid(shape, self.pitch_mm * factor, (self.origin_mm[0] + shift, self.origin_mm[1] + shift))
