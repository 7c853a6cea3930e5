"""A machine with a test object in it: the same stages that image breasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from phantom.arrays import F32, U16
from phantom.geometry.grid import Grid
from phantom.geometry.solids.shapes import Shape
from phantom.geometry.view import Pose, View
from phantom.imaging.beam import Beam, collapse
from phantom.imaging.detector import Detector
from phantom.imaging.exposure import Exposure, Technique
from phantom.imaging.projection import shadow
from phantom.imaging.quantities import Coarse, PathLengths, Signal, Slabs, Stamp
from phantom.imaging.scatter import CELL_MM, Scatter
from phantom.imaging.spectrum import Spectrum
from phantom.recipe.draw import Draw
from phantom.recipe.seed import Seed

DENSITY = 0.2
_FIELD_MM = (240.0, 180.0)
_PLACE_MM = 60.0  # where things are measured: from the chest wall, in the middle (European guidelines)


@dataclass(frozen=True)
class Bench:
    """A detector, and the exposure that a breast of one thickness gets on it.

    Attributes
    ----------
    detector : Detector
    breast_mm : float
        The breast, 20 % glandular, that sets the beam and the dose.
    dose_factor : float
        Times the automatic exposure's dose.
    """

    detector: Detector
    breast_mm: float = 60.0
    dose_factor: float = 1.0
    beam: Beam = field(default_factory=Beam)
    scatter: Scatter = field(default_factory=Scatter)

    @cached_property
    def spectrum(self) -> Spectrum:
        """The beam that the automatic exposure takes."""
        return self.beam.at(self.detector.unit, self.breast_mm)

    @cached_property
    def technique(self) -> Technique:
        """Dose and kerma."""
        exposure = Exposure(dose_factor=Draw.constant(self.dose_factor))
        return exposure.at(self.spectrum, self.detector.unit, self.breast_mm, DENSITY, Seed(0), grid=self.scatter.grid)

    def window(self, width_mm: float, height_mm: float = 0.0) -> Grid:
        """A window of the detector about the place where things are measured."""
        pitch = self.detector.pitch
        shape = round((height_mm or width_mm) / pitch), round(width_mm / pitch)
        return Grid(shape, pitch, (_PLACE_MM - 0.5 * shape[1] * pitch, -0.5 * shape[0] * pitch))

    def paths(
        self, grid: Grid, slab_mm: float, materials: Mapping[str, float | F32], stamps: tuple[Stamp, ...] = ()
    ) -> PathLengths:
        """Path lengths of slabs (a number) and maps (an array), mm; `slab_mm` is what scatters as a breast does."""
        maps = {name: np.broadcast_to(np.asarray(mm, np.float32), grid.shape) for name, mm in materials.items()}
        return PathLengths(grid, Slabs(np.full(grid.shape, slab_mm, np.float32), maps), stamps)

    def primary(self, paths: PathLengths) -> F32:
        """What passes a test object, of the open beam."""
        behind = collapse(paths, self.spectrum)
        return self.spectrum.primary(behind.g_cm, behind.a_cm)

    def signal(self, paths: PathLengths) -> Signal:
        """What reaches the converter: scatter of a wide slab, the same over the small window."""
        behind = collapse(paths, self.spectrum)
        g, a = behind.g_cm, behind.a_cm
        primary = self.spectrum.primary(g, a)
        ratio = self.scatter_ratio(float(behind.thickness_mm.mean()))
        middle = np.float32(np.median(primary))
        energy = float(self.spectrum.energy_kev(np.array([np.median(g)]), np.array([np.median(a)]))[0])
        flat = [Coarse(np.full((1, 1), v, np.float32), 1 << 20, primary.shape) for v in (ratio * middle, energy)]
        return Signal(primary, flat[0], flat[1], self.technique.air_kev(self.spectrum, self.detector.pixel_mm))

    def scatter_ratio(self, slab_mm: float) -> float:
        """Scatter over primary at the place where things are measured, under a slab of 18 x 24 cm."""
        shape = round(_FIELD_MM[0] / CELL_MM), round(_FIELD_MM[1] / CELL_MM)
        slab = np.full(shape, slab_mm, np.float32)
        light = np.full(shape, np.exp(-0.06 * slab_mm), np.float32)
        factor = self.detector.unit.grid_factor
        scatter_signal = self.scatter.scatter_signal(
            light, slab, CELL_MM, self.spectrum.target_filter, grid_factor=factor
        )
        return scatter_signal.at(shape[0] // 2, round(_PLACE_MM / CELL_MM)) / float(light[0, 0])

    def image(self, signal: Signal, seed: Seed) -> U16:
        """Detector values."""
        return self.detector.expose(signal, seed).pixels

    def stamp(self, shape: Shape, x_mm: float, y_mm: float, grid: Grid, material: str, displaces: str = "air") -> Stamp:
        """A solid at a place of the window.

        Raises
        ------
        ValueError
            If it lies outside.
        """
        view = View("CC", "L", 0.0)
        cast = shadow(shape, Pose(np.array([x_mm, y_mm, 0.0]), view.axes, view.gravity), grid)
        if cast is None:
            raise ValueError(f"a solid at ({x_mm:g}, {y_mm:g}) mm lies outside the window")
        return cast.stamp(material, 1.0, displaces)
