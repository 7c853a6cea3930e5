"""The numbers of the truth against one another, and against the solids in the scene that they were measured of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from phantom.arrays import Runs
from phantom.errors import PhantomError
from phantom.exam import scene as scenes
from phantom.tables import Table

_WHOLE_PX = 200  # of masks at least this large, pixels and the solid's own area can be compared
_SIDE_MM = 400.0  # nothing in a breast is larger


def numbers(image: Any, grains: Table, masks: Sequence[Runs]) -> Iterator[str]:
    """What cannot be of one image's calcifications: places, sizes and areas against their runs."""
    pixel_mm2 = float(image["pixel_spacing_mm"]) ** 2
    is_cut = bool(image["patch"])
    for grain, runs in zip(grains, masks, strict=True):
        name = f"calcification {grain['calcification_id']}"
        x, y, w, h = (int(grain[f"box_{key}_px"]) for key in "xywh")
        area, diameter = float(grain["area_mm2"]), float(grain["diameter_mm"])
        far = 1 + diameter / float(image["pixel_spacing_mm"])  # of a thin branch, few pixels are half covered
        if not is_cut and not (x - far <= grain["x_px"] <= x + w + far and y - far <= grain["y_px"] <= y + h + far):
            yield f"{name}: its centre lies outside its box"
        if not (area > 0 and 0 < diameter < _SIDE_MM and 0 < float(grain["thickness_mm"]) < _SIDE_MM):
            yield f"{name}: its area, diameter or thickness is not that of a solid"
        elif area > 2 * math.pi / 4 * float(grain["extent_mm"]) ** 2:  # clouds of specks reach 1.3 times
            yield f"{name}: its area is twice a circle of its extent"
        pixels = int(runs[:, 1].sum(dtype=np.int64)) if len(runs) else 0
        if not is_cut and pixels >= _WHOLE_PX and not 0.4 < pixels * pixel_mm2 / max(area, 1e-9) < 2.5:
            yield f"{name}: its area is not that of its mask"


def hulls(findings: Table, corners: Table) -> Iterator[str]:
    """Corners of findings' hulls that are no places, or of findings that are not there."""
    if not (np.isfinite(corners["x_px"]).all() and np.isfinite(corners["y_px"]).all()):
        yield "a corner of a hull is not a number"
    if len(corners) and int(corners["finding"].max()) >= len(findings):
        yield "has a hull of no finding"


def scene(stored: Mapping[str, Any], findings: Table, grains: Table) -> Iterator[str]:
    """Whether the scene parses into one that holds the findings and calcifications that the tables tell of."""
    if "format" not in stored:
        return
    try:
        grown = scenes.without_breasts(stored)
    except PhantomError as error:
        yield f"/scene: {str(error)[:200]}"
        return
    kinds = {finding.finding_id: (finding.kind, finding.category, finding.pathology) for finding in grown.findings}
    for row in findings[["finding_id", "kind", "category", "pathology"]]:
        if kinds.get(int(row[0])) != (str(row[1]), str(row[2]), str(row[3])):
            yield f"finding {row[0]} is another in /scene"
    solids = {
        calcification.calcification_id: (finding.finding_id, calcification.kind, calcification.material)
        for finding in grown.findings
        for calcification in finding.calcifications
    }
    for row in grains[["calcification_id", "finding_id", "kind", "material"]]:
        if solids.get(int(row[0])) != (int(row[1]), str(row[2]), str(row[3])):
            yield f"calcification {row[0]} is another in /scene"
