"""Fibroglandular tissue as cells of three sizes: lobules, their parts, and the compartments of Cooper's ligaments."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from phantom.anatomy import texture
from phantom.anatomy.cells import Cells, Walls, binned
from phantom.anatomy.outline import BreastOutline
from phantom.anatomy.slab import Tissue, parts_filled, sample, walled
from phantom.arrays import F32, Array, Floats
from phantom.geometry.interpolate import trilinear
from phantom.recipe.seed import Seed

# the lattice of smooth fields: one for all breasts, so that both of a woman's share them place by place
_STEP_MM, _SHAPE, _CORNER_MM = 5.0, (40, 64, 64), (-45.0, -160.0, -160.0)
_BEHIND_MM, _BESIDE_MM = 40.0, 45.0  # how far structure goes on behind the base and outside the skin
_SOFT_MM = 35.0  # within this of the nipple cells are as long as wide
_RADIAL = 0.8  # far from it lengths along the line to it count so much of those across: cells point to the nipple
_CORE_LEVEL, _TIP = 0.62, 0.25  # how far the core reaches over the breast's radius, and how wide it ends (estimates)
_BIN = 1.1  # side of the search's bins over the cells' size
_DRIFT_MM, _DRIFT_WAVES_MM = 2.2, (12.0, 40.0)  # sd of the smooth displacement that bends walls, and its wavelengths
_SWIRL = 0.24  # how far the fabric strays from the line to the nipple, per mm of displacement
_UNDER_SKIN_MM = 7.0  # within this of the skin the fabric runs along it
_TWIN = 0.45  # part of the cloud's variance that both breasts share
_CHANCE = 0.45  # sd of chance in a lobule's score, times `Pattern.cellular`
_ALIKE, _HOLES, _HOLES_FROM = 0.25, 1.6, 0.55  # most lobules chance little; those above that many sd are fat in gland
_MOVED = 0.25  # of a cell's size: how far a cell's seed lies from its twin's
_SAMPLES = 10000  # places that density is met at
_SHOWN = 0.5  # of the walls: a slab shows only the nearest one of each size (measured)
_SCATTER, _SCATTER_MORE, _FATTY = 0.08, 0.25, 0.08  # how gradually lobules fill, and how much more so in fatty breasts
_FAINT, _DENSER = 0.3, 4.5  # density of the gland itself in fatty breasts, and how it rises with the breast's


@dataclass(frozen=True)
class Pattern:
    """How the parenchyma is built; lengths in mm (estimates, tuned by eye beside real views, except where sourced).

    Attributes
    ----------
    lobule_mm, part_mm, ligament_mm : float
        Mean size of lobules, each gland or fat as a whole (Bakic: compartments of 8-12 mm), of their parts, and of
        the compartments between Cooper's ligaments.
    nearer : (float, float, float)
        How much larger each of them is at the nipple than far from it.
    cloud, cellular : float
        Weights of the smooth power-law field and of chance in where gland is.
    wall_mm : float
        Scale of the walls' thickness.
    lobule_walls, part_walls, ligament_walls : tuple
        Least and most half thickness over `wall_mm`, power, thickening where three meet over `wall_mm`, its reach in
        mm.
    core : float
        How strongly gland keeps to the middle behind the nipple.
    cone : float
        How far that middle is a cone which ends there, 0 to 1, rather than a smaller breast.
    subcutaneous_mm : float
        Fat under the skin that gland keeps out of.
    retromammary : float
        Fat behind the gland, as a fraction of the breast's height.
    outer : float
        How much more gland there is in the upper outer quarter.
    fullness : float
        Part of the gland's lobules that is gland where they are full; the rest is fat in specks of the parts' size.
    fabric_mm, mottle : float
        As in `Parenchyma`.
    level : (float, float)
        How dense gland is, the least and the most dense lobule.
    """

    lobule_mm: float = 10.0
    part_mm: float = 5.0
    ligament_mm: float = 21.0
    nearer: tuple[float, float, float] = (0.45, 0.25, 0.2)
    cloud: float = 0.7
    cellular: float = 1.0
    wall_mm: float = 0.5
    lobule_walls: tuple[float, float, int, float, float] = (0.02, 0.7, 3, 1.7, 4.5)
    part_walls: tuple[float, float, int, float, float] = (0.05, 0.26, 3, 0.2, 1.2)
    ligament_walls: tuple[float, float, int, float, float] = (0.02, 0.7, 3, 1.0, 4.5)
    core: float = 1.5
    cone: float = 0.6
    subcutaneous_mm: float = 9.0
    retromammary: float = 0.28
    outer: float = 0.8
    fullness: float = 0.85
    fabric_mm: float = 0.28
    mottle: float = 0.08
    level: tuple[float, float] = (0.75, 0.95)


@dataclass(frozen=True, eq=False)
class Parenchyma:
    """Where there is gland, and the scaffold of ligaments.

    Attributes
    ----------
    body : BreastOutline
    tissue : Tissue
    drift : (3, nx, ny, nz) float32
        Smooth displacement, mm, of places before they are sorted into cells, on a lattice of 5 mm.
    origin : (3,) float32
        Of that lattice.
    fabric_mm : float
        sd of what is finer than strands, mm of tissue, where there are 10 mm of it.
    mottle : float
        sd of the gland's unevenness in one slab, as a share.
    """

    body: BreastOutline
    tissue: Tissue
    drift: F32
    origin: F32
    fabric_mm: float
    mottle: float

    def places(self, points_mm: Floats) -> F32:
        """Points (..., 3) of the free breast in the coordinates of the cells."""
        points = np.asarray(points_mm, np.float32)
        return warp(self.body, points + self._drifted(points))

    def _drifted(self, points: F32) -> F32:
        at = (points - self.origin) / np.float32(_STEP_MM)
        return np.stack(trilinear(tuple(self.drift), at), axis=-1)

    def along(self, points_mm: Floats) -> Floats:
        """(n, 3): unit directions of the fabric: toward the nipple, along the skin beneath it, and smoothly astray."""
        points = np.asarray(points_mm, np.float32).reshape(-1, 3)
        ahead = self.body.tip_mm - points
        ahead = ahead / np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 5.0)
        out = ahead + _SWIRL * self._drifted(points)[:, ::-1]
        normal = self.body.normals(points)
        near = np.exp(-np.maximum(self.body.depth_mm(points), 0) / _UNDER_SKIN_MM)[:, None]
        out -= near * (out * normal).sum(axis=1, keepdims=True) * normal
        return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6))

    def weight(self, points_mm: Floats) -> Floats:
        """How glandular places (n, 3) are, 0 to 1: their lobule's fill, less where their part of it is fat."""
        which, _ = self.found(points_mm)
        fill = self.tissue.fill[which[0]].astype(float)
        part = np.maximum(_part_filled(fill, self.tissue.chance[which[1]]), 0.02)
        return np.asarray(np.clip(fill, 0.05, 1.0) * part)

    def sampled(self, points_mm: Floats) -> tuple[Array, F32]:
        """Of points (n, 3): lobule and part (2, n), and how much of each place walls cover (n,)."""
        which, near = self.found(points_mm)
        solid = np.empty(which.shape[1], np.float32)
        walled(which, near, self.tissue, solid)
        return which, solid

    def found(self, points_mm: Floats) -> tuple[Array, F32]:
        """Of points (n, 3): lobule and part (2, n), and the nearest walls (3, 3, n), as `walled` asks for them."""
        points = np.asarray(points_mm, float).reshape(-1, 3)
        q = np.ascontiguousarray(self.places(points))
        scale, squeeze = metric(self.body, points)
        unit = q / np.maximum(np.linalg.norm(q, axis=1, keepdims=True), np.float32(1e-3))
        which, walls = np.empty((2, len(q)), np.int32), np.empty((3, 3, len(q)), np.float32)
        sample(q, np.asarray(unit, np.float32), scale, squeeze, self.tissue, which, walls)
        return which, walls


