"""Slabs and fabric: texture lies still in the plane, runs along its direction, and is in what is projected."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from phantom.anatomy.parenchyma import Pattern, tendency
from phantom.anatomy.patient import Anatomy
from phantom.anatomy.projected import shadow, slabs
from phantom.anatomy.projected.lattices import lattice
from phantom.anatomy.projected.streaks import draw_out
from phantom.geometry.grid import Grid
from phantom.geometry.view import View
from phantom.recipe.draw import Draw
from phantom.recipe.seed import Seed

BREAST = Anatomy().grow(Seed(5), "L")
PRESSED = BREAST.compress(View("CC", "L", 0.0))
WINDOW = Grid((90, 80), 0.56, (0.28, -25.0))


def test_slabs_of_a_part_are_cut_from_those_of_the_whole():
    plane = lattice(WINDOW, slabs.PLANE_MM, slabs.EVERY)
    room = np.full(plane.shape, 40.0, np.float32)
    whole = slabs.project(BREAST, PRESSED, plane, room, Seed(1))
    row, column = 3 * slabs.EVERY, 2 * slabs.EVERY
    part = plane.window(row, column, 64, 64)
    cut = slabs.project(BREAST, PRESSED, part, np.ascontiguousarray(room[:64, :64]), Seed(1))
    assert cut.std() > 0.5
    assert cut == pytest.approx(whole[row : row + 64, column : column + 64], abs=0.02)


@pytest.mark.parametrize("angle", [0.0, 1.0, np.pi / 2])
def test_noise_is_drawn_out_along_the_direction(angle):
    noise = np.random.default_rng(0).standard_normal((256, 256)).astype(np.float32)
    node = np.ones((18, 18), np.float32)
    out, strength = np.zeros((256, 256), np.float32), np.ones((256, 256), np.float32)
    dx, dy = (np.float32(f(angle)) * node for f in (np.cos, np.sin))
    draw_out(noise, np.zeros(2, np.int64), 1, dx, dy, 16, 5, strength, out)
    step = round(3 * np.sin(angle)), round(3 * np.cos(angle))
    along = np.mean(out * np.roll(out, step, axis=(0, 1)))
    across = np.mean(out * np.roll(out, (step[1], -step[0]), axis=(0, 1)))
    assert along > 0.4 * out.var() > 4 * abs(across)


def test_the_fabric_is_as_strong_as_asked_and_little_stronger_in_gland():
    fine = lattice(WINDOW, slabs.FINE_MM, 2 * slabs.EVERY)
    for thickness_mm in (2.0, 30.0):
        tissue = np.full(fine.shape, thickness_mm, np.float32)
        slabs.add_fabric(BREAST, PRESSED, fine, tissue, Seed(1))
        assert tissue.std() == pytest.approx(BREAST.parenchyma.fabric_mm * (thickness_mm / 10) ** 0.25, rel=0.25)


def test_a_womans_fullness_and_mottle_are_in_her_tissue():
    full, specks = (
        dataclasses.replace(Anatomy(), density=Draw.constant(0.2), fullness=Draw.constant(f)).grow(Seed(5), "L")
        for f in (1.0, 0.6)
    )
    assert full.parenchyma.tissue.fill.max() > 0.99
    assert specks.parenchyma.tissue.fill.max() < 0.65
    plane = lattice(WINDOW, slabs.PLANE_MM, slabs.EVERY)
    room = np.full(plane.shape, 40.0, np.float32)
    smooth, rough = (
        slabs.project(
            dataclasses.replace(full, parenchyma=dataclasses.replace(full.parenchyma, mottle=mottle)),
            PRESSED, plane, room, Seed(1),
        )
        for mottle in (0.0, 0.2)
    )  # fmt: skip
    assert (rough - smooth).std() > 0.3


def test_fatty_breasts_have_fewer_strands_and_smaller_lobules():
    fatty, dense = (
        dataclasses.replace(
            Anatomy(), density=Draw.constant(density), fibres=Draw.constant(1000), lobule_mm=Draw.constant(12)
        ).grow(Seed(5), "L")
        for density in (0.03, 0.2)
    )
    assert len(fatty.fibres.points_mm) == 450
    assert len(dense.fibres.points_mm) == 1000
    assert len(fatty.parenchyma.tissue.fill) > 1.6 * len(dense.parenchyma.tissue.fill)


def test_the_fabric_is_in_what_is_projected(monkeypatch):
    drawn = shadow.project_tissue(BREAST, PRESSED, WINDOW, Seed(1)).gland
    monkeypatch.setattr(slabs, "add_fabric", lambda *parts: None)
    bare = shadow.project_tissue(BREAST, PRESSED, WINDOW, Seed(1)).gland
    assert 0.05 < (drawn - bare).std() < 0.5


def test_gland_never_fills_all_its_room_and_little_gland_stays_as_it_is():
    room = np.full((1, 200), 40.0, np.float32)
    before = np.linspace(0, 80, 200, dtype=np.float32)[None]
    after = before.copy()
    shadow._leave_room(after, room)
    assert np.array_equal(after[before < 32], before[before < 32])
    assert after.max() < 36.001
    assert (np.diff(after) >= 0).all()


def test_tissue_has_no_step_where_blocks_of_the_lattice_meet():
    """Slants of walls and the fading beyond the breast change point by point, not block by block."""
    pressed = BREAST.compress(View("MLO", "L", 45.0))
    window = Grid((140, 110), 0.56, (0.28, pressed.top_mm))
    plane = lattice(window, slabs.PLANE_MM, slabs.EVERY)
    found = slabs.project(BREAST, pressed, plane, np.full(plane.shape, 40.0, np.float32), Seed(1))
    step = np.abs(np.diff(found, axis=0)).mean(axis=1)
    at_blocks = step[slabs.EVERY - 1 :: slabs.EVERY].mean()
    assert at_blocks < 1.1 * step.mean()


def test_lattices_are_as_coarse_as_the_pixels_and_nodes_stay_where_they_are():
    assert slabs.pitches_mm(0.085) == (slabs.PLANE_MM, slabs.FINE_MM)
    for pixel_mm in (0.28, 0.4, 0.56, 0.68, 3.0):
        for spacing_mm in slabs.pitches_mm(pixel_mm):
            assert spacing_mm <= 1.01 * pixel_mm
            assert slabs.nodes_every(spacing_mm) * spacing_mm == pytest.approx(slabs.EVERY * slabs.PLANE_MM)


def test_tissue_under_coarse_pixels_is_the_mean_of_what_is_under_fine_ones():
    """Density is met in either; what is left to differ are walls and fabric thinner than a coarse pixel."""
    step = 4
    fine_grid = Grid(tuple(step * n for n in WINDOW.shape), WINDOW.pitch_mm / step, (0.07, -25.21))
    fine, coarse = (
        shadow.on_grid(laid.gland, laid.fine, grid).rows(0, grid.shape[0], slice(0, grid.shape[1]))
        for grid in (fine_grid, WINDOW)
        for laid in [shadow.project_tissue(BREAST, PRESSED, grid, Seed(1))]
    )
    mean = fine.reshape(WINDOW.shape[0], step, WINDOW.shape[1], step).mean(axis=(1, 3))
    held = mean > 0.1
    assert (coarse - mean)[held].std() < 0.07 * mean[held].std()
    assert coarse[held].mean() == pytest.approx(mean[held].mean(), rel=0.005)
    assert coarse[held].std() == pytest.approx(mean[held].std(), rel=0.02)


def test_a_cone_of_gland_ends_behind_the_nipple_and_lies_where_it_is_asked_to():
    """At places behind the nipple, above and lateral of the middle, and near the chest wall."""
    body = BREAST.body
    tip, outer = body.tip_mm, np.array([0.4 * body.height_mm, 0.4 * body.lateral_mm, 0.4 * body.upper_mm])
    near, aside, back = 0.8 * tip, outer * [1, -1, -1], tip * [0.12, 1, 1]

    def gland(**given):
        places = np.array([near, outer, aside, back])
        return dict(zip("noab", tendency(body, Pattern(**given), places), strict=True))

    assert gland(cone=1.0)["n"] > gland(cone=0.0)["n"] + 0.5
    assert gland(outer=1.5)["o"] - gland(outer=1.5)["a"] > gland(outer=0.0)["o"] - gland(outer=0.0)["a"] + 0.3
    assert gland(retromammary=0.05)["b"] > gland(retromammary=0.4)["b"] + 0.5


def test_strands_wander_and_are_unevenly_thick():
    """Over 17 mm a real strand leaves its chord by some tenths of a millimetre, and is nowhere a ruled line."""
    fibres = BREAST.fibres
    first, last = fibres.points_mm[:, :1], fibres.points_mm[:, -1:]
    chord = (last - first) / np.linalg.norm(last - first, axis=2, keepdims=True)
    away = fibres.points_mm - first
    off = np.linalg.norm(away - (away * chord).sum(axis=2, keepdims=True) * chord, axis=2).max(axis=1)
    assert 0.3 < np.median(off) < 2.0
    middle = fibres.radius_mm[:, 4:-4]
    assert np.median(np.log(middle).std(axis=1)) > 0.1


def test_ligaments_end_in_the_skin_and_pierce_it_not():
    points = BREAST.ligaments.points_mm
    depth = BREAST.depth_mm(points.reshape(-1, 3)).reshape(points.shape[:2])
    assert (depth > 0).mean() > 0.995
    assert (depth[:, -1] < 4).mean() > 0.5


def test_walls_are_bolder_where_gland_borders_on_fat():
    held = BREAST.parenchyma
    no_gland = held.tissue._replace(chance=np.full_like(held.tissue.chance, 2.0))  # only walls are left
    plane = lattice(WINDOW, slabs.PLANE_MM, slabs.EVERY)
    room = np.full(plane.shape, 40.0, np.float32)

    def walls(tissue):
        breast = dataclasses.replace(BREAST, parenchyma=dataclasses.replace(held, tissue=tissue))
        return slabs.project(breast, PRESSED, plane, room, Seed(1))

    bordering, alike = walls(no_gland), walls(no_gland._replace(fill=np.zeros_like(no_gland.fill)))
    assert (bordering >= alike - 1e-3).all()
    assert bordering.sum() > 1.05 * alike.sum()
