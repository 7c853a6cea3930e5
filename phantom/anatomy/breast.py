"""What a breast consists of: plain data in mm, in the breast's own frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]
Tree = Literal["duct", "artery", "vein", "ligament"]
HostKind = Literal["cyst", "fibroadenoma", "oil_cyst", "scar", "dilated_duct", "surgical_bed"]


@dataclass(frozen=True, eq=False)
class Curve:
    """One unbranched piece of a duct, vessel or ligament, from its root to its tip.

    Attributes
    ----------
    curve_id : int
        Unique within its tree (0, 1, ...).
    tree : str
        ``duct``, ``artery``, ``vein`` or ``ligament``.
    points_mm : (n, 3) array
        Points along the axis in the breast's frame; n >= 2.
    radius_mm : (n,) array
        The calibre's half at each point.
    parent_id : int
        The curve it branches from, -1 for a root.
    lobe : int
        For ducts the lobe it drains, for vessels the trunk it belongs to; -1 for none.
    """

    curve_id: int
    tree: Tree
    points_mm: Floats
    radius_mm: Floats
    parent_id: int = -1
    lobe: int = -1

    @property
    def arc_mm(self) -> Floats:
        """(n,): the length along the axis from the root to each point."""
        steps = np.linalg.norm(np.diff(self.points_mm, axis=0), axis=1)
        return np.concatenate(([0.0], np.cumsum(steps)))

    @property
    def length_mm(self) -> float:
        """The length along the axis."""
        return float(self.arc_mm[-1])

    def at(self, s_mm: Any) -> tuple[Floats, Floats, Floats]:
        """Points (m, 3), unit tangents (m, 3) and radii (m,) at the lengths `s_mm` (m,) along the axis."""
        s = np.clip(np.atleast_1d(np.asarray(s_mm, float)), 0.0, self.length_mm)
        arc = self.arc_mm
        points = np.stack([np.interp(s, arc, self.points_mm[:, k]) for k in range(3)], axis=1)
        i = np.clip(np.searchsorted(arc, s, side="right") - 1, 0, len(arc) - 2)
        tangents = self.points_mm[i + 1] - self.points_mm[i]
        tangents = tangents / np.linalg.norm(tangents, axis=1, keepdims=True)
        return points, tangents, np.interp(s, arc, self.radius_mm)


@dataclass(frozen=True, eq=False)
class Host:
    """A soft-tissue body that a finding lives in: seen in the image and recorded in the truth.

    Attributes
    ----------
    host_id : int
        Unique within a case.
    kind : str
        ``cyst``, ``fibroadenoma``, ``oil_cyst``, ``scar``, ``dilated_duct`` or ``surgical_bed``.
    centre_mm : (3,) tuple
        In the breast's frame, before compression.
    radii_mm : (3,) tuple
        Half axes of the ellipsoid along x, y, z of the breast's frame.
    material : str
        What it is made of (a name of `phantom.imaging.materials`).
    roughness : float
        0 for a smooth ellipsoid, 1 for a very irregular or spiculated one.
    """

    host_id: int
    kind: HostKind
    centre_mm: tuple[float, float, float]
    radii_mm: tuple[float, float, float]
    material: str
    roughness: float = 0.0
