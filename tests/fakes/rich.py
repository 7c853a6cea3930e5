"""Small images with everything an export or a scorer may stumble over, exact by construction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fakes.cases import FakeRecipe
from fakes.truth import disc, finding, grain, ring, view
from phantom.exam.case import Case
from phantom.exam.mammogram import ViewImage
from phantom.scoring.lesions import ImageTruth, Target, is_target
from phantom.scoring.marks import Marks, Raw, check
from phantom.tables import CalcificationRow, FindingRow, rows_of


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


def rich_cases(many: int = 60) -> list[Case]:
    """A clean case, a rich left one, a rich right one, a crowd with a magnification view."""
    shape = (260, 200)
    return [
        Case(0, tuple(view(f"000000-L-{name}", [], [], shape) for name in ("CC", "MLO")), {}),
        Case(1, (rich("000001-L-CC"), rich("000001-L-MLO", shift=8)), {}),
        Case(2, (rich("000002-R-CC"), rich("000002-R-MLO", shift=5)), {}),
        Case(3, (crowd("000003-L-CC", many), rich("000003-L-CC+mag1.8", (220, 240))), {}),
    ]


def rich_views(many: int = 60) -> list[ViewImage]:
    return [image for case in rich_cases(many) for image in case.views]


RICH = FakeRecipe("rich", "small images", raw=True)


def make_rich(preset: FakeRecipe, seed: int, index: int) -> Case:
    return replace(rich_cases()[index], scene={"recipe": preset.resolved()})


def write_rich(folder: Any) -> Any:
    """The cases as a dataset on disk, opened."""
    import phantom
    from phantom.dataset.running.run import RunOptions, generate

    generate(RICH, seed=0, cases=4, out=folder, options=RunOptions(workers=1, make=make_rich))
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
