"""Cooper's ligaments and finer fibres: strands from the gland to the skin and through the fat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phantom.anatomy.outline import BreastOutline
from phantom.arrays import Floats

_NODES = 18


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


def grow_ligaments(body: BreastOutline, count: int, rng: np.random.Generator) -> Strands:
    """Ligaments that leave the gland's surface, slant toward the nipple and fan out into the skin.

    Radii 0.05-0.25 mm (ligament thickness 0.1 mm in VICTRE, 0.2-0.6 mm in the UPenn phantom).
    """
    theta = np.arcsin(rng.uniform(0.02, 0.97, count))
    psi = rng.uniform(-np.pi, np.pi, count)
    t = np.linspace(0, 1, _NODES)
    inner, outer = rng.uniform(0.45, 0.8, (count, 1)), rng.uniform(0.86, 0.985, (count, 1))
    level = inner + (outer - inner) * t
    slant, turn = rng.normal(0.16, 0.2, (count, 1)), rng.normal(0.0, 0.25, (count, 1))
    curl = rng.normal(0, 0.10, (count, 1)) * np.sin(np.pi * t)
    points = body.shell(
        np.clip(theta[:, None] + slant * (t - 0.5) + curl, 0.01, 1.5),
        psi[:, None] + turn * (t - 0.5) + rng.normal(0, 0.1, (count, 1)) * np.sin(np.pi * t),
        level,
    )
    radius = np.exp(rng.normal(np.log(0.16), 0.4, (count, 1))) * _taper(t)
    return Strands(points + _waver(count, 0.5, rng), np.clip(radius, 0.03, 0.4), 1.9)


def grow_fibres(body: BreastOutline, count: int, rng: np.random.Generator) -> Strands:
    """Short fine strands everywhere, mostly along the lobes' direction: the grain seen between ligaments."""
    theta = np.arcsin(rng.uniform(0.0, 0.96, count))[:, None]
    psi = rng.uniform(-np.pi, np.pi, (count, 1))
    level = np.sqrt(rng.uniform(0.05, 0.9, (count, 1)))
    t = np.linspace(-0.5, 0.5, _NODES)
    long = rng.uniform(0.06, 0.28, (count, 1))
    along = rng.random((count, 1)) < 0.65
    bend = rng.normal(0, 0.5, (count, 1)) * (t * t - 0.25)
    points = body.shell(
        np.clip(theta + long * np.where(along, t, 0.6 * bend), 0.01, 1.5),
        psi + long * np.where(along, bend, 1.3 * t),
        np.clip(level + rng.normal(0, 0.35, (count, 1)) * long * t + 0.4 * long * bend, 0.05, 0.965),
    )
    radius = np.exp(rng.normal(np.log(0.10), 0.35, (count, 1))) * _taper(t + 0.5)
    return Strands(points + _waver(count, 0.35, rng), np.clip(radius, 0.03, 0.25), 1.5)


def _taper(t: Floats) -> Floats:
    """Strands fade in and out: full in the middle half, nothing at both ends."""
    return np.asarray(np.sqrt(np.clip(np.sin(np.pi * t), 0.0, 1.0)))


def _waver(count: int, size_mm: float, rng: np.random.Generator) -> Floats:
    """(count, nodes, 3): small smooth bends, different for each strand."""
    t = np.linspace(0, 2 * np.pi, _NODES)[None, :, None]
    out = np.zeros((count, _NODES, 3))
    for waves in (0.9, 1.7, 3.1):
        size = rng.normal(0, size_mm / waves**0.7, (count, 1, 3))
        out += size * np.sin(waves * t * rng.uniform(0.7, 1.4, (count, 1, 1)) + rng.uniform(0, 6.28, (count, 1, 3)))
    return out
