"""Oriented responses of patches at one frequency, and what is read off them.

A bank of log-Gabor filters in eight directions, about an octave wide; a response is complex, its real part that of
ridges and its imaginary part that of edges (Kovesi 1999).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phantom.arrays import F32, F64

ANGLES = 8
_WIDTH = 0.54  # sd of the natural logarithm of frequency
_TURN = 0.8 * np.pi / ANGLES  # sd over directions
# how far around, in periods, directions are compared; white noise then has a coherence of 0.28
_NEAR = 0.2
# median of |x| over standard deviation, of a Gaussian and of a Laplacian variable
_GAUSSIAN, _LAPLACIAN = 0.6745, 0.4901


@dataclass(frozen=True, eq=False)
class Band:
    """Responses of patches, a border of one period cut off.

    Attributes
    ----------
    even, odd : (patches, ANGLES, n, n) float32
        Of ridges (bright: positive) and edges, by the direction across them.
    low : (patches, n, n) float32
        The patches below the band.
    step : float
        Periods in a pixel.
    """

    even: F32
    odd: F32
    low: F32
    step: float


def band(patches: F32, pitch_mm: float, frequency: float) -> Band:
    """Filter patches (patches, n, n) at a frequency in cycles/mm; a low one on a coarser grid."""
    from scipy.fft import fft2, ifft2

    n = patches.shape[-1]
    size = n
    while size > 32 and 0.5 * size / (n * pitch_mm) > 5.0 * frequency:
        size //= 2
    pitch = pitch_mm * n / size
    transform = fft2(patches - patches.mean((1, 2), keepdims=True), axes=(1, 2)).astype(np.complex64)
    kept = np.r_[0 : size // 2, n - size // 2 : n]
    transform = transform[:, kept][:, :, kept] * np.float32((size / n) ** 2)
    f = np.fft.fftfreq(size, pitch)
    radius = np.hypot(f[:, None], f[None])
    radius[0, 0] = 1e-9
    angle = np.arctan2(f[:, None], f[None])
    radial = np.exp(-(np.log(radius / frequency) ** 2) / (2 * _WIDTH**2))
    edge = min(round(1.0 / frequency / pitch), size // 4)
    inner = np.s_[:, edge : size - edge, edge : size - edge]
    even, odd = [], []
    for direction in np.arange(ANGLES) * np.pi / ANGLES:
        away = np.angle(np.exp(1j * (angle - direction)))
        kernel = (2 * radial * np.exp(-(away**2) / (2 * _TURN**2))).astype(np.float32)
        response = ifft2(transform * kernel, axes=(1, 2))[inner]
        even.append(response.real)
        odd.append(response.imag)
    below = np.exp(-((2 * radius / frequency) ** 2)).astype(np.float32)
    low = np.ascontiguousarray(ifft2(transform * below, axes=(1, 2))[inner].real)
    return Band(np.stack(even, 1), np.stack(odd, 1), low, frequency * pitch)


def moments(b: Band) -> dict[str, F64]:
    """What a band says of each patch.

    skewness, kurtosis (ln, of a Gaussian 0), laplacian
        Of the ridge responses, mean over directions; laplacian is 0 for a Gaussian and 1 for a Laplacian field.
    direction
        Energy in the strongest direction over the mean.
    coherence
        Of directions nearby.
    clumping
        ln of the standard deviation of the ln of local energy.
    follows_grey
        Correlation of the ln of local energy with the grey level below the band.
    ridges
        ln of the energy of ridges over that of edges.
    peaks
        ln of the 95th percentile of local energy over its median.
    """
    from scipy.ndimage import gaussian_filter

    count, _, n, _ = b.even.shape
    flat = b.even.reshape(count, ANGLES, -1)
    square = flat * flat
    variance = square.mean(-1)
    across = np.square(b.odd)
    by_direction = variance + across.mean((2, 3))
    total = square.sum(1).reshape(count, n, n) + across.sum(1)
    local = total.reshape(count, -1)
    around = 0.7 / b.step
    strength = np.log(gaussian_filter(total, (0, around, around)).reshape(count, -1) + 1e-12)
    pixels = flat.shape[-1]
    third = np.einsum("kan,kan->ka", square, flat) / pixels / variance**1.5
    fourth = np.einsum("kan,kan->ka", square, square) / pixels / variance**2
    median = np.median(np.abs(flat[..., ::3]), axis=-1) / np.sqrt(variance)
    found = {
        "skewness": third.mean(1),
        "kurtosis": np.log(fourth.mean(1) / 3),
        "laplacian": (median.mean(1) - _GAUSSIAN) / (_LAPLACIAN - _GAUSSIAN),
        "direction": by_direction.max(1) / by_direction.mean(1),
        "coherence": coherence(b),
        "clumping": np.log(strength.std(1)),
        "follows_grey": _correlation(np.log(local + 1e-12), b.low.reshape(count, -1)),
        "ridges": np.log(variance.mean(1) / across.mean((1, 2, 3))),
        "peaks": np.log(np.quantile(local[:, ::3], 0.95, axis=1) / np.median(local[:, ::3], axis=1)),
    }
    return {name: np.asarray(values, np.float64) for name, values in found.items()}


def coherence(b: Band) -> F64:
    """Length of the energy's mean double-angle vector nearby over the energy: 1 for parallel lines, 0.28 for noise."""
    from scipy.ndimage import gaussian_filter

    energy = np.square(b.even) + np.square(b.odd)
    double = 2 * np.arange(ANGLES) * np.pi / ANGLES
    x, y = (np.tensordot(energy, part.astype(np.float32), axes=(1, 0)) for part in (np.cos(double), np.sin(double)))
    blur = (0, _NEAR / b.step, _NEAR / b.step)
    length = np.hypot(gaussian_filter(x, blur), gaussian_filter(y, blur))
    return np.asarray((length / gaussian_filter(energy.sum(1), blur)).mean((1, 2)), np.float64)


def _correlation(a: F32, b: F32) -> F64:
    a = a - a.mean(1, keepdims=True)
    b = b - b.mean(1, keepdims=True)
    return np.asarray((a * b).mean(1) / (a.std(1) * b.std(1) + 1e-12), np.float64)
