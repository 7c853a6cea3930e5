"""Patches: windows of an image with the truth clipped to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from phantom import rle
from phantom.arrays import Points
from phantom.exam.mammogram import ViewImage, highest_class
from phantom.exam.truth import CalcificationTruth, FindingTruth, ObjectTruth
from phantom.geometry.hull import area as polygon_area
from phantom.recipe.seed import Seed
from phantom.tables import BoxedRow

Corner = tuple[int, int]


def cut(view: ViewImage, row: int, column: int, size: int, name: str) -> ViewImage:
    """The window of `size` x `size` pixels that starts at (row, column), as an image of its own.

    What a calcification measures in millimetres stays that of the whole solid; its mask, its
    box and the pixel it is at are those in the window. What has no pixel in it is left out.

    Parameters
    ----------
    name : str
        The word added to the image's name and variant, such as ``patch03``.

    Raises
    ------
    ValueError
        If the window does not lie within the image.
    """
    rows, columns = view.for_presentation.shape
    if row < 0 or column < 0 or row + size > rows or column + size > columns:
        raise ValueError(f"{view.image_id} is {rows} x {columns} pixels; the window does not lie within it")
    image_id = f"{view.image_id}+{name}"
    window = slice(row, row + size), slice(column, column + size)
    corner = row, column
    cut_grains = (_grain(one, image_id, corner, size) for one in view.calcifications)
    grains = tuple(grain for grain in cut_grains if grain is not None)
    spacing = view.row.pixel_spacing_mm
    findings = tuple(
        _finding(one, image_id, corner, size, held, spacing)
        for one in view.findings
        if (held := sum(grain.row.finding_id == one.row.finding_id for grain in grains))
    )
    cut_objects = (_object(one, image_id, corner, size) for one in view.objects)
    row_of_patch = replace(
        view.row,
        image_id=image_id,
        variant="+".join(word for word in (view.row.variant, name) if word),
        patch=True,
        rows=size,
        columns=size,
        class_=highest_class(finding.row.class_ for finding in findings),
        n_findings=len(findings),
        n_calcifications=len(grains),
    )
    raw = view.for_processing
    return replace(
        view,
        image_id=image_id,
        row=row_of_patch,
        for_presentation=view.for_presentation[window].copy(),
        for_processing=raw[window].copy() if raw.size else raw,
        breast_mask=view.breast_mask[window].copy(),
        findings=findings,
        calcifications=grains,
        objects=tuple(one for one in cut_objects if one is not None),
    )


def place_patch(view: ViewImage, size: int, seed: Seed, on_findings: float) -> Corner:
    """First row and column of a patch: about a calcification with the probability `on_findings`, else in the breast.

    About a calcification, the patch's middle lies within a quarter of its side of it, so that
    no detector learns to look in the middle.
    """
    rng = seed.rng()
    rows, columns = view.for_presentation.shape
    if min(rows, columns) < size:
        raise ValueError(f"{view.image_id} is {rows} x {columns} pixels: too small for patches of {size}")
    if view.findings and rng.random() < on_findings:
        finding = view.findings[int(rng.integers(len(view.findings)))].row.finding_id
        grains = [grain for grain in view.calcifications if grain.row.finding_id == finding]
        x, y = grains[int(rng.integers(len(grains)))].center_px
        y, x = np.array([y, x]) + rng.uniform(-size / 4, size / 4, 2)
    else:
        inside = np.flatnonzero(view.breast_mask)
        y, x = divmod(int(inside[int(rng.integers(len(inside)))]), columns)
    row, column = round(float(y)) - size // 2, round(float(x)) - size // 2
    return min(max(row, 0), rows - size), min(max(column, 0), columns - size)


def _grain(grain: CalcificationTruth, image_id: str, corner: Corner, size: int) -> CalcificationTruth | None:
    """Its row in the patch; None if less than half of its mask or not its centre lies there: it is none of its
    grains, though its rim may be seen at the patch's border."""
    runs = rle.clip(grain.runs, grain.image_shape, *corner, (size, size))
    inside = -0.5 <= grain.row.x_px - corner[1] <= size - 0.5 and -0.5 <= grain.row.y_px - corner[0] <= size - 0.5
    if not inside or 2 * int(runs[:, 1].sum()) < int(grain.runs[:, 1].sum()):
        return None
    x, y, w, h = rle.box(runs, size)
    row = replace(
        grain.row,
        image_id=image_id,
        x_px=grain.row.x_px - corner[1],
        y_px=grain.row.y_px - corner[0],
        box_x_px=x,
        box_y_px=y,
        box_w_px=w,
        box_h_px=h,
        run_count=len(runs),
    )
    return CalcificationTruth(row, runs, (size, size))


def _finding(
    finding: FindingTruth, image_id: str, corner: Corner, size: int, grains: int, spacing_mm: float
) -> FindingTruth:  # fmt: skip
    x0, y0, x1, y1 = _clipped(finding.row, corner, size)
    hull = _clip_polygon(finding.hull_px - np.array(corner[::-1], float), size)
    if len(hull) < 3:
        hull = np.array([[x0, y0], [x1 - 1, y0], [x1 - 1, y1 - 1], [x0, y1 - 1]], float)
    across = np.linalg.norm(hull[:, None] - hull[None], axis=2).max()
    area = polygon_area(hull)
    row = replace(
        finding.row,
        image_id=image_id,
        n_calcifications=grains,
        x_px=(x0 + x1 - 1) / 2,
        y_px=(y0 + y1 - 1) / 2,
        box_x_px=x0,
        box_y_px=y0,
        box_w_px=x1 - x0,
        box_h_px=y1 - y0,
        extent_mm=float(across) * spacing_mm,
        hull_area_mm2=area * spacing_mm**2,
    )
    return FindingTruth(row, hull)


def _object(body: ObjectTruth, image_id: str, corner: Corner, size: int) -> ObjectTruth | None:
    x0, y0, x1, y1 = _clipped(body.row, corner, size)
    if x0 >= x1 or y0 >= y1:
        return None
    return ObjectTruth(
        replace(body.row, image_id=image_id, box_x_px=x0, box_y_px=y0, box_w_px=x1 - x0, box_h_px=y1 - y0)
    )


def _clipped(row: BoxedRow, corner: Corner, size: int) -> tuple[int, int, int, int]:
    """A box's first column and row and those just past it, in the window and clipped to it."""
    x, y = row.box_x_px - corner[1], row.box_y_px - corner[0]
    return max(x, 0), max(y, 0), min(x + row.box_w_px, size), min(y + row.box_h_px, size)


def _clip_polygon(points: Points, size: int) -> Points:
    """The part of a convex polygon within the window's pixel centres (Sutherland and Hodgman 1974)."""
    for axis in (0, 1):
        for sign, limit in ((1.0, 0.0), (-1.0, 1.0 - size)):
            kept: list[Points] = []
            for a, b in zip(points, np.roll(points, -1, axis=0), strict=True):
                inside_a, inside_b = sign * a[axis] >= limit, sign * b[axis] >= limit
                if inside_a:
                    kept.append(a)
                if inside_a != inside_b:
                    kept.append(a + (b - a) * ((sign * limit - a[axis]) / (b[axis] - a[axis])))
            points = np.array(kept, float).reshape(-1, 2)
    return points
