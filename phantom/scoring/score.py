"""Score a detector: marks and truth in, everything there is to say out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from phantom.arrays import Array
from phantom.errors import UsageError
from phantom.recipe.seed import Seed
from phantom.scoring import bootstrap, strata
from phantom.scoring import froc as curves
from phantom.scoring.lesions import ImageTruth
from phantom.scoring.marks import Marks
from phantom.scoring.match import Match, Rules, match
from phantom.scoring.ratings import Ratings
from phantom.scoring.regions import GRAINS, Rule, match_regions


@dataclass(frozen=True, eq=False)
class Level:
    """One way of counting: per calcification, or per finding by one of two rules.

    Attributes
    ----------
    name : str
        ``calcification``, ``finding_kallergi`` or ``finding_box``.
    ratings : Ratings
    causes : (false,) str
        What lies under each false mark.
    match : Match or None
        The details, per calcification only.
    """

    name: str
    ratings: Ratings
    causes: Array
    match: Match | None = None

    def sensitivity(self, fp_per_image: float) -> float:
        """Sensitivity at the loosest threshold that does not exceed this rate."""
        return curves.froc(self.ratings).at(fp_per_image)[0]

    def false_marks(self, cause: str | None = None, threshold: float = -np.inf) -> int:
        """How many false marks at or above a threshold, of one cause or of all."""
        there = self.ratings.fp_rating >= threshold
        return int((there & (self.causes == cause)).sum() if cause is not None else there.sum())


@dataclass(frozen=True, eq=False)
class Score:
    """Everything scored, by level."""

    levels: dict[str, Level]
    images: tuple[ImageTruth, ...]
    marks: Marks
    rules: Rules
    notes: tuple[str, ...] = field(default=())

    @property
    def main(self) -> Level:
        """The level the marks were made for: calcifications, or findings by Kallergi's rule."""
        return self.levels.get("calcification", self.levels["finding_kallergi"])

    def sensitivity(self, fp_per_image: float = 1.0, level: str | None = None) -> float:
        """Sensitivity at a rate of false marks per image."""
        return (self.levels[level] if level else self.main).sensitivity(fp_per_image)

    def false_marks(self, cause: str | None = None, threshold: float = -np.inf, level: str | None = None) -> int:
        """How many false marks at or above a threshold, of one cause (a kind, ``background``, …) or of all."""
        return (self.levels[level] if level else self.main).false_marks(cause, threshold)


def score(marks: Marks, images: Sequence[ImageTruth], rules: Rules | None = None) -> Score:
    """Match the marks at every level they allow.

    Raises
    ------
    UsageError
        If the marks mix single calcifications and whole findings.
    """
    rules = rules or Rules()
    notes = list(marks.notes)
    levels: dict[str, Level] = {}
    grains = None
    if len(marks.regions) and len(marks.grains):
        raise UsageError(f"{marks.source}: marks for calcifications and for findings are mixed; score them one by one")
    if not len(marks.regions):
        grains = match(marks, images, rules)
        levels["calcification"] = Level("calcification", grains.ratings, grains.fp_cause, grains)
        notes.append(
            f"findings: single marks within {rules.group_mm:g} mm are grouped; findings of fewer than {GRAINS} do "
            f"not count"
        )
        left_out = len(marks.grains) - len(grains.mark_rows)
        if left_out:
            notes.append(f"{left_out} marks are labelled as something else than '{rules.target}' and left out")
        if grains.dont_care:
            notes.append(
                f"{grains.dont_care} marks lie on calcifications below d' {rules.min_dprime:g}: neither hits nor false"
            )
    rule_names: tuple[Rule, ...] = ("kallergi", "box")
    for rule in rule_names:
        ratings, causes, _ = match_regions(marks, grains, images, rules, rule)
        levels[f"finding_{rule}"] = Level(f"finding_{rule}", ratings, causes)
    return Score(levels, tuple(images), marks, rules, tuple(notes))


