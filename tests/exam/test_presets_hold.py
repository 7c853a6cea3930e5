"""What every preset promises of every finding: its distribution is the lexicon's; what is suspicious can be marked,
lies in gland and apart from the next."""

from __future__ import annotations

import os
from functools import cache

import numpy as np
import pytest

from phantom.anatomy.breast import Breast
from phantom.anatomy.patient import Anatomy
from phantom.calcifications import groups, registry
from phantom.calcifications.finding import Finding
from phantom.calcifications.sites import WALL_MM, inside
from phantom.errors import NoPlace
from phantom.exam import preset
from phantom.exam.case import case_seed, simulate
from phantom.exam.scene import Scene, grow
from phantom.geometry.view import View
from phantom.recipe.draw import Draw
from phantom.recipe.seed import Seed

# a dozen scenes and a dozen rendered cases of each preset are what is promised: PHANTOM_CASES=12 PHANTOM_RENDERED=12
CASES, RENDERED = (int(os.environ.get(name, few)) for name, few in (("PHANTOM_CASES", "6"), ("PHANTOM_RENDERED", "1")))
# what is spread so follows ducts or arteries; residue lies in a crease of the skin
ALONG = ("linear", "segmental")


def in_views(finding: Finding, body: Breast) -> list[np.ndarray]:
    """The grains' middles (n, 2) in CC and MLO, mm."""
    points = np.array([grain.centre_mm for grain in finding.calcifications], float)
    views = View("CC", body.laterality, 0.0), View("MLO", body.laterality, 45.0)
    return [body.compress(view).forward(points)[:, :2] for view in views]


def off_tubes(finding: Finding, body: Breast) -> np.ndarray:
    """How far outside the nearest duct or artery each grain lies, mm."""
    curves = body.arteries if finding.kind == "vascular" else body.ducts
    axis = np.concatenate([curve.points_mm for curve in curves])
    radius = np.concatenate([curve.radius_mm for curve in curves])
    points = np.array([grain.centre_mm for grain in finding.calcifications], float)
    away = np.linalg.norm(points[:, None] - axis[None], axis=2)
    nearest = away.argmin(axis=1)
    return away[np.arange(len(points)), nearest] - radius[nearest]


def as_the_lexicon_says(finding: Finding, body: Breast) -> None:
    """BI-RADS, 5th edition: grouped is five and more within 2 cm, regional wider than that, diffuse all over, linear in
    a line, segmental along a lobe's ducts."""
    count, seen = len(finding.calcifications), in_views(finding, body)
    widest = max(groups.extent(points) for points in seen)
    what = finding.kind, finding.distribution, count, round(widest, 1)
    if finding.distribution == "grouped":
        assert count >= 5, what
        assert widest <= (5.0 if finding.kind == "skin" else 20.0) + 1e-6, what
    elif finding.distribution == "none":
        assert count < 5 or finding.kind in ("popcorn", "rim"), what
    else:
        assert count >= 2, what
    if finding.distribution == "regional" and finding.kind != "residue" and count >= 5:
        assert widest > 20.0, what
    if finding.distribution == "diffuse" and count >= 10:
        assert widest > 40.0, what
        assert len({(x > 0, y > 0) for x, y in seen[0] - np.median(seen[0], axis=0)}) >= 3, what
    if finding.distribution in ALONG and finding.kind != "residue":
        assert np.quantile(off_tubes(finding, body), 0.95) < 1.5, what
    if finding.distribution in ALONG:
        assert widest > 9.0, what


def apart(scene: Scene) -> None:
    """Two suspicious findings of one breast are a centimetre apart, or they would be one."""
    for side in "LR":
        found = [
            np.array([grain.centre_mm for grain in finding.calcifications], float)
            for finding in scene.findings
            if finding.finding_class == "suspicious" and finding.laterality == side
        ]
        for i, one in enumerate(found):
            for other in found[i + 1 :]:
                assert np.linalg.norm(one[:, None] - other[None], axis=2).min() >= 10.0


def scenes(name: str, count: int) -> list[Scene]:
    wanted = preset.load(name)
    return [grow(wanted, case_seed(wanted.name, 3, k), k) for k in range(count)]


def check(scene: Scene) -> None:
    for finding in scene.findings:
        as_the_lexicon_says(finding, scene.breasts[finding.laterality])
    apart(scene)


@pytest.mark.parametrize("name", ["suspicious", "hard-negatives"])
def test_findings_are_spread_as_the_lexicon_says(name):
    check(scenes(name, 1)[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", preset.names())
def test_every_drawn_finding_of_every_preset_is_spread_as_the_lexicon_says(name):
    for scene in scenes(name, CASES):
        check(scene)


@pytest.mark.slow
@pytest.mark.parametrize("name", preset.names())
def test_every_suspicious_finding_can_be_marked_in_a_view(name):
    """Five grains with a structured d' of 5 (all, if fewer), or a haze with a d' of 5 as a whole."""
    wanted = preset.load(name)
    hidden = {entry.kind for entry in wanted.finding if entry.visibility != "visible" or entry.dprime or entry.sdnr}
    for index, scene in enumerate(scenes(name, RENDERED)):
        suspicious = {f.finding_id for f in scene.findings if f.finding_class == "suspicious" and f.kind not in hidden}
        if not suspicious:
            continue
        marked = set()
        for view in simulate(wanted, 3, index).views:
            for finding in view.findings:
                number = finding.row.finding_id
                of = [g.dprime_structured for g in view.calcifications if g.row.finding_id == number]
                seen = sum(value >= 5.0 for value in of)
                if seen >= min(5, len(of)) or (finding.row.kind == "amorphous" and finding.row.dprime >= 5.0):
                    marked.add(number)
        assert suspicious <= marked, (name, index)


@cache
def breast() -> Breast:
    return Anatomy(density=Draw.constant(0.1), area_cm2=Draw.constant(170)).grow(Seed(11), "L")


def test_suspicious_groups_lie_in_gland():
    """Not one in twelve has its middle in the fattiest third of the breast: they come from lobules and ducts."""
    body, rng = breast(), np.random.Generator(np.random.SFC64(2))
    lo, hi = body.bounds_mm
    points = rng.uniform(lo, hi, (20_000, 3))
    points = points[inside(body, points, 1.0) & (points[:, 0] > WALL_MM)]
    fat = np.quantile(body.gland_weight(points), 1 / 3)
    weights = []
    for name in ("fine_pleomorphic", "amorphous", "coarse_heterogeneous", "fine_linear"):
        for seed in range(10):
            try:
                found = registry.kinds()[name]().grow(body, Seed(seed, ("gland",)), "grouped")
            except NoPlace:
                continue
            middle = np.mean([grain.centre_mm for grain in found.calcifications], axis=0)
            weights.append(float(body.gland_weight(middle[None])[0]))
    assert len(weights) > 30
    assert np.mean(np.array(weights) <= fat) < 1 / 12
    assert np.median(weights) > np.quantile(body.gland_weight(points), 0.8)
