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
    body : Body
    tree : str
        ``artery`` or ``vein``.
    trunks : int
        How many enter.
    tortuosity : float
        0 for straight, 1 for as wound as in a woman of 70.
    rng : numpy Generator
    """
    habit = _HABITS[tree]
    curves: list[Curve] = []
    for trunk in range(trunks):
        entry, spread = habit.entries[trunk % len(habit.entries)]
        psi = entry + spread * rng.uniform(-1, 1)
        level, radius = rng.uniform(*habit.level), rng.uniform(*habit.radius_mm)
        span = 0.12, rng.uniform(0.75, 1.2)
        drift = rng.uniform(-0.7, 0.7)
        main = _run(body, psi, drift, level, span, tortuosity * habit.winding, rng)
        _add(curves, tree, main, radius, 0.3, -1, trunk)
        mother = len(curves) - 1
        for _ in range(int(rng.integers(2, 6))):
            begin = rng.uniform(0.1, 0.75)
            at = int(begin * (len(main) - 1))
            theta0 = span[0] + begin * (span[1] - span[0])
            ends = theta0, min(theta0 + rng.uniform(0.25, 0.7), 1.3)
            turn = rng.choice([-1, 1]) * rng.uniform(0.35, 1.1)
            side = _run(
                body, psi + drift * begin, turn, level + rng.uniform(-0.08, 0.04), ends, tortuosity * habit.winding, rng
            )
            side = side + (main[at] - side[0]) * np.exp(-np.arange(len(side)) / 8.0)[:, None]
            taper = 1 - 0.55 * begin
            _add(curves, tree, side, radius * taper * rng.uniform(0.5, 0.8), 0.4, mother, trunk)
    return tuple(curves)


def from_chest(curve: Curve) -> tuple[Floats, Floats]:
    """Points and radii of a vessel, and for a trunk also of its way through the chest behind, for drawing it."""
    points, radius = curve.points_mm, curve.radius_mm
    if curve.parent_id >= 0:
        return points, radius
    root = points[0] * [0, 1, 1]
    out = root / max(float(np.linalg.norm(root)), 1.0)
    behind = root - np.array([[26.0, 0, 0], [17, 0, 0], [9, 0, 0], [3, 0, 0]])
    behind += out * np.array([[17.0], [8.0], [2.5], [0.5]])
    # it sinks into the muscle, where little is seen of it
    return np.concatenate([behind, points]), np.concatenate([radius[0] * np.array([0.25, 0.5, 0.75, 0.95]), radius])


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
    n = max(int((span[1] - span[0]) * 1.3 * body.height_mm / _NODE_MM), 8)
    t = np.linspace(0, 1, n)
    points = body.shell(span[0] + (span[1] - span[0]) * t, psi + drift * t, level)
    length = float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
    points = points + 2.2 * _bends(n, length / 45, rng) + (0.25 + 0.9 * winding) * _bends(n, length / 14, rng)
    # what the bends carried too near the skin is drawn back
    over = np.clip(body.level(points) - 0.955, 0, None)
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
