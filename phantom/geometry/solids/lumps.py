"""Rough bodies: blobs that run together, with an uneven surface, clefts, and pores inside."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from phantom.arrays import Floats
from phantom.compiled import compiled
from phantom.geometry.solids.chains import volume_by_rays
from phantom.geometry.view import Pose

_LATTICE = 30  # points along each side of the box in which the body's reach is looked for
_BEYOND = 1.8  # a blob of weight 1 is a tenth of what it is at its radius so many radii out
_FAINT, _STEEP = 0.4, 8.0  # below so much the blobs' sum falls so many times faster: nothing floats free of the body
_STEPS_PER_WAVE, _STEPS_PER_RADIUS = 5.0, 6.0  # samples along a ray: of the shortest wave, of the smallest blob
_FEWEST_STEPS, _MOST_STEPS = 20, 96


@dataclass(frozen=True)
class Lump:
    """A body where a sum of blobs and waves exceeds a level; its density is that excess over `edge`, from 0 to 1.

    A blob is `weight` exp(1 - d²/radius²) at the distance d from its middle: a lone one of weight 1 reaches 1 at its
    radius. With u the blobs' sum less 1, at most `solid`, and w the waves' sum, the density is 1/2 + (u + w) / `edge`,
    within 0 and 1; where the blobs' sum is below 0.4, u falls eight times as fast. Blobs of negative weight are clefts
    and lucent middles; waves that fall below -`solid` are pores.

    Attributes
    ----------
    blobs : tuple of (x, y, z, radius, weight)
        In mm; the weight has no unit.
    waves : tuple of (kx, ky, kz, phase, height)
        Plane waves height cos(k·p + phase), k in 1/mm.
    solid : float
        The blobs' sum counts up to so much above the level: the more, the fewer pores.
    edge : float
        Range of the sum over which the density goes from 0 to 1.
    """

    blobs: tuple[tuple[float, float, float, float, float], ...]
    waves: tuple[tuple[float, float, float, float, float], ...] = ()
    solid: float = 0.6
    edge: float = 0.3

    @cached_property
    def _arrays(self) -> tuple[Floats, Floats]:
        return np.array(self.blobs, float).reshape(-1, 5), np.array(self.waves, float).reshape(-1, 5)

    @cached_property
    def reach_mm(self) -> tuple[Floats, float]:
        """Points (n, 3) of a lattice where there is something of it, and the lattice's step."""
        blobs, _ = self._arrays
        held = blobs[blobs[:, 4] > 0.0]
        pad = _BEYOND * held[:, 3:4]
        lo, hi = (held[:, :3] - pad).min(axis=0), (held[:, :3] + pad).max(axis=0)
        x, y, z = (np.linspace(a, b, _LATTICE) for a, b in zip(lo, hi, strict=True))
        columns = np.repeat(x, _LATTICE), np.tile(y, _LATTICE)
        ray, height = np.nonzero(self._densities(*columns, z, np.eye(3)) > 0.0)
        there = np.column_stack([columns[0][ray], columns[1][ray], z[height]])
        return (there if len(there) else held[:1, :3]), float((hi - lo).max() / (_LATTICE - 1))

    def _densities(self, x: Floats, y: Floats, h: Floats, rotation: Floats) -> Floats:
        """Density (rays, heights) along rays at (rays,) x and y, at heights (heights,), in turned axes."""
        blobs, waves = self._arrays
        centres, k = blobs[:, :3] @ rotation.T, waves[:, :3] @ rotation.T
        x, y = x[:, None], y[:, None]
        # each term is a product of a factor of the ray and one of the height
        inverse = -1.0 / blobs[:, 3] ** 2
        blob_ray = np.exp(inverse * ((x - centres[:, 0]) ** 2 + (y - centres[:, 1]) ** 2))
        blob_high = math.e * blobs[:, 4] * np.exp(inverse * (h[:, None] - centres[:, 2]) ** 2)
        angle, along = x * k[:, 0] + y * k[:, 1] + waves[:, 3], k[:, 2] * h[:, None]
        wave_ray = np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
        wave_high = np.concatenate([waves[:, 4] * np.cos(along), -waves[:, 4] * np.sin(along)], axis=1)
        rows = (np.ascontiguousarray(high.T) for high in (blob_high, wave_high))
        out: Floats = _products(blob_ray, next(rows), wave_ray, next(rows), self.solid, self.edge)
        return out

    @cached_property
    def volume_mm3(self) -> float:
        """Volume of the solid material in it, by rays."""
        return volume_by_rays(self, self.reach_mm[0])

    @property
    def soft(self) -> bool:
        """Its edge counts as crisp."""
        return False

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """The shadow's box: that of the lattice's points in it, and a step around."""
        points, margin = self.reach_mm
        across = points @ pose.rotation[:2].T
        (x_lo, y_lo), (x_hi, y_hi) = across.min(axis=0) - margin, across.max(axis=0) + margin
        return float(x_lo), float(y_lo), float(x_hi), float(y_hi)

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """Path lengths of solid material: samples at equal steps along each ray."""
        points, margin = self.reach_mm
        heights = points @ pose.rotation[2]
        h, step = self._steps(float(heights.min()) - margin, float(heights.max()) + margin)
        shape = np.broadcast_shapes(np.shape(x_mm), np.shape(y_mm))
        x, y = (np.broadcast_to(at, shape).reshape(-1) for at in (x_mm, y_mm))
        path: Floats = step * self._densities(x, y, h, pose.rotation).sum(axis=1).reshape(shape)
        return path

    def _steps(self, low: float, high: float) -> tuple[Floats, float]:
        """Heights in the middles of equal steps, and the step."""
        blobs, waves = self._arrays
        shortest = 2.0 * math.pi / max(float(np.sqrt((waves[:, :3] ** 2).sum(axis=1)).max(initial=0.0)), 1e-9)
        wanted = min(shortest / _STEPS_PER_WAVE, float(blobs[:, 3].min()) / _STEPS_PER_RADIUS)
        count = min(_MOST_STEPS, max(_FEWEST_STEPS, math.ceil((high - low) / wanted)))
        step = (high - low) / count
        return low + step * (np.arange(count) + 0.5), step


@compiled
def _products(blob_ray: Any, blob_high: Any, wave_ray: Any, wave_high: Any, solid: float, edge: float) -> Any:
    """(rays, heights): the density from factors (rays, k) and (k, heights) of blobs and waves."""
    rays, heights = blob_ray.shape[0], blob_high.shape[1]
    out = np.empty((rays, heights))
    blobs, waves = np.empty(heights), np.empty(heights)
    for r in range(rays):
        blobs[:] = 0.0
        for k in range(blob_ray.shape[1]):
            factor = blob_ray[r, k]
            if factor > 1e-4:
                for i in range(heights):
                    blobs[i] += factor * blob_high[k, i]
        waves[:] = 0.0
        for k in range(wave_ray.shape[1]):
            factor = wave_ray[r, k]
            for i in range(heights):
                waves[i] += factor * wave_high[k, i]
        for i in range(heights):
            above = blobs[i] - 1.0 - (_STEEP - 1.0) * max(_FAINT - blobs[i], 0.0)
            out[r, i] = min(max(0.5 + (min(above, solid) + waves[i]) / edge, 0.0), 1.0)
    return out
