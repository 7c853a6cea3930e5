"""Where calcifications, and the bodies they live in, lie in a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from phantom.anatomy.breast import Host
from phantom.arrays import F32
from phantom.calcifications.finding import Finding
from phantom.exam.measure import Placed
from phantom.geometry.grid import Grid
from phantom.imaging.projection import shadows
from phantom.insert.fit import FittedView


@dataclass(frozen=True, eq=False)
class Body:
    """A soft-tissue body of a finding in a picture.

    Attributes
    ----------
    finding, host
        What it belongs to, and what it is.
    box : (slice, slice)
        Rows and columns of the picture that hold it.
    g_cm, a_cm : (rows, columns) float32
        What it adds to the glandular and adipose lengths there, less what it takes the place of.
    """

    finding: Finding
    host: Host
    box: tuple[slice, slice]
    g_cm: F32
    a_cm: F32


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


def box_of(
    placed: Sequence[Placed], shape: tuple[int, int], margin: int, bodies: Sequence[Body] = ()
) -> tuple[slice, slice]:
    """Rows and columns that hold all shadows and bodies and so many pixels around them."""
    boxes = [(s.row, s.column, s.row + s.path_mm.shape[0], s.column + s.path_mm.shape[1])
             for s in (one.shadow for one in placed)]  # fmt: skip
    boxes += [(rows.start, columns.start, rows.stop, columns.stop) for rows, columns in (body.box for body in bodies)]
    ends = np.array(boxes)
    (top, left), (bottom, right) = ends[:, :2].min(axis=0) - margin, ends[:, 2:].max(axis=0) + margin
    return slice(max(int(top), 0), min(int(bottom), shape[0])), slice(max(int(left), 0), min(int(right), shape[1]))


def add_bodies(bodies: Sequence[Body], box: tuple[slice, slice], g_cm: F32, a_cm: F32) -> None:
    """Add what bodies are worth to the lengths of a window of the picture, in place."""
    for body in bodies:
        both = zip(body.box, box, strict=True)
        inner = tuple(slice(max(side.start, of.start), min(side.stop, of.stop)) for side, of in both)
        if any(part.start >= part.stop for part in inner):
            continue
        in_box, in_body = (
            tuple(slice(part.start - of.start, part.stop - of.start) for part, of in zip(inner, whole, strict=True))
            for whole in (box, body.box)
        )
        g_cm[in_box] += body.g_cm[in_body]
        a_cm[in_box] += body.a_cm[in_body]
