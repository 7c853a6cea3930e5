"""Rows of the truth and images, exact by construction: masks are given, and the rows say what they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from phantom import rle
from phantom.exam.mammogram import CLASSES, ViewImage
from phantom.exam.truth import CalcificationTruth, FindingTruth, ObjectTruth
from phantom.tables import CalcificationRow, FindingRow, ImageRow, ObjectRow, R, attribute, columns

SPACING = 0.1
_BLANK = {"U": "", "f": 0.0, "i": 0, "u": 0, "?": False}
_CATEGORY = {"suspicious": "4B", "benign": "2"}
Shape = tuple[int, int]


def blank(row: type[R], **cells: Any) -> R:
    """A row of these cells; what is not given is 0 or empty."""
    known = {attribute(name): _BLANK[column.dtype[0]] for name, column in columns(row).items()}
    return row(**{**known, **cells})


def disc(x: float, y: float, radius: float, shape: Shape) -> np.ndarray:
    v, u = np.mgrid[: shape[0], : shape[1]]
    return (u - x) ** 2 + (v - y) ** 2 <= radius**2


def ring(x: float, y: float, outer: float, inner: float, shape: Shape) -> np.ndarray:
    return disc(x, y, outer, shape) & ~disc(x, y, inner, shape)


def grain(
    image_id: str, number: int, finding: int, kind: str, mask: np.ndarray, dprime: float = 10.0, **cells: Any
) -> CalcificationTruth:
    """A calcification that covers the pixels of a mask; `cells` are put in place of what follows from it."""
    runs = rle.from_pixels(np.flatnonzero(mask))
    x0, y0, w, h = rle.box(runs, mask.shape[1])
    y, x = np.nonzero(mask)
    row = blank(
        CalcificationRow,
        image_id=image_id, finding_id=finding, calcification_id=number, kind=kind, material="calcium_oxalate",
        x_px=float(x.mean()), y_px=float(y.mean()), z_mm=20.0, box_x_px=x0, box_y_px=y0, box_w_px=w,
        box_h_px=h, area_mm2=mask.sum() * SPACING**2, diameter_mm=max(w, h) * SPACING, thickness_mm=0.2,
        contrast=0.1, sdnr=dprime / 4, dprime=dprime, dprime_structured=dprime, visible=dprime >= 4,
        run_offset=0, run_count=len(runs),
    )  # fmt: skip
    return CalcificationTruth(replace(row, **cells), runs, mask.shape)


def finding(
    image_id: str, number: int, kind: str, cls: str, grains: list[CalcificationTruth], pathology: str = "benign",
    **cells: Any,
) -> FindingTruth:  # fmt: skip
    """A finding of those of the grains that are its own; its hull is its box."""
    members = [g for g in grains if g.row.finding_id == number]
    x0, y0 = (min(corner) for corner in zip(*(g.row.box_px[:2] for g in members), strict=True))
    x1 = max(g.row.box_x_px + g.row.box_w_px for g in members)
    y1 = max(g.row.box_y_px + g.row.box_h_px for g in members)
    row = blank(
        FindingRow,
        image_id=image_id, finding_id=number, kind=kind, cause=kind, descriptor=kind.replace("_", " "),
        distribution="grouped" if len(members) > 2 else "none", category=_CATEGORY.get(cls, "1"),
        class_=cls, pathology=pathology, n_calcifications=len(members), x_px=(x0 + x1 - 1) / 2,
        y_px=(y0 + y1 - 1) / 2, box_x_px=x0, box_y_px=y0, box_w_px=x1 - x0, box_h_px=y1 - y0,
        extent_mm=max(x1 - x0, y1 - y0) * SPACING,
    )  # fmt: skip
    corners = np.array([[x0, y0], [x1 - 1, y0], [x1 - 1, y1 - 1], [x0, y1 - 1]], float)
    return FindingTruth(replace(row, **cells), corners)


def cyst(image_id: str) -> ObjectTruth:
    return ObjectTruth(ObjectRow(
        image_id=image_id, object_id=0, finding_id=0, kind="cyst", x_mm=1.0, y_mm=2.0, z_mm=3.0,
        size_mm=9.0, box_x_px=40, box_y_px=110, box_w_px=60, box_h_px=80,
    ))  # fmt: skip


def image_row(
    image_id: str, shape: Shape, grains: list[CalcificationTruth], findings: list[FindingTruth], **cells: Any
) -> ImageRow:
    """The row of an image of this name, with these in it."""
    case, side, rest = image_id.split("-")
    name, _, variant = rest.partition("+")
    row = blank(
        ImageRow,
        image_id=image_id, case=int(case), woman_id=f"{int(case):012x}0000", source="grown", modality="MG",
        variant=variant, twin="", years_before=0, magnification=1.8 if variant == "mag1.8" else 1.0, patch=False,
        converter="a-Se", laterality=side, view=name, rows=shape[0], columns=shape[1], pixel_spacing_mm=SPACING,
        detector="toy", thickness_mm=50.0, density=0.2, birads_density="abcd"[int(case) % 4], age=55.0,
        angle_deg=0.0 if name == "CC" else 45.0, target_filter="W/Rh", tube_kv=28.0, mas=80.0,
        entrance_kerma_mgy=4.0, detector_kerma_ugy=94.0, mgd_mgy=1.2,
        class_=max(["normal", *(f.row.class_ for f in findings)], key=CLASSES.index),
        n_findings=len(findings), n_calcifications=len(grains),
    )  # fmt: skip
    return replace(row, **cells)


def view(
    image_id: str, grains: list[CalcificationTruth], findings: list[FindingTruth], shape: Shape, **more: Any
) -> ViewImage:
    """An image whose breast is half an ellipse, with bright grains; right ones are mirrored."""
    case, side, rest = image_id.split("-")
    v, u = np.mgrid[: shape[0], : shape[1]]
    breast = (u / (0.85 * shape[1])) ** 2 + ((v - shape[0] / 2) / (0.48 * shape[0])) ** 2 < 1
    rng = np.random.default_rng([int(case), len(rest), ord(side)])
    pixels = np.where(breast, np.clip(1400 + 60 * rng.standard_normal(shape), 1, 4095), 0)
    for g in grains:
        pixels[g.mask] += 800.0
    if side == "R":
        pixels, breast = pixels[:, ::-1], breast[:, ::-1]
        grains = [
            grain(image_id, g.row.calcification_id, g.row.finding_id, g.row.kind, g.mask[:, ::-1], g.dprime)
            for g in grains
        ]
        findings = [
            finding(image_id, f.row.finding_id, f.row.kind, f.row.class_, grains, f.row.pathology)
            for f in findings
        ]
    row = image_row(image_id, shape, grains, findings, **more)
    pixels = np.minimum(pixels, 4095)
    raw = (3000 - pixels / 2).astype(np.uint16)
    return ViewImage(
        image_id, row, pixels.astype(np.uint16), raw, breast, tuple(findings), tuple(grains), (), 1700.0, 2200.0
    )
