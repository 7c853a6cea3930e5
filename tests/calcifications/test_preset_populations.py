"""What a preset draws, over many women: shares of types and distributions, arteries by age, specks per image, modes
of size."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats

from phantom.anatomy.breast import Breast
from phantom.anatomy.patient import Anatomy
from phantom.calcifications import registry
from phantom.errors import NoPlace
from phantom.exam import preset
from phantom.exam.scene import _chosen, relabelled
from phantom.geometry.grid import Grid
from phantom.geometry.view import View
from phantom.imaging.projection import shadow
from phantom.recipe.draw import Draw
from phantom.recipe.seed import Seed

KINDS = registry.kinds()


# CBIS-DDSM, calcification abnormality views: first type, and distribution. Lee et al. 2017
TYPES = {
    "fine_pleomorphic": 813, "amorphous": 181, "punctate": 132, "lucent_centered": 128,
    "fine_linear_branching": 102 + 31,
    "vascular": 90, "popcorn": 39, "round": 27, "dystrophic": 20, "skin": 13, "milk_of_calcium": 2,
}  # fmt: skip
SPREADS = {"grouped": 935 + 29, "none": 439, "segmental": 202 + 7, "linear": 112, "regional": 102, "diffuse": 40}
PAIRS = {
    ("fine_pleomorphic", "grouped"): 597,
    ("fine_pleomorphic", "segmental"): 112,
    ("fine_pleomorphic", "linear"): 50,
}
SINGLE = {
    "lucent_centered",
    "rim",
    "vascular",
    "popcorn",
    "round",
    "dystrophic",
    "skin",
    "large_rod",
    "milk_of_calcium",
}


@cache
def drawn(name: str, cases: int, age: float = 58.0) -> list:
    recipe = preset.load(name)
    return [entry for k in range(cases) for entry in _chosen(recipe, Seed(1).child("case", k), age)]


def chi_square(counts: Counter, shares: dict) -> float:
    """p of drawn counts if the published shares hold."""
    seen = np.array([counts[key] for key in shares], float)
    wanted = np.array(list(shares.values()), float)
    return float(stats.chisquare(seen, wanted * seen.sum() / wanted.sum()).pvalue)


def test_cbis_like_has_the_types_of_the_data_set():
    counts = Counter(entry.kind for entry in drawn("cbis-like", 1500))
    assert chi_square(counts, TYPES) > 0.05


def test_cbis_like_has_the_cancers_of_the_data_set_by_type():
    """Malignant shares of CBIS-DDSM's abnormality views: by chi-square on a drawn verdict for each."""
    published = {"fine_pleomorphic": 0.53, "amorphous": 0.36, "punctate": 0.23, "round": 0.11}
    rng = np.random.Generator(np.random.SFC64(9))
    entries, statistic = drawn("cbis-like", 1500), 0.0
    for kind, share in published.items():
        verdicts = [
            entry.grows.label.pathology(entry.distribution or "diffuse", "4B", rng, entry.grows.malignancy)
            for entry in entries
            if entry.kind == kind
        ]
        wanted = share * len(verdicts)
        seen = verdicts.count("malignant")
        statistic += (seen - wanted) ** 2 / (wanted * (1 - share))
    assert stats.chi2.sf(statistic, len(published)) > 0.05


def test_cbis_like_has_the_distributions_of_the_data_set():
    counts = Counter(
        "none" if entry.kind in SINGLE else entry.distribution for entry in drawn("cbis-like", 1500)
    )  # a benign single has no distribution there
    assert chi_square(counts, SPREADS) > 0.05
    pairs = Counter((entry.kind, entry.distribution) for entry in drawn("cbis-like", 1500))
    assert chi_square(pairs, PAIRS) > 0.05


def test_screening_holds_as_many_cancers_and_as_much_benign_calcium_as_published():
    entries = preset.load("screening").finding
    cancers = sum(
        entry.probability * np.average(
            [entry.grows.label.risk(name, entry.grows.label.category_of(name)) for name in spreads],
            weights=[entry.grows.label.distribution_weights[name] for name in spreads],
        )
        for entry in entries
        if entry.grows.label.ppv
        for spreads in [[entry.distribution] if entry.distribution else list(entry.grows.label.distribution_weights)]
        if entry.kind != "punctate"
    )  # fmt: skip
    assert 0.0015 <= cancers <= 0.0021
    young = 1 - math.prod(1 - entry.probability for entry in entries if entry.suits(48) and not entry.grows.label.ppv)
    assert young == pytest.approx(0.10, abs=0.04)  # without the punctate ones: about 10 % have anything


@pytest.mark.parametrize(("age", "share"), [(45.0, 0.02), (52.0, 0.06), (65.0, 0.23), (75.0, 0.52)])
def test_arteries_are_calcified_as_often_as_published_at_each_age(age, share):
    recipe = preset.load("screening")
    hit = [any(e.kind == "vascular" for e in _chosen(recipe, Seed(2).child(k), age)) for k in range(1500)]
    # 3 percentage points: more than 2 standard errors at a share of one half
    assert np.mean(hit) == pytest.approx(share, abs=0.03)


def test_what_a_recipe_calls_benign_or_probably_benign_is_no_cancer():
    entry = next(e for e in preset.load("fat-necrosis").finding if e.kind == "coarse_heterogeneous")
    assert entry.category == "3"
    finding = replace(entry.grows.grow(breast(), Seed(0), "grouped"), pathology="malignant")
    assert relabelled(finding, entry, "L").pathology == "benign"
    assert relabelled(finding, replace(entry, category="4A"), "L").pathology == "malignant"


