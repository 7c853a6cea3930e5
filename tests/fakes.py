"""A case maker that costs next to nothing: small images with dots, whose truth is exact by construction."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from phantom.errors import UsageError
from phantom.exam.case import Case
from phantom.exam.mammogram import ViewImage
from phantom.exam.truth import CalcificationTruth, FindingTruth, ObjectTruth
from phantom.recipe.seed import Seed
from phantom.rle import box, from_pixels
from phantom.tables import CalcificationRow, FindingRow, ImageRow, ObjectRow, R, attribute, columns

_BLANK = {"U": "", "f": 0.0, "i": 0, "u": 0, "?": False}


def blank(row: type[R], **cells: Any) -> R:
    """A row of these cells; what is not given is 0 or empty."""
    known = {attribute(name): _BLANK[column.dtype[0]] for name, column in columns(row).items()}
    return row(**{**known, **cells})


@dataclass(frozen=True)
class FakeRecipe:
    """Stands for a preset: a name, and what it resolves to."""

    name: str = "fake"
    description: str = "dots on a half disc"
    dots: int = 12
    rows: int = 300
    columns: int = 200
    raw: bool = False
    slow_s: float = 0.0
    trouble: str = ""

    def resolved(self) -> dict[str, Any]:
        return {
            "name": self.name, "description": self.description, "exam": {"keep_for_processing": self.raw},
            "fake": {"dots": self.dots, "rows": self.rows, "columns": self.columns, "raw": self.raw,
                     "slow_s": self.slow_s, "trouble": self.trouble},
        }  # fmt: skip

    def changed(self, sets: Sequence[str]) -> FakeRecipe:
        out = self
        for change in sets:
            key, _, value = change.partition("=")
            if key != "fake.dots" or int(value) > 99:
                raise UsageError(f"fake: 1 problem\n  {change}: not in this recipe")
            out = replace(out, dots=int(value))
        return out


def simulate(preset: FakeRecipe, seed: int = 0, index: int = 0) -> Case:
    """Two views of a half disc with `dots` dots each; some overlap, some cases have none."""
    root = Seed(seed).child("case", preset.name, index)
    time.sleep(preset.slow_s)
    _trouble(preset.trouble, index)
    side = "LR"[int(root.child("side").rng().integers(2))]
    dots = 0 if index % 5 == 4 else preset.dots
    views = tuple(_view(preset, root, index, side, name, dots) for name in ("CC", "MLO"))
    return Case(index, views, {"recipe": preset.resolved(), "seed": {"root": seed, "path": list(root.path)}})


def woman(root: Seed) -> str:
    """A hash of the case's place in the tree of seeds, and of the anatomy, which all have."""
    return hashlib.sha256(repr(root).encode()).hexdigest()[:12] + "0000"


def _trouble(trouble: str, index: int) -> None:
    """``kill:7`` dies in case 7, ``kill-once:7:/path`` only if the path is not there yet, ``raise:7`` fails."""
    kind, _, rest = trouble.partition(":")
    at, _, path = rest.partition(":")
    if not kind or int(at) != index:
        return
    if kind == "raise":
        raise ValueError("the table was too small")
    if kind == "kill-once":
        if Path(path).exists():
            return
        Path(path).touch()
    os.kill(os.getpid(), signal.SIGKILL)


