"""The parts that a reader looks at first: outline, nipple, skin, muscle, and where the field lies."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from phantom.anatomy.breast import Breast
from phantom.anatomy.patient import Anatomy
from phantom.anatomy.posture import chests, silhouettes
from phantom.anatomy.projected.lattices import strips
from phantom.anatomy.projected.layers import Layers, parts_over
from phantom.anatomy.projected.skin import skin_path, streak
from phantom.compare.framed import Framed
from phantom.compare.skin import skin
from phantom.exam import preset as presets
from phantom.exam.case import case_seed
from phantom.exam.field_of_view import frame
from phantom.exam.render import render
from phantom.exam.scene import grow
from phantom.geometry.compression import Compression
from phantom.geometry.grid import Grid
from phantom.geometry.pressing import edge_profile
from phantom.geometry.view import View
from phantom.recipe.draw import Draw
from phantom.recipe.seed import Seed

CC, MLO, ML = View("CC", "L", 0.0), View("MLO", "L", 47.0), View("ML", "L", 90.0)
DETECTOR = Grid((832, 640), 0.28, (0.0, 0.0))


@cache
def grown(seed: int, side: str = "L", **keys: float) -> Breast:
    fixed = {name: Draw.constant(value) for name, value in keys.items()}
    return Anatomy(**fixed).grow(Seed(seed), side)  # type: ignore[arg-type]


def layers(breast: Breast, view: View, grid: Grid | None = None) -> tuple[Compression, Grid, dict[str, np.ndarray]]:
    """Whole breast, skin and muscle over a field's window."""
    pressed = breast.compress(view)
    window = grid or frame(breast, pressed, DETECTOR).window
    one = Layers(breast, pressed, window, parts_over(breast, pressed, window, Seed(0)), Seed(0))
    out = {name: np.zeros(window.shape, np.float32) for name in ("whole", "skin", "muscle")}
    for rows in strips(window):
        reach = one.reach(rows)
        if reach:
            one.fill(rows, reach)
            out["whole"][rows, :reach], out["skin"][rows, :reach] = one.whole, one.skin
            if one.muscle is not None:
                out["muscle"][rows, :reach] = one.muscle
    return pressed, window, out


@pytest.mark.parametrize("view", [CC, MLO])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_nipple_in_profile_rises_out_of_the_breast_without_a_gap(seed: int, view: View) -> None:
    breast = grown(seed, nipple_in_profile=1.0, nipple_mm=3.5)
    pressed, grid, found = layers(breast, view)
    x, y, _ = pressed.forward(breast.nipple_mm[None])[0]
    slope = np.array(
        [pressed.edge_mm(x - 1, y) - pressed.edge_mm(x + 1, y), pressed.edge_mm(x, y - 1) - pressed.edge_mm(x, y + 1)]
    )
    ahead = slope / np.linalg.norm(slope)
    at = np.arange(-8, 6, 0.28)
    column, row = (np.rint(v).astype(int) for v in grid.px(x + at * ahead[0], y + at * ahead[1]))
    whole, skin = found["whole"][row, column], found["skin"][row, column]
    # from within the breast outward there is never more again of what there was less of
    assert np.diff(whole).max() < 0.5
    stands = at[whole > 0].max()
    assert 2.0 < stands < 5.0
    outside = (at > 0.3) & (at < 2.0)
    assert whole[outside].min() > 5.0
    assert skin[outside].sum() > 0.7 * whole[outside].sum()
    # it is small and soft: along the outline its rise has no step
    aside = np.array([-ahead[1], ahead[0]])
    across = np.arange(-20, 20, 0.28)
    column, row = (
        np.rint(v).astype(int) for v in grid.px(*(np.array([x, y])[:, None] + ahead[:, None] + across * aside[:, None]))
    )
    assert 8.0 < np.ptp(across[found["whole"][row, column] > 0]) < 40.0


