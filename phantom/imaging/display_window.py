"""DICOM's window: which values an eye sees as black, grey and white (PS3.3 C.11.2.1.2.1, linear)."""

from __future__ import annotations

from typing import Any

import numpy as np

from phantom.arrays import U8, Floats


def limits(center: float, width: float) -> tuple[float, float]:
    """The highest value that is shown black and the lowest that is shown white."""
    return center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2


def shades(pixels: Any, low: float, high: float) -> Floats:
    """Values as shades from 0, black at `low`, to 1, white at `high`."""
    return np.asarray(np.clip((np.asarray(pixels) - low) / max(high - low, 1e-9), 0.0, 1.0))


def eight_bits(pixels: Any, low: float, high: float) -> U8:
    """Values as uint8: 0 at `low`, 255 at `high`."""
    return np.asarray(np.rint(255.0 * shades(pixels, low, high)), np.uint8)
