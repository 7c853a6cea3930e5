"""Files that are either whole or not there: written aside, flushed to the disk, renamed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from phantom.dataset.format.layout import PART
from phantom.dataset.format.untrusted import open_plain
from phantom.errors import GO_ON, DatasetError, Unwritable


def aside(path: Path) -> Path:
    """A name beside `path` to write under until the file is whole; no other writer has the same."""
    return path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}{PART}")


_ASIDE = re.compile(r"(.+)\.\d+-[0-9a-f]{8}" + re.escape(PART))


def drafted(name: str) -> str | None:
    """What a file was going to be called that lies under a name from `aside`; None for any other name."""
    found = _ASIDE.fullmatch(name)
    return found[1] if found else None


def clear_drafts(folder: Path, is_own: Callable[[str], bool] = lambda name: True) -> None:
    """Take away what stopped runs left in a folder of files that were going to be called so.

    Raises
    ------
    Unwritable
        If it cannot be taken away.
    """
    try:
        for path in folder.iterdir() if folder.is_dir() else ():
            name = drafted(path.name)
            if name is not None and is_own(name):
                path.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, unless they are there.

    Raises
    ------
    Unwritable
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error


def put(path: Path, data: bytes) -> None:
    """`replace` a file that a command writes by itself: its folder is made, and drafts of stopped commands go.

    Raises
    ------
    Unwritable
        If it cannot be written; nothing is left behind.
    """
    make_folder(path.parent)
    clear_drafts(path.parent, lambda name: name == path.name)
    replace(path, data)


def replace(path: Path, data: bytes, part: Path | None = None) -> None:
    """Put `data` into `path` so that at any moment the old file or the new one is there, and whole.

    Parameters
    ----------
    part : Path
        The name to write under until then; by default one from `aside`.

    Raises
    ------
    Unwritable
        If it cannot be written; nothing is left behind.
    """
    part = part or aside(path)
    try:
        try:
            with os.fdopen(open_plain(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error


def sync_folder(folder: Path) -> None:
    """Flush the folder's list of names, where the system lets one."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def unwritable(path: Path, error: OSError) -> Unwritable:
    """What went wrong in writing `path`, in plain words, and how to fix it."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Unwritable(f"the disk is full: {path} could not be written; free some space, then {GO_ON}")
    if error.errno == errno.EFBIG:
        return Unwritable(f"{path} could not be written: files of this size are not allowed here (EFBIG)")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Unwritable(f"{path} could not be written: {error.strerror}; choose another folder with --out")
    return Unwritable(f"{path} could not be written: {error.strerror or error}")


def folder_size(folder: Path) -> int:
    """Bytes of all files in a folder; what another run takes away meanwhile counts for nothing."""
    size = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            size += path.stat().st_size if path.is_file() else 0
    return size


def sha256(data: bytes) -> str:
    """The checksum of some bytes, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_of(path: Path) -> str | None:
    """The checksum of a file; None if there is no such file, or it is not a plain one.

    Raises
    ------
    DatasetError
        If it is there but cannot be read.
    """
    if path.is_symlink() or not path.is_file():
        return None
    try:
        with os.fdopen(open_plain(path), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from error
