"""What is far brighter than tissue: large calcifications keep their own texture, and nothing is flat white."""

from __future__ import annotations

import numpy as np

from phantom.arrays import F32
from phantom.imaging.pyramid import halved
from phantom.imaging.quantities import Coarse

# Brightness: the opposite of what goes into the sigmoid. The numbers are estimates, judged by eye.
KNEE = np.float32(1.5)  # from here on it is compressed, 0.82 of full scale: tissue seldom is brighter
BRIGHTEST = 1.5  # what is brighter raises its surroundings' contrast no more: no dark halo about a calcification
_ROOM = np.float32(0.4)  # a level e beyond the knee is shown as room ln(1 + e / room)
_ALIKE_MM = 0.7  # what is even over so much is the level, and what is finer keeps its contrast
_FAINT = np.float32(0.2)  # what is hardly beyond the knee counts for less in it
_TOP = np.float32(2.7)  # from here on, 0.94 of full scale, the sigmoid never quite ends


class Highlights:
    """How far the picture about each pixel lies beyond the knee: what compresses it there.

    The level about a pixel is the mean over what is beyond the knee, so nothing beside a calcification changes.

    Parameters
    ----------
    excess : (rows, columns) float32
        Brightness beyond the knee at half the resolution, 0 where there is none.
    cell_mm : float
        Side of its pixels.
    shape : (int, int)
        Of the picture.
    """

    def __init__(self, excess: F32, cell_mm: float, shape: tuple[int, int]) -> None:
        few = halved(excess)
        self._level = Coarse(_level(few, 2 * cell_mm), 4, shape) if few.any() else None

    def compress(self, value: F32, start: int) -> None:
        """Compress some rows of what goes into the sigmoid, (rows, columns) from row `start` on, in place.

        The level is shown by its logarithm; what is brighter than that keeps its contrast, and what is darker goes down
        smoothly to the knee.
        """
        if not value.size or value.min() >= -KNEE:
            return
        flat = value.reshape(-1)
        at = np.flatnonzero(flat < -KNEE)
        beyond = -flat[at] - KNEE
        if self._level is not None:
            rows, columns = value.shape
            level = np.maximum(self._level[start : start + rows, :columns].reshape(-1)[at], np.float32(1e-3))
            shown = _ROOM * np.log1p(level / _ROOM)
            beyond = shown * np.minimum(beyond / level, 1) ** (level / shown) + np.maximum(beyond - level, 0)
        most = _TOP - KNEE
        flat[at] = -KNEE - np.minimum(beyond, most) - np.log1p(np.maximum(beyond - most, 0))


def _level(excess: F32, cell_mm: float) -> F32:
    """The mean excess about each cell over the cells that have one."""
    from scipy.ndimage import gaussian_filter

    weight, sigma = excess / (excess + _FAINT), _ALIKE_MM / cell_mm
    held = gaussian_filter(weight, sigma, truncate=2.5)
    means = gaussian_filter(weight * excess, sigma, truncate=2.5) / np.maximum(held, np.float32(1e-6))
    return np.asarray(means, np.float32)
