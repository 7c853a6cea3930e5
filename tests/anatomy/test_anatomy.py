"""A breast: its parts lie where they belong, its density is what was asked, its numbers what was published."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats
from scipy.ndimage import gaussian_filter

from phantom.anatomy.breast import Breast, Host
from phantom.anatomy.patient import Anatomy, birads_density
from phantom.anatomy.projected.lattices import seen_on
from phantom.anatomy.projected.shadow import TissueWindow, project_tissue
from phantom.anatomy.projected.soft_tissue_lesions import half_axes, host_path
from phantom.errors import UsageError
from phantom.exam.field_of_view import frame
from phantom.geometry.grid import Grid
from phantom.geometry.view import View
from phantom.recipe.draw import Draw
from phantom.recipe.seed import Seed

PITCH = 0.56


@cache
def grown(seed: int, side: str = "L", **keys: float) -> Breast:
    fixed = {name: Draw.constant(value) for name, value in keys.items()}
    return Anatomy(**fixed).grow(Seed(seed), side)  # type: ignore[arg-type]


def maps(seen: TissueWindow) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The whole thickness and every material's path over the grid."""
    thickness, materials = np.zeros(seen.layers.grid.shape, np.float32), {}
    for where, whole, found in seen.strips():
        thickness[where] = whole
        for name, path in found.items():
            materials.setdefault(name, np.zeros_like(thickness))[where] = path
    return thickness, materials


def paths(breast: Breast, pressed: object, grid: Grid, seed: int = 0) -> dict[str, np.ndarray]:
    return maps(project_tissue(breast, pressed, grid, Seed(seed)).window(grid))[1]  # type: ignore[arg-type]


def window(breast: Breast, view: View) -> tuple[object, Grid]:
    pressed = breast.compress(view)
    return pressed, frame(breast, pressed, Grid((520, 400), PITCH, (0.0, 0.0))).window


@pytest.fixture(scope="module")
def breast() -> Breast:
    return grown(3)


@pytest.mark.parametrize(
    ("density", "seed", "view"),
    [(0.03, 1, View("CC", "L", 0)), (0.12, 2, View("MLO", "L", 45)), (0.5, 4, View("CC", "L", 0))],
)
def test_density_got_is_density_asked(density: float, seed: int, view: View) -> None:
    b = grown(seed, density=density)
    pressed, grid = window(b, view)
    found = paths(b, pressed, grid, seed)
    room = found["glandular"] + found["adipose"]
    assert found["glandular"].sum() / room.sum() == pytest.approx(b.density, abs=0.005)


def test_tissues_fill_the_breast(breast: Breast) -> None:
    pressed, grid = window(breast, View("MLO", "L", 45))
    thickness, found = maps(project_tissue(breast, pressed, grid, Seed(0)).window(grid))  # type: ignore[arg-type]
    assert sum(found.values()) == pytest.approx(thickness, abs=1e-3)
    assert all(path.min() >= 0 for path in found.values())
    assert {"adipose", "glandular", "skin", "muscle"} <= set(found)


@pytest.mark.parametrize("pitch_mm", [0.05, 0.07, 0.1, 0.28])
def test_no_tissue_is_less_than_none_whatever_the_pixels(breast: Breast, pitch_mm: float) -> None:
    pressed, grid = window(breast, View("CC", "L", 0))
    laid = project_tissue(breast, pressed, grid, Seed(0))  # type: ignore[arg-type]
    part = Grid((300, 300), pitch_mm, (20 + 0.5 * pitch_mm, 0.0))
    thickness, found = maps(laid.window(part))
    assert sum(found.values()) == pytest.approx(thickness, abs=1e-3)
    assert all(path.min() >= 0 for path in found.values())


def test_skin_thicker_than_the_edge_is_round_fills_it() -> None:
    b = grown(3, skin_mm=5, thickness_mm=20, area_cm2=60, roll_off=0.3, oblique_extra_mm=0)
    pressed, grid = window(b, View("MLO", "L", 45))
    found = paths(b, pressed, grid)
    assert all(path.min() >= 0 for path in found.values())


def test_tissue_looked_at_twice_is_the_same() -> None:
    b = grown(3)
    host = Host(1, "cyst", (35.0, 8.0, 5.0), (5.0, 6.0, 7.0), "water")
    pressed, grid = window(b, View("CC", "L", 0))
    seen = project_tissue(b.with_hosts((host,)), pressed, grid, Seed(0)).window(grid)  # type: ignore[arg-type]
    once, again = maps(seen)[1], maps(seen)[1]
    assert all((once[name] == again[name]).all() for name in once)


def test_glandular_volume_is_the_same_in_both_views(breast: Breast) -> None:
    volumes = []
    for view in (View("CC", "L", 0), View("ML", "L", 90)):
        # without folds, which add tissue to one view only
        pressed = breast.compress(view)
        pressed = type(pressed)(pressed.free, view, pressed.thickness_mm, pressed.roll_off)
        volumes.append(float(paths(breast, pressed, window(breast, view)[1])["glandular"].sum()) * PITCH**2)
    assert volumes[0] == pytest.approx(volumes[1], rel=0.01)


