"""The same finding some years earlier: what grows is smaller, what extends is shorter, ids stay.

Rates: the long axis of a suspicious group grows by exp(0.67 t) when malignant, exp(0.52 t) when benign
(t in years; spread 0.2: Grimm 2019, as remembered, unverified); arterial mass by 1.1 to 1.3 a year
and plaques around scars alike (estimates).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from phantom.calcifications.finding import Finding
from phantom.recipe.seed import Seed


def receded(finding: Finding, years: float, seed: Seed) -> Finding | None:
    """A group that was shorter: the grains nearest its middle, within the extent of that time; None if under three."""
    rng = seed.rng()
    rate = max(0.0, rng.normal(0.67 if finding.pathology == "malignant" else 0.52, 0.2))
    points = np.array([grain.centre_mm for grain in finding.calcifications])
    away = np.linalg.norm(points - np.median(points, axis=0), axis=1)
    reach = float(away.max()) * math.exp(-rate * years)
    kept = tuple(grain for grain, far in zip(finding.calcifications, away, strict=True) if far <= reach + 1e-9)
    return replace(finding, calcifications=kept) if len(kept) >= 3 else None


def thinned(finding: Finding, years: float, seed: Seed) -> Finding | None:
    """A deposit that was lighter by 1.1 to 1.3 a year: some of its grains are not there yet; None if none is."""
    rng = seed.rng()
    share = rng.uniform(1.1, 1.3) ** -years
    grains = finding.calcifications
    mass = np.array([grain.shape.volume_mm3 * grain.relative_density for grain in grains])
    order = rng.permutation(len(grains))
    # the order of growth is the same for all years: an earlier finding is part of a later one
    there = np.zeros(len(grains), bool)
    there[order] = np.cumsum(mass[order]) <= share * mass.sum() + 1e-12
    kept = tuple(grain for grain, is_there in zip(grains, there, strict=True) if is_there)
    return replace(finding, calcifications=kept) if kept else None
