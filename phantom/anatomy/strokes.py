"""Curves as shadows: ducts, vessels and ligaments drawn sharply into a map of path lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import fft
from scipy.special import j1

from phantom.anatomy.texture import frequencies
from phantom.geometry.compression import Compression
from phantom.geometry.grid import Grid

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]
F32 = np.ndarray[Any, np.dtype[np.float32]]

# Calibres are rounded to these half widths, mm; the mass of each stretch is kept exactly.
_CLASSES_MM = np.array([0.24, 0.4, 0.65, 1.0, 1.6])
_THIN = 1.5  # half widths up to so many fine steps are as sharp as the lattice lets them be
_PAD = 12
_SPACING = 0.9  # of a lattice step, between splats


def draw(
    lines: Sequence[tuple[Floats, Floats, float]], pressed: Compression, fine: Grid, coarse: Grid
) -> tuple[F32, F32]:
    """Path length, mm, of round curves under each point of two lattices: thin ones on the fine, the others on the coarse.

    Each curve is carried into the view and cut into short stretches; their volumes, pi r² ds, are
    splatted bilinearly. Each class of calibre above half a fine step is then convolved with a disc of
    its radius, which makes a straight curve's profile exactly that of a cylinder.

    Parameters
    ----------
    lines : sequence of (points (n, 3), radii (n,), ribbon)
        In the breast's frame; `ribbon` is the depth along the beam over the breadth, 1 for round.
    pressed : Compression
    fine, coarse : Grid

    Returns
    -------
    two (rows, columns) float32
    """
    x, y, radius, volume = _stretches(lines, pressed, fine.pitch_mm)
    thin = radius < _THIN * fine.pitch_mm
    column, row = fine.px(x[thin], y[thin])
    sharp = _splat(column, row, volume[thin] / fine.pitch_mm**2, fine.shape)
    rows, columns = (int(fft.next_fast_len(n + 2 * _PAD, real=True)) for n in coarse.shape)
    f = frequencies((rows, columns), coarse.pitch_mm)
    total = np.zeros(f.shape, np.complex64)
    sort = np.abs(np.log(radius[:, None] / _CLASSES_MM)).argmin(axis=1) if len(radius) else np.empty(0, int)
    column, row = coarse.px(x, y)
    for k, r in enumerate(_CLASSES_MM):
        mine = (sort == k) & ~thin
        if mine.any():
            mass = _splat(column[mine] + _PAD, row[mine] + _PAD, volume[mine] / coarse.pitch_mm**2, (rows, columns))
            total += fft.rfft2(mass, workers=1) * _disc(f, r)
    wide = fft.irfft2(total, s=(rows, columns), workers=1)
    wide = wide[_PAD : _PAD + coarse.shape[0], _PAD : _PAD + coarse.shape[1]]
    return sharp, np.maximum(wide, 0).astype(np.float32)


def _stretches(lines: Sequence[tuple[Floats, Floats, float]], pressed: Compression, step: float) -> tuple[Floats, ...]:
    """x, y, radius and volume of short stretches of all curves, in the view plane."""
    if not lines:
        return (np.empty(0),) * 4
    counts = np.array([len(radius) for _, radius, _ in lines])
    carried = pressed.carry(np.concatenate([points for points, _, _ in lines]))
    radius = np.concatenate([r for _, r, _ in lines])
    ribbon = np.repeat([b for _, _, b in lines], counts)
    first = np.ones(len(radius), bool)
    first[np.cumsum(counts)[:-1]] = False  # no stretch leads from one curve's tip to the next one's root
    start = np.flatnonzero(first[1:])
    a, b = carried[start], carried[start + 1]
    length = np.linalg.norm(b - a, axis=1)
    seen = np.hypot(b[:, 0] - a[:, 0], b[:, 1] - a[:, 1])
    pieces = np.maximum(np.ceil(seen / (_SPACING * step)), 1).astype(np.intp)
    which = np.repeat(np.arange(len(start)), pieces)
    offset = np.arange(len(which)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    t = (offset + 0.5) / pieces[which]
    x = a[which, 0] + t * (b[which, 0] - a[which, 0])
    y = a[which, 1] + t * (b[which, 1] - a[which, 1])
    r = radius[start][which] * (1 - t) + radius[start + 1][which] * t
    # what runs along the beam is not piled up into a speck: curves are wavy, and seen end on but briefly
    deep = np.minimum(length, 3.0 * seen + 0.7 * radius[start])
    return x, y, r, np.pi * r * r * (ribbon[start] * deep / pieces)[which]


def _splat(column: Floats, row: Floats, mass: Floats, shape: tuple[int, int]) -> F32:
    """Add masses at fractional places to the four points around each."""
    rows, columns = shape
    keep = (column > 0) & (column < columns - 1.001) & (row > 0) & (row < rows - 1.001)
    column, row, mass = column[keep], row[keep], mass[keep]
    i, j = row.astype(np.intp), column.astype(np.intp)
    fi, fj = row - i, column - j
    flat = i * columns + j
    places = np.concatenate([flat, flat + 1, flat + columns, flat + columns + 1])
    weights = np.concatenate([mass * (1 - fi) * (1 - fj), mass * (1 - fi) * fj, mass * fi * (1 - fj), mass * fi * fj])
    return np.bincount(places, weights, rows * columns).reshape(shape).astype(np.float32)


def _disc(f: F32, radius_mm: float) -> F32:
    """Transform of a uniform disc of unit weight: 2 J1(u)/u with u = 2 pi f r."""
    table_f = np.linspace(0, float(f.max()) * 1.001, 4096)
    u = np.maximum(2 * np.pi * table_f * radius_mm, 1e-9)
    table = (2 * j1(u) / u).astype(np.float32)
    return np.asarray(table[(f * np.float32(4095 / table_f[-1])).astype(np.int32)])
