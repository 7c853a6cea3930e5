"""What makes a drawn line look grown: smooth random ups and downs along it."""

from __future__ import annotations

import math

import numpy as np

from phantom.arrays import Floats


def uneven(rng: np.random.Generator, at_mm: Floats, period_mm: float) -> Floats:
    """Smooth noise (n,) of unit variance, about, at increasing lengths (n,) along a line; up and down again in some two
    periods."""
    first, last = float(at_mm[0]), float(at_mm[-1])
    knots = max(2, 2 + math.ceil((last - first) / period_mm))
    values = rng.standard_normal(knots)
    place = (at_mm - first) / period_mm
    k = np.minimum(place.astype(int), knots - 2)
    # a half cosine from knot to knot has no corners
    part = 0.5 - 0.5 * np.cos(math.pi * np.clip(place - k, 0.0, 1.0))
    out: Floats = values[k] + part * (values[k + 1] - values[k])
    return out
