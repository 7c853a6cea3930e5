"""The folder of an export: which files in it are its own, so that a stopped one is finished and no other is deleted."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from phantom.dataset.format.files import drafted, replace, unwritable
from phantom.dataset.format.untrusted import parse_json, read_plain
from phantom.errors import DatasetError, UsageError

STAMP = ".phantom-export.json"
STAGING = ".phantom-export.part"
MAX_STAMP = 1 << 28
_MAX_MEMORY = 1 << 31  # a list of millions of files


def put_stamp(folder: Path, stamp: Mapping[str, Any], files: Sequence[str]) -> None:
    """Say in the folder what the export is of, and which files are its own."""
    text = json.dumps({**stamp, "own": sorted(files)}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    replace(folder / STAMP, text.encode())


def prepare(folder: Path, stamp: Mapping[str, Any], overwrite: bool) -> None:
    """Make way for an export: finish the same one, or delete another if that was asked for.

    Raises
    ------
    UsageError
        If the folder holds anything else; nothing is deleted then.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder}: is not a folder")
    there = _files(folder)
    known = _known(folder)
    if known is None:
        if any(not _is_draft(name) for name in there):
            raise UsageError(f"{folder}: is not empty and holds no export; choose another --out")
        _delete(folder, there)
        return
    same = {key: value for key, value in known.items() if key != "own"} == dict(stamp)
    if same and not overwrite:
        _delete(folder, [name for name in there if _is_draft(name)])
        return
    if not overwrite:
        raise UsageError(
            f"{folder}: holds another export (other options or other data); choose another --out, or --overwrite"
        )
    written = {STAMP, *known["own"]}
    foreign = [name for name in there if name not in written and not _is_draft(name)]
    if foreign:
        raise UsageError(
            f"{folder}: holds files that phantom did not write ({', '.join(foreign[:3])}); move them away first"
        )
    _delete(folder, sorted(there, key=lambda name: name == STAMP))


def _known(folder: Path) -> dict[str, Any] | None:
    """What the stamp in the folder says; None if there is none that can be read."""
    with contextlib.suppress(DatasetError, ValueError, RecursionError):
        known = parse_json(read_plain(folder / STAMP, MAX_STAMP), _MAX_MEMORY)
        if isinstance(known, dict) and isinstance(known.get("own"), list):
            return known
    return None


def _files(folder: Path) -> list[str]:
    """Everything in the folder that is no folder itself, by name within it; links are not followed."""
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    )


def _is_draft(name: str) -> bool:
    """Whether a stopped export left it, unfinished, under a name that only exports use."""
    return name.startswith(f"{STAGING}/") or drafted(name.rpartition("/")[2]) is not None


def _delete(folder: Path, names: Sequence[str]) -> None:
    """Delete these files, and the folders that are empty then."""
    try:
        for name in names:
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / STAGING, ignore_errors=True)
        for path in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
            with contextlib.suppress(OSError):  # something else is in it
                path.rmdir()
    except OSError as error:
        raise unwritable(folder, error) from error
