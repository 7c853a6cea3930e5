"""From a recipe to images with their truth, on large pixels."""

from __future__ import annotations

import dataclasses
import functools
import json
import math

import numpy as np
import pytest

from phantom import tables
from phantom.anatomy.patient import Anatomy
from phantom.calcifications.finding import Calcification, Finding
from phantom.errors import NoPlace
from phantom.exam import field_of_view, render
from phantom.exam import scene as scenes
from phantom.exam.acquisition import position_breast
from phantom.exam.case import case_seed, render_case, simulate, simulate_for_dataset
from phantom.exam.mammogram import highest_class, mirrored
from phantom.exam.preset import Exam, FindingEntry, Mix, Preset
from phantom.geometry.solids.ellipsoids import Ellipsoid
from phantom.geometry.view import View
from phantom.imaging import beam as beams
from phantom.recipe.draw import Draw

FAST = Anatomy(ligaments=Draw.constant(20), fibres=Draw.constant(20), area_cm2=Draw.uniform(90, 130))


@dataclasses.dataclass(frozen=True)
class Grains:
    """Ellipsoids anywhere in the breast."""

    count: int = 12
    category: str = "2"
    views: tuple[str, ...] = ()
    bilateral: bool = False
    refuses: bool = False

    def sides(self, seed):
        return ("L", "R") if self.bilateral else ("L",)

    def grow(self, breast, seed, distribution=None):
        if self.refuses:
            raise NoPlace("no artery is long enough")
        rng, (lo, hi) = seed.child(breast.laterality).rng(), breast.bounds_mm
        grains = []
        while len(grains) < self.count:
            at = lo + (hi - lo) * rng.random(3)
            if breast.depth_mm(at[None])[0] > 6:
                solid = Ellipsoid(tuple(rng.uniform(0.15, 0.5, 3)), tuple(rng.normal(0, 1, 3)))
                grains.append(Calcification(solid, tuple(at), "grains"))
        return Finding(
            "grains",
            "test",
            "round",
            distribution or "diffuse",
            self.category,
            "benign",
            tuple(grains),
            views=self.views,
        )


def preset(*kinds, breasts="drawn", views=("CC", "MLO"), mix=None, binning=8, noise=True, **words):
    entries = tuple(FindingEntry(f"kind{i}", grows=kind, **words) for i, kind in enumerate(kinds))
    made = Preset(
        "test", "for the tests", anatomy=FAST, exam=Exam(views=views, breasts=breasts), mix=Mix(mix), finding=entries
    )
    return dataclasses.replace(made, detector=dataclasses.replace(made.detector, binning=binning, noise=noise))


@dataclasses.dataclass(frozen=True)
class Grown:
    """An anatomy that has been grown: for tests of what grows in it."""

    breast: object

    def grow(self, seed, laterality):
        return dataclasses.replace(self.breast, laterality=laterality)


def grown(*kinds, seed=3, index=0, breast=None, **words):
    recipe = preset(*kinds, **words)
    if breast is not None:
        recipe = dataclasses.replace(recipe, anatomy=Grown(breast))
    return scenes.grow(recipe, case_seed(recipe.name, seed, index), index)


@pytest.fixture(scope="module", autouse=True)
def without_registry():
    """The kinds of these tests are not in the atlas: their recipe is stored as nothing."""
    patch = pytest.MonkeyPatch()
    patch.setattr(FindingEntry, "as_recipe", lambda self: {"kind": self.kind})
    yield
    patch.undo()


@pytest.fixture(scope="module")
def scene():
    """Both breasts, both views, two findings, one of them suspicious."""
    return grown(Grains(), Grains(8, "4B", bilateral=True), breasts=("L", "R"))


@pytest.fixture(scope="module")
def case(scene):
    return render_case(scene)


def test_a_case_has_its_views_in_order(case):
    assert [view.image_id for view in case.views] == ["000000-L-CC", "000000-L-MLO", "000000-R-CC", "000000-R-MLO"]
    assert all(view.row.class_ == "suspicious" for view in case.views)
    json.dumps(case.scene, allow_nan=False)


def test_a_case_prints_as_a_line_and_not_as_its_pixels(case):
    assert repr(case).startswith("<Case ")
    for thing in (case, *case.views, *case.views[0].calcifications):
        assert len(repr(thing)) < 200


