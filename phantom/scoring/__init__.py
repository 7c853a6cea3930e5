"""A detector's marks against the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phantom.lazy import exports

if TYPE_CHECKING:
    from phantom.scoring.lesions import ImageTruth
    from phantom.scoring.marks import Marks
    from phantom.scoring.match import Rules
    from phantom.scoring.score import Score

__all__ = [
    "ImageTruth",
    "Marks",
    "Rules",
    "Score",
]

__getattr__ = exports(
    __name__,
    {
        "ImageTruth": "lesions",
        "Marks": "marks",
        "Rules": "match",
        "Score": "score",
    },
)
