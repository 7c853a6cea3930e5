"""The scene: everything random of a case except the quantum noise. Everything that is rendered is rendered from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.arrays import Floats
from phantom.calcifications import registry
from phantom.calcifications.finding import Calcification, Finding
from phantom.calcifications.lexicon import spread_as_named
from phantom.calcifications.visibility import seen_by_a_reader, seen_by_nobody
from phantom.errors import NoPlace, PhantomError
from phantom.exam import preset as presets
from phantom.exam.expected import expected_views
from phantom.exam.finding_json import finding_from_dict, finding_to_dict, past_from_dict, past_to_dict
from phantom.exam.preset import FindingEntry, Preset
from phantom.geometry.view import Laterality, View
from phantom.recipe import schema
from phantom.recipe.seed import Seed
from phantom.tables import WOMAN_DIGITS

FORMAT = "phantom-scene"
_APART_MM, _ATTEMPTS = 10.0, 8
_SIDES: tuple[Laterality, ...] = ("L", "R")


@dataclass(frozen=True, eq=False)
class Scene:
    """What was grown for one case, in mm; the same scene gives the same images, byte by byte.

    Attributes
    ----------
    preset : Preset
        The recipe. Its machine may be replaced: the same breast on another detector, at another dose.
    seed : Seed
        The case's place in the tree of seeds.
    index : int
    breasts : mapping of laterality to Breast
        With the hosts of the findings in them.
    views : tuple of View
        The images to make, in order.
    findings : tuple of Finding
        Numbered, as are their calcifications and hosts.
    dropped : tuple of str
        Findings that found no place, in words.
    past : mapping of int to tuple of Finding
        The findings as they were, for each of ``exam.prior_years``.
    noise_root : int or None
        The root of the noise's random numbers, where it is not the seed's.
    """

    preset: Preset
    seed: Seed
    index: int
    breasts: Mapping[Laterality, Breast]
    views: tuple[View, ...]
    findings: tuple[Finding, ...]
    dropped: tuple[str, ...] = ()
    past: Mapping[int, tuple[Finding, ...]] = field(default_factory=dict)
    noise_root: int | None = None

    @property
    def woman_id(self) -> str:
        """What grew her breasts, as 16 hex digits: two women are equal in them exactly if their breasts are.

        The first 12 are a hash of the place in the tree of seeds, the last 4 of the recipe's anatomy. She stays who
        she is at another dose, on another detector, with other calcifications or without them; with another anatomy
        the last 4 differ, and she is a variant of the same woman: her ducts and lobules come from the same random
        numbers.
        """
        place = [self.seed.root, *self.seed.path]
        who, anatomy = (
            hashlib.sha256(json.dumps(part, ensure_ascii=False).encode()).hexdigest()
            for part in (place, schema.to_table(self.preset.anatomy))
        )
        return who[:WOMAN_DIGITS] + anatomy[: 16 - WOMAN_DIGITS]

    @property
    def noise(self) -> Seed:
        """The seed of the noise."""
        return self.seed if self.noise_root is None else Seed(self.noise_root, self.seed.path)

    def at_prior(self, years: int) -> Scene:
        """The same woman one of ``exam.prior_years`` earlier: her findings as they were, the rest as it is."""
        return replace(self, findings=self.past[years])

    def to_dict(self) -> dict[str, Any]:
        """The scene ready for JSON: `from_dict` gives one that renders the same."""
        return {
            "format": FORMAT,
            "seed": {"root": self.seed.root, "path": list(self.seed.path)},
            "recipe": self.preset.resolved(),
            "views": [{"name": v.name, "laterality": v.laterality, "angle_deg": v.angle_deg} for v in self.views],
            "findings": [finding_to_dict(finding) for finding in self.findings],
            "dropped": list(self.dropped),
            "past": {
                str(years): [past_to_dict(one, self.findings) for one in then] for years, then in self.past.items()
            },
            "noise_root": self.noise_root,
        }


def grow(preset: Preset, seed: Seed, index: int) -> Scene:
    """Draw everything random of a case except the quantum noise.

    Parameters
    ----------
    preset : Preset
    seed : Seed
        The case's own.
    index : int
        Of the case, for its images' names.
    """
    sides, views = _exam(preset, seed.child("exam"))
    breasts = {side: preset.anatomy.grow(seed, side) for side in sides}
    findings: list[Finding] = []
    dropped: list[str] = []
    dprime_of = {side: expected_views(preset, seed, side, breasts[side], views) for side in sides}
    for number, entry in enumerate(_chosen(preset, seed.child("mix"), breasts[sides[0]].age)):
        finding_seed = seed.child("finding", number, entry.kind)
        for side in _sides_of(entry, sides, finding_seed):
            try:
                grown = _apart(entry, breasts[side], finding_seed, [f for f in findings if f.laterality == side])
                grown = conditioned(grown, entry, dprime_of[side], finding_seed.child("visibility", side))
            except NoPlace as why:
                dropped.append(f"{entry.kind}: {why}")
                continue
            finding = numbered(relabelled(grown, entry, side), findings)
            finding = replace(finding, asked=entry.asks(finding_seed.child("asked", side)))
            findings.append(finding)
            breasts[side] = breasts[side].with_hosts(finding.hosts)
    past = {years: earlier(findings, years, seed.child("past")) for years in preset.exam.prior_years}
    return Scene(preset, seed, index, breasts, views, tuple(findings), tuple(dropped), past)


def from_dict(stored: Mapping[str, Any], index: int = 0) -> Scene:
    """The scene that `Scene.to_dict` wrote, as the case of this number.

    Raises
    ------
    PhantomError
        If it is not such a scene.
    """
    scene = without_breasts(stored, index)
    breasts = {}
    for side in _ordered({view.laterality for view in scene.views}):
        hosts = tuple(host for finding in scene.findings if finding.laterality == side for host in finding.hosts)
        breasts[side] = scene.preset.anatomy.grow(scene.seed, side).with_hosts(hosts)
    return replace(scene, breasts=breasts)


def without_breasts(stored: Mapping[str, Any], index: int = 0) -> Scene:
    """The scene that `Scene.to_dict` wrote, its breasts not grown yet: what it says is read and checked.

    Raises
    ------
    PhantomError
        If it is not such a scene.
    """
    try:
        if stored["format"] != FORMAT:
            raise PhantomError(f"not a scene: its format is {ascii(stored['format'])[:60]}, not {FORMAT!r}")
        preset = presets.from_dataset(stored["recipe"], "the stored scene")
        seed = Seed(stored["seed"]["root"], tuple(stored["seed"]["path"]))
        views = tuple(View(v["name"], v["laterality"], v["angle_deg"]) for v in stored["views"])
        findings = tuple(finding_from_dict(finding) for finding in stored["findings"])
        past = {
            int(years): tuple(past_from_dict(one, findings) for one in then)
            for years, then in stored.get("past", {}).items()
        }
        dropped, noise_root = tuple(stored["dropped"]), stored.get("noise_root")
        if not set(preset.exam.prior_years) <= set(past):
            raise ValueError("a year of exam.prior_years is missing")
        if noise_root is not None and not isinstance(noise_root, int):
            raise TypeError("noise_root must be a whole number")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise PhantomError(f"not a scene that can be read: {error!r}") from None
    return Scene(preset, seed, index, {}, views, findings, dropped, past, noise_root)


def _exam(preset: Preset, seed: Seed) -> tuple[tuple[Laterality, ...], tuple[View, ...]]:
    """Which sides are imaged, and the views of each."""
    exam = preset.exam
    drawn = _SIDES[int(seed.child("side").rng().integers(2))]
    sides = (drawn,) if exam.breasts == "drawn" else _ordered(exam.breasts)
    angle = {"CC": 0.0, "MLO": exam.mlo_angle_deg.sample(seed.child("angle").rng()), "ML": 90.0}
    return sides, tuple(View(name, side, angle[name]) for side in sides for name in exam.views)


def _ordered(sides: Any) -> tuple[Laterality, ...]:
    return tuple(side for side in _SIDES if side in sides)


def _chosen(preset: Preset, seed: Seed, age: float) -> Iterator[FindingEntry]:
    """The recipe's entries that this case has, each as often as it has them."""
    if preset.mix.findings is not None:
        rng = seed.rng()
        weights = np.array([entry.weight * entry.suits(age) for entry in preset.finding])
        if weights.sum() == 0:
            return
        for _ in range(preset.mix.findings.integer(rng)):
            entry = preset.finding[int(rng.choice(len(weights), p=weights / weights.sum()))]
            yield from [entry] * entry.count.integer(rng)
        return
    for number, entry in enumerate(preset.finding):
        rng = seed.child(number, entry.kind).rng()
        if rng.random() < entry.probability and entry.suits(age):
            yield from [entry] * entry.count.integer(rng)