def dip(values: np.ndarray) -> float:
    """Hartigan's dip: the distance of the empirical distribution from the nearest one with a single mode."""
    x = np.sort(values)
    n = len(x)
    lower, upper = np.arange(n) / n, np.arange(1, n + 1) / n

    def below(k: int) -> float:
        return float((upper[: k + 1] - _hull(x[: k + 1], lower[: k + 1], 1)).max()) / 2

    def above(k: int) -> float:
        return float((_hull(x[k:], upper[k:], -1) - lower[k:]).max()) / 2

    lo, hi = 0, n - 1  # the first grows with the mode's place, the second falls
    while hi - lo > 1:
        middle = (lo + hi) // 2
        lo, hi = (middle, hi) if below(middle) < above(middle) else (lo, middle)
    return min(max(below(k), above(k)) for k in (lo, hi))


def _hull(x: np.ndarray, y: np.ndarray, sign: int) -> np.ndarray:
    """Greatest convex minorant (sign 1) or least concave majorant (-1) of points, at the points."""
    kept: list[int] = []
    for k in range(len(x)):
        while len(kept) > 1:
            i, j = kept[-2], kept[-1]
            if sign * ((y[j] - y[i]) * (x[k] - x[i]) - (y[k] - y[i]) * (x[j] - x[i])) < 0:
                break
            kept.pop()
        kept.append(k)
    return np.interp(x, x[kept], y[kept])


def test_the_dip_of_known_samples():
    rng = np.random.Generator(np.random.SFC64(3))
    assert dip(np.arange(100.0)) == pytest.approx(1 / 200, abs=1e-9)  # the least there is: 1/(2n)
    two = np.concatenate([rng.normal(0, 0.05, 200), rng.normal(1, 0.05, 200)])
    # two points far apart have a dip of 1/4, two narrow modes a little less, a single mode about 0.5 / sqrt(n)
    assert 0.15 < dip(two) < 0.25
    assert dip(rng.normal(0, 1, 400)) < 0.04


def test_comedo_sizes_have_two_modes():
    """Hartigan's test at 5 %: against the uniform, the most extreme of the unimodal distributions."""
    kind = KINDS["fine_pleomorphic"](comedo=1.0)
    sizes = np.concatenate([kind.sizes(Seed(k).rng(), 30, "malignant") for k in range(40)])
    rng = np.random.Generator(np.random.SFC64(4))
    uniform = [dip(rng.random(len(sizes))) for _ in range(40)]
    assert dip(sizes) > max(uniform)  # p below 1 in 41


def test_the_specks_of_an_image_are_about_23_and_few_images_hold_most():
    """INbreast: 6,880 specks in the 299 images that have any (Moreira 2012)."""
    body = breast()
    counts = []
    recipe = preset.load("inbreast-like")
    for case in range(150):
        seed = Seed(7).child("case", case)
        specks = 0
        for number, entry in enumerate(_chosen(recipe, seed.child("mix"), 58.0)):
            try:
                specks += len(entry.grows.grow(body, seed.child(number), entry.distribution).calcifications)
            except NoPlace:
                continue
        counts.append(specks)
    some = np.array([count for count in counts if count])
    # 301 of 410 images have some
    assert len(some) / len(counts) == pytest.approx(301 / 410, abs=4 * math.sqrt(0.73 * 0.27 / len(counts)))
    # a heavy tail: the mean is known to sd / sqrt(n)
    assert some.mean() == pytest.approx(23, abs=3 * some.std() / math.sqrt(len(some)))
    assert some.mean() > 1.5 * np.median(some)


@cache
def breast() -> Breast:
    return Anatomy(density=Draw.constant(0.2), area_cm2=Draw.constant(170)).grow(Seed(11), "L")


def test_arteries_hold_the_same_calcium_in_both_views():
    """One scene: r of at least 0.97, and a slope of 1 once what a field cuts off is left out."""
    body = breast()
    views = [body.compress(View("CC", "L", 0.0)), body.compress(View("MLO", "L", 45.0))]
    grid = Grid((832, 640), 0.28, (0.14, -0.14 * 831))
    masses, held = [], []
    for seed in range(10):
        kind = KINDS["vascular"](length_mm=Draw.uniform(10, 16))
        grains = kind.grow(body, Seed(seed, ("views",))).calcifications
        found = np.zeros((2, len(grains)))
        for view, pressed in enumerate(views):
            poses = pressed.poses(np.array([grain.centre_mm for grain in grains]))
            for k, (grain, pose) in enumerate(zip(grains, poses, strict=True)):
                cast = shadow(grain.shape, pose, grid)
                found[view, k] = 0.0 if cast is None else grain.relative_density * float(cast.path_mm.sum())
        masses.append(found.sum(axis=1))
        held.append(found[:, (found > 0).all(axis=0)].sum(axis=1))
    cc, mlo = np.array(masses).T
    assert np.corrcoef(cc, mlo)[0, 1] >= 0.97
    # a grain's projected mass is right to 1 %, and the field's border cuts through a few of those that both views hold
    cc, mlo = np.array(held).T
    assert np.polyfit(mlo, cc, 1)[0] == pytest.approx(1.0, abs=0.02)
