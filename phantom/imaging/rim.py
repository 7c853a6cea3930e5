"""Where the breast thins towards its skin: how far the skin is, and what makes up for the tissue that is missing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from phantom.arrays import F32, F64
from phantom.imaging.quantities import Coarse, block_mean
from phantom.imaging.skin_distance import Outline

_CELL_MM = 0.56
_BEYOND_MM = 3.0  # over which the picture that goes on beyond the skin is even
_NIPPLE = np.float32(0.2)  # log exposure by which a nipple is brighter than fat of full thickness
_NIPPLE_MM, _BLEND_MM = 0.6, 1.2  # of it, what is finer than the first is seen; over the second it merges
_THINNER, _LESS = np.float32(0.12), np.float32(0.6)  # than a rim, the skin's part in it taken by the second
_NIPPLE_TO_MM = np.float32(5.0)  # from the skin, in full, and to twice as far in part
_FLOOR, _FLOOR_MM, _FLOOR_TO_MM = np.float32(0.1), 0.7, 6.0  # near the skin nothing is darker than fat by more (log)
_CEILING, _LESS_ABOVE = np.float32(0.24), np.float32(0.75)  # nor brighter: of what is, that share goes
_FREE_MM = 4.0  # from the skin to where the rim may be evened: the skin's band lies there
_ROUND_MM, _MOST, _EVENED = 6.0, np.float32(0.2), 0.6  # over which, up to which log exposure, and what share of it
_FAT = 20.0  # percentile of the optical depth, at one distance from the skin, that is taken to be fat
_SKIN_MM, _BAND = 6.0, np.float32(1.1)  # the skin's bright band and its foot, and how much of it is shown


@dataclass(frozen=True, eq=False)
class Rim:
    """What the rim of one breast needs, on cells about half a millimetre wide.

    Attributes
    ----------
    lift : Coarse
        Optical depth to add where the breast is thinner than it is inside, the skin's band taken away; at least a trace
        of it near the skin.
    beyond : Coarse
        A smooth image to go on with outside the breast.
    skin : Coarse
        By how much that band is shown to stand out of fat.
    distance : Coarse
        Millimetres to the skin, the nipple's included; negative outside. For pixels half as wide as the others'.
    level : (rows, columns) float32
        The lifted cells, the skin's band as it is.
    inside : (rows, columns) float32
        The breast's share of each cell.
    """

    lift: Coarse
    beyond: Coarse
    skin: Coarse
    distance: Coarse
    level: F32
    inside: F32


def measure(
    depth: F32, inside: F32, pitch_mm: float, thickness_mm: float, share: float, cut: tuple[bool, bool, bool]
) -> Rim:
    """The rim of a breast.

    The fat's optical depth at each distance from the skin is read off as a low percentile of the picture's, and the
    rounded edge of a slab fitted to it (a distance map, as in Tortajada et al. 2014): what the edge lacks of the full
    thickness is made up for, so that the skin, which is denser than fat, stays as the bright band it is.

    Parameters
    ----------
    depth : (rows, columns) float32
        Optical depth, 0 outside the breast.
    inside : (rows, columns) float32
        The breast's share of every pixel.
    pitch_mm : float
    thickness_mm : float
        Compressed thickness.
    share : float
        The share of what is missing that is made up for.
    cut : (bool, bool, bool)
        Whether the upper, lower and right border cut the breast; the left one is the chest wall.
    """

    step = max(1, round(_CELL_MM / pitch_mm))
    cells, cell_mm = block_mean(inside, step), step * pitch_mm
    mean = np.asarray(block_mean(depth, step) / np.maximum(cells, np.float32(1e-6)), np.float32)
    weight, made_up = (cells > 0.5).astype(np.float32), np.float32(max(share, 1e-4))
    outline = Outline(cells, cut, cell_mm)
    whole = body = outline.distance_mm()
    fat = _fat(depth, whole, step, pitch_mm, thickness_mm)
    even = _smooth(mean, weight, _NIPPLE_MM / cell_mm)
    nipple = _nipple(even, whole, fat) * weight
    if nipple.max() > 0.5:  # the skin of the breast runs behind it
        body = np.float32(0.5) * (whole + outline.distance_mm(nipple))

    lift = made_up * (fat.full - fat.full * edge(body, fat.width_mm))
    on_nipple = _smooth(nipple, weight, _BLEND_MM / cell_mm)
    lift += on_nipple * (made_up * (fat.full + _NIPPLE - even) - lift)
    lift -= made_up * _uneven(mean + lift, weight, body, fat, cell_mm)
    dark = fat.full - _FLOOR - _smooth(mean + lift, weight, _FLOOR_MM / cell_mm)
    near = np.clip(2 - body / np.float32(_FLOOR_TO_MM), 0, 1)
    lift += made_up * near * np.maximum(dark, 0)
    lift -= made_up * _LESS_ABOVE * near * np.maximum(-dark - _FLOOR - _CEILING, 0)

    level = (mean + lift) * weight
    beyond = _smooth(level, weight, _BEYOND_MM / cell_mm)
    beyond[beyond == 0] = level.sum() / max(float(weight.sum()), 1.0)
    # where there is less than the skin's band has elsewhere, such as beside the nipple, less of it is taken away
    skin = np.minimum(fat.skin(body), np.maximum(mean + lift - fat.full, 0)) * (1 - on_nipple)
    maps = [Coarse(one.astype(np.float32), step, depth.shape) for one in (lift - skin, beyond, _BAND * skin)]
    distance = Coarse(whole, 2 * step, (2 * depth.shape[0], 2 * depth.shape[1]))
    return Rim(maps[0], maps[1], maps[2], distance, level, cells)


def edge(distance_mm: F32, width_mm: float) -> F32:
    """Thickness over the full one at a distance from the skin: a rounding so wide."""
    t = np.clip(1 - distance_mm / np.float32(width_mm), 0, 1)
    return np.asarray(np.sqrt(1 - t * t), np.float32)


@dataclass(frozen=True, eq=False)
class _Fat:
    """The optical depth of fat at each distance from the skin, and the rounded edge that fits it.

    `excess` is what it has beyond the edge's: the skin, mostly.
    """

    at_mm: F64
    excess: F64
    width_mm: float
    full: np.float32

    def beyond_the_edge(self, distance_mm: F32) -> F32:
        """What fat is expected to have beyond the rounded edge's."""
        return np.interp(distance_mm, self.at_mm, self.excess).astype(np.float32)

    def skin(self, distance_mm: F32) -> F32:
        """By how much the skin's band stands out once the rim has been lifted and evened."""
        ramp = 1 - _EVENED * np.clip((self.at_mm - 1.0) / (_FREE_MM - 1.0), 0, 1)
        taper = np.clip((_SKIN_MM - self.at_mm) / (0.4 * _SKIN_MM), 0, 1)
        return np.interp(distance_mm, self.at_mm, np.maximum(self.excess, 0) * ramp * taper).astype(np.float32)


