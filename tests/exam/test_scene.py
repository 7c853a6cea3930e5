"""A scene is plain data: stored and read back, it renders the same, or something else on purpose."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from phantom.errors import PhantomError
from phantom.exam import preset as presets
from phantom.exam import render
from phantom.exam import scene as scenes
from phantom.exam.case import case_seed
from phantom.geometry.solids import json as plain
from phantom.imaging.projection import shadow

RECIPE = {
    "name": "stored",
    "description": "a scene to be stored",
    "anatomy": {"ligaments": 20, "fibres": 20, "area_cm2": [90, 130]},
    "exam": {"views": ["CC"]},
    "detector": {"binning": 8},
    "finding": [{"kind": "round"}, {"kind": "fine_pleomorphic", "cause": "told by the recipe", "category": "5"}],
}


@pytest.fixture(scope="module")
def scene():
    return scenes.grow(presets.from_dict(RECIPE), case_seed(RECIPE["name"], 2, 7), 7)


@pytest.fixture(scope="module")
def read_back(scene):
    return scenes.from_dict(json.loads(json.dumps(scene.to_dict(), allow_nan=False)), 7)


def test_a_stored_scene_renders_the_same(scene, read_back):
    one, other = (render.render(s, s.views[0]) for s in (scene, read_back))
    assert one.for_presentation.tobytes() == other.for_presentation.tobytes()
    assert one.for_processing.tobytes() == other.for_processing.tobytes()
    assert [c.row for c in one.calcifications] == [c.row for c in other.calcifications]
    assert [f.row for f in one.findings] == [f.row for f in other.findings]
    assert one.calcifications


def test_it_is_the_same_plain_data_again(scene, read_back):
    assert json.dumps(read_back.to_dict()) == json.dumps(scene.to_dict())


def test_the_recipe_may_say_cause_and_category(scene):
    labelled = next(f for f in scene.findings if f.kind == "fine_pleomorphic")
    assert (labelled.cause, labelled.category, labelled.finding_class) == ("told by the recipe", "5", "suspicious")


def test_solids_survive_with_their_shadows(scene, read_back):
    """What is stored is the solid itself, not how it was drawn."""
    before = [g for f in scene.findings for g in f.calcifications]
    after = [g for f in read_back.findings for g in f.calcifications]
    assert [plain.to_dict(g.shape) for g in before] == [plain.to_dict(g.shape) for g in after]
    pressed = scene.breasts[scene.views[0].laterality].compress(scene.views[0])
    poses = pressed.poses(np.array([g.centre_mm for g in before]))
    grid = scene.preset.detector.grid
    for one, other, pose in zip(before, after, poses, strict=True):
        first, second = shadow(one.shape, pose, grid), shadow(other.shape, pose, grid)
        if first is not None:
            assert (first.path_mm == second.path_mm).all()


def test_the_same_breast_at_half_the_dose_is_noisier(scene):
    """Another machine, the same solids: places stay, d' falls with the square root of the dose."""
    table = {**RECIPE, "exposure": {"dose_factor": 0.5}}
    half = dataclasses.replace(scene, preset=presets.from_dict(table))
    one, other = (render.render(s, s.views[0]) for s in (scene, half))
    assert other.row.mgd_mgy == pytest.approx(0.5 * one.row.mgd_mgy)
    assert [c.center_px for c in one.calcifications] == [c.center_px for c in other.calcifications]
    assert [c.row.contrast for c in one.calcifications] == [c.row.contrast for c in other.calcifications]
    fall = [b.dprime / a.dprime for a, b in zip(one.calcifications, other.calcifications, strict=True)]
    # sqrt(1/2) if all noise is the quanta's; electronic noise lowers it, fixed pattern, which scales with dose, raises
    # it
    assert np.mean(fall) == pytest.approx(np.sqrt(0.5), rel=0.1)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"format": "other"},
        {"format": scenes.FORMAT},
        {"format": scenes.FORMAT, "recipe": RECIPE, "seed": {"root": -1, "path": []}},
    ],
)
def test_what_is_no_scene_is_refused(broken):
    with pytest.raises(PhantomError, match="scene"):
        scenes.from_dict(broken)
