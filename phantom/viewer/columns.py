"""The page's index: the tables of images and findings, column by column, as small as JSON lets them be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

# what the page shows of an image and of a finding, where the dataset has it
IMAGE_COLUMNS = (
    "image_id", "case", "woman_id", "source", "modality", "variant", "twin", "years_before", "magnification",
    "patch", "laterality", "view",
    "rows", "columns", "pixel_spacing_mm", "detector", "converter", "thickness_mm", "density", "birads_density", "age",
    "angle_deg", "target_filter", "tube_kv", "mas", "mgd_mgy", "class", "n_findings", "n_calcifications", "calcium_mg",
    "split", "sweep", "sweep_value",
)  # fmt: skip
FINDING_COLUMNS = (
    "finding_id", "kind", "cause", "descriptor", "distribution", "category", "class", "pathology", "n_calcifications",
    "n_visible", "x_px", "y_px", "box_x_px", "box_y_px", "box_w_px", "box_h_px", "extent_mm", "calcium_mg", "dprime",
)  # fmt: skip
GRAIN_COLUMNS = (
    "finding_id", "calcification_id", "kind", "material", "x_px", "y_px", "z_mm", "box_x_px", "box_y_px", "box_w_px",
    "box_h_px", "diameter_mm", "extent_mm", "thickness_mm", "mass_mg", "contrast", "sdnr", "dprime",
    "dprime_structured", "visible",
)  # fmt: skip
# where the breast lies in an image: what is shown when all of it is to be seen
BREAST_BOX = ("breast_x_px", "breast_y_px", "breast_w_px", "breast_h_px")


def coded(values: Sequence[str]) -> dict[str, Any]:
    """Texts as numbers into the list of different ones, in the order they come."""
    words: dict[str, int] = {}
    codes = [words.setdefault(value, len(words)) for value in values]
    return {"words": list(words), "codes": codes}


def plain(value: Any) -> Any:
    """A cell for JSON: Python's own types, numbers to seven digits, null for what is not a number."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return float(f"{value:.7g}") if math.isfinite(value) else None
    return value


class Table:
    """Rows that come one by one and go out as columns; columns that no row has are left out."""

    def __init__(self, names: Sequence[str]) -> None:
        self._cells: dict[str, list[Any]] = {name: [] for name in names}
        self._there: set[str] = set()
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def add(self, row: Mapping[str, Any], **more: Any) -> None:
        """One more row: what it has of the table's columns, and `more`."""
        whole = {**row, **more}
        self._there |= whole.keys() & self._cells.keys()
        for name, cells in self._cells.items():
            cells.append(plain(whole.get(name)))
        self._rows += 1

    def cells(self, name: str) -> list[Any]:
        """One column."""
        return self._cells[name]

    def packed(self) -> dict[str, Any]:
        """``{"length": rows, "columns": {name: cells}}``, texts as `coded`."""
        columns: dict[str, Any] = {}
        for name, cells in self._cells.items():
            if name in self._there:
                texts = any(isinstance(cell, str) for cell in cells)
                columns[name] = coded(["" if cell is None else str(cell) for cell in cells]) if texts else cells
        return {"length": self._rows, "columns": columns}
