"""The masks of all calcifications of an image at once: their runs end to end, and what is counted from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from phantom import rle
from phantom.arrays import U16, Ints
from phantom.errors import DatasetError
from phantom.tables import Table

MAX_MASK = 1 << 22  # pixels of one calcification


@dataclass(frozen=True, eq=False)
class Masks:
    """Masks as runs, one mask after the other.

    Attributes
    ----------
    start, length : (runs,) int64
    counts : (masks,) int64
        How many runs each has.
    """

    start: Ints
    length: Ints
    counts: Ints

    @cached_property
    def of(self) -> Ints:
        """(runs,): the mask that each belongs to."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @cached_property
    def areas(self) -> Ints:
        """(masks,): how many pixels each has."""
        return np.bincount(self.of, self.length, len(self.counts)).astype(np.int64)

    def boxes(self, columns: int) -> Ints:
        """(masks, 4): first column, first row, columns and rows of each, as `phantom.rle.box`; 0 for empty ones."""
        out = np.zeros((len(self.counts), 4), np.int64)
        there = np.flatnonzero(self.counts)
        if not len(there):
            return out
        (y, x), (y_end, x_end) = np.divmod(self.start, columns), np.divmod(self.start + self.length - 1, columns)
        wraps = y_end > y
        x, x_end = np.where(wraps, 0, x), np.where(wraps, columns - 1, x_end)
        first = (np.cumsum(self.counts) - self.counts)[there]
        left, top = np.minimum.reduceat(x, first), np.minimum.reduceat(y, first)
        right, below = np.maximum.reduceat(x_end, first), np.maximum.reduceat(y_end, first)
        out[there] = np.stack([left, top, right - left + 1, below - top + 1], axis=1)
        return out

    def labels(self, shape: tuple[int, int]) -> U16:
        """(rows, columns): the labels that calcifications with these masks must have; the later one wins."""
        out = np.zeros(shape[0] * shape[1], np.uint16)
        numbers = np.repeat(self.of + 1, self.length).astype(np.uint16)
        out[rle.pixels(np.stack([self.start, self.length], axis=1))] = numbers  # of several, the last is kept
        return out.reshape(shape)


def masks_of(grains: Table, runs: Table, shape: tuple[int, int]) -> Masks:
    """The masks of some rows of the calcifications' table.

    Raises
    ------
    DatasetError
        If their runs are not in the table of runs, overlap, or leave the image.
    """
    first, counts = grains["run_offset"].astype(np.int64), grains["run_count"].astype(np.int64)
    _refuse(grains, first + counts > len(runs), "its runs are not in the table of runs")
    if int(counts.sum()) > len(runs):  # or few runs, counted again and again, would fill the memory
        raise DatasetError(f"calcifications count {int(counts.sum())} runs, but there are {len(runs)}")
    at = np.arange(int(counts.sum())) + np.repeat(first - (np.cumsum(counts) - counts), counts)
    found = Masks(runs["start"][at].astype(np.int64), runs["length"][at].astype(np.int64), counts)
    empty = np.bincount(found.of, found.length == 0, len(counts)) > 0
    _refuse(grains, empty | (found.areas > MAX_MASK), f"has a run without a pixel, or more than {MAX_MASK} pixels")
    ends = found.start + found.length
    wrong = ends > shape[0] * shape[1]
    wrong[:-1] |= (ends[:-1] > found.start[1:]) & (found.of[:-1] == found.of[1:])
    _refuse(grains, np.bincount(found.of, wrong, len(counts)) > 0, "its runs overlap or leave the image")
    return found


def _refuse(grains: Table, wrong: np.ndarray[tuple[int], np.dtype[np.bool_]], why: str) -> None:
    for number in grains["calcification_id"][wrong][:1].tolist():
        raise DatasetError(f"calcification {number}: {why}")