def _apart(entry: FindingEntry, breast: Breast, seed: Seed, others: Sequence[Finding]) -> Finding:
    """The finding, spread as its word says in a view; a suspicious one keeps a centimetre from every other, for
    within one they are one finding.

    Raises
    ------
    NoPlace
        If it has no such place, or none so far away.
    """
    why = f"every place for it lies within {_APART_MM:g} mm of another suspicious finding"
    taken = [g.centre_mm for f in others if f.finding_class == "suspicious" for g in f.calcifications]
    for attempt in range(_ATTEMPTS):
        grown = entry.grows.grow(breast, seed.child("again", attempt) if attempt else seed, entry.distribution)
        if not spread_as_named(grown, breast):
            why = f"no place where a view shows it {grown.distribution}"
            continue
        labelled = relabelled(grown, entry, breast.laterality)
        if not taken or labelled.finding_class != "suspicious":
            return grown
        places = np.array([grain.centre_mm for grain in grown.calcifications], float)
        away = np.linalg.norm(places[:, None] - np.array(taken, float)[None], axis=2)
        if away.min() >= _APART_MM:
            return grown
    raise NoPlace(why)


def conditioned(
    finding: Finding, entry: FindingEntry, dprime_of: Callable[[Sequence[Calcification]], Floats], seed: Seed
) -> Finding:
    """The finding as visible as its entry says; one whose d' or SDNR is asked for is left to that."""
    if entry.visibility == "any" or entry.dprime is not None or entry.sdnr is not None or not finding.calcifications:
        return finding
    expected = dprime_of(finding.calcifications)
    if entry.visibility == "occult":
        return seen_by_nobody(finding, expected)
    return seen_by_a_reader(finding, expected, seed.rng())


