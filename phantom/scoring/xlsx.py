"""Plain tables as workbooks (.xlsx), through openpyxl."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Mapping
from typing import Any

from phantom.errors import PhantomError, install

LARGEST = 1 << 28  # bytes of a workbook unpacked: more is no table of ratings


def pack(tables: Mapping[str, list[list[Any]]]) -> bytes:
    """The bytes of a workbook with these sheets.

    Raises
    ------
    PhantomError
        If openpyxl is not installed.
    """
    openpyxl = _openpyxl()
    book = openpyxl.Workbook(write_only=True)
    for name, rows in tables.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def unpack(data: bytes) -> dict[str, list[list[str]]]:
    """The sheets of a workbook as rows of text.

    Raises
    ------
    PhantomError
        If openpyxl is not installed.
    ValueError
        If it is no workbook, or one that unpacks to more than `LARGEST`.
    """
    openpyxl = _openpyxl()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(part.file_size for part in archive.infolist()) > LARGEST:
                raise ValueError("the workbook is too large")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that a table of numbers does not need
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        return {sheet.title: [_texts(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets}
    except ValueError:
        raise
    except Exception as why:  # openpyxl meets what is malformed with errors of many kinds
        raise ValueError(f"not a workbook: {why}") from why


def _texts(row: Any) -> list[str]:
    return ["" if cell is None else str(cell) for cell in row]


def _openpyxl() -> Any:
    try:
        import openpyxl
    except ImportError as why:
        raise PhantomError(f"workbooks need openpyxl: {install('score')}; or name a folder") from why
    return openpyxl
