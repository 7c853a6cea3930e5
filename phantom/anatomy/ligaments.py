"""The breast's fabric: Cooper's ligaments and thousands of thin strands along one smooth direction field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from phantom.anatomy.outline import BreastOutline
from phantom.anatomy.parenchyma import Parenchyma
from phantom.arrays import Floats

_NODES = 14
# Estimates, of fibres: sd of ln thickness, its most, and how much longer (ln) bold ones are: a short one is a rod
_UNLIKE, _BOLDEST, _LONGER = 0.75, 1.0, 0.4
_IN_SKIN_MM = 1.5  # below the skin's surface, where ligaments end in it
# Estimates: how far strands wander sideways (sd, mm) at each wavelength, and by how much their ln thickness varies (sd)
_WANDER_MM = {40.0: 0.8}
_UNEVEN = {16.0: 0.3}


@dataclass(frozen=True, eq=False)
class Strands:
    """Many thin curves of the same number of nodes.

    Attributes
    ----------
    points_mm : (n, nodes, 3) array
    radius_mm : (n, nodes) array
        Half their breadth across the beam.
    ribbon : float
        Depth along the beam over breadth: strands are sheets seen edge on.
    """

    points_mm: Floats
    radius_mm: Floats
    ribbon: float


def grow_ligaments(parenchyma: Parenchyma, count: int, rng: np.random.Generator) -> Strands:
    """Ligaments that leave gland, slant toward the nipple and end in the skin, thin and nearly straight.

    Radii 0.04-0.15 mm (ligament thickness 0.1 mm in VICTRE, 0.2-0.6 mm in the UPenn phantom).
    """
    body = parenchyma.body
    places = _within(body, 12 * count, rng, -8.0)
    depth = body.depth_mm(places)
    wish = parenchyma.weight(places) * np.exp(-depth / 14.0) * (depth < 30)
    start = places[rng.choice(len(places), count, p=wish / wish.sum())]
    normals = body.normals(start)
    heading = normals + 0.55 * parenchyma.along(start) + 0.35 * rng.standard_normal((count, 3))
    outward = (heading * normals).sum(axis=1) / np.linalg.norm(heading, axis=1)
    reach = rng.uniform(0.75, 1.0, count) * (body.depth_mm(start) - _IN_SKIN_MM) / np.maximum(outward, 0.3)
    radius = 0.08 * np.exp(rng.normal(0, 0.6, count))
    drawn = _drawn(start, heading, np.clip(reach, 4.0, 45.0), radius, 0.25, rng, centred=False)
    return replace(drawn, points_mm=_held(body, drawn.points_mm))


def grow_fibres(parenchyma: Parenchyma, count: int, rng: np.random.Generator) -> Strands:
    """Thin strands along the direction field, dense in gland and sparse in fat; a part of them crosses it."""
    body = parenchyma.body
    places = _within(body, 2 * count, rng, -30.0)
    wish = 0.22 + parenchyma.weight(places)
    start = places[rng.choice(len(places), count, p=wish / wish.sum())]
    along = parenchyma.along(start)
    across = np.cross(along, rng.standard_normal((count, 3)))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    turn = np.where(rng.random(count) < 0.5, rng.normal(0, 0.3, count), rng.normal(0, 1.0, count))[:, None]
    heading = along * np.cos(turn) + across * np.sin(turn)
    bold = np.minimum(rng.normal(0, _UNLIKE, count), _BOLDEST)
    length = np.clip(np.exp(rng.normal(np.log(17.0), 0.6, count) + _LONGER * bold), 4.0, 80.0)
    return _drawn(start, heading, length, 0.062 * np.exp(bold), 0.1, rng, centred=True)


def _within(body: BreastOutline, count: int, rng: np.random.Generator, behind_mm: float) -> Floats:
    """Points (n, 3) spread evenly through the body, and so far behind its base."""
    lo, hi = body.bounds_mm
    places = rng.uniform([behind_mm, lo[1], lo[2]], hi, (count * 3, 3))
    held = places.copy()
    held[:, 0] = np.maximum(held[:, 0], 0.0)
    return np.asarray(places[body.level(held) < 0.97][: max(count, 1)])


def _held(body: BreastOutline, points: Floats) -> Floats:
    """Strands (n, nodes, 3) that begin in the breast, those that would pierce the skin drawn together about their
    beginning so that they end in it."""
    depth = body.depth_mm(points.reshape(-1, 3)).reshape(points.shape[:2])
    inside = np.logical_and.accumulate(depth > 0.5 * _IN_SKIN_MM, axis=1).sum(axis=1)
    kept = np.maximum(inside - 1, 1) / (points.shape[1] - 1)
    return np.asarray(points[:, :1] + kept[:, None, None] * (points - points[:, :1]))


def _drawn(
    start: Floats,
    heading: Floats,
    length: Floats,
    radius_mm: Floats,
    wander: float,
    rng: np.random.Generator,
    *,
    centred: bool,
) -> Strands:
    """Curves of given lengths from (or, centred, through) places along headings, that wander, of uneven thickness and
    tapered at both ends."""
    n = len(start)
    heading = heading / np.maximum(np.linalg.norm(heading, axis=1, keepdims=True), 1e-9)
    bend = np.cross(heading, rng.standard_normal((n, 3)))
    bend = bend / np.maximum(np.linalg.norm(bend, axis=1, keepdims=True), 1e-9)
    other = np.cross(heading, bend)
    t = np.linspace(-0.5, 0.5, _NODES) if centred else np.linspace(0.0, 1.0, _NODES)
    line = length[:, None, None] * t[None, :, None] * heading[:, None, :]
    arc = (rng.normal(0, 0.7 * wander, n) * length)[:, None] * (t * t - (0.25 if centred else 0.0))
    along = length[:, None] * t
    sideways = arc + _waves(along, _WANDER_MM, rng), _waves(along, _WANDER_MM, rng)
    points = start[:, None, :] + line
    for away, axis in zip(sideways, (bend, other), strict=True):
        points += away[:, :, None] * axis[:, None, :]
    t01 = np.linspace(0, 1, _NODES)
    taper = (
        np.sqrt(np.clip(np.sin(np.pi * t01), 0.02, 1.0)) if centred else np.sqrt(np.clip(1.05 - 0.6 * t01, 0.02, 1.0))
    )
    radius = radius_mm[:, None] * np.exp(_waves(along, _UNEVEN, rng)) * taper
    return Strands(points, np.clip(radius, 0.02, 0.4), 1.8)


def _waves(along_mm: Floats, sds: Mapping[float, float], rng: np.random.Generator) -> Floats:
    """(n, nodes): of each strand a random sum of waves, of these wavelengths (mm) and standard deviations."""
    out = np.zeros(along_mm.shape)
    for wave_mm, sd in sds.items():
        phase = rng.uniform(0, 2 * np.pi, (len(along_mm), 1))
        out += rng.normal(0, np.sqrt(2) * sd, (len(along_mm), 1)) * np.sin(2 * np.pi / wave_mm * along_mm + phase)
    return out
