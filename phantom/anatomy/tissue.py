"""Fibroglandular tissue: lobules of fat in a scaffold of gland, as a score that density thresholds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.fft import next_fast_len

from phantom.anatomy import texture
from phantom.anatomy.outline import Body
from phantom.geometry.interpolate import trilinear

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]
F32 = np.ndarray[Any, np.dtype[np.float32]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]

_STEP_MM = 2.0
_WARP = 0.78  # below 1: structures are drawn out along the lines to the nipple


@dataclass(frozen=True)
class Pattern:
    """How the parenchyma is built; all lengths in mm, all strengths relative to each other (estimates).

    Attributes
    ----------
    lobule_mm, lobe_mm : float
        Typical size of fat lobules (Bakic: compartments of 8-12 mm) and of the lobes they form.
    cloud, cellular : float
        Weights of the smooth power-law field and of the lobules' own values in the gland's score.
    wall_mm : float
        Typical thickness of the walls between lobules (Cooper's ligaments).
    core : float
        How strongly gland keeps to the middle behind the nipple.
    subcutaneous_mm : float
        Fat under the skin that gland keeps out of.
    """

    lobule_mm: float = 9.0
    lobe_mm: float = 19.0
    cloud: float = 0.7
    cellular: float = 1.0
    wall_mm: float = 0.5
    core: float = 1.5
    subcutaneous_mm: float = 9.0


@dataclass(frozen=True, eq=False)
class Parenchyma:
    """Where there is gland, as a score that a threshold turns into a density, and the scaffold of ligaments.

    Attributes
    ----------
    body : Body
    pattern : Pattern
    lattice : (nx, ny, nz) complex64
        On a lattice of warped coordinates, side by side for one look-up: the score, and as imaginary part the
        scaffold, how far inside a wall between lobules, mm, negative between walls.
    origin : (3,) float32
        Warped coordinates of its first voxel.
    """

    body: Body
    pattern: Pattern
    lattice: np.ndarray[Any, np.dtype[np.complex64]]
    origin: F32

    def score(self, points_mm: Floats) -> F32:
        """The gland's score at points (..., 3) of the free breast."""
        return self.structure(points_mm)[0]

    def structure(self, points_mm: Floats) -> tuple[F32, F32]:
        """The gland's score, and the depth inside a wall in mm, at points (..., 3) of the free breast."""
        at = (warp(self.body, np.asarray(points_mm, np.float32)) - self.origin) / np.float32(_STEP_MM)
        found = trilinear(self.lattice, np.asarray(at, np.float32))
        return found.real, found.imag

    def weight(self, points_mm: Floats) -> Floats:
        """0 to 1: how glandular places (n, 3) tend to be."""
        out: Floats = 1 / (1 + np.exp(-2.0 * self.score(points_mm).astype(float)))
        return out


def _drift(white: np.ndarray[Any, Any], f: F32, shape: tuple[int, int, int]) -> F32:
    """A smooth field of unit variance at 12 to 40 mm, independent of the cloud by a quarter turn of its phases."""
    return texture.shaped(white * np.complex64(1j), texture.band(f, 12.0, 40.0), shape)


def tendency(body: Body, pattern: Pattern, points: F32, level: Floats) -> tuple[F32, F32]:
    """Smooth parts of the score and of the scaffold at points (..., 3) mm, of which `level` is the body's.

    Gland keeps behind the nipple, away from the skin and the chest; walls thin out just under the skin.
    """
    margin = (1 - level) * 0.5 * (body.lateral_mm + body.upper_mm)  # about the depth below the skin
    x = points[..., 0] / body.height_mm
    outer = 0.25 * (points[..., 1] / body.lateral_mm + points[..., 2] / body.upper_mm)
    core = -pattern.core * ((level / 0.62) ** 2 - 1) * 0.5 + 0.8 * outer
    # the fat under the skin thins out toward the nipple, where ducts pass
    under = pattern.subcutaneous_mm * np.clip(1.25 - 0.9 * x, 0.3, 1.0)
    skin = -6.0 * np.clip(1 - (margin - 1.5) / under, 0, None)
    back = -1.6 * np.clip(1 - points[..., 0] / (0.22 * body.height_mm), 0, 1.5) ** 2
    near_skin = np.clip(2.0 - np.abs(margin) / 5.0, 0, None)
    thin = -0.35 * pattern.wall_mm * (near_skin + np.clip((level - 0.7) / 0.25, 0, 0.8))
    return np.asarray(core + skin + back, np.float32), np.asarray(thin, np.float32)


def warp(body: Body, points: Floats) -> Floats:
    """Coordinates in which structure is isotropic: distances to the nipple shrink as their power."""
    away = points - body.tip_mm.astype(np.float32)
    rho = np.sqrt(np.maximum((away * away).sum(axis=-1, keepdims=True), np.float32(1.0)))
    scale = np.float32(body.height_mm)
    out: Floats = away * ((rho / scale) ** np.float32(_WARP - 1))
    return out


def unwarp(body: Body, warped: Floats) -> Floats:
    """The points whose warped coordinates these are."""
    length = np.sqrt(np.maximum((warped * warped).sum(axis=-1, keepdims=True), np.float32(1e-6)))
    scale = np.float32(body.height_mm)
    rho = scale * (length / scale) ** np.float32(1 / _WARP)
    out: Floats = warped * (rho / length) + body.tip_mm.astype(np.float32)
    return out


def grow_parenchyma(
    body: Body, pattern: Pattern, rng: np.random.Generator, twin: np.random.Generator | None = None
) -> Parenchyma:
    """Grow the structure of one breast.

    Parameters
    ----------
    body : Body
    pattern : Pattern
    rng : numpy Generator
        This breast's own dice.
    twin : numpy Generator, optional
        Dice shared with the other breast: about two thirds of the cloud's variance comes from them,
        so the two are alike, not copies.
    """
    origin, shape = _lattice(body)
    f = texture.frequencies(shape, _STEP_MM)
    white = texture.white(shape, rng)
    if twin is not None:
        white = np.float32(math.sqrt(1 / 3)) * white + np.float32(math.sqrt(2 / 3)) * texture.white(shape, twin)
    smooth, under_skin, needed = _tendency_on(body, pattern, origin, shape)
    cloud = texture.shaped(white * np.exp(-((f * 3.0) ** 2)), texture.power_law(f, 3.5, 60.0), shape)
    field = np.float32(pattern.cloud) * cloud
    scaffold = np.full(shape, -50.0, np.float32)
    for size, share, thick in ((pattern.lobule_mm, 0.7, 0.6), (pattern.lobe_mm, 1.0, 1.0)):
        per_cell = max(round(size / _STEP_MM), 3)
        wall, own = texture.cells(shape, per_cell, rng, needed)
        wall *= np.float32(size / per_cell)
        # lobules are round: their own value fades toward their walls
        field += np.float32(pattern.cellular * share) * own * np.clip(wall / np.float32(0.25 * size), 0, 1)
        np.maximum(scaffold, np.float32(thick) - wall / np.float32(0.5 * pattern.wall_mm), out=scaffold)
    # walls thicken and fade from place to place
    scaffold += np.float32(0.9) * _drift(white, f, shape)
    scaffold *= np.float32(0.5 * pattern.wall_mm)
    field -= field[needed].mean()
    field += smooth
    scaffold += under_skin
    return Parenchyma(body, pattern, field + np.complex64(1j) * scaffold, origin)


def _tendency_on(body: Body, pattern: Pattern, origin: Floats, shape: tuple[int, int, int]) -> tuple[F32, F32, Bools]:
    """The smooth parts on the lattice, worked out at every second point of each axis, linear between; where the body is."""
    axes = [o + 2 * _STEP_MM * np.arange(n // 2 + 2) for o, n in zip(origin, shape, strict=True)]
    points = unwarp(body, np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).astype(np.float32))
    level = body.level(points)
    smooth, thin = tendency(body, pattern, points, level)
    # an interpolation reaches one point further than the body
    near = (level < 1.2) & (points[..., 0] > -8.0)
    within = near.repeat(2, axis=0).repeat(2, axis=1).repeat(2, axis=2)[tuple(slice(0, n) for n in shape)]
    return _doubled(smooth, shape), _doubled(thin, shape), within


def _doubled(values: F32, shape: tuple[int, int, int]) -> F32:
    """Linear interpolation to twice as many points along each axis."""
    for axis, size in enumerate(shape):
        values = np.moveaxis(values, axis, 0)
        out = np.empty((2 * len(values) - 1, *values.shape[1:]), np.float32)
        out[::2] = values
        out[1::2] = np.float32(0.5) * (values[:-1] + values[1:])
        values = np.moveaxis(out[:size], 0, axis)
    return np.ascontiguousarray(values)


def _lattice(body: Body) -> tuple[F32, tuple[int, int, int]]:
    """Origin and shape of a lattice that holds the warped body."""
    lo, hi = body.bounds_mm
    ends = np.stack(
        np.meshgrid(*[np.linspace(a - 3, b + 3, 9) for a, b in zip(lo, hi, strict=True)], indexing="ij"), axis=-1
    )
    warped = warp(body, ends.reshape(-1, 3).astype(np.float32))
    origin = np.asarray(warped.min(axis=0) - 4.0, np.float32)
    n = [int(next_fast_len(math.ceil(e / _STEP_MM), real=True)) for e in warped.max(axis=0) + 4.0 - origin]
    return origin, (n[0], n[1], n[2])
