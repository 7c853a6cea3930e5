"""TOML, both ways: text to a table with one clear message, and a table back to text."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phantom.errors import UsageError

_LARGEST_BYTES = 1_000_000
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def read(path: Path, what: str = "a recipe") -> str:
    """The text of a user's file.

    Raises
    ------
    UsageError
        If there is no such file, or it is none that can be read as text.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise UsageError(f"{path}: a folder, not {what}") from None
    except (OSError, ValueError) as why:  # ValueError: a null character in the name
        raise UsageError(f"{path}: cannot be read: {getattr(why, 'strerror', None) or why}") from None
    if len(data) > _LARGEST_BYTES:
        raise UsageError(f"{path}: larger than 1 MB, too large for {what}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        raise UsageError(f"{path}: not a text file in UTF-8 (byte {why.start} cannot be read)") from None


def loads(text: str) -> dict[str, Any]:
    """The table a TOML text says.

    Raises
    ------
    ValueError
        If it is not TOML; the message says where and why, on one line.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError as why:  # TOMLDecodeError, or a whole number of too many digits
        raise ValueError(" ".join(str(why).split())) from None


def value(entry: Any) -> str:
    """One value as TOML writes it, on one line."""
    if isinstance(entry, bool):
        return "true" if entry else "false"
    if isinstance(entry, float):
        return repr(entry) if not entry.is_integer() or abs(entry) >= 1e15 else f"{entry:.1f}"
    if isinstance(entry, int):
        return str(entry)
    if isinstance(entry, str):
        # JSON's escapes are TOML's, except DEL, which TOML wants escaped too
        return json.dumps(entry, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(entry, Mapping):
        return "{" + ", ".join(f"{key(k)} = {value(v)}" for k, v in entry.items()) + "}"
    if isinstance(entry, (list, tuple)):
        return "[" + ", ".join(value(v) for v in entry) + "]"
    raise TypeError(f"a recipe cannot say {entry!r}")


def key(name: str) -> str:
    """A key as TOML writes it: bare where it may be."""
    return name if _BARE.fullmatch(name) else value(name)


def dumps(table: Mapping[str, Any]) -> str:
    """A recipe's table as text: plain keys, then a section each, then its lists of sections."""
    plain = {k: v for k, v in table.items() if not _is_section(v) and not _is_sections(v)}
    blocks = ["\n".join(f"{key(k)} = {value(v)}" for k, v in plain.items())] if plain else []
    for name, entry in table.items():
        if name in plain:
            continue
        many = _is_sections(entry)
        for section in entry if many else [entry]:
            head = f"[[{key(name)}]]" if many else f"[{key(name)}]"
            blocks.append("\n".join([head, *(f"{key(k)} = {value(v)}" for k, v in section.items())]))
    return "\n\n".join(blocks) + "\n"


def _is_section(entry: Any) -> bool:
    return isinstance(entry, Mapping)


def _is_sections(entry: Any) -> bool:
    return isinstance(entry, (list, tuple)) and bool(entry) and all(isinstance(v, Mapping) for v in entry)
