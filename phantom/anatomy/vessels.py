"""Arteries and veins: trees that run under the skin from where they enter toward the nipple."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from phantom.anatomy.breast import Curve
from phantom.anatomy.outline import BreastOutline
from phantom.arrays import Floats

_NODE_MM = 1.5


@dataclass(frozen=True)
class _Course:
    """The course of a trunk and of its branches, on the outline's angles (`BreastOutline.shell`).

    All are estimates, made on drawings of the breast's vessels and judged on mammograms.

    Attributes
    ----------
    entry_rad, end_rad
        From the base toward the apex: where a trunk enters, and least and most of where it ends.
    drift_rad
        How far about the axis a trunk wanders at most.
    branches, branch_at, branch_rad, branch_end_rad, branch_turn_rad
        How many (least, and one more than most), at what part of the trunk, how far each goes toward the apex, where
        the last of them ends, and how far about the axis it turns.
    branch_level, branch_calibre, narrowing
        How much deeper or shallower a branch lies, its radius over the trunk's, and how much of the trunk's radius is
        gone at its end, where a branch leaves.
    joint_nodes
        Nodes over which a branch leaves the trunk.
    thinned
        Radius at the end over that at the beginning, of trunks and of branches.
    """

    entry_rad: float = 0.12
    end_rad: tuple[float, float] = (0.75, 1.2)
    drift_rad: float = 0.7
    branches: tuple[int, int] = (2, 6)
    branch_at: tuple[float, float] = (0.1, 0.75)
    branch_rad: tuple[float, float] = (0.25, 0.7)
    branch_end_rad: float = 1.3
    branch_turn_rad: tuple[float, float] = (0.35, 1.1)
    branch_level: tuple[float, float] = (-0.08, 0.04)
    branch_calibre: tuple[float, float] = (0.5, 0.8)
    narrowing: float = 0.55
    joint_nodes: float = 8.0
    thinned: tuple[float, float] = (0.3, 0.4)


@dataclass(frozen=True)
class _Bends:
    """How vessels wind (estimates): wide bends that all have, and narrow ones that grow with tortuosity.

    Attributes
    ----------
    wide_mm, narrow_mm
        Length of a bend.
    aside_mm, narrow_aside_mm, wound_aside_mm
        How far wide bends reach to the side; narrow ones of a straight vessel, and more of a wound one.
    highest
        The level (1 at the skin) that bends are held below.
    lengthened
        A path's length over the arc that the height of the breast spans.
    """

    wide_mm: float = 45.0
    narrow_mm: float = 14.0
    aside_mm: float = 2.2
    narrow_aside_mm: float = 0.25
    wound_aside_mm: float = 0.9
    highest: float = 0.955
    lengthened: float = 1.3


_COURSE, _BENDS = _Course(), _Bends()
# a trunk's way through the chest, for drawing it (estimates): how far behind the base its nodes lie and how far out,
# and its radius there over that in the breast, for it sinks into the muscle, where little is seen of it
_BEHIND_MM, _OUT_MM, _SUNK = (26.0, 17.0, 9.0, 3.0), (17.0, 8.0, 2.5, 0.5), (0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class _Habit:
    """How one sort of vessel runs: where it enters (angle, spread), how deep, how wide, how wound."""

    entries: tuple[tuple[float, float], ...]
    level: tuple[float, float]
    radius_mm: tuple[float, float]
    winding: float


# Medial perforators of the internal mammary artery and branches of the lateral thoracic one supply the
# breast; veins follow them, wider and nearer to the skin. Calibres on mammograms: arteries 0.5-2 mm,
# veins 1.5-4 mm (an estimate).
_HABITS: dict[str, _Habit] = {
    "artery": _Habit(
        ((math.radians(150), 0.5), (math.radians(40), 0.4), (math.radians(-140), 0.4)), (0.6, 0.86), (0.35, 0.75), 1.0
    ),
    "vein": _Habit(
        ((math.radians(60), 0.7), (math.radians(140), 0.6), (math.radians(-60), 0.6)), (0.78, 0.94), (0.5, 1.15), 0.5
    ),
}


def grow_vessels(
    body: BreastOutline, tree: Literal["artery", "vein"], trunks: int, tortuosity: float, rng: np.random.Generator
) -> tuple[Curve, ...]:
    """The arteries or the veins of a breast.

    Parameters
    ----------
    body : BreastOutline
    tree : str
        ``artery`` or ``vein``.
    trunks : int
        How many enter.
    tortuosity : float
        0 for straight, 1 for as wound as in a woman of 70.
    rng : numpy Generator
    """
    habit, course = _HABITS[tree], _COURSE
    curves: list[Curve] = []
    for trunk in range(trunks):
        entry, spread = habit.entries[trunk % len(habit.entries)]
        psi = entry + spread * rng.uniform(-1, 1)
        level, radius = rng.uniform(*habit.level), rng.uniform(*habit.radius_mm)
        span = course.entry_rad, rng.uniform(*course.end_rad)
        drift = rng.uniform(-course.drift_rad, course.drift_rad)
        main = _run(body, psi, drift, level, span, tortuosity * habit.winding, rng)
        _add(curves, tree, main, radius, course.thinned[0], -1, trunk)
        mother = len(curves) - 1
        for _ in range(int(rng.integers(*course.branches))):
            begin = rng.uniform(*course.branch_at)
            at = int(begin * (len(main) - 1))
            theta0 = span[0] + begin * (span[1] - span[0])
            ends = theta0, min(theta0 + rng.uniform(*course.branch_rad), course.branch_end_rad)
            turn = rng.choice([-1, 1]) * rng.uniform(*course.branch_turn_rad)
            depth = level + rng.uniform(*course.branch_level)
            side = _run(body, psi + drift * begin, turn, depth, ends, tortuosity * habit.winding, rng)
            side = side + (main[at] - side[0]) * np.exp(-np.arange(len(side)) / course.joint_nodes)[:, None]
            calibre = radius * (1 - course.narrowing * begin) * rng.uniform(*course.branch_calibre)
            _add(curves, tree, side, calibre, course.thinned[1], mother, trunk)
    return tuple(curves)


def from_chest(curve: Curve) -> tuple[Floats, Floats]:
    """Points and radii of a vessel, and for a trunk also of its way through the chest behind, for drawing it."""
    points, radius = curve.points_mm, curve.radius_mm
    if curve.parent_id >= 0:
        return points, radius
    root = points[0] * [0, 1, 1]
    out = root / max(float(np.linalg.norm(root)), 1.0)
    behind = root - np.array(_BEHIND_MM)[:, None] * [1, 0, 0] + out * np.array(_OUT_MM)[:, None]
    return np.concatenate([behind, points]), np.concatenate([radius[0] * np.array(_SUNK), radius])


def _run(
    body: BreastOutline,
    psi: float,
    drift: float,
    level: float,
    span: tuple[float, float],
    winding: float,
    rng: np.random.Generator,
) -> Floats:
    """(n, 3): a path over the body at about constant depth, with bends of 8 to 60 mm."""
    n = max(int((span[1] - span[0]) * _BENDS.lengthened * body.height_mm / _NODE_MM), 8)
    t = np.linspace(0, 1, n)
    points = body.shell(span[0] + (span[1] - span[0]) * t, psi + drift * t, level)
    length = float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
    narrow_mm = _BENDS.narrow_aside_mm + _BENDS.wound_aside_mm * winding
    points = points + _BENDS.aside_mm * _bends(n, length / _BENDS.wide_mm, rng)
    points = points + narrow_mm * _bends(n, length / _BENDS.narrow_mm, rng)
    # what the bends carried too near the skin is drawn back
    over = np.clip(body.level(points) - _BENDS.highest, 0, None)
    return np.asarray(points - body.normals(points) * (over * body.height_mm)[:, None])


def _bends(n: int, waves: float, rng: np.random.Generator) -> Floats:
    """(n, 3): a smooth random displacement of unit size with about so many waves; 0 at the start."""
    t = np.linspace(0, 2 * math.pi, n)[:, None]
    out = np.zeros((n, 3))
    for k in range(3):
        rate = max(waves, 0.4) * rng.uniform(0.6, 1.5, 3)
        out += rng.standard_normal(3) / math.sqrt(3) * np.sin(rate * t + rng.uniform(0, 6.28, 3)) / (1 + 0.3 * k)
    return np.asarray(out - out[0])


def _add(
    curves: list[Curve],
    tree: Literal["artery", "vein"],
    points: Floats,
    radius: float,
    thin: float,
    parent: int,
    trunk: int,
) -> None:
    taper = radius * np.linspace(1.0, thin, len(points))
    curves.append(Curve(len(curves), tree, points, taper, parent, trunk))
