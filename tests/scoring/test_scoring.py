"""The scorer: the truth against itself, and marks whose right score is known beforehand."""

from __future__ import annotations

import json
import math
from typing import get_args

import fakes
import numpy as np
import pytest
from fakes import of_truth
from hypothesis import given
from hypothesis import strategies as st

from phantom.recipe.seed import Seed
from phantom.scoring import bootstrap, froc, strata
from phantom.scoring.lesions import Target, gather
from phantom.scoring.marks import Raw, check
from phantom.scoring.match import Rules
from phantom.scoring.ratings import MISSED, Ratings
from phantom.scoring.report import as_dict, text
from phantom.scoring.score import compare, score
from phantom.tables import FindingRow, rows_of


@pytest.fixture(scope="module")
def images():
    return gather(fakes.rich_views())


def marks(images, *rows, region=False):
    """Marks from (image_id, x, y, score[, box[, label]])."""
    return check([Raw(f"mark {i}", *row, region=region) for i, row in enumerate(rows)], images, "test")


def grains_only(marks):
    return type(marks)(marks.grains, marks.source)


def regions_only(marks):
    return type(marks)(marks.regions, marks.source)


@pytest.mark.parametrize("target", get_args(Target))
def test_the_truth_against_itself_is_perfect(images, target):
    whole = of_truth(images, target)
    for some in (grains_only(whole), regions_only(whole)):
        found = score(some, images, Rules(target=target))
        for level in found.levels.values():
            assert level.ratings.lesions > 0
            assert len(level.ratings.fp_rating) == 0
            assert np.isfinite(level.ratings.lesion_rating).all()
            assert level.sensitivity(0.125) == 1.0
            assert froc.afroc(level.ratings) == froc.roc(level.ratings) == 1.0


def test_boxes_of_the_truth_alone_are_perfect_too(images):
    rows = []
    for truth in images:
        artefacts = truth.findings["finding_id"][truth.findings["class"] == "artefact"]
        for c in truth.calcifications:
            if c["finding_id"] in artefacts:
                continue
            box = tuple(float(c[f"box_{k}_px"]) for k in "xywh")
            rows.append((truth.image_id, box[0] + (box[2] - 1) / 2, box[1] + (box[3] - 1) / 2, 0.5, box))
    found = score(marks(images, *rows), images)
    assert found.sensitivity(0.125) == 1.0
    assert found.false_marks() == 0


def test_no_marks_find_nothing(images):
    found = score(marks(images), images)
    assert found.sensitivity(8.0) == 0.0
    assert found.false_marks() == 0
    assert any(f"{len(images)} of {len(images)} images have no mark" in note for note in found.notes)


def test_a_mark_hits_by_mask_or_distance(images):
    ring_edge = ("000001-L-CC", 60.0 - 12.5, 60.0, 0.9)  # in the ring's mask, 1.25 mm from its centre
    middle = ("000001-L-MLO", 68.0 + 4.0, 60.0, 0.9)  # in its hole, 0.4 mm from the centre
    beside = ("000002-R-CC", 199 - 60.0 - 7.0, 60.0, 0.9)  # in its hole, 0.7 mm from the centre
    found = score(marks(images, ring_edge, middle, beside), images)
    hit = found.main.ratings.lesion_image[np.isfinite(found.main.ratings.lesion_rating)]
    assert [images[i].image_id for i in hit] == ["000001-L-CC", "000001-L-MLO"]
    assert found.main.causes.tolist() == ["near a calcification"]
    wider = score(marks(images, ring_edge, middle, beside), images, Rules(tolerance_mm=0.75))
    assert wider.false_marks() == 0


def test_one_hit_a_calcification_and_duplicates_are_not_false(images):
    found = score(marks(images, *[("000001-L-CC", 52.0, 163.0, s) for s in (0.3, 0.9, 0.5)]), images)
    ratings = found.main.ratings
    assert ratings.lesion_rating[np.isfinite(ratings.lesion_rating)].tolist() == [0.9]
    assert found.false_marks() == 0
    assert found.main.match.duplicates == 2


def test_faint_grains_neither_help_nor_harm(images):
    on_faint = ("000001-L-CC", 95.0, 100.0, 0.9)
    found = score(marks(images, on_faint), images)
    assert found.main.match.dont_care == 1
    assert found.false_marks() == 0
    assert not np.isfinite(found.main.ratings.lesion_rating).any()
    counted = score(marks(images, on_faint), images, Rules(min_dprime=0.0))
    assert np.isfinite(counted.main.ratings.lesion_rating).sum() == 1
    assert counted.main.ratings.lesions == found.main.ratings.lesions + 5


def test_false_marks_bear_the_name_of_what_is_there(images):
    rows = [
        ("000001-L-CC", 52.0, 163.0, 0.9), ("000001-L-CC", 120.0, 130.0, 0.8), ("000001-L-CC", 30.0, 40.0, 0.7),
        ("000001-L-CC", 195.0, 10.0, 0.6), ("000001-L-CC", 150.0, 130.0, 0.5),
    ]  # fmt: skip
    found = score(marks(images, *rows), images, Rules(target="suspicious"))
    assert found.main.causes.tolist() == ["vascular", "residue", "skin line", "outside the breast", "skin line"]
    deep = score(marks(images, ("000001-L-CC", 104.0, 146.0, 0.5)), images)
    assert deep.main.causes.tolist() == ["background"]