def test_pixels_do_not_change_the_scene(breast: Breast) -> None:
    pressed = breast.compress(View("CC", "L", 0))
    fine, coarse = Grid((600, 300), 0.28, (0.14, -84.0)), Grid((300, 150), 0.56, (0.28, -83.86))
    a, b = (paths(breast, pressed, grid)["glandular"] for grid in (fine, coarse))
    mean = a.reshape(300, 2, 150, 2).mean(axis=(1, 3))
    assert np.corrcoef(mean.ravel(), b.ravel())[0, 1] > 0.995


def test_trees_lie_inside_and_bear_ids(breast: Breast) -> None:
    for tree in (breast.ducts, breast.arteries, breast.veins):
        assert [c.curve_id for c in tree] == list(range(len(tree)))
        for curve in tree:
            assert breast.depth_mm(curve.points_mm).min() > -0.5
            assert -1 <= curve.parent_id < curve.curve_id
            assert curve.radius_mm.min() > 0
    roots = [c for c in breast.ducts if c.parent_id < 0]
    assert 15 <= len(roots) <= 25
    assert len({c.lobe for c in roots}) == len(roots)
    for root in roots:
        assert np.linalg.norm(root.points_mm[0] - breast.nipple_mm) < 14
    for curve in breast.ducts:
        if curve.parent_id >= 0:
            mother = breast.ducts[curve.parent_id]
            assert np.linalg.norm(mother.points_mm - curve.points_mm[0], axis=1).min() < 1e-6
            assert curve.radius_mm[0] <= mother.radius_mm[0] + 1e-9
    assert {c.tree for c in breast.arteries} == {"artery"}


def test_two_breasts_of_one_woman_are_alike_but_no_copies() -> None:
    left, right, other = grown(8, "L"), grown(8, "R"), grown(9, "L")
    assert left.age == right.age != other.age
    assert left.body.height_mm == right.body.height_mm
    assert left.body.lateral_mm != right.body.lateral_mm
    assert left.density == pytest.approx(right.density, rel=0.25)


def test_gland_lies_alike_in_both_breasts_of_a_woman() -> None:
    """More than in two women, less than in a copy: correlation of the gland's gross pattern."""
    alike, apart = [], []
    for seed in range(8, 13):
        left, right, other = grown(seed, "L"), grown(seed, "R"), grown(seed + 30, "L")
        middles = np.random.default_rng(0).uniform(0.2, 0.8, (300, 1, 3)) * [left.body.height_mm, 60, 60] - [0, 30, 30]
        around = middles + np.random.default_rng(1).uniform(-6, 6, (1, 20, 3))
        gross = [b.gland_weight(around.reshape(-1, 3)).reshape(300, 20).mean(axis=1) for b in (left, right, other)]
        alike.append(np.corrcoef(gross[0], gross[1])[0, 1])
        apart.append(np.corrcoef(gross[0], gross[2])[0, 1])
    assert 0.9 > np.mean(alike) > np.mean(apart) + 0.1, (alike, apart)


def test_same_seed_same_breast_and_every_seed_another_woman() -> None:
    one, again = grown(4), Anatomy().grow(Seed(4), "L")
    assert np.array_equal(one.parenchyma.tissue.fill, again.parenchyma.tissue.fill)
    assert np.array_equal(one.ducts[5].points_mm, again.ducts[5].points_mm)
    assert len({round(grown(s).body.height_mm, 3) for s in range(4)}) == 4


def test_impossible_breasts_are_refused_with_the_reason() -> None:
    with pytest.raises(UsageError, match=r"400 cm2 pressed to 30 mm is too thin"):
        Anatomy(thickness_mm=Draw.constant(30), area_cm2=Draw.constant(400)).grow(Seed(0), "L")
    with pytest.raises(UsageError, match="too thick"):
        Anatomy(thickness_mm=Draw.constant(110), area_cm2=Draw.constant(45)).grow(Seed(0), "L")
    dense = grown(2, density=0.6, subcutaneous_mm=40.0, thickness_mm=25.0, area_cm2=60.0)
    pressed, grid = window(dense, View("CC", "L", 0))
    object.__setattr__(dense, "density", 0.97)
    with pytest.raises(UsageError, match="density"):
        project_tissue(dense, pressed, grid, Seed(0))  # type: ignore[arg-type]


def drawn(count: int) -> dict[str, np.ndarray]:
    numbers = [Anatomy().draw(Seed(s).child("woman").rng()).values for s in range(count)]
    return {name: np.array([v[name] for v in numbers]) for name in numbers[0]}


