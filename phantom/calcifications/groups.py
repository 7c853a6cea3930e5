"""The forms of a tight group: triangles that point to the nipple, ovals, foci; never two alike."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from phantom.arrays import Floats
from phantom.geometry.turning import axes_of, random_turn


def random_axes(rng: np.random.Generator) -> Floats:
    """(3, 3): three directions at right angles in the columns, turned at random."""
    return axes_of(random_turn(rng))


def extent(points_mm: Floats) -> float:
    """The largest distance between two of the points."""
    away = points_mm[:, None, :] - points_mm[None, :, :]
    return float(np.sqrt((away * away).sum(axis=2).max()))


def across(rng: np.random.Generator, directions: Floats) -> Floats:
    """Unit vectors (n, 3) at right angles to unit vectors (n, 3), in random directions."""
    loose = rng.standard_normal(directions.shape)
    loose -= (loose * directions).sum(axis=1, keepdims=True) * directions
    out: Floats = loose / np.maximum(np.linalg.norm(loose, axis=1, keepdims=True), 1e-9)
    return out


def group(
    rng: np.random.Generator, count: int, size_mm: float, apex: Floats, triangular: float, gap_mm: float
) -> Floats:
    """Places (count, 3) about the origin whose largest distance is `size_mm`.

    Parameters
    ----------
    apex : (3,) array
        Unit vector toward the nipple.
    triangular : float
        Probability of a triangle or trapezoid (65 % of malignant groups: Lanyi 1982).
    gap_mm : float
        Grains keep this distance where there is room.
    """
    is_triangle = rng.random() < triangular
    islands = _islands(rng, size_mm) if is_triangle and size_mm > 14.0 else np.empty((0, 4))
    sampler = _triangle(rng, apex) if is_triangle else _oval(rng) if rng.random() < 0.6 else _foci(rng)
    kept: list[Floats] = []
    gap = gap_mm
    for attempt in range(60 * count):
        point = size_mm * sampler(rng)
        if attempt and attempt % (10 * count) == 0:
            gap *= 0.6
        if len(islands) and (((islands[:, :3] - point) ** 2).sum(axis=1) < islands[:, 3] ** 2).any():
            continue
        if not kept or ((np.array(kept) - point) ** 2).sum(axis=1).min() >= gap * gap:
            kept.append(point)
        if len(kept) == count:
            break
    points = np.array(kept)
    points -= points.mean(axis=0)
    points *= size_mm / max(extent(points), 1e-6)
    return points


def _triangle(rng: np.random.Generator, apex: Floats) -> Any:
    """A flattened cone: seen from anywhere but its ends, a triangle or, cut short, a trapezoid."""
    side = across(rng, apex[None])[0]
    deep = np.cross(apex, side)
    wide, flat = rng.uniform(0.55, 0.9), rng.uniform(0.6, 1.0)
    cut = rng.uniform(0.0, 0.3)
    notch = rng.uniform(0.1, 0.25)

    def sample(rng: np.random.Generator) -> Floats:
        while True:
            # density falls a little toward the apex, or its tip would hardly be seen
            far = math.sqrt(rng.uniform(cut * cut, 1.0))
            turn, out = rng.uniform(0.0, 2.0 * math.pi), math.sqrt(rng.random())
            # a swallow's tail: the base is hollow
            if far > 1.0 - notch * (1.0 - out):
                continue
            u, v = out * math.cos(turn), out * math.sin(turn)
            point: Floats = -far * apex + 0.5 * far * wide * (u * side + flat * v * deep)
            return point

    return sample


def _oval(rng: np.random.Generator) -> Any:
    axes = random_axes(rng)
    half = np.array([0.5, 0.5 / rng.uniform(1.0, 2.2), 0.5 / rng.uniform(1.2, 2.5)])

    def sample(rng: np.random.Generator) -> Floats:
        direction = rng.standard_normal(3)
        direction *= rng.random() ** (1.0 / 2.4) / np.linalg.norm(direction)
        point: Floats = axes @ (half * direction)
        return point

    return sample


def _foci(rng: np.random.Generator) -> Any:
    """Two to four lobules, 1 to 2.5 mm wide, side by side."""
    count = int(rng.integers(2, 5))
    middles = rng.uniform(-0.4, 0.4, (count, 3)) * rng.uniform(0.4, 1.0, 3)
    size = rng.uniform(0.1, 0.22, count)

    def sample(rng: np.random.Generator) -> Floats:
        which = int(rng.integers(count))
        point: Floats = middles[which] + size[which] * rng.standard_normal(3)
        return point

    return sample


def _islands(rng: np.random.Generator, size_mm: float) -> Floats:
    """(n, 4): middles and radii, 1 to 2 mm, of places without calcium in a large triangle."""
    count = int(rng.integers(1, 4))
    return np.column_stack([rng.normal(0.0, 0.2 * size_mm, (count, 3)), rng.uniform(1.0, 2.0, count)])