def test_rows_have_the_columns_of_the_tables(case):
    for view in case.views:
        assert set(view.row.as_dict()) == set(tables.IMAGES)
        assert view.row.n_calcifications == len(view.calcifications)
        assert view.row.n_findings == len(view.findings)
        for row in (f.row for f in view.findings):
            assert set(row.as_dict()) == set(tables.FINDINGS)
        for row in (c.row for c in view.calcifications):
            assert set(row.as_dict()) == set(tables.CALCIFICATIONS)
            assert all(math.isfinite(v) for v in row.as_dict().values() if isinstance(v, float))


def test_images_are_what_they_claim(case):
    for view in case.views:
        shown = view.for_presentation
        assert (shown.dtype, shown.shape) == (np.uint16, (view.row.rows, view.row.columns))
        assert view.for_processing.shape == view.breast_mask.shape == shown.shape
        assert shown.max() <= 4095
        assert not shown[~view.breast_mask].any()
        chest, far = (0, -1) if view.row.laterality == "L" else (-1, 0)
        middle = shown.shape[0] // 2
        assert view.breast_mask[middle, chest]
        assert not view.breast_mask[middle, far]


def test_ids_are_the_same_in_every_view(scene, case):
    finding_of = {g.calcification_id: f.finding_id for f in scene.findings for g in f.calcifications}
    assert sorted(finding_of) == list(range(1, len(finding_of) + 1))
    for view in case.views:
        ids = [c.row.calcification_id for c in view.calcifications]
        assert ids == sorted(ids)
        assert all(finding_of[c.row.calcification_id] == c.row.finding_id for c in view.calcifications)
    left = [{c.row.calcification_id for c in view.calcifications} for view in case.views[:2]]
    right = [{c.row.calcification_id for c in view.calcifications} for view in case.views[2:]]
    assert len(left[0] & left[1]) > 5
    assert not (left[0] | left[1]) & (right[0] | right[1])


def test_the_same_seed_gives_the_same_bytes(scene, case):
    again = render.render(scenes.grow(scene.preset, scene.seed, 0), scene.views[1])
    assert again.for_presentation.tobytes() == case.views[1].for_presentation.tobytes()
    assert again.for_processing.tobytes() == case.views[1].for_processing.tobytes()
    assert [c.row for c in again.calcifications] == [c.row for c in case.views[1].calcifications]


def test_another_seed_or_case_gives_another_image(case):
    other = simulate(preset(Grains(), views=("CC",)), 4, 0)
    assert other.views[0].for_presentation.tobytes() != case.views[0].for_presentation.tobytes()


def noiseless(scene, view, keep):
    """The primary signal of a view before blur, and what is in it."""
    acquisition = position_breast(scene, view)
    placed = render.place_calcifications(scene, view, acquisition.pressed, acquisition.frame.window, keep)
    paths = render.assemble(acquisition, placed)
    spectrum = scene.preset.beam.at(scene.preset.detector.unit, acquisition.pressed.thickness_mm)
    behind = beams.collapse(paths, spectrum)
    return spectrum.primary(behind.g_cm, behind.a_cm), placed, acquisition.frame


def test_calcifications_change_the_image_where_the_truth_says(scene, case):
    view = scene.views[0]
    with_them, placed, frame = noiseless(scene, view, render.every)
    without, nothing, _ = noiseless(scene, view, render.none)
    assert not nothing
    touched = np.zeros(with_them.shape, bool)
    masks = np.zeros(with_them.shape, bool)
    row, column = frame.offset
    for one, truth in zip(placed, case.views[0].calcifications, strict=True):
        at = one.shadow.row, one.shadow.column
        rows, columns = one.shadow.path_mm.shape
        touched[at[0] : at[0] + rows, at[1] : at[1] + columns] |= one.shadow.path_mm > 0
        masks |= truth.mask[row : row + masks.shape[0], column : column + masks.shape[1]]
    changed = with_them != without
    assert (changed[masks]).all()
    assert not changed[~touched].any()
    # what is touched but not masked is the edge of a mask
    grown_masks = masks.copy()
    for axis in (0, 1):
        grown_masks |= np.roll(grown_masks, 1, axis) | np.roll(grown_masks, -1, axis)
    assert not (touched & ~grown_masks).any()


