"""A breast under the paddle as path lengths: millimetres of each tissue under every pixel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.anatomy.projected import slabs, strokes
from phantom.anatomy.projected.lattices import inside, lattice, on_grid, seen_on, strips
from phantom.anatomy.projected.layers import Layers, Parts, parts_over
from phantom.anatomy.projected.soft_tissue_lesions import host_path, spicules
from phantom.anatomy.vessels import from_chest
from phantom.arrays import F32
from phantom.errors import UsageError
from phantom.geometry.compression import Compression
from phantom.geometry.grid import Grid
from phantom.geometry.interpolate import Resampled
from phantom.recipe.seed import Seed

Window = tuple[slice, slice]

_STRANDS = 0.35  # at most, of the fibroglandular volume
_SOME_FAT = 0.1  # from twice this share of the room left, gland fills it more slowly (an estimate)
_FULLEST = 0.85  # no breast has more of its room filled with it


@dataclass(frozen=True, eq=False)
class ProjectedTissue:
    """A breast's tissues on lattices of their own, ready to be seen on any grid within the window they were laid
    for."""

    breast: Breast
    pressed: Compression
    seed: Seed
    parts: Parts
    gland: F32
    fine: Grid

    def window(self, grid: Grid) -> TissueWindow:
        """Path lengths over a grid."""
        return TissueWindow(
            Layers(self.breast, self.pressed, grid, self.parts, self.seed),
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


def _volume(path_mm: F32, grid: Grid, where: Window) -> float:
    """mm³ under a part of a grid."""
    return float(path_mm[where].sum(dtype=np.float64)) * grid.pitch_mm**2


def _leave_room(tissue: F32, room: F32) -> None:
    """Where tissue nearly fills its room, mm, let it come ever nearer to filling it: some fat is left in all gland."""
    least = np.float32(_SOME_FAT) * room
    over = tissue - (room - 2 * least)
    full = over > 0
    over, least = over[full], least[full]
    tissue[full] += least * np.tanh(over / least) - over


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
    parts = parts_over(breast, pressed, window, seed)
    plane, fine = (lattice(window, mm, slabs.nodes_every(mm)) for mm in slabs.pitches_mm(window.pitch_mm))

    # with the gland about them ducts involute: in fatty breasts little more than fat is left of them (an estimate)
    kept = float(np.clip(breast.density / 0.14, 0.3, 1.0))
    lines = [(c.points_mm, c.radius_mm, kept) for c in breast.ducts]
    lines += [(*from_chest(c), 1.0) for c in (*breast.arteries, *breast.veins)]
    for strands in (breast.ligaments, breast.fibres):
        lines += [(p, r, strands.ribbon) for p, r in zip(strands.points_mm, strands.radius_mm, strict=True)]
    for host in breast.hosts:
        lines += spicules(host, seed)
    fibrous, broad = strokes.draw(lines, pressed, fine, plane)

    layers = Layers(breast, pressed, plane, parts, seed)
    room = np.empty(plane.shape, np.float32)
    for rows in strips(plane):
        layers.fill(rows, plane.shape[1])
        room[rows] = layers.room
    held, held_fine = inside(plane, window), inside(fine, window)
    target = breast.density * _volume(room, plane, held)
    drawn = _volume(fibrous, fine, held_fine) + _volume(broad, plane, held)
    if drawn > _STRANDS * target:  # the fattiest breasts: keep strands to a share of what was asked
        fibrous *= np.float32(_STRANDS * target / drawn)
        broad *= np.float32(_STRANDS * target / drawn)
        drawn = _STRANDS * target
    tissue = slabs.project(breast, pressed, plane, room, seed)
    got = _volume(tissue, plane, held)
    if target > _FULLEST * _volume(room, plane, held) or got <= 0:
        raise UsageError(f"anatomy.density = {breast.density:.3g}: more than this breast's outline can hold")
    tissue *= np.float32((target - drawn) / got)
    _leave_room(tissue, room)
    tissue += broad
    detail = seen_on(tissue, plane, fine)
    detail += fibrous
    slabs.add_fabric(breast, pressed, fine, detail, seed)
    np.maximum(detail, 0, out=detail)  # cubic convolution overshoots beside a vessel
    detail *= np.float32(target / _volume(detail, fine, held_fine))
    return ProjectedTissue(breast, pressed, seed, parts, detail, fine)


def _part(found: tuple[Window, F32] | None, rows: slice) -> tuple[Window, F32] | None:
    """What of a path over a window lies in a strip: where in it, and the path there."""
    if found is None:
        return None
    (held, columns), path = found
    first, last = max(rows.start, held.start), min(rows.stop, held.stop)
    if first >= last:
        return None
    return (slice(first - rows.start, last - rows.start), columns), path[first - held.start : last - held.start]


def _put(materials: dict[str, F32], where: Window, path: F32, material: str) -> None:
    """Let a host take the place of the soft tissue around it, in its proportions there."""
    gland, fat = materials["glandular"][where], materials["adipose"][where]
    path = path[:, : gland.shape[1]]
    room = gland + fat
    path = np.minimum(path, np.float32(0.98) * room)
    left = 1 - path / np.maximum(room, np.float32(1e-6))
    gland *= left
    fat *= left
    if material not in materials:
        materials[material] = np.zeros_like(materials["adipose"])
    materials[material][where] += path
