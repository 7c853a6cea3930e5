"""The parenchyma's shadow: the score, sharpened slab by slab until the density asked for is met."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from phantom.anatomy import texture
from phantom.anatomy.breast import Breast
from phantom.arrays import F32
from phantom.geometry.compression import Compression
from phantom.geometry.grid import Grid
from phantom.geometry.interpolate import resample
from phantom.recipe.seed import Seed

_SLAB_MM = 4.2
_EVERY = 3  # the score is followed at every third point of the plane, then interpolated
_STEEP = np.float32(4.5)
_GRAIN = 0.12  # mm, at 1 mm of gland: texture beyond 0.9 cycles/mm
_LEAST = np.float32(0.4)  # of a wall's usual steepness: where it is less, as in their crossings, walls must not grow without end
_SHARP = np.float32(0.2)  # mm, half a point of the plane: no edge is sharper


def spread(breast: Breast, pressed: Compression, plane: Grid, room: F32, target_mm3: float, seed: Seed) -> F32 | None:
    """Path length of the parenchyma over a plane, (rows, columns) float32, of a total volume.

    Parameters
    ----------
    breast, pressed
    plane : Grid
    room : (rows, columns) float32
        Millimetres that tissue may fill under each point.
    target_mm3 : float
        The volume to meet.
    seed : Seed

    Returns
    -------
    array, or None
        None where even all the room would not do.
    """
    slabs = int(np.clip(round(pressed.thickness_mm / _SLAB_MM), 8, 36))
    score, wall, half = _structure(breast, pressed, plane, slabs)
    sheets = breast.fine.sheets
    where = seed.child("offsets").rng().integers(0, 1 << 16, (slabs, 3))
    per_slab = room / np.float32(slabs)
    full = np.empty((slabs, *plane.shape), np.float32)
    walls = np.empty_like(full)
    above = _on(plane, wall[0])
    for k in range(slabs):
        sheet = texture.tiled(sheets[where[k, 2] % len(sheets)], plane, where[k, :2])
        np.add(_on(plane, score[k]), sheet, out=full[k])
        below, above = above, _on(plane, wall[k + 1])
        walls[k] = _covered(below, above, _on(plane, half[k]))
    walls *= np.float32(_scarce(walls, per_slab, 0.5 * target_mm3 / plane.pitch_mm**2))
    offset = _offset(full, walls, per_slab, target_mm3 / plane.pitch_mm**2)
    if offset is None:
        return None
    out = np.zeros(plane.shape, np.float32)
    for k in range(slabs):
        out += _fraction(full[k], walls[k], offset)
    out *= per_slab
    got = float(out.sum(dtype=np.float64)) * plane.pitch_mm**2
    out *= np.float32(target_mm3 / max(got, 1e-9))
    return out


def _scarce(walls: F32, per_slab: F32, most: float) -> float:
    """How far the walls must be thinned so that in the fattiest breasts they leave room for gland."""
    filled = float((walls.sum(axis=0) * per_slab).sum(dtype=np.float64))
    return min(1.0, most / max(filled, 1e-9))


def _on(plane: Grid, values: F32) -> F32:
    """What is known at every third point, on all of them."""
    return np.asarray(resample(values, (1.0, 1.0), 1 / _EVERY, plane.shape, cubic=False))


def _covered(below: F32, above: F32, half: F32) -> F32:
    """The part of a slab that a wall fills, from the distances to it below and above: where they lie within `half`."""
    middle, reach = below + above, np.abs(above - below)
    middle *= np.float32(0.5)
    np.maximum(reach, _SHARP, out=reach)
    out = np.minimum(half, middle + np.float32(0.5) * reach)
    out -= np.maximum(-half, middle - np.float32(0.5) * reach)
    out /= reach
    return np.asarray(np.maximum(out, 0, out=out))


def _structure(breast: Breast, pressed: Compression, plane: Grid, slabs: int) -> tuple[F32, F32, F32]:
    """At every third point: score of each slab, distance from a wall at each slab's ends, and half its thickness.

    (slabs, rows, columns), of the distance one more.
    """
    step = _EVERY * plane.pitch_mm
    # one point before the plane's first and two behind its last, for the interpolation
    y, x = (o + step * np.arange(-1, n // _EVERY + 3) for o, n in zip(plane.origin_mm[::-1], plane.shape, strict=True))
    x0, y0, bottom, top, away = pressed.continued(x[None, :], y[:, None], 0.93 if pressed.chest.fold_mm else 1.0)
    inside = pressed.edge_mm(x[None, :], y[:, None]) > -2 * step
    part = (np.arange(slabs + 1) / slabs)[:, None]
    h = bottom[inside] + part * (top - bottom)[inside]
    axes = pressed.view.axes
    points = np.empty((*h.shape, 3), np.float32)
    for k in range(3):
        points[..., k] = x0[inside] * axes[0, k] + y0[inside] * axes[1, k] + h * axes[2, k]
    # outside the free breast gland ends soon, and walls more slowly
    faded = np.minimum(away[inside] / 12.0, 2.0).astype(np.float32)
    score, wall, half = (np.full((slabs + 1, *inside.shape), beside, np.float32) for beside in (-10.0, 1.0, -3.0))
    score[:, inside], wall[:, inside], half[:, inside] = breast.parenchyma.structure(points)
    score[:, inside] -= 4 * faded
    half[:, inside] -= np.float32(0.25) * faded
    down, back, aside = (np.gradient(wall, size, axis=k) for k, size in enumerate((1.0, step, step)))
    down *= np.float32(slabs / pressed.thickness_mm)
    # as thick in the units of the distance, which is only roughly in mm
    half *= np.maximum(np.sqrt(down * down + back * back + aside * aside), _LEAST)
    middle = np.float32(0.5)
    return middle * (score[1:] + score[:-1]), wall, middle * (half[1:] + half[:-1])


def _fraction(score: F32, walls: F32, offset: float) -> F32:
    """0 to 1: how much of a place is gland or wall; gland is a steep sigmoid of the score."""
    z = _STEEP * (np.float32(offset) - score)
    np.clip(z, -30, 30, out=z)
    np.exp(z, out=z)
    z += 1
    np.reciprocal(z, out=z)
    return np.asarray(np.maximum(z, walls, out=z))


def _offset(score: F32, walls: F32, per_slab: F32, target: float) -> float | None:
    """The offset at which the fractions fill the target, by bisection on every few points."""
    step = max(1, int(math.sqrt(score[0].size / 6000)))
    some = np.ascontiguousarray(score[:, ::step, ::step])
    some_walls = np.ascontiguousarray(walls[:, ::step, ::step])
    weight = np.ascontiguousarray(per_slab[::step, ::step])
    whole = float(weight.sum(dtype=np.float64)) * len(score) * step * step
    if target > 0.85 * whole:
        return None
    lo, hi = -15.0, 15.0
    for _ in range(24):
        middle = 0.5 * (lo + hi)
        filled = float((_fraction(some, some_walls, middle) * weight).sum(dtype=np.float64)) * step * step
        lo, hi = (middle, hi) if filled > target else (lo, middle)
    return 0.5 * (lo + hi)


def grain(breast: Breast, gland: F32, plane: Grid, fine: Grid, seed: Seed, seen_on: Callable[[F32, Grid, Grid], F32]) -> F32:
    """The parenchyma on the fine lattice, with texture beyond what the plane's points can carry.

    The texture goes on from where the sheets leave off, as a power law, as strong as the gland under
    it varies; without it the spectrum would have a hole between structure and quantum noise.
    """
    strength = (np.maximum(gland, 0) + np.float32(1.0)) ** np.float32(0.35) * np.float32(_GRAIN)
    out = texture.tiled(breast.fine.grain, fine, seed.child("grain").rng().integers(0, 1 << 16, 2))
    out *= seen_on(strength, plane, fine)
    out += seen_on(gland, plane, fine)
    return np.maximum(out, 0, out=out)
