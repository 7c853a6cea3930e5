"""Shells: eggshells, oil cysts and lucent-centred grains, their walls whole or in patches, their outlines uneven."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from phantom.arrays import Floats
from phantom.geometry.solids.ellipsoids import ellipsoid_box, ellipsoid_span, ellipsoid_volume, fibonacci_sphere
from phantom.geometry.spans import Span, length_of, miss_where
from phantom.geometry.turning import Vector, axes_of
from phantom.geometry.view import Pose

_ROUNDS = 5  # of finding where a ray meets an uneven surface
# squared radii, relative: no slope is less; a ray that stays so far outside misses the surface
_FLAT, _MISSED = 1e-3, 2e-3
_WAVES, _BULGES = 8, 6
_THIN = 0.2  # of its thickness a whole wall has, where it is thinnest, less than half
_DIRECTIONS = 8192  # over which a volume is summed


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
    level, slope : float
        There is 1/2 + `slope` (w - `level`) of the wall, from 0 to 1, w the waves' sum over the root of half their
        number: with a steep slope patches, with a gentle one a wall that is thick here and thin there.
    bulges : tuple of (kx, ky, kz, phase, height)
        Waves over the unit sphere of directions: how far the surfaces lie out of the ellipsoids, relative.
    """

    radii_mm: Vector
    walls_mm: Vector
    turn_rad: Vector = (0.0, 0.0, 0.0)
    waves: tuple[tuple[float, float, float, float], ...] = ()
    level: float = 0.0
    slope: float = 4.0
    bulges: tuple[tuple[float, float, float, float, float], ...] = ()

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
        return np.clip(0.5 + np.float32(self.slope) * (total - np.float32(self.level)), 0.0, 1.0)

    def _grown(self, directions: Floats) -> Floats:
        """How far out the surfaces lie over the ellipsoids', for (3, n) unit directions."""
        out: Floats = np.ones(directions.shape[1])
        for kx, ky, kz, phase, height in self.bulges:
            out += height * np.cos(kx * directions[0] + ky * directions[1] + kz * directions[2] + phase)
        return out

    @cached_property
    def volume_mm3(self) -> float:
        """The wall's volume."""
        if not (self.waves or self.bulges):
            return ellipsoid_volume(self.radii_mm) - ellipsoid_volume(self._inner)
        directions = fibonacci_sphere(_DIRECTIONS)
        # a direction of the outer ellipsoid's unit sphere, in that of the inner one
        within = directions * (np.array(self.radii_mm) / np.array(self._inner))[:, None]
        far = np.sqrt((within * within).sum(axis=0))
        depth = self._grown(within / far) ** 3 * far**-3
        there = self.covered(directions) if self.waves else 1.0
        return ellipsoid_volume(self.radii_mm) * float(np.mean(there * (self._grown(directions) ** 3 - depth)))

    @property
    def soft(self) -> bool:
        """Its edge is crisp."""
        return False

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """The shadow's box: that of the whole ellipsoid, and its bulges."""
        grown = 1.0 + sum(abs(bulge[4]) for bulge in self.bulges)
        x_lo, y_lo, x_hi, y_hi = ellipsoid_box(self.radii_mm, pose.rotation @ self._axes)
        return grown * x_lo, grown * y_lo, grown * x_hi, grown * y_hi

    def _span(self, radii: Vector, axes: Floats, x: Floats, y: Floats) -> Span:
        """Where rays (n,) enter and leave one of the two surfaces."""
        if not self.bulges:
            return ellipsoid_span(radii, axes, x, y)
        body = axes.T / np.array(radii)[:, None]  # from the view's frame to the unit sphere's
        foot, rise = body[:, :1] * x + body[:, 1:2] * y, body[:, 2:]
        long = float((rise * rise).sum())
        middle = -(foot * rise).sum(axis=0) / long
        nearest = foot + middle * rise
        off = (nearest * nearest).sum(axis=0)
        reach = np.sqrt(np.maximum((1.0 + sum(abs(bulge[4]) for bulge in self.bulges)) ** 2 - off, 0.0) / long)
        ends, missed = [], np.zeros(x.shape, bool)
        for sign in (-1.0, 1.0):
            # from outside, where the surface's distance is convex along the ray: Newton's steps do not overshoot it
            t = sign * reach
            for _ in range(_ROUNDS):
                over, slope = self._over(nearest, rise, t)
                t = np.clip(t - over / np.where(np.abs(slope) > _FLAT, slope, sign * _FLAT), -reach, reach)
            missed |= self._over(nearest, rise, t)[0] > _MISSED
            ends.append(middle + t)
        return miss_where(missed | (ends[1] <= ends[0]), ends[0], ends[1])

    def _over(self, nearest: Floats, rise: Floats, t: Floats) -> tuple[Floats, Floats]:
        """How far the squared radius of points (n,) of rays lies over the surface's, and its slope along the ray."""
        point = nearest + t * rise
        squared = np.maximum((point * point).sum(axis=0), 1e-12)
        far = np.sqrt(squared)
        x, y, z = (point / far).astype(np.float32)
        along = (point * rise).sum(axis=0)
        climb = (along / squared).astype(np.float32)  # of the radius, relative
        grown, turned = np.ones(t.shape, np.float32), np.zeros(t.shape, np.float32)
        for wave in self.bulges:
            kx, ky, kz, phase, height = (np.float32(number) for number in wave)
            at = kx * x + ky * y + kz * z
            grown += height * np.cos(at + phase)
            ahead = np.float32((np.array(wave[:3]) * rise[:, 0]).sum())
            turned -= height * np.sin(at + phase) * (ahead / far.astype(np.float32) - at * climb)
        return squared - grown.astype(float) ** 2, 2.0 * (along - grown * turned)

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """Path lengths in the wall."""
        axes = pose.rotation @ self._axes
        shape = np.broadcast_shapes(np.shape(x_mm), np.shape(y_mm))
        x, y = (np.broadcast_to(at, shape).reshape(-1) for at in (x_mm, y_mm))
        enters, leaves = self._span(self.radii_mm, axes, x, y)
        first, last = self._span(self._inner, axes, x, y)
        if not self.waves:
            path: Floats = np.maximum(length_of((enters, leaves)) - length_of((first, last)), 0.0)
            return path.reshape(shape)
        hit = leaves > enters
        x, y, bottom, top, first, last = (at[hit] for at in (x, y, enters, leaves, first, last))
        through, middle = last > first, 0.5 * (bottom + top)
        floor, roof = np.where(through, first, middle), np.where(through, last, middle)
        out = np.zeros(hit.shape)
        out[hit] = self._wall(axes, x, y, bottom, floor) + self._wall(axes, x, y, roof, top)
        return out.reshape(shape)

    def _wall(self, axes: Floats, x: Floats, y: Floats, start: Floats, end: Floats) -> Floats:
        """Calcified length between two points of each ray: two Gauss points."""
        total = np.zeros(x.shape)
        for at in (0.5 - 0.5 / math.sqrt(3.0), 0.5 + 0.5 / math.sqrt(3.0)):
            h = start + at * (end - start)
            body = [(axes[0, k] * x + axes[1, k] * y + axes[2, k] * h) / self.radii_mm[k] for k in range(3)]
            scale = 1.0 / np.sqrt(np.maximum(body[0] ** 2 + body[1] ** 2 + body[2] ** 2, 1e-12))
            total += 0.5 * (end - start) * self.covered([b * scale for b in body])
        return total


