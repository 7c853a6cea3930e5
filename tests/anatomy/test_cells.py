"""Cells: the search finds the nearest, walls keep their volume at any slant, gland keeps to the fullest lobules."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from phantom.anatomy.cells import Frame, Walls, binned, bisector, candidates, covered, nearest, pair, wall
from phantom.anatomy.patient import Anatomy
from phantom.recipe.draw import Draw
from phantom.recipe.seed import Seed


def frame(**changed: float) -> Frame:
    plain = {
        "ux": 1.0,
        "uy": 0.0,
        "uz": 0.0,
        "scale": 1.0,
        "squeeze": 0.0,
        "hx": 0.0,
        "hy": 0.0,
        "hz": 0.0,
        "blur_mm": 0.1,
    }
    return Frame(**{name: np.float32(value) for name, value in (plain | changed).items()})


@pytest.mark.parametrize("step", [3.0, 6.0, 25.0])
def test_the_search_finds_the_two_nearest_wherever_it_looks(step: float) -> None:
    rng = np.random.default_rng(0)
    places = rng.uniform(0, 60, (900, 3)).astype(np.float32)
    places = places[(places[:, 0] < 30) | (rng.random(900) < 0.1)]  # some regions are nearly empty
    cells, order = binned(places, step)
    assert np.array_equal(cells.seeds, places[order])
    tree = cKDTree(cells.seeds)
    found, reach = np.empty(600, np.int32), np.float32(2.0)
    for middle in rng.uniform(-5, 65, (60, 3)).astype(np.float32):
        count = candidates(*middle, reach, cells, found)
        offsets = rng.standard_normal((16, 3))
        offsets *= reach * rng.random((16, 1)) / np.linalg.norm(offsets, axis=1, keepdims=True)
        x, y, z = np.ascontiguousarray((middle + offsets).astype(np.float32).T)
        d, which = np.empty((3, 16), np.float32), np.empty((2, 16), np.int32)
        nearest(x, y, z, cells, found, count, d, which)
        apart, index = tree.query(np.stack([x, y, z], axis=1), k=3)
        assert np.sqrt(d[:2].T) == pytest.approx(apart[:, :2], rel=1e-3, abs=1e-3)
        assert (np.sqrt(d[2]) > apart[:, 2] - 1e-3).all()
        assert np.mean(index[:, :2] == which.T) > 0.99


def test_a_pair_has_one_number_whoever_asks_and_numbers_are_even() -> None:
    u = np.array([pair(a, b) for a in range(60) for b in range(a)])
    assert pair(3, 17) == pair(17, 3) != pair(3, 18)
    assert np.histogram(u, 10, (0, 1))[0].min() > 0.07 * u.size
    assert u.min() >= 0
    assert u.max() <= 1


@pytest.mark.parametrize("tilt", [0.0, 0.3, 2.0, 10.0])
def test_a_wall_keeps_its_volume_through_a_slab_at_any_slant(tilt: float) -> None:
    """A wall 0.5 mm thick that moves sideways by `tilt` mm through the slab: as much tissue as if it stood upright."""
    length = np.hypot(1.0, tilt)
    places = np.array([[-5.0 / length, 0, 5.0 * tilt / length], [5.0 / length, 0, -5.0 * tilt / length]], np.float32)
    cells, _ = binned(places, 20.0)
    low, high = cells.seeds[0], cells.seeds[1]
    total, step = 0.0, 0.01
    for x in np.arange(-12, 12, step):
        p = np.array([x, 0, 0], np.float32)
        d = [np.float32(((p - s) ** 2).sum()) for s in (low, high)]
        a, b = (0, 1) if d[0] <= d[1] else (1, 0)
        gap, spread, _ = bisector(a, b, min(d), max(d), cells, frame(hz=1.0, blur_mm=0.05))
        total += float(covered(gap, np.float32(0.25), spread)) * step
    assert total == pytest.approx(0.5 * length, rel=0.03)  # its horizontal cut is longer by the slant


def test_distances_are_mm_in_a_warped_space() -> None:
    places = np.array([[-3.0, 0, 0], [3.0, 0, 0], [0, -3.0, 9.0], [0, 3.0, 9.0]], np.float32)
    cells, order = binned(places, 50.0)
    index = [int(np.flatnonzero(order == k)[0]) for k in range(4)]
    one = frame(scale=2.0, squeeze=0.75)  # 2 mm across count 2 x 2, along half of that
    gap, _, _ = bisector(index[0], index[1], np.float32(4), np.float32(16), cells, one)
    assert gap == pytest.approx(1.0 / 1.0, rel=1e-3)  # 1 along is 1 mm
    gap, _, _ = bisector(index[2], index[3], np.float32(4), np.float32(16), cells, one)
    assert gap == pytest.approx(1.0 / 2.0, rel=1e-3)  # 1 across is half a mm


def test_walls_are_unequal_and_thicken_where_three_meet() -> None:
    walls = Walls(*(np.float32(v) for v in (0.0, 0.4)), 3, np.float32(0.2), np.float32(2.0), np.float32(9.0))
    half = [float(wall(np.float32(u), np.float32(5.0), walls)) for u in (0.2, 0.5, 1.0)]
    assert half == pytest.approx([0.4 * u**3 for u in (0.2, 0.5, 1.0)], rel=1e-5)
    near = [float(wall(np.float32(0.5), np.float32(mm), walls)) for mm in (0.0, 1.0, 2.0)]
    assert near[0] > near[1] > near[2] == pytest.approx(half[1], rel=1e-5)


@pytest.mark.parametrize("density", [0.04, 0.12, 0.3, 0.5])
def test_the_grown_tissue_has_the_density_that_was_asked(density: float) -> None:
    """Counted in space, before any view: gland and the walls that slabs show fill as much of the breast as was asked."""
    breast = Anatomy(density=Draw.constant(density)).grow(Seed(3), "L")
    p, rng = breast.parenchyma, np.random.default_rng(5)
    lo, hi = breast.bounds_mm
    points = rng.uniform(lo, hi, (60000, 3))
    points = points[breast.body.level(points) < 0.985]
    which, walls = p.sampled(points)
    gland = p.tissue.level[which[0]] * np.clip((p.tissue.fill[which[0]] - p.tissue.chance[which[1]]) * 8 + 0.5, 0, 1)
    got = float(np.maximum(gland, 0.5 * walls).mean())
    assert got == pytest.approx(max(breast.density - 0.01, 0.25 * breast.density), rel=0.06)


def test_gland_keeps_out_of_the_fat_under_the_skin_and_behind_the_gland() -> None:
    breast = Anatomy(density=Draw.constant(0.25)).grow(Seed(6), "L")
    rng = np.random.default_rng(1)
    lo, hi = breast.bounds_mm
    points = rng.uniform(lo, hi, (30000, 3))
    points = points[breast.body.level(points) < 1]
    weight, depth = breast.gland_weight(points), breast.depth_mm(points)
    x = points[:, 0] / breast.body.height_mm
    core = weight[(depth > 15) & (x > 0.35)].mean()
    assert weight[(depth < 3) & (x < 0.8)].mean() < 0.25 * core
    assert weight[x < 0.08].mean() < 0.6 * core
