"""Calcium that has settled at the bottom of a cyst: a disc from above, a crescent from the side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from phantom.arrays import Floats
from phantom.geometry.solids.ellipsoids import ellipsoid_box, ellipsoid_span
from phantom.geometry.spans import length_of
from phantom.geometry.turning import Vector, axes_of
from phantom.geometry.view import Pose


@dataclass(frozen=True)
class Sediment:
    """The bottom of an ellipsoidal cyst, along gravity, filled up to a slightly hollow surface.

    The cyst turns with the tissue; the sediment flows to where gravity says. Its volume stays
    the same, because the filling is defined in the cyst's own unit sphere.

    Attributes
    ----------
    radii_mm : (float, float, float)
        The cyst's half axes.
    height : float
        Depth of the sediment over the cyst's half height, 0 to 1 (0.3 is a shallow cap).
    turn_rad : (float, float, float)
        Rotation vector from the cyst's axes to the breast's.
    meniscus : float
        Radius of the hollow surface in units of the cyst's radius, above 1; the larger, the flatter.
    """

    radii_mm: Vector
    height: float
    turn_rad: Vector = (0.0, 0.0, 0.0)
    meniscus: float = 4.0

    @cached_property
    def _axes(self) -> Floats:
        return axes_of(self.turn_rad)

    @cached_property
    def volume_mm3(self) -> float:
        """The unit sphere less the lens that the meniscus' sphere cuts off it, stretched to the cyst."""
        big = self.meniscus
        far = big - (1.0 - self.height)
        # lens of two spheres of radii 1 and `big` whose centres lie `far` apart
        lens = (
            math.pi
            * (1.0 + big - far) ** 2
            * (far**2 + 2.0 * far * (1.0 + big) - 3.0 * (big - 1.0) ** 2)
            / (12.0 * far)
        )
        return (4.0 / 3.0 * math.pi - lens) * self.radii_mm[0] * self.radii_mm[1] * self.radii_mm[2]

    @property
    def soft(self) -> bool:
        """Its edge is crisp; it thins toward the border by itself."""
        return False

    def _hollow(self, pose: Pose, axes: Floats) -> Floats:
        """(3,): centre of the meniscus' ellipsoid in the view's frame."""
        radii = np.array(self.radii_mm)
        down = radii * (axes.T @ np.asarray(pose.gravity, float))
        down /= math.sqrt(float((down * down).sum()))
        centre: Floats = axes @ (radii * down * (1.0 - self.height - self.meniscus))
        return centre

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """The shadow's box: that of the flat cap up to the sediment's rim."""
        axes = pose.rotation @ self._axes
        radii = np.array(self.radii_mm)
        down = radii * (axes.T @ np.asarray(pose.gravity, float))
        down /= math.sqrt(float((down * down).sum()))
        # the rim: the circle where unit sphere and meniscus meet
        far = self.meniscus - (1.0 - self.height)
        level = -(far * far + 1.0 - self.meniscus**2) / (2.0 * far)
        if level <= 0.0:
            return ellipsoid_box(self.radii_mm, axes)
        lo, hi = [], []
        for i in (0, 1):
            reach = axes[i] * radii
            length = math.sqrt(float((reach * reach).sum()))
            lo.append(-_cap_reach(-reach / length, down, level) * length)
            hi.append(_cap_reach(reach / length, down, level) * length)
        return lo[0], lo[1], hi[0], hi[1]

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """Path lengths: in the cyst, less where the clear fluid above is."""
        axes = pose.rotation @ self._axes
        enters, leaves = ellipsoid_span(self.radii_mm, axes, x_mm, y_mm)
        a, b, c = (r * self.meniscus for r in self.radii_mm)
        clear = ellipsoid_span((a, b, c), axes, x_mm, y_mm, self._hollow(pose, axes))
        inside = np.maximum(np.minimum(leaves, clear[1]) - np.maximum(enters, clear[0]), 0.0)
        path: Floats = length_of((enters, leaves)) - inside
        return path


def _cap_reach(direction: Floats, down: Floats, level: float) -> float:
    """How far the cap {p·down >= level} of the unit sphere reaches along the unit vector `way`."""
    lean = float((direction * down).sum())
    if lean >= level:
        return 1.0
    return level * lean + math.sqrt(max(0.0, (1.0 - level**2) * (1.0 - lean**2)))
