"""Casts of ducts: threads of calcium, broken into pieces, that branch where the duct does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phantom.anatomy.breast import Breast, Curve
from phantom.arrays import Floats
from phantom.calcifications.sites import CurvePath, inside
from phantom.geometry.solids.chains import Chains
from phantom.recipe.draw import Draw


@dataclass(frozen=True, eq=False)
class Piece:
    """One cast: its solid, its centre in the breast, and the way it runs, away from the nipple."""

    shape: Chains
    centre_mm: tuple[float, float, float]
    along: tuple[float, float, float]


def thread(
    path: CurvePath, start_mm: float, length_mm: float, calibre_mm: float, rng: np.random.Generator, vary: float
) -> Floats:
    """(n, 4): points and radii of a thread along a duct, its calibre varying by `vary` (relative, at most)."""
    count = max(4, 1 + int(np.ceil(length_mm / max(0.35, 1.2 * calibre_mm))))
    s = start_mm + length_mm * np.linspace(0.0, 1.0, count)
    points, directions, wide = path.at(s)
    radii = 0.5 * calibre_mm * (1.0 + np.clip(rng.normal(0.0, 0.6 * vary, count), -vary, vary))
    radii[[0, -1]] *= rng.uniform(0.35, 0.9, 2)
    # it fills the duct, or lies on one side of a wider one, and wriggles
    loose = rng.standard_normal((count, 3)) * (0.25 * calibre_mm)
    loose -= (loose * directions).sum(axis=1, keepdims=True) * directions
    loose += rng.standard_normal(3) * np.clip(0.3 * float(wide.mean()) - 0.15 * calibre_mm, 0.0, 0.2)
    return np.column_stack([points + loose, radii])


def piece(strands: list[Floats]) -> Piece:
    """One cast of strands (n, 4)."""
    everything = np.concatenate(strands)
    centre = np.append(everything[:, :3].mean(axis=0), 0.0)
    direction = strands[0][-1, :3] - strands[0][0, :3]
    direction = direction / max(float(np.linalg.norm(direction)), 1e-9)
    shape = Chains(tuple(tuple(tuple(p) for p in (strand - centre).tolist()) for strand in strands))
    x, y, z = (float(v) for v in centre[:3])
    return Piece(shape, (x, y, z), (float(direction[0]), float(direction[1]), float(direction[2])))


def broken_line(
    path: CurvePath,
    start_mm: float,
    end_mm: float,
    length: Draw,
    calibre: Draw,
    gap: Draw,
    vary: float,
    rng: np.random.Generator,
) -> list[Piece]:
    """A line of casts along a duct from one length to another, with gaps between."""
    pieces = []
    s = start_mm + 0.5 * gap.sample(rng)
    while s < end_mm - 0.4:
        long = min(length.sample(rng), end_mm - s)
        wide = min(calibre.sample(rng), long / 2.0)
        pieces.append(piece([thread(path, s, long, wide, rng, vary)]))
        s += long + gap.sample(rng)
    return pieces


def forks(breast: Breast, margin_mm: float = 1.5) -> list[tuple[Curve, Curve, float]]:
    """Where ducts branch: the parent, the child, and the length along the parent, for forks deep enough."""
    by_id = {duct.curve_id: duct for duct in breast.ducts}
    found = []
    for child in breast.ducts:
        parent = by_id.get(child.parent_id)
        if parent is not None and child.length_mm > 1.0:
            near = int(np.argmin(((parent.points_mm - child.points_mm[0]) ** 2).sum(axis=1)))
            found.append((parent, child, float(parent.arc_mm[near])))
    if not found:
        return []
    deep = inside(breast, np.array([child.points_mm[0] for _, child, _ in found]), margin_mm)
    return [fork for fork, good in zip(found, deep, strict=True) if good]


def forked(
    breast: Breast,
    fork: tuple[Curve, Curve, float],
    calibre_mm: float,
    arm_mm: float,
    rng: np.random.Generator,
    vary: float = 0.18,
) -> Piece:
    """A cast of a fork: a stem toward the nipple and two arms, calibres by Murray's law (r0³ = r1³ + r2³).

    The arms are half as long as the stem again and again (an estimate). Where the parent ends at the
    fork, the other arm lies in a sibling if there is one.
    """
    parent, child, at = fork
    ratio = rng.uniform(0.65, 0.99)
    one = 0.5 * calibre_mm / (1.0 + ratio**3) ** (1.0 / 3.0)
    stem = _stretch(parent, max(0.0, at - arm_mm * rng.uniform(0.7, 1.2)), at)
    arms = [(child, 0.0)]
    if parent.length_mm - at > 0.4:
        arms.append((parent, at))
    else:
        siblings = [d for d in breast.ducts if d.parent_id == parent.curve_id and d.curve_id != child.curve_id]
        gaps = [float(np.linalg.norm(d.points_mm[0] - child.points_mm[0])) for d in siblings]
        if gaps and min(gaps) < 0.5:
            arms.append((siblings[int(np.argmin(gaps))], 0.0))
    strands = [np.column_stack([stem, _calibre(rng, 0.5 * calibre_mm, len(stem), vary)])]
    for k, (duct, start) in enumerate(arms):
        points = _stretch(duct, start, start + arm_mm * rng.uniform(0.5, 1.0))
        strands.append(np.column_stack([points, _calibre(rng, one * (ratio if k else 1.0), len(points), vary)]))
    return piece(strands)


def _stretch(duct: Curve, start: float, end: float) -> Floats:
    end = min(end, duct.length_mm)
    start = min(start, max(0.0, end - 0.3))
    points, _, _ = duct.at(np.linspace(start, end, max(3, 1 + int(np.ceil((end - start) / 0.5)))))
    return points


def _calibre(rng: np.random.Generator, radius: float, count: int, vary: float) -> Floats:
    out: Floats = radius * np.clip(rng.normal(1.0, vary, count), 0.6, 1.4)
    out[-1] *= rng.uniform(0.4, 0.9)
    return out
