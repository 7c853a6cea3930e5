"""Random fields: power laws, band-passed ridges, and cells with walls."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import fft

from phantom.geometry.grid import Grid

F32 = np.ndarray[Any, np.dtype[np.float32]]

_AT_ONCE = 1 << 16  # points of cells worked on at once: they stay in the processor's cache


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


def cells(
    shape: tuple[int, int, int], per_cell: int, rng: np.random.Generator, wanted: np.ndarray[Any, np.dtype[np.bool_]]
) -> tuple[F32, F32]:
    """Voronoi cells on a lattice: distance to the nearest wall, in steps, and each cell's own normal number.

    The seeds are one per cube of `per_cell` steps, placed at random in it; the distance is half the
    difference to the nearest and second nearest seed (Worley 1996).

    Parameters
    ----------
    shape : (int, int, int)
    per_cell : int
    rng : numpy Generator
    wanted : `shape` bool
        Cubes without a wanted point are left out: no wall is near them, and their number is 0.
    """
    k = per_cell
    cubes = tuple(math.ceil(n / k) for n in shape)
    padded = tuple(n + 2 for n in cubes)
    seeds = rng.random((3, *padded), np.float32).reshape(3, -1) * np.float32(k)
    own = rng.standard_normal(padded, np.float32).reshape(-1)
    some = wanted
    for axis, n in enumerate(shape):
        some = np.logical_or.reduceat(some, np.arange(0, n, k), axis=axis)
    at = np.argwhere(some)
    strides = np.array([padded[1] * padded[2], padded[2], 1])
    wall = np.full((cubes[0], k, cubes[1], k, cubes[2], k), 4 * k, np.float32)
    value = np.zeros_like(wall)
    block = max(1, _AT_ONCE // k**3)
    for first in range(0, len(at), block):
        these = at[first : first + block]
        distance, which = _worley(seeds, (these + 1) @ strides, strides, k)
        place = these[:, 0], slice(None), these[:, 1], slice(None), these[:, 2]
        wall[place] = distance.transpose(3, 0, 1, 2)
        value[place] = own[which].transpose(3, 0, 1, 2)
    crop = tuple(slice(0, n) for n in shape)
    whole = tuple(n * k for n in cubes)
    return wall.reshape(whole)[crop], value.reshape(whole)[crop]


def _worley(seeds: F32, middle: Any, strides: Any, k: int) -> tuple[F32, Any]:
    """(k, k, k, cubes): distance to the nearest wall within some cubes, and the flat index of the nearest seed's.

    Squared distances are kept as whole numbers whose lowest bits say whose they are: the smaller one brings its
    name along.
    """
    inside = np.arange(k, dtype=np.float32)[:, None]
    unit = np.float32((2**26 - 1) / (12 * k * k))  # no two places within reach are further apart than sqrt(12) k
    first, second = np.full((2, k, k, k, len(middle)), np.iinfo(np.int32).max, np.int32)
    near = np.stack([a.ravel() for a in np.indices((3, 3, 3))], axis=1) - 1
    squared, further = np.empty_like(first), np.empty_like(first)
    for name, step in enumerate(near):
        cube = middle + int(step @ strides)
        x, y, z = (((inside - step[a] * k - seeds[a, cube]) ** 2 * unit).astype(np.int32) << 5 for a in range(3))
        x |= name
        np.add((x[:, None] + y)[:, :, None], z, out=squared)
        np.maximum(first, squared, out=further)
        np.minimum(second, further, out=second)
        np.minimum(first, squared, out=first)
    which = middle + (near @ strides)[first & 31]
    one, two = (np.sqrt((d >> 5).astype(np.float32) / unit) for d in (first, second))
    return np.float32(0.5) * (two - one), which
