"""What a case may hold beside its plain views: twins, earlier years, a magnified finding, patches."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

import phantom
from phantom.anatomy.projected import shadow
from phantom.dataset.running.run import RunOptions, generate
from phantom.dataset.verify import verify
from phantom.errors import UsageError
from phantom.exam import preset as presets
from phantom.exam import scene as scenes
from phantom.exam.case import case_seed, render_case, simulate
from phantom.exam.patch import cut
from phantom.imaging.detector import Detector
from phantom.imaging.quantities import Coarse, Signal
from phantom.imaging.refilter import REACH, near, refiltered
from phantom.recipe.seed import Seed

RECIPE = {
    "name": "experiment",
    "description": "everything a case may hold",
    "anatomy": {"ligaments": 20, "fibres": 20, "area_cm2": [90, 130], "density": 0.12},
    "exam": {"views": ["CC"]},
    "detector": {"binning": 6},
    "finding": [
        {"kind": "fine_pleomorphic", "grains": 14},
        {"kind": "vascular", "grade": 3},
        {"kind": "residue"},
        {"kind": "round"},
    ],
}


def recipe(**exam):
    return presets.from_dict({**RECIPE, "exam": {**RECIPE["exam"], **exam}})


@pytest.fixture(scope="module")
def scene():
    wanted = recipe(twins=["clean", "benign"], prior_years=[1, 4], magnification=1.8)
    return scenes.grow(wanted, case_seed(wanted.name, 7, 1), 1)


@pytest.fixture(scope="module")
def images(scene):
    return {view.row.variant: view for view in render_case(scene).views}


# -- twins


def test_the_words_of_a_variant_come_in_their_order(images):
    whens = ("", "prior1", "prior4", "mag1.8")
    assert set(images) == {"+".join(w for w in (twin, when) if w) for twin in ("", "clean", "benign") for when in whens}
    assert all(view.image_id.partition("+")[2] == variant for variant, view in images.items())


@pytest.mark.parametrize("when", ["", "prior1", "mag1.8"])
@pytest.mark.parametrize("twin", ["clean", "benign"])
def test_twins_differ_only_where_a_removed_grain_reaches(images, twin, when):
    plain, other = images[when], images["+".join(w for w in (twin, when) if w)]
    kept = {truth.row.calcification_id for truth in other.calcifications}
    gone = np.zeros(plain.breast_mask.shape, bool)
    for truth in plain.calcifications:
        if truth.row.calcification_id not in kept:
            box = truth.row  # a path may reach a pixel or two beyond its mask
            y, x = max(0, box.box_y_px - 3), max(0, box.box_x_px - 3)
            gone[y : box.box_y_px + box.box_h_px + 3, x : box.box_x_px + box.box_w_px + 3] = True
    same = plain.for_processing == other.for_processing
    # the focal spot's blur reaches as far again
    reached = near(near(gone)) if when == "mag1.8" else near(gone)
    assert gone.any()
    assert same[~reached].all()
    if when != "mag1.8":
        assert not reached.all()
    assert not same[gone].all()


def test_twins_keep_what_they_say(images):
    classes = {variant: {f.row.class_ for f in view.findings} for variant, view in images.items()}
    assert classes[""] >= {"suspicious", "benign"}
    assert classes["clean"] == set()
    assert classes["benign"] == classes[""] - {"suspicious"}
    assert images["clean"].row.class_ == "normal"
    plain = {c.row.calcification_id: c for c in images[""].calcifications}
    for truth in images["benign"].calcifications:  # the same grains at the same places
        assert np.array_equal(truth.runs, plain[truth.row.calcification_id].runs)


def test_a_twin_is_what_the_machine_makes_of_the_breast_without_the_grains(scene, images):
    """Against the breast rendered without them from the start: except rounding, and the scatter they absorb."""
    alone = dataclasses.replace(scene, findings=(), preset=recipe())
    other = render_case(alone).views[0]
    difference = np.abs(other.for_processing.astype(int) - images["clean"].for_processing)
    assert np.percentile(difference[other.breast_mask], 99) <= 2


def test_a_twin_costs_no_anatomy(monkeypatch):
    calls = []
    for owner, name in ((shadow, "project_tissue"), (shadow.ProjectedTissue, "window")):
        before = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *a, before=before, name=name: calls.append(name) or before(*a))
    simulate(recipe(twins=["clean", "benign"]), 5, 1)
    assert calls == ["project_tissue", "window"]


@pytest.mark.parametrize("name", ["hologic-selenia-dimensions", "ge-senographe-essential"])
@pytest.mark.parametrize("magnification", [1.0, 1.8])
def test_a_change_is_blurred_as_the_whole_image_is(name, magnification):
    detector = Detector(name=name, binning=2)
    detector = detector.magnified(magnification) if magnification > 1 else detector
    shape, rng = (300, 420), np.random.default_rng(1)
    flat = Coarse(np.full((1, 1), 0.05, np.float32), 512, shape)
    before = Signal(
        rng.uniform(0.1, 0.2, shape).astype(np.float32), flat, Coarse(np.full((1, 1), 20, np.float32), 512, shape), 4e5
    )
    after = dataclasses.replace(before, primary=before.primary.copy())
    after.primary[:6, 100:106] *= 0.7  # at the border too
    after.primary[230:250, 300:303] *= 0.9
    kev = detector.blurred(before, Seed(1))
    again, whole = detector.reblurred(after, before, kev, Seed(1)), detector.blurred(after, Seed(1))
    change = np.abs(whole - kev).max()
    assert np.abs(again - whole).max() < 2e-3 * change
    far = ~near(after.primary != before.primary) if magnification == 1 else ~near(near(after.primary != before.primary))
    assert far.any()
    assert np.array_equal(again[far], kev[far])


def test_what_is_near_is_counted_in_pixels():
    place = np.zeros((200, 150), bool)
    place[100, 0] = True
    found = near(place)
    assert found[100 - REACH : 101 + REACH, : REACH + 1].all()
    assert found.sum() == (2 * REACH + 1) * (REACH + 1)
    nothing = np.zeros((50, 60), np.float32)
    assert refiltered(nothing, nothing, 0.1, np.ones_like) is not nothing


# -- earlier years


def mass(view, kind):
    return sum(c.row.area_mm2 for c in view.calcifications if c.row.kind == kind)


def test_earlier_there_was_less_of_it(images):
    now, recent, before = (images[name] for name in ("", "prior1", "prior4"))
    ids = [{c.row.calcification_id for c in view.calcifications} for view in (now, recent, before)]
    assert ids[2] < ids[1] < ids[0]
    for kind in ("vascular", "fine_pleomorphic"):
        assert mass(before, kind) < mass(recent, kind) < mass(now, kind)
    assert mass(before, "round") == mass(now, "round")
    assert before.row.age == pytest.approx(now.row.age - 4)
    assert not np.array_equal(before.for_processing, now.for_processing)  # another day's noise
    assert np.array_equal(before.breast_mask, now.breast_mask)


def test_the_past_is_stored_with_the_scene(scene, images):
    stored = json.loads(json.dumps(scene.to_dict(), allow_nan=False))
    again = scenes.from_dict(stored, 1)
    assert again.to_dict() == scene.to_dict()
    years = [{c.calcification_id for f in s.at_prior(4).findings for c in f.calcifications} for s in (scene, again)]
    assert years[0] == years[1] > set()
    assert "residue" in {finding.kind for finding in scene.findings} - {
        finding.kind for finding in scene.at_prior(1).findings
    }


# -- magnification


def test_a_magnified_finding_shows_more_grains():
    made = dataclasses.replace(recipe(magnification=1.8), finding=recipe().finding[:1])
    visible = [0, 0]
    for index in range(3):
        contact, closer = (
            {c.row.calcification_id: c.row for c in view.calcifications} for view in simulate(made, 5, index).views
        )
        assert contact.keys() == closer.keys()
        assert all(closer[i].dprime > contact[i].dprime for i in contact)
        visible[0] += sum(row.visible for row in contact.values())
        visible[1] += sum(row.visible for row in closer.values())
    assert visible[1] > visible[0] > 0


def test_a_magnified_image_is_of_the_same_grains(images):
    near_, far = images["mag1.8"], images[""]
    assert near_.row.pixel_spacing_mm == pytest.approx(far.row.pixel_spacing_mm / 1.8)
    assert near_.row.mgd_mgy == pytest.approx(1.5 * far.row.mgd_mgy)
    assert near_.row.density == far.row.density
    places = [{c.row.calcification_id: c for c in view.calcifications} for view in (near_, far)]
    target = next(f.row.finding_id for f in near_.findings if f.row.class_ == "suspicious")
    shared = sorted(i for i in places[0].keys() & places[1].keys() if places[0][i].row.finding_id == target)
    assert len(shared) > 5
    x = [
        np.array([p[i].center_px for i in shared]) * v.row.pixel_spacing_mm
        for p, v in zip(places, (near_, far), strict=True)
    ]
    shift = x[0] - x[1]
    assert np.abs(shift - shift.mean(axis=0)).max() < 0.01


def test_nothing_to_magnify_is_no_mistake():
    made = dataclasses.replace(recipe(magnification=1.5), finding=())
    assert [view.row.variant for view in simulate(made, 5, 1).views] == [""]


# -- patches, and the dataset


def test_what_lies_mostly_outside_a_patch_is_none_of_its_grains():
    view = simulate(recipe(), 5, 1).views[0]
    grain = max(view.calcifications, key=lambda one: one.row.box_w_px)
    x, y = (round(value) for value in grain.center_px)
    size, rows, columns = 64, *view.for_presentation.shape
    top = min(max(y - 32, 0), rows - size)
    seen = []
    for left in range(max(x - size - 6, 0), min(x + 7, columns - size)):
        found = {one.row.calcification_id: one for one in cut(view, top, left, size, "patch00").calcifications}
        held = found.get(grain.row.calcification_id)
        inside = int(grain.mask[top : top + size, left : left + size].sum())
        if held is None:
            assert 2 * inside < grain.mask.sum() or not -0.5 <= grain.row.x_px - left <= size - 0.5
        else:
            assert 2 * inside >= grain.mask.sum()
            assert -0.5 <= held.row.x_px <= size - 0.5
        seen.append(held is not None)
    assert any(seen)
    assert not all(seen)


def test_patches_are_cut_from_views_and_twins_at_the_same_places():
    made = recipe(patches=3, patch_px=64, twins=["clean"], views=["CC", "MLO"], patches_on_findings=1.0)
    views = {view.image_id: view for view in simulate(made, 5, 1).views}
    patches = [name for name in views if "patch" in name]
    assert len(patches) == 6
    assert sum("-MLO" in name for name in patches) == 2
    for name in patches:
        patch = views[name]
        assert patch.for_presentation.shape == (64, 64)
        if "clean" not in name:
            twin = views[name.replace("+patch", "+clean+patch")]
            assert patch.calcifications
            assert not twin.calcifications
            assert np.array_equal(patch.breast_mask, twin.breast_mask)
    assert len(simulate(recipe(patches=2, patch_px=64, whole_views=False), 5, 1).views) == 2


def test_a_dataset_of_variants_is_whole(tmp_path):
    made = recipe(twins=["benign"], prior_years=[2], magnification=1.5, patches=2, patch_px=100, breasts=["L", "R"])
    generate(made, seed=5, cases=1, out=tmp_path / "d", options=RunOptions(workers=1))
    assert verify(tmp_path / "d") == []
    data = phantom.open(tmp_path / "d")
    assert len(data) <= made.exam.images(2)
    variants = set(data.images["variant"].tolist())
    assert {"", "benign", "prior2", "benign+prior2", "mag1.5", "benign+mag1.5", "patch00", "benign+patch01"} <= variants
    assert set(data.images["laterality"].tolist()) == {"L", "R"}
    image = data["000000-L-CC+benign+prior2"]
    assert image.for_presentation.shape == (image.row.rows, image.row.columns)


@pytest.mark.parametrize(
    ("exam", "why"),
    [
        ({"twins": ["clean", "clean"]}, "twice"),
        ({"twins": ["malignant"]}, "twins"),
        ({"magnification": 1.1}, "1.2"),
        ({"patches": 1, "patch_px": 3000}, "pixels"),
        ({"whole_views": False}, "patches"),
        ({"prior_years": [0]}, "prior_years"),
    ],
)
def test_impossible_exams_are_refused_with_the_reason(exam, why):
    with pytest.raises(UsageError, match=why):
        recipe(**exam)
