"""Plates of calcium on the wall of a tube that bends: where they go, and their form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from phantom.arrays import Floats
from phantom.calcifications.sites import CurvePath, between
from phantom.geometry.solids.chains import Chains
from phantom.geometry.solids.ellipsoids import Ellipsoid
from phantom.geometry.solids.shapes import Shape
from phantom.geometry.turning import vector_of


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

    def wall(self, s_mm: Any, angle_rad: Any, sink_mm: float) -> tuple[Floats, Floats]:
        """Points (n, 3) in the wall, `sink_mm` within its outer surface, and the outward directions there."""
        middle, _, radius = self.path.at(s_mm)
        _, around = between(np.clip(s_mm, 0.0, self.path.length_mm), self.s_mm, self._around)
        out = np.cos(angle_rad)[..., None] * around[:, :3] + np.sin(angle_rad)[..., None] * around[:, 3:]
        return middle + (radius - sink_mm)[:, None] * out, out


def plate(
    tube: Tube,
    s_mm: float,
    angle_rad: float,
    length_mm: float,
    width_mm: float,
    wall_mm: float,
    rng: np.random.Generator,
) -> tuple[Shape, Floats]:
    """A plate bent along the vessel, and its centre (3,): `length_mm` along it, `width_mm` around it."""
    half = 0.5 * wall_mm
    ends, _, radius = tube.path.at(s_mm + length_mm * np.array([-0.5, 0.0, 0.5]))
    bent = float(np.linalg.norm(ends[1] - 0.5 * (ends[0] + ends[2])))
    around = width_mm**2 / (8.0 * max(float(radius[1]), 0.1))
    # where the vessel is straight over the plate's length, and the plate narrow, a lens will do
    if max(bent / 0.35, around / 0.5) < wall_mm:
        return _chip(tube, s_mm, angle_rad, (0.5 * length_mm, 0.5 * width_mm, half))
    pieces = max(2, math.ceil(length_mm / 0.9))
    s = s_mm + length_mm * np.linspace(-0.5, 0.5, pieces + 1)
    s = np.clip(s, 0.0, tube.path.length_mm)
    rows = max(1, min(3, round(width_mm / wall_mm)))
    reach = 0.5 * max(0.0, width_mm - wall_mm) / max(float(radius[1]), 0.1)
    strands, points = [], []
    for offset in np.linspace(-reach, reach, rows) if rows > 1 else (0.0,):
        # rows end at different places: a ragged plate
        ends = s + np.linspace(rng.uniform(-0.1, 0.1), rng.uniform(-0.1, 0.1), pieces + 1) * length_mm
        row, _ = tube.wall(
            np.clip(ends, 0.0, tube.path.length_mm), angle_rad + offset + rng.normal(0.0, 0.05, pieces + 1), half
        )
        radii = half * rng.uniform(0.75, 1.15, pieces + 1)
        radii[[0, -1]] *= 0.6
        strands.append(np.column_stack([row, radii]))
        points.append(row)
    centre = np.concatenate(points).mean(axis=0)
    shift = np.append(centre, 0.0)
    shape = Chains(tuple(tuple(tuple(p) for p in (strand - shift).tolist()) for strand in strands))
    return shape, centre


def _chip(tube: Tube, s_mm: float, angle_rad: float, radii: tuple[float, float, float]) -> tuple[Shape, Floats]:
    at = np.array([s_mm])
    place, out = tube.wall(at, np.array([angle_rad]), radii[2])
    _, directions, _ = tube.path.at(at)
    axes = np.column_stack([directions[0], np.cross(out[0], directions[0]), out[0]])
    q, _ = np.linalg.qr(axes)
    q *= np.sign((q * axes).sum(axis=0))
    return Ellipsoid(radii, rotation_vector(q)), place[0]


def rotation_vector(axes: Floats) -> tuple[float, float, float]:
    """The rotation vector of a proper rotation (3, 3)."""
    if np.linalg.det(axes) < 0.0:
        axes = axes * np.array([1.0, 1.0, -1.0])
    return vector_of(axes)
