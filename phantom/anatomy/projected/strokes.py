"""Curves as shadows: ducts, vessels and ligaments drawn sharply into a map of path lengths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import fft
from scipy.special import j1

from phantom.anatomy.texture import frequencies
from phantom.arrays import F32, Floats
from phantom.compiled import compiled
from phantom.geometry.grid import Grid
from phantom.geometry.view import ViewMapping

# Calibres are rounded to these half widths, mm; the mass of each stretch is kept exactly.
_CLASSES_MM = np.array([0.24, 0.4, 0.65, 1.0, 1.6])
_THIN = 1.5  # half widths up to so many fine steps are as sharp as the lattice lets them be
_PAD = 12
_SPACING = 0.9  # of a lattice step, between splats


def draw(
    lines: Sequence[tuple[Floats, Floats, float]], pressed: ViewMapping, fine: Grid, coarse: Grid
) -> tuple[F32, F32]:
    """Path length, mm, of round curves under each point of two lattices: thin ones on the fine, the others on the
    coarse.

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
    broad = radius >= _THIN * fine.pitch_mm
    thin = ~broad
    sharp = _splat(*fine.px(x[thin], y[thin]), volume[thin] / np.float32(fine.pitch_mm**2), fine.shape)
    rows, columns = (int(fft.next_fast_len(n + 2 * _PAD, real=True)) for n in coarse.shape)
    f = frequencies((rows, columns), coarse.pitch_mm)
    total = np.zeros(f.shape, np.complex64)
    column, row = (places + _PAD for places in coarse.px(x[broad], y[broad]))
    mass = volume[broad] / np.float32(coarse.pitch_mm**2)
    sort = np.searchsorted(np.sqrt(_CLASSES_MM[1:] * _CLASSES_MM[:-1]), radius[broad])
    for k, r in enumerate(_CLASSES_MM):
        of_class = sort == k
        if of_class.any():
            dots = _splat(column[of_class], row[of_class], mass[of_class], (rows, columns))
            total += fft.rfft2(dots, workers=1) * _disc(f, r)
    wide = fft.irfft2(total, s=(rows, columns), workers=1)
    wide = wide[_PAD : _PAD + coarse.shape[0], _PAD : _PAD + coarse.shape[1]]
    return sharp, np.maximum(wide, 0).astype(np.float32)


def _stretches(lines: Sequence[tuple[Floats, Floats, float]], pressed: ViewMapping, step: float) -> tuple[F32, ...]:
    """x, y, radius and volume of short stretches of all curves, in the view plane."""
    if not lines:
        return (np.empty(0, np.float32),) * 4
    counts = np.array([len(radius) for _, radius, _ in lines])
    carried = pressed.carry(np.concatenate([points for points, _, _ in lines]))
    radius = np.concatenate([r for _, r, _ in lines])
    ribbon = np.repeat([b for _, _, b in lines], counts)
    first = np.ones(len(radius), bool)
    first[np.cumsum(counts)[:-1]] = False  # no stretch leads from one curve's tip to the next one's root
    start = np.flatnonzero(first[1:])
    along = (carried[1:] - carried[:-1])[start]
    seen = np.hypot(along[:, 0], along[:, 1])
    pieces = np.maximum(np.ceil(seen / (_SPACING * step)), 1).astype(np.intp)
    offset = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    part = offset.astype(np.float32) + np.float32(0.5)

    def spread(begin: Floats, change: Floats) -> F32:
        return np.asarray(
            np.repeat((change / pieces).astype(np.float32), pieces) * part + np.repeat(begin.astype(np.float32), pieces)
        )

    x, y = (spread(carried[start, k], along[:, k]) for k in (0, 1))
    r = spread(radius[start], radius[start + 1] - radius[start])
    # what runs along the beam is not piled up into a speck: curves are wavy, and seen end on but briefly
    deep = np.minimum(np.linalg.norm(along, axis=1), 3.0 * seen + 0.7 * radius[start])
    return x, y, r, r * r * np.repeat((np.pi * ribbon[start] * deep / pieces).astype(np.float32), pieces)


def _splat(column: F32, row: F32, mass: F32, shape: tuple[int, int]) -> F32:
    """Add masses at fractional places to the four points around each."""
    out = np.zeros(shape, np.float32)
    _add(column, row, mass, out)
    return out


@compiled
def _add(column: F32, row: F32, mass: F32, out: F32) -> None:
    rows, columns = out.shape
    one = np.float32(1)
    for k in range(mass.size):
        x, y = column[k], row[k]
        if x <= 0 or y <= 0 or x >= columns - 1.01 or y >= rows - 1.01:
            continue
        i, j = int(y), int(x)
        below, right = y - np.float32(i), x - np.float32(j)
        out[i, j] += mass[k] * (one - below) * (one - right)
        out[i, j + 1] += mass[k] * (one - below) * right
        out[i + 1, j] += mass[k] * below * (one - right)
        out[i + 1, j + 1] += mass[k] * below * right


def _disc(f: F32, radius_mm: float) -> F32:
    """Transform of a uniform disc of unit weight: 2 J1(u)/u with u = 2 pi f r."""
    table_f = np.linspace(0, float(f.max()) * 1.001, 4096)
    u = np.maximum(2 * np.pi * table_f * radius_mm, 1e-9)
    table = (2 * j1(u) / u).astype(np.float32)
    return np.asarray(table[(f * np.float32(4095 / table_f[-1])).astype(np.int32)])
