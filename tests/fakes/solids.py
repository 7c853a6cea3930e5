"""Solids with known answers, for the tests of projection, truth and case."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.geometry.view import Pose, View


@dataclass(frozen=True)
class Ellipsoid:
    """Half axes along x, y, z of the breast's frame."""

    a_mm: float
    b_mm: float
    c_mm: float
    soft: bool = False
    claimed: float = 1.0  # what it says of its volume, relative to the truth

    @property
    def volume_mm3(self) -> float:
        return self.claimed * 4 / 3 * math.pi * self.a_mm * self.b_mm * self.c_mm

    def _form(self, pose: Pose) -> Any:
        half = pose.rotation * np.array([self.a_mm, self.b_mm, self.c_mm])
        return (half[:, None, :] * half[None, :, :]).sum(axis=2)

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        form = self._form(pose)
        dx, dy = math.sqrt(form[0, 0]), math.sqrt(form[1, 1])
        return -dx, -dy, dx, dy

    def chord(self, x_mm: Any, y_mm: Any, pose: Pose) -> Any:
        q = np.linalg.inv(self._form(pose))
        b = q[0, 2] * x_mm + q[1, 2] * y_mm
        c = q[0, 0] * x_mm**2 + q[1, 1] * y_mm**2 + 2 * q[0, 1] * x_mm * y_mm - 1
        return 2 * np.sqrt(np.maximum(b * b - q[2, 2] * c, 0)) / q[2, 2]


@dataclass(frozen=True)
class Rim:
    """A sphere with a spherical hole."""

    outer_mm: float
    inner_mm: float
    soft: bool = False

    @property
    def volume_mm3(self) -> float:
        return 4 / 3 * math.pi * (self.outer_mm**3 - self.inner_mm**3)

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        return -self.outer_mm, -self.outer_mm, self.outer_mm, self.outer_mm

    def chord(self, x_mm: Any, y_mm: Any, pose: Pose) -> Any:
        r2 = x_mm**2 + y_mm**2
        return 2 * np.sqrt(np.maximum(self.outer_mm**2 - r2, 0)) - 2 * np.sqrt(np.maximum(self.inner_mm**2 - r2, 0))


@dataclass(frozen=True)
class Bar:
    """A long thin square bar in the plane of CC, turned by 30 degrees, seen along its square's side."""

    length_mm: float
    width_mm: float
    soft: bool = False

    @property
    def volume_mm3(self) -> float:
        return self.length_mm * self.width_mm**2

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        c, s = math.cos(math.pi / 6), 0.5
        dx, dy = 0.5 * (self.length_mm * c + self.width_mm * s), 0.5 * (self.length_mm * s + self.width_mm * c)
        return -dx, -dy, dx, dy

    def chord(self, x_mm: Any, y_mm: Any, pose: Pose) -> Any:
        c, s = math.cos(math.pi / 6), 0.5
        along, across = c * x_mm + s * y_mm, c * y_mm - s * x_mm
        return np.where((abs(along) < self.length_mm / 2) & (abs(across) < self.width_mm / 2), self.width_mm, 0.0)


def pose_at(x_mm: float, y_mm: float, h_mm: float = 20.0, angle_deg: float = 0.0) -> Pose:
    """A pose in a view of this angle, nothing turned by the compression."""
    view = View("MLO" if angle_deg else "CC", "L", angle_deg)
    return Pose(np.array([x_mm, y_mm, h_mm]), view.axes, view.gravity)
