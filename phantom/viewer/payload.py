"""What the page loads of one image when it is opened: its truth, its pixels, its thumbnail."""

from __future__ import annotations

import base64
import io
import json
import zlib
from typing import Any

import numpy as np

from phantom import rle
from phantom.exam.mammogram import Mammogram
from phantom.imaging import display_window
from phantom.viewer.columns import GRAIN_COLUMNS, Table

THUMBNAIL_PX = 320
_QUALITY = 80


def to_json(value: Any) -> str:
    """JSON that may stand in a script element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # U+2028 and U+2029 end a line in older JavaScript, < may end the script
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def truth(image: Mammogram) -> dict[str, Any]:
    """Every grain's facts as columns, its outline as corners x, y, x, y, … and its mask as runs."""
    columns = image.row.columns
    table = Table(GRAIN_COLUMNS)
    outlines, masks = [], []
    for grain in image.calcifications:
        table.add(grain.row.as_dict())
        outlines.append([_tidy(number) for point in rle.outline(grain.runs, columns) for number in point])
        masks.append(np.asarray(grain.runs).ravel().tolist())
    hulls = [[_tidy(float(number)) for number in np.asarray(finding.hull_px).ravel()] for finding in image.findings]
    return {"grains": table.packed(), "outlines": outlines, "runs": masks, "hulls": hulls}


def _tidy(value: float) -> float | int:
    """A coordinate in half pixels, as short as it goes."""
    return int(value) if value == int(value) else round(float(value), 1)


def pixels(image: Mammogram) -> str:
    """The pixels: low bytes of all, then high ones, deflated, in base64."""
    values = np.ascontiguousarray(image.for_presentation, np.uint16)
    planes = (values & 255).astype(np.uint8).tobytes() + (values >> 8).astype(np.uint8).tobytes()
    return base64.b64encode(zlib.compress(planes, 1)).decode()


def breast_box(image: Mammogram) -> tuple[int, int, int, int]:
    """First column, first row, columns and rows of what is not black; of a black image, all of it."""
    values = image.for_presentation
    rows, columns = np.flatnonzero(values.any(axis=1)), np.flatnonzero(values.any(axis=0))
    if not len(rows):
        return 0, 0, values.shape[1], values.shape[0]
    x, y = int(columns[0]), int(rows[0])
    return x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y


def thumbnail(image: Mammogram, box: tuple[int, int, int, int]) -> bytes:
    """A JPEG of the breast of at most 320 pixels a side, each the mean of those it covers, through the image's
    window."""
    x, y, w, h = box
    values = np.asarray(image.for_presentation[y : y + h, x : x + w], np.float32)
    step = max(1, -(-max(values.shape) // THUMBNAIL_PX))
    rows, columns = (-(-side // step) * step for side in values.shape)
    padded = np.pad(values, ((0, rows - values.shape[0]), (0, columns - values.shape[1])), mode="edge")
    small = padded.reshape(rows // step, step, columns // step, step).mean(axis=(1, 3))
    return jpeg(small, *display_window.limits(image.window_center, image.window_width), _QUALITY)


def jpeg(values: Any, low: float, high: float, quality: int) -> bytes:
    """Values from `low` to `high` as greys from black to white."""
    from PIL import Image

    grey = display_window.eight_bits(values, low, high)
    out = io.BytesIO()
    Image.fromarray(grey).save(out, "JPEG", quality=quality)
    return out.getvalue()
