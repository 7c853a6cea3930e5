"""What is finer than strands: noise drawn out along the fabric's direction (line-integral convolution, Cabral 1993)."""

from __future__ import annotations

import numpy as np

from phantom.arrays import F32, Array
from phantom.compiled import compiled


@compiled
def draw_out(
    noise: F32, at: Array, stride: int, dx: F32, dy: F32, every: int, steps: int, strength: F32, out: F32
) -> None:
    """Add to `out` the mean of tiled noise along a field of directions, times `strength`.

    Parameters
    ----------
    noise : (side, side) float32
        The tile; its side is a power of two.
    at : (2,) int
        Which of its points lies under the first.
    stride : int
        Its points from one of the lattice's to the next.
    dx, dy : (rows / every + 2, columns / every + 2) float32
        The direction at every so many points, of unit length.
    every, steps : int
        `steps`: how many of the tile's points each line goes to either side, with weights that fall linearly.
        Unit variance is kept where the noise is white.
    strength, out : (rows, columns) float32
    """
    wrap = noise.shape[0] - 1  # sides are powers of two
    norm = np.float32(0)
    for s in range(-steps, steps + 1):
        w = np.float32(1) - np.float32(abs(s)) / np.float32(steps + 1)
        norm += w * w
    norm = np.float32(1) / np.float32(np.sqrt(norm))
    per = np.float32(1) / np.float32(every)
    for r in range(out.shape[0]):
        i = r // every
        fr = np.float32(r - i * every) * per
        for c in range(out.shape[1]):
            much = strength[r, c]
            if much <= np.float32(0):
                continue
            j = c // every
            fc = np.float32(c - j * every) * per
            ex = (1 - fr) * ((1 - fc) * dx[i, j] + fc * dx[i, j + 1]) + fr * (
                (1 - fc) * dx[i + 1, j] + fc * dx[i + 1, j + 1]
            )
            ey = (1 - fr) * ((1 - fc) * dy[i, j] + fc * dy[i, j + 1]) + fr * (
                (1 - fc) * dy[i + 1, j] + fc * dy[i + 1, j + 1]
            )
            # one step a point along the steeper axis, between two points along the other
            total = np.float32(0)
            if abs(ex) >= abs(ey):
                slope = ey / ex if ex != np.float32(0) else np.float32(0)
                for s in range(-steps, steps + 1):
                    w = np.float32(1) - np.float32(abs(s)) / np.float32(steps + 1)
                    place = slope * np.float32(s)
                    whole = int(np.floor(place))
                    part = place - np.float32(whole)
                    ti, tj = (r * stride + at[0] + whole) & wrap, (c * stride + at[1] + s) & wrap
                    total += w * ((np.float32(1) - part) * noise[ti, tj] + part * noise[(ti + 1) & wrap, tj])
            else:
                slope = ex / ey
                for s in range(-steps, steps + 1):
                    w = np.float32(1) - np.float32(abs(s)) / np.float32(steps + 1)
                    place = slope * np.float32(s)
                    whole = int(np.floor(place))
                    part = place - np.float32(whole)
                    ti, tj = (r * stride + at[0] + s) & wrap, (c * stride + at[1] + whole) & wrap
                    total += w * ((np.float32(1) - part) * noise[ti, tj] + part * noise[ti, (tj + 1) & wrap])
            out[r, c] += much * total * norm
