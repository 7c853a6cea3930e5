"""One slab of tissue: which of it is gland, and which is wall between cells of three sizes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from phantom.anatomy.cells import MOST, Cells, Frame, Walls, candidates, covered, nearest, walls_at
from phantom.arrays import F32, Array, Floats
from phantom.compiled import compiled, inlined

# compiled code is kept for as long as its own file stays the same: so this one names the state of cells.py, which is
# compiled into it (the first 16 digits of its SHA-256)
_CELLS_SHA256 = "3402eadc85f97360"
_ZERO, _ONE, _HALF, _QUARTER = np.float32(0), np.float32(1), np.float32(0.5), np.float32(0.25)
_SHARP = np.float32(8)  # how suddenly a part turns from fat to gland as its lobule fills
_POINT_MM = np.float32(0.3)  # how far a sampled place reaches
_ROUGHEST_MM = np.float32(1.0)  # rough displacement is taken to stay within this
_SHEATH = np.float32(0.8)  # how much thicker walls are between gland and fat (an estimate)
_LEAST_KEPT, _FADE = np.float32(0.5), np.float32(0.2)  # of the walls beyond the free breast, and how fast they thin out


class Tissue(NamedTuple):
    """Cells of three sizes and what is in them.

    Attributes
    ----------
    lobule, part, compartment : Cells
    fill : (lobules,) float32
        How much of a lobule is gland, 0 to 1.
    level : (lobules,) float32
        How dense its gland is, 0 to 1.
    clump : (lobules,) float32
        Thickness of its walls, times the usual.
    chance : (parts,) float32
        A part is gland where its lobule is fuller than this.
    lobule_walls, part_walls, compartment_walls : Walls
    thin : float32
        All walls times this.
    """

    lobule: Cells
    part: Cells
    compartment: Cells
    fill: F32
    level: F32
    clump: F32
    chance: F32
    lobule_walls: Walls
    part_walls: Walls
    compartment_walls: Walls
    thin: Any


class Nodes(NamedTuple):
    """A slab at the nodes of its lattice, (rows, columns).

    Attributes
    ----------
    q, dq : (rows, columns, 3) float32
        Warped places at the slab's middle, and their change through it.
    scale, squeeze : float32
        As in `Frame`.
    fade : float32
        0 in the free breast, growing to 2 beyond it.
    """

    q: F32
    dq: F32
    scale: F32
    squeeze: F32
    fade: F32


class Roughness(NamedTuple):
    """Tiles of random texture, their sides powers of two, and where they lie.

    Attributes
    ----------
    shift : (3, side, side) float32
        Displacement, mm.
    shift_at : (2,) int
    mottle : (side, side) float32
        Variation of the gland, about 0.
    mottle_at : (2,) int
    stride : int
        Points of the tiles from one of the slab's to the next.
    """

    shift: F32
    shift_at: Array
    mottle: F32
    mottle_at: Array
    stride: int


@inlined
def part_filled(fill: Any, chance: Any) -> Any:
    """How much of a part is gland, 0 to 1: none in an empty lobule, all in a full one."""
    return min(max((fill * (_ONE + _ONE / _SHARP) - chance) * _SHARP, _ZERO), _ONE)


@inlined
def _glandular(tissue: Tissue, a: int, b: int, j: int, m: int, share: Any, share2: Any, gone: Any) -> Any:
    """How much of a slab is gland, 0 to 1, where `share` of it lies in lobule a, the rest in b, `share2` in part j."""
    g = _ZERO
    for side in range(2):
        cell, of = (a, share) if side == 0 else (b, _ONE - share)
        fill = tissue.fill[cell] - gone
        if of > _ZERO and fill > _ZERO:
            one, other = part_filled(fill, tissue.chance[j]), part_filled(fill, tissue.chance[m])
            g += of * tissue.level[cell] * (share2 * one + (_ONE - share2) * other)
    return g


@compiled
def _between(
    q: F32, i: int, j: int, every: int, scale: Any, rough: Roughness, r0: int, c0: int, x: F32, y: F32, z: F32
) -> None:
    """Warped places of all points between four nodes, linear between them, roughly displaced."""
    wrap = rough.mottle.shape[0] - 1
    per = _ONE / np.float32(every)
    ax, bx, ex, fx = q[i, j, 0], q[i, j + 1, 0], q[i + 1, j, 0], q[i + 1, j + 1, 0]
    ay, by, ey, fy = q[i, j, 1], q[i, j + 1, 1], q[i + 1, j, 1], q[i + 1, j + 1, 1]
    az, bz, ez, fz = q[i, j, 2], q[i, j + 1, 2], q[i + 1, j, 2], q[i + 1, j + 1, 2]
    for r in range(every):
        fr = np.float32(r) * per
        ti = ((r0 + r) * rough.stride + rough.shift_at[0]) & wrap
        lx, ly, lz = ax + fr * (ex - ax), ay + fr * (ey - ay), az + fr * (ez - az)
        sx, sy, sz = bx + fr * (fx - bx) - lx, by + fr * (fy - by) - ly, bz + fr * (fz - bz) - lz
        for c in range(every):
            fc = np.float32(c) * per
            tj, p = ((c0 + c) * rough.stride + rough.shift_at[1]) & wrap, r * every + c
            x[p] = lx + fc * sx + scale * rough.shift[0, ti, tj]
            y[p] = ly + fc * sy + scale * rough.shift[1, ti, tj]
            z[p] = lz + fc * sz + scale * rough.shift[2, ti, tj]


@compiled
def _spread(values: F32, i: int, j: int, every: int, out: F32) -> None:
    """Of vectors at nodes: those at all points between four of them, linear between them, into out (3, every²)."""
    per = _ONE / np.float32(every)
    for k in range(3):
        a, b, e, f = values[i, j, k], values[i, j + 1, k], values[i + 1, j, k], values[i + 1, j + 1, k]
        for r in range(every):
            fr = np.float32(r) * per
            left, right = a + fr * (e - a), b + fr * (f - b)
            for c in range(every):
                out[k, r * every + c] = left + np.float32(c) * per * (right - left)


@compiled
def add_slab(nodes: Nodes, weight: F32, every: int, blur_mm: Any, rough: Roughness, tissue: Tissue, total: F32) -> None:
    """Add what one slab holds of gland and walls, mm, to `total` (rows, columns).

    Parameters
    ----------
    nodes : Nodes
        The first of its rows and columns lie on the lattice's first.
    weight : (rows, columns) float32
        mm of path in the slab, 0 outside the breast.
    every : int
        Points of the lattice from node to node.
    blur_mm : float32
    rough : Roughness
    tissue : Tissue
    total : (rows, columns) float32
    """
    lobule, part, compartment = tissue.lobule, tissue.part, tissue.compartment
    found1, found2, found3 = np.empty(MOST, np.int32), np.empty(MOST, np.int32), np.empty(MOST, np.int32)
    many = every * every
    x, y, z = np.empty(many, np.float32), np.empty(many, np.float32), np.empty(many, np.float32)
    h = np.empty((3, many), np.float32)
    d1, d2, d3 = np.empty((3, many), np.float32), np.empty((3, many), np.float32), np.empty((3, many), np.float32)
    v1, v2, v3 = np.empty((3, many), np.float32), np.empty((3, many), np.float32), np.empty((3, many), np.float32)
    w1, w2, w3 = np.empty((2, many), np.int32), np.empty((2, many), np.int32), np.empty((2, many), np.int32)
    wrap = rough.mottle.shape[0] - 1
    per = _ONE / np.float32(every)
    rows, columns = weight.shape
    q, dq, fade = nodes.q, nodes.dq, nodes.fade
    for bi in range(q.shape[0] - 1):
        for bj in range(q.shape[1] - 1):
            r0, c0 = bi * every, bj * every
            r1, c1 = min(r0 + every, rows), min(c0 + every, columns)
            if r0 >= r1 or c0 >= c1 or weight[r0:r1, c0:c1].max() <= _ZERO:
                continue
            mx = _QUARTER * (q[bi, bj, 0] + q[bi, bj + 1, 0] + q[bi + 1, bj, 0] + q[bi + 1, bj + 1, 0])
            my = _QUARTER * (q[bi, bj, 1] + q[bi, bj + 1, 1] + q[bi + 1, bj, 1] + q[bi + 1, bj + 1, 1])
            mz = _QUARTER * (q[bi, bj, 2] + q[bi, bj + 1, 2] + q[bi + 1, bj, 2] + q[bi + 1, bj + 1, 2])
            reach = _ZERO
            for corner in range(4):
                i, j = bi + corner // 2, bj + corner % 2
                ex, ey, ez = q[i, j, 0] - mx, q[i, j, 1] - my, q[i, j, 2] - mz
                reach = max(reach, np.float32(np.sqrt(ex * ex + ey * ey + ez * ez)))
            scale = nodes.scale[bi, bj]
            reach += _ROUGHEST_MM * scale
            n1 = candidates(mx, my, mz, reach, lobule, found1)
            n2 = candidates(mx, my, mz, reach, part, found2)
            n3 = candidates(mx, my, mz, reach, compartment, found3)
            away = np.float32(np.sqrt(mx * mx + my * my + mz * mz)) + np.float32(1e-3)
            frame = Frame(
                mx / away, my / away, mz / away, scale, nodes.squeeze[bi, bj], blur_mm
            )  # fmt: skip
            _spread(dq, bi, bj, every, h)
            _between(q, bi, bj, every, scale, rough, r0, c0, x, y, z)
            nearest(x, y, z, lobule, found1, n1, d1, w1)
            nearest(x, y, z, part, found2, n2, d2, w2)
            nearest(x, y, z, compartment, found3, n3, d3, w3)
            walls_at(lobule, tissue.lobule_walls, frame, h, d1, w1, v1)
            walls_at(part, tissue.part_walls, frame, h, d2, w2, v2)
            walls_at(compartment, tissue.compartment_walls, frame, h, d3, w3, v3)
            for r in range(r0, r1):
                down = np.float32(r - r0) * per
                left = fade[bi, bj] + down * (fade[bi + 1, bj] - fade[bi, bj])
                right = fade[bi, bj + 1] + down * (fade[bi + 1, bj + 1] - fade[bi, bj + 1])
                for c in range(c0, c1):
                    w = weight[r, c]
                    if w <= _ZERO:
                        continue
                    gone = left + np.float32(c - c0) * per * (right - left)
                    kept = tissue.thin * max(_ONE - _FADE * gone, _LEAST_KEPT)
                    p = (r - r0) * every + c - c0
                    a, b = w1[0, p], w1[1, p]
                    share, share2 = min(_HALF + v1[0, p] / v1[1, p], _ONE), min(_HALF + v2[0, p] / v2[1, p], _ONE)
                    solid = _glandular(tissue, a, b, w2[0, p], w2[1, p], share, share2, gone)
                    if solid > _ZERO:
                        ti, tj = r * rough.stride + rough.mottle_at[0], c * rough.stride + rough.mottle_at[1]
                        mottle = rough.mottle[ti & wrap, tj & wrap]
                        solid *= max(_ONE + mottle, _ZERO)
                    # Cooper's ligaments sheathe the gland: where it borders on fat walls are bolder
                    much = kept * tissue.clump[a] * (_ONE + _SHEATH * abs(tissue.fill[a] - tissue.fill[b]))
                    solid = max(solid, covered(v1[0, p], much * v1[2, p], v1[1, p]))
                    solid = max(solid, covered(v2[0, p], much * v2[2, p], v2[1, p]))
                    solid = max(solid, covered(v3[0, p], kept * v3[2, p], v3[1, p]))
                    total[r, c] += w * solid


@compiled
def _in_one(
    q: F32, cells: Cells, frame: Frame, walls: Walls, h: F32, found: Array, d: F32, w: Array, v: F32
) -> int:
    """Of one warped place q (3, 1): the cell it lies in; its nearest wall's measures into v (3, 1)."""
    count = candidates(q[0, 0], q[1, 0], q[2, 0], _ZERO, cells, found)
    nearest(q[0], q[1], q[2], cells, found, count, d, w)
    walls_at(cells, walls, frame, h, d, w, v)
    return int(w[0, 0])


