"""A breast under the paddle as path lengths: millimetres of each tissue under every pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.anatomy import parenchyma_map, strokes
from phantom.anatomy.breast import Breast
from phantom.anatomy.skin import nipple_path, skin_path
from phantom.errors import UsageError
from phantom.geometry.compression import Compression, edge_profile
from phantom.geometry.grid import Grid
from phantom.geometry.interpolate import resample
from phantom.recipe.seed import Seed

F32 = np.ndarray[Any, np.dtype[np.float32]]

_FINE_MM, _PLANE_MM, _EDGE_MM = 0.14, 0.28, 0.56


@dataclass(frozen=True, eq=False)
class Shadow:
    """Path lengths, mm, over a window of the detector: (rows, columns) float32 each.

    Attributes
    ----------
    materials : dict
        ``adipose``, ``glandular``, ``skin``, and where there is any ``muscle``, ``water``.
    thickness_mm : array
        The whole breast, skin and nipple included.
    density : float
        Fibroglandular volume over the volume inside the skin, muscle left out, as it came out.
    """

    materials: dict[str, F32]
    thickness_mm: F32
    density: float


def lattice(window: Grid, pitch_mm: float) -> Grid:
    """The points of the plane's own lattice of this pitch that cover a window, whatever its pixels are."""
    x0, y0 = window.x_mm[0] - 0.5 * window.pitch_mm, window.y_mm[0] - 0.5 * window.pitch_mm
    x1, y1 = window.x_mm[-1] + 0.5 * window.pitch_mm, window.y_mm[-1] + 0.5 * window.pitch_mm
    first = np.floor(np.array([x0, y0]) / pitch_mm).astype(int) - 2
    last = np.ceil(np.array([x1, y1]) / pitch_mm).astype(int) + 2
    shape = (int(last[1] - first[1]), int(last[0] - first[0]))
    return Grid(shape, pitch_mm, (float((first[0] + 0.5) * pitch_mm), float((first[1] + 0.5) * pitch_mm)))


def seen_on(values: F32, source: Grid, target: Grid) -> F32:
    """A lattice's values on another grid of the same plane."""
    column, row = source.px(target.origin_mm[0], target.origin_mm[1])
    return resample(values, (float(row), float(column)), target.pitch_mm / source.pitch_mm, target.shape)


def project(breast: Breast, pressed: Compression, window: Grid, seed: Seed) -> Shadow:
    """Path lengths of a breast's tissues.

    Parameters
    ----------
    breast : Breast
    pressed : Compression
        Of the same breast.
    window : Grid
        Where to look; it should hold the whole breast, as density is met within it.
    seed : Seed
        Names the dice of structure too fine to be followed from view to view.

    Raises
    ------
    UsageError
        If the breast cannot hold the density asked for.
    """
    coarse = lattice(window, _EDGE_MM)
    edge = np.asarray(pressed.edge_mm(coarse.x_mm[None, :], coarse.y_mm[:, None]), np.float32)
    fine, plane = lattice(window, _FINE_MM), lattice(window, _PLANE_MM)

    def inside(grid: Grid) -> tuple[F32, F32]:
        depth = seen_on(edge, coarse, grid)
        whole = edge_profile(depth, pressed.thickness_mm, pressed.roll_off).astype(np.float32)
        return whole, np.minimum(skin_path(breast, pressed, grid, depth), whole)

    lines = [(c.points_mm, c.radius_mm, 1.0) for c in (*breast.ducts, *breast.arteries, *breast.veins)]
    for strands in (breast.ligaments, breast.fibres):
        lines += [(p, r, strands.ribbon) for p, r in zip(strands.points_mm, strands.radius_mm, strict=True)]
    fibrous = strokes.draw(lines, pressed, fine)

    whole, skin = inside(plane)
    muscle = muscle_path(pressed, plane, whole - skin)
    room = whole - skin - muscle
    target = breast.density * float(room.sum(dtype=np.float64)) * _PLANE_MM**2
    drawn = float(fibrous.sum(dtype=np.float64)) * _FINE_MM**2
    if drawn > 0.7 * target:  # the fattiest breasts: keep strands to a share of what was asked
        fibrous *= np.float32(0.7 * target / drawn)
        drawn = 0.7 * target
    gland = parenchyma_map.spread(breast, pressed, plane, room, target - drawn, seed)
    if gland is None:
        raise UsageError(f"anatomy.density = {breast.density:.3g}: more than this breast's outline can hold")

    detail = parenchyma_map.grain(gland, plane, fine, seed, seen_on)
    glandular = seen_on(detail + fibrous, fine, window)
    whole, skin = inside(window)
    skin += nipple_path(breast, pressed, window)
    whole = np.maximum(whole, skin)
    materials = {"skin": skin}
    room = whole - skin
    if pressed.chest.muscle_top_mm:
        materials["muscle"] = muscle_path(pressed, window, room)
        room = room - materials["muscle"]
    np.clip(glandular, 0, room, out=glandular)
    volume = float(room.sum(dtype=np.float64))
    density = float(glandular.sum(dtype=np.float64)) / max(volume, 1e-9)
    materials["glandular"] = glandular
    materials["adipose"] = room - glandular
    return Shadow(materials, whole, density)


def muscle_path(pressed: Compression, grid: Grid, room: F32) -> F32:
    """Path in the pectoral muscle: a wedge that thickens away from its edge, under a layer of fat."""
    if not pressed.chest.muscle_top_mm:
        return np.zeros(grid.shape, np.float32)
    x, y = grid.x_mm[None, :], grid.y_mm[:, None]
    within = (pressed.chest.muscle_width_mm(y) - x) * 0.93  # the edge is steep: nearly its distance
    thick = np.where(within > 0, 9.0 * (1 - np.exp(-np.maximum(within, 0) / 1.6)) + 0.42 * np.maximum(within, 0), 0.0)
    return np.asarray(np.minimum(thick, 0.72 * room).astype(np.float32))
