"""The truth tables: a row of each as a frozen class, whose fields are the columns of CSV, HDF5 and docs alike.

x is the column and y the row of a pixel's centre (whole numbers at centres); boxes start at
the first column and row and span width x height pixels. Rows are sorted by image, then id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeVar, get_type_hints

import numpy as np

Table = np.ndarray[Any, Any]
"""Records of one of the tables: a structured array."""
Cell = str | int | float | bool
WOMAN_DIGITS = 12
"""The first digits of a `woman_id` tell the random numbers that grew her, the other four the anatomy asked for."""


class Column(NamedTuple):
    """A column's NumPy type and what it means."""

    dtype: str
    meaning: str


Columns = dict[str, Column]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of one of the tables. The field `class_` is the column ``class``, a word that Python keeps for itself."""

    TABLE: ClassVar[str]

    def as_dict(self) -> dict[str, Cell]:
        """Column by column, in the table's order, without optional columns that the row does not have."""
        cells = {name: getattr(self, attribute(name)) for name in (*columns(type(self)), *optional(type(self)))}
        return {name: cell for name, cell in cells.items() if cell is not None}


@dataclass(frozen=True, kw_only=True)
class BoxedRow(Row):
    """A row of something that has a box in the image."""

    box_x_px: int
    box_y_px: int
    box_w_px: int
    box_h_px: int

    @property
    def box_px(self) -> tuple[int, int, int, int]:
        """First column, first row, columns and rows."""
        return self.box_x_px, self.box_y_px, self.box_w_px, self.box_h_px


@dataclass(frozen=True, kw_only=True)
class ImageRow(Row):
    """An image."""

    TABLE: ClassVar[str] = "images"
    image_id: Annotated[str, Column("U48", "case-side-view, with +variant after it where there is one")]
    case: Annotated[int, Column("u4", "index of the case; inside a case file, which has no number, 0")]
    woman_id: Annotated[
        str, Column("U16", "what grew her breasts, as a hash: equal where they are equal, in whatever dataset")
    ]
    source: Annotated[str, Column("U8", "grown, or inserted into a real picture")]
    modality: Annotated[str, Column("U4", "MG")]
    variant: Annotated[str, Column("U32", "what is special about this image: empty for the plain view")]
    twin: Annotated[
        str, Column("U8", "empty, or which grains are left out: clean (all) or benign (the suspicious ones)")
    ]
    years_before: Annotated[int, Column("u4", "years before the latest examination")]
    magnification: Annotated[float, Column("f8", "1, or how much larger the breast is on the detector")]
    patch: Annotated[bool, Column("?", "whether it is a window cut from a view")]
    laterality: Annotated[Literal["L", "R"], Column("U1", "L or R")]
    view: Annotated[Literal["CC", "MLO", "ML"], Column("U3", "CC, MLO or ML")]
    rows: Annotated[int, Column("u4", "pixels")]
    columns: Annotated[int, Column("u4", "pixels")]
    pixel_spacing_mm: Annotated[float, Column("f8", "side of a pixel at the breast")]
    detector: Annotated[str, Column("U32", "name of the detector")]
    converter: Annotated[str, Column("U8", "what turns X-rays into charge or light: a-Se or CsI")]
    thickness_mm: Annotated[float, Column("f8", "compressed thickness")]
    density: Annotated[float, Column("f8", "volume of fibroglandular tissue over volume inside the skin")]
    birads_density: Annotated[str, Column("U1", "a, b, c or d")]
    age: Annotated[float, Column("f8", "years")]
    angle_deg: Annotated[float, Column("f8", "positioner angle: CC 0, MLO 30-60, ML 90")]
    target_filter: Annotated[str, Column("U8", "target and filter, such as W/Rh")]
    tube_kv: Annotated[float, Column("f8", "kV")]
    mas: Annotated[float, Column("f8", "tube current times time")]
    entrance_kerma_mgy: Annotated[float, Column("f8", "incident air kerma at the top of the breast")]
    detector_kerma_ugy: Annotated[float, Column("f8", "air kerma at the detector behind the breast's mean")]
    mgd_mgy: Annotated[float, Column("f8", "mean glandular dose")]
    calcium_mg: Annotated[float, Column("f8", "calcium in all calcifications in this image")]
    class_: Annotated[str, Column("U10", "the highest class of its findings: normal < artefact < benign < suspicious")]
    n_findings: Annotated[int, Column("u4", "findings in this image")]
    n_calcifications: Annotated[int, Column("u4", "calcifications in this image")]
    # only where a run asked for them
    sweep: Annotated[str | None, Column("U64", "the recipe's key that was changed for this image")] = None
    sweep_value: Annotated[str | None, Column("U32", "the value it was given")] = None
    split: Annotated[str | None, Column("U16", "the part of the split the case belongs to")] = None
    bits_stored: Annotated[int | None, Column("u1", "of the real picture")] = None
    thickness_sd_mm: Annotated[
        float | None, Column("f8", "uncertainty of its thickness; 0 where its header gives it")
    ] = None
    grey_per_contrast: Annotated[
        float | None, Column("f8", "its grey values per unit of the logarithm of the exposure; 0 for processing")
    ] = None
    grey_per_contrast_sd: Annotated[float | None, Column("f8", "uncertainty of that estimate")] = None

    @property
    def largest(self) -> int:
        """The largest value that a pixel for presentation can have: of 12 bits, or of a real picture's own."""
        is_as_displayed = bool(self.bits_stored) and bool(self.grey_per_contrast)
        return (1 << min(int(self.bits_stored or 0), 16)) - 1 if is_as_displayed else 4095


