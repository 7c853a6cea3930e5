"""How a breast and its chest lie under the paddle: the outline's shape, the muscle and the folds in each view."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from phantom.geometry.chest import Chest
from phantom.geometry.silhouette import Silhouette
from phantom.geometry.view import ViewName

_LEAST_FAT_MM = 12.0  # between the muscle, which pushes the breast by half its width, and the axillary skin
_LEAST_STRIP_MM = 3.0  # of abdominal wall: what is narrower looks like a hook on the outline
_MOUND_WIDTH = 0.15  # of the half width of the base: about a centimetre
_WAVES = 26  # periods a turn up to which an outline is uneven: 10 mm
_FALL = -2.6  # power of the periods that the unevenness falls with (estimate)
_ALIKE = (0.8, 0.6)  # what of a breast's unevenness is the woman's, and what its own (estimate)


@dataclass(frozen=True)
class _Outline:
    """An outline's proportions and exponents, fitted to clinical views; see `Silhouette`.

    Attributes
    ----------
    height
        Of the compressed breast over that of the free one.
    round_rim
        The `rim` at which the exponents toward the chest wall are those given.
    upper, lower
        Exponents toward the nipple and toward the chest wall: laterally and medially in CC, above and below in others.
    upper_per_rim, lower_per_rim
        How much more the exponent toward the chest wall is for 1 of `rim`.
    """

    upper: float
    upper_per_rim: float
    lower: tuple[float, float]
    lower_per_rim: float
    height: float = 0.95
    round_rim: float = 1.8


# laterally conical, medially rounder
_CC = _Outline(upper=0.15, upper_per_rim=0.35, lower=(1.75, 1.0), lower_per_rim=0.9)
_MEDIAL_PER_DOME, _MEDIAN_DOME = 0.5, 1.4
# straight from the axilla down, round below: the breast hangs
_OBLIQUE = _Outline(upper=-0.05, upper_per_rim=0.2, lower=(2.1, 1.3), lower_per_rim=0.6)
_SPLIT = 1.2  # where the upper and the lower half of an oblique view meet
_DROOP, _DROOP_PER_SAG, _LEAST_SAG = 0.07, 0.85, 0.1
_REACH_SD, _SPLIT_SD = 0.03, 0.02  # by which a breast differs from its fellow


@dataclass(frozen=True)
class _Muscle:
    """The pectoral muscle and the folds in all views, as lengths in mm, or over what the recipe asks for (estimates).

    Attributes
    ----------
    side_sd
        By how much one side differs from the other, in all.
    bow_mm, abdomen_slope, thick_mm, soft_mm
        Of the axillary fold's edge, of the abdominal wall, of the muscle and of its edge.
    strip
        How wide the abdominal wall is on one side.
    reach_mm
        How far a breast of 1 cm2, as high as it is wide, reaches, about.
    most_muscle, most_fold
        What muscle and fold are at most of that: small breasts lie on a small part of the muscle.
    lateral_top_mm, lateral_length_mm, lateral_sagitta_mm, lateral_fold
        The muscle in ML, and the fold there over that in MLO.
    middle_mm, middle_sd_mm, half_mm, sliver, sliver_side
        The sliver that CC shows: where its middle is, how much sides differ in it, half its length, its width over
        that, and how wide it is on one side.
    cc_strip_mm, cc_slope, cc_thick
        Abdominal wall, its slope and the muscle's thickness over that in MLO, in CC.
    """

    side_sd: float = 0.08
    bow_mm: tuple[float, float] = (-5.0, 1.0)
    abdomen_slope: tuple[float, float] = (0.12, 0.7)
    thick_mm: tuple[float, float] = (12.0, 18.0)
    soft_mm: tuple[float, float] = (0.8, 1.8)
    strip: tuple[float, float] = (0.7, 1.3)
    reach_mm: float = 8.4
    most_muscle: float = 0.65
    most_fold: float = 0.62
    lateral_top_mm: tuple[float, float] = (6.0, 18.0)
    lateral_length_mm: tuple[float, float] = (60.0, 130.0)
    lateral_sagitta_mm: float = 1.0
    lateral_fold: float = 0.75
    middle_mm: tuple[float, float] = (-25.0, 40.0)
    middle_sd_mm: tuple[float, float] = (-6.0, 6.0)
    half_mm: tuple[float, float] = (30.0, 65.0)
    sliver: tuple[float, float] = (0.05, 0.14)
    sliver_side: tuple[float, float] = (0.7, 1.3)
    cc_strip_mm: tuple[float, float] = (-3.0, 6.0)
    cc_slope: float = 0.2
    cc_thick: float = 0.6


_MUSCLE = _Muscle()


def silhouette(values: Mapping[str, float], view: ViewName) -> Silhouette:
    """The even outline of a woman's breasts in a view, from her numbers by recipe key.

    Proportions and exponents are fitted to clinical views: see `Silhouette`.
    """
    dome, rim, sag = values["dome"], values["rim"], values["sag"]
    if view == "CC":
        of, rounder = _CC, _MEDIAL_PER_DOME * (dome - _MEDIAN_DOME)
    else:
        of, rounder = _OBLIQUE, 0.0
    boxier = rim - of.round_rim
    upper = dome + of.upper, 1.0 + of.upper_per_rim * boxier
    lower = of.lower[0] + rounder, of.lower[1] + of.lower_per_rim * boxier
    reach = of.height * values["height_to_width"]
    if view == "CC":
        even = Silhouette(reach, upper, lower, 1.0 + values["skew"])
    else:
        even = Silhouette(reach, upper, lower, _SPLIT, _DROOP + _DROOP_PER_SAG * max(sag - _LEAST_SAG, 0.0))
    return replace(even, mound=values["mound"], mound_width=_MOUND_WIDTH)


def silhouettes(
    values: Mapping[str, float], shared: np.random.Generator, side: np.random.Generator
) -> dict[ViewName, Silhouette]:
    """The outlines of one breast: uneven, mostly as its fellow is. `shared` draws the woman's numbers, `side` the
    breast's."""
    out: dict[ViewName, Silhouette] = {}
    k = np.arange(3, _WAVES)
    fall = values["unevenness"] * (k / 3.0) ** _FALL
    for name in ("CC", "MLO", "ML"):
        even = silhouette(values, name)
        both = _ALIKE[0] * shared.standard_normal((k.size, 2)) + _ALIKE[1] * side.standard_normal((k.size, 2))
        waves = tuple((float(a), float(b)) for a, b in both * fall[:, None])
        reach = even.reach * (1 + _REACH_SD * side.standard_normal())
        split = even.split + _SPLIT_SD * side.standard_normal()
        out[name] = replace(even, reach=reach, split=split, waves=waves)
    return out


