"""The numbers of the truth against one another, and against the solids in the scene that they were measured of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from phantom.arrays import Ints
from phantom.errors import PhantomError
from phantom.exam import scene as scenes
from phantom.tables import Table

_WHOLE_PX = 200  # of masks at least this large, pixels and the solid's own area can be compared
_SIDE_MM = 400.0  # nothing in a breast is larger


def numbers(image: Any, grains: Table, pixels: Ints) -> Iterator[str]:
    """What cannot be of one image's calcifications: places, sizes and areas against their masks' pixels (grains,)."""
    spacing_mm, is_cut = float(image["pixel_spacing_mm"]), bool(image["patch"])
    x, y, w, h = (grains[f"box_{key}_px"].astype(float) for key in "xywh")
    area, diameter, thickness, extent, x_px, y_px = (
        grains[name].astype(float) for name in ("area_mm2", "diameter_mm", "thickness_mm", "extent_mm", "x_px", "y_px")
    )
    far = 1 + diameter / spacing_mm  # of a thin branch, few pixels are half covered
    within = (x - far <= x_px) & (x_px <= x + w + far) & (y - far <= y_px) & (y_px <= y + h + far)
    solid = (area > 0) & (diameter > 0) & (diameter < _SIDE_MM) & (thickness > 0) & (thickness < _SIDE_MM)
    wide = solid & (area > 2 * math.pi / 4 * extent**2)  # clouds of specks reach 1.3 times
    share = pixels * spacing_mm**2 / np.maximum(area, 1e-9)
    other = (pixels >= _WHOLE_PX) & ~((share > 0.4) & (share < 2.5))
    for wrong, problem in (
        (~within & (not is_cut), "its centre lies outside its box"),
        (~solid, "its area, diameter or thickness is not that of a solid"),
        (wide, "its area is twice a circle of its extent"),
        (other & (not is_cut), "its area is not that of its mask"),
    ):
        for number in grains["calcification_id"][wrong].tolist():
            yield f"calcification {number}: {problem}"


def hulls(findings: Table, corners: Table) -> Iterator[str]:
    """Corners of findings' hulls that are no places, or of findings that are not there."""
    if not (np.isfinite(corners["x_px"]).all() and np.isfinite(corners["y_px"]).all()):
        yield "a corner of a hull is not a number"
    if len(corners) and int(corners["finding"].max()) >= len(findings):
        yield "has a hull of no finding"


def scene(stored: Mapping[str, Any], findings: Table, grains: Table) -> Iterator[str]:
    """Whether the scene parses into one that holds the findings and calcifications that the tables tell of."""
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
