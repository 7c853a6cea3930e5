"""Findings are drawn so that a reader could mark them, or as they come, or so that nobody sees them."""

from __future__ import annotations

import numpy as np
import pytest

from phantom.exam import preset
from phantom.exam import scene as scenes
from phantom.exam.case import case_seed, simulate
from phantom.exam.expected import expected_views

SUSPICIOUS = ("amorphous", "fine_pleomorphic", "fine_linear", "coarse_heterogeneous")


def recipe(kind, visibility, **keys):
    return preset.from_dict({
        "name": "one", "description": "one finding", "finding": [{"kind": kind, "visibility": visibility, **keys}],
    })  # fmt: skip


def grown(kind, visibility, seed):
    """A finding, and the d' expected of its grains in each view."""
    wanted = recipe(kind, visibility)
    scene = scenes.grow(wanted, case_seed(wanted.name, seed, 0), 0)
    if not scene.findings:
        return None, np.zeros((0, 0))
    finding, side = scene.findings[0], scene.findings[0].laterality
    look = expected_views(scene.preset, scene.seed, side, scene.breasts[side], scene.views)
    return finding, look(finding.calcifications)


@pytest.mark.parametrize("kind", ["punctate", "fine_pleomorphic"])
def test_visible_findings_have_grains_to_be_marked_and_occult_ones_none(kind):
    _, seen = grown(kind, "visible", 2)
    _, hidden = grown(kind, "occult", 2)
    assert ((seen >= 5).sum(axis=1) >= 5).any()
    assert hidden.max() < 3


def test_places_and_numbers_are_those_of_the_unconditioned_draw():
    (one, _), (other, _) = grown("fine_pleomorphic", "visible", 3), grown("fine_pleomorphic", "any", 3)
    assert [g.centre_mm for g in one.calcifications] == [g.centre_mm for g in other.calcifications]
    assert one.distribution == other.distribution


def test_what_is_too_large_to_be_hidden_is_left_out():
    wanted = recipe("popcorn", "occult", stage=3, relative_density=2.0)
    scene = scenes.grow(wanted, case_seed(wanted.name, 1, 0), 0)
    assert not scene.findings
    assert "too large to be occult" in scene.dropped[0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", SUSPICIOUS)
@pytest.mark.parametrize("seed", range(3))
def test_rendered_suspicious_findings_can_be_marked_in_a_view(kind, seed):
    case = simulate(recipe(kind, "visible"), seed, 0)
    marked = []
    for view in case.views:
        for finding in view.findings:
            seen = [g.dprime_structured >= 5 for g in view.calcifications]
            haze = kind == "amorphous" and finding.row.dprime >= 5
            marked.append(sum(seen) >= min(5, len(seen)) or haze)
    assert any(marked) or case.dropped
