"""The outline of the free breast: a body between chest wall and nipple."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from phantom.arrays import Floats
from phantom.geometry.view import View

_CONTOUR = 1440
_HEIGHTS = 400


@dataclass(frozen=True)
class BreastOutline:
    """A superquadric with unequal halves, sag and skew (VICTRE's shape family, de Sisternes 2015).

    A point lies inside where ``s**rim + (x / height)**dome <= 1``; s is its distance from the
    axis over the base contour's radius in that direction. The axis sags and skews with (x/height)².

    Attributes
    ----------
    height_mm : float
        From the chest wall to the tip.
    lateral_mm, medial_mm, upper_mm, lower_mm : float
        Half axes of the base contour.
    rim, dome : float
        Exponents: 2 and 2 make an ellipsoid, smaller ones a cone, larger ones a box.
    sag_mm, skew_mm : float
        How far the tip lies below, and lateral of, the base's middle.
    tail : float
        How much further the base reaches toward the axilla, as a fraction.
    """

    height_mm: float
    lateral_mm: float
    medial_mm: float
    upper_mm: float
    lower_mm: float
    rim: float = 2.0
    dome: float = 2.0
    sag_mm: float = 0.0
    skew_mm: float = 0.0
    tail: float = 0.0

    @property
    def tip_mm(self) -> Floats:
        """(3,): the foremost point."""
        return np.array([self.height_mm, self.skew_mm, -self.sag_mm])

    @property
    def bounds_mm(self) -> tuple[Floats, Floats]:
        """Lowest and highest corner of a box that holds the body."""
        reach = 1 + self.tail
        lo = np.array([0.0, -self.medial_mm + min(self.skew_mm, 0), -self.lower_mm - max(self.sag_mm, 0)])
        hi = np.array([self.height_mm, self.lateral_mm * reach + max(self.skew_mm, 0), self.upper_mm * reach])
        return lo, hi

    def contour_mm(self, psi: Any) -> Floats:
        """Radius of the base contour at angles psi from lateral toward cranial."""
        c, s = np.cos(psi), np.sin(psi)
        a = np.where(c > 0, self.lateral_mm, self.medial_mm)
        b = np.where(s > 0, self.upper_mm, self.lower_mm)
        away = np.remainder(np.asarray(psi) + 0.75 * math.pi, 2 * math.pi) - math.pi
        out: Floats = (1 + self.tail * np.exp(-((away / 0.55) ** 2))) / np.hypot(c / a, s / b)
        return out

    def shell(self, theta: Any, psi: Any, level: Any) -> Floats:
        """Points (..., 3) by latitude theta (0 at the base, pi/2 at the tip), angle psi and level."""
        theta, psi, level = np.broadcast_arrays(
            np.asarray(theta, float), np.asarray(psi, float), np.asarray(level, float)
        )
        t = (level * np.sin(theta)) ** (2 / self.dome)
        s = (level * np.cos(theta)) ** (2 / self.rim) * self.contour_mm(psi)
        y = s * np.cos(psi) + self.skew_mm * t * t
        z = s * np.sin(psi) - self.sag_mm * t * t
        return np.stack([self.height_mm * t, y, z], axis=-1)

    def level(self, points_mm: Floats) -> Floats:
        """0 on the axis at the base, 1 on the surface, more outside; grows about linearly outward."""
        points = np.asarray(points_mm, float)
        x, y, z = points[..., 0], points[..., 1], points[..., 2]
        t = np.clip(x / self.height_mm, 0.0, None)
        y, z = y - self.skew_mm * np.minimum(t, 1.2) ** 2, z + self.sag_mm * np.minimum(t, 1.2) ** 2
        s = np.hypot(y, z) / self.contour_mm(np.arctan2(z, y))
        out: Floats = np.sqrt(s**self.rim + t**self.dome)
        return out

    def _gradient(self, points: Floats) -> Floats:
        step = 0.05
        shifts = step * np.stack([np.eye(3), -np.eye(3)]).reshape(2, 3, *(1,) * (points.ndim - 1), 3)
        ahead, back = self.level(points + shifts)
        return np.moveaxis((ahead - back) / (2 * step), 0, -1)

    def depth_mm(self, points_mm: Floats) -> Floats:
        """Depth of points (n, 3) below the surface, negative outside; right to a few per cent in the outer third."""
        points = np.asarray(points_mm, float)
        g = np.linalg.norm(self._gradient(points), axis=-1)
        out: Floats = (1 - self.level(points)) / np.maximum(g, 1e-4)
        return out

    def normals(self, points_mm: Floats) -> Floats:
        """Unit outward normals (n, 3) of the surfaces of equal level."""
        g = self._gradient(np.asarray(points_mm, float))
        return np.asarray(g / np.maximum(np.linalg.norm(g, axis=-1, keepdims=True), 1e-9))

    def surface(self, directions: Floats) -> Floats:
        """Points (n, 3) of the surface along directions (n, 3) from the middle of the base."""
        d = np.asarray(directions, float).reshape(-1, 3)
        d = d / np.linalg.norm(d, axis=1, keepdims=True)
        lo, hi = np.zeros(len(d)), np.full(len(d), 600.0)
        for _ in range(50):
            middle = 0.5 * (lo + hi)
            inside = self.level(d * middle[:, None]) < 1
            lo, hi = np.where(inside, middle, lo), np.where(inside, hi, middle)
        out: Floats = d * (0.5 * (lo + hi))[:, None]
        return out

    def columns(self, x_mm: Floats, y_mm: Floats, view: View) -> tuple[Floats, Floats]:
        """Lowest and highest h over points of the view plane; equal where the column is empty."""
        v, bottom, top = _silhouette(self, view.angle_deg)
        x, y = np.broadcast_arrays(np.asarray(x_mm, float), np.asarray(y_mm, float))
        t = np.clip(x / self.height_mm, 0.0, 1.0)
        scale = (1 - t**self.dome) ** (1 / self.rim)
        _, shift_y, shift_h = view.axes @ np.array([0.0, self.skew_mm, -self.sag_mm])
        at = (y - shift_y * t * t) / np.maximum(scale, 1e-9)
        inside = (scale > 1e-9) & (at > v[0]) & (at < v[-1])
        at = np.clip(at, v[0], v[-1])
        lo = np.interp(at, v, bottom) * scale + shift_h * t * t
        hi = np.interp(at, v, top) * scale + shift_h * t * t
        return lo, np.where(inside, np.maximum(hi, lo), lo)


@lru_cache(maxsize=32)
def _silhouette(body: BreastOutline, angle_deg: float) -> tuple[Floats, Floats, Floats]:
    """The base contour in the view's y and h: heights y (n,), lowest and highest h at each."""
    psi = np.linspace(0, 2 * math.pi, _CONTOUR, endpoint=False)
    r = body.contour_mm(psi)
    axes = View("CC", "L", angle_deg).axes
    y = r * (np.cos(psi) * axes[1, 1] + np.sin(psi) * axes[1, 2])
    h = r * (np.cos(psi) * axes[2, 1] + np.sin(psi) * axes[2, 2])
    first, last = int(np.argmin(y)), int(np.argmax(y))
    one = np.arange(first, first + (last - first) % _CONTOUR + 1) % _CONTOUR
    other = np.arange(last, last + (first - last) % _CONTOUR + 1)[::-1] % _CONTOUR
    if h[one].mean() > h[other].mean():
        one, other = other, one
    # denser at both ends, where the contour turns back on itself
    grid = y[first] + (y[last] - y[first]) * 0.5 * (1 - np.cos(np.linspace(0, math.pi, _HEIGHTS)))
    return grid, np.interp(grid, y[one], h[one]), np.interp(grid, y[other], h[other])
