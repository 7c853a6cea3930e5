"""Every kind the registry finds: inside its anatomy, within its ranges, never twice the same, the same again from its
seed."""

from __future__ import annotations

import itertools
import json
from functools import cache

import numpy as np
import pytest
from scipy.spatial import cKDTree

from phantom import tables
from phantom.anatomy.breast import Breast
from phantom.anatomy.patient import Anatomy
from phantom.calcifications import groups, registry
from phantom.calcifications.distributions import duct_lines, start_of
from phantom.calcifications.finding import Finding
from phantom.calcifications.sites import sites
from phantom.errors import ImpossibleDistribution, NoPlace, UsageError
from phantom.geometry.solids.chains import Chains
from phantom.geometry.solids.json import from_dict, to_dict
from phantom.geometry.turning import axes_of, random_turn
from phantom.geometry.view import Pose, View
from phantom.recipe.draw import Draw
from phantom.recipe.schema import describe
from phantom.recipe.seed import Seed

KINDS = registry.kinds()
BREASTS = {
    "fatty small": (0.04, 70, 40),
    "fatty large": (0.04, 230, 70),
    "dense small": (0.4, 75, 38),
    "dense large": (0.35, 210, 55),
}
PAIRS = [(name, distribution) for name, kind in KINDS.items() for distribution in kind.label.distribution_weights]


@cache
def breast(which: str = "dense large", side: str = "L") -> Breast:
    density, area, thickness = (Draw.constant(v) for v in BREASTS[which])
    return Anatomy(density=density, area_cm2=area, thickness_mm=thickness).grow(Seed(3), side)


def grown(name: str, distribution=None, which: str = "dense large", seed: int = 0, **keys) -> Finding | None:
    try:
        return KINDS[name](**keys).grow(breast(which), Seed(seed, ("case", 0)), distribution)
    except NoPlace as why:
        assert str(why)
        return None


def places(finding: Finding) -> np.ndarray:
    return np.array([grain.centre_mm for grain in finding.calcifications])


def size_of(shape) -> float:
    """Largest projected extent over a dozen directions: at most the solid's largest extent."""
    rng = np.random.Generator(np.random.SFC64(1))
    boxes = [shape.box_mm(Pose(np.zeros(3), axes_of(random_turn(rng)), np.array([0, 0, -1.0]))) for _ in range(12)]
    return max(max(b[2] - b[0], b[3] - b[1]) for b in boxes)


@cache
def tree(which: str, name: str):
    """The axes' points of the ducts or arteries, every 0.2 mm, to look up; and the radii there."""
    curves = getattr(breast(which), name)
    sampled = [curve.at(np.arange(0.0, curve.length_mm + 0.2, 0.2)) for curve in curves]
    return cKDTree(np.concatenate([points for points, _, _ in sampled])), np.concatenate(
        [radius for _, _, radius in sampled]
    )


def off_curves(points: np.ndarray, which: str, name: str) -> np.ndarray:
    """Distance beyond the wall of the nearest curve."""
    found, radius = tree(which, name)
    # the nearest axis may be that of a thin branch within its trunk
    away, nearest = found.query(points, 60)
    return (away - radius[nearest]).min(axis=1)


def strand_points(finding: Finding) -> np.ndarray:
    found = [
        np.array(s)[:, :3] + np.array(g.centre_mm)
        for g in finding.calcifications
        if isinstance(g.shape, Chains)
        for s in g.shape.strands
    ]
    return np.concatenate(found)


def check_anatomy(name: str, finding: Finding, which: str) -> None:
    body = breast(which)
    points = places(finding)
    depth = body.depth_mm(points)
    if name == "skin":
        for grain, deep, skin in zip(finding.calcifications, depth, body.skin_mm(points), strict=True):
            # half its extent across the skin, seen with the skin's normal across the image
            normal = body.normals(np.array([grain.centre_mm]))[0]
            side = np.linalg.svd(normal[None])[2][1:]
            box = grain.shape.box_mm(Pose(np.zeros(3), np.stack([normal, *side]), np.array([0, 0, -1.0])))
            assert deep + box[0] > -0.02, grain
            assert deep + box[2] < skin + 0.02, grain
            assert grain.displaces == "skin"
        return
    if name == "residue":
        assert (np.abs(depth) < 0.4).all()
        assert all(grain.displaces == "air" for grain in finding.calcifications)
        return
    assert (depth > body.skin_mm(points)).all()
    if name == "vascular":
        axes = [np.array(g.centre_mm) + np.array(g.shape.line)[:, :3] for g in finding.calcifications]
        assert off_curves(np.concatenate(axes), which, "arteries").max() < 0.15
        # a sheet's centre lies in the wall or the lumen, of a long one that bends a little beside it
        assert off_curves(points, which, "arteries").max() < 1.5
    if name in ("large_rod", "fine_linear", "fine_linear_branching"):
        assert off_curves(strand_points(finding), which, "ducts").max() < 1.0
    for host in finding.hosts:
        near = np.linalg.norm((points - host.centre_mm) / host.radii_mm, axis=1)
        if host.kind in ("fibroadenoma",):
            assert near.max() < 1.1
        if host.kind in ("cyst", "oil_cyst"):
            assert near.min() < 1e-6


