"""The contact sheet: a dataset's first images with their findings outlined, as one small PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from phantom.image import U16
from phantom.truth import FindingTruth

IMAGES = 8
ACROSS = 4
TILE = (416, 320)  # rows, columns
CAPTION = 16
GREYS = 48
COLOURS = {"suspicious": (255, 80, 60), "benign": (90, 200, 255), "artefact": (255, 200, 0)}


class Shown(Protocol):
    """What the sheet needs of an image: a stored one or one just made."""

    image_id: str
    row: dict[str, Any]

    @property
    def for_presentation(self) -> U16:
        """(rows, columns) uint16."""
        ...

    @property
    def findings(self) -> tuple[FindingTruth, ...]:
        """What to outline."""
        ...

    @property
    def window_center(self) -> float:
        """The middle of the window."""
        ...

    @property
    def window_width(self) -> float:
        """The width of the window."""
        ...


def contact_sheet(images: Sequence[Shown]) -> bytes:
    """A PNG of up to eight images, four in a row, their findings outlined by class; the same images, the same bytes.

    Colours: suspicious red, benign blue, artefacts yellow. A palette of 48 greys keeps it small.
    """
    from PIL import Image, ImageDraw, ImageFont

    shown = images[:IMAGES]
    across = max(1, min(ACROSS, len(shown)))
    down = max(1, -(-len(shown) // across))
    cell = TILE[0] + CAPTION, TILE[1]
    canvas = np.zeros((down * cell[0], across * cell[1]), np.uint8)
    placed = []
    for number, image in enumerate(shown):
        top, left = number // across * cell[0], number % across * cell[1]
        small, factor = _small(image)
        canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
        placed.append((image, top, left, factor))
    sheet = Image.frombytes("P", canvas.shape[::-1], canvas.tobytes())
    sheet.putpalette(_palette())
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(12)
    for image, top, left, factor in placed:
        draw.text((left + 2, top + TILE[0]), f"{image.image_id}  {image.row['class']}", GREYS - 8, font)
        for finding in image.findings:
            _outline(draw, finding.row, top, left, factor)
    out = io.BytesIO()
    sheet.save(out, "PNG", optimize=True)
    return out.getvalue()


def _small(image: Shown) -> tuple[np.ndarray[Any, np.dtype[np.uint8]], int]:
    """The image windowed and averaged down to fit a tile, as palette indices, and the factor."""
    pixels = image.for_presentation
    factor = max(1, -(-pixels.shape[0] // TILE[0]), -(-pixels.shape[1] // TILE[1]))
    rows, columns = pixels.shape[0] // factor, pixels.shape[1] // factor
    blocks = pixels[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor)
    mean = blocks.sum(axis=(1, 3), dtype=np.int64) / factor**2
    low = image.window_center - image.window_width / 2
    shade = np.clip((mean - low) / max(image.window_width, 1.0), 0, 1) * (GREYS - 1)
    return np.round(shade).astype(np.uint8), factor


def _outline(draw: Any, row: dict[str, Any], top: int, left: int, factor: int) -> None:
    """A box a little outside the finding's own."""
    colour = GREYS + list(COLOURS).index(row["class"]) if row["class"] in COLOURS else GREYS - 1
    x0, y0 = row["box_x_px"] // factor - 3, row["box_y_px"] // factor - 3
    x1 = (row["box_x_px"] + row["box_w_px"]) // factor + 3
    y1 = (row["box_y_px"] + row["box_h_px"]) // factor + 3
    box = max(x0, 0) + left, max(y0, 0) + top, min(x1, TILE[1] - 1) + left, min(y1, TILE[0] - 1) + top
    draw.rectangle(box, outline=colour)


def _palette() -> list[int]:
    greys = [round(i * 255 / (GREYS - 1)) for i in range(GREYS)]
    return [value for grey in greys for value in (grey,) * 3] + [value for rgb in COLOURS.values() for value in rgb]
