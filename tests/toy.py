"""Small images with everything an export or a scorer may stumble over, exact by construction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from fakes import blank

from phantom import rle
from phantom.exam.case import Case
from phantom.exam.mammogram import ViewImage
from phantom.exam.truth import CalcificationTruth, FindingTruth
from phantom.scoring.lesions import ImageTruth, Target, is_target
from phantom.scoring.marks import Marks, Raw, check
from phantom.tables import CalcificationRow, FindingRow, ImageRow, rows_of

SPACING = 0.1


def disc(x: float, y: float, radius: float, shape: tuple[int, int]) -> np.ndarray:
    v, u = np.mgrid[: shape[0], : shape[1]]
    return (u - x) ** 2 + (v - y) ** 2 <= radius**2


def ring(x: float, y: float, outer: float, inner: float, shape: tuple[int, int]) -> np.ndarray:
    return disc(x, y, outer, shape) & ~disc(x, y, inner, shape)


def grain(
    image_id: str, number: int, finding: int, kind: str, mask: np.ndarray, dprime: float = 10.0
) -> CalcificationTruth:
    runs = rle.from_pixels(np.flatnonzero(mask))
    x0, y0, w, h = rle.box(runs, mask.shape[1])
    y, x = np.nonzero(mask)
    row = blank(
        CalcificationRow, image_id=image_id, finding_id=finding, calcification_id=number, kind=kind,
        material="calcium_oxalate",
        x_px=float(x.mean()), y_px=float(y.mean()), z_mm=20.0, box_x_px=x0, box_y_px=y0, box_w_px=w,
        box_h_px=h, area_mm2=mask.sum() * SPACING**2, diameter_mm=max(w, h) * SPACING, thickness_mm=0.2,
        contrast=0.1, sdnr=dprime / 4, dprime=dprime, dprime_structured=dprime, visible=dprime >= 4,
        run_offset=0, run_count=len(runs),
    )  # fmt: skip
    return CalcificationTruth(row, runs, mask.shape)


def finding(
    image_id: str, number: int, kind: str, cls: str, grains: list[CalcificationTruth], pathology: str = "benign"
) -> FindingTruth:
    members = [g for g in grains if g.row.finding_id == number]
    x0, y0 = (min(corner) for corner in zip(*(g.row.box_px[:2] for g in members), strict=True))
    x1 = max(g.row.box_x_px + g.row.box_w_px for g in members)
    y1 = max(g.row.box_y_px + g.row.box_h_px for g in members)
    row = blank(
        FindingRow, image_id=image_id, finding_id=number, kind=kind, cause=kind, descriptor=kind.replace("_", " "),
        distribution="grouped" if len(members) > 2 else "none",
        category={"suspicious": "4B", "benign": "2"}.get(cls, "1"),
        class_=cls, pathology=pathology, n_calcifications=len(members), x_px=(x0 + x1 - 1) / 2,
        y_px=(y0 + y1 - 1) / 2,
        box_x_px=x0, box_y_px=y0, box_w_px=x1 - x0, box_h_px=y1 - y0, extent_mm=max(x1 - x0,
        y1 - y0) * SPACING,
    )  # fmt: skip
    corners = np.array([[x0, y0], [x1 - 1, y0], [x1 - 1, y1 - 1], [x0, y1 - 1]], float)
    return FindingTruth(row, corners)


def view(
    image_id: str, grains: list[CalcificationTruth], findings: list[FindingTruth], shape: tuple[int, int], **more: Any
) -> ViewImage:
    case, side, rest = image_id.split("-")
    name, _, variant = rest.partition("+")
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
    order = ("normal", "artefact", "benign", "suspicious")
    row = blank(
        ImageRow, image_id=image_id, case=int(case), woman_id=f"{int(case):012x}0000", source="grown",
        modality="MG", variant=variant, twin="", years_before=0,
        magnification=1.8 if variant == "mag1.8" else 1.0, patch=False, converter="a-Se",
        laterality=side, view=name, rows=shape[0],
        columns=shape[1], pixel_spacing_mm=SPACING, detector="toy", thickness_mm=50.0, density=0.2,
        birads_density="abcd"[int(case) % 4], age=55.0, angle_deg=0.0 if name == "CC" else 45.0,
        target_filter="W/Rh",
        tube_kv=28.0, mas=80.0, entrance_kerma_mgy=4.0, detector_kerma_ugy=94.0, mgd_mgy=1.2,
        class_=max(["normal", *(f.row.class_ for f in findings)], key=order.index),
        n_findings=len(findings), n_calcifications=len(grains), **more,
    )  # fmt: skip
    pixels = np.minimum(pixels, 4095)
    raw = (3000 - pixels / 2).astype(np.uint16)
    return ViewImage(
        image_id, row, pixels.astype(np.uint16), raw, breast, tuple(findings), tuple(grains), (), 1700.0, 2200.0
    )


def rich(image_id: str, shape: tuple[int, int] = (260, 200), shift: int = 0) -> ViewImage:
    """A suspicious group with an overlap and a faint grain, a vessel's chain, a ring, a speck on the skin line,
    residue."""
    places = [(70, 100), (76, 104), (84, 98), (90, 110), (79, 116), (73, 111)]
    grains = [
        grain(image_id, i, 0, "fine_pleomorphic", disc(x + shift, y, 1.5, shape)) for i, (x, y) in enumerate(places)
    ]
    grains.append(grain(image_id, 6, 0, "fine_pleomorphic", disc(71 + shift, 101, 1.5, shape)))  # over the first
    grains.append(grain(image_id, 7, 0, "fine_pleomorphic", disc(95 + shift, 100, 0.5, shape), dprime=0.4))
    chain = [(40, 160), (52, 163), (64, 166)]
    grains += [grain(image_id, 8 + i, 1, "vascular", disc(x + shift, y, 2.5, shape)) for i, (x, y) in enumerate(chain)]
    grains.append(grain(image_id, 11, 2, "rim", ring(60 + shift, 60, 14, 11, shape), dprime=60.0))
    grains.append(grain(image_id, 12, 3, "residue", disc(120 + shift, 130, 1.0, shape)))
    findings = [
        finding(image_id, 0, "fine_pleomorphic", "suspicious", grains, "malignant"),
        finding(image_id, 1, "vascular", "benign", grains),
        finding(image_id, 2, "rim", "benign", grains),
        finding(image_id, 3, "residue", "artefact", grains, "none"),
    ]
    return view(image_id, grains, findings, shape)


def crowd(image_id: str, count: int, shape: tuple[int, int] = (260, 200)) -> ViewImage:
    """`count` grains of one diffuse finding; many touch or overlap."""
    rng = np.random.default_rng(5)
    grains = [
        grain(image_id, i, 0, "round", disc(*rng.uniform((20, 70), (110, 190)), rng.uniform(0.75, 2.0), shape))
        for i in range(count)
    ]
    return view(image_id, grains, [finding(image_id, 0, "round", "benign", grains)], shape)


def cases(many: int = 60) -> list[Case]:
    """A clean case, a rich left one, a rich right one, a crowd with a magnification view."""
    shape = (260, 200)
    return [
        Case(0, tuple(view(f"000000-L-{name}", [], [], shape) for name in ("CC", "MLO")), {}),
        Case(1, (rich("000001-L-CC"), rich("000001-L-MLO", shift=8)), {}),
        Case(2, (rich("000002-R-CC"), rich("000002-R-MLO", shift=5)), {}),
        Case(3, (crowd("000003-L-CC", many), rich("000003-L-CC+mag1.8", (220, 240))), {}),
    ]


def views(many: int = 60) -> list[ViewImage]:
    return [image for case in cases(many) for image in case.views]


class Recipe:
    """Stands for a preset."""

    name = "toy"

    def resolved(self) -> dict[str, Any]:
        return {"name": "toy", "description": "small images", "exam": {"keep_for_processing": True}}


def make(preset: Recipe, seed: int, index: int) -> Case:
    return replace(cases()[index], scene={"recipe": preset.resolved()})


def write(folder: Any) -> Any:
    """The cases as a dataset on disk, opened."""
    import phantom
    from phantom.dataset.running.run import RunOptions, generate

    generate(Recipe(), seed=0, cases=4, out=folder, options=RunOptions(workers=1, make=make))
    return phantom.open(folder)


def of_truth(images: Sequence[ImageTruth], target: Target = "calcification", score: float = 1.0) -> Marks:
    """The truth as a perfect detector would give it: a mark a calcification and a box a finding."""
    raw = []
    for truth in images:
        wanted = rows_of(FindingRow, truth.findings[is_target(truth.findings, target)])
        ids = {finding.finding_id for finding in wanted}
        for grain_row in rows_of(CalcificationRow, truth.calcifications):
            if grain_row.finding_id in ids:
                raw.append(Raw("truth", truth.image_id, grain_row.x_px, grain_row.y_px, score, grain_row.box_px))
        for one in wanted:
            raw.append(Raw("truth", truth.image_id, one.x_px, one.y_px, score, one.box_px, region=True))
    return check(raw, images, "the truth")
