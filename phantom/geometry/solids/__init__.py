"""Solids in millimetres about their own centre: each a bounding box and a chord."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phantom.lazy import exports

if TYPE_CHECKING:
    from phantom.geometry.solids.chains import Chains
    from phantom.geometry.solids.clouds import GaussianBlob
    from phantom.geometry.solids.ellipsoids import Ellipsoid
    from phantom.geometry.solids.shapes import Shape

__all__ = [
    "Chains",
    "Ellipsoid",
    "GaussianBlob",
    "Shape",
]

__getattr__ = exports(
    __name__,
    {
        "Chains": "chains",
        "Ellipsoid": "ellipsoids",
        "GaussianBlob": "clouds",
        "Shape": "shapes",
    },
)
