"""Rough bodies drawn afresh for each: dots that are not quite round, broken stone, lava, popcorn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.arrays import Floats
from phantom.geometry.solids.ellipsoids import fibonacci_sphere
from phantom.geometry.solids.lumps import Lump
from phantom.geometry.turning import axes_of, random_turn


@dataclass(frozen=True)
class Texture:
    """How uneven a body is, at its surface and inside. All are estimates, set by eye beside published examples.

    Attributes
    ----------
    height : float
        Root mean square of the unevenness, as `Lump` counts it: half of it is the surface's, relative to a radius.
    longest, shortest : float
        Its wavelengths over the body's size.
    finest_mm : float
        No wavelength is shorter.
    solid, edge : float
        As `Lump` has them: the more solid, the fewer pores; the edge is how gradually density changes.
    waves : int
    """

    height: float
    longest: float
    shortest: float
    finest_mm: float = 0.12
    solid: float = 0.6
    edge: float = 0.3
    waves: int = 12


ROUNDED = Texture(height=0.24, longest=1.3, shortest=0.45, solid=1.2, edge=0.35, waves=8)
STONE = Texture(height=0.55, longest=0.8, shortest=0.25, solid=1.0, edge=0.2, waves=14)
LAVA = Texture(height=0.50, longest=0.6, shortest=0.06, finest_mm=0.22, solid=0.62, edge=0.75, waves=22)
POPCORN = Texture(height=0.42, longest=0.45, shortest=0.06, finest_mm=0.3, solid=0.3, edge=0.9, waves=22)

# Blobs of each body: how many, their radii and how far out their middles lie, all over half the body's size (estimates)
_STONE_BLOBS, _STONE_RADIUS, _STONE_OUT = (2, 6), (0.26, 0.5), 0.75
_LAVA_BLOBS, _LAVA_RADIUS, _LAVA_OUT = (5, 12), (0.2, 0.42), 0.6
_POPCORN_CORE, _POPCORN_OUT, _BUMPS_PER_LOBE = (0.22, 0.4), 0.55, 5
_POPCORN_RADIUS, _POPCORN_SMALL = (0.3, 0.75), (0.12, 0.3)
_PLATE_BLOBS, _PLATE_OVAL = 3.0, (0.5, 1.0)  # blobs times the plate's thickness over its size; and its width
_LUCENT_RADIUS, _LUCENT_WEIGHT = (0.3, 0.5), (-3.5, -1.5)
_MANY_BUMPS, _LEAST_LEFT = 10, 0.01  # from so many on, twice the clefts; of its cube a body keeps at least so much
_CLEFT_RADIUS, _CLEFT_WEIGHT = (0.1, 0.22), (-4.0, -2.0)
_DIRECTIONS = fibonacci_sphere(64)


def dot(rng: np.random.Generator, size_mm: float, aspect: float) -> Lump:
    """A dot that is nearly round: its outline a little uneven."""
    stretch = np.array([1.0, *(1.0 / rng.uniform(1.0, aspect, 2))])
    middles = rng.normal(0.0, 0.22, (3, 3)) * stretch
    return body(rng, size_mm, middles, rng.uniform(0.55, 0.9, 3), np.full(3, 0.6), ROUNDED)


def stone(rng: np.random.Generator, size_mm: float, aspect: float, lobes: int | None = None) -> Lump:
    """A broken stone: irregular, some of it grown together from several."""
    count = int(rng.integers(*_STONE_BLOBS)) if lobes is None else lobes
    stretch = np.array([1.0, *(1.0 / rng.uniform(1.0, aspect, 2))])
    middles = _spread(rng, count, _STONE_OUT) * stretch
    return body(rng, size_mm, middles, rng.uniform(*_STONE_RADIUS, count), np.ones(count), STONE)


def plate(rng: np.random.Generator, size_mm: float, thickness_mm: float, axes: Floats) -> Lump:
    """A flat, irregular scale, its face across the third column of `axes`."""
    thin = thickness_mm / size_mm
    count = max(4, round(_PLATE_BLOBS / thin))
    out = np.sqrt(rng.random(count)) * (1.0 - thin)
    around = rng.uniform(0.0, 2.0 * math.pi, count)
    oval = rng.uniform(*_PLATE_OVAL)
    flat = np.column_stack([out * np.cos(around), oval * out * np.sin(around), np.zeros(count)])
    return body(rng, size_mm, flat, thin * rng.uniform(0.8, 1.3, count), np.full(count, 0.8), STONE, axes)


def lava(rng: np.random.Generator, size_mm: float, aspect: float, lucent: bool) -> Lump:
    """A plaque like lava: rough, porous; `lucent`, around one or two empty middles."""
    count = int(rng.integers(*_LAVA_BLOBS))
    stretch = np.array([1.0, 1.0 / rng.uniform(1.0, aspect), rng.uniform(0.35, 0.7)])
    radii = rng.uniform(*_LAVA_RADIUS, count)
    weights = rng.uniform(0.7, 1.3, count)
    if not lucent:
        return body(rng, size_mm, _spread(rng, count, _LAVA_OUT) * stretch, radii, weights, LAVA)
    around = (np.arange(count) + rng.uniform(-0.35, 0.35, count)) * 2.0 * math.pi / count
    out = rng.uniform(0.55, 0.8, count)
    ring = np.column_stack([out * np.cos(around), out * np.sin(around), rng.normal(0.0, 0.25, count)]) * stretch
    holes = int(rng.integers(1, 3))
    middles = np.concatenate([ring, rng.normal(0.0, 0.22, (holes, 3)) * stretch])
    radii = np.concatenate([radii * 1.1, rng.uniform(*_LUCENT_RADIUS, holes)])
    return body(rng, size_mm, middles, radii, np.concatenate([weights, rng.uniform(*_LUCENT_WEIGHT, holes)]), LAVA)


def popcorn(rng: np.random.Generator, size_mm: float, aspect: float, bumps: int) -> Lump:
    """Knobs upon knobs around a core, with clefts between and pores inside."""
    stretch = np.array([1.0, *(1.0 / rng.uniform(1.0, aspect, 2))])
    # a few lobes that touch, then knobs on all of them
    lobes = 1 + bumps // _BUMPS_PER_LOBE
    middles = list(_spread(rng, lobes, _POPCORN_OUT) * stretch)
    radii = rng.uniform(*_POPCORN_CORE, lobes).tolist()
    for k in range(2 * bumps):
        base = int(rng.integers(min(len(radii), 1 + bumps)))
        direction = _direction(rng) * stretch
        share = rng.uniform(*(_POPCORN_RADIUS if k < bumps else _POPCORN_SMALL))
        middles.append(middles[base] + direction * radii[base] * rng.uniform(1.05, 1.6))
        radii.append(max(_POPCORN_CORE[0] * share, 0.06))
    knobs = len(radii)
    # clefts would leave little of a small body
    for _ in range(bumps + 2 if bumps >= _MANY_BUMPS else bumps // 2 + 2):
        one, other = rng.integers(knobs, size=2)
        middles.append(0.5 * (middles[one] + middles[other]) + rng.normal(0.0, 0.08, 3))
        radii.append(float(rng.uniform(*_CLEFT_RADIUS)))
    weights = np.concatenate([np.ones(knobs), rng.uniform(*_CLEFT_WEIGHT, len(radii) - knobs)])
    made = body(rng, size_mm, np.array(middles), np.array(radii), weights, POPCORN)
    if made.volume_mm3 > _LEAST_LEFT * size_mm**3:
        return made
    return body(rng, size_mm, np.array(middles[:knobs]), np.array(radii[:knobs]), weights[:knobs], POPCORN)


def body(
    rng: np.random.Generator,
    size_mm: float,
    middles: Floats,
    radii: Floats,
    weights: Floats,
    texture: Texture,
    axes: Floats | None = None,
) -> Lump:
    """A body of blobs at any scale, made `size_mm` large, turned and made uneven.

    Parameters
    ----------
    middles, radii, weights : (n, 3), (n,) and (n,) arrays
    axes : (3, 3) array or None
        The body's axes in the breast's frame, in the columns; at random if None.
    """
    held = weights > 0.0
    reach = middles[held] @ _DIRECTIONS
    wide = float((np.max(reach + radii[held, None], axis=0) - np.min(reach - radii[held, None], axis=0)).max())
    scale = size_mm / wide
    middle = 0.5 * (middles[held].max(axis=0) + middles[held].min(axis=0))
    turned = scale * (middles - middle) @ (axes_of(random_turn(rng)) if axes is None else axes).T
    blobs = np.column_stack([turned, scale * radii, weights])
    rough = Lump(_tuples(blobs), _waves(rng, size_mm, texture), texture.solid, texture.edge)
    points, step = rough.reach_mm
    grown = float(np.ptp(points @ _DIRECTIONS, axis=0).max()) + 0.5 * step
    return resized(rough, size_mm / grown)


def resized(lump: Lump, factor: float) -> Lump:
    """The same body with all lengths times a factor."""
    blobs = np.array(lump.blobs) * np.array([factor] * 4 + [1.0])
    waves = np.array(lump.waves).reshape(-1, 5) / np.array([factor] * 3 + [1.0] * 2)
    return Lump(_tuples(blobs), _tuples(waves), lump.solid, lump.edge)


def _waves(rng: np.random.Generator, size_mm: float, texture: Texture) -> Any:
    """Waves in all directions, the long ones higher: height goes as the root of the wavelength."""
    short = max(texture.shortest * size_mm, min(texture.finest_mm, 0.5 * texture.longest * size_mm))
    lengths = np.exp(rng.uniform(math.log(short), math.log(texture.longest * size_mm), texture.waves))
    heights = np.sqrt(lengths)
    heights *= texture.height * math.sqrt(2.0 / float((heights * heights).sum()))
    directions = rng.standard_normal((texture.waves, 3))
    directions *= (2.0 * math.pi / lengths / np.sqrt((directions * directions).sum(axis=1)))[:, None]
    return _tuples(np.column_stack([directions, rng.uniform(0.0, 2.0 * math.pi, texture.waves), heights]))


def _spread(rng: np.random.Generator, count: int, out: float) -> Floats:
    """Middles (count, 3) at random within a ball of radius `out`."""
    points: Floats = np.array([_direction(rng) * out * rng.random() ** (1.0 / 3.0) for _ in range(count)])
    return points


def _direction(rng: np.random.Generator) -> Floats:
    direction = rng.standard_normal(3)
    out: Floats = direction / math.sqrt(float((direction * direction).sum()))
    return out


def _tuples(rows: Floats) -> Any:
    return tuple(tuple(row) for row in rows.tolist())