def test_every_grain_keeps_its_mass_in_the_view(scene):
    view = scene.views[1]
    _, placed, frame = noiseless(scene, view, render.every)
    whole = 0
    for one in placed:
        shadow = one.shadow
        volume = float(shadow.path_mm.sum(dtype=np.float64)) * frame.window.pitch_mm**2
        at_edge = shadow.column == 0 or shadow.row == 0 or shadow.row + shadow.path_mm.shape[0] == frame.window.shape[0]
        if not at_edge:
            assert volume == pytest.approx(one.calcification.shape.volume_mm3, rel=0.01)
            whole += 1
    assert whole > 5


def test_a_clean_twin_has_the_same_breast_and_noise(scene, case):
    view = scene.views[0]
    clean = render.render(scene, view, keep=render.none, variant="clean")
    assert clean.image_id == "000000-L-CC+clean"
    assert (clean.row.variant, clean.row.class_, clean.row.n_calcifications) == ("clean", "normal", 0)
    near = np.zeros(clean.breast_mask.shape, bool)
    for truth in case.views[0].calcifications:
        row = truth.row
        y, x = row.box_y_px, row.box_x_px
        near[max(0, y - 6) : y + row.box_h_px + 6, max(0, x - 6) : x + row.box_w_px + 6] = True
    difference = clean.for_processing.astype(int) - case.views[0].for_processing
    # elsewhere only the scatter of what the grains took away is missing
    assert np.abs(difference[~near]).max() <= 2
    masks = case.views[0].labels > 0
    assert difference[masks].mean() > 3


def test_a_mirrored_image_mirrors_its_truth(case):
    for view in case.views[:2]:
        turned = mirrored(view)
        assert (turned.labels == view.labels[:, ::-1]).all()
        assert (turned.breast_mask == view.breast_mask[:, ::-1]).all()
        assert (turned.for_presentation == view.for_presentation[:, ::-1]).all()
        for one, other in zip(turned.calcifications, view.calcifications, strict=True):
            ys, xs = np.nonzero(one.mask)
            assert (xs.min(), ys.min()) == (one.row.box_x_px, one.row.box_y_px)
            assert one.center_px[0] == pytest.approx(view.labels.shape[1] - 1 - other.center_px[0])
        back = mirrored(turned)
        for one, other in zip(back.calcifications, view.calcifications, strict=True):
            assert one.row.x_px == pytest.approx(other.row.x_px)
            assert dataclasses.replace(one.row, x_px=other.row.x_px) == other.row
            assert (one.runs == other.runs).all()
        for one, other in zip(back.findings, view.findings, strict=True):
            assert one.row == other.row
            assert np.allclose(one.hull_px, other.hull_px)


def test_a_right_breast_is_a_left_one_mirrored(scene):
    """The same breast called right, with the same random numbers, is the mirror image."""
    left = scene.views[0]
    right = View(left.name, "R", left.angle_deg)
    findings = tuple(dataclasses.replace(f, laterality="R") for f in scene.findings if f.laterality == "L")
    breast = dataclasses.replace(scene.breasts["L"], laterality="R")
    quiet = dataclasses.replace(scene.preset, detector=dataclasses.replace(scene.preset.detector, noise=False))
    as_left = dataclasses.replace(scene, preset=quiet, findings=tuple(f for f in scene.findings if f.laterality == "L"))
    as_right = dataclasses.replace(scene, preset=quiet, breasts={"R": breast}, findings=findings)
    one, other = render.render(as_left, left), render.render(as_right, right)
    assert (other.breast_mask == one.breast_mask[:, ::-1]).all()
    assert (other.labels == one.labels[:, ::-1]).all()
    assert [c.row.x_px for c in other.calcifications] == pytest.approx(
        [one.labels.shape[1] - 1 - c.row.x_px for c in one.calcifications]
    )


def test_a_grain_lies_where_the_compression_carries_it(scene, case):
    view = scene.views[3]
    breast = scene.breasts["R"]
    pressed = breast.compress(view)
    field = field_of_view.frame(breast, pressed, scene.preset.detector.grid).field
    centres = {g.calcification_id: g.centre_mm for f in scene.findings for g in f.calcifications}
    assert case.views[3].calcifications
    for truth in case.views[3].calcifications:
        at = pressed.forward(np.array([centres[truth.row.calcification_id]]))[0]
        x, y = field.px(at[0], at[1])
        assert truth.row.z_mm == pytest.approx(at[2])
        if x > 2:  # not cut by the chest wall
            assert truth.center_px == pytest.approx((field.shape[1] - 1 - x, y), abs=0.1)


