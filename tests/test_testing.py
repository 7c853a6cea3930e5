"""The pytest plugin and the example detector."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import fakes
import numpy as np
import pytest

from phantom.errors import UsageError
from phantom.testing import score_detector

EXAMPLE = Path(__file__).parents[1] / "examples" / "detector.py"


def bright(pixels, spacing_mm):
    """Every pixel that only a calcification can be: as good as a detector of these images can be."""
    rows, columns = np.nonzero(pixels > 1800)
    return np.stack([columns, rows, pixels[rows, columns]], axis=1)


@pytest.fixture(scope="module")
def views():
    return fakes.rich_views()


def test_marks_are_scored_on_images_in_memory(views):
    found = score_detector(bright, views)
    assert found.sensitivity(8.0) >= 0.95  # some grains of the crowd lie wholly in others
    assert found.false_marks("background") == 0
    assert found.false_marks("residue") > 0


def test_sets_of_images_with_the_same_ids_are_told_apart(views):
    found = score_detector(bright, {"a": views, "b": views})
    assert found.main.ratings.images == 2 * len(views)
    assert len(set(found.main.ratings.case.tolist())) == 8


def test_boxes_and_labels_in_torchvisions_form(views):
    def detect(pixels, spacing_mm):
        spots = bright(pixels, spacing_mm)[:, :2]
        boxes = np.concatenate([spots - 1, spots + 2], axis=1)
        return {"boxes": boxes, "scores": np.ones(len(boxes)), "labels": ["benign"] * len(boxes)}

    assert score_detector(detect, views).sensitivity(8.0) >= 0.9
    assert score_detector(detect, views, target="suspicious").false_marks() == 0


def test_a_malformed_mark_is_named(views):
    with pytest.raises(UsageError, match="mark 0: a number is not finite"):
        score_detector(lambda pixels, spacing_mm: [(10, 10, float("nan"))], views)


def test_the_fixture_runs_a_detector_on_a_preset(phantom_score, monkeypatch, views):
    asked = []

    def fake(preset, cases, seed, sets):
        asked.append((preset, cases, seed, sets))
        return tuple(views[:cases])

    monkeypatch.setattr("phantom.testing.simulated", fake)
    for _ in range(2):
        found = phantom_score(bright, ["benign", "vascular"], cases=4, sets=("detector.binning=4",))
    assert found.main.ratings.images == 8
    assert asked == [("benign", 4, 0, ("detector.binning=4",)), ("vascular", 4, 0, ("detector.binning=4",))]


def example():
    spec = importlib.util.spec_from_file_location("detector", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_detector_finds_specks_on_pixels_alone():
    rng = np.random.default_rng(0)
    v, u = np.mgrid[:400, :300]
    breast = (u / 260) ** 2 + ((v - 200) / 190) ** 2 < 1
    image = 1500 + 40 * rng.standard_normal((400, 300)) + 200 * np.sin(u / 40) * np.cos(v / 50)
    places = rng.integers((60, 40), (150, 160), (12, 2)) * (1, 2)
    for x, y in places:
        image += 400 * np.exp(-((u - x) ** 2 + (v - y) ** 2) / (2 * 1.5**2))
    found = example().detect(np.where(breast, image, 0).astype(np.uint16), 0.1)
    middle = (found["boxes"][:, :2] + found["boxes"][:, 2:] - 1) / 2
    distance = np.hypot(middle[:, :1] - places[:, 0], middle[:, 1:] - places[:, 1])
    assert (distance.min(axis=0) <= 3).all()
    # the response of noise alone exceeds six standard deviations nowhere
    assert (distance.min(axis=1) <= 5).all()
    assert (np.diff(found["scores"]) <= 0).all()


def test_the_example_detector_suspects_compact_groups_and_no_rows():
    rng = np.random.default_rng(1)
    group = rng.uniform(0, 12, (12, 2))
    row = np.stack([np.arange(0, 40, 3.0), 100 + rng.normal(0, 1, 14)], axis=1)
    lone, large = np.array([[0.0, 200.0]]), 300 + rng.uniform(0, 12, (12, 2))
    places = np.concatenate([group, row, lone, large])
    sizes = np.r_[np.full(27, 0.4), np.full(12, 1.5)]
    assert np.array_equal(np.flatnonzero(example().suspicious(places, sizes)), np.arange(12))


@pytest.mark.slow
def test_the_examples_own_suite_passes():
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "phantom.testing",
        str(EXAMPLE.parent),
    ]
    found = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=EXAMPLE.parents[1],
        env={**os.environ, "PYTHONPATH": str(EXAMPLE.parents[1])},
    )
    assert found.returncode == 0, found.stdout
