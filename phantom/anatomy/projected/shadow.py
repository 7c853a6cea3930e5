"""A breast under the paddle as path lengths: millimetres of each tissue under every pixel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.anatomy.projected import parenchyma_map, strokes
from phantom.anatomy.projected.fine import FINE_MM, PLANE_MM
from phantom.anatomy.projected.skin import local_skin_mm, nipple_path, skin_path
from phantom.anatomy.projected.soft_tissue_lesions import host_path, spicules
from phantom.anatomy.vessels import from_chest
from phantom.arrays import F32
from phantom.errors import UsageError
from phantom.geometry.compression import Compression, edge_profile
from phantom.geometry.grid import Grid
from phantom.geometry.interpolate import STRIP, Resampled, resample, resampled
from phantom.recipe.seed import Seed

Window = tuple[slice, slice]

_EDGE_MM = 0.56


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


@dataclass(frozen=True, eq=False)
class ProjectedTissue:
    """A breast's tissues on lattices of their own, ready to be seen on any grid within the window they were laid for."""

    breast: Breast
    pressed: Compression
    seed: Seed
    edge: F32
    coarse: Grid
    gland: F32
    fine: Grid

    def window(self, grid: Grid) -> TissueWindow:
        """Path lengths over a grid."""
        return TissueWindow(
            Layers(self.breast, self.pressed, grid, self.edge, self.coarse),
            on_grid(self.gland, self.fine, grid),
            tuple((host_path(host, self.pressed, grid, self.seed), host.material) for host in self.breast.hosts),
        )


@dataclass(frozen=True, eq=False)
class TissueWindow:
    """A breast's tissues under the pixels of a grid, worked out some rows at a time.

    Attributes
    ----------
    layers : Layers
    gland : Resampled
        mm of fibroglandular tissue, where there is room for it.
    hosts : tuple of ((window, path) or None, material)
    """

    layers: Layers
    gland: Resampled
    hosts: tuple[tuple[tuple[Window, F32] | None, str], ...]

    def strips(self) -> Iterator[tuple[Window, F32, dict[str, F32]]]:
        """Rows and columns, the whole thickness there (mm), and the path in each material (mm)."""
        layers = self.layers
        for rows in strips(layers.grid):
            reach = layers.reach(rows)
            if not reach:
                continue
            layers.fill(rows, reach)
            gland = self.gland.rows(rows.start, rows.stop, slice(0, reach))
            np.minimum(gland, layers.room, out=gland)
            materials = {"skin": layers.skin, "glandular": gland, "adipose": layers.room - gland}
            if layers.muscle is not None:
                materials["muscle"] = layers.muscle
            for host, material in self.hosts:
                found = _part(host, rows)
                if found is not None:
                    _put(materials, *found, material)
            yield (rows, slice(0, reach)), layers.whole, materials


def project_tissue(breast: Breast, pressed: Compression, window: Grid, seed: Seed) -> ProjectedTissue:
    """Spread a breast's tissues.

    Parameters
    ----------
    breast : Breast
    pressed : Compression
        Of the same breast.
    window : Grid
        Where to look; it should hold the whole breast, as density is met within it.
    seed : Seed
        Names the random numbers of structure too fine to be followed from view to view.

    Raises
    ------
    UsageError
        If the breast cannot hold the density asked for.
    """
    coarse = lattice(window, _EDGE_MM)
    edge = np.asarray(pressed.edge_mm(coarse.x_mm[None, :], coarse.y_mm[:, None]), np.float32)
    fine, middle, plane = (lattice(window, pitch) for pitch in (FINE_MM, 2 * FINE_MM, PLANE_MM))

    # with the gland about them ducts involute: in fatty breasts little more than fat is left of them (an estimate)
    kept = float(np.clip(breast.density / 0.14, 0.3, 1.0))
    lines = [(c.points_mm, c.radius_mm, kept) for c in breast.ducts]
    lines += [(*from_chest(c), 1.0) for c in (*breast.arteries, *breast.veins)]
    for strands in (breast.ligaments, breast.fibres):
        lines += [(p, r, strands.ribbon) for p, r in zip(strands.points_mm, strands.radius_mm, strict=True)]
    for host in breast.hosts:
        lines += spicules(host, seed)
    fibrous, broad = strokes.draw(lines, pressed, fine, middle)

    layers = Layers(breast, pressed, plane, edge, coarse)
    room = np.empty(plane.shape, np.float32)
    for rows in strips(plane):
        layers.fill(rows, plane.shape[1])
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
    np.maximum(detail, 0, out=detail)  # cubic convolution overshoots beside a vessel
    return ProjectedTissue(breast, pressed, seed, edge, coarse, detail, fine)