def test_ducts_fan_back_from_the_nipple() -> None:
    breast = grown(2, nipple_in_profile=1.0, thickness_mm=57.0)
    pressed = breast.compress(CC)
    grid = Grid((260, 260), 0.2, (0.0, 0.0))
    x, y, _ = pressed.forward(breast.nipple_mm[None])[0]
    _, _, found = layers(breast, CC, replace(grid, origin_mm=(x - 45.0, y - 26.0)))
    away = np.hypot(grid.x_mm[None, :] - 45.0, grid.y_mm[:, None] - 26.0)
    straight_back = (grid.x_mm[None, :] < 45.0) & (np.abs(grid.y_mm[:, None] - 26.0) < 0.5 * away)
    # between the skin's faces, whose thickness changes slowly
    near, middle, far = (found["skin"][straight_back & (np.abs(away - at) < 0.3)] for at in (12.0, 18.0, 40.0))
    assert near.mean() > middle.mean() > far.mean()
    # as strands, and not as a cloud
    strands = [np.abs(np.diff(ring, 2)).mean() for ring in (_by_angle(found["skin"], at) for at in (12.0, 18.0, 38.0))]
    assert strands[0] > strands[1] > 2 * strands[2]


def _by_angle(skin: np.ndarray, away_mm: float) -> np.ndarray:
    """Path along an arc about (45, 26) mm, by steps of 2 degrees."""
    phi = np.radians(np.arange(-16, 17, 2.0))
    places = [(26.0 + away_mm * np.sin(phi)) / 0.2, (45.0 - away_mm * np.cos(phi)) / 0.2]
    return map_coordinates(skin, places, order=1)


def test_skin_is_one_band_that_falls_off_over_millimetres() -> None:
    breast = grown(2, nipple_in_profile=0.0, thickness_mm=57.0, skin_mm=1.5)
    pressed = breast.compress(CC)
    middle = int(np.searchsorted(pressed.directions, 0.6))
    x, y = (float(pressed.outline_mm[middle] * f(pressed.directions[middle])) for f in (np.cos, np.sin))
    part = Grid((240, 200), 0.1, (x - 14, y - 12))
    _, _, found = layers(breast, CC, part)
    depth = np.asarray(pressed.edge_mm(part.x_mm[None, :], part.y_mm[:, None]))
    at = np.arange(0.1, 8.0, 0.1)
    over = np.array([found["skin"][(depth > d - 0.1) & (depth < d + 0.1)].mean() for d in at]) - 2 * 1.5
    brightest = int(over.argmax())
    # brightest beside the rim, and no second line within
    assert 0.4 < at[brightest] < 1.7
    assert over[brightest] > 8
    assert np.diff(over[:brightest]).min() > -0.1
    assert np.diff(over[brightest:]).max() < 0.1
    assert 0.35 < np.interp(2.7, at, over) / over[brightest] < 0.8
    assert np.interp(6.0, at, over) < 0.35 * over[brightest]


def test_no_line_runs_in_the_skin() -> None:
    """Where the skin is of one thickness everywhere, its path still has no edge from which it falls at once."""
    pressed = grown(2).compress(CC)
    depth = np.arange(0.0, 8.0, 0.05, dtype=np.float32)
    whole = edge_profile(depth, pressed.thickness_mm, pressed.roll_off).astype(np.float32)
    path = skin_path(pressed, depth, whole, np.full_like(depth, 1.5))
    brightest = int(path.argmax())
    fall = -np.diff(path[brightest:])
    assert fall.min() >= 0
    assert fall.max() < 0.02 * path.max()


def test_streaks_run_along_the_skin_and_are_short() -> None:
    depth, along = (np.asarray(v, np.float32) for v in np.meshgrid(np.arange(0, 6, 0.1), np.arange(0, 60, 0.1)))
    skin, faces = np.full_like(depth, 8.0), np.full_like(depth, 2.6)
    streak(skin, depth, along, faces, Seed(3))
    uneven = skin[:, 20:40] - skin[:, 20:40].mean(axis=0)
    assert np.diff(uneven, axis=1).std() > 2 * np.diff(uneven, axis=0).std() > 0
    # none runs on: places a centimetre apart have nothing in common
    assert abs(np.corrcoef(uneven[:-100].ravel(), uneven[100:].ravel())[0, 1]) < 0.3
    assert (skin[depth < 0.7] == 8.0).all()