def patches(rng: np.random.Generator, coverage: float, size: float, slope: float = 4.0) -> dict[str, Any]:
    """`waves`, `level` and `slope` of a shell of which the fraction `coverage` is calcified, in patches about `size`
    radii wide, with borders the more gradual the less the slope."""
    directions = rng.standard_normal((_WAVES, 3))
    directions *= (math.pi / size) * rng.uniform(0.4, 1.6, (_WAVES, 1)) / np.linalg.norm(directions, axis=1)[:, None]
    phases = rng.uniform(0.0, 2.0 * math.pi, _WAVES)
    over = np.cos(np.tensordot(directions, fibonacci_sphere(2048), 1) + phases[:, None]).sum(0)
    waves = tuple((float(a), float(b), float(c), float(p)) for (a, b, c), p in zip(directions, phases, strict=True))
    level = float(np.quantile(over / math.sqrt(0.5 * _WAVES), min(max(1.0 - coverage, 0.0), 1.0)))
    return {"waves": waves, "level": level + (_THIN / slope if coverage >= 0.995 else 0.0), "slope": slope}


def bulges(rng: np.random.Generator, height: float) -> Any:
    """Waves of an outline that is uneven by `height` (relative, root mean square), two to four around."""
    directions = rng.standard_normal((_BULGES, 3))
    directions *= rng.uniform(1.2, 3.6, (_BULGES, 1)) / np.linalg.norm(directions, axis=1)[:, None]
    phases = rng.uniform(0.0, 2.0 * math.pi, _BULGES)
    each = np.full(_BULGES, height * math.sqrt(2.0 / _BULGES))
    return tuple(tuple(row) for row in np.column_stack([directions, phases, each]).tolist())
