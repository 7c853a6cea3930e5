"""Sheets of calcium in the wall of a tube that bends: where they go, and their form."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import ndtri

from phantom.arrays import Floats
from phantom.calcifications.sites import CurvePath, between
from phantom.geometry.solids.tube_walls import TubeWall
from phantom.geometry.turning import vector_of

_STEP_MM = 0.5  # between the points of a sheet's axis
_ROUND_MM = (-0.8, -0.4, 0.0, 0.4, 0.8)  # a polyline's corners are rounded off over these
# Waves of a sheet (estimates): how many, their lengths along the vessel, how often they go round it at most; how
# abruptly the wall is calcified or not
_WAVES, _WAVE_MM, _TURNS, _SLOPE = 14, (0.7, 9.0), 2, (0.5, 1.3)
_LEAST_MM2, _DEEPER = 0.03, 0.5  # no sheet covers less: the level is lowered until it does
_LEAST, _MOST = 0.02, 0.99  # of the wall, that a level stands for


@dataclass(frozen=True, eq=False)
class Tube:
    """A vessel's axis with directions around it that do not twist (parallel transport)."""

    path: CurvePath
    s_mm: Floats
    side: Floats
    other: Floats

    @staticmethod
    def along(path: CurvePath) -> Tube:
        """The tube of a path, with directions every millimetre."""
        s = np.linspace(0.0, path.length_mm, max(2, round(path.length_mm) + 1))
        _, directions, _ = path.at(s)
        # smoothed, so that a polyline's corners do not jerk the directions
        directions = np.stack(
            [np.convolve(np.pad(directions[:, k], 2, "edge"), np.ones(5) / 5, "valid") for k in range(3)], axis=1
        )
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        start = np.eye(3)[int(np.abs(directions[0]).argmin())]
        side = np.empty_like(directions)
        for i, direction in enumerate(directions):
            start = start - float((start * direction).sum()) * direction
            start = start / np.linalg.norm(start)
            side[i] = start
        return Tube(path, s, side, np.cross(directions, side))

    @cached_property
    def _around(self) -> Floats:
        return np.concatenate([self.side, self.other], axis=1)

    def wall(self, s_mm: Any, angle_rad: Any) -> tuple[Floats, Floats]:
        """Points (n, 3) on the wall's outer surface, and the outward directions there."""
        middle, _, radius = self.path.at(s_mm)
        _, around = between(np.clip(s_mm, 0.0, self.path.length_mm), self.s_mm, self._around)
        out = np.cos(angle_rad)[..., None] * around[:, :3] + np.sin(angle_rad)[..., None] * around[:, 3:]
        return middle + radius[:, None] * out, out


def sheet(
    tube: Tube,
    start_mm: float,
    end_mm: float,
    wall_mm: float,
    coverage: float,
    rng: np.random.Generator,
    angle_rad: float = 0.0,
    half_angle_rad: float = math.pi,
) -> tuple[TubeWall, Floats]:
    """A sheet in the wall from one length along the vessel to another, and its centre (3,).

    Parameters
    ----------
    coverage : float
        Part of the wall that is calcified in the sheet's middle, 0 to 1.
    angle_rad, half_angle_rad : float
        Where around the vessel it lies; all around by default.
    """
    s = np.linspace(start_mm, end_mm, max(3, 1 + math.ceil((end_mm - start_mm) / _STEP_MM)))
    axis = np.mean([tube.path.at(s + off)[0] for off in _ROUND_MM], axis=0)
    radius = tube.path.at(s)[2]
    _, sides = tube.wall(s[:1], np.zeros(1))
    centre = axis.mean(axis=0)
    if half_angle_rad < math.pi:
        _, out = tube.wall(np.array([0.5 * (start_mm + end_mm)]), np.array([angle_rad]))
        centre = centre + (float(radius.mean()) - 0.5 * wall_mm) * out[0]
    waves = np.column_stack([
        2.0 * math.pi / np.exp(rng.uniform(math.log(_WAVE_MM[0]), math.log(_WAVE_MM[1]), _WAVES)),
        rng.integers(-_TURNS, _TURNS + 1, _WAVES),
        rng.uniform(0.0, 2.0 * math.pi, _WAVES),
        np.full(_WAVES, math.sqrt(2.0 / _WAVES)),
    ])  # fmt: skip
    x, y, z = sides[0].tolist()
    line: Any = tuple(tuple(row) for row in np.column_stack([axis - centre, radius]).tolist())
    level = -float(ndtri(min(max(coverage, _LEAST), _MOST)))
    made: Any = tuple(tuple(wave) for wave in waves.tolist())
    shape = TubeWall(line, wall_mm, (x, y, z), angle_rad, half_angle_rad, made, level, float(rng.uniform(*_SLOPE)))
    while shape.covered_mm2 < _LEAST_MM2:  # waves that are low all over a short sheet
        shape = replace(shape, level=shape.level - _DEEPER)
    return shape, centre


def rotation_vector(axes: Floats) -> tuple[float, float, float]:
    """The rotation vector of a proper rotation (3, 3)."""
    if np.linalg.det(axes) < 0.0:
        axes = axes * np.array([1.0, 1.0, -1.0])
    return vector_of(axes)
