"""Noise and structure of a picture: power spectra of small and of large squares of breast."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.arrays import F32, Bools, Floats

TILE_PX = 64
_EVERY = 4  # pixels: of which every so many it is looked at whether they are breast
_REGION_MM = 25.6  # as in Burgess, Jacobson & Judy 2001
_FIT_PER_MM = (0.15, 0.7)  # where breast tissue follows a power law, and noise does not show
_NOISE_FROM = 0.5  # of the Nyquist frequency: above it noise is nearly all there is
_TILES, _REGIONS = 240, 24
_QUIET, _QUIETEST = 0.4, 0.1  # share of tiles, those with the least structure, in which noise is measured


@dataclass(frozen=True, eq=False)
class Spectra:
    """Power per area, value² mm², against frequency; both averaged over directions.

    Attributes
    ----------
    f_per_mm, noise : (n,)
        Noise, from the quietest tiles; below half the Nyquist frequency, where structure hides it, it is taken to
        go on as it is there.
    quietest : (n,)
        Power of the very quietest tiles as it is, in which noise rules down to lower frequencies.
    noise_sd : float
        Of a pixel, in the quietest tiles.
    levels, sds : (m,)
        Mean value of tiles, and the noise of a pixel at it.
    structure_f, structure : (k,)
        Of whole regions, tissue and noise together.
    beta, at_one : float
        The fit at_one / f**beta to them.
    tiles, regions : int
        How many were measured.
    """

    f_per_mm: Floats
    noise: Floats
    quietest: Floats
    noise_sd: float
    levels: Floats
    sds: Floats
    structure_f: Floats
    structure: Floats
    beta: float
    at_one: float
    tiles: int
    regions: int

    def sd_at(self, level: Any) -> Any:
        """Noise of a pixel where the mean value is `level`."""
        return np.interp(level, self.levels, self.sds)

    def anatomy(self, f_per_mm: Any) -> Any:
        """Power of the tissue alone, by the fit, flat below 0.1 cycles/mm."""
        return self.at_one / np.maximum(f_per_mm, 0.1) ** self.beta

    def noise_at(self, f_per_mm: Any) -> Any:
        """Noise power at other frequencies."""
        return np.interp(f_per_mm, self.f_per_mm, self.noise)


def spectra(values: F32, usable: Bools, spacing_mm: float, least_sd: float = 1e-6) -> Spectra:
    """Measure them.

    Parameters
    ----------
    values : (rows, columns) float32
        In which noise and structure add: the logarithm of the exposure, or grey values.
    usable : (rows, columns) bool
        Breast without muscle, labels, rim.
    spacing_mm : float
    least_sd : float
        Noise of a pixel that there is at least: that of rounding to whole values.
    """
    tiles, power = _tiles(values, usable, TILE_PX, spacing_mm, _TILES)
    f, rings = _rings(TILE_PX, spacing_mm)
    least = np.float64((least_sd * spacing_mm) ** 2)
    radial = np.maximum(_radial(power, rings, len(f)), least)
    if not len(radial):  # a picture too small for one square: nothing is known but rounding
        flat, one = np.full(len(f), least), np.ones(1)
        return Spectra(f, flat, flat, least_sd, 0 * one, least_sd * one, f, flat, 3.0, float(least), 0, 0)
    nyquist = 0.5 / spacing_mm
    high = (f > _NOISE_FROM * nyquist) & (f < 0.95 * nyquist)
    middle = (f > 0.12 * nyquist) & (f < 0.35 * nyquist)
    order = np.argsort(radial[:, middle].mean(axis=1), kind="stable")
    quiet, quietest = (order[: max(1, round(share * len(radial)))] for share in (_QUIET, _QUIETEST))
    noise = radial[quiet].mean(axis=0)
    noise = _continued(f, noise, nyquist)
    variance = noise_variance(f, noise, spacing_mm)
    scale = variance / max(float(radial[quiet][:, high].mean()), 1e-30)
    levels, sds = _by_level(tiles[quiet], radial[quiet][:, high].mean(axis=1) * scale)
    large = max(TILE_PX, 2 * _EVERY * round(0.5 / _EVERY * _REGION_MM / spacing_mm))
    _, wide = _tiles(values, usable, large, spacing_mm, _REGIONS)
    wf, wrings = _rings(large, spacing_mm)
    structure = _radial(wide, wrings, len(wf)).mean(axis=0) if len(wide) else np.interp(wf, f, radial.mean(axis=0))
    beta, at_one = _power_law(wf, structure - np.interp(wf, f, noise))
    return Spectra(
        f,
        noise,
        radial[quietest].mean(axis=0),
        math.sqrt(variance),
        levels,
        sds,
        wf,
        structure,
        beta,
        at_one,
        len(radial),
        len(wide),
    )


def noise_variance(f: Floats, power: Floats, spacing_mm: float) -> float:
    """Variance of a pixel from power averaged over directions: its integral over the square of frequencies."""
    n = 64
    axis = np.fft.fftfreq(n, spacing_mm)
    at = np.hypot(axis[:, None], axis[None, :])
    return float(np.interp(at, f, power).mean()) / spacing_mm**2


def _tiles(values: F32, usable: Bools, size: int, spacing_mm: float, most: int) -> tuple[Floats, Floats]:
    """Mean values (n,) and power (n, size, size // 2 + 1) of whole squares of breast, spread evenly over it."""
    from scipy.fft import rfft2

    step = size // 2
    few = usable[::_EVERY, ::_EVERY]
    inside = np.zeros((few.shape[0] + 1, few.shape[1] + 1), np.int64)
    inside[1:, 1:] = few.cumsum(axis=0, dtype=np.int32).cumsum(axis=1)
    rows, columns = np.arange(0, usable.shape[0] - size + 1, step), np.arange(0, usable.shape[1] - size + 1, step)
    if not rows.size or not columns.size:
        return np.zeros(0), np.zeros((0, size, size // 2 + 1))
    i, j = (a.ravel() for a in np.meshgrid(rows, columns, indexing="ij"))
    top, left, across = i // _EVERY, j // _EVERY, size // _EVERY
    bottom, right = top + across, left + across
    held = inside[bottom, right] - inside[top, right] - inside[bottom, left] + inside[top, left]
    enough = held >= 0.995 * across * across
    if not enough.any():
        enough = held >= 0.9 * across * across
    i, j = i[enough], j[enough]
    if len(i) > most:
        chosen = np.unique(np.linspace(0, len(i) - 1, most).astype(int))
        i, j = i[chosen], j[chosen]
    window = np.hanning(size + 2)[1:-1].astype(np.float32)
    window2 = window[:, None] * window
    norm = spacing_mm**2 / float((window2**2).sum())
    at = np.linspace(-1, 1, size, dtype=np.float32)
    means, power = np.zeros(len(i)), np.zeros((len(i), size, size // 2 + 1))
    for k, (row, column) in enumerate(zip(i.tolist(), j.tolist(), strict=True)):
        tile = values[row : row + size, column : column + size].astype(np.float32)
        means[k] = tile.mean()
        tile = tile - np.float32(means[k])
        tile -= np.float32((tile * at).mean() / (at * at).mean()) * at
        tile -= np.float32((tile * at[:, None]).mean() / (at * at).mean()) * at[:, None]
        spectrum = rfft2(tile * window2, workers=1)
        power[k] = (spectrum.real**2 + spectrum.imag**2) * norm
    return means, power


def _rings(size: int, spacing_mm: float) -> tuple[Floats, Any]:
    """Frequencies, and which of them each bin of a half spectrum belongs to."""
    fy, fx = np.fft.fftfreq(size)[:, None] * size, np.fft.rfftfreq(size)[None, :] * size
    ring = np.round(np.hypot(fy, fx)).astype(np.int64)
    ring = np.minimum(ring, size // 2)
    f = np.arange(size // 2 + 1) / (size * spacing_mm)
    return f, ring


def _radial(power: Floats, rings: Any, count: int) -> Floats:
    """(n, count): averages over directions; the mean itself is left out."""
    weight = np.full(rings.shape, 2.0)
    weight[:, 0] = weight[:, -1] = 1.0
    weight[0, 0] = 0.0
    flat, total = rings.ravel(), np.bincount(rings.ravel(), weight.ravel(), count)
    out = np.array([np.bincount(flat, (one * weight).ravel(), count) for one in power]).reshape(-1, count)
    out = out / np.maximum(total, 1e-9)
    out[:, 0] = out[:, 1]
    return np.asarray(out)


def _continued(f: Floats, power: Floats, nyquist: float) -> Floats:
    """Noise as measured above half the Nyquist frequency; below, on as it is just there."""
    start = _NOISE_FROM * nyquist
    near = (f >= start) & (f <= 1.3 * start)
    return np.asarray(np.where(f < start, power[near].mean(), power))


def _by_level(levels: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Median noise in up to eight classes of the mean value."""
    order = np.argsort(levels, kind="stable")
    parts = np.array_split(order, min(8, max(1, len(order) // 6)))
    at = np.array([float(np.median(levels[part])) for part in parts if len(part)])
    sd = np.array([math.sqrt(max(float(np.median(variance[part])), 1e-12)) for part in parts if len(part)])
    return (at, sd) if at.size else (np.zeros(1), np.zeros(1))


def _power_law(f: Floats, power: Floats) -> tuple[float, float]:
    """Exponent and value at 1 cycle/mm of a straight line through logarithms."""
    held = (f >= _FIT_PER_MM[0]) & (f <= _FIT_PER_MM[1]) & (power > 0)
    if held.sum() < 3:
        return 3.0, float(max(power[power > 0].min(initial=1e-12), 1e-12))
    slope, offset = np.polyfit(np.log(f[held]), np.log(power[held]), 1)
    return float(np.clip(-slope, 0.5, 5.0)), float(math.exp(offset))
