"""Boxes and classes of what is annotated in a tile, for formats that know no more."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from phantom import rle
from phantom.arrays import Array
from phantom.exam.mammogram import Mammogram
from phantom.formats._tiles import Tile, box_in, grains_in
from phantom.tables import CalcificationRow, FindingRow

BOX_CLASSES = ("benign", "suspicious", "artefact")
# Where classes overlap in a semantic label map, the graver one shows.
_RISING = ("artefact", "benign", "suspicious")


class Box(NamedTuple):
    """First column and row, columns and rows within the tile, and what it holds."""

    x: int
    y: int
    w: int
    h: int
    label: str
    row: FindingRow | CalcificationRow


def boxes(part: Tile, image: Mammogram, level: str) -> list[Box]:
    """The boxes of a tile's calcifications or findings."""
    if level == "finding":
        found = [(box_in(part, finding.row), finding.row) for finding in image.findings]
        return [Box(*box, row.class_, row) for box, row in found if box is not None]
    labels = class_of(image)
    return [
        Box(*rle.box(runs, part.columns), labels[grain.row.finding_id], grain.row)
        for grain, runs in grains_in(part, image)
    ]


def class_of(image: Mammogram) -> dict[int, str]:
    """The class of each finding by its id."""
    return {finding.row.finding_id: finding.row.class_ for finding in image.findings}


def semantic_labels(part: Tile, image: Mammogram) -> Array:
    """(rows, columns) uint8: 0 background, 1 benign, 2 suspicious, 3 artefact."""
    out = np.zeros(part.rows * part.columns, np.uint8)
    labels, grains = class_of(image), list(grains_in(part, image))
    for name in _RISING:
        for grain, runs in grains:
            if labels[grain.row.finding_id] == name:
                out[rle.pixels(runs)] = BOX_CLASSES.index(name) + 1
    return out.reshape(part.rows, part.columns)
