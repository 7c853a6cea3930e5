"""How a breast and its chest lie under the paddle: the outline's shape, the muscle and the folds in each view."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from phantom.geometry.chest import Chest
from phantom.geometry.silhouette import Silhouette
from phantom.geometry.view import ViewName

_LEAST_FAT_MM = 12.0  # between the muscle, which pushes the breast by half its width, and the axillary skin
_LEAST_STRIP_MM = 3.0  # of abdominal wall: what is narrower looks like a hook on the outline
_MOUND_WIDTH = 0.15  # of the half width of the base: about a centimetre
_WAVES = 26  # periods a turn up to which an outline is uneven: 10 mm


def silhouette(values: Mapping[str, float], view: ViewName) -> Silhouette:
    """The even outline of a woman's breasts in a view, from her numbers by recipe key.

    Proportions and exponents are fitted to clinical views: see `Silhouette`.
    """
    dome, rim, sag = values["dome"], values["rim"], values["sag"]
    if view == "CC":
        # laterally conical, medially rounder
        upper, lower = (dome + 0.15, 1.0 + 0.35 * (rim - 1.8)), (1.75 + 0.5 * (dome - 1.4), 1.0 + 0.9 * (rim - 1.8))
        even = Silhouette(0.95 * values["height_to_width"], upper, lower, 1.0 + values["skew"])
    else:
        # straight from the axilla down, round below: the breast hangs
        droop = 0.07 + 0.85 * max(sag - 0.1, 0.0)
        upper, lower = (dome - 0.05, 1.0 + 0.2 * (rim - 1.8)), (2.1, 1.3 + 0.6 * (rim - 1.8))
        even = Silhouette(0.95 * values["height_to_width"], upper, lower, 1.2, droop)
    return replace(even, mound=values["mound"], mound_width=_MOUND_WIDTH)


def silhouettes(
    values: Mapping[str, float], shared: np.random.Generator, side: np.random.Generator
) -> dict[ViewName, Silhouette]:
    """The outlines of one breast: uneven, mostly as its fellow is. `shared` draws the woman's numbers, `side` the
    breast's."""
    out: dict[ViewName, Silhouette] = {}
    k = np.arange(3, _WAVES)
    fall = values["unevenness"] * (k / 3.0) ** -2.6
    for name in ("CC", "MLO", "ML"):
        even = silhouette(values, name)
        both = 0.8 * shared.standard_normal((k.size, 2)) + 0.6 * side.standard_normal((k.size, 2))
        waves = tuple((float(a), float(b)) for a, b in both * fall[:, None])
        reach, split = even.reach * (1 + 0.03 * side.standard_normal()), even.split + 0.02 * side.standard_normal()
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
    width, length, bulge, fold = side.normal(1, 0.08, 4)
    bow, slope = shared.uniform(-5, 1), shared.uniform(0.12, 0.7)
    thick, soft = shared.uniform(12, 18), shared.uniform(1.5, 3.0)
    strip = _seen(values["inframammary_mm"] * side.uniform(0.7, 1.3))
    # small breasts lie on a small part of the muscle: how far the breast reaches, about, from its area
    reach = 8.4 * math.sqrt(values["area_cm2"] * values["height_to_width"])
    muscle = min(values["muscle_mm"] * width, 0.65 * reach)
    axilla = min(values["fold_mm"] * fold, 0.62 * reach)
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
        muscle_top_mm=shared.uniform(6, 18) * width,
        muscle_length_mm=shared.uniform(60, 130) * length,
        muscle_sagitta_mm=1.0,
        fold_mm=0.75 * axilla,
    )
    entered, middle = shared.random() < values["muscle_in_cc"], shared.uniform(-25, 40)
    half = shared.uniform(30, 65)
    size = half * shared.uniform(0.05, 0.14)
    above = Chest(
        inframammary_mm=_seen(shared.uniform(-3.0, 6.0)),
        abdomen_slope=0.2,
        muscle_thick_mm=0.6 * thick,
        muscle_soft_mm=soft,
        sliver_mm=size * side.uniform(0.7, 1.3) if entered else 0.0,
        sliver_half_mm=half,
        sliver_at_mm=middle + side.uniform(-6, 6),
    )
    return {"CC": above, "MLO": oblique, "ML": lateral}
