"""Features of patches at a scale, each patch minus its mean and over its standard deviation."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from phantom.arrays import F32, F64
from phantom.compare import bands, spectra
from phantom.compare.patches import PITCH_MM
from phantom.compare.strands import strands

FINE, COARSE = "0.14 mm pixels", "below 1 cycle/mm"
FLAT = ", spectrum flattened"
SCALES = (FINE, COARSE, FINE + FLAT, COARSE + FLAT)
_FREQUENCIES = {FINE: (0.5, 1.0, 2.0, 3.0), COARSE: (0.25, 0.5, 0.8)}
_BANDS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 3.5)
_SHARPEST_STRANDS = 2.0  # cycles/mm; finer ones are a pixel wide


def features(grey: F32, scale: str) -> dict[str, F64]:
    """Features by name, a value a patch, of patches (patches, SIZE, SIZE) on pixels of `PITCH_MM`.

    Parameters
    ----------
    scale
        One of `SCALES`.
    """
    name = scale.removesuffix(FLAT)
    pitch = PITCH_MM * (1 if name == FINE else 2)
    x = at_scale(grey, name)
    out: dict[str, F64] = {}
    if scale.endswith(FLAT):
        x = standard(whitened(x))
    else:
        power = spectra.rings(x, pitch)
        for low, high in pairwise(_BANDS):
            if name == FINE or high <= 1:
                out[f"power {low:g}-{high:g}"] = np.log(spectra.mean_in(power, low, high))
        flat = x.reshape(len(x), -1).astype(np.float64)
        out["grey skewness"] = (flat**3).mean(1)
        out["grey kurtosis"] = np.log((flat**4).mean(1))
    for frequency in _FREQUENCIES[name]:
        b = bands.band(x, pitch, frequency)
        found = bands.moments(b)
        if frequency <= _SHARPEST_STRANDS:
            found |= strands(b)
        out |= {f"{what} at {frequency:g}": values for what, values in found.items()}
    return out


def at_scale(grey: F32, scale: str) -> F32:
    """Patches as a classifier sees them: standardised, below 1 cycle/mm on half the pixels a side."""
    return standard(grey if scale == FINE else below(grey, PITCH_MM, 1.0))


def standard(patches: F32) -> F32:
    """Minus mean, over standard deviation."""
    away = patches - patches.mean((1, 2), keepdims=True)
    return np.asarray(away / (away.std((1, 2), keepdims=True) + 1e-9), np.float32)


def below(patches: F32, pitch_mm: float, limit: float) -> F32:
    """Without what lies above a frequency (cycles/mm), on half the pixels a side."""
    from scipy.fft import irfft2, rfft2

    n = patches.shape[-1]
    f = np.hypot(np.fft.fftfreq(n, pitch_mm)[:, None], np.fft.rfftfreq(n, pitch_mm)[None])
    kept = 1 / (1 + np.exp((f / limit - 1) / 0.05))
    away = patches - patches.mean((1, 2), keepdims=True)
    return np.asarray(irfft2(rfft2(away, axes=(1, 2)) * kept, s=(n, n), axes=(1, 2))[:, ::2, ::2], np.float32)


def whitened(patches: F32) -> F32:
    """Over the root of each patch's spectrum in rings of a quarter octave: phases and directions are left."""
    from scipy.fft import irfft2, rfft2

    n = patches.shape[-1]
    f = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None]) * n
    ring = (np.log2(np.maximum(f, 1)) * 4).astype(int)
    counts = np.maximum(np.bincount(ring.ravel()), 1)
    # not to zero: the window is taken off again
    window = (np.outer(np.hanning(n), np.hanning(n)) * 0.9 + 0.1).astype(np.float32)
    transform = rfft2(np.stack([spectra.level(p) for p in patches]) * window, axes=(1, 2))
    for i, power in enumerate(np.abs(transform) ** 2):
        mean = np.bincount(ring.ravel(), power.ravel()) / counts
        transform[i] /= np.sqrt(mean[ring] + 1e-12)
    # beyond, rings reach into the corners
    transform[:, f > 0.45 * n] = 0
    return np.asarray(irfft2(transform, s=(n, n), axes=(1, 2)) / window, np.float32)
