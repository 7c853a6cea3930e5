"""A detector's own test suite: run it with `pytest examples`."""

from __future__ import annotations

from detector import detect


def test_finds_what_is_plain_to_see(phantom_score):
    """A third of the calcifications of d' 12 and more, at four false marks an image."""
    found = phantom_score(detect, "benign", cases=2, min_dprime=12.0)
    assert found.sensitivity(fp_per_image=4.0) >= 0.3


def test_leaves_a_normal_breast_alone(phantom_score):
    """At most two sure marks an image where nothing is."""
    found = phantom_score(detect, "normal", cases=1)
    assert found.false_marks(threshold=10.0) <= 4
