"""The breast under the paddle as a stack of slabs, each a map of gland and ligaments on a fine lattice."""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import uniform_filter

from phantom.anatomy import texture
from phantom.anatomy.breast import Breast
from phantom.anatomy.parenchyma import metric
from phantom.anatomy.projected.streaks import draw_out
from phantom.anatomy.slab import Nodes, Roughness, add_slab
from phantom.arrays import F32, Floats
from phantom.geometry.compression import Compression
from phantom.geometry.grid import Grid
from phantom.recipe.seed import Seed

PLANE_MM, FINE_MM = 0.28, 0.14  # spacing of the lattice of slabs, and of the one that strands are drawn on
EVERY = 8  # points of the plane from node to node: places are followed through space at nodes
_COARSEST = 4  # a spacing grows to at most so many times itself
_NEARLY = 1.001  # a pixel so little below a spacing counts as one of it
_SLAB_MM, _FEWEST = 4.0, 4
_TOGETHER = 4  # slabs that are rough alike: a sheet that stands on edge stays sharp
_BLUR = 0.6  # of the lattice's spacing: how far a point reaches
# displacement: of each part its sd and two waves, between which its spectrum is f^-beta: rough edges, and scallops
_ROUGH, _ROUGH_BETA = ((0.08, (0.24, 12.0)), (0.12, (5.0, 16.0))), 3.0
_MOTTLE_BETA, _MOTTLE_WAVES_MM = 1.3, (0.5, 3.0)  # of gland in a slab: the same
_TILE_MM = 110.0  # at least: after which random texture repeats
_RIM, _FADE_MM, _FADED = 0.93, 12.0, 2.0  # folds: from this part of the radius tissue fades, how fast, how far
_FABRIC_POWER, _FABRIC_FULL_MM = 0.25, 10.0  # the finest texture grows as that power of mm of tissue over so many
_FABRIC_BETA, _FABRIC_LONGEST_MM, _FABRIC_REACH = 1.0, 1.2, 3  # its spectrum across, and points that it is drawn out by
_FABRIC_LAYERS = ((0.25, 0.0), (0.75, 0.6))  # depths, as parts of the thickness, and turns from the fabric's direction


def pitches_mm(pixel_mm: float) -> tuple[float, float]:
    """Spacing of the lattice of slabs and of strands' for pixels of a size: as coarse as they are where they are."""
    return PLANE_MM * _times(PLANE_MM, pixel_mm), FINE_MM * _times(FINE_MM, pixel_mm)


def nodes_every(pitch_mm: float) -> int:
    """Points of a lattice of this spacing from node to node, which lie equally far apart on all lattices."""
    return round(EVERY * PLANE_MM / pitch_mm)


def _times(spacing_mm: float, pixel_mm: float) -> int:
    """The largest power of two by which a spacing may grow and not exceed the pixel, so that nodes stay nodes."""
    return min(1 << max(math.floor(math.log2(_NEARLY * pixel_mm / spacing_mm)), 0), _COARSEST)


