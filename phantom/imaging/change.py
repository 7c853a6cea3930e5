"""A filtered image again after a change in few places, from what it was before: elsewhere the very same numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from phantom.imaging.arrays import F32

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

    wide = np.pad(change, REACH, mode="edge")
    added = np.zeros((wide.shape[0] + 2 * REACH, wide.shape[1] + 2 * REACH), np.float32)
    side = _TILE + 2 * REACH
    down = np.asarray(transfer(np.fft.fftfreq(side, pitch_mm)), np.float32)[:, None]
    along = np.asarray(transfer(np.fft.rfftfreq(side, pitch_mm)), np.float32)
    for top in range(0, wide.shape[0], _TILE):
        for left in range(0, wide.shape[1], _TILE):
            part = wide[top : top + _TILE, left : left + _TILE]
            if not part.any():
                continue
            tile = np.zeros((side, side), np.float32)
            tile[REACH : REACH + part.shape[0], REACH : REACH + part.shape[1]] = part
            spectrum = rfft2(tile, workers=1)
            spectrum *= down
            spectrum *= along
            to = added[top : top + side, left : left + side]
            to += irfft2(spectrum, s=(side, side), workers=1)[: to.shape[0], : to.shape[1]]
    rows, columns = change.shape
    inner = slice(2 * REACH, 2 * REACH + rows), slice(2 * REACH, 2 * REACH + columns)
    return np.asarray(np.where(near(change != 0), before + added[inner], before), np.float32)


def near(places: Any) -> Any:
    """(rows, columns) bool: what lies within `REACH` pixels, along rows and columns, of a place that is true."""
    for axis in (0, 1):
        counts = np.cumsum(places, axis=axis, dtype=np.int32)
        size = places.shape[axis]
        last = np.minimum(np.arange(size) + REACH, size - 1)
        first = np.arange(size) - REACH - 1
        upto = counts.take(last, axis)
        before = np.where(np.expand_dims(first >= 0, 1 - axis), counts.take(np.maximum(first, 0), axis), 0)
        places = upto > before
    return places
