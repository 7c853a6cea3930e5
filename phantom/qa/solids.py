"""The solids of test objects, lying as they are placed in the view."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from phantom.arrays import Floats
from phantom.geometry.view import Pose


@dataclass(frozen=True)
class Disc:
    """A flat disc across the beam."""

    diameter_mm: float
    thickness_mm: float
    soft: bool = False

    @property
    def volume_mm3(self) -> float:
        """Its volume."""
        return math.pi / 4 * self.diameter_mm**2 * self.thickness_mm

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """Its shadow's box."""
        r = 0.5 * self.diameter_mm
        return -r, -r, r, r

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """Its thickness, within the radius."""
        return np.where(x_mm**2 + y_mm**2 <= 0.25 * self.diameter_mm**2, self.thickness_mm, 0.0)


@dataclass(frozen=True)
class Sphere:
    """A ball."""

    diameter_mm: float
    soft: bool = False

    @property
    def volume_mm3(self) -> float:
        """Its volume."""
        return math.pi / 6 * self.diameter_mm**3

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """Its shadow's box."""
        r = 0.5 * self.diameter_mm
        return -r, -r, r, r

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """2 sqrt(r^2 - distance^2)."""
        return 2 * np.sqrt(np.maximum(0.25 * self.diameter_mm**2 - x_mm**2 - y_mm**2, 0))


@dataclass(frozen=True)
class Fibre:
    """A round fibre across the beam, at 45 degrees in the image."""

    diameter_mm: float
    length_mm: float
    soft: bool = False

    @property
    def volume_mm3(self) -> float:
        """Its volume."""
        return math.pi / 4 * self.diameter_mm**2 * self.length_mm

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """Its shadow's box."""
        r = 0.5 * (self.length_mm + self.diameter_mm) / math.sqrt(2)
        return -r, -r, r, r

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """2 sqrt(r^2 - distance from the axis^2), within the length."""
        along, across = (x_mm + y_mm) / math.sqrt(2), (y_mm - x_mm) / math.sqrt(2)
        chord = 2 * np.sqrt(np.maximum(0.25 * self.diameter_mm**2 - across**2, 0))
        return np.where(np.abs(along) <= 0.5 * self.length_mm, chord, 0.0)