def test_marginals_are_the_published_ones() -> None:
    v = drawn(500)
    # density: median 14 %, sigma_ln 0.6; thickness N(57, 13); area: median 146 cm2, sigma_ln 0.42
    assert stats.kstest(np.log(v["density"] / 0.14) / np.log(1.82), "norm").statistic < 0.1
    assert stats.kstest((v["thickness_mm"] - 57) / 13, "norm").statistic < 0.1
    assert stats.kstest(np.log(v["area_cm2"] / 146) / 0.42, "norm").statistic < 0.1
    assert np.corrcoef(np.log(v["density"]), v["thickness_mm"])[0, 1] == pytest.approx(-0.5, abs=0.12)
    assert np.corrcoef(np.log(v["area_cm2"]), v["thickness_mm"])[0, 1] == pytest.approx(0.55, abs=0.15)
    assert np.corrcoef(v["age"], np.log(v["density"]))[0, 1] < -0.2
    shares = [np.mean([birads_density(d) == letter for d in v["density"]]) for letter in "abcd"]
    assert shares == pytest.approx([0.10, 0.47, 0.36, 0.07], abs=0.07)


def test_a_drawn_breast_has_the_area_it_was_given() -> None:
    for seed in range(4):
        b = grown(seed, area_cm2=150.0, thickness_mm=55.0)
        pressed = b.compress(View("CC", "L", 0))
        x, y = np.arange(0.25, 240, 0.5)[None, :], np.arange(-200, 200, 0.5)[:, None]
        # each breast of a woman differs by some per cent from her mean
        assert (pressed.local_thickness(x, y) > 0).sum() * 0.25 / 100 == pytest.approx(150, rel=0.15)


def test_skin_is_thicker_medially_and_below(breast: Breast) -> None:
    medial, lateral = breast.skin_mm(np.array([[10.0, -60, 0], [10.0, 60, 0]]))
    below, above = breast.skin_mm(np.array([[10.0, 0, -60], [10.0, 0, 60]]))
    assert medial > lateral
    assert below > above


def test_swollen_skin_is_thickest_about_the_areola_and_below(breast: Breast) -> None:
    """Beyond normal skin it is no even coat; normal skin has none of it."""
    swollen, normal = (replace(breast, skin_thickness_mm=t) for t in (4.0, 1.5))
    places = np.array([breast.nipple_mm, [10.0, 60.0, 40.0]])
    near, far = swollen.skin_mm(places) - normal.skin_mm(places) * 1.8 / 1.5
    assert near > 2 * far > 1.5
    assert 1.5 * swollen.skin_mm(places)[1] < swollen.skin_mm(places)[0] < 2 * 4.0


@pytest.mark.parametrize("kind", ["cyst", "fibroadenoma"])
def test_a_host_keeps_its_volume_and_is_found_in_both_views(breast: Breast, kind: str) -> None:
    host = Host(1, kind, (35.0, 8.0, 5.0), (5.0, 6.0, 7.0), "water")  # type: ignore[arg-type]
    for view in (View("CC", "L", 0), View("ML", "L", 90)):
        pressed, grid = window(breast, view)
        body = host_path(host, pressed, grid, Seed(0))  # type: ignore[arg-type]
        assert body is not None
        (rows, columns), path = body
        volume = float(path.sum()) * PITCH**2
        assert volume == pytest.approx(4 / 3 * np.pi * 5 * 6 * 7, rel=0.05)
        centre, _ = half_axes(host, pressed)  # type: ignore[arg-type]
        where = np.unravel_index(path.argmax(), path.shape)
        x = grid.x_mm[columns.start + where[1]]
        y = grid.y_mm[rows.start + where[0]]
        assert np.hypot(x - centre[0], y - centre[1]) < 1.5
    thickness, found = maps(project_tissue(breast.with_hosts((host,)), pressed, grid, Seed(0)).window(grid))  # type: ignore[arg-type]
    assert found["water"].sum() * PITCH**2 == pytest.approx(volume, rel=0.01)
    assert sum(found.values()) == pytest.approx(thickness, abs=1e-3)


def test_another_detectors_field_shows_the_same_breast(breast: Breast) -> None:
    """Not only its outline: every random texture lies still in the plane, whatever is asked for of it."""
    pressed = breast.compress(View("MLO", "L", 45))
    seen = []
    for shape, pitch in (((832, 640), 0.28), ((580, 480), 0.4)):
        grid = frame(breast, pressed, Grid(shape, pitch, (0.0, 0.0))).window
        glandular = paths(breast, pressed, grid)["glandular"]
        seen.append(seen_on(glandular, grid, Grid((150, 100), 0.5, (10.25, -40.25))))
    fine = [values - gaussian_filter(values, 4) for values in seen]  # what is below 2 mm
    assert np.corrcoef(fine[0].ravel(), fine[1].ravel())[0, 1] > 0.9


def test_a_part_of_a_breast_is_cut_from_the_whole(breast: Breast) -> None:
    pressed, grid = window(breast, View("CC", "L", 0))
    laid = project_tissue(breast, pressed, grid, Seed(0))  # type: ignore[arg-type]
    part = maps(laid.window(grid.window(60, 20, 90, 70)))[1]["glandular"]
    assert part == pytest.approx(maps(laid.window(grid))[1]["glandular"][60:150, 20:90], abs=1e-3)


def test_high_breasts_have_ducts_too() -> None:
    """Behind a far nipple the gland begins late: main ducts run through the fat before it."""
    for seed in range(6):
        high = grown(seed, area_cm2=260.0, thickness_mm=70.0, height_to_width=1.2)
        assert len(high.ducts) > 200
