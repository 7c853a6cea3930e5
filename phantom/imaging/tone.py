"""From log exposure to grey: how much of it the scale spans, and what of it lies at the middle."""

from __future__ import annotations

import math

import numpy as np

from phantom.arrays import F32
from phantom.imaging.quantities import block_mean

_STEEP = 0.8  # the share of a latitude over which the sigmoid is steep
_BROAD_MM = 4.0
_STRIPS = -20.0, -10.0, -1.5, 8.0  # mm behind a muscle's front: far before, before, behind, and from the last on deep
_STEP, _MOST = 0.075, 0.4  # log exposure; share of the breast
_BRIGHT, _GIVEN_BACK = 0.25, np.float32(0.6)  # latitudes above the middle: three quarters of full scale
_LEAST = 0.35  # log exposure: breasts without contrast are not stretched until their noise fills the scale


def latitude(values: F32, weight: F32, contrast: float) -> float:
    """The log exposure from dark to bright at which the breast's middle 90 % spans a share of the scale."""
    lo, hi = _percentiles(values, weight, [5, 95]) if (weight > 0.5).any() else (0.0, 1.0)
    return min(math.hypot((hi - lo) / (_STEEP * contrast), _LEAST / contrast), 2.5)


def centre(values: F32, weight: F32, level: float, latitude: float) -> float:
    """The log exposure at half of full scale that gives the breast its mean."""
    lo, hi = float(values.min()) - 10, float(values.max()) + 10
    for _ in range(30):
        middle = 0.5 * (lo + hi)
        shown = 1 / (1 + np.exp(np.clip(-4 / latitude * (values - middle), -50, 50)))
        lo, hi = (middle, hi) if float((shown * weight).sum()) > level * float(weight.sum()) else (lo, middle)
    return 0.5 * (lo + hi)


def shoulder(values: F32, weight: F32, middle: float, latitude: float, cell_mm: float) -> F32:
    """What to take from the cells so that broad bright parts, the muscle above all, keep their own contrast.

    Where the smooth level lies far above the middle of the scale, most of the excess goes: nothing broad is flat white.
    """
    from scipy.ndimage import gaussian_filter

    sigma = _BROAD_MM / cell_mm
    held = np.maximum(gaussian_filter(weight, sigma), np.float32(1e-3))
    smooth = gaussian_filter(values * weight, sigma) / held
    return np.asarray(_GIVEN_BACK * np.maximum(smooth - np.float32(middle + _BRIGHT * latitude), 0), np.float32)


def muscle(values: F32, weight: F32, cell_mm: float) -> F32:
    """The weight of every cell without the pectoral muscle: 0 in the wedge in the upper corner at the chest wall.

    Of all wedges up to two fifths of the breast, it is the one with the highest step at its front, beyond what the
    picture slopes on either side of it. Where none is high enough, as in CC views, there is none.
    """
    step = max(1, round(3.5 / cell_mm))
    side = np.float32(step * cell_mm)
    few, held = block_mean(values, step), block_mean(weight, step) > 0.9
    few, most = few[held], _MOST * held.sum()
    y, x = (np.nonzero(held)[axis].astype(np.float32) * side for axis in (0, 1))
    if few.size < 50:
        return weight
    best, wedge = _STEP, (0.0, 0.0)
    for width in np.arange(14.0, 100.0, 6.0):
        for length in np.arange(40.0, 240.0, 15.0):
            behind = (1 - x / width - y / length) / math.hypot(1 / width, 1 / length)  # mm behind the muscle's front
            parts = np.digitize(behind, _STRIPS)
            count, total = np.bincount(parts, minlength=5), np.bincount(parts, few, minlength=5)
            if count[1:].min() < 8 or count[3] + count[4] > most:
                continue
            far, before, near, deep = total[1:] / count[1:]
            rise = float(near - before - 0.3 * abs(deep - near) - abs(before - far))
            if rise > best:
                best, wedge = rise, (float(width), float(length))
    if not any(wedge):
        return weight
    y, x = np.mgrid[: values.shape[0], : values.shape[1]].astype(np.float32) * np.float32(cell_mm)
    return np.asarray(weight * (x / wedge[0] + y / wedge[1] > 1), np.float32)


def _percentiles(values: F32, weight: F32, which: list[float]) -> list[float]:
    return [float(one) for one in np.percentile(values[weight > 0.5], which)]
