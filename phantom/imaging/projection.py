"""The shadow of a solid: how many rays it needs, and what they come to as a map of path length."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.arrays import F32, Bools, Floats
from phantom.errors import MassError
from phantom.geometry.grid import Grid
from phantom.geometry.solids.shapes import Fading, Shape
from phantom.geometry.view import Pose
from phantom.imaging.quantities import Stamp
from phantom.imaging.rays import Bundle, BundleSums, Solids, Window, follow, joined
from phantom.imaging.stamp_pixels import Windows

_RAYS_PER_PIXEL = 8  # along each side
_RAYS_ACROSS = 16  # across the narrower side of a solid's shadow
_RAYS_AT_MOST = 1 << 12  # per solid (8 pixels across at 8 x 8); a larger one gets fewer per pixel, down to 2 x 2
_RAYS_ACROSS_THIN = 16  # across the arms of a solid that fills little of its box
_MAX_MASS_ERROR = 0.02  # of the raw sum of rays, before it is put right
_MAX_AT_LAST = 0.05  # the same with the densest rays, beyond which shape and volume disagree
_DENSITIES = (1, 2, 4)  # of rays: denser ones for a solid whose mass they miss
_TILE = 16  # pixels along each side


@dataclass(frozen=True, eq=False)
class Shadow:
    """What one solid puts under the pixels of a grid, and its outline as the fine rays saw it.

    All of it is of the part that lies within the grid.

    Attributes
    ----------
    row, column : int
        First row and column of the window in the grid.
    path_mm : (rows, columns) float32
        Path length averaged over each pixel's area. Its sum times the pixel's area is the
        solid's volume, if the grid holds all of it.
    coverage : (rows, columns) float32
        The part of each pixel that is covered, 0 to 1.
    area_mm2 : float
        Projected area.
    extent_mm : float
        Largest projected extent; of what has no border, where the path exceeds 10 % of its peak.
    diameter_mm : float
        The same between the places where the solid has half its density: of a crisp edge the extent.
    thickness_mm : float
        Largest path of a ray.
    centre_mm : (float, float)
        Centre of mass of the path, x and y in the view plane.
    outline_mm : (n, 2) float64
        Points x, y on the outline, enough for its convex hull.
    """

    row: int
    column: int
    path_mm: F32
    coverage: F32
    area_mm2: float
    extent_mm: float
    diameter_mm: float
    thickness_mm: float
    centre_mm: tuple[float, float]
    outline_mm: Floats

    @property
    def mask(self) -> Bools:
        """(rows, columns) bool: pixels at least half covered; if there is none, the one best pixel."""
        return Windows.around([self]).mask(self.coverage.reshape(-1)).reshape(self.coverage.shape)

    def stamp(self, material: str, relative_density: float, displaces: str) -> Stamp:
        """The shadow as the machine takes it: of this material, in the place of that tissue."""
        return Stamp(self.row, self.column, self.path_mm, material, relative_density, displaces)


def shadow(shape: Shape, pose: Pose, grid: Grid) -> Shadow | None:
    """Send one solid alone through the beam: `shadows` of one."""
    return shadows([shape], [pose], grid)[0]


def shadows(shapes: Sequence[Shape], poses: Sequence[Pose], grid: Grid) -> list[Shadow | None]:
    """Send solids through the beam, each alone.

    Rays scale with the solid: at least 8 x 8 per pixel and 16 across it. One many pixels
    wide gets fewer per pixel (at least 2 x 2), more where it is thin. Paths are averaged over
    pixels and scaled so that they add up to the solid's own volume.

    Parameters
    ----------
    shapes, poses : sequences of one length
        The solids, and how each lies in the view.
    grid : Grid
        The pixels. A shadow that reaches over their border is cut there.

    Returns
    -------
    list of Shadow or None
        In their order; None where the grid holds nothing of it.

    Raises
    ------
    MassError
        If the densest rays' sum is more than 5 % off a solid's volume: shape and volume disagree.
    """
    solids, out = Solids(shapes, poses, grid), list[Shadow | None]([None] * len(shapes))
    lo_x, lo_y, hi_x, hi_y = solids.box_px.T
    which = np.flatnonzero((hi_x > 0) & (hi_y > 0) & (lo_x < grid.shape[1]) & (lo_y < grid.shape[0]))
    for density in _DENSITIES:
        off = []
        for seen in _trace(solids, which, density):
            volume, mass = solids.volume_mm3(seen.of), seen.total_mm * seen.cell_mm2
            most = _MAX_AT_LAST if density == _DENSITIES[-1] else _MAX_MASS_ERROR
            right = np.abs(mass - volume) <= most * volume
            off += [(int(i), float(m)) for i, m in zip(seen.of[~right], mass[~right], strict=True)]
            for i, cast in _cut(seen, np.flatnonzero(right), volume / mass, solids):
                out[i] = cast
        which = np.array([i for i, _ in off], np.int64)
        if not which.size:
            return out
    wrong, summed = shapes[off[0][0]], off[0][1]
    raise MassError(
        f"a {type(wrong).__name__} claims a volume of {wrong.volume_mm3:.4g} mm³, but its chords add up to "
        f"{summed:.4g} mm³"
    )


def _trace(solids: Solids, which: Any, density: int) -> Iterator[BundleSums]:
    """Choose the rays of some solids and follow them; what each comes to lies in one row."""
    most = _RAYS_AT_MOST * density * density
    bundles, large = _bundles(solids, which, density, most)
    crowded, finer, windows = set(which[large].tolist()), list[Bundle](), dict[int, Window]()
    for seen in follow(solids, bundles):
        enough = []
        for k, of in enumerate(seen.of.tolist()):
            tiles = _tiles(seen, k, most) if of in crowded else []
            if tiles:
                row, column, path, coverage = seen.windows[k]
                windows[of] = Window(row, column, np.zeros_like(path), np.zeros_like(coverage))
                finer += tiles
            else:
                enough.append(k)
        yield seen.rows(enough)
    if finer:
        yield joined(follow(solids, finer), windows)


def _bundles(solids: Solids, which: Any, density: int, most: int) -> tuple[list[Bundle], Any]:
    """A bundle over each solid's box, of at most so many rays; and which solids get fewer than their size asks for."""
    lo_x, lo_y, hi_x, hi_y = solids.box_px[which].T
    width, height = hi_x - lo_x, hi_y - lo_y
    across = np.maximum(np.minimum(width, height), 1e-3)
    n = np.maximum(_RAYS_PER_PIXEL, np.ceil(_RAYS_ACROSS / across)) * density
    large = width * height * n * n > most
    n = np.where(large, np.maximum(2 * density, np.floor(np.sqrt(most / (width * height)))), n)
    i0, j0 = np.floor(lo_x * n), np.floor(lo_y * n)
    rows = [which, n, i0, j0, np.ceil(hi_x * n) - i0, np.ceil(hi_y * n) - j0]
    return [Bundle(*row) for row in np.stack(rows, axis=1).astype(np.int64).tolist()], large