@compiled
def sample(q: F32, unit: F32, scale: F32, squeeze: F32, tissue: Tissue, which: Array, walls: F32) -> None:
    """Of warped places q (n, 3): which (2, n) the lobule and the part each lies in, and its nearest walls (3, 3, n).

    unit (n, 3), scale, squeeze (n,): as in `Frame`. Of lobules, parts and compartments a wall's measures are those
    of `walls_at`.
    """
    found = np.empty(MOST, np.int32)
    d, w, v = np.empty((3, 1), np.float32), np.empty((2, 1), np.int32), np.empty((3, 1), np.float32)
    one, h = np.empty((3, 1), np.float32), np.zeros((3, 1), np.float32)
    for n in range(q.shape[0]):
        for k in range(3):
            one[k, 0] = q[n, k]
        frame = Frame(unit[n, 0], unit[n, 1], unit[n, 2], scale[n], squeeze[n], _POINT_MM)
        which[0, n] = _in_one(one, tissue.lobule, frame, tissue.lobule_walls, h, found, d, w, v)
        walls[0, :, n] = v[:, 0]
        which[1, n] = _in_one(one, tissue.part, frame, tissue.part_walls, h, found, d, w, v)
        walls[1, :, n] = v[:, 0]
        _in_one(one, tissue.compartment, frame, tissue.compartment_walls, h, found, d, w, v)
        walls[2, :, n] = v[:, 0]


@compiled
def parts_filled(fill: Floats, chance: F32, out: Floats) -> None:
    """How much of parts is gland, into out (n,), of lobules so full (n,)."""
    for n in range(out.size):
        out[n] = part_filled(fill[n], chance[n])


@compiled
def walled(which: Array, walls: F32, tissue: Tissue, solid: F32) -> None:
    """Of places as `sample` found them: how much of each walls cover, into solid (n,)."""
    for n in range(solid.size):
        much = tissue.thin * tissue.clump[which[0, n]]
        most = covered(walls[0, 0, n], much * walls[0, 2, n], walls[0, 1, n])
        most = max(most, covered(walls[1, 0, n], much * walls[1, 2, n], walls[1, 1, n]))
        solid[n] = max(most, covered(walls[2, 0, n], tissue.thin * walls[2, 2, n], walls[2, 1, n]))
