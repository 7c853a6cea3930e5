"""Places on the skin: the fold below, toward the sternum, the axilla, around the areola."""

from __future__ import annotations

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.arrays import Floats
from phantom.calcifications.sites import WALL_MM
from phantom.errors import NoPlace
from phantom.geometry.turning import axes_of, turn_to

REGIONS = ("fold", "medial", "axilla", "areola")


def skin_sites(breast: Breast, rng: np.random.Generator, region: str, count: int = 1) -> Floats:
    """Points (count, 3) on the outer surface of the skin in one of the `REGIONS`.

    Raises
    ------
    NoPlace
        If this breast has no skin there that the views could hold.
    """
    directions = rng.standard_normal((3000, 3))
    directions[:, 0] = np.abs(directions[:, 0])
    points = breast.surface(directions / np.linalg.norm(directions, axis=1, keepdims=True))
    away = points - breast.nipple_mm
    height = breast.nipple_mm[0]
    base = (points[:, 0] > WALL_MM + 2.0) & (points[:, 0] < 0.55 * height)
    near = np.linalg.norm(away, axis=1)
    chosen = {
        "fold": base & (away[:, 2] < -np.abs(away[:, 1])),
        "medial": base & (-away[:, 1] > np.abs(away[:, 2])),
        "axilla": base & (away[:, 1] > 0.0) & (away[:, 2] > 0.0),
        "areola": (near > 8.0) & (near < 28.0),
    }[region]
    points = points[chosen]
    if not len(points):
        raise NoPlace(f"no skin of the region '{region}' within the views")
    out: Floats = points[rng.integers(len(points), size=count)]
    return out


def skin_axes(breast: Breast, point_mm: Floats) -> Floats:
    """(3, 3): two directions along the skin and the outward one, in the columns."""
    return skin_frames(breast, point_mm[None])[0]


def skin_frames(breast: Breast, points_mm: Floats) -> list[Floats]:
    """The same for points (n, 3) at once."""
    return [axes_of(turn_to(normal)) for normal in breast.normals(points_mm)]


def at_depth(breast: Breast, points_mm: Floats, depth_mm: float | Floats) -> Floats:
    """The points (n, 3) moved along the normal until they lie `depth_mm` below the skin's outer surface."""
    points = np.array(points_mm, float)
    for _ in range(4):
        off = breast.depth_mm(points) - depth_mm
        points = points + off[:, None] * breast.normals(points)
    return points
