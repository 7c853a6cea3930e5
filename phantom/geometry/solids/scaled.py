"""Another solid, larger or smaller."""

from __future__ import annotations

import math
from dataclasses import dataclass

from phantom.arrays import Floats
from phantom.geometry.solids.shapes import Fading, Shape
from phantom.geometry.view import Pose


@dataclass(frozen=True)
class Scaled:
    """A solid, all lengths of it times a factor.

    Attributes
    ----------
    solid : Shape
    factor : float
    """

    solid: Shape
    factor: float

    @property
    def volume_mm3(self) -> float:
        """The solid's, times the factor's cube."""
        return self.solid.volume_mm3 * self.factor**3

    @property
    def soft(self) -> bool:
        """As the solid's."""
        return self.solid.soft

    def half_width_mm(self, pose: Pose) -> float:
        """The solid's at half density, times the factor; infinite where it does not tell."""
        return self.factor * self.solid.half_width_mm(pose) if isinstance(self.solid, Fading) else math.inf

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """The shadow's box."""
        x_lo, y_lo, x_hi, y_hi = self.solid.box_mm(pose)
        return x_lo * self.factor, y_lo * self.factor, x_hi * self.factor, y_hi * self.factor

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """Path lengths: those of the solid, where and as long as it would have them."""
        path: Floats = self.factor * self.solid.chord(x_mm / self.factor, y_mm / self.factor, pose)
        return path
