"""Contact sheets of a whole dataset as PNG: overviews of images, and close-ups of findings at full resolution."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from phantom.dataset.format.contact_sheet import IMAGES, contact_sheet
from phantom.dataset.format.files import clear_drafts, make_folder, replace
from phantom.exam.mammogram import Mammogram
from phantom.imaging import display_window
from phantom.viewer.page import Images

_NAME = re.compile(r"(sheet|close-ups)-\d{3,}\.png")
CLOSE_UP = 256  # pixels
_ACROSS, _DOWN, _CAPTION, _GAP = 4, 3, 18, 6


def sheets(images: Images, folder: Path) -> list[Path]:
    """Write ``sheet-000.png`` … of eight images each and ``close-ups-000.png`` … of twelve findings each.

    Raises
    ------
    PhantomError
        If the folder cannot be written.
    """
    make_folder(folder)
    clear_drafts(folder, lambda name: _NAME.fullmatch(name) is not None)
    written = []
    for number, first in enumerate(range(0, len(images), IMAGES)):
        some = (images[i] for i in range(first, min(first + IMAGES, len(images))))
        written.append(_put(folder / f"sheet-{number:03d}.png", contact_sheet(some)))
    tiles: list[tuple[str, Any]] = []
    number = 0
    for tile in _close_ups(images):
        tiles.append(tile)
        if len(tiles) == _ACROSS * _DOWN:
            written.append(_put(folder / f"close-ups-{number:03d}.png", _sheet(tiles)))
            tiles, number = [], number + 1
    if tiles:
        written.append(_put(folder / f"close-ups-{number:03d}.png", _sheet(tiles)))
    return written


def _put(path: Path, content: bytes) -> Path:
    replace(path, content)
    return path


def _close_ups(images: Images) -> Iterator[tuple[str, Any]]:
    """A caption and the window of pixels around the middle of each finding."""
    for i in range(len(images)):
        image = images[i]
        for finding in image.findings:
            row = finding.row
            caption = f"{image.image_id}  {row.kind}  {row.category}"
            yield caption, close_up(image, row.x_px, row.y_px)


def close_up(image: Mammogram, x_px: float, y_px: float) -> Any:
    """(256, 256) uint8: the image around a place, one pixel a pixel, through its window; black beyond its border."""
    pixels = image.for_presentation
    out = np.zeros((CLOSE_UP, CLOSE_UP), np.uint8)
    top, left = round(y_px) - CLOSE_UP // 2, round(x_px) - CLOSE_UP // 2
    row, column = max(top, 0), max(left, 0)
    part = pixels[row : max(top + CLOSE_UP, 0), column : max(left + CLOSE_UP, 0)].astype(np.float32)
    grey = display_window.eight_bits(part, *display_window.limits(image.window_center, image.window_width))
    out[row - top : row - top + grey.shape[0], column - left : column - left + grey.shape[1]] = grey
    return out


def _sheet(tiles: list[tuple[str, Any]]) -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    across, down = min(_ACROSS, len(tiles)), -(-len(tiles) // _ACROSS)
    cell = CLOSE_UP + _GAP, CLOSE_UP + _CAPTION + _GAP
    sheet = Image.new("L", (across * cell[0], down * cell[1]), 32)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for i, (caption, pixels) in enumerate(tiles):
        left, top = i % _ACROSS * cell[0], i // _ACROSS * cell[1]
        sheet.paste(Image.fromarray(pixels), (left, top))
        draw.text((left + 2, top + CLOSE_UP + 2), caption[:44], 220, font)
    out = io.BytesIO()
    sheet.save(out, "PNG", compress_level=6)
    return out.getvalue()