def check_labels(name: str, finding: Finding) -> None:
    label = registry.defaults(name)
    assert finding.kind == name
    assert finding.descriptor == label.descriptor
    assert all(grain.kind == name and grain.relative_density > 0 for grain in finding.calcifications)
    for column, (kind, _) in tables.FINDINGS.items():
        if kind.startswith("U") and hasattr(finding, column):
            assert len(str(getattr(finding, column))) <= int(kind[1:]), column
    if finding.pathology == "malignant":
        assert finding.category in ("3", "4A", "4B", "4C", "5")
        assert all(grain.material == "calcium_oxalate" for grain in finding.calcifications), "type I is benign"
    assert (finding.finding_class == "artefact") == (name == "residue")


def check_distribution(name: str, finding: Finding) -> None:
    points = places(finding)
    if finding.distribution == "grouped" and name not in ("popcorn", "suture", "dystrophic", "skin"):
        assert len(points) >= (3 if name == "milk_of_calcium" else 5)
    if finding.distribution == "grouped":
        assert groups.extent(points) <= {"popcorn": 50.0, "skin": 5.0, "suture": 22.0}.get(name, 21.0)
    if finding.distribution == "regional" and name in ("round", "punctate", "amorphous", "fine_pleomorphic"):
        assert groups.extent(points) > 20.0


@pytest.mark.parametrize(("name", "distribution"), PAIRS)
def test_a_finding_keeps_to_its_anatomy_its_words_and_its_distribution(name, distribution):
    for which, seed in (("dense large", 1), ("fatty small", 2)):
        finding = grown(name, distribution, which, seed)
        if finding is not None:  # a small breast may have no room
            assert finding.calcifications
            assert finding.distribution == distribution
            check_anatomy(name, finding, which)
            check_labels(name, finding)
            check_distribution(name, finding)


@pytest.mark.slow
@pytest.mark.parametrize("which", BREASTS)
@pytest.mark.parametrize("name", KINDS)
def test_twenty_times_in_fatty_and_dense_small_and_large_breasts(name, which):
    found = [grown(name, None, which, seed) for seed in range(20)]
    # a kind that hardly ever finds a place is broken, not unlucky
    assert sum(finding is not None for finding in found) >= 10
    for finding in filter(None, found):
        check_anatomy(name, finding, which)
        check_labels(name, finding)
        check_distribution(name, finding)


@pytest.mark.parametrize(
    "name", [name for name, distribution in PAIRS if distribution == "grouped" and name != "popcorn"]
)
def test_a_group_is_as_small_as_the_lexicon_says_where_it_is_read(name):
    """In CC and MLO, with the breast spread by the paddle: grains within 2 cm, of skin within 5 mm; popcorn fills its
    mass."""
    for which, seed in itertools.product(BREASTS, range(3)):
        finding = grown(name, "grouped", which, seed)
        for view in (View("CC", "L", 0.0), View("MLO", "L", 45.0)):
            if finding is not None:
                seen = breast(which).compress(view).forward(places(finding))[:, :2]
                assert groups.extent(seen) <= (5.0 if name == "skin" else 20.0) + 1e-6, (which, seed, view.name)


def test_gland_is_asked_for_along_all_ducts_at_once(monkeypatch):
    """A breast has a thousand lines of ducts, and each question about gland costs as much as many points."""
    asked, real = [], Breast.gland_weight
    monkeypatch.setattr(Breast, "gland_weight", lambda self, points: asked.append(len(points)) or real(self, points))
    lines = duct_lines(breast(), np.random.default_rng(1), suspicious=True)
    assert len(asked) == 1
    assert asked[0] == 5 * len(lines)
    start_of(breast(), lines[0], 0.5 * (lines[0][2] - lines[0][1]), np.random.default_rng(1), suspicious=True)
    assert len(asked) == 2