def test_the_field_is_laid_on_the_breast(scene, case):
    cc, mlo = case.views[:2]
    rows = np.flatnonzero(cc.breast_mask.any(axis=1))
    # about the middle, as far off it as there is room for and the breast was laid; folds reach further on one side
    half, off = 0.5 * cc.breast_mask.shape[0], scene.breasts["L"].off_centre_mm / cc.row.pixel_spacing_mm
    assert abs(0.5 * (rows[0] + rows[-1]) - half) < abs(off) + 14
    pressed = scene.breasts["L"].compress(scene.views[1])
    field = field_of_view.frame(scene.breasts["L"], pressed, scene.preset.detector.grid).field
    nipple = pressed.forward(scene.breasts["L"].nipple_mm[None, :])[0]
    assert 0.45 < field.px(nipple[0], nipple[1])[1] / mlo.breast_mask.shape[0] < 0.85


def test_what_finds_no_place_is_left_out_and_said(scene):
    grown_left = functools.partial(grown, breast=scene.breasts["L"])
    found = grown_left(Grains(refuses=True), Grains(3))
    assert found.dropped == ("kind0: no artery is long enough",)
    assert [f.finding_id for f in found.findings] == [1]


def test_entries_are_chosen_by_probability_count_and_weight(scene):
    grown_left = functools.partial(grown, breast=scene.breasts["L"])
    assert not grown_left(Grains(2), probability=0.0).findings
    assert len(grown_left(Grains(2), count=Draw.constant(3)).findings) == 3
    drawn = grown_left(Grains(2), Grains(2), mix=Draw.constant(5)).findings
    assert len(drawn) == 5
    assert len({f.finding_id for f in drawn}) == 5
    assert len({f.calcifications[0].centre_mm for f in drawn}) == 5
    assert not grown_left(Grains(2), mix=Draw.constant(0)).findings


def test_a_finding_lies_in_the_breasts_its_kind_says_that_are_imaged(scene):
    grown_left = functools.partial(grown, breast=scene.breasts["L"])
    assert [f.laterality for f in grown_left(Grains(2, bilateral=True), breasts=("L", "R")).findings] == ["L", "R"]
    assert [f.laterality for f in grown_left(Grains(2), breasts=("L", "R")).findings] == ["L"]
    # asked for, it is in the image, whichever side that is
    assert [f.laterality for f in grown_left(Grains(2), breasts=("R",)).findings] == ["R"]


def test_a_later_entry_moves_nobody_elses_random_numbers(scene):
    grown_left = functools.partial(grown, breast=scene.breasts["L"])
    alone, more = grown_left(Grains(3)), grown_left(Grains(3), Grains(4))
    assert [g.centre_mm for g in alone.findings[0].calcifications] == [
        g.centre_mm for g in more.findings[0].calcifications
    ]
    assert alone.views == more.views


def test_a_finding_that_was_wiped_off_is_in_one_view_only(scene):
    once = dataclasses.replace(scene.findings[0], views=("CC",))
    cc, mlo = (View(name, once.laterality, 0.0 if name == "CC" else 45.0) for name in ("CC", "MLO"))
    assert render.present_in(once, cc)
    assert not render.present_in(once, mlo)
    assert not render.present_in(once, View("CC", "R" if once.laterality == "L" else "L", 0.0))


def test_the_drawn_side_is_left_or_right_alike():
    sides = [scenes._exam(preset(), case_seed("test", 1, i).child("exam"))[0] for i in range(200)]
    assert 70 < sides.count(("L",)) < 130  # 4 standard deviations


def test_the_highest_class_names_the_image():
    assert highest_class([]) == "normal"
    assert highest_class(["artefact", "benign"]) == "benign"
    assert highest_class(["suspicious", "artefact"]) == "suspicious"


@pytest.mark.parametrize("keep", [True, False])
def test_a_case_for_a_dataset_is_the_case_except_what_the_recipe_does_not_keep(keep):
    recipe = preset(Grains())
    recipe = dataclasses.replace(recipe, exam=dataclasses.replace(recipe.exam, keep_for_processing=keep))
    for stored, made in zip(simulate_for_dataset(recipe, 3, 1).views, simulate(recipe, 3, 1).views, strict=True):
        assert made.for_processing.shape == made.for_presentation.shape
        assert np.array_equal(stored.for_processing, made.for_processing if keep else np.zeros((0, 0)))
        assert np.array_equal(stored.for_presentation, made.for_presentation)
        assert stored.row == made.row
