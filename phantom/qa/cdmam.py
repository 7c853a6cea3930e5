"""CDMAM 3.4: gold discs in a grid, an automatic four-corner reader, and thresholds as the European guidelines have
them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from phantom.arrays import U16, Bools, Floats
from phantom.geometry.grid import Grid
from phantom.imaging.quantities import PathLengths, Stamp
from phantom.qa.bench import Bench
from phantom.qa.solids import Disc
from phantom.recipe.seed import Seed

DIAMETERS_MM = (2.00, 1.60, 1.25, 1.00, 0.80, 0.63, 0.50, 0.40, 0.31, 0.25, 0.20, 0.16, 0.13, 0.10, 0.08, 0.06)
THICKNESS_UM = (0.03, 0.04, 0.05, 0.06, 0.08, 0.10, 0.13, 0.16, 0.20, 0.25, 0.36, 0.50, 0.71, 1.00, 1.42, 2.00)
# European guidelines, 4th edition: acceptable and achievable threshold gold thickness, um, by diameter in mm
LIMITS_UM = {2.0: (0.069, 0.038), 1.0: (0.091, 0.056), 0.5: (0.150, 0.103), 0.25: (0.352, 0.244), 0.1: (1.68, 1.10)}
CLINICAL_MM = (1.00, 0.80, 0.63, 0.50, 0.40, 0.31, 0.25, 0.20, 0.16, 0.13, 0.10)
SMALL_MM = (
    0.50,
    0.40,
    0.31,
    0.25,
    0.20,
    0.16,
    0.13,
    0.10,
)  # whose thresholds stay within the gold there is, at any dose
PMMA_MM, ALUMINIUM_MM = 50.0, 0.5  # the phantom's own plates and 4 cm on either side; its base
_CELL_MM = 6.0
_CORNER_MM = 1.7
_STILL = 4  # images before the phantom is moved
_DOSES = (0.25, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Reading:
    """Which corners were found: (images, diameters, thicknesses) bool, of what diameters."""

    diameters_mm: tuple[float, ...]
    correct: Bools


def limits_um(diameter_mm: float) -> tuple[float, float]:
    """Acceptable and achievable thickness of gold at a diameter of 0.1 to 2 mm, interpolated in log-log."""
    d = sorted(LIMITS_UM)
    at = [np.interp(math.log(diameter_mm), np.log(d), np.log([LIMITS_UM[k][i] for k in d])) for i in (0, 1)]
    return float(np.exp(at[0])), float(np.exp(at[1]))


def human_factor(diameter_mm: float) -> float:
    """Human over automatic threshold: fit to Young et al. 2006 as in the European protocol's software, 0.1 to 2 mm."""
    return 2.130 + 0.1955 * math.log(diameter_mm - 0.0573)


def phantom(bench: Bench, diameters_mm: tuple[float, ...], seed: Seed) -> tuple[PathLengths, Any]:
    """The object, a row of cells per diameter, and which corner each cell's second disc is in (row-major, 0 to 3)."""
    pitch = bench.detector.pitch
    cell, _ = _cells(pitch)
    shape = cell * len(diameters_mm), cell * len(THICKNESS_UM)
    rng = seed.child("phantom").rng()
    moved, corners = rng.uniform(-0.5, 0.5, 2) * pitch, rng.integers(0, 4, (len(diameters_mm), len(THICKNESS_UM)))
    grid = Grid(shape, pitch, (float(moved[0]), float(moved[1])))
    stamps: list[Stamp] = []
    for i, d in enumerate(diameters_mm):
        # cells are a whole number of pixels: discs of one diameter differ only in thickness
        row, column = _middle(pitch, i, 0)
        one = bench.stamp(Disc(d, 1.0), column * pitch, row * pitch, grid, "gold")
        for j, um in enumerate(THICKNESS_UM):
            path = one.path_mm * np.float32(um * 1e-3)
            for at in (_middle(pitch, i, j), _corner(pitch, i, j, int(corners[i, j]))):
                stamps.append(replace(one, row=one.row + at[0] - row, column=one.column + at[1] - column, path_mm=path))
    slabs: dict[str, Any] = {"pmma": PMMA_MM, "aluminium": ALUMINIUM_MM}
    return bench.paths(grid, bench.breast_mm, slabs, tuple(stamps)), corners


