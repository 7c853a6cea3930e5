"""The contact sheet: a dataset's first images with their findings outlined, as one small PNG."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.arrays import U8
from phantom.exam.mammogram import Mammogram
from phantom.imaging import display_window
from phantom.tables import FindingRow

IMAGES = 8
ACROSS = 4
TILE = (416, 320)  # rows, columns
CAPTION = 16
GREYS = 48
COLOURS = {"suspicious": (255, 80, 60), "benign": (90, 200, 255), "artefact": (255, 200, 0)}


def contact_sheet(images: Iterable[Mammogram]) -> bytes:
    """A PNG of up to eight images, four in a row, their findings outlined by class; the same images, the same bytes.

    Colours: suspicious red, benign blue, artefacts yellow. A palette of 48 greys keeps it small.
    One image at a time is held in memory.
    """
    from PIL import Image, ImageDraw, ImageFont

    tiles = [_tile(image) for image in itertools.islice(images, IMAGES)]
    across = max(1, min(ACROSS, len(tiles)))
    down = max(1, -(-len(tiles) // across))
    cell = TILE[0] + CAPTION, TILE[1]
    canvas = np.zeros((down * cell[0], across * cell[1]), np.uint8)
    corners = [(number // across * cell[0], number % across * cell[1]) for number in range(len(tiles))]
    for tile, (top, left) in zip(tiles, corners, strict=True):
        canvas[top : top + tile.pixels.shape[0], left : left + tile.pixels.shape[1]] = tile.pixels
    sheet = Image.frombytes("P", canvas.shape[::-1], canvas.tobytes())
    sheet.putpalette(_palette())
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(12)
    for tile, (top, left) in zip(tiles, corners, strict=True):
        draw.text((left + 2, top + TILE[0]), tile.caption, GREYS - 8, font)
        for row in tile.findings:
            _outline(draw, row, top, left, tile.factor)
    out = io.BytesIO()
    sheet.save(out, "PNG", optimize=True)
    return out.getvalue()


@dataclass(frozen=True, eq=False)
class _Tile:
    """An image averaged down, with what is drawn on it and written below it."""

    pixels: U8
    factor: int
    caption: str
    findings: list[FindingRow]


def _tile(image: Mammogram) -> _Tile:
    pixels, factor = _small(image)
    caption = f"{image.image_id}  {image.row.class_}"
    return _Tile(pixels, factor, caption, [finding.row for finding in image.findings])


def _small(image: Mammogram) -> tuple[U8, int]:
    """The image windowed and averaged down to fit a tile, as palette indices, and the factor."""
    pixels = image.for_presentation
    factor = max(1, -(-pixels.shape[0] // TILE[0]), -(-pixels.shape[1] // TILE[1]))
    rows, columns = pixels.shape[0] // factor, pixels.shape[1] // factor
    blocks = pixels[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor)
    mean = blocks.sum(axis=(1, 3), dtype=np.int64) / factor**2
    limits = display_window.limits(image.window_center, image.window_width)
    shade = display_window.shades(mean, *limits) * (GREYS - 1)
    return np.round(shade).astype(np.uint8), factor


def _outline(draw: Any, row: FindingRow, top: int, left: int, factor: int) -> None:
    """A box a little outside the finding's own."""
    colour = GREYS + list(COLOURS).index(row.class_) if row.class_ in COLOURS else GREYS - 1
    x0, y0 = row.box_x_px // factor - 3, row.box_y_px // factor - 3
    x1 = (row.box_x_px + row.box_w_px) // factor + 3
    y1 = (row.box_y_px + row.box_h_px) // factor + 3
    box = max(x0, 0) + left, max(y0, 0) + top, min(x1, TILE[1] - 1) + left, min(y1, TILE[0] - 1) + top
    draw.rectangle(box, outline=colour)


def _palette() -> list[int]:
    greys = [round(i * 255 / (GREYS - 1)) for i in range(GREYS)]
    return [value for grey in greys for value in (grey,) * 3] + [value for rgb in COLOURS.values() for value in rgb]
