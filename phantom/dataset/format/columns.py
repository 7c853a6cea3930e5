"""The truth tables between rows of Python values, HDF5 and CSV text."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import filterfalse
from typing import Any, TextIO, TypeVar

import numpy as np

from phantom.dataset.format.layout import is_within_case, of_case, within_case
from phantom.dataset.format.untrusted import IMAGE_ID, SPLIT_NAME
from phantom.errors import DatasetError
from phantom.tables import Row, Table, attribute, dtype_of, optional

# beside the tables: runs of masks, and the corners of findings' hulls
RUN = np.dtype([("start", "u4"), ("length", "u4")])
HULL = np.dtype([("finding", "u4"), ("x_px", "f8"), ("y_px", "f8")])

# columns of the images that only inserted ones have
INSERTED = ("bits_stored", "thickness_sd_mm", "grey_per_contrast", "grey_per_contrast_sd")

MAX_LINE = 1 << 16  # letters
BLOCK = 1 << 14  # rows

R = TypeVar("R", bound=Row)


def pack(row_type: type[R], rows: Iterable[R]) -> Table:
    """Rows as a structured array.

    Raises
    ------
    ValueError
        If some rows have an optional column and others do not, a text is too long for its
        column, or a number is not finite or does not fit.
    """
    table, listed = row_type.TABLE, list(rows)
    out = np.zeros(len(listed), dtype_of(table, _asked(listed)))
    for name in out.dtype.names or ():
        cells = [getattr(row, attribute(name)) for row in listed]
        out[name] = _fitting(f"{table}.{name}", out.dtype[name], cells)
    wrong = [name for name in set(out["image_id"].tolist()) if not IMAGE_ID.fullmatch(name)]
    if wrong:
        raise ValueError(f"{table}.image_id: {wrong[0]!r} is no image's id")
    return out


def _asked(rows: list[R]) -> list[str]:
    """The optional columns that the rows have: all of them, or none.

    Raises
    ------
    ValueError
    """
    asked = []
    for name in optional(type(rows[0])) if rows else ():
        cells = [getattr(row, name) is not None for row in rows]
        if any(cells) and not all(cells):
            raise ValueError(f"{rows[0].TABLE}.{name}: some rows have it and others do not")
        asked += [name] * any(cells)
    return asked


def _fitting(name: str, dtype: np.dtype[Any], values: list[Any]) -> list[Any]:
    """The values, once it is sure that the column can hold them as they are."""
    if dtype.kind == "U":
        wide = dtype.itemsize // 4
        wanted = f"text of at most {wide} bytes"
        # words come again and again: each is looked at once
        wrong = [v for v in values if not isinstance(v, str)] or [v for v in set(values) if len(v.encode()) > wide]
    elif dtype.kind == "f":
        wanted = "a finite number"
        wrong = list(filterfalse(math.isfinite, values))
    elif dtype.kind in "iu":
        info = np.iinfo(dtype)
        low, high = int(info.min), int(info.max)
        wanted = f"a whole number from {low} to {high}"
        wrong = [v for v in values if not low <= v <= high or int(v) != v]
    else:
        return values
    if wrong:
        raise ValueError(f"{name}: must be {wanted}, not {wrong[0]!r}")
    return values


def disk_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type a table has in HDF5: its texts as UTF-8 of fixed length, padded with zeros."""
    import h5py

    fields = []
    for name in dtype.names or ():
        kind = dtype[name]
        fields.append((name, h5py.string_dtype("utf-8", kind.itemsize // 4) if kind.kind == "U" else kind))
    return np.dtype(fields)


def to_disk(table: Table) -> Table:
    """A structured array as HDF5 stores it: nothing in it depends on the case's number, which is 0 there.

    Raises
    ------
    ValueError
        If an image's name is not one.
    """
    out = np.zeros(len(table), disk_dtype(table.dtype))
    for name in out.dtype.names or ():
        column = table[name]
        if name == "image_id":
            names = {image_id: within_case(image_id) for image_id in set(column.tolist())}
            column = np.array([names[image_id] for image_id in column.tolist()], column.dtype)
        if name == "case":
            continue
        out[name] = np.char.encode(column, "utf-8") if column.dtype.kind == "U" else column
    return out


def from_disk(table: str, stored: Table, case: int) -> Table:
    """A structured array from what HDF5 stores of a case; columns that the table does not have are left out.

    Raises
    ------
    DatasetError
        If a column is missing, of the wrong type, or a text is not UTF-8.
    """
    there = stored.dtype.names or ()
    dtype = dtype_of(table, there)
    out = np.zeros(len(stored), dtype)
    _fits(table, stored.dtype, dtype)
    for name in dtype.names or ():
        try:
            column = stored[name]
            out[name] = [cell.decode() for cell in column.tolist()] if column.dtype.kind == "S" else column
        except UnicodeDecodeError as error:
            raise DatasetError(f"the column {name} of the table {table} is not UTF-8 text") from error
    if "case" in (dtype.names or ()):
        out["case"] = case
    known = {name: of_case(case, name) for name in set(out["image_id"].tolist())}
    wrong = next((name for name in known if not is_within_case(name)), None)
    if wrong is not None:
        raise DatasetError(f"the table {table}: image_id {ascii(wrong)[:60]} is none such as L-CC")
    out["image_id"] = [known[name] for name in out["image_id"].tolist()]
    try:
        return _named(out)
    except ValueError as error:
        raise DatasetError(f"the table {table}: {error}") from error


@lru_cache(maxsize=64)  # the cases of a dataset have the same columns
def _fits(table: str, there: np.dtype[Any], dtype: np.dtype[Any]) -> None:
    """Refuses columns that are missing, of the wrong type or too wide."""
    wanted = disk_dtype(dtype)
    for name in dtype.names or ():
        if name not in (there.names or ()) or there[name].kind != wanted[name].kind or there[name].shape:
            raise DatasetError(f"the table {table} has no column {name} of the right type")
        if there[name].itemsize > wanted[name].itemsize:
            raise DatasetError(f"the column {name} of the table {table} is wider than it may be")


def _named(table: Table) -> Table:
    """The table, once every name in it that may become a path has the form such names have.

    Raises
    ------
    ValueError
    """
    for name, form in (("image_id", IMAGE_ID), ("split", SPLIT_NAME)):
        if name in (table.dtype.names or ()):
            for text in sorted(set(table[name].tolist())):
                if not form.fullmatch(text) and not (name == "split" and not text):
                    raise ValueError(f"{name} {ascii(text)[:60]} is none that phantom writes")
    return table


def to_csv(table: Table, header: bool = True) -> str:
    """A table as text: commas, one line a row, whole numbers whole, others with 6 significant digits."""
    text = io.StringIO()
    names = table.dtype.names or ()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(names)
    columns = [
        [f"{value:.6g}" for value in table[name].tolist()] if table.dtype[name].kind == "f" else table[name].tolist()
        for name in names
    ]
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue()


def _lines(file: TextIO) -> Iterator[str]:
    """The lines of a file, none of which is long."""
    while line := file.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise ValueError(f"a line of more than {MAX_LINE} letters")
        yield line


def from_csv(table: str, text: str | TextIO) -> Table:
    """A table from its text, or from a file that is open (``newline=""``), which is not read whole.

    Raises
    ------
    DatasetError
        If the text is not such a table; the message names the line.
    """
    reader = csv.reader(_lines(io.StringIO(text, newline="") if isinstance(text, str) else text))
    try:
        header = next(reader, [])
        dtype = dtype_of(table, header)
        if header != list(dtype.names or ()):
            raise DatasetError(f"{table}.csv: its first line must name the columns {', '.join(dtype.names or ())}")
        readers = [_READ[dtype[name].kind] for name in header]
        widths = [dtype[name].itemsize // 4 if dtype[name].kind == "U" else 64 for name in header]
        rows: list[tuple[Any, ...]] = []
        blocks = [np.zeros(0, dtype)]
        for cells in reader:
            if len(cells) != len(header) or any(len(cell) > wide for cell, wide in zip(cells, widths, strict=True)):
                raise ValueError("too many or too few cells, or too long a cell")
            rows.append(tuple(read(cell) for read, cell in zip(readers, cells, strict=True)))
            if len(rows) == BLOCK:  # which take less memory as an array
                blocks.append(np.array(rows, dtype))
                rows.clear()
        last = np.array(rows, dtype)
        return _named(np.concatenate([*blocks, last]) if len(blocks) > 1 else last)
    except UnicodeDecodeError as error:
        raise DatasetError(f"{table}.csv: not UTF-8 text") from error
    except (ValueError, OverflowError, csv.Error) as error:
        raise DatasetError(f"{table}.csv, line {reader.line_num}: {error}") from error


def _bool(cell: str) -> bool:
    if cell not in ("True", "False"):
        raise ValueError(f"must be True or False, not {cell!r}")
    return cell == "True"


_READ: dict[str, Any] = {"U": str, "f": float, "i": int, "u": int, "b": _bool}
