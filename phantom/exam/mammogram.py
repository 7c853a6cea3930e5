"""One image as a radiologist hangs it, with what is really in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np

from phantom import rle
from phantom.arrays import U16, Bools, Ints, Points
from phantom.exam.displayable import Displayable
from phantom.exam.truth import CalcificationTruth, FindingTruth, ObjectTruth
from phantom.tables import BoxedRow, CalcificationRow, FindingRow, ImageRow

CLASSES = ("normal", "artefact", "benign", "suspicious")  # from the lowest to the highest


class Mammogram(Protocol):
    """An image with its truth, whether it has just been made (`ViewImage`) or is read from a dataset when asked for."""

    @property
    def image_id(self) -> str:
        """Its id, unique in a dataset."""
        ...

    @property
    def row(self) -> ImageRow:
        """Its row of the images table."""
        ...

    @property
    def for_presentation(self) -> U16:
        """(rows, columns), 12 bits."""
        ...

    @property
    def for_processing(self) -> U16:
        """(rows, columns); (0, 0) where it is not kept."""
        ...

    @property
    def breast_mask(self) -> Bools:
        """(rows, columns)."""
        ...

    @property
    def findings(self) -> tuple[FindingTruth, ...]:
        """In the order of their ids."""
        ...

    @property
    def calcifications(self) -> tuple[CalcificationTruth, ...]:
        """In the order of their ids."""
        ...

    @property
    def window_center(self) -> float:
        """The middle of the window to show it with."""
        ...

    @property
    def window_width(self) -> float:
        """The width of that window."""
        ...


@dataclass(frozen=True, eq=False, repr=False)
class ViewImage(Displayable):
    """One image as a radiologist hangs it, with what is really in it.

    Attributes
    ----------
    image_id : str
        ``<case as 6 digits>-<L|R>-<CC|MLO|ML>``, with ``+<variant>`` after it where there is one.
    row : ImageRow
        Its row of the images table.
    for_presentation, for_processing : (rows, columns) uint16
    breast_mask : (rows, columns) bool
    findings : tuple of FindingTruth
    calcifications : tuple of CalcificationTruth
        In the order of their ids.
    objects : tuple of ObjectTruth
    window_center, window_width : float
        The window to show `for_presentation` with.
    """

    image_id: str
    row: ImageRow
    for_presentation: U16
    for_processing: U16
    breast_mask: Bools
    findings: tuple[FindingTruth, ...]
    calcifications: tuple[CalcificationTruth, ...]
    objects: tuple[ObjectTruth, ...]
    window_center: float
    window_width: float

    def __post_init__(self) -> None:
        for pixels in (self.for_presentation, self.for_processing, self.breast_mask):
            pixels.flags.writeable = False  # an image is what it is; a copy may be changed

    def __repr__(self) -> str:
        rows, columns = self.for_presentation.shape
        found = f"{len(self.findings)} findings, {len(self.calcifications)} calcifications"
        return f"<ViewImage {self.image_id}: {rows} x {columns}, {found}>"

    @property
    def labels(self) -> U16:
        """(rows, columns): row number + 1 into `calcifications`, 0 for none; the later row wins."""
        out, (flat, number) = np.zeros(self.for_presentation.shape, np.uint16), self.labelled
        out.reshape(-1)[flat] = number
        return out

    @property
    def labelled(self) -> tuple[Ints, U16]:
        """What `labels` are made of: flat indices of pixels, and what is put there, one after the other."""
        each = [one.runs for one in self.calcifications]
        lengths = [int(one[:, 1].sum()) for one in each]
        flat = rle.pixels(np.concatenate([np.zeros((0, 2), np.uint32), *each]))
        return flat, np.repeat(np.arange(1, len(each) + 1, dtype=np.uint16), lengths)


def highest_class(classes: Iterable[str]) -> str:
    """The highest of some classes in the order normal < artefact < benign < suspicious; normal if there is none."""
    return max(classes, key=CLASSES.index, default="normal")


B = TypeVar("B", bound=BoxedRow)


def mirrored(image: ViewImage) -> ViewImage:
    """The image and its truth with left and right exchanged: every right breast passes here, once, as the last step."""
    columns = image.for_presentation.shape[1]
    last = columns - 1

    def turned(row: B) -> B:
        row = replace(row, box_x_px=columns - row.box_x_px - row.box_w_px)
        return replace(row, x_px=last - row.x_px) if isinstance(row, CalcificationRow | FindingRow) else row

    return replace(
        image,
        for_presentation=np.ascontiguousarray(image.for_presentation[:, ::-1]),
        for_processing=np.ascontiguousarray(image.for_processing[:, ::-1]),
        breast_mask=np.ascontiguousarray(image.breast_mask[:, ::-1]),
        findings=tuple(replace(f, row=turned(f.row), hull_px=_turned_hull(f.hull_px, last)) for f in image.findings),
        calcifications=tuple(
            CalcificationTruth(turned(c.row), mask, c.image_shape)
            for c, mask in zip(
                image.calcifications, rle.mirrored([c.runs for c in image.calcifications], columns), strict=True
            )
        ),
        objects=tuple(replace(one, row=turned(one.row)) for one in image.objects),
    )


def _turned_hull(hull_px: Points, last: int) -> Points:
    """The corners, still in order around the hull."""
    return np.stack([last - hull_px[:, 0], hull_px[:, 1]], axis=1)[::-1]
