"""Where calcifications lie in a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from phantom.calcifications.finding import Finding
from phantom.exam.measure import Placed
from phantom.geometry.grid import Grid
from phantom.imaging.projection import shadows
from phantom.insert.fit import FittedView


def shown_in(findings: Sequence[Finding], laterality: str, view: str) -> list[Finding]:
    """The findings that a view of a side shows."""
    return [
        finding
        for finding in findings
        if finding.laterality == laterality and (not finding.views or view in finding.views)
    ]


def placed_in(findings: Sequence[Finding], view: FittedView, grid: Grid) -> list[Placed]:
    """Every calcification that a picture's breast holds, where and how it lies in it, in the order of the ids."""
    grains = [
        (finding, grain)
        for finding in shown_in(findings, view.view.laterality, view.view.name)
        for grain in finding.calcifications
    ]
    poses = view.poses(np.array([grain.centre_mm for _, grain in grains], float).reshape(-1, 3))
    if not poses:
        return []
    i, j, held = view.cells(np.array([pose.centre_mm for pose in poses]))
    held &= view.found.segmented.breast[i, j] & ~view.found.segmented.border[i, j]
    casts = shadows([grain.shape for _, grain in grains], poses, grid)
    return [
        Placed(finding, grain, cast, float(pose.centre_mm[2]))
        for (finding, grain), pose, cast, is_held in zip(grains, poses, casts, held.tolist(), strict=True)
        if cast is not None and is_held
    ]


def moved(placed: Sequence[Placed], rows: int, columns: int) -> list[Placed]:
    """The same, counted from another first row and column."""
    return [
        replace(one, shadow=replace(one.shadow, row=one.shadow.row - rows, column=one.shadow.column - columns))
        for one in placed
    ]


def box_of(placed: Sequence[Placed], shape: tuple[int, int], margin: int) -> tuple[slice, slice]:
    """Rows and columns that hold all shadows and so many pixels around them."""
    top, left = (min(getattr(one.shadow, name) for one in placed) - margin for name in ("row", "column"))
    bottom = max(one.shadow.row + one.shadow.path_mm.shape[0] for one in placed) + margin
    right = max(one.shadow.column + one.shadow.path_mm.shape[1] for one in placed) + margin
    return slice(max(top, 0), min(bottom, shape[0])), slice(max(left, 0), min(right, shape[1]))