def _part_filled(fill: Floats, chance: F32) -> Floats:
    """How much of parts (n,) is gland, of lobules so full (n,)."""
    out = np.empty(len(fill))
    parts_filled(np.asarray(fill, float), chance, out)
    return out


def tendency(body: BreastOutline, pattern: Pattern, points: Floats) -> Floats:
    """Where gland tends to be at points (..., 3) mm: behind the nipple, away from the skin and the chest."""
    level = body.level(points)
    margin = (1 - level) * 0.5 * (body.lateral_mm + body.upper_mm)  # about the depth below the skin
    x = points[..., 0] / body.height_mm
    outer = 0.25 * (points[..., 1] / body.lateral_mm + points[..., 2] / body.upper_mm)
    wide = pattern.cone * _from_cone(body, points) ** 2 + (1 - pattern.cone) * (level / _CORE_LEVEL) ** 2
    core = -0.5 * pattern.core * (wide - 1) + pattern.outer * outer
    # the fat under the skin thins out toward the nipple, where ducts pass
    under = pattern.subcutaneous_mm * np.clip(1.35 - 1.05 * x, 0.25, 1.0)
    skin = -6.0 * np.clip(1 - (margin - 1.5) / under, 0, None)
    back = -2.6 * np.clip(1 - x / pattern.retromammary, 0, 1.5) ** 2
    return np.asarray(core + skin + back)


