"""Space: the breast's frame, the views, the compression, the shapes, and the pixel grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phantom.lazy import exports

if TYPE_CHECKING:
    from phantom.geometry.compression import Compression
    from phantom.geometry.grid import Grid
    from phantom.geometry.view import Pose, View, ViewMapping

__all__ = [
    "Compression",
    "Grid",
    "Pose",
    "View",
    "ViewMapping",
]

__getattr__ = exports(
    __name__,
    {
        "Compression": "compression",
        "Grid": "grid",
        "Pose": "view",
        "View": "view",
        "ViewMapping": "view",
    },
)
