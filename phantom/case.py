"""A case: one woman's breast or breasts, grown and imaged, with the truth. No file is written here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.truth import CalcificationTruth, FindingTruth, HostTruth

U16 = np.ndarray[Any, np.dtype[np.uint16]]


@dataclass(frozen=True, eq=False)
class ViewImage:
    """One image as a radiologist hangs it, with what is really in it.

    Attributes
    ----------
    image_id : str
        ``<case as 6 digits>-<L|R>-<CC|MLO|ML>``, with ``+<variant>`` after it where there is one.
    row : dict
        Its row of the images table (`phantom.tables.IMAGES`).
    for_presentation, for_processing : (rows, columns) uint16
    breast_mask : (rows, columns) bool
    findings : tuple of FindingTruth
    calcifications : tuple of CalcificationTruth
        In the order of their ids.
    hosts : tuple of HostTruth
    window_center, window_width : float
        The window to show `for_presentation` with.
    """

    image_id: str
    row: dict[str, Any]
    for_presentation: U16
    for_processing: U16
    breast_mask: np.ndarray[Any, np.dtype[np.bool_]]
    findings: tuple[FindingTruth, ...]
    calcifications: tuple[CalcificationTruth, ...]
    hosts: tuple[HostTruth, ...]
    window_center: float
    window_width: float

    @property
    def labels(self) -> U16:
        """(rows, columns): row number + 1 into `calcifications`, 0 for none; the later row wins."""
        out = np.zeros(self.for_presentation.shape, np.uint16)
        flat = out.reshape(-1)
        for number, calcification in enumerate(self.calcifications, start=1):
            for start, length in calcification.runs:
                flat[start : start + length] = number
        return out


@dataclass(frozen=True, eq=False)
class Case:
    """All images of one case, and the scene they can be rendered from again.

    Attributes
    ----------
    index : int
    views : tuple of ViewImage
    scene : dict
        What was grown, ready for JSON: the recipe as resolved, the seed path, the findings with their solids.
    dropped : tuple of str
        Findings that found no place, in words.
    """

    index: int
    views: tuple[ViewImage, ...]
    scene: dict[str, Any]
    dropped: tuple[str, ...] = ()
