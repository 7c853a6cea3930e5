"""The outline of the compressed breast: the thickness of its rounded edge, and the volume that it holds."""

from __future__ import annotations

import math

import numpy as np

from phantom.arrays import Floats
from phantom.geometry.silhouette import Silhouette

# in half widths of the base: how far from where rays begin the foremost point may lie, how exact the nipple's place is
_FARTHEST, _NEAR, _TRIES = 0.6, 0.003, 8


def edge_profile(depth_mm: Floats, thickness_mm: float, roll_off: float) -> Floats:
    """Thickness at a distance inward from the outline: a rounded free edge, flat further in."""
    t = np.clip(1 - np.asarray(depth_mm) / (roll_off * thickness_mm), 0, 1)
    return np.where(t < 1, thickness_mm * np.sqrt(1 - t * t), 0.0)


def slant(radius_mm: Floats, phi: Floats) -> Floats:
    """Cosine between each direction and the outline's normal there."""
    return np.asarray(1 / np.hypot(1, np.gradient(radius_mm, phi) / radius_mm))


def press_outline(volume: Floats, phi: Floats, thickness_mm: float, roll_off: float) -> Floats:
    """Radius of the compressed breast in each direction, from the volume per radian there (mm³)."""
    radius = np.sqrt(2 * volume / thickness_mm) + 0.3 * roll_off * thickness_mm
    for _ in range(14):
        got = sectors(radius, phi, thickness_mm, roll_off)
        radius = radius * (1 + 0.7 * (np.sqrt(volume / got) - 1))
    return np.asarray(radius)


def shape_outline(
    silhouette: Silhouette, volume: Floats, phi: Floats, tip_phi: float, thickness_mm: float, roll_off: float
) -> tuple[Floats, Floats]:
    """Radius of the compressed breast in each direction, and the free direction that ends there.

    The outline has the silhouette's shape and holds the volume; the free breast's directions turn until as much
    volume lies above each as did. The outline slides along the chest wall until the nipple lies in its place on it.

    Parameters
    ----------
    silhouette : Silhouette
    volume : (angles,)
        Per radian of free direction, mm³.
    phi : (angles,)
        Directions, evenly from -pi/2 to pi/2.
    tip_phi : float
        Free direction of the nipple.
    thickness_mm, roll_off : float
    """
    above = cumulative(volume, phi)
    total = float(above[-1])
    share = float(np.interp(tip_phi, phi, above)) / total
    size = math.sqrt(total / thickness_mm)

    def lying(foremost: float) -> tuple[float, Floats, float]:
        """How far below its place on the outline the nipple is, the outline's shape, and the nipple's direction."""
        nonlocal size
        shape = silhouette.radius(phi, foremost)
        for _ in range(2):
            held = sectors(size * shape, phi, thickness_mm, roll_off)
            size *= math.sqrt(total / float(np.trapezoid(held, phi)))
        filled = cumulative(held, phi)
        nipple = float(np.interp(share * filled[-1], filled, phi))
        low = float(np.interp(nipple, phi, shape)) * math.sin(nipple) - foremost
        return low - silhouette.droop, shape, nipple

    # the further down the outline slides, the lower on it lies the nipple: secants
    at = [0.0, 0.1]
    off = [lying(at[0])[0]]
    for _ in range(_TRIES):
        low, shape, nipple = lying(at[-1])
        off.append(low)
        if abs(low) < _NEAR:
            break
        slope = (off[-1] - off[-2]) / (at[-1] - at[-2])
        at.append(float(np.clip(at[-1] - off[-1] / max(slope, 0.1), -_FARTHEST, _FARTHEST)))
        if at[-1] == at[-2]:
            break
    shape = silhouette.raised(shape, phi, nipple)
    for _ in range(3):
        held = sectors(size * shape, phi, thickness_mm, roll_off)
        size *= math.sqrt(total / float(np.trapezoid(held, phi)))
    below = cumulative(held, phi)
    turned = np.interp(below / below[-1], above / total, phi)
    return size * shape, turned


def sectors(radius_mm: Floats, phi: Floats, thickness_mm: float, roll_off: float) -> Floats:
    """Volume per radian that an outline of these radii holds in each direction, mm³."""
    u = np.sin(np.linspace(0, math.pi / 2, 120))  # denser at the rim, where the profile is steep
    depth = radius_mm[:, None] * (1 - u) * slant(radius_mm, phi)[:, None]
    rho = radius_mm[:, None] * u
    return np.asarray(np.trapezoid(edge_profile(depth, thickness_mm, roll_off) * rho, rho, axis=1))


def cumulative(density: Floats, at: Floats) -> Floats:
    """Cumulative trapezoid along the last axis, starting at 0."""
    pieces = 0.5 * (density[..., 1:] + density[..., :-1]) * np.diff(at, axis=-1)
    return np.concatenate([np.zeros((*density.shape[:-1], 1)), np.cumsum(pieces, axis=-1)], axis=-1)
