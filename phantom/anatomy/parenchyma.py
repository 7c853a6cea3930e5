"""Fibroglandular tissue: a score that density thresholds, and the sheets of ligament that part it into lobules."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.fft import next_fast_len

from phantom.anatomy import texture
from phantom.anatomy.outline import BreastOutline
from phantom.arrays import F32, Floats
from phantom.geometry.interpolate import trilinear

_STEP_MM = 3.0
_EDGE = np.float32(1.0)  # of a field's unit: how far from a wall lobules keep its nearness
_BEHIND_MM = 30.0  # how far structure goes on behind the base
_WIDTH = 0.3  # half width of the bands that walls are the zeros of, in ln f
# A line meets 2 / (sqrt(3) wave) zeros a mm of a field in space (Rice 1945), of a band more by what its mean square
# frequency is above its middle's, exp(4 width^2) for one that is normal in ln f: the wave of two fields met once a mm.
_TWO_A_LINE = 4 / math.sqrt(3) * math.exp(2 * _WIDTH**2)
_WARP = 0.78  # below 1: structures are drawn out along the lines to the nipple


@dataclass(frozen=True)
class Pattern:
    """How the parenchyma is built; all lengths in mm, all strengths relative to each other (estimates).

    Attributes
    ----------
    lobule_mm, lobe_mm : float
        Mean distance along a line between the walls of lobules (Bakic: compartments of 8-12 mm) and of lobes.
    cloud, cellular : float
        Weights of the smooth power-law field and of the lobules' own values in the gland's score.
    wall_mm : float
        Typical thickness of the walls (Cooper's ligaments).
    core : float
        How strongly gland keeps to the middle behind the nipple.
    subcutaneous_mm : float
        Fat under the skin that gland keeps out of.
    """

    lobule_mm: float = 9.0
    lobe_mm: float = 33.0
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
    score : (nx, ny, nz) float32
        The gland's, on a lattice of warped coordinates.
    wall : (nx, ny, nz) float32
        Distance from the nearest wall, mm, roughly and not beyond some; its sign changes at every wall, so that
        it may be interpolated and walls stay as smooth as they are.
    half : (nx, ny, nz) float32
        Half the thickness of the walls there, mm; negative where there are none.
    origin : (3,) float32
        Warped coordinates of its first voxel.
    """

    body: BreastOutline
    pattern: Pattern
    score: F32
    wall: F32
    half: F32
    origin: F32

    def structure(self, points_mm: Floats) -> tuple[F32, F32, F32]:
        """Score, wall and half thickness at points (..., 3) of the free breast."""
        score, wall, half = trilinear((self.score, self.wall, self.half), self._places(points_mm))
        return score, wall, half

    def weight(self, points_mm: Floats) -> Floats:
        """0 to 1: how glandular places (n, 3) tend to be."""
        (score,) = trilinear((self.score,), self._places(points_mm))
        out: Floats = 1 / (1 + np.exp(-2.0 * score.astype(float)))
        return out

    def _places(self, points_mm: Floats) -> F32:
        at = (warp(self.body, np.asarray(points_mm, np.float32)) - self.origin) / np.float32(_STEP_MM)
        return np.asarray(at, np.float32)


def tendency(body: BreastOutline, pattern: Pattern, points: F32) -> tuple[F32, F32]:
    """Smooth parts of the score and of the walls' thickness at points (..., 3) mm.

    Gland keeps behind the nipple, away from the skin and the chest; walls thin out just under the skin.
    """
    level = body.level(points)
    margin = (1 - level) * 0.5 * (body.lateral_mm + body.upper_mm)  # about the depth below the skin
    x = points[..., 0] / body.height_mm
    outer = 0.25 * (points[..., 1] / body.lateral_mm + points[..., 2] / body.upper_mm)
    core = -pattern.core * ((level / 0.62) ** 2 - 1) * 0.5 + 0.8 * outer
    # the fat under the skin thins out toward the nipple, where ducts pass
    under = pattern.subcutaneous_mm * np.clip(1.25 - 0.9 * x, 0.3, 1.0)
    skin = -6.0 * np.clip(1 - (margin - 1.5) / under, 0, None)
    back = -1.6 * np.clip(1 - points[..., 0] / (0.22 * body.height_mm), 0, 1.5) ** 2
    thin = -0.35 * pattern.wall_mm * np.clip(1.5 - margin / 3.0, 0, None)
    return np.asarray(core + skin + back, np.float32), np.asarray(thin, np.float32)


def warp(body: BreastOutline, points: Floats) -> Floats:
    """Coordinates in which structure is isotropic: distances to the nipple shrink as their power."""
    away = points - body.tip_mm.astype(np.float32)
    rho = np.sqrt(np.maximum((away * away).sum(axis=-1, keepdims=True), np.float32(1.0)))
    scale = np.float32(body.height_mm)
    out: Floats = away * ((rho / scale) ** np.float32(_WARP - 1))
    return out


def unwarp(body: BreastOutline, warped: Floats) -> Floats:
    """The points whose warped coordinates these are."""
    length = np.sqrt(np.maximum((warped * warped).sum(axis=-1, keepdims=True), np.float32(1e-6)))
    scale = np.float32(body.height_mm)
    rho = scale * (length / scale) ** np.float32(1 / _WARP)
    out: Floats = warped * (rho / length) + body.tip_mm.astype(np.float32)
    return out


def grow_parenchyma(
    body: BreastOutline, pattern: Pattern, rng: np.random.Generator, twin: np.random.Generator | None = None
) -> Parenchyma:
    """Grow the structure of one breast.

    Parameters
    ----------
    body : Body
    pattern : Pattern
    rng : numpy Generator
        This breast's random numbers.
    twin : numpy Generator, optional
        Random numbers shared with the other breast: about two thirds of the cloud's variance comes from them,
        so the two are alike, not copies.
    """
    origin, shape = _lattice(body)
    f = texture.frequencies(shape, _STEP_MM)
    white = texture.white(shape, rng)
    if twin is not None:
        white = np.float32(math.sqrt(1 / 3)) * white + np.float32(math.sqrt(2 / 3)) * texture.white(shape, twin)
    cloud = texture.shaped(white * np.exp(-((f * 3.0) ** 2)), texture.power_law(f, 3.5, 60.0), shape)

    def field(wave_mm: float) -> F32:
        ends = wave_mm * math.exp(-_WIDTH), wave_mm * math.exp(_WIDTH)
        return texture.shaped(texture.white(shape, rng), texture.band(f, *ends), shape)

    # walls lie where fields are zero: two for lobules, one for lobes
    waves = (_TWO_A_LINE * pattern.lobule_mm, _TWO_A_LINE * pattern.lobule_mm, 0.5 * _TWO_A_LINE * pattern.lobe_mm)
    near = [np.tanh(field(wave) / _EDGE) for wave in waves]
    # lobules have brightness of their own, which fades toward their walls; a lobe's lobules are alike
    own = np.float32(0.7) * near[0] * near[1] + near[2] * np.tanh(cloud)
    score = np.float32(pattern.cloud) * cloud + np.float32(pattern.cellular) * own
    steep = 2 * math.pi / (math.sqrt(3) * waves[0] * float(_EDGE))  # of `near` at a wall, per mm
    wall = near[0] * near[1] * near[2] / np.float32(steep)
    # walls thicken and fade from place to place
    half = np.float32(0.5 * pattern.wall_mm) * (np.float32(0.8) + np.float32(0.9) * field(22.0))
    axes = [o + _STEP_MM * np.arange(n, dtype=np.float32) for o, n in zip(origin, shape, strict=True)]
    points = unwarp(body, np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1))
    smooth, under_skin = tendency(body, pattern, points)
    return Parenchyma(body, pattern, score - score.mean() + smooth, wall, half + under_skin, origin)


def _lattice(body: BreastOutline) -> tuple[F32, tuple[int, int, int]]:
    """Origin and shape of a lattice that holds the warped body."""
    lo, hi = body.bounds_mm - np.array([[_BEHIND_MM, 0, 0], [0, 0, 0]])
    ends = np.stack(
        np.meshgrid(*[np.linspace(a - 3, b + 3, 9) for a, b in zip(lo, hi, strict=True)], indexing="ij"), axis=-1
    )
    warped = warp(body, ends.reshape(-1, 3).astype(np.float32))
    origin = np.asarray(warped.min(axis=0) - 4.0, np.float32)
    n = [int(next_fast_len(math.ceil(e / _STEP_MM), real=True)) for e in warped.max(axis=0) + 4.0 - origin]
    return origin, (n[0], n[1], n[2])
