"""Hosts under the paddle: cysts, masses and scars as they lie in a view, and the paths in them."""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import gaussian_filter

from phantom.anatomy.breast import Host
from phantom.arrays import F32, Floats
from phantom.geometry.grid import Grid
from phantom.geometry.view import ViewMapping
from phantom.recipe.seed import Seed

# Tense fluid keeps its shape, as the solids that line it or settle in it do; the rest yields with the tissue.
_STIFF = ("cyst", "oil_cyst")
_SPICULES = {"scar": 16, "surgical_bed": 10}
_STEP_MM = 0.5
_UNEVEN = 4.0  # side of the field of unevenness over the largest half axis; it repeats beyond


def half_axes(host: Host, pressed: ViewMapping) -> tuple[Floats, Floats]:
    """Centre (3,) and half axes (3, 3), one a column, of a host in the view's frame, mm."""
    centre = np.array(host.centre_mm, float)
    pose = pressed.poses(centre[None])[0]
    turned = pose.rotation * np.array(host.radii_mm)
    if host.kind in _STIFF:
        return pose.centre_mm, turned
    steps = _STEP_MM * np.eye(3)
    carried = pressed.forward(np.concatenate([centre + steps, centre - steps])).reshape(2, 3, 3)
    return pose.centre_mm, ((carried[0] - carried[1]) / (2 * _STEP_MM)).T * np.array(host.radii_mm)


def shadow_points(host: Host, pressed: ViewMapping, sphere: Floats) -> Floats:
    """(n, 3): points of the host's surface in the view's frame, for points (n, 3) of the unit sphere."""
    centre, axes = half_axes(host, pressed)
    return np.asarray(centre + np.einsum("ij,nj->ni", axes, sphere))


def unit_sphere(count: int) -> Floats:
    """(count, 3): points spread evenly over the unit sphere (a Fibonacci spiral)."""
    k = np.arange(count) + 0.5
    z, turn = 1 - 2 * k / count, np.pi * (1 + np.sqrt(5)) * k
    flat = np.sqrt(1 - z * z)
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), z], axis=1)


def host_path(host: Host, pressed: ViewMapping, grid: Grid, seed: Seed) -> tuple[tuple[slice, slice], F32] | None:
    """Path length, mm, in a host over a rectangle of the grid; None where the grid does not hold it.

    An ellipsoid's, with an edge that `roughness` makes irregular.
    """
    centre, axes = half_axes(host, pressed)
    reach = np.sqrt((axes**2).sum(axis=1))[:2] * (1 + 0.5 * host.roughness)
    column, row = grid.px(centre[0], centre[1])
    half_w, half_h = reach / grid.pitch_mm + 2
    rows = slice(max(int(row - half_h), 0), min(int(row + half_h) + 1, grid.shape[0]))
    columns = slice(max(int(column - half_w), 0), min(int(column + half_w) + 1, grid.shape[1]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return None
    x = grid.x_mm[None, columns] - centre[0]
    y = grid.y_mm[rows, None] - centre[1]
    # |inverse(axes) p| = 1 on the surface: a quadratic in h along each ray
    inverse = np.linalg.inv(axes + 1e-9 * np.eye(3))
    m = np.einsum("ki,kj->ij", inverse, inverse)
    across = m[0, 2] * x + m[1, 2] * y
    rest = m[0, 0] * x * x + 2 * m[0, 1] * x * y + m[1, 1] * y * y
    level = rest - across**2 / m[2, 2]
    if host.roughness > 0:
        level = level + _unevenness(host, x + reach[0], y + reach[1], grid.pitch_mm, seed)
    path = 2 * np.sqrt(np.maximum(1 - level, 0) / m[2, 2])
    return (rows, columns), path.astype(np.float32)


def _unevenness(host: Host, x_mm: Floats, y_mm: Floats, pitch_mm: float, seed: Seed) -> Floats:
    """A smooth random field that pushes the edge in and out, at distances from the body's corner: x (1, n), y (m,
    1)."""
    # drawn on a lattice of its own, so that neither the pixels nor the image's border change the shape
    step = 0.15 * min(host.radii_mm)
    side = math.ceil(_UNEVEN * max(host.radii_mm) / step)
    white = seed.child("host", host.host_id).rng().standard_normal((side, side))
    smooth = gaussian_filter(white, 1.6, mode="wrap")
    column, row = (np.floor(at.ravel() / step).astype(int) % side for at in (x_mm, y_mm))
    field = smooth[np.ix_(row, column)] / smooth.std()
    return np.asarray(0.35 * host.roughness * gaussian_filter(field, step / pitch_mm, mode="nearest"))


def spicules(host: Host, seed: Seed) -> list[tuple[Floats, Floats, float]]:
    """Strands that a scar pulls together: points, radii and ribbon of each, in the breast's frame."""
    count = _SPICULES.get(host.kind, 0)
    rng = seed.child("spicules", host.host_id).rng()
    out: list[tuple[Floats, Floats, float]] = []
    for _ in range(count):
        direction = rng.standard_normal(3)
        direction /= np.linalg.norm(direction)
        sideways = np.cross(direction, rng.standard_normal(3))
        t = np.linspace(0.2, rng.uniform(1.5, 2.8), 12)[:, None]
        points = np.array(host.centre_mm) + np.array(host.radii_mm) * (direction * t + 0.08 * sideways * t * t)
        radius = rng.uniform(0.15, 0.4) * np.sqrt(1 - (t[:, 0] - t[0, 0]) / (t[-1, 0] - t[0, 0]) * 0.95)
        out.append((points, radius, 3.0))
    return out