def read(bench: Bench, count: int, seed: Seed, diameters_mm: tuple[float, ...] = DIAMETERS_MM) -> Reading:
    """Image the phantom `count` times and let the reader find the corners.

    The reader knows the diameter: it takes the mean over the disc in each corner, and says the one with the least
    X-ray. The phantom is moved by a part of a pixel, with other corners, after every fourth image.
    """
    correct = []
    for first in range(0, count, _STILL):
        disc_seed = seed.child(first)
        paths, corners = phantom(bench, diameters_mm, disc_seed)
        signal = bench.signal(paths)
        for n in range(first, min(first + _STILL, count)):
            image = bench.image(signal, disc_seed.child("noise", n))
            correct.append(_answers(image, paths, diameters_mm) == corners)
    return Reading(diameters_mm, np.array(correct))


def thresholds_um(reading: Reading) -> Floats:
    """Gold thickness found in 62.5 % of cells, for each diameter: a psychometric curve by greatest likelihood.

    p = 1/4 + 3/4 / (1 + (t/t0)^-s), with one steepness s for all diameters.
    """
    log_t = np.log(THICKNESS_UM)
    right, many = reading.correct.sum(axis=0), len(reading.correct)
    grid = np.linspace(math.log(0.003), math.log(20), 600)

    def fits(steepness: float) -> tuple[float, Floats]:
        p = 0.25 + 0.75 / (1 + np.exp(-steepness * (log_t[None, :] - grid[:, None])))
        p = np.clip(p, 1e-6, 1 - 1e-6)
        likelihood = right @ np.log(p).T + (many - right) @ np.log(1 - p).T
        return float(likelihood.max(axis=1).sum()), grid[likelihood.argmax(axis=1)]

    best = max((fits(s) for s in np.linspace(1.0, 8.0, 29)), key=lambda fit: fit[0])
    return np.exp(best[1])


def smoothed_um(diameters_mm: tuple[float, ...], thresholds: Floats) -> Floats:
    """Thresholds along a smooth curve, a cubic in log-log over at least five diameters, as the European protocol
    does."""
    log_d = np.log(diameters_mm)
    return np.asarray(np.exp(np.polyval(np.polyfit(log_d, np.log(thresholds), 3), log_d)))


def dose_exponent(bench: Bench, count: int, seed: Seed, diameters_mm: tuple[float, ...] = SMALL_MM) -> float:
    """How threshold thickness goes with dose: the mean slope in log-log over the diameters, a quarter to twice the
    dose."""
    found = [
        np.log(thresholds_um(read(replace(bench, dose_factor=k), count, seed.child(i), diameters_mm)))
        for i, k in enumerate(_DOSES)
    ]
    return float(np.polyfit(np.log(_DOSES), np.mean(found, axis=1), 1)[0])


def _cells(pitch_mm: float) -> tuple[int, int]:
    """Side of a cell, and a corner's distance from its middle in each direction, in pixels."""
    return 2 * round(0.5 * _CELL_MM / pitch_mm), round(_CORNER_MM / pitch_mm)


def _middle(pitch_mm: float, i: int, j: int) -> tuple[int, int]:
    """Row and column of the middle of a cell."""
    cell, _ = _cells(pitch_mm)
    return i * cell + cell // 2, j * cell + cell // 2


def _corner(pitch_mm: float, i: int, j: int, corner: int) -> tuple[int, int]:
    (row, column), (_, off) = _middle(pitch_mm, i, j), _cells(pitch_mm)
    return row + off * (2 * (corner // 2) - 1), column + off * (2 * (corner % 2) - 1)


def _answers(image: U16, paths: PathLengths, diameters_mm: tuple[float, ...]) -> Any:
    """The corner with the lowest mean over the disc, in every cell."""
    pitch, (x0, y0) = paths.grid.pitch_mm, paths.grid.origin_mm
    answers = np.zeros((len(diameters_mm), len(THICKNESS_UM)), int)
    for i, d in enumerate(diameters_mm):
        reach = math.ceil(0.5 * d / pitch) + 1
        at = np.arange(-reach, reach + 1) * pitch
        # pixels count by how much of them the disc covers, where the phantom was moved to
        weight = np.clip((0.5 * d - np.hypot(at + x0, at[:, None] + y0)) / pitch + 0.5, 0, 1)
        for j in range(len(THICKNESS_UM)):
            places = [_corner(pitch, i, j, corner) for corner in range(4)]
            parts = [image[r - reach : r + reach + 1, c - reach : c + reach + 1] for r, c in places]
            answers[i, j] = int(np.argmin([float((part * weight).sum()) for part in parts]))
    return answers
