"""Random fields: power laws, bands and their ridges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import fft

from phantom.arrays import F32, Array
from phantom.geometry.grid import Grid


def frequencies(shape: tuple[int, ...], step_mm: float) -> F32:
    """|f|, cycles/mm, on the half-spectrum of a real field of this shape."""
    axes = [np.fft.fftfreq(n, step_mm) for n in shape[:-1]] + [np.fft.rfftfreq(shape[-1], step_mm)]
    total = np.zeros((1,) * len(shape))
    for k, axis in enumerate(axes):
        total = total + axis.reshape([-1 if i == k else 1 for i in range(len(shape))]) ** 2
    return np.sqrt(total).astype(np.float32)


def power_law(f: F32, beta: float, longest_mm: float) -> F32:
    """Amplitude of a spectrum that falls as f^-beta and is flat beyond `longest_mm`; 0 at f = 0."""
    out = (f * f + np.float32(1 / longest_mm**2)) ** np.float32(-beta / 4)
    out.flat[0] = 0
    return np.asarray(out, np.float32)


def band(f: F32, shortest_mm: float, longest_mm: float) -> F32:
    """Amplitude of a smooth band of wavelengths, a Gaussian in log f."""
    middle = math.log(1 / math.sqrt(shortest_mm * longest_mm))
    width = 0.5 * math.log(longest_mm / shortest_mm)
    with np.errstate(divide="ignore"):
        out = np.exp(-0.5 * ((np.log(f) - np.float32(middle)) / np.float32(width)) ** 2)
    out.flat[0] = 0
    return np.asarray(out, np.float32)


def white(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.complex64]]:
    """The half-spectrum of white noise on a lattice of this shape, drawn as such: a transform less than from a field.

    Where a real field's spectrum mirrors itself (the first and, of an even number, the last column)
    an inverse transform takes the mean of two draws: they are drawn stronger by so much.
    """
    last = shape[-1] // 2 + 1
    out = rng.standard_normal((*shape[:-1], 2 * last), np.float32).view(np.complex64)
    out[..., 0] *= np.float32(math.sqrt(2))
    if shape[-1] % 2 == 0:
        out[..., -1] *= np.float32(math.sqrt(2))
    return out


def shaped(white: Array, amplitude: F32, shape: tuple[int, ...]) -> F32:
    """A real field of unit variance from the half-spectrum of white noise and an amplitude."""
    out = fft.irfftn(white * amplitude, s=shape, workers=1, overwrite_x=True)
    out -= out.mean()
    out /= max(float(out.std()), 1e-12)
    return np.asarray(out, np.float32)


def tiled(tile: F32, lattice: Grid, shift: Any = (0, 0)) -> F32:
    """A tile repeated without end, moved by `shift` points, over a lattice: it lies still in the plane, whatever part
    is asked for."""
    first = (round(origin / lattice.pitch_mm - 0.5) for origin in lattice.origin_mm[::-1])
    starts = zip(first, shift, lattice.shape, tile.shape, strict=True)
    rows, columns = ((np.arange(n) + (start - int(by)) % whole) % whole for start, by, n, whole in starts)
    out: F32 = tile.take(rows, axis=0).take(columns, axis=1)
    return out


def ridges(field: F32, narrow: float = 1.6) -> F32:
    """Bright along the field's zero set: sheets in 3-D, filaments in projection; 0 to 1."""
    out = np.maximum(1 - np.float32(narrow) * np.abs(field), 0)
    out *= out
    return out
