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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from phantom.errors import DatasetError

IMAGE_ID = re.compile(r"(?:\d{6}-)?[LR]-[A-Z]{2,4}(?:\+[A-Za-z]+(?:\d+(?:\.\d+)?)?)*", re.ASCII)
SPLIT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,15}", re.ASCII)
MAX_MEMORY = 448 << 20  # bytes that a JSON text may fill, itself and parsed: what a dataset of a million cases needs
# what parts of a JSON text come to, at least: a number and its place in a list, half a short text, an entry's place
_BYTES = {",": 32, "[": 64, "{": 72, '"': 28, ":": 60}
MAX_ITEM = 1 << 23  # letters of one item of a list that is read item by item
_BLANKS = re.compile(r"[ \t\n\r]*")
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
            return file.read(size)  # to read `most` would ask for as much memory
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


def is_inflated(path: Path) -> bool:
    """Whether reading a DICOM file would inflate its content at once, to any size."""
    from pydicom.filereader import read_file_meta_info
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    return bool(read_file_meta_info(path).get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian)


def parse_json(data: bytes | str, most: int = MAX_MEMORY) -> Any:
    """What a JSON text says, once it is sure that it costs no more memory than it should.

    Parameters
    ----------
    most : int
        Bytes that it may fill, the text and what is parsed of it, as `memory_of` estimates.

    Raises
    ------
    ValueError
        If it is no JSON, holds NaN or half a surrogate pair, or would fill more memory than allowed.
    RecursionError
        If it is nested far too deeply.
    """
    need = memory_of(data)
    if need > most:
        raise ValueError(f"it would fill about {need >> 20} MiB of memory; at most {most >> 20} MiB are allowed")
    text = data if isinstance(data, str) else data.decode("utf-8")
    del data
    found = json.loads(text, parse_constant=_no_constant)
    if _SURROGATE.search(text):
        _refuse_halves(found)
    return found


def _refuse_halves(found: Any) -> None:
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half of a surrogate pair, which is no text") from None


def parse_items(text: str) -> Iterator[Any]:
    """The items of a JSON text that is one list, each parsed when it is its turn: however many, they fill no memory.

    Raises
    ------
    ValueError
        As `parse_json`; or if an item has more than `MAX_ITEM` letters.
    RecursionError
        If it is nested far too deeply.
    """
    decoder, halves = json.JSONDecoder(parse_constant=_no_constant), _SURROGATE.search(text)
    at = _past_blanks(text, text.index("[") + 1)
    while text[at : at + 1] != "]":
        item, length = _first_item(decoder, text, at)
        if halves:
            _refuse_halves(item)
        yield item
        at = _past_blanks(text, at + length)
        mark = text[at : at + 1]
        if mark not in (",", "]"):
            raise ValueError(f"expecting ',' or ']' at letter {at}")
        if mark == ",":
            at = _past_blanks(text, at + 1)
            if text[at : at + 1] == "]":
                raise ValueError(f"expecting a value at letter {at}")
    if _past_blanks(text, at + 1) < len(text):
        raise ValueError(f"more after the list's end, at letter {at + 1}")


def _first_item(decoder: json.JSONDecoder, text: str, at: int) -> tuple[Any, int]:
    """The value that begins at a letter, and its length; no more of the text is looked at than must be."""
    trouble = "no value"
    for most in (1 << 11, 1 << 15, 1 << 19, MAX_ITEM):
        piece = text[at : at + most]
        try:
            item, end = decoder.raw_decode(piece)
        except json.JSONDecodeError as why:
            if len(piece) == len(text) - at:
                raise ValueError(f"{why.msg} at letter {at + why.pos}") from None
            trouble = f"{why.msg} at letter {at + why.pos}"
            continue
        if end < len(piece) or len(piece) == len(text) - at:  # a number at the end may go on
            return item, end
    raise ValueError(f"{trouble}, or a value of more than {MAX_ITEM} letters")


def _past_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at


def memory_of(data: bytes | str) -> int:
    """About how many bytes a JSON text fills, itself and parsed; more if it repeats its keys."""
    values: int
    if isinstance(data, str):
        values = sum(data.count(mark) * size for mark, size in _BYTES.items())
    else:
        values = sum(data.count(mark.encode()) * size for mark, size in _BYTES.items())
    # Python keeps a text with one letter from beyond the Basic Multilingual Plane at four bytes a letter
    wide = 1 if data.isascii() else 4
    return len(data) * (1 + wide) + values * (1 if wide == 1 else 2)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")
