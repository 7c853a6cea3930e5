"""A mammogram as it is displayed, and which of its pixels may be measured: the same for both sides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phantom.arrays import F32, Bools
from phantom.errors import Unreadable
from phantom.imaging.quantities import block_mean
from phantom.insert.picture import Picture
from phantom.insert.segment import segment

_BORDER_MM = 1.5
_CROP_SHARE = 0.95


@dataclass(frozen=True, eq=False)
class Framed:
    """Grey levels, chest wall at the left.

    Attributes
    ----------
    image : (rows, columns) float32
        Shares of full scale, dense bright.
    breast : (rows, columns) bool
        One piece without holes, muscle included; all True in a crop from within a breast.
    usable : (rows, columns) bool
        The breast without markers, labels and the picture's border.
    pitch_mm : float
    """

    image: F32
    breast: Bools
    usable: Bools
    pitch_mm: float


def frame(picture: Picture) -> Framed:
    """Find what may be measured in a picture that hangs like a left breast.

    Raises
    ------
    Unreadable
        If no breast is found, and the picture is no crop from within one either.
    """
    image = picture.brightness()
    try:
        found = segment(picture)
    except Unreadable:
        if np.mean(image > 0.02) < _CROP_SHARE:
            raise
        breast = np.ones(image.shape, bool)
        usable = breast.copy()
    else:
        breast = found.whole(found.breast, image.shape)
        usable = breast & ~found.whole(found.labels | found.border, image.shape)
    inner = np.zeros(image.shape, bool)
    border = max(round(_BORDER_MM / picture.spacing_mm), 1)
    inner[border:-border, border:-border] = True
    return Framed(image, breast, usable & inner, picture.spacing_mm)


def coarser(framed: Framed, pitch_mm: float) -> Framed:
    """On whole numbers of pixels, of about the size asked for, averaged."""
    step = max(round(pitch_mm / framed.pitch_mm), 1)
    if step == 1:
        return framed
    image = block_mean(framed.image, step)
    # the middle of each cell, or the border's last pixel where the cell is cut
    row, column = (np.minimum(np.arange(n) * step + step // 2, size - 1)
                   for n, size in zip(image.shape, framed.image.shape, strict=True))  # fmt: skip
    breast, usable = (m[row[:, None], column] for m in (framed.breast, framed.usable))
    return Framed(image, breast, usable, framed.pitch_mm * step)


def woman_in(name: str) -> str:
    """What stands before the first underscore or hyphen of a file's name."""
    return Path(name).stem.replace("-", "_").split("_")[0]
