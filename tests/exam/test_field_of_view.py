"""A field is laid on the breast by its own height: the patient knows nothing of the detector, tall or low."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phantom.anatomy.breast import Breast
from phantom.anatomy.patient import Anatomy
from phantom.exam import preset as presets
from phantom.exam import scene as scenes
from phantom.exam.case import case_seed
from phantom.exam.field_of_view import frame
from phantom.geometry.grid import Grid
from phantom.geometry.view import View
from phantom.imaging import mammography_units
from phantom.recipe.draw import Draw
from phantom.recipe.seed import Seed

PITCH = 0.5
HEIGHTS = (170, 233, 306)  # mm
ABOVE, OFF = 150.0, 7.0  # mm above the nipple, and below the middle


@pytest.fixture(scope="module")
def breast() -> Breast:
    numbers = {"above_nipple_mm": ABOVE, "area_cm2": 60.0}
    return Anatomy(**{name: Draw.constant(number) for name, number in numbers.items()}).grow(Seed(3), "L")


def detector(height_mm: float) -> Grid:
    return Grid((round(height_mm / PITCH), 480), PITCH, (0.0, 0.0))


def edges(field: Grid) -> tuple[float, float]:
    """y of the upper and of the lower edge."""
    top = field.origin_mm[1] - 0.5 * field.pitch_mm
    return top, top + field.shape[0] * field.pitch_mm


@pytest.mark.parametrize("height_mm", HEIGHTS)
def test_in_cc_the_breast_lies_below_the_middle_as_far_as_it_was_laid(breast, height_mm):
    pressed = breast.compress(View("CC", "L", 0.0))
    angle = np.linspace(-np.pi / 2, np.pi / 2, pressed.outline_mm.size)
    y = pressed.outline_mm * np.sin(angle)  # without the folds, which reach further on one side
    for off_mm in (OFF, -OFF, 0.0):
        top, bottom = edges(frame(replace(breast, off_centre_mm=off_mm), pressed, detector(height_mm)).field)
        assert bottom - top == pytest.approx(height_mm)
        assert 0.5 * (y.min() + y.max()) - 0.5 * (top + bottom) == pytest.approx(off_mm)


def test_a_field_hardly_taller_than_the_breast_holds_all_of_it(breast):
    pressed = breast.compress(View("CC", "L", 0.0))
    y = pressed.outline_mm * np.sin(np.linspace(-np.pi / 2, np.pi / 2, pressed.outline_mm.size))
    top, bottom = edges(frame(replace(breast, off_centre_mm=38.0), pressed, detector(np.ptp(y) + 2)).field)
    assert y.min() - top == pytest.approx(2, abs=PITCH)  # all of the room is above: it lies as low as it can
    assert y.max() == pytest.approx(bottom, abs=PITCH)


@pytest.mark.parametrize("view", [View("MLO", "L", 45.0), View("ML", "L", 90.0)], ids=lambda view: view.name)
@pytest.mark.parametrize("height_mm", HEIGHTS)
def test_in_mlo_and_ml_the_field_begins_above_the_nipple_and_a_low_one_ends_below_it(breast, view, height_mm):
    pressed = breast.compress(view)
    top, bottom = edges(frame(breast, pressed, detector(height_mm)).field)
    above = min(ABOVE, 0.82 * height_mm)  # the share that the docstring of the module gives
    assert pressed.nipple_y_mm - top == pytest.approx(above)
    assert bottom > pressed.nipple_y_mm + 0.17 * height_mm


@pytest.mark.parametrize("name", mammography_units.names())
def test_the_woman_is_the_same_on_every_detector(name):
    """So is what lies in her, where both fields hold it."""

    def grown(unit: str):
        recipe = {
            "name": "fields", "description": "one finding", "detector": {"name": unit},
            "exam": {"views": ["CC"], "breasts": ["L"]}, "finding": [{"kind": "round", "grains": 3}],
        }  # fmt: skip
        scene = scenes.grow(presets.from_dict(recipe), case_seed("fields", 5, 0), 0)
        return scene.woman_id, [g.centre_mm for finding in scene.findings for g in finding.calcifications]

    assert grown(name) == grown("hologic-selenia-dimensions")
