"""Which mammograms there are: files, folders or a table of them, grouped by woman."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from phantom.errors import Unreadable, UsageError
from phantom.insert import read_dicom, read_image
from phantom.insert.picture import Picture, chest_wall_left
from phantom.insert.read_dicom import VIEWS
from phantom.insert.segment import segment

_DICOM_SUFFIXES = (".dcm", ".dicom", ".ima", "")
_OTHER_IMAGES = (".jpg", ".jpeg", ".jp2", ".bmp", ".gif", ".webp")  # with colour, losses or eight bits at the best
_USUAL_CM2 = 25.0, 450.0  # what breasts cover in views of one (estimate): beyond it the spacing is likely to be wrong
_COLUMNS = ("file", "spacing_mm", "view", "laterality", "thickness_mm", "woman")


@dataclass(frozen=True)
class Source:
    """One file, and what the user says of it.

    Attributes
    ----------
    path : str
    spacing_mm, thickness_mm : float or None
    view, laterality : str or None
    woman : str
        What pairs it with others; empty: the header or the file's name.
    """

    path: str
    spacing_mm: float | None = None
    view: str | None = None
    laterality: str | None = None
    thickness_mm: float | None = None
    woman: str = ""

    def read(self) -> tuple[Picture, str]:
        """The picture, hung with the chest wall at the left, and the key of its woman.

        Raises
        ------
        Unreadable
            If it cannot be used; the message says why.
        """
        path = Path(self.path)
        if path.suffix.lower() in _OTHER_IMAGES:
            raise Unreadable(f"a {path.suffix.lower()} image: only DICOM, PNG and TIFF can be used")
        reader = read_image if path.suffix.lower() in read_image.SUFFIXES else read_dicom
        picture, woman = reader.read(path, self.spacing_mm, self.view, self.laterality)
        if not chest_wall_left(picture):
            picture = replace(picture, pixels=np.ascontiguousarray(picture.pixels[:, ::-1]), mirrored=True)
        if self.thickness_mm is not None:
            picture = replace(picture, header=replace(picture.header, thickness_mm=self.thickness_mm))
        key = f"{path.parent}|{woman or path.stem}" if reader is read_image else woman
        return picture, self.woman or key

    def header(self) -> dict[str, Any]:
        """All that the file's header says, in DICOM's JSON; empty of PNG and TIFF."""
        path = Path(self.path)
        return {} if path.suffix.lower() in read_image.SUFFIXES else read_dicom.header_of(path)


def sources(
    normals: Sequence[str | Path],
    spacing_mm: float | None = None,
    view: str | None = None,
    laterality: str | None = None,
) -> list[Source]:
    """The files that are named: themselves, all of a folder, or those of a CSV.

    Raises
    ------
    UsageError
        If one is not there, a table cannot be read, or there is nothing.
    """
    found: list[Source] = []
    for given in normals:
        path = Path(given)
        if path.suffix.lower() == ".csv" and (path.is_file() or not path.exists()):
            found += _table(path, Source("", spacing_mm, view, laterality))
        elif path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith(".") and _may_be_one(p))
            found += [Source(str(p), spacing_mm, view, laterality) for p in files]
        elif path.is_file():
            found.append(Source(str(path), spacing_mm, view, laterality))
        else:
            what = "is neither a file nor a folder" if path.exists() else "there is no such file or folder"
            raise UsageError(f"{path}: {what}")
    if not found:
        raise UsageError(f"{', '.join(map(str, normals))}: no DICOM, PNG or TIFF file is there")
    unique = {str(Path(source.path).resolve()): source for source in found}
    return list(unique.values())


def _may_be_one(path: Path) -> bool:
    """Whether a file in a folder is worth opening."""
    suffix = path.suffix.lower()
    if suffix in read_image.SUFFIXES or suffix in _DICOM_SUFFIXES[:-1]:
        return True
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def _table(path: Path, default: Source) -> list[Source]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            names = list(reader.fieldnames or [])
            unknown = [name for name in names if name not in _COLUMNS]
            if "file" not in names or unknown:
                raise UsageError(f"{path}: its columns must be file and any of {', '.join(_COLUMNS[1:])}")
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as why:
        reason = getattr(why, "strerror", None) or why
        raise UsageError(f"{path}: cannot be read: {reason}") from None
    return [_row(path, number, row, default) for number, row in enumerate(rows, start=2)]


def _row(table: Path, number: int, row: dict[str, str | None], default: Source) -> Source:
    where = f"{table}, line {number}"
    cells = {name: (row.get(name) or "").strip() for name in _COLUMNS}
    if not cells["file"]:
        raise UsageError(f"{where}: names no file")
    numbers: dict[str, float | None] = {"spacing_mm": default.spacing_mm, "thickness_mm": None}
    for name, (low, high) in {"spacing_mm": (0.02, 1.0), "thickness_mm": (10.0, 150.0)}.items():
        if cells[name]:
            try:
                value = float(cells[name])
            except ValueError:
                value = -1.0
            if not low <= value <= high:
                raise UsageError(f"{where}: {name} = {cells[name]}: must lie within {low:g} and {high:g} mm")
            numbers[name] = value
    view, side = cells["view"].upper() or default.view, cells["laterality"].upper() or default.laterality
    if view is not None and view not in VIEWS:
        raise UsageError(f"{where}: view = {view}: must be CC, MLO or ML")
    if side is not None and side not in ("L", "R"):
        raise UsageError(f"{where}: laterality = {side}: must be L or R")
    file = Path(cells["file"])
    file = file if file.is_absolute() else table.parent / file
    if not file.is_file():
        raise UsageError(f"{where}: there is no file {file}")
    return Source(str(file), numbers["spacing_mm"], view, side, numbers["thickness_mm"], cells["woman"])


@dataclass(frozen=True)
class Woman:
    """The images of one woman that were taken together, at most one of each side and view.

    Attributes
    ----------
    sources : tuple of Source
    names : tuple of (str, str)
        Side and view of each.
    digest : str
        Checksum of her pictures: it names nobody.
    """

    sources: tuple[Source, ...]
    names: tuple[tuple[str, str], ...]
    digest: str = ""


@dataclass(frozen=True)
class Grouped:
    """The women there are, and the files that cannot be used, each with the reason."""

    women: tuple[Woman, ...]
    refused: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]


def grouped(found: Sequence[Source]) -> Grouped:
    """Every file looked at once, and put with the others of its woman, in the order in which they are named."""
    women: dict[tuple[str, bool, int], dict[tuple[str, str], tuple[Source, str]]] = {}
    refused: list[tuple[str, str]] = []
    notes: list[str] = []
    seen: dict[str, str] = {}
    for source in found:
        try:
            picture, key = source.read()
            area = segment(picture).area_cm2  # one without a breast is left out now, not halfway through the run
        except Unreadable as why:
            refused.append((source.path, str(why)))
            continue
        digest = digest_of(picture)
        if digest in seen:
            refused.append((source.path, f"the same pixels as {seen[digest]}"))
            continue
        seen[digest] = source.path
        notes += warnings_of(source, picture, area)
        name, copy = (picture.laterality, picture.view), 0
        key = key or digest
        # a repeated view is a case of its own, and so are pictures for processing beside those for presentation
        while name in women.setdefault((key, picture.linear, copy), {}):
            copy += 1
        women[key, picture.linear, copy][name] = source, digest
    groups = []
    for of in women.values():
        files, digests = zip(*of.values(), strict=True)
        groups.append(Woman(tuple(files), tuple(of), woman_digest(digests)))
    return Grouped(tuple(groups), tuple(refused), tuple(notes))


def warnings_of(source: Source, picture: Picture, area_cm2: float) -> list[str]:
    """What a user is to know of a picture that can be used, and whose breast covers so much."""
    notes = []
    if picture.header.burned_in:
        notes.append(f"{source.path}: the header says that there is burned-in text; it stays in the image")
    if not _USUAL_CM2[0] <= area_cm2 <= _USUAL_CM2[1]:
        notes.append(
            f"{source.path}: the breast covers {area_cm2:.0f} cm2 with pixels of {picture.spacing_mm:g} mm: "
            "is the spacing right?"
        )
    return notes


def digest_of(picture: Picture) -> str:
    """Checksum of a picture's pixels."""
    return hashlib.sha256(np.ascontiguousarray(picture.pixels).tobytes()).hexdigest()


def woman_digest(digests: Sequence[str]) -> str:
    """Checksum of some pictures, in whatever order; 16 hexadecimal digits."""
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()[:16]