def test_marks_labelled_as_something_else_are_left_out(images):
    rows = [("000001-L-CC", 52.0, 163.0, 0.9, None, "benign"), ("000001-L-CC", 70.0, 100.0, 0.8, None, "suspicious")]
    found = score(marks(images, *rows), images, Rules(target="suspicious"))
    assert found.false_marks() == 0
    assert np.isfinite(found.main.ratings.lesion_rating).sum() == 1
    assert any("1 marks are labelled" in note for note in found.notes)


def box_mark(truth, finding, grow=0.0, shift=0.0):
    x, y, w, h = rows_of(FindingRow, truth.findings)[finding].box_px
    box = (x - grow + shift, y - grow, w + 2 * grow, h + 2 * grow)
    return truth.image_id, box[0] + box[2] / 2 - 0.5, box[1] + box[3] / 2 - 0.5, 0.9, box


@pytest.mark.parametrize(
    ("grow", "shift", "kallergi", "box"),
    [
        (0, 0, True, True),
        (8, 0, True, True),
        (40, 0, False, False),
        (0, 12, True, True),
        (0, 22, False, True),
        (0, 60, False, False),
    ],
)
def test_rules_for_findings(images, grow, shift, kallergi, box):
    # the group is 27 x 20 pixels, widened to 37 x 30: grown by 8 it is 2.2 times as large, by 40 it is 11 times;
    # shifted by 12 of 37 it covers two thirds, by 22 it covers 0.41 at an overlap over union of 0.25
    truth = next(t for t in images if t.image_id == "000001-L-CC")
    found = score(marks(images, box_mark(truth, 0, grow, shift), region=True), images)
    for name, right in (("finding_kallergi", kallergi), ("finding_box", box)):
        assert np.isfinite(found.levels[name].ratings.lesion_rating).any() == right, name
        assert len(found.levels[name].ratings.fp_rating) == (not right)


def test_three_false_marks_within_a_centimetre_are_one_false_region(images):
    rows = [("000000-L-CC", 60.0 + 5 * i, 130.0, 0.9 - 0.1 * i) for i in range(4)] + [
        ("000000-L-MLO", 60.0, 130.0, 0.9)
    ]
    ratings = score(marks(images, *rows), images).levels["finding_kallergi"].ratings
    assert ratings.fp_rating.tolist() == pytest.approx([0.7])
    assert ratings.fp_image.tolist() == [0]


def test_the_order_of_marks_and_the_scale_of_scores_do_not_matter(images):
    rng = np.random.default_rng(3)
    rows = [
        (images[int(i)].image_id, float(x), float(y), float(s))
        for i, x, y, s in zip(rng.integers(0, len(images), 400), rng.uniform(40, 110, 400), rng.uniform(50, 180, 400),
        rng.normal(size=400), strict=True)
    ]  # fmt: skip
    first = score(marks(images, *rows), images)
    mixed = score(marks(images, *[rows[i] for i in rng.permutation(400)]), images)
    bent = score(marks(images, *[(*row[:3], math.exp(row[3])) for row in rows]), images)
    for name, level in first.levels.items():
        a = froc.froc(level.ratings)
        for other in (mixed, bent):
            b = froc.froc(other.levels[name].ratings)
            assert np.array_equal(a.false, b.false)
            assert np.array_equal(a.sensitivity, b.sensitivity)


def plain(lesion_image, lesion_rating, fp_image, fp_rating, images, case=None):
    positive = np.isin(np.arange(images), lesion_image)
    return Ratings(
        np.arange(images).astype(str), np.arange(images) if case is None else np.asarray(case), np.full(images,
        100.0), positive,
        np.zeros(images, bool), np.asarray(lesion_image), np.asarray(lesion_rating, float), np.asarray(fp_image, int),
        np.asarray(fp_rating, float),
    )  # fmt: skip


def test_curves_by_hand():
    # two lesions in image 0, one missed in 1; false marks on 0 and 2 of four images
    ratings = plain([0, 0, 1], [0.9, 0.4, MISSED], [0, 2, 2], [0.6, 0.5, 0.3], 4)
    curve = froc.froc(ratings)
    assert curve.false.tolist() == [0, 0, 0.25, 0.5, 0.5, 0.75]
    assert curve.sensitivity.tolist() == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3, 2 / 3, 2 / 3])
    assert curve.at(0.25)[0] == pytest.approx(1 / 3)
    assert curve.at(0.5) == pytest.approx((2 / 3, 0.4))
    assert froc.froc(ratings, per_cm2=True).false[-1] == pytest.approx(3 / 400)
    # normal images 2 (0.5) and 3 (none): 0.9 beats both, 0.4 beats one, the missed one ties with none
    assert froc.afroc(ratings) == pytest.approx((1 + 0.5 + 0.25) / 3)
    assert froc.wafroc(ratings) == pytest.approx((0.5 * 1 + 0.5 * 0.5 + 1 * 0.25) / 2)
    # images 0 (0.9) and 1 (none) against 2 (0.5) and 3 (none)
    assert froc.roc(ratings) == pytest.approx((1 + 1 + 0 + 0.5) / 4)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 6)), max_size=40))