def level_report(level: Level, images: Sequence[ImageTruth], at: float, resamples: int, seed: Seed) -> dict[str, Any]:
    """All figures of one level, ready for JSON (NaN where there is nothing to say)."""
    ratings = level.ratings
    per_image, per_cm2 = curves.froc(ratings), curves.froc(ratings, per_cm2=True)
    draws = bootstrap.weights(ratings, resamples, seed)
    low, high = bootstrap.interval(bootstrap.sensitivities(ratings, curves.RATES_PER_IMAGE, draws))
    low2, high2 = bootstrap.interval(bootstrap.sensitivities(ratings, curves.RATES_PER_CM2, draws, per_cm2=True))
    sensitivity, threshold = per_image.at(at)
    at_low, at_high = (float(v[0]) for v in bootstrap.interval(bootstrap.sensitivities(ratings, [at], draws)))
    there = ratings.fp_rating >= threshold
    normal = curves.normals(ratings)
    names, counts = np.unique(level.causes[there], return_counts=True)
    out: dict[str, Any] = {
        "lesions": ratings.lesions,
        "images_with_lesions": int(ratings.positive.sum()),
        "images_without_lesions": int(normal.sum()),
        "hit_at_any_threshold": int(np.isfinite(ratings.lesion_rating).sum()),
        "false_marks": len(ratings.fp_rating),
        "froc_per_image": _points(per_image, curves.RATES_PER_IMAGE, low, high),
        "froc_per_cm2": _points(per_cm2, curves.RATES_PER_CM2, low2, high2),
        **curves.summary(ratings),
        "operating_point": {
            "fp_per_image_asked": at,
            "threshold": threshold if np.isfinite(threshold) else None,
            "sensitivity": sensitivity,
            "low": at_low,
            "high": at_high,
            "fp_per_image": float(there.sum()) / ratings.images,
            "fp_per_image_without_lesions": float(normal[ratings.fp_image[there]].sum() / normal.sum())
            if normal.any()
            else None,
        },
        "false_marks_by_cause": {
            str(n): int(c) for n, c in sorted(zip(names, counts, strict=True), key=lambda x: -x[1])
        },
    }
    if level.match is not None:
        out.update(_details(level.match, images, threshold))
    return out


def _details(found: Match, images: Sequence[ImageTruth], threshold: float) -> dict[str, Any]:
    """What only single calcifications have: strata, diameters, the error of place."""
    hit = found.ratings.lesion_rating >= threshold
    hit &= np.isfinite(found.ratings.lesion_rating)
    table = strata.lesion_table(found, images)
    distances = found.distance_mm[hit]
    quantiles = np.quantile(distances, [0.5, 0.95]) if len(distances) else (np.nan, np.nan)
    return {
        "sensitivity_by": strata.by_stratum(table, hit),
        "diameter_mm_at_50_percent": strata.diameter_at(table["diameter_mm"], hit, 0.5),
        "diameter_mm_at_90_percent": strata.diameter_at(table["diameter_mm"], hit, 0.9),
        "localisation_error_mm": {"median": float(quantiles[0]), "p95": float(quantiles[1])},
        "marks_on_calcifications_hit_before": found.duplicates,
        "marks_on_calcifications_that_do_not_count": found.dont_care,
    }


def _points(curve: curves.Curve, rates: Sequence[float], low: Array, high: Array) -> list[dict[str, float]]:
    return [
        {"rate": rate, "sensitivity": curve.at(rate)[0], "low": float(a), "high": float(b)}
        for rate, a, b in zip(rates, low, high, strict=True)
    ]


def compare(first: Level, second: Level, at: float, resamples: int, seed: Seed) -> dict[str, Any]:
    """The second detector minus the first, on the same resamples of the same cases."""
    draws = bootstrap.weights(first.ratings, resamples, seed)
    rates = (*curves.RATES_PER_IMAGE, at)
    samples = bootstrap.sensitivities(second.ratings, rates, draws) - bootstrap.sensitivities(
        first.ratings, rates, draws
    )
    whole = np.array([second.sensitivity(rate) - first.sensitivity(rate) for rate in rates])
    low, high = bootstrap.interval(samples)
    mean = samples[:, :-1].mean(axis=1)
    mean_low, mean_high = bootstrap.interval(mean)
    return {
        "froc_per_image": [
            {"rate": rate, "difference": float(d), "low": float(a), "high": float(b)}
            for rate, d, a, b in zip(rates[:-1], whole, low, high, strict=False)
        ],
        "mean_difference": {
            "difference": float(whole[:-1].mean()), "low": float(mean_low), "high": float(mean_high),
            "p": bootstrap.p_value(mean),
        },
        "at": {"rate": at, "difference": float(whole[-1]), "low": float(low[-1]), "high": float(high[-1]),
        "p": bootstrap.p_value(samples[:, -1])},
    }  # fmt: skip
