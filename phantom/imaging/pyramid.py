"""Images at half the resolution and back: the steps of a pyramid."""

from __future__ import annotations

from typing import Any

import numpy as np

from phantom.arrays import F32

_ROWS = 32  # a strip that stays in the processor's cache


def halved(image: F32) -> F32:
    """Means of 2 x 2 pixels; an odd last row or column counts twice."""
    rows, columns = image.shape
    out = np.empty((-(-rows // 2), -(-columns // 2)), np.float32)
    for i in range(0, len(out), _ROWS):
        pair = image[2 * i : 2 * (i + _ROWS)]
        low = pair[1::2] if len(pair) % 2 == 0 else np.concatenate([pair[1::2], pair[-1:]])
        tall, to = pair[0::2] + low, out[i : i + _ROWS]
        tall *= np.float32(0.25)
        np.add(tall[:, 0 : columns - 1 : 2], tall[:, 1::2], out=to[:, : columns // 2])
        if columns % 2:
            np.multiply(tall[:, -1], 2, out=to[:, -1])
    return out


class Doubled:
    """An image at twice the resolution, interpolated bilinearly, whole or in strips of rows.

    Parameters
    ----------
    image : (rows, columns) float32
        As `halved` gave it.
    shape : (int, int)
        Of the larger image.
    """

    def __init__(self, image: F32, shape: tuple[int, int]) -> None:
        self.shape = shape
        wide = np.empty((image.shape[0], 2 * image.shape[1]), np.float32)
        for i in range(0, len(wide), _ROWS):
            _between(image[i : i + _ROWS], wide[i : i + _ROWS], np.s_[:, :-1], np.s_[:, 1:], (np.s_[:, 0::2], np.s_[:,
            1::2]))
        self._wide = wide[:, : shape[1]]

    def rows(self, start: int, stop: int, end: int | None = None) -> F32:
        """Rows start (an even number) to stop - 1, the columns before `end`: (stop - start, columns) float32."""
        first, last = start // 2, -(-stop // 2)
        lo, hi = max(first - 1, 0), min(last + 1, len(self._wide))
        part = self._wide[lo:hi, :end]
        out = np.empty((2 * len(part), part.shape[1]), np.float32)
        _between(part, out, np.s_[:-1], np.s_[1:], (np.s_[0::2], np.s_[1::2]))
        return out[start - 2 * lo : stop - 2 * lo]


def _between(image: F32, out: F32, early: Any, late: Any, halves: tuple[Any, Any]) -> None:
    """Three quarters of the nearer pixel and one of the farther, along one axis, edges repeated."""
    quarter = image * np.float32(0.25)
    near = image - quarter
    low, high = out[halves[0]], out[halves[1]]
    np.add(near[late], quarter[early], out=low[late])
    np.add(near[early], quarter[late], out=high[early])
    axis = 1 if isinstance(early, tuple) else 0
    for part, end in ((low, 0), (high, -1)):
        edge = (slice(None), end) if axis else (end,)
        part[edge] = image[edge]