class Layers:
    """Whole breast, skin, muscle and the room between, over a strip of a grid at a time."""

    def __init__(self, breast: Breast, pressed: Compression, grid: Grid, edge: F32, coarse: Grid) -> None:
        self._pressed, self.grid, self._in_profile = pressed, grid, breast.nipple_in_profile
        column, row = coarse.px(grid.x_mm, grid.y_mm)
        self._coarse_rows = np.clip(row, 0, edge.shape[0] - 1).astype(int)
        # for each coarse row: columns of the grid that the breast covers, and those before its edge bends
        inside, flat = edge > -2.0 * coarse.pitch_mm, edge > pressed.roll_off * pressed.thickness_mm + 3.0
        covered = np.where(inside.any(axis=1), edge.shape[1] - inside[:, ::-1].argmax(axis=1), 0)
        unbent = np.where(flat.all(axis=1), edge.shape[1] + 1, flat.argmin(axis=1))
        self._covered = np.where(covered > 0, np.searchsorted(column, covered), 0)
        self._unbent = np.where(unbent > 1, np.searchsorted(column, unbent - 1), 0)
        self._depth, self._skin_mm = on_grid(edge, coarse, grid), local_skin_mm(breast, pressed, grid)
        self._nipple = nipple_path(breast, pressed, grid)
        self._muscle_mm = np.asarray(pressed.chest.muscle_width_mm(grid.y_mm), np.float32)

    def reach(self, rows: slice) -> int:
        """How many columns from the chest wall the breast covers in some rows."""
        reach = int(self._covered[self._coarse(rows)].max())
        if self._nipple is not None:
            (own, columns), _ = self._nipple
            reach = max(reach, columns.stop if own.start < rows.stop and rows.start < own.stop else 0)
        return min(reach, self.grid.shape[1])

    def _coarse(self, rows: slice) -> slice:
        return slice(self._coarse_rows[rows.start], self._coarse_rows[rows.stop - 1] + 2)

    def fill(self, rows: slice, reach: int) -> None:
        """Work out the paths under some rows, as far as `reach`; the nipple's is skin."""
        pressed, thickness = self._pressed, self._pressed.thickness_mm
        rim = min(int(self._unbent[self._coarse(rows)].min()), reach)
        skin_mm = self._skin_mm.rows(rows.start, rows.stop, slice(0, reach))
        self.whole: F32 = np.full(skin_mm.shape, thickness, np.float32)
        self.skin: F32 = np.asarray(np.minimum(2 * skin_mm, thickness), np.float32)
        depth = self._depth.rows(rows.start, rows.stop, slice(rim, reach))
        self.whole[:, rim:] = edge_profile(depth, thickness, pressed.roll_off)
        self.skin[:, rim:] = skin_path(pressed, depth, self.whole[:, rim:], skin_mm[:, rim:])
        self._add_nipple(rows)
        self.room: F32 = self.whole - self.skin
        self.muscle = muscle_path(self._muscle_mm[rows, None], self.grid.x_mm.astype(np.float32), self.room)
        if self.muscle is not None:
            self.room -= self.muscle

    def _add_nipple(self, rows: slice) -> None:
        """In profile what stands out of the breast is seen of it; else it is a disc in the breast's own thickness."""
        found = _part(self._nipple, rows)
        if found is None:
            return
        here, path = found
        whole, skin = self.whole[here], self.skin[here]
        if self._in_profile:
            own = np.maximum(path - whole, 0)
            whole += own
        else:
            own = np.minimum(path, whole - skin)
        skin += own


def _part(found: tuple[Window, F32] | None, rows: slice) -> tuple[Window, F32] | None:
    """What of a path over a window lies in a strip: where in it, and the path there."""
    if found is None:
        return None
    (own, columns), path = found
    first, last = max(rows.start, own.start), min(rows.stop, own.stop)
    if first >= last:
        return None
    return (slice(first - rows.start, last - rows.start), columns), path[first - own.start : last - own.start]


def _put(materials: dict[str, F32], here: Window, path: F32, material: str) -> None:
    """Let a host take the place of the soft tissue around it, in its proportions there."""
    gland, fat = materials["glandular"][here], materials["adipose"][here]
    path = path[:, : gland.shape[1]]
    room = gland + fat
    path = np.minimum(path, np.float32(0.98) * room)
    left = 1 - path / np.maximum(room, np.float32(1e-6))
    gland *= left
    fat *= left
    if material not in materials:
        materials[material] = np.zeros_like(materials["adipose"])
    materials[material][here] += path


def strips(grid: Grid) -> list[slice]:
    """The rows of a grid, some at a time."""
    rows = grid.shape[0]
    return [slice(start, min(start + STRIP, rows)) for start in range(0, rows, STRIP)]


def muscle_path(width_mm: F32, x_mm: F32, room: F32) -> F32 | None:
    """Path in the pectoral muscle under some rows: a wedge that thickens away from its edge, under a layer of fat.

    Parameters
    ----------
    width_mm : (rows, 1) float32
        Of the muscle.
    x_mm : (columns,) float32
    room : (rows, columns) float32
        Path that muscle may share.
    """
    reach = int(np.searchsorted(x_mm[: room.shape[1]], float(width_mm.max())))
    if not reach:
        return None
    out = np.zeros(room.shape, np.float32)
    # the edge is steep: nearly its distance
    within = np.maximum((width_mm - x_mm[:reach]) * np.float32(0.93), 0)
    path = np.float32(0.42) * within + np.float32(9.0) * (1 - np.exp(within * np.float32(-1 / 1.6)))
    np.minimum(path, np.float32(0.72) * room[:, :reach], out=out[:, :reach])
    return out
