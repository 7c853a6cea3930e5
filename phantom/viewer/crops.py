"""Small pictures about findings and false marks, for the page's lists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phantom.exam.mammogram import Mammogram
from phantom.viewer.detector import FATES, Detector
from phantom.viewer.payload import jpeg

CROP_PX = 160
# a detector may make thousands of false marks in an image; the surest are looked at
MOST_FALSE = 6
_QUALITY = 85
LEAST_WINDOW = 0.122  # of the scale


def crop(image: Mammogram, x_px: float, y_px: float, side_px: float) -> bytes:
    """A JPEG of 160 x 160 pixels about a place: one to one, or the mean of several where more must fit into it."""
    step = max(1, int(np.ceil(side_px / CROP_PX)))
    side = CROP_PX * step
    pixels = image.for_presentation
    rows, columns = pixels.shape
    left, top = round(x_px) - side // 2, round(y_px) - side // 2
    # a place near the border is not in the middle: the window stays within the image, where that is large enough
    left, top = max(min(left, columns - side), 0), max(min(top, rows - side), 0)
    cut = np.asarray(pixels[top : top + side, left : left + side], np.float32)
    whole = np.zeros((side, side), np.float32)
    whole[: cut.shape[0], : cut.shape[1]] = cut
    small = whole.reshape(CROP_PX, step, CROP_PX, step).mean(axis=(1, 3))
    # a faint grain shows through a window as narrow as what is around it
    inside = small[small > 0]
    low, high = (float(v) for v in np.quantile(inside, (0.01, 0.999))) if inside.size else (0.0, 1.0)
    return jpeg(small, low, max(high, low + LEAST_WINDOW * image.row.largest), _QUALITY)


def of_findings(image: Mammogram) -> list[bytes]:
    """A picture of each finding, a little wider than its box."""
    return [
        crop(image, f.row.x_px, f.row.y_px, 1.2 * max(f.row.box_w_px, f.row.box_h_px))
        for f in image.findings
    ]  # fmt: skip


def surest_false(detector: Detector, number: int) -> list[int]:
    """The marks, by their place in the detector's table, of the surest false ones of image `number`."""
    first, last = np.searchsorted(detector.marks["image"], [number, number + 1])
    rows = detector.marks[first:last]
    false = np.flatnonzero(rows["fate"] == FATES.index("false"))
    order = false[np.argsort(-rows["score"][false], kind="stable")][:MOST_FALSE]
    return [int(first + i) for i in order]


def of_marks(image: Mammogram, detector: Detector, marks: Sequence[int]) -> list[bytes]:
    """A picture about each of these marks, of one with a box a little wider than that."""
    rows = detector.marks[list(marks)]
    sides = 1.2 * np.nan_to_num(rows["box"][:, 2:]).max(axis=1, initial=CROP_PX / 1.2)
    return [crop(image, float(row["x_px"]), float(row["y_px"]), side) for row, side in zip(rows, sides, strict=True)]
