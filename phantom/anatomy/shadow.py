"""A breast under the paddle as path lengths: millimetres of each tissue under every pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.anatomy import bodies, parenchyma_map, strokes
from phantom.anatomy.breast import Breast
from phantom.anatomy.fine import FINE_MM, PLANE_MM
from phantom.anatomy.skin import local_skin_mm, nipple_path, skin_path
from phantom.anatomy.vessels import from_chest
from phantom.errors import UsageError
from phantom.geometry.compression import Compression, edge_profile
from phantom.geometry.grid import Grid
from phantom.geometry.interpolate import STRIP, Resampled, resample, resampled
from phantom.recipe.seed import Seed

F32 = np.ndarray[Any, np.dtype[np.float32]]

_EDGE_MM = 0.56


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


def on_grid(values: F32, source: Grid, target: Grid) -> Resampled:
    """The same, for rows on demand, linear between points: what is laid so finely needs no better."""
    column, row = source.px(target.origin_mm[0], target.origin_mm[1])
    return resampled(values, (float(row), float(column)), target.pitch_mm / source.pitch_mm, target.shape, cubic=False)


def project(breast: Breast, pressed: Compression, window: Grid, seed: Seed) -> Shadow:
    """Path lengths of a breast's tissues: `lay` and `Laid.seen` in one."""
    return lay(breast, pressed, window, seed).seen(window)


@dataclass(frozen=True, eq=False)
class Laid:
    """A breast's tissues on lattices of their own, ready to be seen on any grid within the window they were laid for."""

    breast: Breast
    pressed: Compression
    seed: Seed
    edge: F32
    coarse: Grid
    gland: F32
    fine: Grid

    def seen(self, grid: Grid) -> Shadow:
        """Path lengths over a grid; the density said is that of the part on it."""
        shadow = _assembled(
            Layers(self.breast, self.pressed, grid, self.edge, self.coarse),
            nipple_path(self.breast, self.pressed, grid),
            on_grid(self.gland, self.fine, grid),
        )
        for host in self.breast.hosts:
            _put(shadow.materials, bodies.host_path(host, self.pressed, grid, self.seed), host.material)
        return shadow


def lay(breast: Breast, pressed: Compression, window: Grid, seed: Seed) -> Laid:
    """Spread a breast's tissues.

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
    fine, middle, plane = (lattice(window, pitch) for pitch in (FINE_MM, 2 * FINE_MM, PLANE_MM))

    lines = [(c.points_mm, c.radius_mm, 1.0) for c in breast.ducts]
    lines += [(*from_chest(c), 1.0) for c in (*breast.arteries, *breast.veins)]
    for strands in (breast.ligaments, breast.fibres):
        lines += [(p, r, strands.ribbon) for p, r in zip(strands.points_mm, strands.radius_mm, strict=True)]
    for host in breast.hosts:
        lines += bodies.spicules(host, seed)
    fibrous, broad = strokes.draw(lines, pressed, fine, middle)

    layers = Layers(breast, pressed, plane, edge, coarse)
    room = np.empty(plane.shape, np.float32)
    for rows in strips(plane):
        layers.fill(rows)
        room[rows] = layers.room
    target = breast.density * float(room.sum(dtype=np.float64)) * PLANE_MM**2
    drawn = (float(fibrous.sum(dtype=np.float64)) + 4 * float(broad.sum(dtype=np.float64))) * FINE_MM**2
    if drawn > 0.7 * target:  # the fattiest breasts: keep strands to a share of what was asked
        fibrous *= np.float32(0.7 * target / drawn)
        broad *= np.float32(0.7 * target / drawn)
        drawn = 0.7 * target
    gland = parenchyma_map.spread(breast, pressed, plane, room, target - drawn, seed)
    if gland is None:
        raise UsageError(f"anatomy.density = {breast.density:.3g}: more than this breast's outline can hold")

    detail = parenchyma_map.grain(breast, gland, plane, fine, seed, seen_on)
    detail += fibrous
    detail += seen_on(broad, middle, fine)
    return Laid(breast, pressed, seed, edge, coarse, detail, fine)


class Layers:
    """Whole breast, skin, muscle and the room between, over a strip of a grid at a time."""

    def __init__(self, breast: Breast, pressed: Compression, grid: Grid, edge: F32, coarse: Grid) -> None:
        self._pressed, self._grid, self._in_profile = pressed, grid, breast.nipple_in_profile
        column, row = coarse.px(grid.x_mm, grid.y_mm)
        self._coarse_columns, self._coarse_rows = (
            np.clip(column, 0, edge.shape[1] - 1),
            np.clip(row, 0, edge.shape[0] - 1),
        )
        self._inside = edge > -2.0 * coarse.pitch_mm
        self._flat = edge > pressed.roll_off * pressed.thickness_mm + 3.0
        self._depth, self._skin_mm = on_grid(edge, coarse, grid), local_skin_mm(breast, pressed, grid)

    def reach(self, rows: slice, nipple: F32) -> int:
        """How many columns from the chest wall the breast covers in some rows."""
        seen = np.flatnonzero(self._inside[self._coarse_strip(rows)].any(axis=0))
        breast = int(np.searchsorted(self._coarse_columns, seen[-1] + 1)) if seen.size else 0
        own = np.flatnonzero(nipple.any(axis=0))
        return min(max(breast, int(own[-1]) + 1 if own.size else 0), self._grid.shape[1])

    def _coarse_strip(self, rows: slice) -> slice:
        return slice(int(self._coarse_rows[rows.start]), int(self._coarse_rows[rows.stop - 1]) + 2)

    def _rim(self, rows: slice) -> int:
        """The first column in some rows that is not far inside the rim: before it the breast has its full thickness."""
        bent = np.flatnonzero(~self._flat[self._coarse_strip(rows)].all(axis=0))
        return int(np.searchsorted(self._coarse_columns, bent[0] - 1)) if bent.size else self._grid.shape[1]

    def fill(self, rows: slice, nipple: F32 | None = None) -> None:
        """Work out the paths under some rows, as far as `nipple` reaches where it is given; the nipple's is skin."""
        columns = slice(0, self._grid.shape[1] if nipple is None else nipple.shape[1])
        thickness, rim = self._pressed.thickness_mm, min(self._rim(rows), columns.stop)
        skin_mm = self._skin_mm.rows(rows.start, rows.stop, columns)
        self.whole: F32 = np.full(skin_mm.shape, thickness, np.float32)
        self.skin: F32 = np.asarray(2 * skin_mm, np.float32)
        depth = self._depth.rows(rows.start, rows.stop, slice(rim, columns.stop))
        self.whole[:, rim:] = edge_profile(depth, thickness, self._pressed.roll_off)
        self.skin[:, rim:] = skin_path(self._pressed, depth, self.whole[:, rim:], skin_mm[:, rim:])
        if nipple is not None and nipple.any():
            # in profile only what stands out of the breast is seen of it
            own = np.maximum(nipple - self.whole, 0) if self._in_profile else np.minimum(nipple, self.whole - self.skin)
            self.skin += own
            if self._in_profile:
                self.whole += own
        self.room: F32 = self.whole - self.skin
        self.muscle = muscle_path(self._pressed, self._grid, rows, self.room)
        if self.muscle is not None:
            self.room -= self.muscle


