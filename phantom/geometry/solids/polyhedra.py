"""Angular grains: convex polyhedra, and unions of convex solids that grew together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from phantom.arrays import Floats, Indices
from phantom.geometry.solids.chains import volume_by_rays
from phantom.geometry.solids.ellipsoids import Ellipsoid
from phantom.geometry.spans import Span, miss_where, union_length
from phantom.geometry.turning import Vector
from phantom.geometry.view import Pose


@dataclass(frozen=True)
class ConvexPolyhedron:
    """The convex hull of points, in mm: crushed-stone grains, flakes, plates."""

    points_mm: tuple[Vector, ...]

    @cached_property
    def _points(self) -> Floats:
        return np.array(self.points_mm, float)

    @cached_property
    def _hull(self) -> tuple[Floats, float]:
        """Planes (k, 4) as n·p <= d, and the volume."""
        from scipy.spatial import ConvexHull

        hull = ConvexHull(self._points)
        planes = hull.equations * np.array([1.0, 1.0, 1.0, -1.0])
        # facets of one face come once per triangle
        _, once = np.unique(np.round(planes, 9), axis=0, return_index=True)
        return planes[np.sort(once)], float(hull.volume)

    @property
    def volume_mm3(self) -> float:
        """Of the hull."""
        return self._hull[1]

    @property
    def soft(self) -> bool:
        """Its edge is crisp."""
        return False

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """The shadow's box."""
        across = self._points @ pose.rotation[:2].T
        (x_lo, y_lo), (x_hi, y_hi) = across.min(axis=0), across.max(axis=0)
        return float(x_lo), float(y_lo), float(x_hi), float(y_hi)

    def span(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Span:
        """Where rays enter and leave: the last way in and the first way out of all half-spaces."""
        planes = self._hull[0]
        directions = planes[:, :3] @ pose.rotation.T
        tilt = directions[:, 2]
        tilt = np.where(np.abs(tilt) < 1e-9, np.where(tilt < 0.0, -1e-9, 1e-9), tilt)
        more = (slice(None),) + (None,) * max(np.ndim(x_mm), np.ndim(y_mm))
        across, down, far = directions[:, 0] / tilt, directions[:, 1] / tilt, planes[:, 3] / tilt
        out = tilt > 0.0
        leaves = (far[out][more] - across[out][more] * x_mm - down[out][more] * y_mm).min(axis=0)
        enters = (far[~out][more] - across[~out][more] * x_mm - down[~out][more] * y_mm).max(axis=0)
        return enters, leaves

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """Path lengths."""
        enters, leaves = self.span(x_mm, y_mm, pose)
        return np.maximum(leaves - enters, 0.0)


@dataclass(frozen=True)
class Union:
    """Convex solids that overlap: a ray's length in their union, nothing counted twice.

    Attributes
    ----------
    parts : tuple of Ellipsoid or ConvexPolyhedron
    offsets_mm : tuple of (float, float, float)
        Where each part's centre lies, as many as the parts.
    """

    parts: tuple[Ellipsoid | ConvexPolyhedron, ...]
    offsets_mm: tuple[Vector, ...]

    @cached_property
    def _offsets(self) -> Floats:
        return np.array(self.offsets_mm, float)

    @cached_property
    def volume_mm3(self) -> float:
        """Of the union, by rays."""
        return volume_by_rays(self, self._offsets)

    @property
    def soft(self) -> bool:
        """Its edge is crisp."""
        return False

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """The shadow's box."""
        boxes = self._boxes(pose)
        (x_lo, y_lo), (x_hi, y_hi) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        return float(x_lo), float(y_lo), float(x_hi), float(y_hi)

    def _boxes(self, pose: Pose) -> Floats:
        shifts = self._offsets @ pose.rotation[:2].T
        return np.array([part.box_mm(pose) for part in self.parts]) + np.tile(shifts, 2)

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """Path lengths in the union."""
        shifts = self._offsets @ pose.rotation.T

        def spans(which: Indices, x: Floats, y: Floats) -> Span:
            enters, leaves = np.empty(x.shape), np.empty(x.shape)
            ends = np.searchsorted(which, np.arange(len(self.parts) + 1))
            for part, (dx, dy, dh), first, end in zip(self.parts, shifts, ends[:-1], ends[1:], strict=True):
                start, stop = part.span(x[first:end] - dx, y[first:end] - dy, pose)
                enters[first:end], leaves[first:end] = miss_where(start >= stop, start + dh, stop + dh)
            return enters, leaves

        return union_length(x_mm, y_mm, self._boxes(pose), spans)
