"""The only place that knows the beam's geometry: solids sent through it become maps of path length.

The beam is parallel and runs along the view's -h axis, so a pixel's pitch is taken at the breast.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.errors import PhantomError
from phantom.geometry.grid import Grid
from phantom.geometry.shapes import Shape
from phantom.geometry.view import Pose
from phantom.imaging.arrays import F32, Stamp

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]

_RAYS_PER_PIXEL = 8  # along each side
_RAYS_ACROSS = 16  # across the narrower side of a solid's shadow
_RAYS_AT_MOST = 1 << 12  # per solid (8 pixels across at 8 x 8); a larger one gets fewer per pixel, down to 2 x 2
_RAYS_ACROSS_THIN = 16  # across the arms of a solid that fills little of its box
_SOFT_EDGE = 0.1  # of the peak path: where a soft solid's mask ends
_MAX_MASS_ERROR = 0.05  # of the raw sum of rays, before it is put right
_TRIES = 3
_TILE = 16  # pixels along each side

# half a turn in steps of 5 degrees: the widest of these widths is within 0.1 % of the diameter
_ANGLES = np.radians(np.arange(0.0, 180.0, 5.0))
_COS, _SIN = np.cos(_ANGLES)[:, None], np.sin(_ANGLES)[:, None]


class MassError(PhantomError):
    """A solid whose chord does not agree with the volume it claims."""


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
    diameter_mm : float
        Largest projected extent.
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
    diameter_mm: float
    thickness_mm: float
    centre_mm: tuple[float, float]
    outline_mm: Floats

    @property
    def mask(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """(rows, columns) bool: pixels at least half covered; if there is none, the one best pixel."""
        mask = self.coverage >= 0.5
        if not mask.any():
            mask.reshape(-1)[int(self.path_mm.argmax())] = True
        return mask

    def stamp(self, material: str, packing: float, displaces: str) -> Stamp:
        """The shadow as the machine takes it: of this material, in the place of that tissue."""
        return Stamp(self.row, self.column, self.path_mm, material, packing, displaces)


@dataclass(frozen=True, eq=False)
class _Piece:
    """An open grid of fine rays: places x (1, n) and y (m, 1), paths and whether they are covered (m, n)."""

    x_mm: Floats
    y_mm: Floats
    path: Floats
    covered: np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, eq=False)
class _Rays:
    """All rays through a solid, and what they come to per pixel of a window."""

    pieces: list[_Piece]
    cell_mm2: float
    row: int
    column: int
    per_pixel: Floats
    coverage: Floats
    total: float  # of all paths


def shadow(shape: Shape, pose: Pose, grid: Grid) -> Shadow | None:
    """Send one solid alone through the beam.

    Rays scale with the solid: at least 8 x 8 per pixel and 16 across it. One many pixels
    wide gets fewer per pixel (at least 2 x 2), more where it is thin. Paths are averaged over
    pixels and scaled so that they add up to the solid's own volume.

    Parameters
    ----------
    shape : Shape
        The solid.
    pose : Pose
        How it lies in the view.
    grid : Grid
        The pixels. A shadow that reaches over their border is cut there.

    Returns
    -------
    Shadow or None
        None if the grid holds nothing of it.

    Raises
    ------
    MassError
        If the rays' sum is more than 5 % off the solid's volume: shape and volume disagree.
    """
    window = _window(shape, pose, grid)
    if window is None:
        return None
    density = 1
    for _ in range(_TRIES):
        rays = _trace(shape, pose, grid, window, density)
        mass = rays.total * rays.cell_mm2
        if abs(mass - shape.volume_mm3) <= _MAX_MASS_ERROR * shape.volume_mm3:
            return _cut(rays, grid, shape.volume_mm3 / mass)
        density *= 2
    raise MassError(
        f"a {type(shape).__name__} claims a volume of {shape.volume_mm3:.4g} mm³, but its chords add up to {mass:.4g} mm³"
    )


def _window(shape: Shape, pose: Pose, grid: Grid) -> tuple[float, float, float, float] | None:
    """x_lo, y_lo, x_hi, y_hi of the shadow in pixels, an edge being a whole number; None if the grid misses it."""
    box = shape.box_mm(pose)
    (x0, y0), (x, y) = grid.origin_mm, (float(pose.centre_mm[0]), float(pose.centre_mm[1]))
    lo_x, hi_x = (x + box[0] - x0) / grid.pitch_mm + 0.5, (x + box[2] - x0) / grid.pitch_mm + 0.5
    lo_y, hi_y = (y + box[1] - y0) / grid.pitch_mm + 0.5, (y + box[3] - y0) / grid.pitch_mm + 0.5
    if hi_x <= 0 or hi_y <= 0 or lo_x >= grid.shape[1] or lo_y >= grid.shape[0]:
        return None
    return lo_x, lo_y, hi_x, hi_y


def _trace(shape: Shape, pose: Pose, grid: Grid, window: tuple[float, float, float, float], density: int) -> _Rays:
    """Choose the rays and follow them."""
    lo_x, lo_y, hi_x, hi_y = window
    width, height = hi_x - lo_x, hi_y - lo_y
    n = max(_RAYS_PER_PIXEL, math.ceil(_RAYS_ACROSS / max(min(width, height), 1e-3))) * density
    most = _RAYS_AT_MOST * density * density
    if width * height * n * n <= most:
        return _trace_evenly(shape, pose, grid, window, n)
    n = max(2 * density, int(math.sqrt(most / (width * height))))
    return _trace_thin(shape, pose, grid, _trace_evenly(shape, pose, grid, window, n), n, most)


def _follow(shape: Shape, pose: Pose, grid: Grid, n: int, box: tuple[int, int, int, int], peak: float) -> _Piece:
    """The rays i0 <= i < i1, j0 <= j < j1 of those that are numbered n to a pixel from the grid's corner."""
    i0, j0, i1, j1 = box
    step = grid.pitch_mm / n
    x = (grid.origin_mm[0] - 0.5 * grid.pitch_mm) + step * (np.arange(i0, i1) + 0.5)
    y = (grid.origin_mm[1] - 0.5 * grid.pitch_mm) + step * (np.arange(j0, j1) + 0.5)
    x, y = x[None, :], y[:, None]
    path = np.asarray(shape.chord(x - float(pose.centre_mm[0]), y - float(pose.centre_mm[1]), pose))
    edge = _SOFT_EDGE * (peak or float(path.max())) if shape.soft else 0.0
    return _Piece(x, y, path, path > edge)


