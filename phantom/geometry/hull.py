"""Convex hulls of points in a plane."""

from __future__ import annotations

import numpy as np

from phantom.arrays import Points


def convex_hull(points: Points) -> Points:
    """The corners (m, 2) of the convex hull of points (n, 2), in order around it; the two ends if all lie on a line."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        return np.asarray(points[ConvexHull(points).vertices])
    except (QhullError, ValueError):  # fewer than three, or all on one line
        return np.unique(points, axis=0)[[0, -1]]


def extent(hull: Points) -> float:
    """The largest distance between two of its corners."""
    apart = hull[:, None, :] - hull[None, :, :]
    return float(np.sqrt((apart**2).sum(axis=2).max()))


def area(hull: Points) -> float:
    """Its area."""
    ahead = np.roll(hull, -1, axis=0)
    return 0.5 * abs(float((hull[:, 0] * ahead[:, 1] - hull[:, 1] * ahead[:, 0]).sum()))
