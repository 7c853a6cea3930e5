"""What is wrong with a detector, the same in every image: the fixed pattern and the dead pixels."""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import Any

import numpy as np

from phantom.arrays import U16
from phantom.recipe.seed import Seed

PATTERN_SD = 32
_ROWS = 32


@lru_cache(maxsize=4)  # a sweep over detectors does not keep them all
def fixed_pattern(name: str, shape: tuple[int, int]) -> Any:
    """What the gain map leaves: (rows, columns) int8, `PATTERN_SD` to a standard deviation."""
    rng = _seed(name).child("pattern").rng()
    out = np.empty(shape, np.int8)
    for start in range(0, shape[0], _ROWS):
        part = out[start : start + _ROWS]
        part[...] = np.clip(np.rint(rng.standard_normal(part.shape, np.float32) * np.float32(PATTERN_SD)), -127, 127)
    return out


@lru_cache(maxsize=4)  # a sweep over detectors does not keep them all
def dead_pixels(name: str, shape: tuple[int, int], share: float) -> tuple[Any, Any]:
    """Rows and columns of the dead pixels."""
    rng = _seed(name).child("dead").rng()
    count = round(share * shape[0] * shape[1])
    return rng.integers(0, shape[0], count), rng.integers(0, shape[1], count)


def repair(pixels: U16, row: Any, column: Any) -> None:
    """Give dead pixels the mean of their four neighbours, in place; those at the border or outside are left."""
    rows, columns = pixels.shape
    inside = (row > 0) & (row < rows - 1) & (column > 0) & (column < columns - 1)
    row, column = row[inside], column[inside]
    near = [pixels[row + dr, column + dc].astype(np.uint32) for dr, dc in ((-1, 0), (1, 0), (0, -1), (0, 1))]
    pixels[row, column] = (near[0] + near[1] + near[2] + near[3] + 2) // 4


def _seed(name: str) -> Seed:
    return Seed(zlib.crc32(name.encode()), ("detector",))
