"""What a view is expected to show of a grain, before anything is rendered: from its size, density and place."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.arrays import Floats
from phantom.calcifications.finding import Calcification
from phantom.exam.preset import Preset
from phantom.geometry.compression import Compression
from phantom.geometry.view import View
from phantom.imaging.detector import Detector
from phantom.imaging.observer import Difference, detectability_in
from phantom.imaging.spectrum import Spectrum
from phantom.imaging.structure import Structure
from phantom.recipe.seed import Seed

_DIAMETERS_MM = np.geomspace(0.06, 3.0, 14)
_SUB = 8  # rays along each side of a pixel
_SCATTER = 0.15  # over the primary, behind a grid (0.4 without)
_TISSUE = (5e-5, 2.55)  # power at 1 cycle/mm and slope that views of all densities have in the middle
_HEIGHTS = 12
_SOFT = 0.85  # a cloud spreads its calcium wider than a ball of the same volume


@dataclass(frozen=True, eq=False)
class ExpectedView:
    """One view of one breast, as far as it is known without rendering it."""

    breast: Breast
    pressed: Compression
    spectrum: Spectrum
    detector: Detector
    air_kev: float
    scatter: float

    def dprime(self, grains: Sequence[Calcification]) -> Floats:
        """Structured d', (n,), that these grains are expected to have.

        A grain counts as a ball of its volume, in tissue as glandular as the column of breast through the grains'
        middle is. Within about 25 % of what is rendered below 0.4 mm.
        """
        centre = np.array([grain.centre_mm for grain in grains], float).mean(axis=0)
        g_cm, a_cm = self._column(centre)
        table = self._table(g_cm, a_cm)
        volume = np.array([grain.shape.volume_mm3 for grain in grains])
        diameter = np.clip((6.0 / np.pi * volume) ** (1 / 3), _DIAMETERS_MM[0], _DIAMETERS_MM[-1])
        of_ball = np.exp(np.interp(np.log(diameter), np.log(_DIAMETERS_MM), np.log(table)))
        worth = {name: self._per_mm(name, 1.0) for name in {grain.material for grain in grains} | {"calcium_oxalate"}}
        strength = np.array([
            grain.relative_density * worth[grain.material] * (_SOFT if grain.shape.soft else 1.0) for grain in grains
        ])  # fmt: skip
        return np.asarray(of_ball * strength / worth["calcium_oxalate"])

    def _per_mm(self, material: str, times: float) -> float:
        """Contrast of a thin layer that takes the place of gland, per mm."""
        (cg, ca), (dg, da) = (self.spectrum.coefficients(name) for name in (material, "glandular"))
        thin = 0.001
        lengths = [np.float32(2.0 + thin * (times * cg - dg)), np.float32(3.0 + thin * (times * ca - da))]
        one, other = (
            float(self.spectrum.primary(np.array([[g]], np.float32), np.array([[a]], np.float32))[0, 0])
            for g, a in ((2.0, 3.0), lengths)
        )
        return max(1e-6, math.log(one / other))

    def _column(self, centre_mm: Floats) -> tuple[float, float]:
        """Glandular and adipose length, cm, of the column of breast through a place."""
        x, y, _ = self.pressed.forward(centre_mm[None])[0]
        thick = max(5.0, float(self.pressed.local_thickness(np.array([x]), np.array([y]))[0]))
        low = 0.5 * (self.pressed.thickness_mm - thick)
        height = low + thick * (np.arange(_HEIGHTS) + 0.5) / _HEIGHTS
        column = np.stack([np.full(_HEIGHTS, x), np.full(_HEIGHTS, y), height], axis=1)
        share = float(np.mean(self.breast.gland_weight(self.pressed.inverse(column))))
        skin = 0.1 * 2.0 * self.breast.skin_thickness_mm
        inner = max(0.0, 0.1 * thick - skin)
        return share * inner + 1.1 * skin, (1.0 - share) * inner

    def _table(self, g_cm: float, a_cm: float) -> Floats:
        """Structured d' of balls of calcium of the tabulated diameters in this much tissue."""
        g, a = np.full((1, 1), g_cm, np.float32), np.full((1, 1), a_cm, np.float32)
        primary = float(self.spectrum.primary(g, a)[0, 0]) * self.air_kev
        energy = float(self.spectrum.energy_kev(g, a)[0, 0])
        (cg, ca), (dg, da) = (self.spectrum.coefficients(name) for name in ("calcium_oxalate", "glandular"))
        pitch, differences = self.detector.pitch, []
        for diameter in _DIAMETERS_MM:
            path = 0.1 * _ball(float(diameter), pitch)
            behind = self.spectrum.primary(
                (g_cm + path * (cg - dg)).astype(np.float32), (a_cm + path * (ca - da)).astype(np.float32)
            )
            signal = np.asarray(primary - behind * self.air_kev, np.float32)
            mean = primary * (1 + self.scatter)
            differences.append(Difference(signal, signal > 0, mean, energy, primary))
        tissue = Structure(*(np.full(len(differences), value) for value in _TISSUE))
        return detectability_in(differences, tissue, pitch, self.detector)[2]


def _ball(diameter_mm: float, pitch_mm: float) -> Floats:
    """Path, mm, of a ball averaged over pixels; it lies off a pixel's middle by a quarter."""
    size = int(diameter_mm / pitch_mm) + 3
    at = (np.arange(size * _SUB) + 0.5) / _SUB * pitch_mm
    off = (0.5 * size + 0.25) * pitch_mm
    square = 0.25 * diameter_mm**2 - (at[None, :] - off) ** 2 - (at[:, None] - off) ** 2
    path: Floats = (2.0 * np.sqrt(np.maximum(square, 0.0))).reshape(size, _SUB, size, _SUB).mean(axis=(1, 3))
    return path


def expected_views(
    preset: Preset, seed: Seed, side: str, breast: Breast, views: Sequence[View]
) -> Callable[[Sequence[Calcification]], Floats]:
    """A function of grains that gives their expected structured d' in each view of this breast, (views, n).

    Looking at binned pixels changes nothing: the detector's full resolution is what counts.
    """
    known: list[ExpectedView] = []

    def look(grains: Sequence[Calcification]) -> Floats:
        if not known:
            known.extend(_expected(preset, seed, breast, view) for view in views if view.laterality == side)
        return np.stack([view.dprime(grains) for view in known])

    return look


def _expected(preset: Preset, seed: Seed, breast: Breast, view: View) -> ExpectedView:
    detector, pressed = replace(preset.detector, binning=1), breast.compress(view)
    spectrum = preset.beam.at(detector.unit, pressed.thickness_mm)
    technique = preset.exposure.at(
        spectrum, detector.unit, pressed.thickness_mm, breast.density,
        seed.child("exposure", view.laterality, view.name), grid=preset.scatter.grid,
    )  # fmt: skip
    scatter = _SCATTER if preset.scatter.grid else 0.4
    return ExpectedView(breast, pressed, spectrum, detector, technique.air_kev(spectrum, detector.pixel_mm), scatter)
