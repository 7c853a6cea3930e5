"""Cells of tissue: seeds in space, each with the places that are nearer to it than to any other, and a quick search."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from phantom.arrays import F32, Array
from phantom.compiled import compiled, inlined

_RINGS = 60  # of bins that are looked through at most
MOST = 192  # candidates that a block of places can have
_NODE = np.float32(0.1)  # of the thickening where walls meet, what even the thinnest have (an estimate)
_APART = np.float32(0.5)  # how much thinner than the boldest the wall of a pair can be (an estimate)
_ZERO, _ONE, _HALF, _TWO, _FAR = np.float32(0), np.float32(1), np.float32(0.5), np.float32(2), np.float32(1e12)


class Cells(NamedTuple):
    """Seeds sorted into cubic bins.

    Attributes
    ----------
    seeds : (n, 3) float32
        Places, bin by bin.
    start : (bins + 1,) int32
        Of each bin its first seed.
    origin : (3,) float32
        The first bin's lowest corner.
    step : float32
        A bin's side.
    shape : (3,) int32
        Bins along each axis.
    """

    seeds: F32
    start: Array
    origin: F32
    step: Any
    shape: Array


class Walls(NamedTuple):
    """How thick the walls between cells are: half thickness = least + most u^power (mm), u uniform for each pair.

    Very unequal walls make a web with few bold lines; equal ones would make foam.

    Attributes
    ----------
    least, most : float32
        Half thickness, mm, of the thinnest (below 0: none) and the thickest.
    power : int
        2 to 4: how unequal they are.
    node, reach : float32
        What is added, mm, where a third cell is near, and from how near, mm: sheets that meet thicken, as in foam
        (Plateau's borders).
    largest : float32
        No half thickness is above this, mm.
    """

    least: Any
    most: Any
    power: int
    node: Any
    reach: Any
    largest: Any


def binned(places: F32, step: float) -> tuple[Cells, Array]:
    """Seeds at places (n, 3), and the order in which the bins hold them."""
    origin = np.asarray(places.min(axis=0) - np.float32(0.5 * step), np.float32)
    shape = np.asarray(np.ceil((places.max(axis=0) - origin) / step), np.int32) + np.int32(1)
    where = ((places - origin) / np.float32(step)).astype(np.int64)
    bins = (where[:, 0] * shape[1] + where[:, 1]) * shape[2] + where[:, 2]
    order = np.argsort(bins, kind="stable")
    start = np.searchsorted(bins[order], np.arange(int(shape.prod()) + 1)).astype(np.int32)
    return Cells(np.ascontiguousarray(places[order]), start, origin, np.float32(step), shape), order


@inlined
def _mixed(h: int) -> Any:
    """A number in 0..1 from 32 bits (a hash: C. Wellons' triple32, shortened)."""
    h &= 0xFFFFFFFF
    h ^= h >> 17
    h = (h * 0x2C1B3C6D) & 0xFFFFFFFF
    h ^= h >> 12
    h = (h * 0x297A2D39) & 0xFFFFFFFF
    h ^= h >> 15
    return np.float32(h) * np.float32(2.3283064e-10)


@inlined
def pair(a: int, b: int) -> Any:
    """A number in 0..1 for each unordered pair of cells, alike all round a cell.

    The larger of the two cells' own numbers, squared (so evenly spread), times one of the pair's: a bold cell has a
    whole capsule, so that lines do not end where its neighbours change.
    """
    low, high = (a, b) if a < b else (b, a)
    bolder = max(_mixed(low * 0x9E3779B1 + 0x165667B1), _mixed(high * 0x9E3779B1 + 0x165667B1))
    return bolder * bolder * (_ONE - _APART * _mixed(low * 0x9E3779B1 + high * 0x85EBCA77 + 0x27D4EB2F))


@compiled
def _third_nearest(x: Any, y: Any, z: Any, cells: Cells) -> Any:
    """Squared distance from a point to the third nearest seed, looked for ring by ring of bins."""
    seeds, start, origin, step, shape = cells.seeds, cells.start, cells.origin, cells.step, cells.shape
    i0 = min(max(int((x - origin[0]) / step), 0), shape[0] - 1)
    j0 = min(max(int((y - origin[1]) / step), 0), shape[1] - 1)
    k0 = min(max(int((z - origin[2]) / step), 0), shape[2] - 1)
    first, second, third = _FAR, _FAR, _FAR
    for ring in range(_RINGS):
        for i in range(max(i0 - ring, 0), min(i0 + ring, shape[0] - 1) + 1):
            for j in range(max(j0 - ring, 0), min(j0 + ring, shape[1] - 1) + 1):
                # of a column inside the ring only its two ends are new
                stride = 1 if abs(i - i0) == ring or abs(j - j0) == ring else max(2 * ring, 1)
                for k in range(k0 - ring, k0 + ring + 1, stride):
                    if k < 0 or k >= shape[2]:
                        continue
                    b = (i * shape[1] + j) * shape[2] + k
                    for s in range(start[b], start[b + 1]):
                        dx, dy, dz = seeds[s, 0] - x, seeds[s, 1] - y, seeds[s, 2] - z
                        d = dx * dx + dy * dy + dz * dz
                        third = min(third, max(second, d))
                        second = min(second, max(first, d))
                        first = min(first, d)
        sure = np.float32(ring) * step  # nothing beyond the rings looked at is nearer than this
        if third <= sure * sure:
            break
    return third


@compiled
def candidates(x: Any, y: Any, z: Any, reach: Any, cells: Cells, found: Array) -> int:
    """Put into `found` the cells that can be among the three nearest of a place within `reach` of a point; their
    number."""
    seeds, start, origin, step, shape = cells.seeds, cells.start, cells.origin, cells.step, cells.shape
    radius = np.float32(np.sqrt(_third_nearest(x, y, z, cells))) + _TWO * reach
    limit = radius * radius
    low0, high0 = int((x - radius - origin[0]) / step), int((x + radius - origin[0]) / step)
    low1, high1 = int((y - radius - origin[1]) / step), int((y + radius - origin[1]) / step)
    low2, high2 = max(int((z - radius - origin[2]) / step), 0), min(int((z + radius - origin[2]) / step), shape[2] - 1)
    count = 0
    for i in range(max(low0, 0), min(high0, shape[0] - 1) + 1):
        for j in range(max(low1, 0), min(high1, shape[1] - 1) + 1):
            row = (i * shape[1] + j) * shape[2]
            if high2 < low2:
                continue
            for s in range(start[row + low2], start[row + high2 + 1]):
                dx, dy, dz = seeds[s, 0] - x, seeds[s, 1] - y, seeds[s, 2] - z
                if dx * dx + dy * dy + dz * dz <= limit and count < found.size:
                    found[count] = s
                    count += 1
    return count


@compiled
def nearest(x: F32, y: F32, z: F32, cells: Cells, found: Array, count: int, d: F32, which: Array) -> None:
    """Of places x, y, z (each (m,)): d (3, m) the three least squared distances to candidates, which (2, m) the two
    nearest.

    Without branches, so that the compiler works on several places at once.
    """
    seeds = cells.seeds
    d1, d2, d3, i1, i2 = d[0], d[1], d[2], which[0], which[1]
    for p in range(x.size):
        d1[p] = d2[p] = d3[p] = _FAR
        i1[p] = i2[p] = found[0]
    for n in range(count):
        s = found[n]
        sx, sy, sz = seeds[s, 0], seeds[s, 1], seeds[s, 2]
        for p in range(x.size):
            dx, dy, dz = x[p] - sx, y[p] - sy, z[p] - sz
            apart = dx * dx + dy * dy + dz * dz
            first, second = d1[p], d2[p]
            is_first, is_second = apart < first, apart < second
            d3[p] = min(d3[p], max(second, apart))
            d2[p] = first if is_first else (apart if is_second else second)
            i2[p] = i1[p] if is_first else (s if is_second else i2[p])
            d1[p] = apart if is_first else first
            i1[p] = s if is_first else i1[p]


class Frame(NamedTuple):
    """How the warped space of cells lies at a place, for turning its distances into mm.

    Attributes
    ----------
    ux, uy, uz : float32
        Unit vector, in it, away from the nipple.
    scale : float32
        Its lengths across that direction over mm.
    squeeze : float32
        1 - (lengths along over lengths across)².
    blur_mm : float32
        How far a point of the lattice reaches in its plane.
    """

    ux: Any
    uy: Any
    uz: Any
    scale: Any
    squeeze: Any
    blur_mm: Any


@inlined
def bisector(a: int, b: int, cells: Cells, frame: Frame) -> Any:
    """Of the wall between two cells: mm per difference of squared distances, and what of the way through it crosses.

    Half the difference of the squared distances to two seeds, over the distance between them, is the distance from
    the wall; it is linear in the place, so that a slab of any thickness is integrated exactly. The vector
    returned, times the way through a slab, is how far the wall is spread, mm.
    """
    seeds = cells.seeds
    nx, ny, nz = seeds[b, 0] - seeds[a, 0], seeds[b, 1] - seeds[a, 1], seeds[b, 2] - seeds[a, 2]
    apart = np.float32(np.sqrt(nx * nx + ny * ny + nz * nz)) + np.float32(1e-3)
    along = (nx * frame.ux + ny * frame.uy + nz * frame.uz) / apart
    stretch = frame.scale * np.float32(np.sqrt(max(_ONE - frame.squeeze * along * along, np.float32(0.05))))
    mm = _HALF / (apart * stretch)
    return mm, _TWO * mm * nx, _TWO * mm * ny, _TWO * mm * nz


@compiled
def walls_at(cells: Cells, walls: Walls, frame: Frame, h: F32, d: F32, which: Array, out: F32) -> None:
    """Of places: distance from the nearest wall, how far it is spread (both mm), half its thickness (mm), into out
    (3, m).

    h (3, m): the way through a slab at each place, in the cells' space. d (3, m), which (2, m): as `nearest` gives
    them. The thickness is 0 where a slab shows nothing of the wall.
    """
    gap, spread, half = out[0], out[1], out[2]
    last_a, last_b = -1, -1
    mm, nx, ny, nz, base, node = _ONE, _ONE, _ZERO, _ZERO, _ZERO, _ZERO
    per_reach = _ONE / walls.reach
    for p in range(d.shape[1]):
        a, b = which[0, p], which[1, p]
        if a != last_a or b != last_b:  # neighbours mostly lie between the same two cells
            last_a, last_b = a, b
            mm, nx, ny, nz = bisector(a, b, cells, frame)
            u = pair(a, b)
            rise = u * u
            for _ in range(walls.power - 2):
                rise *= u
            base, node = max(walls.least + walls.most * rise, _ZERO), walls.node * (_NODE + u * u)
        wide = abs(h[0, p] * nx + h[1, p] * ny + h[2, p] * nz) + frame.blur_mm
        gap[p], spread[p] = (d[1, p] - d[0, p]) * mm, wide
        if gap[p] - _HALF * wide >= walls.largest:
            half[p] = _ZERO
        else:
            close = max(_ONE - (d[2, p] - d[0, p]) * mm * per_reach, _ZERO)
            half[p] = base * (_ONE - close * close) + node * close * close


@inlined
def covered(gap_mm: Any, half_mm: Any, spread_mm: Any) -> Any:
    """The part of a stretch about `gap_mm` that lies within `half_mm` of 0: 0 to 1."""
    low = max(gap_mm - _HALF * spread_mm, -half_mm)
    high = min(gap_mm + _HALF * spread_mm, half_mm)
    return max(high - low, _ZERO) / spread_mm
