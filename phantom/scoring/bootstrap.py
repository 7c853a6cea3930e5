"""How sure: resampling of cases, because images and lesions of one case are not independent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phantom.arrays import Array, Floats
from phantom.recipe.seed import Seed
from phantom.scoring.ratings import Ratings


def weights(ratings: Ratings, resamples: int, seed: Seed) -> Array:
    """(resamples, images) float: how often each image comes in each resample of the cases."""
    cases, index = np.unique(ratings.case, return_inverse=True)
    n = len(cases)
    counts = seed.child("bootstrap").rng().multinomial(n, np.full(n, 1.0 / n), size=resamples)
    return np.asarray(counts[:, index], np.float64)


def sensitivities(ratings: Ratings, rates: Sequence[float], draws: Array, per_cm2: bool = False) -> Array:
    """(resamples, rates): FROC sensitivity in each resample; NaN where a resample has no lesion."""
    hit = np.isfinite(ratings.lesion_rating)
    rating = np.concatenate([ratings.lesion_rating[hit], ratings.fp_rating])
    image = np.concatenate([ratings.lesion_image[hit], ratings.fp_image])
    false = np.repeat([0.0, 1.0], [int(hit.sum()), len(ratings.fp_rating)])
    order = np.argsort(-rating, kind="stable")
    rating, image, false = rating[order], image[order], false[order]
    ends = np.flatnonzero(np.diff(rating, append=-np.inf) != 0) if len(rating) else np.zeros(0, int)
    lesions = np.bincount(ratings.lesion_image, minlength=ratings.images).astype(float)
    unit = ratings.area_cm2 if per_cm2 else np.ones(ratings.images)
    out = np.full((len(draws), len(rates)), np.nan)
    for b, draw in enumerate(draws):
        total = float((draw * lesions).sum())
        if not total:
            continue
        weight = draw[image]
        fp = np.concatenate([[0.0], np.cumsum(weight * false)[ends]])
        tp = np.concatenate([[0.0], np.cumsum(weight * (1.0 - false))[ends]])
        at = np.searchsorted(fp, np.asarray(rates) * float((draw * unit).sum()) * (1 + 1e-12), side="right") - 1
        out[b] = tp[at] / total
    return out


def interval(samples: Array, level: float = 0.95) -> Floats:
    """(2, …): the percentile interval of samples along the first axis; NaN where all are NaN."""
    tail = (1.0 - level) / 2.0
    flat = samples.reshape(len(samples), -1)
    out = np.full((2, flat.shape[1]), np.nan)
    for i in range(flat.shape[1]):
        known = flat[:, i][~np.isnan(flat[:, i])]
        if len(known):
            out[:, i] = np.quantile(known, [tail, 1.0 - tail])
    return out.reshape(2, *samples.shape[1:])


def p_value(differences: Array) -> float:
    """Two-sided bootstrap p that a difference is none; never below one over the resamples."""
    known = differences[~np.isnan(differences)]
    if not len(known):
        return float("nan")
    tail = min(int((known <= 0).sum()), int((known >= 0).sum()))
    return float(min(1.0, 2.0 * (tail + 1) / (len(known) + 1)))