def test_a_group_may_be_asked_to_be_one_grain():
    found = grown("round", "grouped", grains=Draw.constant(1))
    assert found is not None
    assert np.isfinite([one.centre_mm for one in found.calcifications]).all()
    assert len(found.calcifications) == 1


@pytest.mark.parametrize("name", KINDS)
def test_the_same_seed_gives_the_same_grains_and_no_two_are_alike(name):
    one, again, other = grown(name, seed=5), grown(name, seed=5), grown(name, seed=6)
    assert one is not None
    assert other is not None
    assert [vars(g) for g in one.calcifications] == [vars(g) for g in again.calcifications]
    shapes = [grain.shape for grain in one.calcifications]
    assert len(set(shapes)) == len(shapes)
    assert not set(shapes) & {grain.shape for grain in other.calcifications}


@pytest.mark.parametrize("name", KINDS)
def test_solids_survive_json_and_agree_with_their_volume(name):
    finding = grown(name, seed=7)
    rng = np.random.Generator(np.random.SFC64(2))
    for grain in finding.calcifications[:6]:
        assert from_dict(json.loads(json.dumps(to_dict(grain.shape)))) == grain.shape
        at = Pose(np.zeros(3), axes_of(random_turn(rng)), np.array([0, 0, -1.0]))
        x_lo, y_lo, x_hi, y_hi = grain.shape.box_mm(at)
        x, y = (lo + (hi - lo) * (np.arange(160) + 0.5) / 160 for lo, hi in ((x_lo, x_hi), (y_lo, y_hi)))
        mass = grain.shape.chord(x[None], y[:, None], at).mean() * (x_hi - x_lo) * (y_hi - y_lo)
        assert mass == pytest.approx(grain.shape.volume_mm3, rel=0.02)


@pytest.mark.parametrize("name", KINDS)
def test_every_key_says_what_it_is_and_the_kind_where_it_comes_from(name):
    kind = KINDS[name]
    assert len((kind.__doc__ or "").strip()) > 150
    assert "estimate" in (kind.__doc__ or "") + " ".join(key.doc for key in describe(kind))
    for key in describe(kind):
        assert key.doc, key.name
    assert not {key.name for key in describe(kind)} & {
        "kind",
        "probability",
        "weight",
        "count",
        "distribution",
        "cause",
        "category",
        "ages",
    }


@pytest.mark.parametrize("name", KINDS)
def test_what_cannot_be_is_refused_with_the_reason(name):
    kind = KINDS[name]
    for distribution in {"diffuse", "regional", "grouped", "linear", "segmental"} - set(
        kind.label.distribution_weights
    ):
        with pytest.raises(ImpossibleDistribution, match=f"{name} cannot be {distribution}: .+; it may be"):
            kind().grow(breast(), Seed(0), distribution)


def test_where_no_place_exists_the_finding_says_so():
    from dataclasses import replace

    bare = replace(breast(), arteries=(), ducts=())
    for name in ("vascular", "large_rod", "fine_linear", "fine_linear_branching"):
        with pytest.raises(NoPlace, match="artery|duct"):
            KINDS[name]().grow(bare, Seed(0))
    with pytest.raises(NoPlace, match="grade 0"):
        KINDS["vascular"](grade=Draw.constant(0)).grow(breast(), Seed(0))
    with pytest.raises(NoPlace, match="90.0 mm below the skin"):
        sites(breast("dense small"), Seed(0).rng(), 1, margin_mm=90.0)


def test_a_kind_of_another_package_is_found(monkeypatch):
    class Speck(KINDS["round"]):
        """A kind that is not named as its file."""

    class Entry:
        name, value = "speck", "elsewhere:Kind"

        @staticmethod
        def load():
            return Speck

    registry.kinds.cache_clear()
    monkeypatch.setattr(registry, "entry_points", lambda group: [Entry] if group == "phantom.kinds" else [])
    try:
        assert registry.kinds()["speck"] is Speck
        finding = Speck().grow(breast(), Seed(0))
        assert finding.kind == "speck"
        assert {grain.kind for grain in finding.calcifications} == {"speck"}
        Entry.name = "round"
        registry.kinds.cache_clear()
        with pytest.raises(Exception, match="name of a kind that exists already"):
            registry.kinds()
        Entry.name, Entry.load = "bare", staticmethod(lambda: type("Bare", (), {"grow": None}))
        registry.kinds.cache_clear()
        with pytest.raises(UsageError, match="'bare' of elsewhere:Kind lacks label, sides, earlier"):
            registry.kinds()
    finally:
        monkeypatch.undo()
        registry.kinds.cache_clear()