def _trace_evenly(shape: Shape, pose: Pose, grid: Grid, window: tuple[float, float, float, float], n: int) -> _Rays:
    """n x n rays per pixel over the shadow's box."""
    lo_x, lo_y, hi_x, hi_y = window
    i0, i1 = math.floor(lo_x * n), math.ceil(hi_x * n)
    j0, j1 = math.floor(lo_y * n), math.ceil(hi_y * n)
    piece = _follow(shape, pose, grid, n, (i0, j0, i1, j1), 0.0)
    across, down = _starts(i0, i1, n), _starts(j0, j1, n)
    per_pixel = np.add.reduceat(np.add.reduceat(piece.path, down, axis=0), across, axis=1)
    counts = np.add.reduceat(np.add.reduceat(piece.covered, down, axis=0, dtype=np.float32), across, axis=1)
    share = 1.0 / (n * n)
    total, cell = float(per_pixel.sum()), (grid.pitch_mm / n) ** 2
    return _Rays([piece], cell, j0 // n, i0 // n, per_pixel * share, counts * np.float32(share), total)


def _starts(first: int, last: int, n: int) -> Any:
    """Where each pixel's rays start among those numbered first to last - 1."""
    starts = np.arange((first // n) * n, last, n) - first
    starts[0] = 0
    return starts


def _trace_thin(shape: Shape, pose: Pose, grid: Grid, rays: _Rays, n: int, most: int) -> _Rays:
    """More rays where a solid fills little of its box: only in the tiles that it touches."""
    rows, columns = rays.coverage.shape
    grown = np.zeros((rows + 2, columns + 2), bool)  # a ray may have missed a thin part: look one pixel further
    for i in range(3):
        for j in range(3):
            grown[i : i + rows, j : j + columns] |= rays.coverage > 0
    touched = grown[1:-1, 1:-1]
    tops, lefts = np.arange(0, rows, _TILE), np.arange(0, columns, _TILE)
    tiles = np.logical_or.reduceat(np.logical_or.reduceat(touched, tops, axis=0), lefts, axis=1)
    enough = max(3, math.ceil(_RAYS_ACROSS_THIN / _width(rays.coverage)))
    finer = min(enough, _RAYS_PER_PIXEL, int(math.sqrt(16 * most / max(int(np.count_nonzero(tiles)) * _TILE**2, 1))))
    if finer < 2 * n:
        return rays
    peak = float(rays.pieces[0].path.max())
    per_pixel, coverage, pieces = np.zeros((rows, columns)), np.zeros((rows, columns), np.float32), []
    for top, left in zip(tops[np.nonzero(tiles)[0]], lefts[np.nonzero(tiles)[1]], strict=True):
        high, wide = min(_TILE, rows - top), min(_TILE, columns - left)
        i0, j0 = (rays.column + int(left)) * finer, (rays.row + int(top)) * finer
        piece = _follow(shape, pose, grid, finer, (i0, j0, i0 + wide * finer, j0 + high * finer), peak)
        at = slice(top, top + high), slice(left, left + wide)
        per_pixel[at] = piece.path.reshape(high, finer, wide, finer).mean(axis=(1, 3))
        coverage[at] = piece.covered.reshape(high, finer, wide, finer).mean(axis=(1, 3))
        if piece.covered.any():
            pieces.append(piece)
    cell = (grid.pitch_mm / finer) ** 2
    return _Rays(pieces, cell, rays.row, rays.column, per_pixel, coverage, float(per_pixel.sum()) * finer**2)


def _width(coverage: Floats) -> float:
    """Pixels across a solid's arms: of a strip its width, of a disc half of that. At least 1."""
    inside = np.pad(coverage >= 0.5, 1)
    edges = np.count_nonzero(inside[1:] != inside[:-1]) + np.count_nonzero(inside[:, 1:] != inside[:, :-1])
    # an outline's length is, over all directions, pi / 4 of the steps along pixels
    return max(1.0, 2.0 * np.count_nonzero(inside) / max(0.25 * math.pi * edges, 1.0))


def _cut(rays: _Rays, grid: Grid, factor: float) -> Shadow | None:
    """The part of it within the grid, put right by `factor` to the solid's own volume."""
    rows, columns = rays.coverage.shape
    top, left = max(0, -rays.row), max(0, -rays.column)
    bottom, right = min(rows, grid.shape[0] - rays.row), min(columns, grid.shape[1] - rays.column)
    pieces = rays.pieces
    if (top, left, bottom, right) != (0, 0, rows, columns):
        pieces = [_inside(piece, grid) for piece in pieces]
    mass = mass_x = mass_y = peak = 0.0
    covered, ends = 0, []
    for piece in pieces:
        by_column, by_row = piece.path.sum(axis=0), piece.path.sum(axis=1)
        mass += float(by_column.sum())
        mass_x += float((by_column * piece.x_mm[0]).sum())
        mass_y += float((by_row * piece.y_mm[:, 0]).sum())
        peak = max(peak, float(piece.path.max()))
        covered += int(np.count_nonzero(piece.covered))
        ends.append(_ends(piece))
    if mass <= 0.0 or not covered:
        return None
    diameter, outline = _extent(ends[0] if len(ends) == 1 else np.concatenate(ends, axis=1))
    return Shadow(
        row=rays.row + top,
        column=rays.column + left,
        path_mm=(factor * rays.per_pixel[top:bottom, left:right]).astype(np.float32),
        coverage=rays.coverage[top:bottom, left:right],
        area_mm2=covered * rays.cell_mm2,
        # the outermost rays lie a little inside the true ends: a quarter of their spacing for round solids
        diameter_mm=diameter + 0.25 * math.sqrt(rays.cell_mm2),
        thickness_mm=peak,
        centre_mm=(mass_x / mass, mass_y / mass),
        outline_mm=outline,
    )


def _inside(piece: _Piece, grid: Grid) -> _Piece:
    """The piece with nothing beyond the grid's border."""
    half, (x0, y0) = 0.5 * grid.pitch_mm, grid.origin_mm
    columns = (piece.x_mm > x0 - half) & (piece.x_mm < x0 + grid.pitch_mm * grid.shape[1] - half)
    rows = (piece.y_mm > y0 - half) & (piece.y_mm < y0 + grid.pitch_mm * grid.shape[0] - half)
    inside = rows & columns
    return _Piece(piece.x_mm, piece.y_mm, np.where(inside, piece.path, 0.0), piece.covered & inside)


def _ends(piece: _Piece) -> Floats:
    """(2, n): x and y of covered rays, the first and the last of each row."""
    covered = piece.covered
    first = covered.argmax(axis=1)
    full = covered[np.arange(first.size), first]
    first, last = first[full], covered.shape[1] - 1 - covered[:, ::-1].argmax(axis=1)[full]
    y = piece.y_mm[full, 0]
    return np.array([piece.x_mm[0, np.concatenate([first, last])], np.concatenate([y, y])])


def _extent(points: Floats) -> tuple[float, Floats]:
    """The largest distance between points (2, n), and the outermost of them in 24 directions, (24, 2)."""
    along = _COS * points[0] + _SIN * points[1]
    widths = along.max(axis=1) - along.min(axis=1)
    few = along[::3]
    outermost = np.concatenate([few.argmax(axis=1), few.argmin(axis=1)])
    return float(widths.max()), points[:, outermost].T
