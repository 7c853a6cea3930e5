"""Images at half the resolution: the steps of a pyramid; `phantom.geometry.interpolate.enlarged` goes back."""

from __future__ import annotations

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
