"""The gate that every file and name of a dataset passes: anyone may have written it.

Files are opened only if they are plain ones in their own place: no link, no pipe, no device. Names that become paths
have a strict form. Texts are measured before they are parsed.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from pathlib import Path
from typing import Any

from phantom.errors import DatasetError

IMAGE_ID = re.compile(r"(?:\d{6}-)?[LR]-[A-Z]{2,4}(?:\+[A-Za-z]+(?:\d+(?:\.\d+)?)?)*", re.ASCII)
SPLIT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,15}", re.ASCII)
MAX_VALUES = 1_500_000  # of a JSON text: what a dataset of a million cases needs
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def open_plain(path: Path, flags: int = os.O_RDONLY) -> int:
    """A handle of a file of the dataset; with flags that create it, it may be absent.

    Raises
    ------
    DatasetError
        If it is missing, a link to another place, a pipe or anything else but a plain file.
    OSError
        If the system refuses for other reasons.
    """
    guard = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        handle = os.open(path, flags | guard, 0o644)
    except OSError as error:
        if error.errno == errno.ENOENT and not flags & os.O_CREAT:
            raise DatasetError(f"{path}: missing") from error
        if path.is_symlink():
            raise DatasetError(f"{path}: a link to another place; it must be a file of its own") from error
        if error.errno in (errno.ENXIO, errno.EISDIR):
            raise DatasetError(f"{path}: is not a plain file") from error
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise DatasetError(f"{path}: is not a plain file")
    return handle


def read_plain(path: Path, most: int) -> bytes:
    """The bytes of a file of the dataset, if it is a plain one of at most so many bytes.

    Raises
    ------
    DatasetError
        If it is not, or cannot be read.
    """
    try:
        with os.fdopen(open_plain(path), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > most:
                raise DatasetError(f"{path}: {size} bytes; at most {most} ({most >> 20} MiB) are allowed")
            return file.read(most)
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or error}") from error


def must_be_plain(path: Path) -> None:
    """Refuse what is there under the name of a file that is going to be opened by others, unless it is a plain file.

    Raises
    ------
    DatasetError
    """
    if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
        what = "a link to another place" if path.is_symlink() else "not a plain file"
        raise DatasetError(f"{path}: is {what}; remove it")


def parse_json(data: bytes | str, values: int = MAX_VALUES) -> Any:
    """What a JSON text says, once it is sure that it costs no more memory than it should.

    Raises
    ------
    ValueError
        If it is no JSON, holds NaN or half a surrogate pair, or more values than allowed.
    RecursionError
        If it is nested far too deeply.
    """
    text = data if isinstance(data, str) else data.decode("utf-8")
    del data
    count = text.count(",") + text.count("[") + text.count("{")
    if count > values:
        raise ValueError(f"about {count} values; at most {values} are allowed")
    found = json.loads(text, parse_constant=_no_constant)
    if _SURROGATE.search(text):
        try:
            json.dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("it holds half of a surrogate pair, which is no text") from None
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")