def _tiles(seen: BundleSums, k: int, most: int) -> list[Bundle]:
    """More rays where a solid fills little of its box, only in the tiles that it touches; none if it has enough."""
    row, column, _, coverage = seen.windows[k]
    rows, columns = coverage.shape
    grown = np.zeros((rows + 2, columns + 2), bool)  # a ray may have missed a thin part: look one pixel further
    for i in range(3):
        for j in range(3):
            grown[i : i + rows, j : j + columns] |= coverage > 0
    touched = grown[1:-1, 1:-1]
    tops, lefts = np.arange(0, rows, _TILE), np.arange(0, columns, _TILE)
    tiles = np.logical_or.reduceat(np.logical_or.reduceat(touched, tops, axis=0), lefts, axis=1)
    enough = max(3, math.ceil(_RAYS_ACROSS_THIN / _width(coverage)))
    finer = min(enough, _RAYS_PER_PIXEL, int(math.sqrt(16 * most / max(int(np.count_nonzero(tiles)) * _TILE**2, 1))))
    if finer < 2 * seen.n[k]:
        return []
    return [
        Bundle(
            int(seen.of[k]), finer, (column + left) * finer, (row + top) * finer,
            min(_TILE, columns - left) * finer, min(_TILE, rows - top) * finer, float(seen.peak_mm[k]),
        )
        for top, left in zip(tops[np.nonzero(tiles)[0]].tolist(), lefts[np.nonzero(tiles)[1]].tolist(), strict=True)
    ]  # fmt: skip


def _width(coverage: Floats) -> float:
    """Pixels across a solid's arms: of a strip its width, of a disc half of that. At least 1."""
    inside = np.pad(coverage >= 0.5, 1)
    edges = np.count_nonzero(inside[1:] != inside[:-1]) + np.count_nonzero(inside[:, 1:] != inside[:, :-1])
    # an outline's length is, over all directions, pi / 4 of the steps along pixels
    return max(1.0, 2.0 * np.count_nonzero(inside) / max(0.25 * math.pi * edges, 1.0))


def _cut(seen: BundleSums, which: Any, factor: Floats, solids: Solids) -> Iterator[tuple[int, Shadow]]:
    """The part within the grid of what some rows saw, put right by `factor` to each solid's own volume."""
    grid = solids.grid
    held = which[(seen.sums[which, 0] > 0.0) & (seen.covered[which] > 0)]
    centre = seen.sums[held, 1:] / seen.sums[held, :1]
    # the outermost rays lie a little inside the true ends: a quarter of their spacing for round solids
    extent = seen.reach_mm[held].sum(axis=1).max(axis=1) + 0.25 * np.sqrt(seen.cell_mm2[held])
    area, peak = seen.covered[held] * seen.cell_mm2[held], seen.peak_mm[held]
    numbers = [column.tolist() for column in (held, seen.of[held], factor[held], area, extent, peak, centre)]
    for k, of, times, area_mm2, extent_mm, thickness_mm, (x_mm, y_mm) in zip(*numbers, strict=True):
        row, column, path, coverage = seen.windows[k]
        rows, columns = coverage.shape
        top, left = max(0, -row), max(0, -column)
        part = slice(top, min(rows, grid.shape[0] - row)), slice(left, min(columns, grid.shape[1] - column))
        yield (
            of,
            Shadow(
                row=row + top,
                column=column + left,
                path_mm=(times * path[part]).astype(np.float32),
                coverage=coverage[part],
                area_mm2=area_mm2,
                extent_mm=extent_mm,
                diameter_mm=_diameter(solids, of, extent_mm),
                thickness_mm=thickness_mm,
                centre_mm=(x_mm, y_mm),
                outline_mm=seen.tips_mm[k].reshape(-1, 2),
            ),
        )


def _diameter(solids: Solids, of: int, extent_mm: float) -> float:
    """The extent at half density, where a solid's edge fades."""
    shape = solids.shapes[of]
    return min(extent_mm, shape.half_width_mm(solids.poses[of])) if isinstance(shape, Fading) else extent_mm
