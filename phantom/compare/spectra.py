"""Power spectra of patches over rings, and what is read off them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from phantom.arrays import F32, F64, Bools, Floats

STEP = 0.1
RINGS = 72
CENTRES = (np.arange(RINGS) + 0.5) * STEP


def rings(patches: F32, pitch_mm: float) -> F64:
    """Mean power density in rings of 0.1 cycles/mm, each patch's plane removed, under a Hann window (Burgess 2001).

    Returns
    -------
    (patches, RINGS) float64
        In squared units of the patches times mm²; NaN where the pixels or the patch's size do not reach.
    """
    from scipy.fft import rfft2

    n = patches.shape[-1]
    window = np.outer(np.hanning(n), np.hanning(n)).astype(np.float32)
    f = np.hypot(np.fft.fftfreq(n, pitch_mm)[:, None], np.fft.rfftfreq(n, pitch_mm)[None])
    ring = np.minimum((f / STEP).astype(int), RINGS).ravel()
    counts = np.bincount(ring, minlength=RINGS + 1)[:RINGS]
    out = np.empty((len(patches), RINGS))
    for i, patch in enumerate(patches):
        power = np.abs(rfft2(level(patch) * window)) ** 2 * (pitch_mm**2 / (window**2).sum())
        out[i] = np.bincount(ring, power.ravel(), RINGS + 1)[:RINGS] / np.maximum(counts, 1)
    nyquist = 0.5 / pitch_mm
    out[:, (counts == 0) | (nyquist < CENTRES + STEP / 2)] = np.nan
    return out


def level(patch: F32) -> F32:
    """Less its plane of least squares."""
    x = np.linspace(-1, 1, len(patch), dtype=np.float32)
    square = (x**2).mean()
    down, along = ((patch.mean(axis) * x).mean() / square for axis in (1, 0))
    return np.asarray(patch - patch.mean() - x[:, None] * down - x[None] * along, np.float32)


def between(low: float, high: float) -> Bools:
    """The rings whose middle lies in a band (cycles/mm)."""
    middle = CENTRES
    return np.asarray((middle >= low) & (middle < high))


def mean_in(power: F64, low: float, high: float) -> F64:
    """Mean power density over a band (cycles/mm); NaN where the pixels do not reach it."""
    return np.asarray(power[..., between(low, high)].mean(-1))


def sd_in(power: F64, low: float, high: float, floor: Floats | float = 0.0) -> F64:
    """Standard deviation within a band, a white floor (a power density) subtracted."""
    inside = between(low, high)
    above = power[..., inside] - np.asarray(floor)[..., None]
    return np.asarray(np.sqrt(np.maximum((above * 2 * np.pi * CENTRES[inside] * STEP).sum(-1), 0)))


def exponent(power: F64, low: float, high: float) -> F64:
    """-d log P / d log f, fitted over eight bands of equal ratio, or over single rings where those are wider."""
    edges = np.geomspace(low, high, 9)
    points: dict[int, tuple[float, F64]] = {}
    for a, b in pairwise(edges.tolist()):
        inside = np.flatnonzero(between(a, b))
        if len(inside):
            points[int(inside[0])] = (float(np.log(CENTRES[inside].mean())), np.log(power[..., inside].mean(-1)))
    x = np.array([p[0] for p in points.values()])
    y = np.stack([p[1] for p in points.values()], -1)
    x -= x.mean()
    return np.asarray(-((y - y.mean(-1, keepdims=True)) @ x) / (x**2).sum())