def _from_cone(body: BreastOutline, points: Floats) -> Floats:
    """Distance (...) from the line behind the nipple, 1 on a cone whose blunt tip is there."""
    ahead = np.clip(points[..., 0] / body.height_mm, 0.0, 1.0)
    across = (points[..., 1] - body.skew_mm * ahead**2) / (0.5 * (body.lateral_mm + body.medial_mm))
    up = (points[..., 2] + body.sag_mm * ahead**2) / (0.5 * (body.upper_mm + body.lower_mm))
    return np.asarray(np.hypot(across, up) / (_CORE_LEVEL * (1 - (1 - _TIP) * ahead)))


def warp(body: BreastOutline, points: Floats) -> F32:
    """Coordinates in which cells are round: lengths along the line to the nipple count less."""
    away = np.asarray(points, np.float32) - body.tip_mm.astype(np.float32)
    return np.asarray(away * _stretch(body, (away * away).sum(axis=-1, keepdims=True)), np.float32)


def _stretch(body: BreastOutline, squared: F32) -> F32:
    """Of lengths across the line to the nipple, at squared distances from it."""
    soft = np.float32(_SOFT_MM**2)
    return np.asarray(((squared + soft) / np.float32(body.height_mm**2)) ** np.float32(0.5 * (_RADIAL - 1)))


def metric(body: BreastOutline, points: Floats) -> tuple[F32, F32]:
    """At points (..., 3): how much `warp` stretches across the line to the nipple, and 1 - (along / across)²."""
    away = np.asarray(points, np.float32) - body.tip_mm.astype(np.float32)
    squared = np.asarray((away * away).sum(axis=-1), np.float32)
    along = 1 - np.float32(1 - _RADIAL) * squared / (squared + np.float32(_SOFT_MM**2))
    return _stretch(body, squared), np.asarray(1 - along * along, np.float32)


def grow_parenchyma(
    body: BreastOutline, pattern: Pattern, density: float, reserved: float, seed: Seed, twin: Seed
) -> Parenchyma:
    """Grow the structure of one breast.

    Parameters
    ----------
    body : BreastOutline
    pattern : Pattern
    density : float
        Part of the breast's volume that is fibroglandular.
    reserved : float
        The part of the volume that ducts, vessels and strands fill.
    seed : Seed
        Names this breast's random numbers.
    twin : Seed
        Names those it shares with the other breast: much of what decides where gland is comes from them, so that
        the two are alike, not copies.
    """
    lo, hi = body.bounds_mm
    box = lo - [_BEHIND_MM, _BESIDE_MM, _BESIDE_MM], hi + _BESIDE_MM
    f = texture.frequencies(_SHAPE, _STEP_MM)
    shared, apart = math.sqrt(_TWIN), math.sqrt(1 - _TWIN)
    white = np.float32(apart) * texture.white(_SHAPE, seed.child("cloud").rng())
    white += np.float32(shared) * texture.white(_SHAPE, twin.child("cloud").rng())
    cloud = texture.shaped(white * np.exp(-((f * 3.0) ** 2)), texture.power_law(f, 3.5, 60.0), _SHAPE)
    drift = _drift(f, seed.child("drift").rng())
    origin = np.array(_CORNER_MM, np.float32)

    sizes = pattern.lobule_mm, pattern.part_mm, pattern.ligament_mm
    names, kept = ("lobules", "parts", "compartments"), []
    for name, size_mm, nearer in zip(names, sizes, pattern.nearer, strict=True):
        # parts are a breast's own
        from_twin = seed if name == "parts" else twin
        kept.append(_cells(body, box, size_mm, nearer, from_twin.child(name), seed.child(name)))
    (lobule, places, lot), (part, _, _), (compartment, _, _) = kept
    (smooth,) = trilinear((cloud,), ((places - origin) / np.float32(_STEP_MM)).astype(np.float32))
    wanted = tendency(body, pattern, places) + pattern.cloud * smooth
    rng = seed.child("fill").rng()
    chance = shared * lot + apart * rng.standard_normal(len(places))
    chance = _ALIKE * chance - _HOLES * np.maximum(chance - _HOLES_FROM, 0)
    score = wanted + _CHANCE * pattern.cellular * chance
    clump = np.exp(np.clip(0.55 * wanted, -1.0, 0.7)).astype(np.float32)
    level = min(_FAINT + _DENSER * density, 1.0) * rng.uniform(*pattern.level, len(places))
    kinds = (pattern.lobule_walls, pattern.part_walls, pattern.ligament_walls)
    walls = [
        _walls(pattern.wall_mm, kind, most) for kind, most in zip(kinds, (clump.max(), clump.max(), 1.0), strict=True)
    ]
    tissue = Tissue(
        lobule, part, compartment, score.astype(np.float32), level.astype(np.float32), clump,
        rng.random(len(part.seeds)).astype(np.float32), walls[0], walls[1], walls[2], np.float32(1.0),
    )  # fmt: skip
    bare = Parenchyma(body, tissue, drift, origin, pattern.fabric_mm, pattern.mottle)
    return _filled(bare, score, pattern.fullness, density, reserved, seed.child("samples").rng())


