"""The arrays that pass from stage to stage, as four types that cannot be confused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from phantom.arrays import F32, U16
from phantom.geometry.grid import Grid
from phantom.geometry.interpolate import Resampled, enlarged


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
    material, relative_density, displaces
        As in `Calcification`.
    """

    row: int
    column: int
    path_mm: F32
    material: str
    relative_density: float
    displaces: str


Strip = tuple[tuple[slice, slice], F32, Mapping[str, F32]]


class Tissue(Protocol):
    """What lies under a window's pixels except the calcifications, some rows at a time: all of it at once would be
    large."""

    def strips(self) -> Iterator[Strip]:
        """Rows and columns of the window, the whole thickness there (mm), and the path in each material (mm).

        Materials are ``adipose``, ``glandular``, ``skin``, and, where there are any, ``muscle``, ``water`` and
        others of `phantom.imaging.materials`. Beside the strips there is nothing. Arrays are good until the next strip.
        """
        ...


@dataclass(frozen=True, eq=False)
class Slabs:
    """Tissue as whole maps of a window, for test objects.

    Attributes
    ----------
    thickness_mm : (rows, columns) float32
        What scatters as a breast does.
    materials : mapping of str to (rows, columns) float32
    """

    thickness_mm: F32
    materials: Mapping[str, F32]

    def strips(self) -> Iterator[Strip]:
        """The whole window as one."""
        rows, columns = self.thickness_mm.shape
        yield (slice(0, rows), slice(0, columns)), self.thickness_mm, self.materials


@dataclass(frozen=True, eq=False)
class Collapsed:
    """Everything in the beam as lengths of two tissues, over a window.

    Attributes
    ----------
    g_cm, a_cm : (rows, columns) float32
        Glandular and adipose tissue; together they attenuate as all that is there. They may be negative.
    thickness_mm : (rows, columns) float32
        Of the whole breast, skin included; 0 outside.
    volume_mm3 : mapping of str to float
        Of each material under the window, calcifications left out.
    """

    g_cm: F32
    a_cm: F32
    thickness_mm: F32
    volume_mm3: Mapping[str, float]

    @property
    def density(self) -> float:
        """Fibroglandular volume over the volume inside the skin, muscle and hosts of other tissue left out, as it
        came out."""
        gland = self.volume_mm3.get("glandular", 0.0)
        return gland / max(gland + self.volume_mm3.get("adipose", 0.0), 1e-9)


@dataclass(frozen=True, eq=False)
class PathLengths:
    """Millimetres of each material under every pixel of a window of the detector.

    Attributes
    ----------
    grid : Grid
        The window's own grid (crop of the detector's around the breast).
    tissue : Tissue
        Everything except the calcifications.
    stamps : tuple of Stamp
        The calcifications, in the order of the scene's rows.
    """

    grid: Grid
    tissue: Tissue
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
    def _pixels(self) -> Resampled:
        return enlarged(self.values, self.step, self.shape)

    def rows(self, start: int, stop: int) -> F32:
        """The pixels of rows start to stop - 1: (stop - start, columns) float32."""
        return self._pixels.rows(start, stop)

    def row(self, start: int, stop: int) -> F32:
        """One row for rows start to stop - 1, (columns,) float32: their middle's, where that is near enough."""
        middle = (start + stop - 1) // 2
        return np.asarray(self._pixels.rows(middle, middle + 1)[0], np.float32)

    def __getitem__(self, at: tuple[slice, slice]) -> F32:
        """The pixels of a window, as of the array this stands for."""
        start, stop, _ = at[0].indices(self.shape[0])
        return self._pixels.rows(start, stop, at[1])

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
    adapted: object = None
    """What the display was set to; another picture of the same exposure may be shown with the same settings."""


def block_mean(image: Any, step: int) -> F32:
    """Means of `step` x `step` pixels, the last cells of what is left: (ceil rows, ceil columns) float32.

    `step` is at most 255 for a bool image.
    """
    rows, columns = image.shape
    whole, kind = columns // step, np.uint8 if image.dtype == bool else np.float32
    tall = np.empty((-(-rows // step), columns), np.float32)
    for i in range(len(tall)):  # row sums run along memory, and stay in the cache
        part = image[i * step : (i + 1) * step]
        np.divide(part.sum(axis=0, dtype=kind), np.float32(len(part)), out=tall[i])
    out = np.empty((len(tall), -(-columns // step)), np.float32)
    out[:, :whole] = tall[:, : whole * step].reshape(len(tall), whole, step).sum(axis=2) / np.float32(step)
    if whole * step < columns:
        out[:, -1] = tall[:, whole * step :].mean(axis=1)
    return out