@pytest.mark.parametrize("seed", [0, 2, 5, 6, 11])
def test_the_outline_leaves_the_fold_without_a_kink(seed: int) -> None:
    pressed = grown(seed, unevenness=0.0).compress(MLO)
    y, x = np.arange(pressed.top_mm + 5, pressed.nipple_y_mm - 45, 2.0), np.arange(0.0, 260.0, 0.2)
    inside = pressed.edge_mm(x[None, :], y[:, None]) > 0
    turns = np.diff(np.arctan(np.gradient(inside.sum(axis=1) * 0.2, y)))
    # over 4 mm it turns by a few degrees
    assert np.abs(turns[1:] + turns[:-1]).max() < np.radians(6.5)


def posed(seed: int, view: View) -> Compression:
    """The outline of a woman's breast in a view: nothing within it is grown."""
    woman = Seed(seed)
    drawn = Anatomy().draw(woman.child("woman").rng())
    values, rolls = drawn.values, drawn.values["roll_off"]
    chest = chests(values, woman.child("chest").rng(), woman.child("chest", view.laterality).rng())[view.name]
    shape = silhouettes(values, woman.child("outline").rng(), woman.child("outline", view.laterality).rng())[view.name]
    return Compression(drawn.body, view, drawn.thickness_mm[view.name], rolls, chest, shape)


def test_no_outline_has_a_kink_near_the_top_of_the_field() -> None:
    for seed in range(24):
        pressed = posed(seed, MLO)
        y, x = np.arange(pressed.top_mm - 6, pressed.top_mm + 50, 1.0), np.arange(0.0, 200.0, 0.5)
        edge = pressed.edge_mm(x[None, :], y[:, None])
        last = x.size - 1 - (edge[:, ::-1] > 0).argmax(axis=1)
        rows = np.arange(y.size)
        outline = x[last] + 0.5 * edge[rows, last] / (edge[rows, last] - edge[rows, last + 1])
        turns = np.degrees(np.arctan(np.diff(outline)))
        assert np.abs(turns[4:] - turns[:-4]).max() < 8.0, seed


def test_the_breast_ends_below_in_many_ways() -> None:
    """With a strip of the abdominal wall or none, and no strip is so narrow that it is a hook on the outline."""
    strips = np.array([posed(seed, MLO).chest.inframammary_mm for seed in range(24)])
    assert (strips == 0).any()
    assert strips.max() > 15
    assert strips[strips > 0].min() > 2


def test_the_muscle_is_a_wedge_with_a_soft_edge_in_mlo_and_narrow_in_ml() -> None:
    breast = grown(4, muscle_mm=45.0, muscle_length_mm=130.0)
    _, grid, found = layers(breast, MLO)
    width = (found["muscle"] > 3).sum(axis=1) * grid.pitch_mm
    rows = np.arange(0, int(90 / grid.pitch_mm), int(15 / grid.pitch_mm))
    assert all(a > b for a, b in pairwise(width[rows]))
    top = found["muscle"][int(12 / grid.pitch_mm)]
    rise = np.interp(
        [0.1 * top.max(), 0.75 * top.max()],
        top[: int(width[0] / 0.28) + 20][::-1],
        np.arange(int(width[0] / 0.28) + 20),
    )
    assert 2.0 < np.ptp(rise) * grid.pitch_mm < 30.0
    # its edge is no step, and it thins out toward where it ends below
    edge = int(width[int(12 / grid.pitch_mm)] / grid.pitch_mm)
    assert np.abs(np.diff(top[: edge + 20])).max() < 0.2 * top[edge - int(10 / grid.pitch_mm)]
    low = int(np.flatnonzero(width > 6.0).max())
    inward = int(4 / grid.pitch_mm)
    assert found["muscle"][low, int(width[low] / grid.pitch_mm) - inward] < 0.8 * top[edge - inward]
    _, _, lateral = layers(breast, ML)
    assert 0 < (lateral["muscle"] > 3).sum() < 0.5 * (found["muscle"] > 3).sum()


def test_a_third_of_cc_views_show_a_sliver_of_muscle() -> None:
    shown = [bool(posed(s, CC).chest.sliver_mm) for s in range(80)]
    assert 0.15 < np.mean(shown) < 0.55
    breast = next(grown(s, muscle_in_cc=1.0) for s in range(9) if grown(s, muscle_in_cc=1.0).chest["CC"].sliver_mm > 4)
    _, grid, found = layers(breast, CC)
    where = np.argwhere(found["muscle"] > 2)
    assert 0 < where[:, 1].max() * grid.pitch_mm < 15
    assert layers(grown(0, muscle_in_cc=0.0), CC)[2]["muscle"].max() == 0