def _assembled(layers: Layers, nipple: F32, gland: Resampled) -> Shadow:
    """All tissues over the window, strip by strip."""
    shape = nipple.shape
    names = ("skin", "glandular", "adipose")
    # zeros that are never written cost neither time nor memory
    materials = {name: np.zeros(shape, np.float32) for name in names}
    whole, volume, glandular = np.zeros(shape, np.float32), 0.0, 0.0
    for start in range(0, shape[0], STRIP):
        rows = slice(start, min(start + STRIP, shape[0]))
        reach = layers.reach(rows, nipple[rows])
        if not reach:
            continue
        where = rows, slice(0, reach)
        layers.fill(rows, nipple[where])
        whole[where], materials["skin"][where] = layers.whole, layers.skin
        if layers.muscle is not None:
            materials.setdefault("muscle", np.zeros(shape, np.float32))[where] = layers.muscle
        part = np.clip(gland.rows(rows.start, rows.stop, where[1]), 0, layers.room, out=materials["glandular"][where])
        np.subtract(layers.room, part, out=materials["adipose"][where])
        volume += float(layers.room.sum())
        glandular += float(part.sum())
    return Shadow(materials, whole, glandular / max(volume, 1e-9))


def _put(materials: dict[str, F32], found: tuple[tuple[slice, slice], F32] | None, material: str) -> None:
    """Let a host take the place of the soft tissue around it, in its proportions there."""
    if found is None:
        return
    where, path = found
    room = materials["glandular"][where] + materials["adipose"][where]
    path = np.minimum(path, np.float32(0.98) * room)
    left = 1 - path / np.maximum(room, np.float32(1e-6))
    for tissue in ("glandular", "adipose"):
        materials[tissue][where] *= left
    if material not in materials:
        materials[material] = np.zeros_like(materials["adipose"])
    materials[material][where] += path


def strips(grid: Grid) -> list[slice]:
    """The rows of a grid, some at a time."""
    rows = grid.shape[0]
    return [slice(start, min(start + STRIP, rows)) for start in range(0, rows, STRIP)]


def muscle_path(pressed: Compression, grid: Grid, rows: slice, room: F32) -> F32 | None:
    """Path in the pectoral muscle under some rows: a wedge that thickens away from its edge, under a layer of fat."""
    if not pressed.chest.muscle_top_mm:
        return None
    x, y = grid.x_mm.astype(np.float32)[None, : room.shape[1]], grid.y_mm[rows, None]
    # the edge is steep: nearly its distance
    within = np.maximum((np.asarray(pressed.chest.muscle_width_mm(y), np.float32) - x) * np.float32(0.93), 0)
    out = np.zeros(room.shape, np.float32)
    reach = int(np.count_nonzero(within.any(axis=0)))  # columns from the chest wall
    some = within[:, :reach]
    out[:, :reach] = np.minimum(
        9.0 * (1 - np.exp(-some / np.float32(1.6))) + np.float32(0.42) * some, np.float32(0.72) * room[:, :reach]
    )
    return out
