"""Ellipsoids, and their shells: round grains, eggshells, lucent centres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from phantom.arrays import Floats
from phantom.geometry.spans import Span, length_of, miss_where
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


def _volume(radii: Vector) -> float:
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
        return _volume(self.radii_mm) * (sum(w * s**3 for s, w in self.layers) if self.edge_mm > 0.0 else 1.0)

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


@dataclass(frozen=True)
class EllipsoidShell:
    """The wall of an ellipsoid, whole or in patches: eggshells, oil cysts, lucent-centred grains.

    Attributes
    ----------
    radii_mm : (float, float, float)
        Outer half axes.
    walls_mm : (float, float, float)
        Thickness of the wall where each half axis pierces it; less than that half axis.
    turn_rad : (float, float, float)
        Rotation vector from the body's axes to the breast's.
    waves : tuple of (kx, ky, kz, phase)
        Plane waves over the unit sphere of directions. Their sum says where the wall is calcified.
    level : float
        The wall is there where the waves' sum, over the root of half their number, exceeds this level.
    """

    radii_mm: Vector
    walls_mm: Vector
    turn_rad: Vector = (0.0, 0.0, 0.0)
    waves: tuple[tuple[float, float, float, float], ...] = ()
    level: float = 0.0

    @cached_property
    def _axes(self) -> Floats:
        return axes_of(self.turn_rad)

    @cached_property
    def _inner(self) -> Vector:
        a, b, c = (max(r - wall, 1e-6) for r, wall in zip(self.radii_mm, self.walls_mm, strict=True))
        return a, b, c

    def covered(self, directions: Any) -> Any:
        """How much of the wall there is (0 to 1, thinning over a patch's border), for (3, ...) unit directions."""
        x, y, z = (np.asarray(d, np.float32) for d in directions)
        total = np.zeros(np.shape(x), np.float32)
        for kx, ky, kz, phase in self.waves:
            total += np.cos(np.float32(kx) * x + np.float32(ky) * y + np.float32(kz) * z + np.float32(phase))
        total /= np.float32(math.sqrt(0.5 * len(self.waves)))
        return np.clip(0.5 + 4.0 * (total - np.float32(self.level)), 0.0, 1.0)

    @cached_property
    def volume_mm3(self) -> float:
        """The wall's volume."""
        if not self.waves:
            return _volume(self.radii_mm) - _volume(self._inner)
        directions = fibonacci_sphere(8192)
        stretch = np.array(self.radii_mm) / np.array(self._inner)
        depth = np.sum((directions.T * stretch) ** 2, axis=1) ** -1.5
        return _volume(self.radii_mm) * float(np.mean(self.covered(directions) * (1.0 - depth)))

    @property
    def soft(self) -> bool:
        """Its edge is crisp."""
        return False

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """The shadow's box: that of the whole ellipsoid."""
        return ellipsoid_box(self.radii_mm, pose.rotation @ self._axes)

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """Path lengths in the wall."""
        axes = pose.rotation @ self._axes
        enters, leaves = ellipsoid_span(self.radii_mm, axes, x_mm, y_mm)
        inner = ellipsoid_span(self._inner, axes, x_mm, y_mm)
        if not self.waves:
            return length_of((enters, leaves)) - length_of(inner)
        hit = leaves > enters
        shape = hit.shape
        x, y = np.broadcast_to(x_mm, shape)[hit], np.broadcast_to(y_mm, shape)[hit]
        bottom, top = enters[hit], leaves[hit]
        through = inner[1][hit] > inner[0][hit]
        middle = 0.5 * (bottom + top)
        floor = np.where(through, inner[0][hit], middle)
        roof = np.where(through, inner[1][hit], middle)
        out = np.zeros(shape)
        out[hit] = self._wall(axes, x, y, bottom, floor) + self._wall(axes, x, y, roof, top)
        return out

    def _wall(self, axes: Floats, x: Floats, y: Floats, start: Floats, end: Floats) -> Floats:
        """Calcified length between two points of each ray: two Gauss points."""
        total = np.zeros(x.shape)
        for at in (0.5 - 0.5 / math.sqrt(3.0), 0.5 + 0.5 / math.sqrt(3.0)):
            h = start + at * (end - start)
            body = [(axes[0, k] * x + axes[1, k] * y + axes[2, k] * h) / self.radii_mm[k] for k in range(3)]
            scale = 1.0 / np.sqrt(np.maximum(body[0] ** 2 + body[1] ** 2 + body[2] ** 2, 1e-12))
            total += 0.5 * (end - start) * self.covered([b * scale for b in body])
        return total


def fibonacci_sphere(count: int) -> Floats:
    """(3, count): directions spread evenly over the sphere."""
    k = np.arange(count) + 0.5
    z = 1.0 - 2.0 * k / count
    around = math.pi * (1.0 + math.sqrt(5.0)) * k
    across = np.sqrt(1.0 - z * z)
    return np.stack([across * np.cos(around), across * np.sin(around), z])


def patches(rng: np.random.Generator, coverage: float, size: float) -> dict[str, Any]:
    """`waves` and `level` of a shell of which the fraction `coverage` is calcified, in patches about `size` radii
    wide."""
    if coverage >= 0.995:
        return {}
    directions = rng.standard_normal((8, 3))
    directions *= (math.pi / size) * rng.uniform(0.6, 1.4, (8, 1)) / np.linalg.norm(directions, axis=1, keepdims=True)
    phases = rng.uniform(0.0, 2.0 * math.pi, 8)
    over = np.cos(np.tensordot(directions, fibonacci_sphere(2048), 1) + phases[:, None]).sum(0) / 2.0
    waves = tuple((float(a), float(b), float(c), float(p)) for (a, b, c), p in zip(directions, phases, strict=True))
    return {"waves": waves, "level": float(np.quantile(over, 1.0 - coverage))}
