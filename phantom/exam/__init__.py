"""What happens to one woman, in order: preset, scene, acquisition, field of view, render, mammogram, truth, case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phantom.lazy import exports

if TYPE_CHECKING:
    from phantom.exam.acquisition import Acquisition
    from phantom.exam.case import Case, simulate
    from phantom.exam.mammogram import ViewImage
    from phantom.exam.preset import Preset
    from phantom.exam.scene import Scene
    from phantom.exam.truth import CalcificationTruth, FindingTruth, ObjectTruth

__all__ = [
    "Acquisition",
    "CalcificationTruth",
    "Case",
    "FindingTruth",
    "ObjectTruth",
    "Preset",
    "Scene",
    "ViewImage",
    "simulate",
]

__getattr__ = exports(
    __name__,
    {
        "Acquisition": "acquisition",
        "CalcificationTruth": "truth",
        "Case": "case",
        "FindingTruth": "truth",
        "ObjectTruth": "truth",
        "Preset": "preset",
        "Scene": "scene",
        "ViewImage": "mammogram",
        "simulate": "case",
    },
)
