"""Forms of single grains, drawn afresh for each: no two alike. Sizes are largest extents in mm, as a projection shows
them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from phantom.arrays import Floats
from phantom.geometry.solids.chains import Chains
from phantom.geometry.solids.clouds import Cloud, GaussianBlob
from phantom.geometry.solids.ellipsoids import Ellipsoid
from phantom.geometry.solids.polyhedra import ConvexPolyhedron, Union
from phantom.geometry.solids.scaled import Scaled
from phantom.geometry.solids.shapes import Shape
from phantom.geometry.solids.shells import EllipsoidShell
from phantom.geometry.turning import axes_of, random_turn


def ball(rng: np.random.Generator, size_mm: float, aspect: float, edge_mm: float = 0.0) -> Ellipsoid:
    """An ellipsoid, its longest axis up to `aspect` times its shortest."""
    long = 0.5 * size_mm
    middle, short = long / rng.uniform(1.0, aspect), long / rng.uniform(1.0, aspect)
    return Ellipsoid((long, middle, short), random_turn(rng), min(edge_mm, 0.3 * short))


def angular(rng: np.random.Generator, size_mm: float, aspect: float, rough: float, points: int) -> ConvexPolyhedron:
    """A chip of crushed stone: the hull of points on an ellipsoid, each off it by `rough` (relative, rms)."""
    return ConvexPolyhedron(_tuples(_chip(rng, size_mm, aspect, rough, points)))


def tear(rng: np.random.Generator, size_mm: float) -> Chains:
    """A drop: thick at one end, drawn out to the other."""
    size_mm = size_mm / 0.88
    thick = size_mm * rng.uniform(0.27, 0.37)
    thin = thick * rng.uniform(0.1, 0.35)
    direction = axes_of(random_turn(rng))[:, 0] * (size_mm - thick - thin)
    return Chains(((_ball(-0.4 * direction, thick), _ball(0.6 * direction, thin)),))


def bean(rng: np.random.Generator, size_mm: float) -> Chains:
    """A bean or comma: bent, one end often thicker."""
    axes = axes_of(random_turn(rng))
    size_mm = size_mm / 0.9
    thick = size_mm * rng.uniform(0.23, 0.31)
    turn = math.radians(rng.uniform(60.0, 150.0))
    radius = (size_mm - 2.0 * thick) / (2.0 * math.sin(0.5 * turn))
    at = np.linspace(-0.5, 0.5, 5)
    taper = rng.uniform(0.0, 0.6)
    points = radius * (np.outer(np.sin(at * turn), axes[:, 0]) + np.outer(np.cos(at * turn) - 1.0, axes[:, 1]))
    return Chains((tuple(_ball(p, thick * (1.0 - taper * (0.5 + a))) for p, a in zip(points, at, strict=True)),))


def powder(rng: np.random.Generator, size_mm: float, aspect: float, edge_mm: float) -> Cloud | GaussianBlob:
    """A grain without a border: one faint cloud, or an aggregate of specks too small to be seen."""
    if rng.random() < 0.5:
        sigma = size_mm / 2.355
        a, b = sigma / rng.uniform(1.0, aspect), sigma / rng.uniform(1.0, aspect)
        return GaussianBlob((sigma, a, b), random_turn(rng))
    count = int(rng.integers(5, 16))
    middles = rng.standard_normal((count, 3)) * (size_mm / 3.3) / np.array([1.0, aspect, aspect])
    middles = middles @ axes_of(random_turn(rng)).T
    sigmas = edge_mm * rng.uniform(0.45, 0.8, count)
    total = size_mm**3 / 2.355**3 / float((sigmas**3).sum())
    return Cloud(_tuples(np.column_stack([middles, sigmas])), float(min(1.0, total)))


def flake(
    rng: np.random.Generator, size_mm: float, thickness_mm: float, corners: int, axes: Floats
) -> ConvexPolyhedron:
    """A flat polygon, its face across the third column of `axes`."""
    around = (np.arange(corners) + rng.uniform(-0.3, 0.3, corners)) * 2.0 * math.pi / corners
    out = 0.5 * size_mm * rng.uniform(0.75, 1.0, corners)
    flat = np.outer(out * np.cos(around), axes[:, 0]) + np.outer(
        out * np.sin(around) * rng.uniform(0.6, 1.0), axes[:, 1]
    )
    rise = 0.5 * thickness_mm * axes[:, 2]
    return ConvexPolyhedron(_tuples(np.concatenate([flat + rise, 0.93 * flat - rise])))


def shape_class(shape: Shape) -> str:
    """The radiologist's word for a small grain's form: round, angular, tear, bean, cast, branching, powdery, ring,
    other."""
    if isinstance(shape, Scaled):
        return shape_class(shape.solid)
    if isinstance(shape, Ellipsoid):
        return "round"
    if isinstance(shape, ConvexPolyhedron):
        return "angular"
    if isinstance(shape, GaussianBlob | Cloud):
        return "powdery"
    if isinstance(shape, EllipsoidShell):
        return "ring"
    if isinstance(shape, Union):
        return "coalesced"
    if isinstance(shape, Chains):
        if len(shape.strands) > 1:
            return "branching"
        return {2: "tear", 5: "bean"}.get(len(shape.strands[0]), "cast")
    return "other"


def _chip(rng: np.random.Generator, size_mm: float, aspect: float, rough: float, count: int) -> Floats:
    """(count, 3): corners of a chip whose largest extent is `size_mm`."""
    directions = rng.standard_normal((count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    # corners that crowd together make slivers: push each away from its nearest once
    near = directions @ directions.T - 2.0 * np.eye(count)
    directions -= 0.5 * directions[near.argmax(axis=1)]
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    # most chips are compact, a few are splinters
    across = 1.0 / (1.0 + (aspect - 1.0) * rng.random() ** 5)
    stretch = np.array([1.0, across, across * rng.uniform(0.85, 1.0)])
    points = directions * np.exp(rng.normal(0.0, 0.6 * rough, (count, 1))) * stretch
    points = points @ axes_of(random_turn(rng)).T
    away = points[:, None] - points[None]
    # a projection shows less than the longest diagonal: 0.9 of it on average
    points *= size_mm / 0.9 / math.sqrt(float((away * away).sum(axis=2).max()))
    out: Floats = points - points.mean(axis=0)
    return out


def _ball(point: Floats, radius: float) -> tuple[float, float, float, float]:
    return float(point[0]), float(point[1]), float(point[2]), float(radius)


def _tuples(rows: Floats) -> Any:
    return tuple(tuple(row) for row in rows.tolist())