def _seen(strip_mm: float) -> float:
    """The width of a strip of abdominal wall, 0 where it is too narrow to be seen."""
    return strip_mm if strip_mm > _LEAST_STRIP_MM else 0.0


def chests(
    values: Mapping[str, float], shared: np.random.Generator, side: np.random.Generator
) -> dict[ViewName, Chest]:
    """Muscle and folds beside one breast. `shared` draws the woman's numbers, `side` the breast's: sides are much
    alike."""
    m = _MUSCLE
    width, length, bulge, fold = side.normal(1, m.side_sd, 4)
    bow, slope = shared.uniform(*m.bow_mm), shared.uniform(*m.abdomen_slope)
    thick, soft = shared.uniform(*m.thick_mm), shared.uniform(*m.soft_mm)
    strip = _seen(values["inframammary_mm"] * side.uniform(*m.strip))
    reach = m.reach_mm * math.sqrt(values["area_cm2"] * values["height_to_width"])
    muscle = min(values["muscle_mm"] * width, m.most_muscle * reach)
    axilla = min(values["fold_mm"] * fold, m.most_fold * reach)
    oblique = Chest(
        muscle_top_mm=muscle,
        muscle_length_mm=values["muscle_length_mm"] * length,
        muscle_sagitta_mm=values["muscle_sagitta_mm"] * bulge,
        top_mm=-values["above_nipple_mm"],
        fold_mm=max(axilla, 0.5 * muscle + _LEAST_FAT_MM),
        inframammary_mm=strip,
        fold_bow_mm=bow,
        abdomen_slope=slope,
        muscle_thick_mm=thick,
        muscle_soft_mm=soft,
    )
    lateral = replace(
        oblique,
        muscle_top_mm=shared.uniform(*m.lateral_top_mm) * width,
        muscle_length_mm=shared.uniform(*m.lateral_length_mm) * length,
        muscle_sagitta_mm=m.lateral_sagitta_mm,
        fold_mm=m.lateral_fold * axilla,
    )
    entered, middle = shared.random() < values["muscle_in_cc"], shared.uniform(*m.middle_mm)
    half = shared.uniform(*m.half_mm)
    size = half * shared.uniform(*m.sliver)
    above = Chest(
        inframammary_mm=_seen(shared.uniform(*m.cc_strip_mm)),
        abdomen_slope=m.cc_slope,
        muscle_thick_mm=m.cc_thick * thick,
        muscle_soft_mm=soft,
        sliver_mm=size * side.uniform(*m.sliver_side) if entered else 0.0,
        sliver_half_mm=half,
        sliver_at_mm=middle + side.uniform(*m.middle_sd_mm),
    )
    return {"CC": above, "MLO": oblique, "ML": lateral}
