"""Pixels for readers that know 8 or 16 bits, and PNG files made of them."""

from __future__ import annotations

import io
import math

import numpy as np

from phantom.arrays import Array
from phantom.errors import UsageError
from phantom.exam.mammogram import Mammogram
from phantom.imaging import display_window

TOP = 4095  # grown images for presentation have 12 bits; pictures with something put into them have their own


def window_of(asked: str, center: float, width: float, largest: int = TOP) -> tuple[float, float]:
    """Lowest and highest value of a window: ``image`` (the image's own), ``full`` or ``center,width``.

    Raises
    ------
    UsageError
        If it is none of them.
    """
    if asked == "full":
        return 0.0, float(largest)
    if asked != "image":
        try:
            center, width = (float(part) for part in asked.split(","))
        except ValueError:
            raise UsageError(f"--window must be image, full or center,width, not '{asked}'") from None
        if not (math.isfinite(center) and math.isfinite(width) and width >= 1):
            raise UsageError(f"--window: a width of at least 1 and a finite center, not '{asked}'")
    return display_window.limits(center, width)


def eight_bits(pixels: Array, low: float, high: float, largest: int = TOP) -> Array:
    """Values up to `largest` as uint8: black at `low`, white at `high`."""
    table = display_window.eight_bits(np.arange(largest + 1), low, high)  # each value once
    return np.asarray(table[np.minimum(pixels, largest)])


def sixteen_bits(pixels: Array, largest: int = TOP) -> Array:
    """Values spread over the full uint16 range: 0 to 0, `largest` to 65535; of 12 bits ``>> 4`` gives them back."""
    if largest == TOP:
        return np.asarray((pixels << 4) | (pixels >> 8), np.uint16)
    return np.asarray(pixels.astype(np.uint32) * 65535 // largest, np.uint16)


def shown(image: Mammogram, bits: int, window: str) -> Array:
    """An image's pixels for presentation, for a reader that knows this many bits."""
    largest = image.row.largest
    if bits == 16:
        return sixteen_bits(image.for_presentation, largest)
    low, high = window_of(window, image.window_center, image.window_width, largest)
    return eight_bits(image.for_presentation, low, high, largest)


def png(pixels: Array) -> bytes:
    """A PNG file of uint8 or uint16 pixels; the same pixels give the same bytes."""
    from PIL import Image

    out = io.BytesIO()
    # Level 1 compresses noise as well as 9 does, at a third of the time.
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, "PNG", compress_level=1)
    return out.getvalue()