@dataclass(frozen=True, kw_only=True)
class FindingRow(BoxedRow):
    """A finding in one image."""

    TABLE: ClassVar[str] = "findings"
    image_id: Annotated[str, Column("U48", "the image")]
    finding_id: Annotated[int, Column("u4", "unique within a case, the same in all its views")]
    kind: Annotated[str, Column("U32", "as `phantom kinds` lists it")]
    cause: Annotated[str, Column("U48", "the cause in the words of the patient page")]
    descriptor: Annotated[str, Column("U32", "BI-RADS descriptor")]
    distribution: Annotated[str, Column("U10", "BI-RADS distribution")]
    category: Annotated[str, Column("U2", "BI-RADS assessment category")]
    class_: Annotated[str, Column("U10", "artefact, benign or suspicious, from the category")]
    pathology: Annotated[str, Column("U9", "benign, malignant or none, sampled with the descriptor's predictive value")]
    n_calcifications: Annotated[int, Column("u4", "calcifications of it in this image")]
    x_px: Annotated[float, Column("f8", "centre of its box")]
    y_px: Annotated[float, Column("f8", "centre of its box")]
    box_x_px: Annotated[int, Column("i4", "first column")]
    box_y_px: Annotated[int, Column("i4", "first row")]
    box_w_px: Annotated[int, Column("i4", "columns")]
    box_h_px: Annotated[int, Column("i4", "rows")]
    extent_mm: Annotated[float, Column("f8", "largest distance between two points of its convex hull")]
    hull_area_mm2: Annotated[float, Column("f8", "area of its convex hull")]
    calcium_mg: Annotated[float, Column("f8", "calcium in its calcifications in this image")]
    length_mm: Annotated[
        float, Column("f8", "of vascular findings: calcified length of the arteries in three dimensions; 0 for others")
    ]
    calcified_share: Annotated[
        float, Column("f8", "of vascular findings: share of the arteries' wall that plates cover; 0 for others")
    ]
    dprime: Annotated[float, Column("f8", "structured detectability of all its calcifications together")]
    n_visible: Annotated[int, Column("u4", "calcifications of it that are visible in this image")]


