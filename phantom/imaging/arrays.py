"""The arrays that pass from stage to stage, as four types that cannot be confused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from phantom.geometry.grid import Grid

F32 = np.ndarray[Any, np.dtype[np.float32]]
U16 = np.ndarray[Any, np.dtype[np.uint16]]


@dataclass(frozen=True, eq=False)
class Stamp:
    """What one solid puts under the pixels of a small window.

    Attributes
    ----------
    row, column : int
        The window's first row and column in the grid it was stamped on. It may reach over
        the grid's border: whoever adds it clips it.
    path_mm : (rows, columns) float32
        Path length in the solid, averaged over each pixel's area; it sums, times the pixel's
        area, to the solid's volume.
    material, packing, displaces
        As in `Calcification`.
    """

    row: int
    column: int
    path_mm: F32
    material: str
    packing: float
    displaces: str


@dataclass(frozen=True, eq=False)
class PathLengths:
    """Millimetres of each material under every pixel of a window of the detector.

    Attributes
    ----------
    grid : Grid
        The window's own grid (crop of the detector's around the breast).
    offset : (int, int)
        The window's first row and column in the whole detector's grid.
    materials : mapping of str to (rows, columns) float32
        Tissue without calcifications: ``adipose``, ``glandular``, ``skin``, and, where there
        are any, ``muscle``, ``water`` and others of `phantom.imaging.materials`.
    stamps : tuple of Stamp
        The calcifications, in the order of the scene's rows.
    thickness_mm : (rows, columns) float32
        Thickness of the whole breast, skin included (0 outside).
    full_shape : (int, int)
        Rows and columns of the whole detector image.
    """

    grid: Grid
    offset: tuple[int, int]
    materials: Mapping[str, F32]
    thickness_mm: F32
    full_shape: tuple[int, int]
    stamps: tuple[Stamp, ...] = field(default=())


@dataclass(frozen=True, eq=False)
class Coarse:
    """A smooth map kept at a fraction of the resolution, read back bilinearly.

    Attributes
    ----------
    values : (rows, columns) float32
        One value per `step` x `step` pixels.
    step : int
    shape : (int, int)
        Rows and columns of pixels.
    """

    values: F32
    step: int
    shape: tuple[int, int]

    @cached_property
    def _wide(self) -> F32:
        """(coarse rows, columns): interpolated along the rows."""
        first, share = self._place(np.arange(self.shape[1]), self.values.shape[1])
        return self.values[:, first] + share * (self.values[:, first + 1] - self.values[:, first])

    def _place(self, pixels: Any, cells: int) -> tuple[Any, F32]:
        at = np.clip((pixels + 0.5) / self.step - 0.5, 0, cells - 1)
        first = np.minimum(at.astype(np.intp), cells - 2)
        return first, (at - first).astype(np.float32)

    def rows(self, start: int, stop: int) -> F32:
        """The pixels of rows start to stop - 1: (stop - start, columns) float32."""
        return self[start:stop, :]

    def __getitem__(self, at: tuple[slice, slice]) -> F32:
        """The pixels of a window, as of the array this stands for."""
        start, stop, _ = at[0].indices(self.shape[0])
        first, share = self._place(np.arange(start, stop), self.values.shape[0])
        wide = self._wide[:, at[1]]
        low = wide[first]
        low += share[:, None] * (wide[first + 1] - low)
        return low

    def at(self, row: int, column: int) -> float:
        """One pixel."""
        return float(self[row : row + 1, column : column + 1][0, 0])


@dataclass(frozen=True, eq=False)
class Signal:
    """What reaches the converter, before blur and noise, over the same window.

    Attributes
    ----------
    primary : (rows, columns) float32
        Primary signal over that of the open beam, S/S0.
    scatter : Coarse
        Scattered signal, in the same unit.
    energy_kev : Coarse
        <E^2>/<E> of what is absorbed, over the relative flux that the gain map has divided out (heel, distance):
        the variance of the energy absorbed in a pixel is (primary + scatter) x air_kev x energy_kev.
    air_kev : float
        Energy absorbed per pixel in the open beam.
    """

    primary: F32
    scatter: Coarse
    energy_kev: Coarse
    air_kev: float


@dataclass(frozen=True, eq=False)
class ForProcessing:
    """Detector values, linear in dose, whole detector: (rows, columns) uint16."""

    pixels: U16


@dataclass(frozen=True, eq=False)
class ForPresentation:
    """What a radiologist reads: (rows, columns) uint16, 0-4095, MONOCHROME2, 0 outside the breast."""

    pixels: U16
    window_center: float
    window_width: float


def block_mean(image: F32, step: int) -> F32:
    """Means of `step` x `step` pixels, the last cell from what is left: (ceil rows, ceil columns) float32."""
    rows, columns = image.shape
    at = np.arange(0, rows, step), np.arange(0, columns, step)
    along = np.add.reduceat(image, at[1], axis=1) if step > 1 else image
    total = np.add.reduceat(along, at[0], axis=0) if step > 1 else along
    counts = np.diff(np.append(at[0], rows))[:, None] * np.diff(np.append(at[1], columns))
    return np.asarray(total / counts.astype(np.float32), np.float32)
