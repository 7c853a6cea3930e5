"""A detector's own test suite: run it with `pytest examples`."""

from __future__ import annotations

from detector import detect


def test_finds_groups(phantom_score):
    found = phantom_score(detect, ["round", "coarse-heterogeneous"], cases=2)
    assert found.sensitivity(fp_per_image=0.5, level="finding_kallergi") >= 0.6


def test_vessels_are_not_surely_called_suspicious(phantom_score):
    found = phantom_score(detect, "vascular", target="suspicious")
    assert found.false_marks("vascular", threshold=20.0) == 0


def test_groups_of_irregular_grains_are_called_suspicious(phantom_score):
    """Some of them: else nothing would be easier than to suspect no vessel."""
    found = phantom_score(detect, "coarse-heterogeneous", target="suspicious")
    assert found.sensitivity(fp_per_image=1.0) >= 0.03


def test_leaves_a_normal_breast_alone(phantom_score):
    """At most two sure marks an image where nothing is."""
    found = phantom_score(detect, "normal", cases=1)
    assert found.false_marks(threshold=10.0) <= 4
