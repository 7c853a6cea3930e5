"""The parts about the tissue: whole breast, skin, nipple and muscle, and the room that they leave."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.anatomy.projected.lattices import lattice, on_grid
from phantom.anatomy.projected.muscle import MUSCLE_MM, muscle_path
from phantom.anatomy.projected.nipple import NippleShadow, nipple_shadow
from phantom.anatomy.projected.skin import along_mm, local_skin_mm, skin_path, streak
from phantom.arrays import F32
from phantom.geometry.compression import Compression
from phantom.geometry.grid import Grid
from phantom.geometry.pressing import edge_profile
from phantom.recipe.seed import Seed

Window = tuple[slice, slice]

_EDGE_MM, _SKIN_MM = 0.56, 4.0  # spacing of the lattices that the outline and the skin's thickness lie on
_FIRM = 0.25  # by which share of the nipple's rise the skin is thicker there
_MOST_MUSCLE = 0.66  # of the room between the skins


@dataclass(frozen=True, eq=False)
class Parts:
    """What the parts about the tissue need, on lattices of their own.

    Attributes
    ----------
    grid : Grid
        The lattice of `edge` and `along`.
    edge : float32
        Distance inward from the outline, mm.
    along : float32
        Distance along it, mm.
    wide : Grid
        The lattice of `skin_mm`.
    skin_mm : float32
        Thickness of the skin.
    plane : Grid
        The lattice of `muscle`.
    muscle : float32 or None
        Path in the muscle, mm, where there is room for it.
    """

    grid: Grid
    edge: F32
    along: F32
    wide: Grid
    skin_mm: F32
    plane: Grid
    muscle: F32 | None


def parts_over(breast: Breast, pressed: Compression, window: Grid, seed: Seed) -> Parts:
    """The outline, the skin and the muscle over a window."""
    coarse, wide, plane = (lattice(window, pitch) for pitch in (_EDGE_MM, _SKIN_MM, MUSCLE_MM))
    x, y = coarse.x_mm[None, :], coarse.y_mm[:, None]
    edge = np.asarray(pressed.edge_mm(x, y), np.float32)
    skin_mm = local_skin_mm(breast, pressed, wide, seed)
    return Parts(coarse, edge, along_mm(pressed, x, y), wide, skin_mm, plane, muscle_path(pressed, plane, seed))


class Layers:
    """Whole breast, skin, muscle and the room between, over a strip of a grid at a time."""

    def __init__(self, breast: Breast, pressed: Compression, grid: Grid, parts: Parts, seed: Seed) -> None:
        self._pressed, self.grid, self._in_profile, self._seed = pressed, grid, breast.nipple_in_profile, seed
        coarse, edge = parts.grid, parts.edge
        column, row = coarse.px(grid.x_mm, grid.y_mm)
        self._coarse_rows = np.clip(row, 0, edge.shape[0] - 1).astype(int)
        # for each coarse row: columns of the grid that the breast covers, and those before its edge bends
        inside, flat = edge > -2.0 * coarse.pitch_mm, edge > pressed.roll_off * pressed.thickness_mm + 3.0
        covered = np.where(inside.any(axis=1), edge.shape[1] - inside[:, ::-1].argmax(axis=1), 0)
        unbent = np.where(flat.all(axis=1), edge.shape[1] + 1, flat.argmin(axis=1))
        self._covered = np.where(covered > 0, np.searchsorted(column, covered), 0)
        self._unbent = np.where(unbent > 1, np.searchsorted(column, unbent - 1), 0)
        self._depth, self._along = on_grid(edge, coarse, grid), on_grid(parts.along, coarse, grid)
        self._skin_mm = on_grid(parts.skin_mm, parts.wide, grid)
        self._nipple = nipple_shadow(breast, pressed, grid, seed)
        self._muscle, self._muscle_reach = None, 0
        if parts.muscle is not None:
            plane, path = parts.plane, parts.muscle
            self._muscle_reach = int(np.searchsorted(grid.x_mm, plane.x_mm[path.shape[1] - 1]))
            self._muscle = on_grid(path, plane, replace(grid, shape=(grid.shape[0], max(self._muscle_reach, 1))))

    def reach(self, rows: slice) -> int:
        """How many columns from the chest wall the breast covers in some rows."""
        reach, nipple = int(self._covered[self._coarse(rows)].max()), self._nipple
        if nipple is not None and self._in_profile and nipple.rows.start < rows.stop and rows.start < nipple.rows.stop:
            reach = max(reach, nipple.columns.stop)
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
        self._raise_outline(rows, slice(rim, reach), depth, skin_mm[:, rim:])
        self.whole[:, rim:] = edge_profile(depth, thickness, pressed.roll_off)
        skin = skin_path(pressed, depth, self.whole[:, rim:], skin_mm[:, rim:])
        streak(
            skin, depth, self._along.rows(rows.start, rows.stop, slice(rim, reach)), 2 * skin_mm[:, rim:], self._seed
        )
        np.minimum(skin, self.whole[:, rim:], out=self.skin[:, rim:])
        self._add_dome(rows, reach)
        self._add_fan(rows, reach)
        self.room: F32 = self.whole - self.skin
        self.muscle: F32 | None = None
        last = min(self._muscle_reach, reach)
        if self._muscle is not None and last:
            self.muscle = np.zeros_like(self.room)
            path = self._muscle.rows(rows.start, rows.stop, slice(0, last))
            np.minimum(path, np.float32(_MOST_MUSCLE) * self.room[:, :last], out=self.muscle[:, :last])
            self.room -= self.muscle

    def _raise_outline(self, rows: slice, columns: slice, depth_mm: F32, skin_mm: F32) -> None:
        """Where the nipple is in profile, the outline lies further out, and most of what rises is as firm as skin."""
        found = self._nipple_window(rows, columns) if self._in_profile else None
        if found is not None:
            nipple, place, seen, across = found
            rise = nipple.rise_mm(self.grid, seen, across, depth_mm[place])
            depth_mm[place] += rise
            skin_mm[place] += np.float32(_FIRM) * rise

    def _add_dome(self, rows: slice, reach: int) -> None:
        """Where the nipple is not in profile, it is a dome in the breast's own thickness."""
        found = None if self._in_profile else self._nipple_window(rows, slice(0, reach))
        if found is not None:
            nipple, place, seen, across = found
            whole, skin = self.whole[place], self.skin[place]
            skin += np.minimum(nipple.dome_mm(self.grid, seen, across), np.float32(0.7) * (whole - skin))

    def _add_fan(self, rows: slice, reach: int) -> None:
        """The main ducts behind the nipple are as firm as skin."""
        found = self._nipple_window(rows, slice(0, reach))
        if found is not None:
            nipple, place, seen, across = found
            whole, skin = self.whole[place], self.skin[place]
            skin += np.minimum(nipple.fan_mm(self.grid, seen, across), np.float32(0.5) * np.maximum(whole - skin, 0))

    def _nipple_window(self, rows: slice, columns: slice) -> tuple[NippleShadow, Window, slice, slice] | None:
        """What of the nipple lies in some rows and columns: where in them, and its rows and columns in the grid."""
        nipple = self._nipple
        if nipple is None:
            return None
        seen = slice(max(rows.start, nipple.rows.start), min(rows.stop, nipple.rows.stop))
        across = slice(max(columns.start, nipple.columns.start), min(columns.stop, nipple.columns.stop))
        if seen.start >= seen.stop or across.start >= across.stop:
            return None
        place = (
            slice(seen.start - rows.start, seen.stop - rows.start),
            slice(across.start - columns.start, across.stop - columns.start),
        )
        return nipple, place, seen, across
