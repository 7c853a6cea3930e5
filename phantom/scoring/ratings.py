"""Lesions and false marks with the detector's ratings: all that FROC, AFROC and ROC are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phantom.arrays import F64, Array, Bools, Ints

MISSED = -np.inf


@dataclass(frozen=True, eq=False)
class Ratings:
    """What a detector did with a set of images, in JAFROC's words.

    Attributes
    ----------
    image_ids : (images,) str
    case : (images,) int
        The case each image belongs to: what a bootstrap draws.
    area_cm2 : (images,) float
        The breast's area.
    positive, undecided : (images,) bool
        Images with a lesion; images with nothing but lesions that do not count.
    lesion_image : (lesions,) int
    lesion_rating : (lesions,) float
        The rating of the mark that hit it, minus infinity if none did.
    fp_image : (false,) int
    fp_rating : (false,) float
    """

    image_ids: Array
    case: Ints
    area_cm2: F64
    positive: Bools
    undecided: Bools
    lesion_image: Ints
    lesion_rating: F64
    fp_image: Ints
    fp_rating: F64

    @property
    def images(self) -> int:
        """How many images."""
        return len(self.case)

    @property
    def lesions(self) -> int:
        """How many lesions."""
        return len(self.lesion_image)

    def highest_fp(self) -> F64:
        """(images,): the highest rating of a false mark; minus infinity where there is none."""
        out = np.full(self.images, MISSED)
        np.maximum.at(out, self.fp_image, self.fp_rating)
        return out

    def highest(self) -> F64:
        """(images,): the highest rating of any mark that counts."""
        out = self.highest_fp()
        np.maximum.at(out, self.lesion_image, self.lesion_rating)
        return out