def _view(preset: FakeRecipe, root: Seed, index: int, side: str, name: str, dots: int) -> ViewImage:
    shape = preset.rows, preset.columns
    rng = root.child(name).rng()
    y, x = np.mgrid[: shape[0], : shape[1]]
    mask = (x / (0.9 * shape[1])) ** 2 + ((y - shape[0] / 2) / (0.45 * shape[0])) ** 2 < 1
    noise = rng.standard_normal(shape, dtype=np.float32)
    raw = np.clip(1000 + 30 * noise, 0, 16383).astype(np.uint16)
    shown = np.where(mask, np.clip(1500 + 100 * noise, 1, 3000), 0).astype(np.uint16)
    image_id = f"{index:06d}-{side}-{name}"
    grains = tuple(_dot(shape, rng, image_id, number) for number in range(dots))
    for grain in grains:
        shown[grain.mask] = 4000
    findings = (_finding(image_id, grains),) if grains else ()
    objects = (_object(image_id),) if grains and index % 2 else ()
    row = ImageRow(
        image_id=image_id, case=index, woman_id=woman(root), source="grown", modality="MG",
        variant="", twin="", years_before=0, magnification=1.0, patch=False, laterality=side,
        view=name, rows=shape[0], columns=shape[1], pixel_spacing_mm=0.28,
        detector="fake", converter="CsI", thickness_mm=50.0,
        density=float(rng.uniform(0.05, 0.4)), birads_density="b", age=55.0, angle_deg=0.0,
        target_filter="W/Rh", tube_kv=28.0, mas=80.0, entrance_kerma_mgy=4.0, detector_kerma_ugy=94.0,
        mgd_mgy=1.2, calcium_mg=0.5 * len(grains), class_="benign" if grains else "normal",
        n_findings=len(findings), n_calcifications=len(grains),
    )  # fmt: skip
    return ViewImage(image_id, row, shown, raw, mask, findings, grains, objects, 2048.0, 4096.0)


def _dot(shape: tuple[int, int], rng: np.random.Generator, image_id: str, number: int) -> CalcificationTruth:
    row, column = shape[0] // 2 + int(rng.integers(-25, 25)), int(rng.integers(30, 80))
    size = int(rng.integers(1, 6))
    rows, columns = np.mgrid[row : row + size, column : column + size]
    runs = from_pixels((rows * shape[1] + columns).ravel())
    x, y, w, h = box(runs, shape[1])
    row_of_dot = CalcificationRow(
        image_id=image_id, finding_id=0, calcification_id=number, kind="round",
        material="calcium_oxalate",
        x_px=column + (size - 1) / 2, y_px=row + (size - 1) / 2, z_mm=20.0, box_x_px=x, box_y_px=y,
        box_w_px=w, box_h_px=h, area_mm2=(0.28 * size) ** 2, diameter_mm=0.28 * size * 2**0.5,
        extent_mm=0.28 * size * 2**0.5, mass_mg=0.5, dprime_structured=4.5,
        thickness_mm=0.3, contrast=float(rng.uniform(0.05, 0.3)), sdnr=3.0, dprime=5.0, visible=True,
    )  # fmt: skip
    return CalcificationTruth(row_of_dot, runs, shape)


def _finding(image_id: str, grains: tuple[CalcificationTruth, ...]) -> FindingTruth:
    boxes = np.array([list(g.row.box_px) for g in grains])
    x0, y0 = boxes[:, 0].min(), boxes[:, 1].min()
    x1, y1 = (boxes[:, 0] + boxes[:, 2]).max(), (boxes[:, 1] + boxes[:, 3]).max()
    row = FindingRow(
        image_id=image_id, finding_id=0, kind="round", cause="fibrocystic change", descriptor="round",
        distribution="grouped", category="2", class_="benign", pathology="benign",
        n_calcifications=len(grains), x_px=(x0 + x1 - 1) / 2, y_px=(y0 + y1 - 1) / 2, box_x_px=int(x0),
        box_y_px=int(y0), box_w_px=int(x1 - x0), box_h_px=int(y1 - y0), extent_mm=8.0,
        hull_area_mm2=30.0, calcium_mg=0.5 * len(grains), length_mm=0.0, calcified_share=0.0, dprime=9.0,
        n_visible=len(grains),
    )  # fmt: skip
    hull = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], float)
    return FindingTruth(row, hull)


def _object(image_id: str) -> ObjectTruth:
    return ObjectTruth(ObjectRow(
        image_id=image_id, object_id=0, finding_id=0, kind="cyst", x_mm=1.0, y_mm=2.0, z_mm=3.0,
        size_mm=9.0, box_x_px=40, box_y_px=110, box_w_px=60, box_h_px=80,
    ))  # fmt: skip


def tells_threads(preset: FakeRecipe, seed: int, index: int) -> Case:
    """Fails unless this process was told to use one thread before NumPy came."""
    threads = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    if set(threads.values()) != {"1"}:
        raise ValueError(f"threads: {threads}")
    return simulate(preset, seed, index)