def _sides_of(entry: FindingEntry, sides: tuple[Laterality, ...], seed: Seed) -> tuple[Laterality, ...]:
    """The imaged breasts a finding grows in: those the kind says, but at least one."""
    found = tuple(side for side in sides if side in entry.grows.sides(seed))
    if found:
        return found
    return (sides[int(seed.child("side").rng().integers(len(sides)))],)


def earlier(findings: Sequence[Finding], years: int, seed: Seed) -> tuple[Finding, ...]:
    """The findings so many years ago, as far as they were there; a kind that says nothing of it is stable."""
    kinds = registry.kinds()
    then = []
    for finding in findings:
        kind = kinds.get(finding.kind)
        was = kind().earlier(finding, years, seed.child(finding.finding_id)) if kind is not None else finding
        if was is not None:
            then.append(was)
    return tuple(then)


def relabelled(finding: Finding, entry: FindingEntry, side: Laterality) -> Finding:
    """The finding with the recipe's own words for it."""
    words = {"cause": entry.cause, "category": entry.category}
    if entry.category in ("1", "2", "3") and finding.pathology == "malignant":
        # what a recipe calls benign is benign
        words["pathology"] = "benign"
    return replace(finding, laterality=side, **{k: cast(Any, v) for k, v in words.items() if v is not None})


def numbered(finding: Finding, before: list[Finding]) -> Finding:
    """The finding with ids that no earlier one of the case has, counted from 1."""
    grains = sum(len(earlier.calcifications) for earlier in before)
    hosts = sum(len(earlier.hosts) for earlier in before)
    return replace(
        finding,
        finding_id=len(before) + 1,
        calcifications=tuple(
            replace(grain, calcification_id=grains + i) for i, grain in enumerate(finding.calcifications, start=1)
        ),
        hosts=tuple(replace(host, host_id=hosts + i) for i, host in enumerate(finding.hosts, start=1)),
    )
