"""What a detector adds to the page: every mark's fate, every lesion's rating, the FROC curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.arrays import Array, Bools
from phantom.errors import UsageError
from phantom.scoring import froc
from phantom.scoring.lesions import ImageTruth
from phantom.scoring.marks import Marks
from phantom.scoring.match import LESION, Rules, match, standing
from phantom.scoring.regions import match_regions, region_fates
from phantom.viewer.columns import coded

FATES = ("hit", "false", "ignored")
# A browser holds so many marks and corners of the curve with ease; beyond them the lowest scores go.
MOST_MARKS = 400_000
MOST_CORNERS = 2_000


@dataclass(frozen=True, eq=False)
class Detector:
    """One detector's marks, matched.

    Attributes
    ----------
    name : str
    marks : structured array
        ``image``, ``x_px``, ``y_px``, ``score``, ``box`` (NaN where there is none), ``fate`` (index into `FATES`),
        ``cause`` of a false mark.
    lesions : structured array
        What counts: ``image``, ``finding_id``, ``rating`` (minus infinity if it was never hit), in the
        order of the images.
    curve : `phantom.scoring.froc.Curve`
        False marks per image against sensitivity.
    lesion : str
        What a lesion is, in the plural: ``calcifications`` or ``findings``.
    left_out : int
        Marks of the lowest scores that the page does not hold.
    """

    name: str
    marks: Array
    lesions: Array
    curve: froc.Curve
    lesion: str = "calcifications"
    left_out: int = 0


MARK = np.dtype(
    [
        ("image", "i4"),
        ("x_px", "f8"),
        ("y_px", "f8"),
        ("score", "f8"),
        ("box", "f8", (4,)),
        ("fate", "i1"),
        ("cause", "U32"),
    ]
)
LESION_ROW = np.dtype([("image", "i4"), ("finding_id", "i8"), ("rating", "f8")])


def matched(name: str, marks: Marks, images: Sequence[ImageTruth], rules: Rules | None = None) -> Detector:
    """A detector's marks, matched as ``phantom score`` does: single ones to calcifications, regions to findings.

    Raises
    ------
    UsageError
        If the marks mix single calcifications and whole findings.
    """
    rules = rules or Rules()
    if len(marks.regions) and len(marks.grains):
        raise UsageError(f"{marks.source}: marks for calcifications and for findings are mixed; show them one by one")
    if len(marks.regions):
        rows, hits, causes = region_fates(marks, images, rules)
        ratings, _, lesion_rows = match_regions(marks, None, images, rules, "kallergi")
        ids = [images[i].findings["finding_id"][row] for i, row in zip(ratings.lesion_image, lesion_rows, strict=True)]
    else:
        found = match(marks, images, rules)
        rows, hits, causes, ratings = found.mark_rows, found.mark_lesion, found.mark_cause, found.ratings
        ids = [
            number
            for truth in images
            for number in truth.calcifications["finding_id"][standing(truth, rules) == LESION].tolist()
        ]
    shown = np.zeros(len(rows), MARK)
    for column in ("image", "x_px", "y_px", "score", "box"):
        shown[column] = rows[column]
    shown["fate"] = np.select([hits == -1, hits == -2], [FATES.index("false"), FATES.index("ignored")], 0)
    shown["cause"] = causes
    kept = np.sort(np.argsort(-shown["score"], kind="stable")[:MOST_MARKS])
    lesions = np.zeros(ratings.lesions, LESION_ROW)
    lesions["image"], lesions["rating"], lesions["finding_id"] = ratings.lesion_image, ratings.lesion_rating, ids
    kind = "findings" if len(marks.regions) else "calcifications"
    return Detector(name, shown[kept], lesions, froc.froc(ratings), kind, len(shown) - len(kept))


def packed(detector: Detector, rows_of: Any) -> dict[str, Any]:
    """A detector for the page's index; `rows_of` gives the row of an (image, finding_id) in the page's findings."""
    marks, lesions, curve = detector.marks, detector.lesions, detector.curve
    corners = np.arange(len(curve.threshold))
    if len(corners) > MOST_CORNERS:
        corners = np.unique(np.linspace(0, len(corners) - 1, MOST_CORNERS).round().astype(int))
    start = int(np.searchsorted(curve.false, 1.0 + 1e-12, side="right")) - 1
    return {
        "name": detector.name,
        "lesion": detector.lesion,
        "left_out": detector.left_out,
        "marks": {
            "image": marks["image"].tolist(),
            "x": np.round(marks["x_px"], 1).tolist(),
            "y": np.round(marks["y_px"], 1).tolist(),
            "score": [short(v) for v in marks["score"].tolist()],
            "box": _boxes(marks["box"]),
            "fate": marks["fate"].tolist(),
            "cause": coded(marks["cause"].tolist()),
        },
        "lesions": {
            "finding": [rows_of(int(row["image"]), int(row["finding_id"])) for row in lesions],
            "rating": [short(v) if math.isfinite(v) else None for v in lesions["rating"].tolist()],
        },
        "curve": {
            # what lies above every score comes first: nothing is marked there
            "threshold": [short(v) if math.isfinite(v) else None for v in curve.threshold[corners].tolist()],
            "false": [short(v) for v in curve.false[corners].tolist()],
            "sensitivity": [short(v) for v in np.nan_to_num(curve.sensitivity[corners]).tolist()],
        },
        # as many marks as a reader would bear: those of one false mark an image
        "start": short(float(curve.threshold[start])) if math.isfinite(curve.threshold[start]) else None,
    }


def _boxes(boxes: Array) -> list[list[float] | None] | None:
    """First column, first row, columns and rows; null where a mark has none, and for all if none has one."""
    there: Bools = np.asarray(np.isfinite(boxes).all(axis=1))
    if not there.any():
        return None
    return [[round(v, 1) for v in box] if ok else None for box, ok in zip(boxes.tolist(), there.tolist(), strict=True)]


def short(value: float) -> float:
    """A number to nine digits, so that equal scores stay equal and different ones nearly always different."""
    return float(f"{value:.9g}")
