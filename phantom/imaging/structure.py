"""Anatomical structure: how much the tissue around a place varies, as a power law of spatial frequency.

Breast tissue follows P(f) = P(1) / f^β (Burgess, Jacobson & Judy 2001). Both numbers are measured in the noiseless
image at the place itself: they differ a good deal between gland and fat of one breast.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.arrays import F32, Array, Bools, Floats, Ints, Points

_BLOCK_MM = 0.14  # pixels are averaged to about this
_BLOCKS = 64  # along each side of a tile: about 9 mm
_STEP = 32  # blocks between tiles
_EDGES_PER_MM = (0.17, 0.28, 0.40, 0.57, 0.80, 1.13, 1.60)  # above the tile's leakage, below the blocks' own blur
_SLOPES = 1.0, 4.5  # what the slope is kept within
_AIR_CM = 0.3  # less tissue than this is not breast
_LEAST_SHARE = 0.05  # of a ring's power is taken for structure at least, however noisy the picture is


@dataclass(frozen=True, eq=False)
class Structure:
    """Power of the relative variation of the primary signal around n places: ``at_one / f ** slope``.

    Attributes
    ----------
    at_one : (n,) float64
        At 1 cycle/mm, mm².
    slope : (n,) float64
    """

    at_one: Floats
    slope: Floats

    def power(self, f_per_mm: Any) -> Any:
        """mm², (n, ...): at frequencies (...) in cycles/mm above 0."""
        more = (slice(None),) + (None,) * np.ndim(f_per_mm)
        return self.at_one[more] * np.asarray(f_per_mm) ** -self.slope[more]

    def take(self, which: Any) -> Structure:
        """That of some of the places."""
        return Structure(self.at_one[which], self.slope[which])

    def mean_of(self, which: Any) -> Structure:
        """One for some of the places together: the mean of slope and of the logarithm of power."""
        at_one = math.exp(float(np.log(np.maximum(self.at_one[which], 1e-300)).mean()))
        return Structure(np.array([at_one]), np.array([float(self.slope[which].mean())]))


def around(places_px: Points, g_cm: F32, a_cm: F32, primary: Callable[[F32, F32], F32], pitch_mm: float) -> Structure:
    """The structure around places in a noiseless image.

    Squares of about 9 mm, weighted by a Hann window and only where there is breast, a plane taken off; the
    logarithm of the power, averaged over rings of frequency from 0.17 to 1.6 cycles/mm, is fitted by a line.

    Parameters
    ----------
    places_px : (n, 2) array
        x (column), y (row).
    g_cm, a_cm : (rows, columns) float32
        Lengths of glandular and adipose tissue.
    primary : callable
        The signal behind such lengths.
    pitch_mm : float
    """
    lattice = _Tiles.around(places_px, (g_cm.shape[0], g_cm.shape[1]), pitch_mm)
    if lattice is None:
        return _unknown(len(places_px))
    g, a = (lattice.means(plane) for plane in (g_cm, a_cm))
    value = np.log(np.maximum(primary(g, a), np.float32(1e-12)))
    return _fitted(lattice, value, g + a > _AIR_CM)


def around_in_picture(
    places_px: Points,
    value: F32,
    inside: Bools,
    pitch_mm: float,
    noise_mm2: Floats,
    seen: Callable[[Floats], Floats],
) -> Structure:
    """The structure around places in a noisy picture: as `around`, the noise's power taken off.

    Each ring of frequencies counts by the share of its power that is not noise.

    Parameters
    ----------
    places_px : (n, 2) array
        x (column), y (row).
    value : (rows, columns) float32
        The logarithm of the signal.
    inside : (rows, columns) bool
        Where there is breast.
    pitch_mm : float
    noise_mm2 : (n,)
        Power of the noise of `value` around each place; white, as noise nearly is at these frequencies.
    seen : callable
        Of frequency: by how much the picture changes the amplitude of what is in the breast (blur, display).
    """
    lattice = _Tiles.around(places_px, (value.shape[0], value.shape[1]), pitch_mm)
    if lattice is None:
        return _unknown(len(places_px))
    noise = np.bincount(lattice.of, noise_mm2, len(lattice.corners)) / np.bincount(lattice.of)
    return _fitted(lattice, lattice.means(value), lattice.means(inside) > 0.5, noise, seen)


@dataclass(frozen=True, eq=False)
class _Tiles:
    """Squares of an image: their first rows and columns, and which of them each of some places lies in."""

    corners: Ints
    of: Ints
    block: int
    blocks: int
    pitch_mm: float

    @staticmethod
    def around(places_px: Points, shape: tuple[int, int], pitch_mm: float) -> _Tiles | None:
        """Tiles of a lattice, each place in the one nearest to it; None if the image is too small for one."""
        block = max(1, round(_BLOCK_MM / pitch_mm))
        blocks = min(_BLOCKS, *(size // block for size in shape))
        if blocks < 8 or not len(places_px):
            return None
        side, step = block * blocks, block * _STEP
        corner = np.round((places_px[:, ::-1] - 0.5 * side) / step).astype(np.int64) * step
        corners, of = np.unique(np.clip(corner, 0, np.array(shape) - side), axis=0, return_inverse=True)
        return _Tiles(corners, of.reshape(-1), block, blocks, block * pitch_mm)

    def means(self, plane: Array) -> F32:
        """(n, blocks, blocks) float32: an image's tiles, averaged over blocks of pixels."""
        side = self.block * self.blocks
        parts = [
            plane[y : y + side, x : x + side]
            .reshape(self.blocks, self.block, self.blocks, self.block)
            .mean(axis=(1, 3), dtype=np.float32)
            for y, x in self.corners.tolist()
        ]
        return np.stack(parts)