def project(breast: Breast, pressed: Compression, plane: Grid, room: F32, seed: Seed) -> F32:
    """mm of gland and its walls under the points of a plane.

    Parameters
    ----------
    breast, pressed
    plane : Grid
        Of the first of `pitches_mm`; its first point lies on a node of the whole plane's lattice.
    room : (rows, columns) float32
        mm that tissue may fill under each point.
    seed : Seed
        Names this view's random numbers.

    Returns
    -------
    (rows, columns) float32
    """
    slabs = max(round(pressed.thickness_mm / _SLAB_MM), _FEWEST)
    every, stride = nodes_every(plane.pitch_mm), round(plane.pitch_mm / PLANE_MM)
    columns = _Columns(pressed, plane, every)
    parenchyma = breast.parenchyma
    weight = np.ascontiguousarray(room / np.float32(slabs))
    first = [stride * round(at / plane.pitch_mm - 0.5) for at in plane.origin_mm[::-1]]
    shift, mottle = _tiles(breast, stride)
    where = seed.child("offsets").rng().integers(0, 1 << 12, (slabs, 2, 2)) + np.array(first)
    total = np.zeros(plane.shape, np.float32)
    below = parenchyma.places(columns.at(0.0))
    for k in range(slabs):
        points = columns.at((k + 0.5) / slabs)
        above = parenchyma.places(columns.at((k + 1) / slabs))
        scale, squeeze = metric(parenchyma.body, points)
        nodes = Nodes(parenchyma.places(points), above - below, scale, squeeze, columns.fade)
        rough = Roughness(shift, where[k // _TOGETHER, 0], mottle, where[k, 1], stride)
        add_slab(nodes, weight, every, np.float32(_BLUR * plane.pitch_mm), rough, parenchyma.tissue, total)
        below = above
    return total


class _Columns:
    """The free breast's columns that ended under the nodes of a lattice."""

    def __init__(self, pressed: Compression, lattice: Grid, every: int) -> None:
        step = every * lattice.pitch_mm
        y, x = (
            o + step * np.arange(n // every + 2) for o, n in zip(lattice.origin_mm[::-1], lattice.shape, strict=True)
        )
        rim = _RIM if pressed.chest.fold_mm else 1.0
        self._x, self._y, self._bottom, self._top, away = pressed.continued(x[None, :], y[:, None], rim)
        self.fade: F32 = np.clip(away / _FADE_MM, 0.0, _FADED).astype(np.float32)
        self._axes = pressed.view.axes

    def at(self, part: float) -> F32:
        """(rows, columns, 3): points of the breast's frame so far up each column."""
        h = self._bottom + part * (self._top - self._bottom)
        axes = self._axes
        points = [self._x * axes[0, k] + self._y * axes[1, k] + h * axes[2, k] for k in range(3)]
        return np.stack(points, axis=-1).astype(np.float32)


def _side(pitch_mm: float) -> int:
    """Points along the side of a tile: a power of two, so that it is repeated quickly."""
    return 1 << math.ceil(math.log2(_TILE_MM / pitch_mm))


def _between(f: F32, beta: float, waves_mm: tuple[float, float]) -> F32:
    """Amplitude of a spectrum f^-beta between two wavelengths, with soft ends."""
    short, long = (np.float32(w) for w in waves_mm)
    safe = np.maximum(f, np.float32(1e-6))
    return np.asarray(safe ** np.float32(-0.5 * beta) * np.exp(-((f * short) ** 4)) * (1 - np.exp(-((f * long) ** 4))))


def _averaged(tile: F32, stride: int) -> F32:
    """At each point of a tile the mean of the block of so many points that begins there."""
    return tile if stride == 1 else uniform_filter(tile, stride, mode="wrap", origin=-(stride // 2))


def _tiles(breast: Breast, stride: int) -> tuple[F32, F32]:
    """Tiles of rough displacement (3, side, side), mm, and of mottle (side, side), for points `stride` apart."""
    shape = (_side(PLANE_MM),) * 2
    rng = breast.texture.child("rough").rng()
    f = texture.frequencies(shape, PLANE_MM)
    soft = _between(f, _MOTTLE_BETA, _MOTTLE_WAVES_MM)
    shift = [np.zeros(shape, np.float32) for _ in range(3)]
    for sd_mm, waves_mm in _ROUGH:
        law = _between(f, _ROUGH_BETA, waves_mm)
        for each in shift:
            each += np.float32(sd_mm) * texture.shaped(texture.white(shape, rng), law, shape)
    mottle = texture.shaped(texture.white(shape, rng), soft, shape)
    mottle = _averaged(np.float32(breast.parenchyma.mottle) * mottle, stride)
    return np.stack([_averaged(each, stride) for each in shift]), mottle


def add_fabric(breast: Breast, pressed: Compression, fine: Grid, tissue: F32, seed: Seed) -> None:
    """Add to mm of tissue (rows, columns), on a lattice of the second of `pitches_mm`, what is finer than strands.

    Noise drawn out along the fabric's direction as the view shows it, at two depths; stronger where there is more
    tissue.
    """
    rng = seed.child("fabric").rng()
    every, stride = nodes_every(fine.pitch_mm), round(fine.pitch_mm / FINE_MM)
    columns = _Columns(pressed, fine, every)
    axes = pressed.view.axes
    shape = (_side(FINE_MM),) * 2
    law = texture.power_law(texture.frequencies(shape, FINE_MM), _FABRIC_BETA, _FABRIC_LONGEST_MM)
    tile = texture.shaped(texture.white(shape, breast.texture.child("fabric").rng()), law, shape)
    tile = _averaged(tile, stride)
    first = np.array([stride * round(at / fine.pitch_mm - 0.5) for at in fine.origin_mm[::-1]])
    strength: F32 = np.asarray(np.maximum(tissue, 0) / np.float32(_FABRIC_FULL_MM), np.float32)
    np.power(strength, np.float32(_FABRIC_POWER), out=strength)
    strength *= np.float32(breast.parenchyma.fabric_mm / math.sqrt(len(_FABRIC_LAYERS)))
    for part, turn in _FABRIC_LAYERS:
        points = columns.at(part)
        along: Floats = breast.parenchyma.along(points.reshape(-1, 3))
        angle = np.arctan2(along @ axes[1], along @ axes[0]).reshape(points.shape[:2])
        angle += turn * (1 if rng.random() < 0.5 else -1)
        where = rng.integers(0, 1 << 12, 2) + first
        dx, dy = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        draw_out(tile, where, stride, dx, dy, every, _FABRIC_REACH, strength, tissue)
