"""A filtered image again after a change in few places, from what it was before: elsewhere the very same numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from phantom.arrays import F32

REACH = 48  # pixels, along rows and columns, that a change is followed for: a converter's blur is down to 1e-4 there
_TILE = 208  # pixels on a side; with what it reaches on both sides, a quick size to transform


def refiltered(before: F32, change: F32, pitch_mm: float, transfer: Callable[[Any], Any]) -> F32:
    """The filtered image after `change` has been added to what was filtered.

    Parameters
    ----------
    before : (rows, columns) float32
        The filtered image before it.
    change : (rows, columns) float32
        Of what goes into the filter; 0 in most places. Beyond the image's border it goes on as it ends there.
    pitch_mm : float
    transfer : callable
        Of the filter, along rows and columns alike; f in cycles/mm.

    Returns
    -------
    (rows, columns) float32; more than `REACH` pixels from any change, bit for bit that of `before`.
    """
    from scipy.fft import irfft2, rfft2

    rows, columns = change.shape
    out, side = before.copy(), _TILE + 2 * REACH
    down = np.asarray(transfer(np.fft.fftfreq(side, pitch_mm)), np.float32)[:, None]
    along = np.asarray(transfer(np.fft.rfftfreq(side, pitch_mm)), np.float32)
    for top in range(-REACH, rows + REACH, _TILE):
        for left in range(-REACH, columns + REACH, _TILE):
            part = _part(change, top, left)
            if not part.any():
                continue
            tile = np.zeros((side, side), np.float32)
            tile[REACH : REACH + part.shape[0], REACH : REACH + part.shape[1]] = part
            spectrum = rfft2(tile, workers=1)
            spectrum *= down
            spectrum *= along
            tile = irfft2(spectrum, s=(side, side), workers=1)
            # of the tile, and of what lies as far again around it, some is beyond the image
            rows_from, columns_from = (max(0, REACH - first) for first in (top, left))
            at = (
                slice(top - REACH + rows_from, top - REACH + side),
                slice(left - REACH + columns_from, left - REACH + side),
            )
            around = tuple(slice(max(0, one.start - REACH), one.stop + REACH) for one in at)
            height, width = out[at].shape
            down_to, along_to = (one.start - wide.start for one, wide in zip(at, around, strict=True))
            reached = near(change[around] != 0)[down_to : down_to + height, along_to : along_to + width]
            out[at] += tile[rows_from : rows_from + height, columns_from : columns_from + width] * reached
    return out


def _part(change: F32, top: int, left: int) -> F32:
    """A tile of the change, continued beyond the border as it ends there, for as far as it is followed."""
    bottom, right = (
        min(first + _TILE, size + REACH) for first, size in ((top, change.shape[0]), (left, change.shape[1]))
    )
    row, column = (np.clip(np.arange(*ends), 0, size - 1) for ends, size in
                   (((top, bottom), change.shape[0]), ((left, right), change.shape[1])))  # fmt: skip
    inner = change[row[0] : row[-1] + 1, column[0] : column[-1] + 1]
    return np.asarray(inner.take(row - row[0], axis=0).take(column - column[0], axis=1)) if inner.any() else inner[:0]


def near(places: Any) -> Any:
    """(rows, columns) bool: what lies within `REACH` pixels, along rows and columns, of a place that is true."""
    from scipy.ndimage import maximum_filter1d

    found = np.asarray(places).view(np.uint8)
    for axis in (0, 1):
        found = maximum_filter1d(found, 2 * REACH + 1, axis, mode="constant")
    return found.view(bool)
