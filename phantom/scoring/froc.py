"""FROC, AFROC and ROC from ratings.

FROC: sensitivity over lesions against false marks per image (or per cm2 of breast), as the
threshold falls. Read at a rate, it is the sensitivity at the lowest threshold that does not
exceed the rate: an operating point that exists, not one between two. AFROC replaces the false
marks by the share of images with one (Chakraborty & Winter 1990, Radiology 174:873); its area is
the chance that a lesion is rated above the highest false mark of an image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.arrays import Floats
from phantom.scoring.ratings import Ratings

RATES_PER_IMAGE = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
RATES_PER_CM2 = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 1.0)


@dataclass(frozen=True, eq=False)
class Curve:
    """Operating points from the strictest threshold to the loosest, starting at (0, 0)."""

    threshold: Floats
    false: Floats
    sensitivity: Floats

    def at(self, rate: float) -> tuple[float, float]:
        """Sensitivity and threshold at the loosest point whose false rate does not exceed `rate`."""
        i = int(np.searchsorted(self.false, rate * (1 + 1e-12), side="right")) - 1
        return float(self.sensitivity[i]), float(self.threshold[i])


def froc(ratings: Ratings, per_cm2: bool = False) -> Curve:
    """The FROC curve; sensitivity is NaN if there is no lesion."""
    hit = ratings.lesion_rating[np.isfinite(ratings.lesion_rating)]
    thresholds = np.unique(np.concatenate([hit, ratings.fp_rating]))[::-1]
    tp = len(hit) - np.searchsorted(np.sort(hit), thresholds, side="left")
    fp = len(ratings.fp_rating) - np.searchsorted(np.sort(ratings.fp_rating), thresholds, side="left")
    unit = ratings.area_cm2.sum() if per_cm2 else ratings.images
    with np.errstate(invalid="ignore", divide="ignore"):
        sensitivity = np.concatenate([[0.0], tp]) / np.float64(ratings.lesions)
        false = np.concatenate([[0.0], fp]) / np.float64(unit)
    return Curve(np.concatenate([[np.inf], thresholds]), false, sensitivity)


def area(above: Floats, below: Floats, weights: Floats | None = None) -> float:
    """Chance that one of `above` exceeds one of `below`, ties half; NaN if one is empty."""
    if not len(above) or not len(below):
        return float("nan")
    ordered = np.sort(below)
    less = np.searchsorted(ordered, above, side="left")
    equal = np.searchsorted(ordered, above, side="right") - less
    wins = (less + 0.5 * equal) / len(below)
    return float(np.average(wins, weights=weights))


def normals(ratings: Ratings) -> Any:
    """(images,) bool: images without any lesion, counting or not."""
    return ~ratings.positive & ~ratings.undecided


def afroc(ratings: Ratings) -> float:
    """Area under the AFROC curve; false marks of images without lesions only."""
    return area(ratings.lesion_rating, ratings.highest_fp()[normals(ratings)])


def afroc1(ratings: Ratings) -> float:
    """The same with the false marks of all images."""
    return area(ratings.lesion_rating, ratings.highest_fp())


def wafroc(ratings: Ratings) -> float:
    """Area under the weighted AFROC curve: every image with lesions counts the same, however many it has."""
    if not ratings.lesions:
        return float("nan")
    per_image = np.bincount(ratings.lesion_image, minlength=ratings.images)
    return area(ratings.lesion_rating, ratings.highest_fp()[normals(ratings)], 1.0 / per_image[ratings.lesion_image])


def roc(ratings: Ratings) -> float:
    """Area under the image-level ROC curve: an image's rating is its highest mark's."""
    highest = ratings.highest()
    return area(highest[ratings.positive], highest[normals(ratings)])


def summary(ratings: Ratings) -> dict[str, float]:
    """The figures of merit by name."""
    return {
        "afroc_auc": afroc(ratings),
        "afroc1_auc": afroc1(ratings),
        "wafroc_auc": wafroc(ratings),
        "roc_auc": roc(ratings),
    }
