"""Tiles of an image: overlapping squares, so that small things stay as large as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from phantom import rle
from phantom.arrays import Array, Runs
from phantom.exam.mammogram import Mammogram
from phantom.exam.truth import CalcificationTruth
from phantom.tables import BoxedRow


class Tile(NamedTuple):
    """A window of an image; the whole image is a tile too, with an empty suffix."""

    name: str
    row: int
    column: int
    rows: int
    columns: int

    def cut(self, pixels: Any) -> Any:
        """The tile's part of the image's pixels."""
        return pixels[self.row : self.row + self.rows, self.column : self.column + self.columns]


def whole(image_id: str, shape: tuple[int, int]) -> Tile:
    """The image as one tile."""
    return Tile(image_id, 0, 0, *shape)


def starts(size: int, tile: int, overlap: int) -> list[int]:
    """Where tiles start along one side; the last one ends where the image does."""
    if size <= tile:
        return [0]
    return [*range(0, size - tile, tile - overlap), size - tile]


def tiles(image_id: str, shape: tuple[int, int], tile: int, overlap: int) -> list[Tile]:
    """The tiles of an image (`tile` 0: the whole image), named ``<image_id>_x<column>_y<row>``."""
    if not tile:
        return [whole(image_id, shape)]
    size = min(tile, shape[0]), min(tile, shape[1])
    return [
        Tile(f"{image_id}_x{column}_y{row}", row, column, *size)
        for row in starts(shape[0], tile, overlap)
        for column in starts(shape[1], tile, overlap)
    ]


def grains_in(part: Tile, image: Mammogram) -> Iterator[tuple[CalcificationTruth, Runs]]:
    """Each calcification of which something lies in the tile, with its runs there."""
    shape = image.row.rows, image.row.columns
    if (part.rows, part.columns) == shape:
        yield from ((grain, grain.runs) for grain in image.calcifications)
        return
    for grain in image.calcifications:
        x, y, w, h = grain.row.box_px
        apart = (
            x >= part.column + part.columns or y >= part.row + part.rows or x + w <= part.column or y + h <= part.row
        )
        if not apart:
            clipped = rle.clip(grain.runs, shape, part.row, part.column, (part.rows, part.columns))
            if len(clipped):
                yield grain, clipped


def box_in(part: Tile, row: BoxedRow) -> tuple[int, int, int, int] | None:
    """A row's box within the tile, (first column, first row, columns, rows), clipped to it; None outside."""
    x, y, w, h = row.box_px
    x0, y0 = max(x, part.column), max(y, part.row)
    x1, y1 = min(x + w, part.column + part.columns), min(y + h, part.row + part.rows)
    return (x0 - part.column, y0 - part.row, x1 - x0, y1 - y0) if x1 > x0 and y1 > y0 else None


def instance_labels(part: Tile, image: Mammogram) -> Array:
    """(rows, columns) uint16: number of the calcification in the tile (from 1), 0 for none; the later one wins."""
    out = np.zeros(part.rows * part.columns, np.uint16)
    for number, (_, runs) in enumerate(grains_in(part, image), start=1):
        out[rle.pixels(runs)] = number
    return out.reshape(part.rows, part.columns)
