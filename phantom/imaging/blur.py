"""A separable filter of an image, by transforms of one axis at a time, that joins no opposite borders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from phantom.arrays import F32

EDGE = 48  # pixels of padding on each side: a converter's blur is down to 1e-4 of an edge there
ROWS = 32  # strips that stay in the processor's cache
_PAIRS = 32


def through(
    shape: tuple[int, int], fill: Callable[[int, int, F32], None], pitch_mm: float, transfer: Callable[[Any], Any]
) -> F32:
    """An image filtered by transfer(f) along rows and columns, f in cycles/mm; as it ends at a border, so it goes on.

    Parameters
    ----------
    shape : (int, int)
    fill : callable
        fill(start, stop, out) writes the image's rows start to stop - 1 into `out`; it is called in their order.
    pitch_mm : float
    transfer : callable
        Real and even: two columns are transformed as the parts of one complex column.

    Returns
    -------
    (rows, columns) float32
    """
    from scipy.fft import fft, ifft, irfft, next_fast_len, rfft

    rows, columns = shape
    image = np.zeros((rows, columns + columns % 2), np.float32)
    long = next_fast_len(columns + 2 * EDGE, True)
    share = np.repeat(np.asarray(transfer(np.fft.rfftfreq(long, pitch_mm)), np.float32), 2)
    strip = np.empty((ROWS, long), np.float32)
    for start in range(0, rows, ROWS):
        stop = min(start + ROWS, rows)
        part = strip[: stop - start]
        fill(start, stop, part[:, :columns])
        _continue(part.T, columns)
        spectrum = rfft(part, axis=1, workers=1)
        spectrum.view(np.float32)[...] *= share  # both parts by the same: a product of complex numbers takes longer
        image[start:stop, :columns] = irfft(spectrum, n=long, axis=1, workers=1, overwrite_x=True)[:, :columns]
    tall = next_fast_len(rows + 2 * EDGE)
    share = np.asarray(transfer(np.fft.fftfreq(tall, pitch_mm)), np.float32)[:, None]
    pairs = image.view(np.complex64)
    block = np.empty((tall, _PAIRS), np.complex64)
    for start in range(0, pairs.shape[1], _PAIRS):
        some = pairs[:, start : start + _PAIRS]
        part = block[:, : some.shape[1]]
        part[:rows] = some
        _continue(part, rows)
        spectrum = fft(part, axis=0, workers=1, overwrite_x=True)
        spectrum.view(np.float32)[...] *= share
        some[...] = ifft(spectrum, axis=0, workers=1, overwrite_x=True)[:rows]
    return image[:, :columns]


def _continue(image: Any, size: int) -> None:
    """Continue the first `size` rows into what follows, half from either side."""
    middle = size + (len(image) - size) // 2
    image[size:middle] = image[size - 1]
    image[middle:] = image[0]
