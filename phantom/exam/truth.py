"""What is really there, as plain data: each calcification, finding and object of one image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phantom.arrays import Bools, Points, Runs
from phantom.tables import CalcificationRow, FindingRow, ObjectRow


@dataclass(frozen=True, eq=False)
class CalcificationTruth:
    """One calcification in one image.

    Attributes
    ----------
    row : CalcificationRow
        Its row of the calcifications table; `run_offset` is known once the case is written.
    runs : (n, 2) uint32
        Its mask as (start, length) in row-major order of the image.
    image_shape : (int, int)
    """

    row: CalcificationRow
    runs: Runs
    image_shape: tuple[int, int]

    def __repr__(self) -> str:
        (x, y), row = self.center_px, self.row
        size = f"{self.diameter_mm:.2f} mm, d' {self.dprime_structured:.1f}"
        return f"<{row.kind} {row.calcification_id} at ({x:.1f}, {y:.1f}): {size}>"

    @property
    def mask(self) -> Bools:
        """(rows, columns) bool."""
        out = np.zeros(self.image_shape, bool)
        flat = out.reshape(-1)
        for start, length in self.runs:
            flat[start : start + length] = True
        return out

    @property
    def kind(self) -> str:
        """Its kind."""
        return self.row.kind

    @property
    def box(self) -> tuple[int, int, int, int]:
        """First column, first row, columns and rows of its mask."""
        return _box(self.row)

    @property
    def center_px(self) -> tuple[float, float]:
        """x (column) and y (row) of the centre of mass of its path."""
        return self.row.x_px, self.row.y_px

    @property
    def diameter_mm(self) -> float:
        """Its largest width in the view, from half density to half density."""
        return self.row.diameter_mm

    @property
    def dprime(self) -> float:
        """Detectability index of the ideal observer, the background known."""
        return self.row.dprime

    @property
    def dprime_structured(self) -> float:
        """The same in the tissue around it, which is noise too."""
        return self.row.dprime_structured


@dataclass(frozen=True, eq=False)
class FindingTruth:
    """One finding in one image: its row of the findings table and its convex hull (n, 2) x, y in pixels."""

    row: FindingRow
    hull_px: Points

    def __repr__(self) -> str:
        row = self.row
        held = f"{row.n_calcifications} calcifications, {row.extent_mm:.1f} mm"
        return f"<{row.kind} {row.finding_id}: {row.class_}, {held}>"

    @property
    def kind(self) -> str:
        """Its kind."""
        return self.row.kind

    @property
    def box(self) -> tuple[int, int, int, int]:
        """First column, first row, columns and rows of its calcifications."""
        return _box(self.row)


@dataclass(frozen=True, eq=False)
class ObjectTruth:
    """A body that a finding lies in, in one image: its row of the objects table."""

    row: ObjectRow

    def __repr__(self) -> str:
        return f"<{self.row.kind} {self.row.object_id}: {self.row.size_mm:.1f} mm>"

    @property
    def kind(self) -> str:
        """Its kind."""
        return self.row.kind

    @property
    def box(self) -> tuple[int, int, int, int]:
        """First column, first row, columns and rows of it."""
        return _box(self.row)


def _box(row: CalcificationRow | FindingRow | ObjectRow) -> tuple[int, int, int, int]:
    return row.box_x_px, row.box_y_px, row.box_w_px, row.box_h_px
