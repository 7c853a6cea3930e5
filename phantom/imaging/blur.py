"""A separable filter of an image, in one pair of transforms, that joins no opposite borders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from phantom.imaging.arrays import F32

EDGE = 48  # pixels of padding on each side: a converter's blur is down to 1e-4 of an edge there


def padded(rows: int, columns: int) -> F32:
    """An empty image with room for the padding, of a size that transforms quickly; fill its corner, then `through`."""
    from scipy.fft import next_fast_len

    return np.empty((next_fast_len(rows + 2 * EDGE, True), next_fast_len(columns + 2 * EDGE, True)), np.float32)


def through(image: F32, rows: int, columns: int, pitch_mm: float, transfer: Callable[[Any], Any]) -> F32:
    """The corner of a `padded` image, filtered by transfer(f) along rows and columns, f in cycles/mm.

    `image` is not to be used again.
    """
    from scipy.fft import irfft2, rfft2

    _wrap(image, rows, columns)
    shape = image.shape
    spectrum = rfft2(image, workers=1, overwrite_x=True)
    del image
    spectrum *= np.asarray(transfer(np.fft.fftfreq(shape[0], pitch_mm)), np.float32)[:, None]
    spectrum *= np.asarray(transfer(np.fft.rfftfreq(shape[1], pitch_mm)), np.float32)
    out: F32 = irfft2(spectrum, s=shape, workers=1, overwrite_x=True)
    return out[:rows, :columns]


def _wrap(image: F32, rows: int, columns: int) -> None:
    """Continue the corner's edges into the padding, half from either side."""
    for axis, size in ((1, columns), (0, rows)):
        part = image[:rows] if axis == 1 else image.T
        middle = size + (part.shape[1] - size) // 2
        part[:, size:middle] = part[:, size - 1 : size]
        part[:, middle:] = part[:, :1]