@dataclass(frozen=True, kw_only=True)
class CalcificationRow(BoxedRow):
    """A calcification in one image."""

    TABLE: ClassVar[str] = "calcifications"
    image_id: Annotated[str, Column("U48", "the image")]
    finding_id: Annotated[int, Column("u4", "the finding it belongs to")]
    calcification_id: Annotated[int, Column("u4", "unique within a case, the same in all its views")]
    kind: Annotated[str, Column("U32", "the kind that made it")]
    material: Annotated[str, Column("U32", "what it is made of")]
    x_px: Annotated[float, Column("f8", "centre of mass of its path")]
    y_px: Annotated[float, Column("f8", "centre of mass of its path")]
    z_mm: Annotated[float, Column("f8", "height above the breast support")]
    box_x_px: Annotated[int, Column("i4", "first column of its mask")]
    box_y_px: Annotated[int, Column("i4", "first row of its mask")]
    box_w_px: Annotated[int, Column("i4", "columns of its mask")]
    box_h_px: Annotated[int, Column("i4", "rows of its mask")]
    area_mm2: Annotated[float, Column("f8", "projected area of the solid")]
    diameter_mm: Annotated[
        float, Column("f8", "its largest width in the view, from half density to half density: what a reader measures")
    ]
    extent_mm: Annotated[float, Column("f8", "largest projected extent of the solid, a fading edge included")]
    thickness_mm: Annotated[float, Column("f8", "largest path length in it")]
    mass_mg: Annotated[float, Column("f8", "calcium, the element, in what the image holds of it")]
    contrast: Annotated[float, Column("f8", "peak over pixels of (S0 - S1)/S0 of the noiseless primary before blur")]
    sdnr: Annotated[
        float, Column("f8", "mean signal difference over its mask, after blur, over the noise of one pixel")
    ]
    dprime: Annotated[float, Column("f8", "detectability index of the ideal observer, signal and background known")]
    dprime_structured: Annotated[
        float, Column("f8", "the same of the best linear observer, to whom the tissue around it is noise too")
    ]
    visible: Annotated[bool, Column("?", "dprime_structured of at least 4")]
    run_offset: Annotated[int, Column("u4", "first of its runs in the case's table of runs")] = 0
    run_count: Annotated[int, Column("u4", "how many runs its mask has")] = 0


@dataclass(frozen=True, kw_only=True)
class ObjectRow(BoxedRow):
    """A body that a finding lies in, in one image."""

    TABLE: ClassVar[str] = "objects"
    image_id: Annotated[str, Column("U48", "the image")]
    object_id: Annotated[int, Column("u4", "unique within a case, the same in all its views")]
    finding_id: Annotated[int, Column("u4", "the finding it belongs to")]
    kind: Annotated[str, Column("U16", "cyst, fibroadenoma, oil_cyst, scar, dilated_duct or surgical_bed")]
    x_mm: Annotated[float, Column("f8", "centre in the breast's frame")]
    y_mm: Annotated[float, Column("f8", "centre in the breast's frame")]
    z_mm: Annotated[float, Column("f8", "centre in the breast's frame")]
    size_mm: Annotated[float, Column("f8", "largest diameter")]
    box_x_px: Annotated[int, Column("i4", "first column")]
    box_y_px: Annotated[int, Column("i4", "first row")]
    box_w_px: Annotated[int, Column("i4", "columns")]
    box_h_px: Annotated[int, Column("i4", "rows")]


R = TypeVar("R", bound=Row)
ROWS: dict[str, type[Row]] = {row.TABLE: row for row in (ImageRow, FindingRow, CalcificationRow, ObjectRow)}


def attribute(column: str) -> str:
    """The field of a row that holds a column."""
    return "class_" if column == "class" else column


def _described(row: type[Row]) -> tuple[Columns, Columns]:
    """The columns it always has, and those it has only where a run asked for them: their default is None."""
    hints, defaults = get_type_hints(row, include_extras=True), {field.name: field.default for field in fields(row)}
    always: Columns = {}
    asked: Columns = {}
    for name in row.__annotations__:  # in the table's order, which a base class must not change
        if name in defaults:
            (asked if defaults[name] is None else always)[name.rstrip("_")] = hints[name].__metadata__[0]
    return always, asked


_DESCRIBED = {row: _described(row) for row in ROWS.values()}


def columns(row: type[Row]) -> Columns:
    """The columns that the table of such rows always has, by name, in their order."""
    return _DESCRIBED[row][0]


def optional(row: type[Row]) -> Columns:
    """The columns that it has only where a run asked for them; they come last."""
    return _DESCRIBED[row][1]


TABLES: dict[str, Columns] = {name: columns(row) for name, row in ROWS.items()}
IMAGES, FINDINGS, CALCIFICATIONS, OBJECTS = TABLES.values()


def dtype_of(table: str, asked: Iterable[str] = ()) -> np.dtype[Any]:
    """The NumPy structured type of one of the tables, with those of its optional columns that are asked for."""
    wanted = set(asked)
    more = {name: column for name, column in optional(ROWS[table]).items() if name in wanted}
    return np.dtype([(name, column.dtype) for name, column in {**TABLES[table], **more}.items()])


def rows_of(row: type[R], table: Table) -> list[R]:
    """A structured array as rows of plain Python values."""
    names = [attribute(name) for name in table.dtype.names or ()]
    return [row(**dict(zip(names, cells, strict=True))) for cells in table.tolist()]
