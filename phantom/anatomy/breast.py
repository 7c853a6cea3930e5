"""What a breast consists of: plain data in mm, in the breast's own frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from phantom.anatomy.ligaments import Strands
from phantom.anatomy.outline import BreastOutline
from phantom.anatomy.parenchyma import Parenchyma
from phantom.arrays import Floats
from phantom.geometry.chest import Chest
from phantom.geometry.compression import Compression
from phantom.geometry.silhouette import Silhouette
from phantom.geometry.view import Laterality, View, ViewName
from phantom.recipe.seed import Seed

Tree = Literal["duct", "artery", "vein", "ligament"]
HostKind = Literal["cyst", "fibroadenoma", "oil_cyst", "scar", "dilated_duct", "surgical_bed"]

# Skin up to here is normal (Huang 2008: 1.44 and 0.25 mm, 1.5 standard deviations above). Estimates for what is more:
# where it is thickest, from the nipple; how far that reaches; and how thick there and far away, over its mean
_NORMAL_SKIN_MM = 1.8
_SWELLING_MM, _SWELLING_REACH_MM, _SWELLING_NEAR, _SWELLING_FAR = (-15.0, 0.0, -20.0), 45.0, 1.5, 0.6


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

    @cached_property
    def arc_mm(self) -> Floats:
        """(n,): the length along the axis from the root to each point."""
        steps = self.points_mm[1:] - self.points_mm[:-1]
        return np.concatenate(([0.0], np.cumsum(np.sqrt((steps * steps).sum(axis=1)))))

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


@dataclass(frozen=True)
class Nipple:
    """The nipple and the areola as the paddle leaves them.

    Attributes
    ----------
    stands_mm : float
        How far it stands out of the breast's outline in profile.
    radius_mm : float
        Half its width at the base.
    areola_mm : float
        Radius of the areola.
    """

    stands_mm: float
    radius_mm: float
    areola_mm: float


@dataclass(frozen=True, eq=False)
class Breast:
    """One grown breast, free of the paddle, in the frame of a left breast.

    Attributes
    ----------
    laterality : str
        ``L`` or ``R``; a right breast is kept as its mirror image.
    age : float
        The woman's age in years.
    density : float
        Volume of fibroglandular tissue over the volume inside the skin that was asked for.
    body : BreastOutline
        The outline.
    thickness_mm : mapping of view name to float
        Compressed thickness in each view.
    skin_thickness_mm : float
        Mean thickness of the skin.
    chest : mapping of view name to Chest
        Muscle and folds in each view.
    silhouettes : mapping of view name to Silhouette
        The outline's shape under the paddle in each view.
    nipple : Nipple
        Its size.
    nipple_in_profile : bool
        Whether the compressed nipple is seen tangentially.
    ducts, arteries, veins : tuple of Curve
    ligaments, fibres : Strands
    parenchyma : Parenchyma
        The fibroglandular tissue.
    texture : Seed
        Names the random numbers of what is too fine in it to be followed through space.
    roll_off : float
        Width of the compressed edge's rounding over the thickness.
    off_centre_mm : float
        How far below the field's middle the breast is laid in CC.
    hosts : tuple of Host
        Bodies that findings brought.
    """

    laterality: Laterality
    age: float
    density: float
    body: BreastOutline
    thickness_mm: Mapping[ViewName, float]
    skin_thickness_mm: float
    chest: Mapping[ViewName, Chest]
    silhouettes: Mapping[ViewName, Silhouette]
    nipple: Nipple
    nipple_in_profile: bool
    ducts: tuple[Curve, ...]
    arteries: tuple[Curve, ...]
    veins: tuple[Curve, ...]
    ligaments: Strands
    fibres: Strands
    parenchyma: Parenchyma
    texture: Seed
    roll_off: float = 0.5
    off_centre_mm: float = 0.0
    hosts: tuple[Host, ...] = field(default=())

    @property
    def nipple_mm(self) -> Floats:
        """(3,): where the ducts meet."""
        return self.body.tip_mm

    @property
    def bounds_mm(self) -> tuple[Floats, Floats]:
        """Lowest and highest corner of a box that holds the free breast."""
        return self.body.bounds_mm

    def depth_mm(self, points_mm: Floats) -> Floats:
        """Depth (n,) of points (n, 3) below the skin's outer surface, negative outside."""
        return self.body.depth_mm(points_mm)

    def normals(self, points_mm: Floats) -> Floats:
        """Unit outward normals (n, 3) of the surfaces of equal depth."""
        return self.body.normals(points_mm)

    def surface(self, directions: Floats) -> Floats:
        """Points (n, 3) on the skin along directions (n, 3) from the middle of the base."""
        return self.body.surface(directions)

    def skin_mm(self, points_mm: Floats) -> Floats:
        """Local thickness (n,) of the skin: thicker medially and below (Pope 1984), up to 1.35 times its mean.

        What is more than normal skin, of an inflamed or irradiated breast, is no even coat: it is thickest about the
        areola and below it, where oedema sinks to, and much less beyond.
        """
        points = np.asarray(points_mm, float).reshape(-1, 3)
        medial = np.clip(-points[:, 1] / self.body.medial_mm, 0, 1)
        below = np.clip(-points[:, 2] / self.body.lower_mm, 0, 1)
        swollen = max(0.0, self.skin_thickness_mm - _NORMAL_SKIN_MM)
        away = points - (self.nipple_mm + np.array(_SWELLING_MM))
        near = np.exp(-(away * away).sum(axis=1) / _SWELLING_REACH_MM**2)
        out: Floats = (self.skin_thickness_mm - swollen) * (0.92 + 0.22 * medial + 0.21 * below)
        out += swollen * (_SWELLING_FAR + (_SWELLING_NEAR - _SWELLING_FAR) * near)
        return out

    def gland_weight(self, points_mm: Floats) -> Floats:
        """How glandular places (n, 3) tend to be, 0 to 1."""
        return self.parenchyma.weight(np.asarray(points_mm, float).reshape(-1, 3))

    def with_hosts(self, hosts: tuple[Host, ...]) -> Breast:
        """This breast with more hosts in it."""
        return replace(self, hosts=(*self.hosts, *hosts))

    def compress(self, view: View) -> Compression:
        """This breast under the paddle of one view."""
        name = view.name
        return Compression(
            self.body, view, self.thickness_mm[name], self.roll_off, self.chest[name], self.silhouettes[name]
        )
