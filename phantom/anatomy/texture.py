"""Random fields: power laws, band-passed ridges, and cells with walls."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import fft

from phantom.geometry.grid import Grid

F32 = np.ndarray[Any, np.dtype[np.float32]]


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


def shaped(white: np.ndarray[Any, Any], amplitude: F32, shape: tuple[int, ...]) -> F32:
    """A real field of unit variance from the half-spectrum of white noise and an amplitude."""
    out = fft.irfftn(white * amplitude, s=shape, workers=1, overwrite_x=True)
    out -= out.mean()
    out /= max(float(out.std()), 1e-12)
    return np.asarray(out, np.float32)


def tiled(tile: F32, lattice: Grid, shift: Any = (0, 0)) -> F32:
    """A tile repeated without end, moved by `shift` points, over a lattice: it lies still in the plane, whatever part is asked for."""
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


def cells(shape: tuple[int, int, int], per_cell: int, rng: np.random.Generator) -> tuple[F32, F32]:
    """Voronoi cells on a lattice: distance to the nearest wall, in steps, and each cell's own normal number.

    The seeds are one per cube of `per_cell` steps, placed at random in it; the distance is half the
    difference to the nearest and second nearest seed (Worley 1996).
    """
    k = per_cell
    cx, cy, cz = (math.ceil(n / k) for n in shape)
    seeds = rng.random((3, cx + 2, cy + 2, cz + 2), np.float32) * np.float32(k)
    own = rng.standard_normal((cx + 2, cy + 2, cz + 2), np.float32)
    inside = np.arange(k, dtype=np.float32)
    first = np.full((cx, k, cy, k, cz, k), 1e9, np.float32)
    second = first.copy()
    value = np.zeros_like(first)
    d2 = np.empty_like(first)
    for i, j, m in np.ndindex(3, 3, 3):
        near = (slice(i, i + cx), slice(j, j + cy), slice(m, m + cz))
        # cell axes get one offset axis each; squared distances along x, y, z stay small until summed
        x, y, z = (part[near][:, None, :, None, :, None] for part in seeds)
        dx = (inside.reshape(1, k, 1, 1, 1, 1) - (i - 1) * k - x) ** 2
        dy = (inside.reshape(1, 1, 1, k, 1, 1) - (j - 1) * k - y) ** 2
        dz = (inside.reshape(1, 1, 1, 1, 1, k) - (m - 1) * k - z) ** 2
        np.add(dx + dy, dz, out=d2)
        np.copyto(value, own[near][:, None, :, None, :, None], where=d2 < first)
        np.minimum(second, np.maximum(first, d2), out=second)
        np.minimum(first, d2, out=first)
    np.sqrt(first, out=first)
    np.sqrt(second, out=second)
    second -= first
    second *= np.float32(0.5)
    crop = tuple(slice(0, n) for n in shape)
    whole = (cx * k, cy * k, cz * k)
    return second.reshape(whole)[crop], value.reshape(whole)[crop]
