"""The ACR accreditation phantoms, small and digital: how many fibres, speck groups and masses are seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from phantom.geometry.solids.shapes import Shape
from phantom.qa.bench import Bench
from phantom.qa.solids import Disc, Fibre, Sphere

THICKNESS_MM = 42.0  # both stand for a 4.2 cm compressed breast of half glandular tissue
SEEN = 4.0
_FIBRE_MM, _MASS_MM = 10.0, 8.0  # length of a fibre and diameter of a mass: estimates
# Human contrast sensitivity as an eye filter f^1.3 exp(-b f^2) (Burgess 1994), largest at 1.1 cycles/mm of the object:
# 4 cycles/degree at 40 cm and twofold magnification.
_EYE_POWER, _EYE_PEAK = 1.3, 1.1


@dataclass(frozen=True)
class Accreditation:
    """A phantom by what it holds.

    Attributes
    ----------
    name : str
    fibres_mm, specks_mm, masses_mm : tuple of float
        Diameters of nylon fibres and of specks, thicknesses of masses, in falling order.
    speck : str
        What specks are made of.
    least : (int, int, int)
        Fibres, speck groups and masses that must be seen.
    """

    name: str
    fibres_mm: tuple[float, ...]
    specks_mm: tuple[float, ...]
    masses_mm: tuple[float, ...]
    speck: str
    least: tuple[int, int, int]


SMALL = Accreditation(
    "ACR small", (1.56, 1.12, 0.89, 0.75, 0.54, 0.40), (0.54, 0.40, 0.32, 0.24, 0.16), (2.0, 1.0, 0.75, 0.5, 0.25),
    "alumina",
    (4, 3, 3),
)  # fmt: skip
DIGITAL = Accreditation(
    "ACR digital", (0.89, 0.75, 0.61, 0.54, 0.40, 0.30), (0.33, 0.28, 0.23, 0.20, 0.17, 0.14),
    (1.0, 0.75, 0.5, 0.38, 0.25, 0.20), "glass", (2, 3, 2),
)  # fmt: skip


def seen(bench: Bench, phantom: Accreditation) -> tuple[int, int, int]:
    """Fibres, speck groups and masses in falling size until the first that an eye-filtered observer misses (d' < 4)."""
    rows: tuple[tuple[list[Shape], str], ...] = (
        ([Fibre(d, _FIBRE_MM) for d in phantom.fibres_mm], "nylon"),
        ([Sphere(d) for d in phantom.specks_mm], phantom.speck),
        ([Disc(_MASS_MM, t) for t in phantom.masses_mm], "glandular"),
    )
    counts = []
    for shapes, material in rows:
        found = [eye_dprime(bench, shape, material) >= SEEN for shape in shapes]
        counts.append(found.index(False) if False in found else len(found))
    return counts[0], counts[1], counts[2]


def eye_dprime(bench: Bench, shape: Shape, material: str) -> float:
    """d' of the non-prewhitening observer with an eye filter, for a solid in wax."""
    grid = bench.window(24.0)
    half = 0.5 * THICKNESS_MM
    plain = bench.paths(grid, THICKNESS_MM, {"glandular": half, "adipose": half - 7, "wax": 7.0})
    signal = bench.signal(plain)
    middle = grid.shape[0] // 2 * grid.pitch_mm
    stamp = bench.stamp(shape, grid.origin_mm[0] + middle, grid.origin_mm[1] + middle, grid, material, "wax")
    with_it = bench.primary(replace(plain, stamps=(stamp,)))
    difference = (signal.primary - with_it) * signal.air_kev
    fy, fx = np.fft.fftfreq(grid.shape[0], grid.pitch_mm)[:, None], np.fft.fftfreq(grid.shape[1], grid.pitch_mm)
    f2 = fy**2 + fx**2
    eye2 = f2**_EYE_POWER * np.exp(-_EYE_POWER / _EYE_PEAK**2 * f2)
    mean = float(signal.primary[0, 0] + signal.scatter.at(0, 0)) * signal.air_kev
    power = bench.detector.noise_power(fy, fx, mean, signal.energy_kev.at(0, 0))
    seen2 = np.abs(np.fft.fft2(difference) * bench.detector.transfer(fy, fx)) ** 2
    return float(np.sum(seen2 * eye2) / np.sqrt(np.sum(seen2 * eye2**2 * power)) / np.sqrt(difference.size))
