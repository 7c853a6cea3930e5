"""Requested difficulty in pictures: grains made denser or fainter until their median d' there is what is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from phantom.calcifications.finding import Calcification, Finding
from phantom.geometry.solids.scaled import Scaled
from phantom.geometry.view import Laterality
from phantom.insert.blend import Canvas
from phantom.insert.bodies import bodies_in
from phantom.insert.fit import FittedBreast, FittedView
from phantom.insert.placing import placed_in
from phantom.insert.truth import measured
from phantom.recipe.seed import Seed

_DENSITY = 0.15, 3.0  # relative to the material's: below, hardly more than tissue; above, more than a tooth
_SIZE = 0.5, 2.0
_GOOD = 0.05
_TRIES = 8


def levelled(
    findings: Sequence[Finding],
    breasts: Mapping[Laterality, FittedBreast],
    on: Mapping[tuple[str, str], Canvas],
    seed: Seed,
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings, those that ask for it as hard to see as they ask in the first picture that shows them.

    First the grains' density is scaled, then their size. One that cannot be made so is left out, with the reason.
    """
    kept: list[Finding] = []
    dropped: list[str] = []
    for finding in findings:
        if finding.asked is None:
            kept.append(finding)
            continue
        what, target = finding.asked
        view = _first(finding, breasts[finding.laterality], on)
        done, got = None, 0.0
        if view is not None:
            done, got = _matched(finding, view, on[finding.laterality, view.view.name], seed)
        if done is not None:
            kept.append(done)
        elif view is None:
            dropped.append(f"{finding.kind}: a median {what} of {target:.3g} was asked for, but no picture shows it")
        else:
            dropped.append(
                f"{finding.kind}: a median {what} of {target:.3g} cannot be reached; {got:.3g} is as near as it comes"
            )
    return tuple(kept), tuple(dropped)


def _first(finding: Finding, breast: FittedBreast, on: Mapping[tuple[str, str], Canvas]) -> FittedView | None:
    """The first picture of a side that shows something of a finding."""
    views = (
        view for view in breast.pictured if placed_in([finding], view, on[finding.laterality, view.view.name].grid)
    )
    return next(views, None)


def _matched(finding: Finding, view: FittedView, on: Canvas, seed: Seed) -> tuple[Finding | None, float]:
    """The finding as hard as it asks, or None; and what was got."""
    assert finding.asked is not None
    what, target = finding.asked
    bodies = bodies_in([finding], view, on, seed)

    def median(changed: Finding) -> float:
        _, grains, _ = measured(on, placed_in([changed], view, on.grid), "", bodies)
        return max(float(np.median([getattr(grain.row, what) for grain in grains])), 1e-6) if grains else 1e-6

    got = median(finding)
    for size in (False, True):
        if abs(got / target - 1) <= _GOOD:
            break
        density = np.array([grain.relative_density for grain in finding.calcifications])
        low, high = _SIZE if size else (_DENSITY[0] / density.min(), _DENSITY[1] / density.max())
        low, high, at = min(low, 1.0), max(high, 1.0), 1.0
        changed = finding
        for _ in range(_TRIES):
            if abs(got / target - 1) <= 0.2 * _GOOD or low >= high:
                break
            low, high = (at, high) if got < target else (low, at)
            # d' is nearly proportional to what density adds to the tissue, and to the cube of a small grain's size
            guess = at * (target / got) ** (1 / 3 if size else 1)
            at = guess if low < guess < high else high if guess >= high else low
            changed = replace(
                finding, calcifications=tuple(_scaled(grain, at, size) for grain in finding.calcifications)
            )
            got = median(changed)
        finding = changed
    return (finding, got) if abs(got / target - 1) <= _GOOD else (None, got)


def _scaled(grain: Calcification, factor: float, size: bool) -> Calcification:
    if factor == 1.0:
        return grain
    if size:
        return replace(grain, shape=Scaled(grain.shape, factor))
    return replace(grain, relative_density=grain.relative_density * factor)
