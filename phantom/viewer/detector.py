"""What a detector adds to the page: every mark's fate, every lesion's rating, the FROC curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.scoring import froc
from phantom.scoring.lesions import ImageTruth
from phantom.scoring.marks import Marks
from phantom.scoring.match import LESION, Rules, match, standing
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
        ``image``, ``x_px``, ``y_px``, ``score``, ``fate`` (index into `FATES`), ``cause`` of a false mark.
    lesions : structured array
        What counts: ``image``, ``finding_id``, ``rating`` (minus infinity if it was never hit), in the
        order of the images.
    curve : `phantom.scoring.froc.Curve`
        False marks per image against sensitivity.
    lesion : str
        What a lesion is, in the plural: ``calcifications``.
    left_out : int
        Marks of the lowest scores that the page does not hold.
    """

    name: str
    marks: np.ndarray[Any, Any]
    lesions: np.ndarray[Any, Any]
    curve: froc.Curve
    lesion: str = "calcifications"
    left_out: int = 0


MARK = np.dtype(
    [("image", "i4"), ("x_px", "f8"), ("y_px", "f8"), ("score", "f8"), ("fate", "i1"), ("cause", "U32")]
)
LESION_ROW = np.dtype([("image", "i4"), ("finding_id", "i8"), ("rating", "f8")])


def matched(name: str, marks: Marks, images: Sequence[ImageTruth], rules: Rules | None = None) -> Detector:
    """A detector's single marks, matched to the calcifications as ``phantom score`` does."""
    rules = rules or Rules()
    found = match(marks, images, rules)
    rows = found.mark_rows
    shown = np.zeros(len(rows), MARK)
    for column in ("image", "x_px", "y_px", "score"):
        shown[column] = rows[column]
    shown["fate"] = np.select([found.mark_lesion == -1, found.mark_lesion == -2], [1, 2], 0)
    shown["cause"] = found.mark_cause
    kept = np.sort(np.argsort(-shown["score"], kind="stable")[:MOST_MARKS])
    lesions = np.zeros(found.ratings.lesions, LESION_ROW)
    lesions["image"] = found.ratings.lesion_image
    lesions["rating"] = found.ratings.lesion_rating
    ids = [truth.calcifications["finding_id"][standing(truth, rules) == LESION] for truth in images]
    lesions["finding_id"] = np.concatenate(ids) if ids else []
    return Detector(name, shown[kept], lesions, froc.froc(found.ratings), left_out=len(shown) - len(kept))


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


def short(value: float) -> float:
    """A number to nine digits, so that equal scores stay equal and different ones nearly always different."""
    return float(f"{value:.9g}")
