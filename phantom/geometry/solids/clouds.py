"""Soft grains without a border: amorphous calcium."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from phantom.arrays import Floats
from phantom.geometry.solids.ellipsoids import largest_width
from phantom.geometry.turning import Vector, axes_of
from phantom.geometry.view import Pose

# beyond this many standard deviations a cloud is taken to be nothing (0.2 % of its mass)
_REACH = 3.5
_HALF = math.sqrt(2.0 * math.log(2.0))  # a Gaussian is half of its peak so many standard deviations out
_RAYS = 33  # along each side, to measure a cloud's width
_ANGLES = np.radians(np.arange(0.0, 180.0, 15.0))
_COS, _SIN = np.cos(_ANGLES), np.sin(_ANGLES)


@dataclass(frozen=True)
class GaussianBlob:
    """A cloud whose density is `peak` in its middle and falls off as a Gaussian.

    Attributes
    ----------
    sigma_mm : (float, float, float)
        Standard deviations along the body's own axes.
    turn_rad : (float, float, float)
        Rotation vector from the body's axes to the breast's.
    peak : float
        Density in the middle, relative to the solid material.
    """

    sigma_mm: Vector
    turn_rad: Vector = (0.0, 0.0, 0.0)
    peak: float = 1.0

    @cached_property
    def _axes(self) -> Floats:
        return axes_of(self.turn_rad)

    @property
    def volume_mm3(self) -> float:
        """Volume of the solid material in it."""
        a, b, c = self.sigma_mm
        return float(self.peak * (2.0 * math.pi) ** 1.5 * a * b * c)

    @property
    def soft(self) -> bool:
        """It has no border."""
        return True

    def _spread(self, pose: Pose) -> tuple[float, float, float]:
        """Variances of its shadow: xx, xy, yy."""
        reach = (pose.rotation @ self._axes)[:2] * np.array(self.sigma_mm)
        x, y = reach
        return float((x * x).sum()), float((x * y).sum()), float((y * y).sum())

    def half_width_mm(self, pose: Pose) -> float:
        """The shadow's largest width at half of its peak path."""
        return _HALF * largest_width((pose.rotation @ self._axes)[:2] * np.array(self.sigma_mm))

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """The shadow's box, out to 3.5 standard deviations."""
        xx, _, yy = self._spread(pose)
        x, y = _REACH * math.sqrt(xx), _REACH * math.sqrt(yy)
        return -x, -y, x, y

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """Path lengths of solid material."""
        xx, xy, yy = self._spread(pose)
        area = xx * yy - xy * xy
        high = self.volume_mm3 / (2.0 * math.pi * math.sqrt(area))
        return high * np.exp((yy * x_mm * x_mm - 2.0 * xy * x_mm * y_mm + xx * y_mm * y_mm) * (-0.5 / area))


@dataclass(frozen=True)
class Cloud:
    """An aggregate of powdery grains: round Gaussian blobs whose densities add.

    Attributes
    ----------
    grains : tuple of (x, y, z, sigma)
        Centres and standard deviations in mm.
    peak : float
        Density in the middle of each, relative to the solid material.
    """

    grains: tuple[tuple[float, float, float, float], ...]
    peak: float = 1.0

    @cached_property
    def _array(self) -> Floats:
        return np.array(self.grains, float).reshape(-1, 4)

    @property
    def volume_mm3(self) -> float:
        """Volume of the solid material in it."""
        return float(self.peak * (2.0 * math.pi) ** 1.5 * (self._array[:, 3] ** 3).sum())

    @property
    def soft(self) -> bool:
        """It has no border."""
        return True

    def half_width_mm(self, pose: Pose) -> float:
        """The shadow's largest width at half of its peak path."""
        x_lo, y_lo, x_hi, y_hi = self.box_mm(pose)
        x, y = np.linspace(x_lo, x_hi, _RAYS)[None, :], np.linspace(y_lo, y_hi, _RAYS)[:, None]
        path = self.chord(x, y, pose)
        rows, columns = np.nonzero(path >= 0.5 * path.max())
        along = np.outer(_COS, x[0, columns]) + np.outer(_SIN, y[rows, 0])
        step = math.hypot(x_hi - x_lo, y_hi - y_lo) / (math.sqrt(2.0) * (_RAYS - 1))
        return float((along.max(axis=1) - along.min(axis=1)).max()) + 0.5 * step

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """The shadow's box, out to 3.5 standard deviations of each grain."""
        across = self._array[:, :3] @ pose.rotation[:2].T
        reach = _REACH * self._array[:, 3:]
        (x_lo, y_lo), (x_hi, y_hi) = (across - reach).min(axis=0), (across + reach).max(axis=0)
        return float(x_lo), float(y_lo), float(x_hi), float(y_hi)

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """Path lengths of solid material."""
        across = self._array[:, :3] @ pose.rotation[:2].T
        more = (slice(None),) + (None,) * max(np.ndim(x_mm), np.ndim(y_mm))
        x, y, sigma = across[:, 0][more], across[:, 1][more], self._array[:, 3][more]
        wide, high = -0.5 / (sigma * sigma), self.peak * math.sqrt(2.0 * math.pi) * sigma
        # a Gaussian over x and y is the product of one over x and one over y
        along, down = high * np.exp(wide * (x_mm - x) ** 2), np.exp(wide * (y_mm - y) ** 2)
        out: Floats = np.zeros(np.broadcast_shapes(np.shape(x_mm), np.shape(y_mm)))
        for one, other in zip(along, down, strict=True):
            out += one * other
        return out
