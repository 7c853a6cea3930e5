"""The score as a dictionary for JSON and as plain text."""

from __future__ import annotations

import math
from typing import Any

from phantom.recipe.seed import Seed
from phantom.scoring.brief import table
from phantom.scoring.match import BOX_HIT_IOU
from phantom.scoring.regions import COVERED, GRAINS, LARGEST
from phantom.scoring.score import Score, compare, level_report

NOT_AP = (
    "COCO's average precision is not given: a box shifted by one pixel on a grain of three pixels falls below its "
    "lowest overlap, and it keeps 100 marks an image, so that a perfect detector scores near 0 on specks."
)


def as_dict(
    score: Score, against: Score | None = None, at: float = 1.0, resamples: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Everything, ready for JSON; NaN becomes None."""
    rules, root = score.rules, Seed(seed)
    out: dict[str, Any] = {
        "marks": score.marks.source,
        "images": len(score.images),
        "cases": len({truth.case for truth in score.images}),
        "rules": {
            "target": rules.target,
            "tolerance_mm": rules.tolerance_mm,
            "min_dprime": rules.min_dprime,
            "hit": f"in the mask, within {rules.tolerance_mm:g} mm of the centre, "
            f"or boxes overlapping by {BOX_HIT_IOU:g}",
            "kallergi": f"{COVERED:.0%} covered, at most {LARGEST:g} times as large, "
            f"{GRAINS} calcifications (or all) held",
            "box_iou": rules.box_iou,
            "group_mm": rules.group_mm,
        },
        "bootstrap": {"resamples": resamples, "seed": seed, "unit": "case", "level": 0.95},
        "levels": {
            name: level_report(level, score.images, at, resamples, root) for name, level in score.levels.items()
        },
        "notes": [*score.notes, NOT_AP],
    }
    if against is not None:
        out["against"] = {
            "marks": against.marks.source,
            "notes": list(against.notes),
            "levels": {
                name: level_report(level, against.images, at, resamples, root) for name, level in against.levels.items()
            },
            "difference": {
                name: compare(score.levels[name], against.levels[name], at, resamples, root)
                for name in score.levels
                if name in against.levels
            },
        }
    cleaned: dict[str, Any] = _clean(out)
    return cleaned


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def text(report: dict[str, Any]) -> str:
    """All of the report to read in a terminal."""
    rules = report["rules"]
    lines = [
        f"{report['marks']}: {report['images']} images of {report['cases']} cases, target: {rules['target']}",
        f"hit: {rules['hit']}; calcifications below d' {rules['min_dprime']:g} do not count",
    ]
    for name, level in report["levels"].items():
        lines += ["", *_level(name, level)]
    if "against" in report:
        lines += ["", f"against {report['against']['marks']} (its sensitivity minus the first's)"]
        for name, difference in report["against"]["difference"].items():
            lines += _difference(name, difference)
        lines += [f"note: {note}" for note in report["against"]["notes"]]
    return "\n".join([*lines, "", *(f"note: {note}" for note in report["notes"])])


_TITLES = {
    "calcification": "Per calcification",
    "finding_kallergi": "Per finding, Kallergi's rule",
    "finding_box": "Per finding, box rule",
}


def _number(value: float | None, form: str = ".3f") -> str:
    return "–" if value is None else format(value, form)


def _level(name: str, level: dict[str, Any]) -> list[str]:
    point = level["operating_point"]
    lines = [
        (
            f"{_TITLES[name]}: {level['lesions']} lesions in {level['images_with_lesions']} images, "
            f"{level['images_without_lesions']} images without"
        ),
        *_froc("false marks per image", level["froc_per_image"]),
        *_froc("false marks per cm2", level["froc_per_cm2"]),
        (
            f"  AFROC area {_number(level['afroc_auc'])} (all images {_number(level['afroc1_auc'])}, "
            f"weighted {_number(level['wafroc_auc'])}), image-level ROC area {_number(level['roc_auc'])}"
        ),
        (
            f"  at {point['fp_per_image_asked']:g} false marks per image: threshold "
            f"{_number(point['threshold'], '.4g')}, "
            f"sensitivity {_number(point['sensitivity'])}, {point['fp_per_image']:.3f} false marks per image "
            f"({_number(point['fp_per_image_without_lesions'])} on images without lesions)"
        ),
    ]
    causes = ", ".join(f"{cause} {count}" for cause, count in level["false_marks_by_cause"].items())
    lines.append(f"  false marks there: {causes or 'none'}")
    if "sensitivity_by" in level:
        for key, strata in level["sensitivity_by"].items():
            names = [str(one["value"]).replace("_", " ") for one in strata]
            rows = [[n, str(one["lesions"]), f"{one['sensitivity']:.3f}"] for n, one in zip(names, strata, strict=True)]
            lines += ["", *table([f"by {key}", "lesions", "sensitivity"], rows)]
        lines.append("")
        lines.append(
            f"  diameter at 50 % sensitivity {_number(level['diameter_mm_at_50_percent'])} mm, "
            f"at 90 % {_number(level['diameter_mm_at_90_percent'])} mm; "
            f"error of place: median {_number(level['localisation_error_mm']['median'])} mm, "
            f"95 % below {_number(level['localisation_error_mm']['p95'])} mm"
        )
    return lines


def _froc(title: str, points: list[dict[str, Any]]) -> list[str]:
    return [
        f"  {title:<22}" + "".join(f"{point['rate']:>13g}" for point in points),
        f"  {'sensitivity':<22}" + "".join(f"{_number(point['sensitivity']):>13}" for point in points),
        f"  {'95 % interval':<22}"
        + "".join(f"{_number(point['low'], '.2f') + ' - ' + _number(point['high'], '.2f'):>13}" for point in points),
    ]


def _difference(name: str, difference: dict[str, Any]) -> list[str]:
    mean, at = difference["mean_difference"], difference["at"]
    return [
        (
            f"  {_TITLES[name]}: mean over the rates {_number(mean['difference'], '+.3f')} "
            f"({_number(mean['low'], '+.3f')} to {_number(mean['high'], '+.3f')}, p {_number(mean['p'])}); "
            f"at {at['rate']:g} per image {_number(at['difference'], '+.3f')} "
            f"({_number(at['low'], '+.3f')} to {_number(at['high'], '+.3f')}, p {_number(at['p'])})"
        )
    ]
