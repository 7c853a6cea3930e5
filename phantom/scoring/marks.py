"""A detector's marks: where it points in which image, and how sure it is."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from phantom.arrays import Array
from phantom.errors import UsageError
from phantom.scoring.lesions import ImageTruth

MARK = np.dtype(
    [
        ("image", "i4"),
        ("x_px", "f8"),
        ("y_px", "f8"),
        ("score", "f8"),
        ("box", "f8", (4,)),
        ("label", "U32"),
        ("region", "?"),
    ]
)
_SHOWN = 5
_BLOCK = 1 << 16


class Raw(NamedTuple):
    """One mark as a file gives it; ``where`` names it in messages.

    x and y are in pixels, whole numbers at pixels' centres; the box is (first column, first row,
    columns, rows) or None; ``region`` says that it is meant for a whole finding, not for one grain.
    """

    where: str
    image_id: str
    x_px: float
    y_px: float
    score: float
    box: tuple[float, float, float, float] | None = None
    label: str = ""
    region: bool = False


@dataclass(frozen=True, eq=False)
class Marks:
    """Marks that have passed the checks.

    Attributes
    ----------
    rows : structured array
        `MARK`: index of the image, place, score, box (NaN where there is none), label, region.
    source : str
        Where they come from.
    notes : tuple of str
        What the reader of a report should know about them.
    """

    rows: Array
    source: str
    notes: tuple[str, ...] = ()

    @property
    def regions(self) -> Array:
        """The marks meant for whole findings."""
        return np.asarray(self.rows[self.rows["region"]])

    @property
    def grains(self) -> Array:
        """The marks meant for single calcifications."""
        return np.asarray(self.rows[~self.rows["region"]])


def check(raw: Iterable[Raw], images: Sequence[ImageTruth], source: str, notes: tuple[str, ...] = ()) -> Marks:
    """Marks from what a file says, or a refusal that lists what is wrong with it.

    Raises
    ------
    UsageError
        Unknown images, numbers that are not finite, boxes of negative size, places outside the image.
    """
    index = {truth.image_id: i for i, truth in enumerate(images)}
    problems: list[str] = []
    count = 0
    rows: list[tuple[object, ...]] = []
    tables = [np.zeros(0, MARK)]
    for mark in raw:
        image = index.get(mark.image_id)
        problem = "unknown" if image is None else _problem(mark, images[image].shape)
        if problem:
            count += 1
            if len(problems) < _SHOWN:
                reason = _unknown(mark.image_id, index) if image is None else problem
                problems.append(f"  {mark.where}: {reason}")
            continue
        box = mark.box if mark.box is not None else (math.nan,) * 4
        if count:
            continue  # nothing will be made of it
        rows.append((image, mark.x_px, mark.y_px, mark.score, box, mark.label[:32], mark.region))
        if len(rows) == _BLOCK:  # which take less memory as an array
            tables.append(np.array(rows, MARK))
            rows.clear()
    if count:
        more = [f"  … and {count - _SHOWN} more"] if count > _SHOWN else []
        what = "1 problem" if count == 1 else f"{count} problems"
        raise UsageError("\n".join([f"{source}: {what}", *problems, *more]))
    table = np.concatenate([*tables, np.array(rows, MARK)])
    absent = len(images) - len(np.unique(table["image"]))
    if absent:
        notes = (*notes, f"{absent} of {len(images)} images have no mark: they count as images without marks")
    return Marks(table, source, notes)


def _unknown(image_id: str, index: dict[str, int]) -> str:
    near = difflib.get_close_matches(image_id, index, n=1, cutoff=0.7) if len(index) < 5000 else []
    hint = f"; did you mean '{near[0]}'?" if near else f"; the dataset's ids look like '{next(iter(index))}'"
    return f"image '{image_id[:60]}' is not in the dataset{hint}"


def _problem(mark: Raw, shape: tuple[int, int]) -> str:
    numbers = (mark.x_px, mark.y_px, mark.score, *(mark.box or ()))
    if not all(math.isfinite(number) for number in numbers):
        return "a number is not finite"
    if mark.box is not None and (mark.box[2] < 0 or mark.box[3] < 0):
        return f"a box of negative size, {mark.box[2]:g} x {mark.box[3]:g}"
    if not (-0.5 <= mark.x_px <= shape[1] - 0.5 and -0.5 <= mark.y_px <= shape[0] - 0.5):
        return f"({mark.x_px:g}, {mark.y_px:g}) lies outside its image of {shape[1]} columns and {shape[0]} rows"
    return ""
