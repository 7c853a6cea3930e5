"""The cases that scorers get wrong (`conformance.json`), run against ours and, where installed, MONAI's."""

from __future__ import annotations

import json
from pathlib import Path

import fakes
import numpy as np
import pytest

from phantom.scoring import froc
from phantom.scoring.lesions import gather
from phantom.scoring.marks import Raw, check
from phantom.scoring.match import Rules
from phantom.scoring.score import score

SUITE = json.loads((Path(__file__).parent / "conformance.json").read_text("utf-8"))
# what picai_eval 1.4 makes of two of the cases
PICAI_DIFFERS = {
    "the surest mark makes the hit, not the one that lies best": "of two on a lesion it may keep the lower",
    "a mark hits one target, even where two touch": "lesions that touch are one to it",
}
SHAPE, RADIUS = tuple(SUITE["shape"]), SUITE["radius_px"]


def image_of(number, targets):
    name = f"{number:06d}-L-CC"
    grains = [
        fakes.grain(name, k, k, "round", fakes.disc(x, y, RADIUS, SHAPE)) for k, (x, y) in enumerate(targets, start=1)
    ]
    findings = [fakes.finding(name, g.row.finding_id, "round", "benign", grains) for g in grains]
    return fakes.view(name, grains, findings, SHAPE)


@pytest.mark.parametrize("case", SUITE["cases"], ids=lambda case: case["name"])
def test_ours_gives_the_expected_numbers(case):
    images = gather([image_of(i, one["targets"]) for i, one in enumerate(case["images"])])
    raw = [
        Raw(f"mark {k}", images[i].image_id, x, y, rating)
        for i, one in enumerate(case["images"])
        for k, (x, y, rating) in enumerate(one["marks"])
    ]
    found = score(check(raw, images, "suite"), images, Rules(tolerance_mm=0.0))
    curve = froc.froc(found.main.ratings)
    got = np.stack([curve.threshold, curve.false, curve.sensitivity], axis=1)[1:]
    assert got == pytest.approx(np.array(case["froc"], float))
    assert found.false_marks() == case["false_marks"]


@pytest.mark.readers
@pytest.mark.parametrize("case", SUITE["cases"], ids=lambda case: case["name"])
def test_monai_s_curve(case):
    """What MONAI's own numbers come to, read at the suite's thresholds."""
    metrics = pytest.importorskip("monai.metrics")
    false, hits, targets = [], [], 0
    for one in case["images"]:
        mask = np.zeros(SHAPE, int)
        for k, (x, y) in enumerate(one["targets"], start=1):
            mask[fakes.disc(x, y, RADIUS, SHAPE)] = k
        marks = np.array(one["marks"], float).reshape(-1, 3)
        fp, tp, n = metrics.compute_fp_tp_probs(
            probs=marks[:, 2], y_coord=marks[:, 1].astype(int), x_coord=marks[:, 0].astype(int), evaluation_mask=mask
        )
        false, hits, targets = [*false, *np.atleast_1d(fp)], [*hits, *np.atleast_1d(tp)], targets + n
    assert targets == sum(len(one["targets"]) for one in case["images"])
    assert len(false) == case["false_marks"]
    for threshold, rate, sensitivity in case["froc"]:
        found = np.sum(np.array(hits) >= threshold)
        if "below 0" in case["name"] and threshold < 0:
            continue  # a target without a mark has probability 0 there
        assert np.sum(np.array(false) >= threshold) / len(case["images"]) == rate
        assert found / targets == sensitivity


@pytest.mark.readers
@pytest.mark.parametrize("case", SUITE["cases"], ids=lambda case: case["name"])
def test_picai_eval_s_curve(case):
    """Marks as single pixels; of two on one target it may take either, and it knows no scores of 0 and below."""
    evaluated = pytest.importorskip("picai_eval")
    if any(score <= 0 for one in case["images"] for *_, score in one["marks"]):
        pytest.skip("picai_eval takes scores of 0 and below for no mark")
    if case["name"] in PICAI_DIFFERS:
        pytest.xfail(PICAI_DIFFERS[case["name"]])
    drawn, truth = [], []
    for one in case["images"]:
        marks, mask = np.zeros((1, *SHAPE), np.float32), np.zeros((1, *SHAPE), np.int32)
        for x, y, rating in one["marks"]:
            marks[0, int(y), int(x)] = rating
        for x, y in one["targets"]:
            mask[0][fakes.disc(x, y, RADIUS, SHAPE)] = 1
        drawn, truth = [*drawn, marks], [*truth, mask]
    found = evaluated.evaluate(drawn, truth, min_overlap=0.005, num_parallel_calls=1)
    rows = [row for of_image in found.lesion_results.values() for row in of_image]
    hits, false = ([float(s) for lesion, s, _ in rows if lesion == wanted and s > 0] for wanted in (1, 0))
    targets = sum(lesion for lesion, *_ in rows)
    assert len(false) == case["false_marks"]
    for threshold, rate, sensitivity in case["froc"]:
        assert sum(s >= threshold - 1e-6 for s in false) / len(case["images"]) == rate
        assert sum(s >= threshold - 1e-6 for s in hits) / targets == sensitivity
