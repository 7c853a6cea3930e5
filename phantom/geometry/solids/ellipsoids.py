"""Ellipsoids: round grains, and what hosts are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from phantom.arrays import Floats
from phantom.geometry.spans import Span, miss_where
from phantom.geometry.turning import Vector, axes_of
from phantom.geometry.view import Pose

_NO_LAYERS = ((0.0, 0.0), (0.0, 0.0))
# Gauss-Hermite nodes and weights (3 points) of a unit normal: how far an edge fades, and how much
_FADES = ((-math.sqrt(3.0), 1.0 / 6.0), (0.0, 2.0 / 3.0), (math.sqrt(3.0), 1.0 / 6.0))


def _quadric(radii: Any, axes: Floats) -> Any:
    """(a, b, c, u, v, height): h = u x + v y ± height sqrt(1 - a x² - 2 b x y - c y²) on the surface.

    `radii` (..., 3) and `axes` (..., 3, 3) of as many ellipsoids as there are: (6, ...).
    """
    scaled = axes / np.asarray(radii)[..., None, :]
    form = scaled @ np.swapaxes(scaled, -1, -2)
    (xx, xy, xh), (_, yy, yh), (_, _, hh) = np.moveaxis(form, (-2, -1), (0, 1))
    return np.array([xx - xh * xh / hh, xy - xh * yh / hh, yy - yh * yh / hh, -xh / hh, -yh / hh, 1.0 / np.sqrt(hh)])


def ellipsoid_span(radii: Vector, axes: Floats, x: Any, y: Any, centre: Any = (0.0, 0.0, 0.0)) -> Span:
    """Span of rays in an ellipsoid with half axes `radii` along the columns of `axes` (view's frame)."""
    a, b, c, u, v, height = _quadric(radii, axes).tolist()
    x, y = x - centre[0], y - centre[1]
    left = 1.0 - (a * x + 2.0 * b * y) * x - c * y * y
    half = height * np.sqrt(np.maximum(left, 0.0))
    middle = centre[2] + u * x + v * y
    return miss_where(left <= 0.0, middle - half, middle + half)


def ellipsoid_box(radii: Vector, axes: Floats) -> tuple[float, float, float, float]:
    """Its shadow's box."""
    x, y = np.sqrt(((axes[:2] * radii) ** 2).sum(axis=1)).tolist()
    return -x, -y, x, y


def largest_width(half_axes: Floats) -> float:
    """Of an ellipsoid's shadow, its half axes' shadows in the columns of (2, 3)."""
    xx, xy, yy = (float((half_axes[i] * half_axes[j]).sum()) for i, j in ((0, 0), (0, 1), (1, 1)))
    return 2.0 * math.sqrt(0.5 * (xx + yy) + math.hypot(0.5 * (xx - yy), xy))


def ellipsoid_volume(radii: Vector) -> float:
    """4/3 pi a b c."""
    return 4.0 / 3.0 * math.pi * radii[0] * radii[1] * radii[2]


@dataclass(frozen=True)
class Ellipsoid:
    """A solid ellipsoid.

    Attributes
    ----------
    radii_mm : (float, float, float)
        Half axes along the body's own axes.
    turn_rad : (float, float, float)
        Rotation vector from the body's axes to the breast's.
    edge_mm : float
        Standard deviation of its radius: the density rolls off over about that width (0: a crisp edge).
    """

    radii_mm: Vector
    turn_rad: Vector = (0.0, 0.0, 0.0)
    edge_mm: float = 0.0

    @cached_property
    def axes(self) -> Floats:
        """(3, 3): the body's axes in the breast's frame, in the columns."""
        return axes_of(self.turn_rad)

    @cached_property
    def layers(self) -> tuple[tuple[float, float], ...]:
        """(scale, weight) of the nested ellipsoids that make up a fading edge."""
        if self.edge_mm <= 0.0:
            return ((1.0, 1.0),)
        mean = (self.radii_mm[0] * self.radii_mm[1] * self.radii_mm[2]) ** (1.0 / 3.0)
        return tuple((max(0.05, 1.0 + z * self.edge_mm / mean), w) for z, w in _FADES)

    @property
    def volume_mm3(self) -> float:
        """The volume of a solid of full density with the same mass."""
        return ellipsoid_volume(self.radii_mm) * (sum(w * s**3 for s, w in self.layers) if self.edge_mm > 0.0 else 1.0)

    @property
    def soft(self) -> bool:
        """An edge that fades over more than a fifth of the radius counts as soft."""
        return self.edge_mm > 0.2 * min(self.radii_mm)

    def half_width_mm(self, pose: Pose) -> float:
        """The shadow's largest width between the places where the density is half."""
        return largest_width((pose.rotation @ self.axes)[:2] * np.array(self.radii_mm))

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """The shadow's box."""
        x_lo, y_lo, x_hi, y_hi = self.boxes([self], [pose])[0].tolist()
        return x_lo, y_lo, x_hi, y_hi

    @staticmethod
    def boxes(solids: Sequence[Ellipsoid], poses: Sequence[Pose]) -> Floats:
        """The boxes of many, (n, 4)."""
        radii, axes = _in_view(solids, poses)
        grown = np.array([solid.layers[-1][0] for solid in solids])[:, None]
        reach = grown * np.sqrt(((axes[:, :2] * radii[:, None, :]) ** 2).sum(axis=2))
        return np.concatenate([-reach, reach], axis=1)

    def span(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Span:
        """Where rays enter and leave (the edge taken as crisp)."""
        return ellipsoid_span(self.radii_mm, pose.rotation @ self.axes, x_mm, y_mm)

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """Path lengths."""
        return np.asarray(self.chords([self], np.asarray(x_mm)[None], np.asarray(y_mm)[None], [pose])[0])

    @staticmethod
    def chords(solids: Sequence[Ellipsoid], x_mm: Floats, y_mm: Floats, poses: Sequence[Pose]) -> Floats:
        """Path lengths in many."""
        more = (slice(None),) + (None,) * (x_mm.ndim - 1)
        a, b, c, _, _, height = (v[more] for v in _quadric(*_in_view(solids, poses)))
        # a x² + 2 b x y + c y² with the square completed, all of it times the longest path's square
        longest, root = 2.0 * height, np.sqrt(a)
        square = (longest * root) * x_mm + (longest * b / root) * y_mm
        np.multiply(square, square, out=square)
        rest = longest * longest * (b * b / a - c) * y_mm * y_mm
        out: Floats = np.zeros(square.shape)
        layers = max(len(solid.layers) for solid in solids)
        for k in range(layers):
            s, w = np.array([(solid.layers + _NO_LAYERS)[k] for solid in solids]).T
            part = ((longest * s[more]) ** 2 + rest) - square
            np.sqrt(np.maximum(part, 0.0, out=part), out=part)
            out += part if layers == 1 else w[more] * part
        return out


def _in_view(solids: Sequence[Ellipsoid], poses: Sequence[Pose]) -> tuple[Floats, Floats]:
    """Radii (n, 3), and axes (n, 3, 3) in the view's frame."""
    axes = np.array([pose.rotation for pose in poses]) @ np.array([solid.axes for solid in solids])
    return np.array([solid.radii_mm for solid in solids]), axes


def fibonacci_sphere(count: int) -> Floats:
    """(3, count): directions spread evenly over the sphere."""
    k = np.arange(count) + 0.5
    z = 1.0 - 2.0 * k / count
    around = math.pi * (1.0 + math.sqrt(5.0)) * k
    across = np.sqrt(1.0 - z * z)
    return np.stack([across * np.cos(around), across * np.sin(around), z])
