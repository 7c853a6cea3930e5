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

from fakes.truth import cyst, finding, grain, image_row
from phantom.errors import UsageError
from phantom.exam.case import Case
from phantom.exam.mammogram import ViewImage
from phantom.exam.truth import CalcificationTruth, FindingTruth
from phantom.recipe.seed import Seed

_SPACING = 0.28


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
    grains = [_dot(shape, rng, image_id, number) for number in range(dots)]
    for one in grains:
        shown[one.mask] = 4000
    findings = [_group(image_id, grains)] if grains else []
    objects = (cyst(image_id),) if grains and index % 2 else ()
    row = image_row(
        image_id, shape, grains, findings, woman_id=woman(root), pixel_spacing_mm=_SPACING, detector="fake",
        converter="CsI", density=float(rng.uniform(0.05, 0.4)), birads_density="b", angle_deg=0.0,
        calcium_mg=0.5 * len(grains),
    )  # fmt: skip
    return ViewImage(image_id, row, shown, raw, mask, tuple(findings), tuple(grains), objects, 2048.0, 4096.0)


def _dot(shape: tuple[int, int], rng: np.random.Generator, image_id: str, number: int) -> CalcificationTruth:
    """A square of 1 to 5 pixels' side."""
    row, column = shape[0] // 2 + int(rng.integers(-25, 25)), int(rng.integers(30, 80))
    size = int(rng.integers(1, 6))
    mask = np.zeros(shape, bool)
    mask[row : row + size, column : column + size] = True
    across = _SPACING * size * 2**0.5
    return grain(
        image_id, number, 0, "round", mask, 5.0, area_mm2=(_SPACING * size) ** 2, diameter_mm=across,
        extent_mm=across, mass_mg=0.5, dprime_structured=4.5, thickness_mm=0.3,
        contrast=float(rng.uniform(0.05, 0.3)), sdnr=3.0,
    )  # fmt: skip


def _group(image_id: str, grains: list[CalcificationTruth]) -> FindingTruth:
    return finding(
        image_id, 0, "round", "benign", grains, cause="fibrocystic change", distribution="grouped", extent_mm=8.0,
        hull_area_mm2=30.0, calcium_mg=0.5 * len(grains), dprime=9.0, n_visible=len(grains),
    )  # fmt: skip


def tells_threads(preset: FakeRecipe, seed: int, index: int) -> Case:
    """Fails unless this process was told to use one thread before NumPy came."""
    threads = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    if set(threads.values()) != {"1"}:
        raise ValueError(f"threads: {threads}")
    return simulate(preset, seed, index)