def test_the_bootstrap_of_everything_once_is_the_curve(events):
    hits = [(i, s) for i, hit, s in events if hit]
    false = [(i, s) for i, hit, s in events if not hit]
    lesion_image = [i for i, _ in hits] + [0]
    ratings = plain(lesion_image, [*(s for _, s in hits), MISSED], [i for i, _ in false], [s for _, s in false], 6)
    once = bootstrap.sensitivities(ratings, froc.RATES_PER_IMAGE, np.ones((1, 6)))[0]
    assert once.tolist() == pytest.approx([froc.froc(ratings).at(rate)[0] for rate in froc.RATES_PER_IMAGE])


def test_the_interval_has_the_width_that_binomial_counting_gives():
    rng = np.random.default_rng(0)
    hit = rng.random(400) < 0.7
    ratings = plain(np.arange(400), np.where(hit, 1.0, MISSED), [], [], 400)
    draws = bootstrap.weights(ratings, 2000, Seed(0))
    low, high = bootstrap.interval(bootstrap.sensitivities(ratings, [1.0], draws))
    expected = 2 * 1.96 * math.sqrt(hit.mean() * (1 - hit.mean()) / 400)
    # 2000 resamples know a 2.5 % quantile to about 4 % of the width; twice that
    assert float(high[0] - low[0]) == pytest.approx(expected, rel=0.08)


def test_cases_not_images_are_drawn():
    ratings = plain([0, 1, 2, 3], [1, 1, MISSED, MISSED], [], [], 4, case=[0, 0, 1, 1])
    samples = bootstrap.sensitivities(ratings, [1.0], bootstrap.weights(ratings, 500, Seed(1)))
    assert set(np.unique(samples)) == {0.0, 0.5, 1.0}


def test_a_detector_compared_with_itself_and_with_a_better_one(images):
    whole = grains_only(of_truth(images))
    some = type(whole)(whole.rows[::2], "half")
    a, b = score(some, images), score(whole, images)
    same = compare(a.main, a.main, 1.0, 200, Seed(0))
    assert same["mean_difference"] == {"difference": 0.0, "low": 0.0, "high": 0.0, "p": 1.0}
    better = compare(a.main, b.main, 1.0, 200, Seed(0))
    assert better["at"]["low"] > 0
    assert better["at"]["p"] == pytest.approx(2 / 201)


def test_the_diameter_at_half_is_found_again():
    rng = np.random.default_rng(2)
    diameter = np.exp(rng.uniform(np.log(0.08), np.log(1.0), 4000))
    hit = rng.random(4000) < 1 / (1 + np.exp(-5 * np.log(diameter / 0.25)))
    # the standard error of the logarithm is about 0.02 here; five of them
    assert strata.diameter_at(diameter, hit, 0.5) == pytest.approx(0.25, rel=0.1)
    assert strata.diameter_at(diameter, hit, 0.9) == pytest.approx(0.25 * 9**0.2, rel=0.1)
    assert math.isnan(strata.diameter_at(diameter, np.ones(4000, bool), 0.5))
    assert math.isnan(strata.diameter_at(diameter, ~hit, 0.5))
    sharp = strata.diameter_at(diameter, diameter > 0.3, 0.5)
    assert sharp == pytest.approx(0.3, rel=0.05)


def test_the_report_is_json_and_says_why_not_ap(images):
    report = as_dict(score(grains_only(of_truth(images)), images), score(marks(images), images), resamples=50)
    assert "average precision" in json.dumps(report, allow_nan=False)
    assert report["rules"]["tolerance_mm"] == 0.5
    by_kind = {row["value"]: row for row in report["levels"]["calcification"]["sensitivity_by"]["kind"]}
    assert by_kind["vascular"]["sensitivity"] == 1.0
    assert report["against"]["difference"]["calcification"]["mean_difference"]["difference"] == -1.0
    shown = text(report)
    assert "Per calcification" in shown
    assert "1/8" not in shown
    assert "0.125" in shown


def test_many_marks_are_grouped_as_few_are():
    from phantom.scoring import regions

    spots = np.random.default_rng(0).uniform(0, 1000, (900, 2)).round(1)
    spots = np.concatenate([spots, spots[:50]])
    for reach in (10.0, 20.0, 35.0):
        quick = regions._linked(spots, reach)
        many, regions._MANY = regions._MANY, 10**9
        exact = regions._linked(spots, reach)
        regions._MANY = many
        assert (
            len(set(zip(quick.tolist(), exact.tolist(), strict=True)))
            == len(set(quick.tolist()))
            == len(set(exact.tolist()))
        )
    line = np.stack([np.arange(400.0), np.zeros(400)], axis=1)
    assert set(regions._linked(line, 1.0).tolist()) == {0}
