"""Where in a breast something may lie: under the skin, in the gland, in which quadrant, along which duct."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from phantom.anatomy.breast import Breast, Curve
from phantom.arrays import Floats
from phantom.errors import NoPlace

# off the chest wall, so that the views hold it
WALL_MM = 8.0
_CANDIDATES = 3000
# share of upper outer, upper inner, lower outer, lower inner quadrant and the place behind the nipple (estimates)
SHARES = (0.50, 0.15, 0.12, 0.08, 0.15)
SUSPICIOUS_SHARES = (0.55, 0.17, 0.14, 0.09, 0.05)


def zone(breast: Breast, points_mm: Floats) -> Any:
    """(n,) 0 upper outer, 1 upper inner, 2 lower outer, 3 lower inner, 4 behind the nipple (within 20 mm of it)."""
    away = points_mm - breast.nipple_mm
    outer, upper = away[:, 1] >= 0.0, away[:, 2] >= 0.0
    quadrant = np.where(upper, np.where(outer, 0, 1), np.where(outer, 2, 3))
    behind = (np.hypot(away[:, 1], away[:, 2]) < 15.0) & (away[:, 0] > -25.0)
    return np.where(behind, 4, quadrant)


def inside(breast: Breast, points_mm: Floats, margin_mm: float) -> Any:
    """(n,) which points lie at least `margin_mm` below the skin's inner surface, and off the chest wall."""
    points = np.asarray(points_mm, float).reshape(-1, 3)
    deep = breast.depth_mm(points) >= breast.skin_mm(points) + margin_mm
    return deep & (points[:, 0] >= WALL_MM + min(margin_mm, 10.0))


def sites(
    breast: Breast,
    rng: np.random.Generator,
    count: int,
    margin_mm: float = 1.0,
    shares: tuple[float, ...] | None = SHARES,
    weight: Callable[[Floats], Floats] | None = None,
) -> Floats:
    """Places (count, 3) in a breast, drawn by weight.

    Parameters
    ----------
    margin_mm : float
        At least this far below the skin's inner surface.
    shares : tuple or None
        Of quadrants and the place behind the nipple; None for no preference.
    weight : callable or None
        Of places (n, 3) -> (n,); None for how glandular they are.

    Raises
    ------
    NoPlace
        If there is none.
    """
    lo, hi = breast.bounds_mm
    points = rng.uniform(lo, hi, (max(_CANDIDATES, 8 * count), 3))
    points = points[inside(breast, points, margin_mm)]
    if not len(points):
        raise NoPlace(f"nowhere lies {margin_mm:.1f} mm below the skin")
    # a little everywhere, so that a fatty breast has places too; suspicious ones come from lobules
    elsewhere = 0.001 if shares is SUSPICIOUS_SHARES else 0.02
    weights = np.asarray(weight(points) if weight else elsewhere + breast.gland_weight(points), float)
    if shares is not None:
        where = zone(breast, points)
        for k, share in enumerate(shares):
            total = weights[where == k].sum()
            weights[where == k] *= share / total if total > 0 else 0.0
    if np.count_nonzero(weights) == 0:
        raise NoPlace("no tissue of the right sort")
    few = bool(np.count_nonzero(weights) < count)
    chosen = rng.choice(len(points), count, replace=few, p=weights / weights.sum())
    out: Floats = points[chosen]
    return out


@dataclass(frozen=True, eq=False)
class CurvePath:
    """A line from where a tree begins to one of its tips: points (n, 3), radii (n,) and length (n,) so far."""

    points_mm: Floats
    radius_mm: Floats
    arc_mm: Floats
    lobe: int

    @property
    def length_mm(self) -> float:
        """All of it."""
        return float(self.arc_mm[-1])

    def at(self, s_mm: Any) -> tuple[Floats, Floats, Floats]:
        """Points (m, 3), unit tangents away from the root (m, 3) and radii (m,) at lengths (m,)."""
        s = np.clip(np.atleast_1d(np.asarray(s_mm, float)), 0.0, self.length_mm)
        i, there = between(s, self.arc_mm, self._points_and_radius)
        steps = self.points_mm[i + 1] - self.points_mm[i]
        return there[:, :3], steps / np.sqrt((steps * steps).sum(axis=1, keepdims=True)), there[:, 3]

    @cached_property
    def _points_and_radius(self) -> Floats:
        return np.column_stack([self.points_mm, self.radius_mm])


def between(at: Floats, knots: Floats, values: Floats) -> tuple[Any, Floats]:
    """Linear interpolation of rows of values (n, k) between knots (n,): after which knot each place (m,) lies, and
    (m, k)."""
    i = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(knots) - 2)
    start = values[i]
    part = (at - knots[i]) / (knots[i + 1] - knots[i])
    return i, start + part[:, None] * (values[i + 1] - start)


def paths(curves: tuple[Curve, ...]) -> list[CurvePath]:
    """Every line from a tree's root to a tip, in the order of the tips' ids."""
    by_id = {curve.curve_id: curve for curve in curves}
    parents = {curve.parent_id for curve in curves}
    stems: dict[int, tuple[Floats, Floats]] = {}

    def stem(curve: Curve) -> tuple[Floats, Floats]:
        """Points and radii from the root to where a curve begins."""
        if curve.parent_id not in by_id:
            return curve.points_mm[:0], curve.radius_mm[:0]
        if curve.curve_id not in stems:
            parent = by_id[curve.parent_id]
            near = int(np.argmin(((parent.points_mm - curve.points_mm[0]) ** 2).sum(axis=1)))
            keep = slice(0, max(near, 1))
            points, radii = stem(parent)
            stems[curve.curve_id] = (
                np.concatenate([points, parent.points_mm[keep]]),
                np.concatenate([radii, parent.radius_mm[keep]]),
            )
        return stems[curve.curve_id]

    tips = [curve for curve in curves if curve.curve_id not in parents]
    return [
        _path(np.concatenate([stem(tip)[0], tip.points_mm]), np.concatenate([stem(tip)[1], tip.radius_mm]), tip.lobe)
        for tip in tips
    ]


def _path(points: Floats, radii: Floats, lobe: int) -> CurvePath:
    steps = points[1:] - points[:-1]
    steps = np.sqrt((steps * steps).sum(axis=1))
    kept = np.concatenate(([True], steps > 1e-6))
    arc = np.concatenate(([0.0], np.cumsum(steps)))
    return CurvePath(points[kept], radii[kept], arc[kept], lobe)


def toward(points_mm: Floats, target_mm: Any) -> Floats:
    """Unit vectors (n, 3) from points to a target."""
    steps = np.asarray(target_mm, float) - points_mm
    out: Floats = steps / np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-9)
    return out
