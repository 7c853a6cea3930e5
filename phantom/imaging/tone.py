"""From log exposure to grey: how much of it the scale spans, and what of it lies at the middle."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from phantom.arrays import F32
from phantom.imaging.quantities import block_mean

_STEEP = 0.8  # the share of a latitude over which the sigmoid is steep
_EVEN_MM, _BROAD_MM = 0.8, 9.0  # what is narrower than the second is no broad part
_BENT_MM = 6.0  # by how much a muscle's edge bulges beyond a straight one, about
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


def broad(values: F32, weight: F32, cell_mm: float) -> F32:
    """The level of what is broad, such as the muscle, with its edge where it is; calcifications have no part in it."""
    from scipy.ndimage import gaussian_filter, grey_opening

    held = np.maximum(gaussian_filter(weight, _EVEN_MM / cell_mm), np.float32(1e-3))
    even = gaussian_filter(values * weight, _EVEN_MM / cell_mm) / held
    return np.asarray(grey_opening(even, size=(max(3, round(_BROAD_MM / cell_mm)),) * 2, mode="nearest"), np.float32)


def shoulder(level: F32, middle: float, latitude: float) -> F32:
    """What to take from the cells so that broad bright parts keep their own contrast.

    Where the level of what is broad lies far above the middle of the scale, most of the excess goes: nothing broad is
    flat white. It ends where what is bright does, so no dark line runs along it.
    """
    return np.asarray(_GIVEN_BACK * np.maximum(level - np.float32(middle + _BRIGHT * latitude), 0), np.float32)


@dataclass(frozen=True, eq=False)
class Muscle:
    """The pectoral muscle, as a straight wedge.

    Attributes
    ----------
    weight : (rows, columns) float32
        Of the breast without it.
    behind_mm : (rows, columns) float32 or None
        How far each cell lies behind its front; None where there is none.
    beside : float
        The level just before its front.
    """

    weight: F32
    behind_mm: F32 | None = None
    beside: float = 0.0

    def excess(self, level: F32) -> F32:
        """By how much a level lies above that beside the muscle, in it and about its edge, which is not straight."""
        if self.behind_mm is None:
            return np.zeros_like(level)
        near = np.clip((self.behind_mm + np.float32(2 * _BENT_MM)) / np.float32(_BENT_MM), 0, 1)
        return np.asarray(near * np.maximum(level - np.float32(self.beside), 0), np.float32)


def muscle(values: F32, weight: F32, cell_mm: float) -> Muscle:
    """The pectoral muscle: the wedge in the upper corner at the chest wall.

    Of all wedges up to two fifths of the breast, it is the one with the highest step at its front, beyond what the
    picture slopes on either side of it. Where none is high enough, as in CC views, there is none.
    """
    step = max(1, round(3.5 / cell_mm))
    side = np.float32(step * cell_mm)
    few, held = block_mean(values, step), block_mean(weight, step) > 0.9
    few, most = few[held], _MOST * held.sum()
    y, x = (np.nonzero(held)[axis].astype(np.float32) * side for axis in (0, 1))
    if few.size < 50:
        return Muscle(weight)
    best, wedge, beside = _STEP, (0.0, 0.0), 0.0
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
                best, wedge, beside = rise, (float(width), float(length)), float(before)
    if not any(wedge):
        return Muscle(weight)
    y, x = np.mgrid[: values.shape[0], : values.shape[1]].astype(np.float32) * np.float32(cell_mm)
    behind = (1 - x / np.float32(wedge[0]) - y / np.float32(wedge[1])) / np.float32(math.hypot(*(1 / w for w in wedge)))
    return Muscle(np.asarray(weight * (behind < 0), np.float32), behind, beside)


def _percentiles(values: F32, weight: F32, which: list[float]) -> list[float]:
    return [float(one) for one in np.percentile(values[weight > 0.5], which)]
