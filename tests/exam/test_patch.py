"""Patches: what a window of an image holds, to the pixel."""

from __future__ import annotations

from dataclasses import replace

import fakes
import pytest

from phantom.exam.patch import cut
from phantom.exam.truth import ObjectTruth
from phantom.tables import ObjectRow

BODY = fakes.blank(ObjectRow, box_x_px=50, box_y_px=90, box_w_px=30, box_h_px=40)
WHOLE = replace(fakes.rich("000001-L-CC"), objects=(ObjectTruth(BODY),))


def test_a_box_is_moved_and_clipped_to_the_window():
    patch = cut(WHOLE, 95, 40, 30, "patch00")
    assert [one.row.box_px for one in patch.objects] == [(10, 0, 20, 30)]
    assert [one.row.box_px for one in cut(WHOLE, 80, 20, 64, "patch00").objects] == [(30, 10, 30, 40)]
    assert not cut(WHOLE, 0, 0, 50, "patch00").objects
    with pytest.raises(ValueError, match="does not lie within"):
        cut(WHOLE, 200, 0, 64, "patch00")


def test_a_finding_has_the_middle_of_its_clipped_box():
    group = WHOLE.findings[0].row
    whole = next(f.row for f in cut(WHOLE, 80, 50, 64, "patch00").findings if f.row.finding_id == 0)
    assert whole.box_px == (group.box_x_px - 50, group.box_y_px - 80, group.box_w_px, group.box_h_px)
    assert (whole.x_px, whole.y_px) == (group.x_px - 50, group.y_px - 80)
    part = next(f.row for f in cut(WHOLE, 102, 62, 32, "patch00").findings if f.row.finding_id == 0)
    x, y, w, h = part.box_px
    assert (x, y, w, h) == (group.box_x_px - 62, 0, min(group.box_w_px, 32 - x), group.box_y_px + group.box_h_px - 102)
    assert (part.x_px, part.y_px) == (x + (w - 1) / 2, y + (h - 1) / 2)


def test_a_hull_is_moved_with_its_window_and_clipped_to_its_pixel_centres():
    """The group's hull is its box, from the centre of the first pixel to that of the last."""
    group = WHOLE.findings[0]
    for row, column in ((80, 50), (90, 40)):  # the whole of it lies in both
        found = next(f for f in cut(WHOLE, row, column, 64, "patch00").findings if f.row.finding_id == 0)
        assert sorted(found.hull_px.tolist()) == sorted((group.hull_px - [column, row]).tolist())
    cut_off = next(f for f in cut(WHOLE, 102, 62, 32, "patch00").findings if f.row.finding_id == 0)
    x, y, w, h = cut_off.row.box_px
    assert (cut_off.hull_px.min(axis=0).tolist(), cut_off.hull_px.max(axis=0).tolist()) == (
        [x, y],
        [x + w - 1, y + h - 1],
    )
    assert cut_off.row.hull_area_mm2 == pytest.approx((w - 1) * (h - 1) * WHOLE.row.pixel_spacing_mm**2)
    assert cut_off.row.n_calcifications < group.row.n_calcifications
