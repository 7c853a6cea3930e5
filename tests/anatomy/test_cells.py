"""Cells: the search finds the nearest, walls keep their volume at any slant, gland keeps to the fullest lobules."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from phantom.anatomy import slab
from phantom.anatomy.cells import Cells, Frame, Walls, binned, candidates, covered, nearest, pair, walls_at
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


def test_a_pair_has_one_number_whoever_asks_and_a_bold_cell_is_bold_all_round() -> None:
    of_pairs = np.array([[pair(a, b) if a != b else np.nan for a in range(60)] for b in range(60)])
    assert np.allclose(of_pairs, of_pairs.T, equal_nan=True)
    assert pair(3, 17) != pair(3, 18)
    u = of_pairs[np.triu_indices(60, 1)]
    assert 0 <= u.min() < 0.05
    assert np.median(u) < 0.45
    assert 0.85 < u.max() <= 1
    assert np.nanmin(of_pairs, axis=0).max() > 0.45


WALLS = Walls(np.float32(0.0), np.float32(0.4), 3, np.float32(0.2), np.float32(2.0), np.float32(9.0))


def measured(
    places: np.ndarray, cells: Cells, one: Frame, walls: Walls = WALLS, through: tuple[float, float, float] = (0, 0, 0)
) -> np.ndarray:
    """Distance, spread and half thickness (3, n) of the nearest wall at places (n, 3)."""
    x, y, z = np.ascontiguousarray(np.asarray(places, np.float32).T)
    found, d, which = np.empty(40, np.int32), np.empty((3, x.size), np.float32), np.empty((2, x.size), np.int32)
    count = candidates(np.float32(0), np.float32(0), np.float32(0), np.float32(500), cells, found)
    nearest(x, y, z, cells, found, count, d, which)
    out = np.empty((3, x.size), np.float32)
    h = np.repeat(np.float32(through)[:, None], x.size, axis=1)
    walls_at(cells, walls, one, h, d, which, out)
    return out


@pytest.mark.parametrize("tilt", [0.0, 0.3, 2.0, 10.0])
def test_a_wall_keeps_its_volume_through_a_slab_at_any_slant(tilt: float) -> None:
    """A wall 0.5 mm thick that moves sideways by `tilt` mm through the slab: as much tissue as if it stood upright."""
    length = np.hypot(1.0, tilt)
    places = np.array([[-5.0 / length, 0, 5.0 * tilt / length], [5.0 / length, 0, -5.0 * tilt / length]], np.float32)
    cells, _ = binned(places, 20.0)
    x = np.arange(-12, 12, 0.01)
    gap, spread, _ = measured(np.stack([x, 0 * x, 0 * x], axis=1), cells, frame(blur_mm=0.05), through=(0, 0, 1.0))
    total = sum(float(covered(g, np.float32(0.25), s)) for g, s in zip(gap, spread, strict=True)) * 0.01
    assert total == pytest.approx(0.5 * length, rel=0.03)  # its horizontal cut is longer by the slant


def test_distances_are_mm_in_a_warped_space() -> None:
    one = frame(scale=2.0, squeeze=0.75)  # 1 mm across counts 2, along 1
    along, _ = binned(np.array([[-3.0, 0, 0], [3.0, 0, 0]], np.float32), 50.0)
    across, _ = binned(np.array([[0, -3.0, 0], [0, 3.0, 0]], np.float32), 50.0)
    assert measured(np.array([[1.0, 0, 0]]), along, one)[0] == pytest.approx(1.0, rel=1e-3)
    assert measured(np.array([[0, 1.0, 0]]), across, one)[0] == pytest.approx(0.5, rel=1e-3)


def test_walls_are_unequal_and_thicken_where_three_meet() -> None:
    cells, _ = binned(np.array([[-4.0, 0, 0], [4.0, 0, 0], [0, 7.0, 0]], np.float32), 50.0)
    u = next(pair(a, b) for a in range(3) for b in range(a) if abs(cells.seeds[a, 1]) + abs(cells.seeds[b, 1]) == 0)
    at_wall = np.array([[0.05, y, 0] for y in (-6.0, 0.5, 1.5, 2.0)])
    half = measured(at_wall, cells, frame())[2]
    assert half[0] == pytest.approx(0.4 * float(u) ** 3, rel=1e-4)
    assert half[3] > half[2] > half[1] >= half[0]
    thicker = measured(at_wall[:1], cells, frame(), WALLS._replace(most=np.float32(0.8)))[2]
    assert thicker[0] == pytest.approx(2 * half[0], rel=1e-4)


@pytest.mark.parametrize("density", [0.04, 0.12, 0.3, 0.5])
def test_the_grown_tissue_has_the_density_that_was_asked(density: float) -> None:
    """Counted in space, before any view: gland and the walls that slabs show fill as much of the breast as was
    asked."""
    breast = Anatomy(density=Draw.constant(density)).grow(Seed(3), "L")
    p, rng = breast.parenchyma, np.random.default_rng(5)
    lo, hi = breast.bounds_mm
    points = rng.uniform(lo, hi, (60000, 3))
    points = points[breast.body.level(points) < 0.985]
    which, walls = p.sampled(points)
    gland = p.tissue.level[which[0]] * np.clip(p.tissue.fill[which[0]] * 9 - p.tissue.chance[which[1]] * 8, 0, 1)
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


def test_a_wall_thins_out_toward_the_line_where_a_third_cell_meets_it_and_all_end_alike() -> None:
    """Bold walls and thin ones end at the same thickness, that of the node: no wall ends bluntly."""
    corners = np.array([[-4.0, 0, 0], [4.0, 0, 0], [0, 7.0, 0]], np.float32)
    cells, _ = binned(corners, 20.0)
    node = 49 / 14 - 16 / 14  # the height at which all three are equally far
    y = np.array([-30.0, node - 0.01])
    places = np.stack([np.full(2, 1e-3), y, np.zeros(2)], axis=1)
    for most in (0.1, 2.0):
        walls = WALLS._replace(least=np.float32(most), most=np.float32(0), node=np.float32(0.2))
        far, near = measured(places, cells, frame(), walls)[2]
        assert far == pytest.approx(most, rel=1e-3)
        assert 0.04 < near < 0.27


def test_an_empty_lobule_holds_no_gland_and_a_full_one_only_gland() -> None:
    # were it otherwise, gland would end at once where it fades to nothing: in steps as large as a block
    chances = np.linspace(0, 1, 11, dtype=np.float32)
    assert max(slab.part_filled(np.float32(1e-4), c) for c in chances) < 0.01
    assert min(slab.part_filled(np.float32(1.0), c) for c in chances) == 1
