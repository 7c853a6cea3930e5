"""RJafroc's tables: Truth, TP and FP, as an .xlsx file or a folder of CSV files.

The layout is that of RJafroc's ``DfReadDataFile`` (Chakraborty & Zhai, R package RJafroc):
Truth has CaseID, LesionID (0 for a case without lesions), Weight, ReaderID, ModalityID,
Paradigm; TP has ReaderID, ModalityID, CaseID, LesionID, TP_Rating; FP has ReaderID, ModalityID,
CaseID, FP_Rating. A case of RJafroc's is an image here. Lesions and cases without marks have no row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from phantom.dataset.format.files import put
from phantom.errors import UsageError
from phantom.scoring import xlsx
from phantom.scoring.ratings import MISSED, Ratings

Reader = tuple[str, str]
Sheet = list[list[Any]]

TRUTH = ["CaseID", "LesionID", "Weight", "ReaderID", "ModalityID", "Paradigm"]
TP = ["ReaderID", "ModalityID", "CaseID", "LesionID", "TP_Rating"]
FP = ["ReaderID", "ModalityID", "CaseID", "FP_Rating"]


def sheets(found: Mapping[Reader, Ratings]) -> dict[str, Sheet]:
    """The three tables; all readers must have seen the same lesions. Images are numbered from 1.

    Images whose lesions do not count are left out: RJafroc knows only cases with and without.
    """
    first = next(iter(found.values()))
    readers = ",".join(sorted({reader for reader, _ in found}))
    modalities = ",".join(sorted({modality for _, modality in found}))
    truth: Sheet = [TRUTH]
    lesion_id = _numbers(first)
    per_image = np.bincount(first.lesion_image, minlength=first.images)
    for image in np.flatnonzero(~first.undecided):
        for lesion in range(1, int(per_image[image]) + 1) if per_image[image] else [0]:
            weight = 1.0 / per_image[image] if per_image[image] else 0.0
            truth.append([int(image) + 1, lesion, float(weight), readers, modalities, "FROC"])
    tp: Sheet = [TP]
    fp: Sheet = [FP]
    for (reader, modality), ratings in found.items():
        if not np.array_equal(ratings.lesion_image, first.lesion_image):
            raise UsageError("readers of different lesions cannot share a table")
        for image, number, rating in zip(ratings.lesion_image, lesion_id, ratings.lesion_rating, strict=True):
            if np.isfinite(rating):
                tp.append([reader, modality, int(image) + 1, int(number), float(rating)])
        for image, rating in zip(ratings.fp_image, ratings.fp_rating, strict=True):
            if not first.undecided[image]:
                fp.append([reader, modality, int(image) + 1, float(rating)])
    return {"Truth": truth, "TP": tp, "FP": fp}


def _numbers(ratings: Ratings) -> Any:
    """(lesions,): each lesion's number within its image, from 1."""
    starts = np.searchsorted(ratings.lesion_image, ratings.lesion_image, side="left")
    return np.arange(ratings.lesions) - starts + 1


def write(path: Path, found: Mapping[Reader, Ratings]) -> None:
    """Write the tables of readers (reader, modality) to an .xlsx file or a folder of CSV files.

    Raises
    ------
    PhantomError
        If the place cannot be written.
    """
    tables = sheets(found)
    if path.suffix.lower() == ".xlsx":
        put(path, xlsx.pack(tables))
        return
    for name, rows in tables.items():
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        put(path / f"{name}.csv", out.getvalue().encode())


def read(path: Path) -> dict[Reader, Ratings]:
    """The ratings of every reader and modality in RJafroc's tables.

    Raises
    ------
    UsageError
        If the file or folder is not that.
    """
    tables = _tables(path)
    truth = _rows(path, "Truth", tables, TRUTH[:2])
    cases = list(dict.fromkeys(row["CaseID"] for row in truth))
    index = {case: i for i, case in enumerate(cases)}
    lesions = sorted(
        {(index[row["CaseID"]], _whole(path, row["LesionID"])) for row in truth if _whole(path, row["LesionID"]) > 0}
    )
    tp, fp = _rows(path, "TP", tables, TP), _rows(path, "FP", tables, FP)
    names = dict.fromkeys((row["ReaderID"], row["ModalityID"]) for row in [*tp, *fp])
    if not names:
        names = {(row.get("ReaderID", "1"), row.get("ModalityID", "1")): None for row in truth[:1]}
    return {name: _ratings(path, name, index, lesions, tp, fp) for name in names}


def _ratings(
    path: Path,
    name: Reader,
    index: dict[str, int],
    lesions: list[tuple[int, int]],
    tp: list[dict[str, str]],
    fp: list[dict[str, str]],
) -> Ratings:
    lesion_rows = [row for row in tp if (row["ReaderID"], row["ModalityID"]) == name]
    false = [row for row in fp if (row["ReaderID"], row["ModalityID"]) == name]
    for row in [*lesion_rows, *false]:
        if row["CaseID"] not in index:
            raise UsageError(f"{path}: case {row['CaseID']} has marks and no truth")
    best = dict.fromkeys(lesions, MISSED)
    for row in lesion_rows:
        key = index[row["CaseID"]], _whole(path, row["LesionID"])
        if key not in best:
            raise UsageError(f"{path}: lesion {row['LesionID']} of case {row['CaseID']} is rated and not in Truth")
        best[key] = max(best[key], _number(path, row["TP_Rating"]))
    image = np.array([i for i, _ in lesions], np.int64)
    n = len(index)
    return Ratings(
        np.array(list(index), dtype=str), np.arange(n), np.full(n, np.nan), np.isin(np.arange(n), image), np.zeros(n,
        bool), image,
        np.array(list(best.values()), float), np.array([index[row["CaseID"]] for row in false], np.int64),
        np.array([_number(path, row["FP_Rating"]) for row in false], float),
    )  # fmt: skip


def _tables(path: Path) -> dict[str, list[list[str]]]:
    try:
        if path.is_dir():
            texts = {file.stem: file.read_text("utf-8-sig") for file in sorted(path.glob("*.csv"))}
            return {name: list(csv.reader(io.StringIO(text))) for name, text in texts.items()}
        return xlsx.unpack(path.read_bytes())
    except (OSError, ValueError, csv.Error) as why:
        raise UsageError(f"{path}: not RJafroc's tables: {why}") from why


def _rows(path: Path, name: str, tables: dict[str, list[list[str]]], needed: list[str]) -> list[dict[str, str]]:
    found = {key.upper(): value for key, value in tables.items()}.get(name.upper())
    if not found:
        raise UsageError(f"{path}: no table '{name}'")
    head = [cell.strip() for cell in found[0]]
    missing = [column for column in needed if column not in head]
    if missing:
        raise UsageError(f"{path}: table '{name}' has no column {', '.join(missing)}")
    return [dict(zip(head, row, strict=False)) for row in found[1:] if any(row)]


def _number(path: Path, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise UsageError(f"{path}: a rating must be a number, not {value[:40]!r}")
    return number


def _whole(path: Path, value: str) -> int:
    return int(_number(path, value))
