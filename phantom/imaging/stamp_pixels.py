"""The windows of many shadows end to end: one array of pixels for all, so that none needs a loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom import rle
from phantom.arrays import F32, Bools, Ints


@dataclass(frozen=True, eq=False)
class Windows:
    """The pixels of n windows end to end, each row by row.

    Attributes
    ----------
    shapes : list of (int, int)
        Rows and columns of each.
    first, end : (n,) int
        Where each begins and ends among the pixels.
    of, row, column : (pixels,) int
        Whose a pixel is, and where it lies in the grid.
    path_mm : (pixels,) float32
    """

    shapes: list[tuple[int, int]]
    first: Ints
    end: Ints
    of: Ints
    row: Ints
    column: Ints
    path_mm: F32

    @classmethod
    def around(cls, shadows: Sequence[Any]) -> Windows:
        """Those of some shadows or stamps (`row`, `column`, `path_mm`), at least one."""
        row, column, rows, columns = np.array(
            [(one.row, one.column, *one.path_mm.shape) for one in shadows], np.int64
        ).T
        end = np.cumsum(rows * columns)
        path = np.concatenate([one.path_mm.reshape(-1) for one in shadows])
        shapes = list(zip(rows.tolist(), columns.tolist(), strict=True))
        return cls(shapes, end - rows * columns, end, *rle.windows(row, column, rows, columns), path)

    def mask(self, coverage: F32) -> Bools:
        """(pixels,): those at least half covered; of a window that has none, the one with the longest path."""
        mask: Bools = coverage >= 0.5
        none = ~np.logical_or.reduceat(mask, self.first)
        if none.any():
            longest = np.maximum.reduceat(self.path_mm, self.first)
            best = np.flatnonzero(none[self.of] & (self.path_mm == longest[self.of]))
            mask[best[np.unique(self.of[best], return_index=True)[1]]] = True
        return mask