def test_fields_lie_as_the_breast_was_laid() -> None:
    levels, middles = [], []
    for seed in range(12):
        breast = grown(seed)
        pressed = breast.compress(MLO)
        field = frame(breast, pressed, DETECTOR).field
        levels.append((pressed.nipple_y_mm - field.origin_mm[1]) / (field.shape[0] * field.pitch_mm))
        pressed = breast.compress(CC)
        field = frame(breast, pressed, DETECTOR).field
        middles.append((pressed.nipple_y_mm - field.origin_mm[1]) / (field.shape[0] * field.pitch_mm))
    assert min(levels) > 0.45
    assert max(levels) < 0.85
    assert np.std(levels) > 0.03
    assert np.std(middles) > 0.02
    assert min(middles) > 0.3
    assert max(middles) < 0.7


def test_both_sides_of_a_woman_have_like_outlines_and_women_differ() -> None:
    def radii(seed: int, side: str) -> np.ndarray:
        pressed = grown(seed, side).compress(View("CC", side, 0.0))  # type: ignore[arg-type]
        return pressed.outline_mm / pressed.outline_mm.mean()

    sides = np.mean([np.abs(radii(s, "L") - radii(s, "R")).mean() for s in range(8)])
    women = np.mean([np.abs(radii(s, "L") - radii(s + 1, "L")).mean() for s in range(8)])
    assert 0 < sides < 0.7 * women


@pytest.mark.parametrize("index", [0, 1])
def test_a_reader_sees_the_nipple_as_a_part_of_the_breast(index: int) -> None:
    """In the displayed image: no dark gap between the breast and what stands out of it, and it is not lost in black."""
    sets = ("detector.binning=4", "anatomy.nipple_in_profile=1", "anatomy.nipple_mm=2.5", 'exam.views=["CC"]')
    recipe = presets.load("normal", sets)
    scene = grow(recipe, case_seed("normal", 11, index), index)
    view = scene.views[0]
    breast = scene.breasts[view.laterality]
    pressed = breast.compress(view)
    image = render(scene, view)
    shown = image.for_presentation.astype(float)
    shown = shown if view.laterality == "L" else shown[:, ::-1]
    field = frame(breast, pressed, recipe.detector.grid).field
    x, y, _ = pressed.forward(breast.nipple_mm[None])[0]
    slope = [
        pressed.edge_mm(x - 1, y) - pressed.edge_mm(x + 1, y),
        pressed.edge_mm(x, y - 1) - pressed.edge_mm(x, y + 1),
    ]
    ahead = np.array(slope) / np.hypot(*slope)
    at = np.arange(-4.0, 5.0, 0.2)
    column, row = field.px(x + at * ahead[0], y + at * ahead[1])
    seen = map_coordinates(gaussian_filter(shown, 0.7), [row, column], order=1)
    outward = np.maximum.accumulate(seen[::-1])[::-1]  # the brightest from there outward
    assert (seen >= 0.6 * outward)[at > -1.0].all()
    mask = image.breast_mask if view.laterality == "L" else image.breast_mask[:, ::-1]
    inside = shown[mask > 0].mean()
    assert seen[(at > 0.5) & (at < 1.2)].mean() > 0.25 * inside
    assert seen.max() < 0.7 * 4095  # nor white


@pytest.mark.slow
def test_the_skin_rises_as_in_displayed_mammograms() -> None:
    """Measured as `phantom compare` does: in six real views of five women peak 1.5-3.1, at 0.8 mm, rise 0.7 mm."""
    recipe = presets.load("normal", ("detector.binning=2", 'exam.views=["CC"]'))
    found = []
    for index in range(3):
        scene = grow(recipe, case_seed("normal", 21, index), index)
        view = scene.views[0]
        image = render(scene, view)
        hung = np.s_[:, :] if view.laterality == "L" else np.s_[:, ::-1]
        breast = image.breast_mask[hung] > 0
        shown = image.for_presentation[hung].astype(np.float32) / 4095
        found.append(list(skin(Framed(shown, breast, breast, 0.14)).values()))
    peak, place_mm, rise_mm = np.median(found, axis=0)
    assert 1.5 < peak < 3.1
    assert 0.6 < place_mm < 1.3
    assert 0.48 < rise_mm < 0.9
