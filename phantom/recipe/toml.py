"""TOML, both ways: text to a table with one clear message, and a table back to text."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


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
