"""The truth as the scorer needs it: per image, rows and runs, without pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from phantom.arrays import Bools, Runs
from phantom.errors import UsageError
from phantom.exam.truth import CalcificationTruth, FindingTruth
from phantom.tables import CalcificationRow, FindingRow, ImageRow, Row, Table, attribute, columns, dtype_of

if TYPE_CHECKING:
    from phantom.dataset.format.case_reader import StoredImage
    from phantom.exam.mammogram import ViewImage

Target = Literal["calcification", "suspicious", "malignant"]

# The mask of the breast is kept at this coarseness: it only tells the skin line from the rest.
_STEP = 8


@dataclass(frozen=True, eq=False)
class ImageTruth:
    """What is in one image.

    Attributes
    ----------
    image_id : str
    row : ImageRow
        Its row of the images table.
    calcifications, findings : structured arrays
        Rows of the tables of `phantom.tables`.
    runs : tuple of (n, 2) uint32
        The calcifications' masks.
    breast_cm2 : float
        The area of the breast in the image.
    outside : (rows / 8, columns / 8) bool
        Where there is no breast.
    """

    image_id: str
    row: ImageRow
    calcifications: Table
    findings: Table
    runs: tuple[Runs, ...]
    breast_cm2: float
    outside: Bools = field(repr=False)

    @property
    def case(self) -> int:
        """The case it belongs to."""
        return self.row.case

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.row.rows, self.row.columns

    @property
    def spacing_mm(self) -> float:
        """The side of a pixel."""
        return self.row.pixel_spacing_mm

    def finding_of(self, calcification: int) -> int:
        """The row in `findings` of a calcification's finding; -1 if it has none."""
        found = np.flatnonzero(self.findings["finding_id"] == self.calcifications["finding_id"][calcification])
        return int(found[0]) if len(found) else -1

    def near_skin(self, x_px: float, y_px: float, within_mm: float) -> bool:
        """Whether the breast ends within this distance of a place in it."""
        step = _STEP * self.spacing_mm
        reach = int(np.ceil(within_mm / step))
        row, column = int(y_px) // _STEP, int(x_px) // _STEP
        near = self.outside[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]
        return bool(near.any())


def _table(row_type: type[Row], truths: Sequence[CalcificationTruth | FindingTruth]) -> Table:
    names = [attribute(name) for name in columns(row_type)]
    return np.array([tuple(getattr(one.row, name) for name in names) for one in truths], dtype_of(row_type.TABLE))


def of_image(image: ViewImage | StoredImage) -> ImageTruth:
    """The truth of one image."""
    mask = np.asarray(image.breast_mask, bool)
    area = int(mask.sum()) * image.row.pixel_spacing_mm**2 / 100.0
    calcifications = tuple(image.calcifications)
    return ImageTruth(
        image.image_id, image.row, _table(CalcificationRow, calcifications), _table(FindingRow, image.findings),
        tuple(c.runs for c in calcifications), area, ~mask[::_STEP, ::_STEP],
    )  # fmt: skip


def gather(images: Iterable[ViewImage | StoredImage]) -> tuple[ImageTruth, ...]:
    """The truth of many images, in their order.

    Raises
    ------
    UsageError
        If there is no image, or two have the same id.
    """
    truths = tuple(of_image(image) for image in images)
    if not truths:
        raise UsageError("there is no image to score")
    if len({truth.image_id for truth in truths}) != len(truths):
        raise UsageError("two images to score have the same id")
    return truths


def is_target(findings: Table, target: Target) -> Bools:
    """Which findings a detector is asked to find.

    ``calcification``: all but artefacts; ``suspicious``: BI-RADS 4A and above; ``malignant``: by sampled pathology.
    """
    if target == "suspicious":
        return np.asarray(findings["class"] == "suspicious", bool)
    if target == "malignant":
        return np.asarray(findings["pathology"] == "malignant", bool)
    return np.asarray(findings["class"] != "artefact", bool)
