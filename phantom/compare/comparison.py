"""A comparison as a whole: both sides measured, the table, what tells them apart, and the controls."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phantom.arrays import F64
from phantom.compare import network as networks
from phantom.compare.features import COARSE, FINE, SCALES
from phantom.compare.measure import Measured, measure_all
from phantom.compare.sides import entries, spread
from phantom.compare.table import ROWS, Row
from phantom.compare.tell import Separation, each_against_the_others, tell
from phantom.errors import UsageError

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Side:
    """One side, measured; what was left out of it, each with the reason."""

    place: str
    images: tuple[Measured, ...]
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def women(self) -> tuple[str, ...]:
        """Each once, in order."""
        return tuple(dict.fromkeys(m.woman for m in self.images))

    @property
    def patches(self) -> int:
        """How many."""
        return sum(len(m.stored) for m in self.images)

    def by_woman(self, key: str) -> F64:
        """A number's mean over each woman's images that show it; women without it are left out."""
        means = []
        for woman in self.women:
            values = [m.numbers.get(key, math.nan) for m in self.images if m.woman == woman]
            seen = [v for v in values if math.isfinite(v)]
            if seen:
                means.append(float(np.mean(seen)))
        return np.array(means)

    def spread_of(self, key: str) -> float:
        """Standard deviation over images."""
        values = [v for m in self.images if math.isfinite(v := m.numbers.get(key, math.nan))]
        return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


@dataclass(frozen=True)
class Line:
    """A line of the table: mean and range over women, and the distance in standard deviations of reference images."""

    row: Row
    reference: tuple[float, float, float]
    dataset: tuple[float, float, float]
    z: float

    @property
    def outside(self) -> bool:
        """Whether the dataset's mean lies beyond every woman of the reference; never where those are all equal."""
        return math.isfinite(self.z) and not self.reference[1] <= self.dataset[0] <= self.reference[2]


@dataclass(frozen=True, eq=False)
class Comparison:
    """A dataset held against a reference.

    Attributes
    ----------
    dataset, reference : Side
    by : str
        ``woman``, or ``image`` where a side has only one woman: what is left out together.
    lines : tuple of Line
    separation, images_unseen : dict of Separation
        By scale, women unseen and images unseen; positive is the dataset.
    controls : dict of (reference, dataset)
        By scale: each woman against the others of her side.
    network : dict of Separation
        By scale; empty unless asked for.
    """

    dataset: Side
    reference: Side
    by: str
    lines: tuple[Line, ...]
    separation: dict[str, Separation]
    images_unseen: dict[str, Separation]
    controls: dict[str, tuple[Separation, Separation]]
    network: dict[str, Separation]

    @property
    def worst(self) -> float:
        """The largest AUC of hand-made features, with the spectrum as it is."""
        return max(self.separation[FINE].auc, self.separation[COARSE].auc)


def compare(
    dataset: Path,
    reference: Path,
    *,
    spacing_mm: float | None = None,
    most_images: int = 200,
    most_patches: int = 32,
    network: bool = False,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Compare a dataset, or a folder of images, with another.

    Parameters
    ----------
    dataset, reference
        A dataset; or a folder of DICOM, PNG or TIFF files, or a CSV that names them.
    spacing_mm
        Side of a pixel of PNG and TIFF files.
    most_images, most_patches
        Of a side, and of an image.

    Raises
    ------
    UsageError
        If a side has nothing that can be used, or too little to compare, or scikit-learn (or torch) is absent.
    """
    sides = [entries(place, spacing_mm) for place in (dataset, reference)]
    chosen = [list(spread(found, most_images)) for found in sides]
    total, hands = sum(map(len, chosen)), workers or os.cpu_count() or 1
    measured: list[Side] = []
    before = 0
    for place, part in zip((dataset, reference), chosen, strict=True):
        images, refused = [], []
        for number, one in enumerate(measure_all(part, most_patches, hands), start=before + 1):
            if isinstance(one, Measured):
                images.append(one)
            else:
                refused.append(one)
            if progress is not None:
                progress(number, total)
        before += len(part)
        measured.append(_side(place, images, refused))
    return of_sides(measured[0], measured[1], network=network, seed=seed)


def _side(place: Path, images: Sequence[Measured], refused: Sequence[tuple[str, str]]) -> Side:
    if not images:
        text = "\n".join(f"  {name}: {why}" for name, why in refused[:20])
        raise UsageError(f"{place}: no image can be used\n{text}")
    return Side(str(place), tuple(images), tuple(refused))


def of_sides(dataset: Side, reference: Side, *, network: bool = False, seed: int = 0) -> Comparison:
    """Compare two sides that are measured.

    Raises
    ------
    UsageError
    """
    by = "woman" if len(dataset.women) > 1 and len(reference.women) > 1 else "image"
    for side in (dataset, reference):
        if len({m.name for m in side.images}) < 2:
            raise UsageError(f"{side.place}: one image cannot be compared: at least two are needed, better four women")
    ref, data = reference.images, dataset.images
    return Comparison(
        dataset,
        reference,
        by,
        tuple(line for row in ROWS if (line := _line(row, dataset, reference)) is not None),
        {scale: tell(ref, data, scale, by) for scale in SCALES},
        {scale: tell(ref, data, scale, "image") for scale in SCALES},
        {s: (each_against_the_others(ref, s), each_against_the_others(data, s)) for s in (FINE, COARSE)},
        {scale: networks.tell(ref, data, scale, seed) for scale in (FINE, COARSE)} if network else {},
    )


def _line(row: Row, dataset: Side, reference: Side) -> Line | None:
    there, given = reference.by_woman(row.key), dataset.by_woman(row.key)
    if not len(there) or not len(given):
        return None
    spans = [(float(v.mean()), float(v.min()), float(v.max())) for v in (there, given)]
    sd = reference.spread_of(row.key)
    return Line(row, spans[0], spans[1], (spans[1][0] - spans[0][0]) / sd if sd > 0 else math.nan)
