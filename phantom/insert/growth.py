"""Findings grown into the breasts of pictures, where every picture of a side shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from phantom.arrays import Floats
from phantom.calcifications.finding import Calcification, Finding
from phantom.errors import NoPlace
from phantom.exam.preset import FindingEntry, Preset
from phantom.exam.scene import conditioned, numbered, relabelled
from phantom.geometry.view import Laterality
from phantom.insert.blend import Canvas
from phantom.insert.fit import FittedBreast
from phantom.insert.truth import seen_in
from phantom.recipe.seed import Seed

_TRIES = 16
_ENOUGH = 4  # places that are looked at; the most glandular is taken
_HELD = 0.9  # share of a finding's grains that every picture must hold
_ON_SKIN = ("residue", "skin")  # kinds that lie on the skin or in it


def findings(
    preset: Preset,
    seed: Seed,
    breasts: Mapping[Laterality, FittedBreast],
    per_image: int,
    on: Mapping[tuple[str, str], Canvas],
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """What grows in a woman's breasts, and what found no place, in words.

    Parameters
    ----------
    preset : Preset
        Its entries are drawn by weight and probability.
    seed : Seed
        The case's.
    per_image : int
        Findings of each side; 0: as many as the recipe has by chance.
    on : mapping of (side, view) to Canvas
        The pictures: an entry's `visibility` is that in them.
    """
    grown: list[Finding] = []
    dropped: list[str] = []
    for side, breast in breasts.items():
        for number, entry in enumerate(_entries(preset, seed.child("mix", side), breast.age, per_image)):
            finding_seed = seed.child("finding", side, number, entry.kind)
            try:
                finding = _placed(entry, breast, finding_seed)
                dprime_of = partial(_looked_at, breast, on, seed, finding)
                finding = conditioned(finding, entry, dprime_of, finding_seed.child("visibility", side))
            except NoPlace as why:
                dropped.append(f"{entry.kind}: {why}")
                continue
            finding = numbered(relabelled(finding, entry, side), grown)
            breast = replace(breast, hosts=(*breast.hosts, *finding.hosts))  # later findings may lie in the same scar
            grown.append(replace(finding, asked=entry.asks(finding_seed.child("asked", side))))
    return tuple(grown), tuple(dropped)


def _looked_at(
    breast: FittedBreast,
    on: Mapping[tuple[str, str], Canvas],
    seed: Seed,
    finding: Finding,
    _: Sequence[Calcification],
) -> Floats:
    """(views, grains): structured d' of a finding's grains in each picture that shows it."""
    shown = [view for view in breast.pictured if not finding.views or view.view.name in finding.views]
    seen = [seen_in(on[breast.laterality, view.view.name], view, finding, seed) for view in shown]
    return np.array(seen).reshape(len(shown), len(finding.calcifications))


def _entries(preset: Preset, seed: Seed, age: float, count: int) -> Iterator[FindingEntry]:
    """The recipe's entries that a side has."""
    entries = [entry for entry in preset.finding if entry.suits(age)]
    weights = np.array([entry.weight * entry.probability for entry in entries], float)
    if not count:
        for number, entry in enumerate(entries):
            rng = seed.child(number, entry.kind).rng()
            if rng.random() < entry.probability:
                yield from [entry] * entry.count.integer(rng)
        return
    if weights.sum() <= 0:
        return
    rng = seed.rng()
    for _ in range(count):
        yield entries[int(rng.choice(len(entries), p=weights / weights.sum()))]


def _placed(entry: FindingEntry, breast: FittedBreast, seed: Seed) -> Finding:
    """The finding, grown again until the pictures hold it.

    Raises
    ------
    NoPlace
        If the breast has no room for it, or no picture shows where it would lie.
    """
    why: NoPlace | None = None
    found: list[tuple[float, int, Finding]] = []
    for attempt in range(_TRIES):
        try:
            finding = entry.grows.grow(breast, seed.child("try", attempt), entry.distribution)
        except NoPlace as error:
            why = error
            continue
        if all(_shown(finding, breast) >= _HELD):
            found.append((_glandular(finding, breast), -attempt, finding))
        if len(found) == (_ENOUGH if finding.kind not in _ON_SKIN else 1):
            break
    if found:
        return max(found, key=lambda one: one[:2])[2]
    raise why or NoPlace("no place was found that all pictures of this side show, free of labels and the field's edge")


def _glandular(finding: Finding, breast: FittedBreast) -> float:
    """How dense the tissue is that the pictures show at a finding's grains."""
    places = np.array([grain.centre_mm for grain in finding.calcifications], float).reshape(-1, 3)
    return float(np.mean(breast.gland_weight(places)))


def _shown(finding: Finding, breast: FittedBreast) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """For each picture, the share of a finding's grains that lie in its breast."""
    places = np.array([grain.centre_mm for grain in finding.calcifications], float).reshape(-1, 3)
    out = []
    for fitted in breast.pictured:
        if finding.views and fitted.view.name not in finding.views:
            continue
        i, j, held = fitted.cells(fitted.forward(places))
        s = fitted.found.segmented
        allowed = s.breast & ~s.border
        if finding.kind not in _ON_SKIN:
            allowed = s.usable
        out.append(float(np.mean(held & allowed[i, j])))
    return np.array(out or [0.0])
