"""The end of a run: tables, contact sheet and manifest, made from the case files alone."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Self

from phantom.dataset.format.case_reader import Cases
from phantom.dataset.format.case_tables import header, read_case_tables
from phantom.dataset.format.contact_sheet import contact_sheet
from phantom.dataset.format.count import Count
from phantom.dataset.format.files import aside, sha256, sha256_of, sync_folder, unwritable
from phantom.dataset.format.files import replace as replace_file
from phantom.dataset.format.layout import CASES, LOCK, MANIFEST, SHEET, TABLE_FILES, UNFINISHED, case_name, is_scaffold
from phantom.dataset.format.manifest import Manifest
from phantom.dataset.format.untrusted import open_plain


def finish(folder: Path, manifest: Manifest, digests: Mapping[int, str]) -> tuple[Manifest, Count]:
    """Write tables, contact sheet and manifest of a folder whose cases are all there, and tidy up.

    Parameters
    ----------
    manifest : Manifest
        What the dataset is; its `files` and `dropped` are found here.
    digests : mapping of int to str
        SHA-256 of every case's file.

    Returns
    -------
    The manifest as written, and what was counted on the way. Files that are right already are left alone.

    Raises
    ------
    DatasetError
        If a case is missing or damaged.
    Unwritable
        If the folder cannot be written.
    """
    count = Count()
    dropped = {}
    tables = {name: _Growing(folder / file) for name, file in TABLE_FILES.items()}
    with contextlib.ExitStack() as stack:
        for name, table in tables.items():
            stack.enter_context(table)
            table.add(header(name, manifest))
        for case in range(manifest.cases):
            tables_of_case = read_case_tables(folder, case, manifest)
            count.add(tables_of_case.tables)
            if tables_of_case.dropped:
                dropped[f"{case:06d}"] = tables_of_case.dropped
            for name, text in tables_of_case.texts().items():
                tables[name].add(text)
        sheet = _sheet(folder, manifest.cases)
        files = {table.path.name: table.put() for table in tables.values()}
    files |= {case_name(case): digests[case] for case in range(manifest.cases)} | {SHEET: sha256(sheet)}
    _put(folder / SHEET, sheet)
    whole = replace(manifest, files=files, dropped=dropped, parts=0)
    _put(folder / MANIFEST, whole.to_json().encode())
    tidy(folder)
    return whole, count


def tidy(folder: Path) -> None:
    """Take away what is only there while a run is under way, except its lock; last what says that it is."""
    names = [path.relative_to(folder).as_posix() for path in [*folder.iterdir(), *(folder / CASES).iterdir()]]
    over = sorted((name for name in names if is_scaffold(name) and name != LOCK), key=lambda name: name == UNFINISHED)
    try:
        for name in over:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    sync_folder(folder)


def _sheet(folder: Path, total: int) -> bytes:
    cases = Cases(folder)
    try:
        return contact_sheet(image for case in range(total) for image in cases.images(case))
    finally:
        cases.close()


def _put(path: Path, data: bytes) -> None:
    """Write a file unless it holds these very bytes."""
    if sha256_of(path) != sha256(data):
        replace_file(path, data)


class _Growing:
    """A file that is written piece by piece beside its place, and put there once it is whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = aside(path)
        self._hash = hashlib.sha256()
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._file = os.fdopen(open_plain(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb")
        except OSError as error:
            raise unwritable(self.path, error) from error
        return self

    def add(self, text: str) -> None:
        assert self._file is not None
        data = text.encode()
        self._hash.update(data)
        try:
            self._file.write(data)
        except OSError as error:
            raise unwritable(self.path, error) from error

    def put(self) -> str:
        """Put it into its place, unless the same bytes are there; their SHA-256."""
        assert self._file is not None
        digest = self._hash.hexdigest()
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            if sha256_of(self.path) != digest:
                self._part.replace(self.path)
        except OSError as error:
            raise unwritable(self.path, error) from error
        return digest

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            if self._file is not None:
                self._file.close()
            self._part.unlink(missing_ok=True)