def _unknown(count: int) -> Structure:
    return Structure(np.full(count, 1e-12), np.full(count, 3.0))


def _fitted(
    tiles: _Tiles,
    value: F32,
    inside: Bools,
    noise_mm2: Floats | None = None,
    seen: Callable[[Floats], Floats] | None = None,
) -> Structure:
    """The power law through each tile's rings of frequency, for every place."""
    power, f = _periodograms(value, inside, tiles.pitch_mm)
    ring = np.digitize(f.reshape(-1), _EDGES_PER_MM) - 1
    bins = np.flatnonzero((ring >= 0) & (ring < len(_EDGES_PER_MM) - 1))
    order = bins[np.argsort(ring[bins], kind="stable")]
    _, first, count = np.unique(ring[order], return_index=True, return_counts=True)
    mean = np.add.reduceat(power.reshape(len(value), -1)[:, order], first, axis=1) / count
    log_f = np.add.reduceat(np.log(f.reshape(-1)[order]), first) / count
    weight = np.ones_like(mean)
    if noise_mm2 is not None:
        rest = np.maximum(mean - noise_mm2[:, None], _LEAST_SHARE * mean)
        weight = np.maximum(rest / np.maximum(mean, 1e-30), _LEAST_SHARE)
        mean = rest
    if seen is not None:
        mean = mean / np.maximum(seen(np.exp(log_f)), 1e-3) ** 2
    log_p = np.log(np.maximum(mean, 1e-14))
    weight = weight / weight.sum(axis=1, keepdims=True)
    middle = (weight * log_f).sum(axis=1, keepdims=True)
    x, centre = log_f - middle, (weight * log_p).sum(axis=1)
    slope = np.clip(-(weight * log_p * x).sum(axis=1) / (weight * x * x).sum(axis=1), *_SLOPES)
    at_one = np.exp(centre + slope * middle[:, 0])
    return Structure(at_one[tiles.of], slope[tiles.of])


def _periodograms(value: F32, inside: Bools, pitch_mm: float) -> tuple[Floats, Floats]:
    """Power, mm², of tiles (n, rows, half the columns), and the frequencies."""
    from scipy.fft import rfft2

    blocks = value.shape[1]
    hann = np.hanning(blocks + 2)[1:-1].astype(np.float32)
    weight = np.where(inside, hann[:, None] * hann, np.float32(0))
    at = np.linspace(-1, 1, blocks, dtype=np.float32)
    value = value - _plane(value, weight, at)
    power = np.abs(rfft2(value * weight, workers=1)) ** 2
    total = np.maximum((weight * weight).sum(axis=(1, 2)), 1e-6)
    fy, fx = np.fft.fftfreq(blocks, pitch_mm)[:, None], np.fft.rfftfreq(blocks, pitch_mm)
    return power * (pitch_mm**2 / total)[:, None, None], np.hypot(fy, fx)


def _plane(value: F32, weight: F32, at: F32) -> F32:
    """The weighted plane through each tile's values: slopes along both axes, each by itself, and the mean."""
    out = np.zeros_like(value)
    total = np.maximum(weight.sum(axis=(1, 2)), np.float32(1e-6))[:, None, None]
    for along in (np.ones_like(at)[:, None] * at, at[:, None] * np.ones_like(at)):
        centred = along - (weight * along).sum(axis=(1, 2), keepdims=True) / total
        rest = value - out
        spread = np.maximum((weight * centred**2).sum(axis=(1, 2), keepdims=True), np.float32(1e-6))
        out = out + centred * ((weight * centred * rest).sum(axis=(1, 2), keepdims=True) / spread)
    rest = value - out
    return np.asarray(out + (weight * rest).sum(axis=(1, 2), keepdims=True) / total, np.float32)
