"""A detector's own test suite: run it with `pytest examples`."""

from __future__ import annotations

from detector import detect


def test_finds_suspicious_calcifications(phantom_score):
    """Half of what is easily seen, at eight false marks an image."""
    found = phantom_score(detect, "suspicious", cases=2, min_dprime=8.0)
    assert found.sensitivity(fp_per_image=8.0) >= 0.5


def test_leaves_a_normal_breast_alone(phantom_score):
    """Few strong marks where nothing is."""
    found = phantom_score(detect, "normal", cases=1)
    assert found.false_marks(threshold=10.0) <= 10
