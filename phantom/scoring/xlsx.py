"""Just enough of .xlsx to exchange plain tables: a zip of XML (ECMA-376)."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TIME = (1980, 1, 1, 0, 0, 0)
LARGEST = 1 << 28


def pack(tables: Mapping[str, list[list[Any]]]) -> bytes:
    """The bytes of a workbook with these sheets; the same tables give the same bytes."""
    names = list(tables)
    sheets = "".join(f'<sheet name={quoteattr(name)} sheetId="{i}" r:id="rId{i}"/>' for i, name in enumerate(names, 1))
    links = "".join(
        f'<Relationship Id="rId{i}" Type="{_REL}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, len(names) + 1)
    )
    kinds = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for i in range(1, len(names) + 1)
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>{kinds}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>',
        **{f"xl/worksheets/sheet{i}.xml": _sheet(tables[name]) for i, name in enumerate(names, 1)},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, xml in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _TIME), _HEAD + xml, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _sheet(rows: list[list[Any]]) -> str:
    lines = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData></worksheet>'


def _cell(value: Any) -> str:
    if isinstance(value, (int, float)):
        return f"<c><v>{value!r}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def unpack(data: bytes) -> dict[str, list[list[str]]]:
    """The sheets of a workbook as rows of text.

    Raises
    ------
    ValueError
        If it is no workbook.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(part.file_size for part in archive.infolist()) > LARGEST:
                raise ValueError("the workbook is too large")
            book = _xml(archive, "xl/workbook.xml")
            links = {link.get("Id"): link.get("Target", "") for link in _xml(archive, "xl/_rels/workbook.xml.rels")}
            shared = _shared(archive)
            out = {}
            for sheet in book.iter(f"{{{_MAIN}}}sheet"):
                target = links[sheet.get(f"{{{_REL}}}id")].removeprefix("/xl/")
                out[str(sheet.get("name"))] = _read(_xml(archive, f"xl/{target}"), shared)
            return out
    except (zipfile.BadZipFile, KeyError, IndexError, ET.ParseError, RuntimeError, NotImplementedError) as why:
        raise ValueError(f"not a workbook: {why}") from why


def _xml(archive: zipfile.ZipFile, name: str) -> ET.Element:
    data = archive.read(name)
    if b"<!DOCTYPE" in data[:4096]:
        raise ValueError("the workbook defines entities")  # as it would to blow up a reader
    return ET.fromstring(data)  # noqa: S314 - no entities are left that could expand


def _shared(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    return [_text(item) for item in _xml(archive, "xl/sharedStrings.xml").iter(f"{{{_MAIN}}}si")]


def _text(item: ET.Element) -> str:
    return "".join(part.text or "" for part in item.iter(f"{{{_MAIN}}}t"))


def _read(sheet: ET.Element, shared: list[str]) -> list[list[str]]:
    rows = []
    for row in sheet.iter(f"{{{_MAIN}}}row"):
        cells: list[str] = []
        for cell in row.iter(f"{{{_MAIN}}}c"):
            column = _column(cell.get("r", ""))
            while column is not None and len(cells) < min(column, 1000):
                cells.append("")
            value = cell.find(f"{{{_MAIN}}}v")
            content = value.text or "" if value is not None else ""
            kind = cell.get("t")
            cells.append(
                _text(cell) if kind == "inlineStr" else shared[int(content)] if kind == "s" and content else content
            )
        rows.append(cells)
    return rows


def _column(reference: str) -> int | None:
    """The column of a cell such as ``C7``, from 0; None if it is not told."""
    letters = re.match(r"[A-Z]{1,3}", reference)
    if not letters:
        return None
    number = 0
    for letter in letters.group():
        number = number * 26 + ord(letter) - 64
    return number - 1