def _drift(f: F32, rng: np.random.Generator) -> F32:
    """(3, *lattice) float32: a smooth displacement, mm, from the lattice's frequencies."""
    bend = texture.band(f, *_DRIFT_WAVES_MM)
    fields = [texture.shaped(texture.white(_SHAPE, rng), bend, _SHAPE) for _ in range(3)]
    return np.stack([np.float32(_DRIFT_MM) * field for field in fields])


def _cells(
    body: BreastOutline, box: tuple[Floats, Floats], size_mm: float, nearer: float, shared: Seed, seed: Seed
) -> tuple[Cells, Floats, Floats]:
    """Cells of a mean size in a box, by `nearer` larger at the nipple than far from it; their places (n, 3) and lots
    (n,).

    They lie where `shared` says, each moved by a quarter of a cell as `seed` says; lots are normal, and shared.
    """
    count = int(1.25 * float(np.prod(box[1] - box[0])) / size_mm**3)
    places = shared.child("places").rng().uniform(*box, (count, 3))
    near = np.exp(-np.linalg.norm(places - body.tip_mm, axis=1) / (0.55 * body.height_mm))
    wanted = 0.8 * (1 + 0.25 * nearer) / (1 + nearer * near) ** 3
    kept = shared.child("kept").rng().random(count) < wanted
    lots = shared.child("lots").rng().standard_normal(count)[kept]
    places = places[kept] + seed.child("moved").rng().normal(0, _MOVED * size_mm, (int(kept.sum()), 3))
    cells, order = binned(warp(body, places), _BIN * size_mm)
    return cells, places[order], lots[order]


def _walls(scale_mm: float, kind: tuple[float, float, int, float, float], times: float) -> Walls:
    """Walls of a kind (as in `Pattern`), and the largest half thickness when multiplied by at most `times`."""
    least, most, power, node, reach_mm = kind
    largest = scale_mm * (least + most + 1.25 * node) * float(times)
    mm = [np.float32(scale_mm * v) for v in (least, most, node)]
    return Walls(mm[0], mm[1], power, mm[2], np.float32(reach_mm), np.float32(largest))


def _filled(
    bare: Parenchyma, score: Floats, fullness: float, density: float, reserved: float, rng: np.random.Generator
) -> Parenchyma:
    """Thin the walls and fill the lobules with the highest scores, so that the density is met."""
    lo, hi = bare.body.bounds_mm
    points = rng.uniform(lo, hi, (3 * _SAMPLES, 3))
    points = points[bare.body.level(points) < 0.985][:_SAMPLES]
    target = max(density - reserved, 0.25 * density)
    # most of a fatty breast's tissue is its web, most of a dense one's its gland (an estimate)
    most = float(np.clip(0.85 - 2.5 * density, 0.15, 0.8)) * target / _SHOWN
    tissue = bare.tissue
    which, near = bare.found(points)
    walls = np.empty(len(points), np.float32)
    walled(which, near, tissue, walls)
    for _ in range(4):
        if float(walls.mean()) <= most:
            break
        tissue = tissue._replace(thin=np.float32(tissue.thin * max(0.3, most / float(walls.mean()))))
        walled(which, near, tissue, walls)
    walls = np.float32(_SHOWN) * walls
    width = _SCATTER + _SCATTER_MORE * math.exp(-density / _FATTY)
    low, high = -25.0, 25.0
    fill = np.zeros_like(score)
    for _ in range(40):
        middle = 0.5 * (low + high)
        fill = fullness / (1 + np.exp(np.clip((middle - score) / width, -30, 30)))
        gland = tissue.level[which[0]] * _part_filled(fill[which[0]], tissue.chance[which[1]])
        low, high = (middle, high) if float(np.maximum(gland, walls).mean()) > target else (low, middle)
    return replace(bare, tissue=tissue._replace(fill=fill.astype(np.float32)))
