"""Where a view's field lies on the breast, and the part of it that is worth working on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.arrays import Bools
from phantom.geometry.compression import Compression
from phantom.geometry.grid import Grid

_MARGIN_MM = 12.0
_LOOK_MM = 1.0
_LOWEST = 0.82  # of a low field's height, from its top: the nipple is not let lie below


@dataclass(frozen=True)
class Frame:
    """A view's whole field and a window of it around the breast.

    Attributes
    ----------
    field : Grid
        Every pixel of the image.
    window : Grid
        The part that holds the breast and 12 mm around it.
    offset : (int, int)
        The window's first row and column in the field.
    """

    field: Grid
    window: Grid
    offset: tuple[int, int]

    def whole(self, mask: Bools) -> Bools:
        """A mask over the window as one over the whole field."""
        out = np.zeros(self.field.shape, bool)
        out[self.offset[0] : self.offset[0] + mask.shape[0], self.offset[1] : self.offset[1] + mask.shape[1]] = mask
        return out


def frame(breast: Breast, pressed: Compression, detector: Grid) -> Frame:
    """Lay a detector's field on a compressed breast.

    The chest wall is the left edge. In CC the breast lies about the middle, as far off it as it was laid; in MLO and
    ML the field begins as far above the nipple as it was laid, which leaves room for the axilla.
    """
    rows, columns = detector.shape
    top = _top_mm(breast, pressed, rows * detector.pitch_mm)
    half = 0.5 * detector.pitch_mm
    field = Grid(detector.shape, detector.pitch_mm, (half, top + half))
    factor = max(1, round(_LOOK_MM / detector.pitch_mm))
    coarse = field.binned(factor)
    inside = pressed.local_thickness(coarse.x_mm[None, :], coarse.y_mm[:, None]) > 0
    margin = round(_MARGIN_MM / detector.pitch_mm)
    first_row, last_row = _span(inside.any(axis=1), factor, margin, rows)
    _, last_column = _span(inside.any(axis=0), factor, margin, columns)
    window = field.window(first_row, 0, last_row - first_row, last_column)
    return Frame(field, window, (first_row, 0))


def _top_mm(breast: Breast, pressed: Compression, height_mm: float) -> float:
    """y of the field's upper edge."""
    if pressed.view.name != "CC":
        return max(pressed.top_mm, pressed.nipple_y_mm - _LOWEST * height_mm)
    angle = np.linspace(-np.pi / 2, np.pi / 2, pressed.outline_mm.size)
    y = pressed.outline_mm * np.sin(angle)
    room = max(0.5 * (height_mm - float(np.ptp(y))), 0.0)
    off = float(np.clip(breast.off_centre_mm, -room, room))
    return 0.5 * float(y.min() + y.max()) - 0.5 * height_mm - off


def _span(inside: Any, factor: int, margin: int, size: int) -> tuple[int, int]:
    """First pixel and the one after the last of what is inside, with the margin."""
    where = np.flatnonzero(inside)
    if not where.size:
        return 0, size
    return max(0, int(where[0]) * factor - margin), min(size, (int(where[-1]) + 1) * factor + margin)
