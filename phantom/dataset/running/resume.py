"""What is in an output folder before a run, and whether the run may go on with it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from phantom.dataset.format import hdf5_checks
from phantom.dataset.format.files import replace as replace_file
from phantom.dataset.format.files import sha256, unwritable
from phantom.dataset.format.layout import (
    CASES,
    JOURNAL,
    LOCK,
    MANIFEST,
    PART,
    UNFINISHED,
    case_index,
    is_product,
    is_scaffold,
)
from phantom.dataset.format.manifest import Manifest, is_unfinished, read_manifest
from phantom.dataset.format.untrusted import open_plain
from phantom.dataset.running.worker import CaseResult
from phantom.errors import DatasetError, FolderError, OtherFormat

_LINE = 4096  # bytes of a journal that are read at once: a line of it has 90
# what all shards of a job have in common
SAME_JOB = "recipe", "seed", "cases", "parts", "generator", "sweeps", "split", "detectors"


def recipe_digest(recipe: Mapping[str, Any]) -> str:
    """A checksum of a resolved recipe: every case file holds it."""
    return sha256(json.dumps(recipe, sort_keys=True, ensure_ascii=False, allow_nan=False).encode())


def entries(folder: Path) -> list[str]:
    """Everything in the folder and its folder of cases, by name within it, except the lock."""
    if not folder.exists():
        return []
    if not folder.is_dir():
        raise FolderError(f"{folder}: is not a folder; choose another --out")
    try:
        found = [path.name for path in folder.iterdir() if path.name != LOCK]
        if CASES in found:
            found.remove(CASES)
            if (folder / CASES).is_symlink() or not (folder / CASES).is_dir():
                raise DatasetError(f"{folder / CASES}: is not a folder of its own")
            found += [f"{CASES}/{path.name}" for path in (folder / CASES).iterdir()]
    except OSError as error:
        raise unwritable(folder, error) from error
    return sorted(found)


def _settled(folder: Path) -> list[str]:
    """`entries` without drafts of the file that says what a run is going to hold: a run that is only just beginning,
    or was killed then, has put nothing there yet."""
    return [name for name in entries(folder) if not (name.startswith(UNFINISHED) and name.endswith(PART))]


def begun(folder: Path) -> Manifest | None:
    """What the folder holds or was to hold; None if it cannot be told.

    Of an unfinished run on top of a finished dataset, the unfinished one.

    Raises
    ------
    OtherFormat
        If it is of another version of the format.
    """
    for name in (UNFINISHED, MANIFEST):
        try:
            return read_manifest(folder, name)
        except OtherFormat:
            raise
        except DatasetError:
            continue
    return None


def may_begin(folder: Path, resume: bool, overwrite: bool) -> None:
    """Refuse a folder that is not empty, unless it was asked to be finished or overwritten.

    Raises
    ------
    FolderError
        With how to fix it.
    """
    there = _settled(folder)
    if not there:
        return
    if overwrite:
        _may_clear(folder, there)
    elif not resume:
        what = "an unfinished dataset" if is_unfinished(folder) else "a dataset"
        if begun(folder) is None:
            raise FolderError(f"{folder}: is not empty; choose another folder with --out")
        raise FolderError(f"{folder}: holds {what} already; use --resume to finish it, --overwrite, or another --out")


def _is_dataset(folder: Path) -> bool:
    """Whether the folder holds a dataset, of any version."""
    try:
        return begun(folder) is not None
    except OtherFormat:
        return True


def _may_clear(folder: Path, there: Iterable[str]) -> None:
    if not _is_dataset(folder):
        raise FolderError(f"{folder}: is not a phantom dataset, so --overwrite does not delete it; remove it yourself")
    foreign = [name for name in there if not is_product(name) and not is_scaffold(name)]
    if foreign:
        raise FolderError(
            f"{folder}: holds files that phantom did not write ({', '.join(foreign[:3])}); move them away first"
        )


def clear(folder: Path) -> None:
    """Delete a dataset, the manifest last, so that it is recognised until it is gone."""
    there = entries(folder)
    if not there:
        return
    _may_clear(folder, there)
    try:
        for name in sorted(there, key=lambda name: name in (MANIFEST, UNFINISHED)):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error


def continued(folder: Path, wanted: Manifest, cases: int | None) -> Manifest:
    """The manifest to work to, once what is in the folder has been compared with what is asked for.

    Parameters
    ----------
    cases : int or None
        None for as many as the folder was to hold.

    Raises
    ------
    FolderError
        If the folder belongs to another recipe, seed, version or job.
    """
    there = _settled(folder)
    if not there:
        return wanted
    before = begun(folder)
    if before is None:
        before = _from_cases(folder, wanted, there)
    for key, options in (
        ("seed", "--seed"),
        ("recipe", "--preset and --set"),
        ("sweeps", "--sweep"),
        ("detectors", "detector files"),
        ("rendered", "DATASET and changes"),
        ("inserted", "NORMALS and options"),
    ):
        if getattr(before, key) != getattr(wanted, key):
            raise FolderError(f"{folder}: was begun with another {key}; give the same {options}, or another --out")
    if before.generator != wanted.generator:
        raise FolderError(
            f"{folder}: was begun with {before.generator}; finish it with that version, or use --overwrite"
        )
    if cases is not None and cases < before.cases:
        raise FolderError(f"{folder}: has {before.cases} cases; --cases {cases} would take some away")
    other_job = before.parts != wanted.parts or (cases is not None and cases != before.cases)
    if wanted.parts and is_unfinished(folder) and other_job:
        raise FolderError(f"{folder}: is being made in {before.parts or 1} shard(s) of {before.cases} cases")
    return replace(
        wanted.made_in([*before.environments, *wanted.environments]),
        cases=max(cases or 0, before.cases),
        preset=before.preset,
        preset_text=before.preset_text,
        split=wanted.split or before.split,
    )


def _from_cases(folder: Path, wanted: Manifest, there: Iterable[str]) -> Manifest:
    """Without a readable manifest: the case files themselves tell whether they are of this recipe and seed."""
    cases = [index for name in there if (index := case_index(name)) is not None]
    for case in cases:
        with contextlib.suppress(DatasetError), hdf5_checks.open_case(folder / f"{CASES}/{case:06d}.h5") as file:
            origin = [hdf5_checks.text_attribute(file, name) for name in ("recipe", "seed")]
            if origin == [recipe_digest(wanted.recipe), str(wanted.seed)]:
                return replace(wanted, cases=max(wanted.cases, max(cases) + 1))
            raise FolderError(f"{folder}: its cases are of another recipe or seed; choose another --out")
    raise FolderError(f"{folder}: is not empty, and not a phantom dataset; choose another folder with --out")


def declare(folder: Path, manifest: Manifest) -> None:
    """Say in the folder what it is going to hold."""
    try:
        (folder / CASES).mkdir(exist_ok=True)
    except OSError as error:
        raise unwritable(folder / CASES, error) from error
    replace_file(folder / UNFINISHED, replace(manifest, files={}, dropped={}).to_json().encode())


def known_digests(folder: Path) -> dict[int, str]:
    """The checksums of all cases that the folder's manifest or journal notes."""
    known: dict[int, str] = {}
    with contextlib.suppress(DatasetError):
        files = read_manifest(folder).files
        known |= {index: digest for file, digest in files.items() if (index := case_index(file)) is not None}
    return known | dict(_journalled(folder / JOURNAL))


def _journalled(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a journal; a line that was cut short counts for nothing."""
    if not os.path.lexists(path):
        return
    with os.fdopen(open_plain(path), "rb") as file:
        while line := file.readline(_LINE):
            with contextlib.suppress(ValueError, TypeError, KeyError):
                entry = json.loads(line)
                if isinstance(entry["case"], int) and isinstance(entry["sha256"], str):
                    yield entry["case"], entry["sha256"]


class Journal:
    """Where a run notes each case whose file is whole; what it notes outlives the run's sudden end."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / JOURNAL
        try:
            self._file = os.fdopen(open_plain(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "ab")
            if self._file.tell():  # a line may have been cut short
                self._file.write(b"\n")
        except OSError as error:
            raise unwritable(self._path, error) from error

    def note(self, done: CaseResult) -> None:
        """Add a case."""
        try:
            self._write(json.dumps({"case": done.index, "sha256": done.digest}).encode() + b"\n")
        except OSError as error:
            raise unwritable(self._path, error) from error

    def _write(self, line: bytes) -> None:
        self._file.write(line)
        self._file.flush()

    def close(self) -> None:
        """No more cases will come."""
        with contextlib.suppress(OSError):
            self._file.close()
