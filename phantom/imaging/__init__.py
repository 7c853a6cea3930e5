"""The machine: from path lengths to the picture a radiologist reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phantom.lazy import exports

if TYPE_CHECKING:
    from phantom.imaging.beam import Beam
    from phantom.imaging.detector import Detector
    from phantom.imaging.exposure import Exposure
    from phantom.imaging.mammography_units import MammographyUnit
    from phantom.imaging.presentation import Presentation
    from phantom.imaging.quantities import ForPresentation, ForProcessing, PathLengths, Signal
    from phantom.imaging.scatter import Scatter

__all__ = [
    "Beam",
    "Detector",
    "Exposure",
    "ForPresentation",
    "ForProcessing",
    "MammographyUnit",
    "PathLengths",
    "Presentation",
    "Scatter",
    "Signal",
]

__getattr__ = exports(
    __name__,
    {
        "Beam": "beam",
        "Detector": "detector",
        "Exposure": "exposure",
        "ForPresentation": "quantities",
        "ForProcessing": "quantities",
        "MammographyUnit": "mammography_units",
        "PathLengths": "quantities",
        "Presentation": "presentation",
        "Scatter": "scatter",
        "Signal": "quantities",
    },
)
