"""Duct trees: one a lobe, branching from the nipple's base into the gland."""

from __future__ import annotations

import numpy as np

from phantom.anatomy.breast import Curve
from phantom.anatomy.outline import BreastOutline
from phantom.arrays import Floats, Ints

_GENERATIONS = 6
_NODES = 9


def grow_ducts(body: BreastOutline, lobes: int, root_radius_mm: float, rng: np.random.Generator) -> tuple[Curve, ...]:
    """The ducts of a breast.

    Lobes share the solid angle behind the nipple evenly; each starts within the nipple's base
    (23 ducts, interquartile range 19-28: Rusby 2007; converging over its breadth, not in a point).
    Branches shorten by 0.62-0.85 and thin by 0.65-0.95 a generation (VICTRE's ranges, narrowed:
    an estimate), down to 0.1 mm.

    Parameters
    ----------
    body : BreastOutline
    lobes : int
        How many trees.
    root_radius_mm : float
        Half calibre of a main duct.
    rng : numpy Generator
    """
    start, heading = _roots(body, lobes, rng)
    length: Floats = rng.uniform(0.22, 0.34, lobes) * body.height_mm
    radius: Floats = root_radius_mm * rng.uniform(0.7, 1.3, lobes)
    parent, lobe = np.full(lobes, -1), np.arange(lobes)
    curves: list[Curve] = []
    for generation in range(_GENERATIONS):
        if not len(start):
            break
        points = _paths(body, start, heading, length, rng)
        first = len(curves)
        ends = _accept(body, points, radius, parent, lobe, curves)
        grown = np.flatnonzero(ends >= 0)
        children = 2 if generation else 3
        start, heading, length, radius, parent, lobe = _branch(
            points, ends, grown, children, (length, radius, lobe), first, rng
        )
    return tuple(curves)


def _roots(body: BreastOutline, lobes: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Starts (lobes, 3) on the nipple's base and headings (lobes, 3), spread like a sunflower's seeds."""
    k = np.arange(lobes) + 0.5
    out = np.sqrt(k / lobes)
    turn = k * 2.39996 + rng.uniform(0, 6.28)
    base = body.tip_mm - np.array([7.0, 0, 0])
    start = base + np.stack([-3.0 * out, 6.5 * out * np.cos(turn), 6.5 * out * np.sin(turn)], axis=1)
    tilt = 1.15 * out
    heading = np.stack([-np.cos(tilt), np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn)], axis=1)
    return start, _unit(heading + 0.12 * rng.standard_normal((lobes, 3)))


def _paths(body: BreastOutline, start: Floats, heading: Floats, length: Floats, rng: np.random.Generator) -> Floats:
    """(n, nodes, 3): wandering paths that bend away from the skin."""
    points = np.empty((len(start), _NODES, 3))
    points[:, 0] = start
    for k in range(1, _NODES):
        close = np.clip((body.level(points[:, k - 1]) - 0.62) / 0.2, 0, 1)[:, None]
        inward = -body.normals(points[:, k - 1])
        heading = _unit(heading + 0.16 * rng.standard_normal(heading.shape) + 0.22 * close * inward)
        points[:, k] = points[:, k - 1] + heading * (length / (_NODES - 1))[:, None]
    return points


def _accept(body: BreastOutline, points: Floats, radius: Floats, parent: Ints, lobe: Ints, curves: list[Curve]) -> Ints:
    """Append the branches that stay in the gland; the node each ends at, -1 for what is dropped."""
    level = body.level(points)
    inside = (level < 0.86) & (points[..., 0] > 3.0)
    inside[:, 0] |= parent < 0
    inside[:, 1:6] |= (parent < 0)[:, None]  # a main duct passes the fat behind the nipple
    ends = np.where(inside.all(axis=1), _NODES, np.argmin(inside, axis=1)) - 1
    taper = radius[:, None] * np.linspace(1.0, 0.85, _NODES)
    for i in np.flatnonzero(ends >= 2):
        nodes = slice(0, ends[i] + 1)
        curves.append(Curve(len(curves), "duct", points[i, nodes], taper[i, nodes], int(parent[i]), int(lobe[i])))
    return np.where(ends >= 2, ends, -1)


def _branch(
    points: Floats,
    ends: Ints,
    grown: Ints,
    children: int,
    state: tuple[Floats, Floats, Ints],
    first: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats, Floats, Floats, Ints, Ints]:
    """Starts, headings, lengths, radii, parents and lobes of the next generation."""
    length, radius, lobe = state
    number = first + np.arange(len(grown))
    who = np.repeat(np.arange(len(grown)), children)
    mother = grown[who]
    back = rng.integers(0, 4, len(who)) * (np.tile(np.arange(children), len(grown)) > 0)
    node = np.maximum(ends[mother] - back, 1)
    start = points[mother, node]
    forward = _unit(points[mother, node] - points[mother, node - 1])
    aside = _unit(np.cross(forward, rng.standard_normal(forward.shape)))
    angle = np.radians(rng.uniform(15, 48, len(who)))[:, None]
    heading = _unit(forward * np.cos(angle) + aside * np.sin(angle))
    thin = rng.uniform(0.65, 0.95, len(who))
    keep = radius[mother] * thin > 0.1
    return (
        start[keep],
        heading[keep],
        (length[mother] * rng.uniform(0.62, 0.85, len(who)))[keep],
        (radius[mother] * thin)[keep],
        number[who][keep],
        lobe[mother][keep],
    )


def _unit(v: Floats) -> Floats:
    return np.asarray(v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12))
