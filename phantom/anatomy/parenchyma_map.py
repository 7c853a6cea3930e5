"""The parenchyma's shadow: the score, sharpened slab by slab until the density asked for is met."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import fft

from phantom.anatomy import texture
from phantom.anatomy.breast import Breast
from phantom.geometry.compression import Compression
from phantom.geometry.grid import Grid
from phantom.geometry.interpolate import resample
from phantom.recipe.seed import Seed

F32 = np.ndarray[Any, np.dtype[np.float32]]

_SLAB_MM = 2.6
_EVERY = 3  # the score is followed at every third point of the plane, then interpolated
_STEEP = np.float32(4.5)
_DISTINCT = 8  # independent sheets of fine structure; slabs use them at random offsets
_FILAMENT, _FLECK = np.float32(0.85), np.float32(0.55)


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
    score = _score(breast, pressed, plane, slabs)
    sheets = _sheets(plane, seed.child("sheets").rng())
    where = seed.child("offsets").rng().integers(0, 1 << 16, (slabs, 3))
    per_slab = room / np.float32(slabs)
    full = np.empty((slabs, *plane.shape), np.float32)
    start = (-1.0 / _EVERY * 1.0, -1.0 / _EVERY * 1.0)
    for k in range(slabs):
        full[k] = resample(score[k], (start[0] + 1 / _EVERY, start[1] + 1 / _EVERY), 1 / _EVERY, plane.shape)
        sheet = sheets[where[k, 2] % len(sheets)]
        full[k] += np.roll(sheet, (where[k, 0] % plane.shape[0], where[k, 1] % plane.shape[1]), (0, 1))
    offset = _offset(full, per_slab, target_mm3 / plane.pitch_mm**2)
    if offset is None:
        return None
    out = np.zeros(plane.shape, np.float32)
    for k in range(slabs):
        out += _fraction(full[k], offset)
    out *= per_slab
    got = float(out.sum(dtype=np.float64)) * plane.pitch_mm**2
    out *= np.float32(target_mm3 / max(got, 1e-9))
    return out


def _score(breast: Breast, pressed: Compression, plane: Grid, slabs: int) -> F32:
    """(slabs, rows, columns) of every third point: the score in the middle of each slab."""
    x, y = plane.x_mm[::_EVERY], plane.y_mm[::_EVERY]
    x = np.append(x, x[-1] + _EVERY * plane.pitch_mm)
    y = np.append(y, y[-1] + _EVERY * plane.pitch_mm)
    x0, y0, bottom, top = pressed.unpress(x[None, :], y[:, None])
    part = ((np.arange(slabs) + 0.5) / slabs)[:, None, None]
    h = bottom + part * (top - bottom)
    axes = pressed.view.axes
    points = np.empty((*h.shape, 3), np.float32)
    for k in range(3):
        points[..., k] = x0 * axes[0, k] + y0 * axes[1, k] + h * axes[2, k]
    return breast.parenchyma.score(points)


def _sheets(plane: Grid, rng: np.random.Generator) -> list[F32]:
    """Fine structure of slabs: filaments where two scales of band-passed fields cross zero, and flecks."""
    shape = tuple(int(fft.next_fast_len(n, real=True)) for n in plane.shape)
    f = texture.frequencies(shape, plane.pitch_mm)
    wide, narrow = texture.band(f, 3.5, 9.0), texture.band(f, 1.2, 3.2)
    fleck = texture.power_law(f, 2.6, 6.0)
    out = []
    for _ in range(_DISTINCT):
        white = fft.rfft2(rng.standard_normal(shape, np.float32), workers=1)
        one = texture.ridges(texture.shaped(white * 1, wide, shape), 1.8)
        two = texture.ridges(texture.shaped(white * np.complex64(1j), narrow, shape), 1.6)
        grain = texture.shaped(white * 1, fleck, shape)
        sheet = _FILAMENT * (one + np.float32(0.6) * two) + _FLECK * grain
        sheet -= sheet.mean()
        out.append(np.ascontiguousarray(sheet[: plane.shape[0], : plane.shape[1]]))
    return out


def _fraction(score: F32, offset: float) -> F32:
    """0 to 1: how much of a place is gland, a steep sigmoid of the score."""
    z = _STEEP * (np.float32(offset) - score)
    np.clip(z, -30, 30, out=z)
    np.exp(z, out=z)
    z += 1
    return np.reciprocal(z, out=z)


def _offset(score: F32, per_slab: F32, target: float) -> float | None:
    """The offset at which the fractions fill the target, by bisection on every few points."""
    step = max(1, int(math.sqrt(score[0].size / 6000)))
    some = np.ascontiguousarray(score[:, ::step, ::step])
    weight = np.ascontiguousarray(per_slab[::step, ::step])
    whole = float(weight.sum(dtype=np.float64)) * len(score) * step * step
    if target > 0.93 * whole:
        return None
    lo, hi = -15.0, 15.0
    for _ in range(24):
        middle = 0.5 * (lo + hi)
        filled = float((_fraction(some, middle) * weight).sum(dtype=np.float64)) * step * step
        lo, hi = (middle, hi) if filled > target else (lo, middle)
    return 0.5 * (lo + hi)


def grain(gland: F32, plane: Grid, fine: Grid, seed: Seed, seen_on: Callable[[F32, Grid, Grid], F32]) -> F32:
    """The parenchyma on the fine lattice, with texture beyond what the plane's points can carry.

    The texture goes on from where the sheets leave off, as a power law, as strong as the gland under
    it varies; without it the spectrum would have a hole between structure and quantum noise.
    """
    shape = tuple(int(fft.next_fast_len(n, real=True)) for n in fine.shape)
    f = texture.frequencies(shape, fine.pitch_mm)
    rise = 1 - np.exp(-((f / np.float32(1.1)) ** 4))
    white = fft.rfft2(seed.child("grain").rng().standard_normal(shape, np.float32), workers=1)
    tail = texture.shaped(white, texture.power_law(f, 2.6, 5.0) * rise, shape)
    smooth = seen_on(gland, plane, fine)
    strength = np.sqrt(np.maximum(smooth, 0)) * np.float32(0.12)
    out = smooth + strength * tail[: fine.shape[0], : fine.shape[1]]
    return np.maximum(out, 0)