def _smooth(values: F32, weight: F32, sigma: float) -> F32:
    """Means about each cell over those that count; 0 where none is near."""
    from scipy.ndimage import gaussian_filter

    held = gaussian_filter(weight, sigma, truncate=2.5)
    means = gaussian_filter(values * weight, sigma, truncate=2.5) / np.maximum(held, np.float32(1e-3))
    return np.asarray(np.where(held > 1e-3, means, 0), np.float32)


def _nipple(depth: F32, distance_mm: F32, fat: _Fat) -> F32:
    """How much of each cell is much thinner than a rim at its distance from the skin, as a nipple is; 0 to 1."""
    expected = fat.full * edge(distance_mm, fat.width_mm) + _LESS * fat.beyond_the_edge(distance_mm)
    thinner = 1 - depth / np.maximum(expected, np.float32(0.05))
    near = np.clip(2 - distance_mm / _NIPPLE_TO_MM, 0, 1)
    return np.asarray(np.clip(thinner / _THINNER, 0, 1) * near, np.float32)


def _uneven(level: F32, weight: F32, body: F32, fat: _Fat, cell_mm: float) -> F32:
    """Most of what the lifted rim is still brighter, or darker, than fat, about each place: no fit is right all round.

    Gland in the rim counts for little, and the outermost millimetres, where the skin is to be seen, not at all.
    """
    rim = weight * (body > _FREE_MM) * (body < fat.width_mm)
    expected = fat.beyond_the_edge(body)
    local = expected + _smooth(np.clip(level - fat.full - expected, -_MOST, _MOST), rim, _ROUND_MM / cell_mm)
    ramp = np.clip((body - 1.0) / (_FREE_MM - 1.0), 0, 1) * np.clip(2 - 2 * body / fat.width_mm, 0, 1)
    return np.asarray(_EVENED * ramp * local, np.float32)


def _fat(depth: F32, body: F32, step: int, pitch_mm: float, thickness_mm: float) -> _Fat:
    """Reads fat off a low percentile of the depth at each distance from the skin, along some of the rows."""
    rows = np.arange(step // 2, len(depth), max(1, round(1.2 / pitch_mm)))
    where = Coarse(body, step, depth.shape)
    distance = np.concatenate([where.rows(row, row + 1) for row in rows.tolist()]).ravel()
    values = depth[rows].ravel()
    at = np.concatenate([np.arange(0.125, 5, 0.25), np.arange(5.5, max(0.9 * thickness_mm, 12.0), 1.0)])
    kind = np.searchsorted(np.concatenate([[0.0], 0.5 * (at[1:] + at[:-1]), [at[-1] + 0.5]]), distance) - 1
    used = (kind >= 0) & (kind < at.size) & (values > 0)
    order = np.argsort(kind[used], kind="stable")
    values, starts = values[used][order], np.searchsorted(kind[used][order], np.arange(at.size + 1))
    found = [float(np.percentile(values[a:b], _FAT)) if b > a + 4 else np.nan for a, b in pairwise(starts)]
    known = ~np.isnan(found)
    if known.sum() < 3:
        return _Fat(at, np.zeros_like(at), 1.0, np.float32(values.mean() if values.size else 0))
    profile = np.interp(at, at[known], np.array(found)[known])
    best, fit = (np.inf, 1.0, 0.0), at > 3.0
    for width in thickness_mm * np.arange(0.2, 0.85, 0.025):
        shape = edge(at[fit].astype(np.float32), float(width))
        full = float(np.median(profile[fit] / shape))
        best = min(best, (float(np.abs(profile[fit] - full * shape).mean()), float(width), full))
    _, width, full = best
    return _Fat(at, profile - full * edge(at.astype(np.float32), width), width, np.float32(full))
