"""Solids: a bounding box, and the length of a ray inside."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np

from phantom.geometry.view import Pose

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]


@runtime_checkable
class Shape(Protocol):
    """A solid about its own centre, in the axes of the breast's frame, in mm."""

    @property
    def volume_mm3(self) -> float:
        """The solid's volume."""
        ...

    @property
    def soft(self) -> bool:
        """Whether its edge fades (its mask is then where the path exceeds 10 % of the peak)."""
        ...

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """x_lo, y_lo, x_hi, y_hi of its shadow in the view plane, relative to its centre."""
        ...

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """The path length, mm, of the ray along the beam through each point of the view plane.

        `x_mm`, `y_mm` are relative to the centre and broadcast against each other.
        """
        ...
