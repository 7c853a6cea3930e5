"""The arrays that pass from stage to stage, as four types that cannot be confused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
class Signal:
    """What reaches the converter, before blur and noise, over the same window.

    Attributes
    ----------
    primary, scatter : (rows, columns) float32
        Absorbed energy per pixel from each, keV.
    energy_kev : (rows, columns) float32
        <E^2>/<E> of what is absorbed: the variance of the signal is ``(primary + scatter) * energy_kev``.
    air_kev : float
        Absorbed energy per pixel in the open beam.
    """

    primary: F32
    scatter: F32
    energy_kev: F32
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
