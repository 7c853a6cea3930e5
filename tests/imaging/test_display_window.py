"""The display window against the standard's own words."""

from __future__ import annotations

import numpy as np
import pytest

from phantom.imaging import display_window


@pytest.mark.parametrize(("center", "width"), [(2048, 4096), (2048.5, 1000), (0, 100), (300, 1)])
def test_the_standards_pseudo_code_gives_the_same(center, width):
    """PS3.3 C.11.2.1.2.1, for an output from 0 to 255."""
    x = np.arange(-50, 4096, 7, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        line = ((x - (center - 0.5)) / (width - 1) + 0.5) * 255
    expected = np.where(
        x <= center - 0.5 - (width - 1) / 2, 0, np.where(x > center - 0.5 + (width - 1) / 2, 255, line)
    )
    limits = display_window.limits(center, width)
    assert np.array_equal(display_window.eight_bits(x, *limits), np.rint(expected))
