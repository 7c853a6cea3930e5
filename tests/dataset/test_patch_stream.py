"""Patches: the truth is clipped with the pixels, and a patch is the same whoever makes it."""

from __future__ import annotations

from itertools import islice

import fakes
import numpy as np
import pytest

from phantom.dataset import verify as verify_module
from phantom.dataset.format import hdf5_checks
from phantom.dataset.format.case_writer import write_case
from phantom.dataset.format.layout import TABLE_FILES
from phantom.dataset.patch_stream import stream
from phantom.errors import UsageError
from phantom.exam.case import Case
from phantom.exam.patch import cut, place_patch
from phantom.recipe.seed import Seed

RECIPE = fakes.FakeRecipe(rows=220, columns=120, dots=8)
VIEW = fakes.simulate(RECIPE, 5, 1).views[0]


@pytest.mark.parametrize("corner", [(90, 30), (100, 50), (85, 20), (130, 60)])
def test_a_patch_holds_the_pixels_and_masks_of_its_window(corner):
    size = 40
    patch = cut(VIEW, *corner, size, "patch00")
    window = slice(corner[0], corner[0] + size), slice(corner[1], corner[1] + size)
    assert np.array_equal(patch.for_presentation, VIEW.for_presentation[window])
    assert np.array_equal(patch.breast_mask, VIEW.breast_mask[window])
    assert np.array_equal(patch.labels > 0, VIEW.labels[window] > 0)
    whole = {grain.row.calcification_id: grain for grain in VIEW.calcifications}
    seen = {number for number, grain in whole.items() if grain.mask[window].any()}
    assert {grain.row.calcification_id for grain in patch.calcifications} == seen
    for grain in patch.calcifications:
        assert np.array_equal(grain.mask, whole[grain.row.calcification_id].mask[window])
    assert patch.row.n_calcifications == len(seen)
    assert patch.row.n_findings == len(patch.findings) == (1 if seen else 0)


def test_a_patch_without_findings_is_normal():
    patch = cut(VIEW, 0, 0, 20, "patch00")
    assert (patch.row.class_, patch.findings, patch.row.variant) == ("normal", (), "patch00")


def test_hulls_and_boxes_are_clipped_to_the_window():
    for row, column in ((100, 50), (95, 45), (110, 60)):
        for finding in cut(VIEW, row, column, 30, "patch00").findings:
            assert finding.hull_px.min() >= 0
            assert finding.hull_px.max() <= 29
            assert finding.row.box_x_px + finding.row.box_w_px <= 30
            assert finding.row.extent_mm <= 29 * 2**0.5 * 0.28 + 1e-9


def test_patches_are_cases_that_verify_finds_whole(tmp_path):
    (tmp_path / "cases").mkdir()
    patches = tuple(patch for patch in islice(stream(RECIPE, 5, size=64, per_case=9, make=fakes.simulate), 9))
    write_case(Case(0, patches, {}), tmp_path / "cases/000000.h5")
    with hdf5_checks.open_case(tmp_path / "cases/000000.h5") as file:
        assert list(verify_module._case(file, 0, hdf5_checks.tables(file, TABLE_FILES, 0), False)) == []


def test_patches_on_findings_hold_one_and_are_not_always_in_the_middle():
    corners = [place_patch(VIEW, 64, Seed(1).child(i), 1.0) for i in range(20)]
    assert all(cut(VIEW, *corner, 64, "p").calcifications for corner in corners)
    assert len(set(corners)) > 10


def test_patches_off_findings_lie_in_the_breast():
    for i in range(20):
        row, column = place_patch(VIEW, 64, Seed(1).child(i), 0.0)
        assert VIEW.breast_mask[row : row + 64, column : column + 64].any()


def test_a_patch_is_the_same_for_any_number_of_workers():
    def counted(patch):
        return patch.image_id, patch.for_presentation.tobytes(), [g.row for g in patch.calcifications]

    options = {"size": 64, "per_case": 3, "make": fakes.simulate}
    alone = [counted(p) for p in islice(stream(RECIPE, 5, **options), 18)]
    shared = [counted(p) for w in range(3) for p in islice(stream(RECIPE, 5, worker=w, workers=3, **options), 6)]
    assert sorted(alone, key=lambda t: t[0]) == sorted(shared, key=lambda t: t[0])
    assert len({t[0] for t in alone}) == 18
    later = [counted(p) for p in islice(stream(RECIPE, 5, first_case=2, **options), 3)]
    assert later == alone[6:9]
    again = [counted(p) for p in islice(stream(RECIPE, 5, start=7, **options), 5)]
    assert again == alone[7:12]
    second = [counted(p) for p in islice(stream(RECIPE, 5, start=7, worker=1, workers=2, **options), 3)]
    assert second == alone[9:12]  # of case 3; case 2, which patch 7 is of, is the other worker's


@pytest.mark.parametrize("wrong", [{"worker": 2, "workers": 2}, {"per_case": 0}, {"on_findings": 2}, {"size": 0}])
def test_wrong_use_is_refused(wrong):
    with pytest.raises(UsageError):
        stream(RECIPE, 5, **wrong)


def test_windows_outside_the_image_are_refused():
    with pytest.raises(ValueError, match="within"):
        cut(VIEW, 200, 0, 64, "p")
    with pytest.raises(ValueError, match="too small"):
        place_patch(VIEW, 512, Seed(1), 0.0)


def test_phantom_stream_is_the_function_however_often_it_is_asked_for():
    import phantom

    assert phantom.stream is stream
    assert phantom.stream is stream
    assert callable(phantom.dataset.open)
    assert callable(phantom.dataset.open)
