"""How small a calcification can be and still be seen: d' of spheres, and the dose it takes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from phantom.arrays import Floats
from phantom.imaging.observer import Difference, detectability
from phantom.qa.bench import DENSITY, Bench
from phantom.qa.solids import Sphere

DIAMETERS_MM = (0.08, 0.10, 0.12, 0.14, 0.16, 0.18, 0.20, 0.25, 0.30, 0.40)
VISIBLE = 4.0  # 2.6 (92 % right of four choices) over a human's 0.65 of the ideal
SKIN_MM = 2.9


@dataclass(frozen=True)
class _Ideal:
    """A detector that is nothing but its DQE, 0.55 exp(-0.09 f), up to the Nyquist frequency of 70 um."""

    quanta_per_pixel: float
    nyquist_per_mm: float = 7.14

    def transfer(self, fy: Floats, fx: Floats) -> Floats:
        """No blur: the DQE has it."""
        return np.ones(np.broadcast(fy, fx).shape)

    def noise_power(self, fy: Floats, fx: Floats, mean_kev: Floats, energy_kev: Floats) -> Floats:
        """Of the relative signal, over the pixel's area."""
        dqe = 0.55 * np.exp(-0.09 * np.hypot(fy, fx))
        seen = (np.abs(fy) <= self.nyquist_per_mm) & (np.abs(fx) <= self.nyquist_per_mm)
        return np.asarray(np.where(seen, 1 / (dqe * self.quanta_per_pixel), 1e12) + 0 * mean_kev)


def published_model(kerma_ugy: float, diameters_mm: tuple[float, ...] = DIAMETERS_MM) -> Floats:
    """d' of spheres under round assumptions: ideal observer, no electronic noise, 0.65/mm more attenuation than
    tissue, scatter 0.15 of primary, 5,500 photons per mm2 and uGy.
    """
    pitch, differences = 0.01, []
    for d in diameters_mm:
        at = (np.arange(round(0.8 / pitch)) + 0.5) * pitch - 0.4
        path = Sphere(d).chord(at, at[:, None], None)  # type: ignore[arg-type]
        contrast = (1 - np.exp(-0.65 * path)) / 1.15
        differences.append(Difference(contrast.astype(np.float32), path > 0, 1.0, 1.0))
    return detectability(differences, pitch, _Ideal(5500 * kerma_ugy * pitch**2))[1]


def curve(bench: Bench, diameters_mm: tuple[float, ...] = DIAMETERS_MM) -> Floats:
    """d' of calcifications (calcium oxalate spheres in glandular tissue) in a breast of the bench's thickness.

    Averaged over where the sphere lies against the pixels.
    """
    grid = bench.window(3.0)
    inner = bench.breast_mm - SKIN_MM
    materials = {"skin": SKIN_MM, "glandular": DENSITY * inner, "adipose": (1 - DENSITY) * inner}
    plain = bench.paths(grid, bench.breast_mm, materials)
    without = bench.signal(plain)
    mean = float(without.primary[0, 0] + without.scatter.at(0, 0)) * without.air_kev
    energy, middle, pitch = without.energy_kev.at(0, 0), grid.shape[0] // 2, grid.pitch_mm
    result = []
    for d in diameters_mm:
        differences = []
        for dx, dy in ((0, 0), (0.5, 0), (0.25, 0.25), (0.5, 0.5)):
            x, y = grid.origin_mm[0] + (middle + dx) * pitch, grid.origin_mm[1] + (middle + dy) * pitch
            stamp = bench.stamp(Sphere(d), x, y, grid, "calcium_oxalate", "glandular")
            with_it = bench.primary(replace(plain, stamps=(stamp,)))
            difference = (without.primary - with_it) * np.float32(without.air_kev)
            differences.append(Difference(difference, difference > 0, mean, energy))
        result.append(float(detectability(differences, pitch, bench.detector)[1].mean()))
    return np.array(result)


def threshold_mm(d_prime: Floats, diameters_mm: tuple[float, ...] = DIAMETERS_MM, at: float = VISIBLE) -> float:
    """The diameter whose d' is `at`, interpolated in log-log."""
    return float(np.exp(np.interp(np.log(at), np.log(d_prime), np.log(diameters_mm))))


def dose_exponent(bench: Bench) -> float:
    """How the just-visible diameter goes with dose: the slope in log-log from a quarter of the dose to four times."""
    factors = (0.25, 0.5, 1.0, 2.0, 4.0)
    least = [threshold_mm(curve(replace(bench, dose_factor=bench.dose_factor * k))) for k in factors]
    return float(np.polyfit(np.log(factors), np.log(least), 1)[0])
