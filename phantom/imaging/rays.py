"""Rays through many solids at once: bundles of them, and what each bundle comes to.

The beam is parallel and runs along the view's -h axis, so a pixel's pitch is taken at the breast.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from phantom.arrays import F32, Floats, Ints
from phantom.geometry.grid import Grid
from phantom.geometry.solids.shapes import Shape, boxes, chords
from phantom.geometry.view import Pose

SOFT_EDGE = 0.1  # of the peak path: where a soft solid's mask ends
_AT_ONCE = 1 << 16  # rays that are followed at a time: they stay in the processor's cache
_ROUND = 8  # bundles are stacked with those that have as many rays along each side, rounded up to this

# half a turn in steps of 5 degrees: the widest of these widths is within 0.1 % of the diameter
_ANGLES = np.radians(np.arange(-90.0, 90.0, 5.0))
_COS, _SIN = np.cos(_ANGLES)[:, None], np.sin(_ANGLES)[:, None]
_FEW = 3  # every third of them is enough for a hull


@dataclass(frozen=True, eq=False)
class Solids:
    """Solids in a view, as they lie over a grid."""

    shapes: Sequence[Shape]
    poses: Sequence[Pose]
    grid: Grid

    @cached_property
    def centre_mm(self) -> Floats:
        """(n, 2): x, y."""
        return np.array([pose.centre_mm[:2] for pose in self.poses], float).reshape(-1, 2)

    @cached_property
    def box_px(self) -> Floats:
        """(n, 4): x_lo, y_lo, x_hi, y_hi of their shadows in pixels, an edge being a whole number."""
        at = boxes(self.shapes, self.poses) + np.tile(self.centre_mm - self.grid.origin_mm, 2)
        return np.asarray(at / self.grid.pitch_mm + 0.5)

    def volume_mm3(self, of: Ints) -> Floats:
        """What some of them claim, which may take long to work out."""
        return np.array([self.shapes[k].volume_mm3 for k in of], float)

    @cached_property
    def soft(self) -> Any:
        """(n,) bool."""
        return np.array([shape.soft for shape in self.shapes], bool)


class Bundle(NamedTuple):
    """An open grid of rays: i0 <= i < i0 + wide, j0 <= j < j0 + high of those numbered n to a pixel from the grid's
    corner."""

    of: int  # which solid
    n: int
    i0: int
    j0: int
    wide: int
    high: int
    peak_mm: float = 0.0  # the solid's largest path, if known; else the bundle's


class Window(NamedTuple):
    """The pixels that a bundle falls on: path mm and covered part, averaged over each pixel's area, as if the grid
    had no border."""

    row: int
    column: int
    path_mm: Floats
    coverage: F32


@dataclass(frozen=True, eq=False)
class BundleSums:
    """What n bundles come to: `total_mm` is the sum of all paths, the rest but the windows is of rays on the grid
    alone.

    Attributes
    ----------
    of, n : (n,) int
        Whose rays they are, and how many to a pixel's side.
    cell_mm2 : (n,)
        The area that a ray stands for.
    total_mm : (n,)
    sums : (n, 3)
        Of paths, of paths times x, of paths times y.
    peak_mm : (n,)
        The longest path.
    covered : (n,) int
        Rays that meet the solid.
    reach_mm : (n, 2, 36)
        How far those reach along each of 36 directions and against it.
    tips_mm : (n, 2, 12, 2)
        x, y of those that reach furthest along and against every third.
    windows : list of Window
    """

    of: Ints
    n: Ints
    cell_mm2: Floats
    total_mm: Floats
    sums: Floats
    peak_mm: Floats
    covered: Ints
    reach_mm: Floats
    tips_mm: Floats
    windows: list[Window]

    def rows(self, which: list[int]) -> BundleSums:
        """Some of them."""
        if len(which) == len(self.of):
            return self
        some = {f.name: getattr(self, f.name)[which] for f in fields(self) if f.name != "windows"}
        return BundleSums(**some, windows=[self.windows[k] for k in which])


def joined(parts: Iterable[BundleSums], windows: Mapping[int, Window]) -> BundleSums:
    """What bundles of equally fine rays come to together, solid by solid, over the pixels of its window."""
    listed = list(parts)
    for of, found in ((of, found) for part in listed for of, found in zip(part.of.tolist(), part.windows, strict=True)):
        window = windows[of]
        top, left = found.row - window.row, found.column - window.column
        rows, columns = found.coverage.shape
        window.path_mm[top : top + rows, left : left + columns] = found.path_mm
        window.coverage[top : top + rows, left : left + columns] = found.coverage
    every = {
        f.name: np.concatenate([getattr(part, f.name) for part in listed])
        for f in fields(BundleSums)
        if f.name != "windows"
    }
    order = np.argsort(every["of"], kind="stable")
    every = {name: values[order] for name, values in every.items()}
    of, first = np.unique(every["of"], return_index=True)
    reach, tips = every["reach_mm"], every["tips_mm"]
    ways = np.arange(2)[:, None], np.arange(tips.shape[2])
    furthest = [
        tips[start:end][(reach[start:end, :, ::_FEW].argmax(axis=0), *ways)]
        for start, end in zip(first, [*first[1:], len(order)], strict=True)
    ]
    return BundleSums(
        of,
        every["n"][first],
        every["cell_mm2"][first],
        **{name: np.add.reduceat(every[name], first) for name in ("total_mm", "sums", "covered")},
        peak_mm=np.maximum.reduceat(every["peak_mm"], first),
        reach_mm=np.maximum.reduceat(reach, first),
        tips_mm=np.stack(furthest),
        windows=[windows[i] for i in of.tolist()],
    )


def follow(solids: Solids, bundles: Iterable[Bundle]) -> Iterator[BundleSums]:
    """Send the rays through the solids, those of like number together; whose they are comes in no set order."""
    alike: dict[tuple[int, int], list[Bundle]] = {}
    for bundle in bundles:
        alike.setdefault((-(-bundle.wide // _ROUND) * _ROUND, -(-bundle.high // _ROUND) * _ROUND), []).append(bundle)
    for (wide, high), members in alike.items():
        step = max(1, _AT_ONCE // (wide * high))
        for first in range(0, len(members), step):
            yield _follow(solids, members[first : first + step], wide, high)


def _follow(solids: Solids, bundles: list[Bundle], wide: int, high: int) -> BundleSums:
    """Bundles of at most this many rays along each side, as a stack (k, high, wide)."""
    grid = solids.grid
    of, n, i0, j0, across, down = (np.array(of, np.int64) for of in list(zip(*bundles, strict=True))[:6])
    i, j = i0[:, None] + np.arange(wide), j0[:, None] + np.arange(high)
    step = (grid.pitch_mm / n)[:, None]
    x = (grid.origin_mm[0] - 0.5 * grid.pitch_mm) + step * (i + 0.5)
    y = (grid.origin_mm[1] - 0.5 * grid.pitch_mm) + step * (j + 0.5)
    path = _paths(solids, of, x, y, across, down)
    total, peak = path.sum(axis=(1, 2)), path.max(axis=(1, 2))
    known = np.array([bundle.peak_mm for bundle in bundles])
    edge = np.where(solids.soft[of], SOFT_EDGE * np.where(known > 0, known, peak), 0.0)
    covered = path > edge[:, None, None]

    column, row = i // n[:, None], j // n[:, None]
    last = (i0 + across - 1) // n, (j0 + down - 1) // n
    windows = _windows(path, covered, column, row, last, n)
    on = _on_grid(column, row, grid.shape)
    if on is not None:
        path, covered = np.where(on, path, 0.0), covered & on
        peak = path.max(axis=(1, 2))
    by_column, by_row = path.sum(axis=1), path.sum(axis=2)
    sums = np.stack([by_column.sum(axis=1), (by_column * x).sum(axis=1), (by_row * y).sum(axis=1)], axis=1)
    reach, tips = _extent(covered, x, y)
    hits = np.count_nonzero(covered, axis=(1, 2))
    return BundleSums(of, n, step[:, 0] ** 2, total, sums, peak, hits, reach, tips, windows)


def _paths(solids: Solids, of: Ints, x: Floats, y: Floats, across: Ints, down: Ints) -> Floats:
    """Chords (k, high, wide) of rays at these places, each row of `x` and `y` through a solid of its own."""
    centre = solids.centre_mm[of]
    shapes, poses = [solids.shapes[k] for k in of], [solids.poses[k] for k in of]
    return chords(shapes, x - centre[:, :1], y - centre[:, 1:], poses, across, down)


def _on_grid(column: Ints, row: Ints, shape: tuple[int, int]) -> Any:
    """(k, high, wide) bool: which rays meet a pixel of the grid; None if all do."""
    on_column, on_row = (column >= 0) & (column < shape[1]), (row >= 0) & (row < shape[0])
    return None if on_column.all() and on_row.all() else on_row[:, :, None] & on_column[:, None, :]


def _windows(
    path: Floats, covered: Any, column: Ints, row: Ints, last: tuple[Ints, Ints], n: Ints
) -> list[Window]:  # fmt: skip
    """Means of a stack's paths and covered parts over the pixels (column, row) of its rays, up to the `last` ones."""
    left, top = column[:, 0], row[:, 0]
    column, row = column - left[:, None], row - top[:, None]
    columns, rows = last[0] - left + 1, last[1] - top + 1
    sizes = rows * columns
    ends = np.cumsum(sizes)
    # rays that only fill up the stack meet nothing: any pixel may have them
    along = np.minimum(column, columns[:, None] - 1)
    flat = (ends - sizes)[:, None] + np.minimum(row, rows[:, None] - 1) * columns[:, None]
    pixel = (flat[:, :, None] + along[:, None, :]).reshape(-1)
    share = np.repeat(1.0 / (n * n), sizes)
    paths = np.bincount(pixel, path.reshape(-1)) * share
    counts = np.bincount(pixel, covered.reshape(-1)).astype(np.float32) * share.astype(np.float32)
    shapes = list(zip((ends - sizes).tolist(), ends.tolist(), rows.tolist(), columns.tolist(), strict=True))
    parts = ([flat[start:end].reshape(h, w) for start, end, h, w in shapes] for flat in (paths, counts))
    return [Window(*one) for one in zip(top.tolist(), left.tolist(), *parts, strict=True)]


def _extent(covered: Any, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """How far a stack's covered rays reach, and which reach furthest: -inf where none is covered."""
    each = np.arange(len(x))[:, None]
    first = covered.argmax(axis=2)
    full = covered[each, np.arange(first.shape[1]), first]
    last = covered.shape[2] - 1 - covered[:, :, ::-1].argmax(axis=2)
    rows = np.where(
        full, np.arange(full.shape[1]), full.argmax(axis=1)[:, None]
    )  # an empty row says what a full one does
    y = y[each, rows]
    ends = [x[each, end[each, rows]] for end in (last, first)]
    # the directions look right: along them the last of each row reaches furthest, against them the first
    up = _SIN * y[:, None, :]
    along, against = _COS * ends[0][:, None, :] + up, _COS * ends[1][:, None, :] + up
    reach = np.stack([along.max(axis=2), -against.min(axis=2)], axis=1)
    reach[~full.any(axis=1)] = -np.inf
    which = along[:, ::_FEW].argmax(axis=2), against[:, ::_FEW].argmin(axis=2)
    tips = [np.stack([v[each, at] for v in (end, y)], axis=2) for end, at in zip(ends, which, strict=True)]
    return reach, np.stack(tips, axis=1)
