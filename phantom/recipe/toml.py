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


def value(said: Any) -> str:
    """One value as TOML writes it, on one line."""
    if isinstance(said, bool):
        return "true" if said else "false"
    if isinstance(said, float):
        return repr(said) if not said.is_integer() or abs(said) >= 1e15 else f"{said:.1f}"
    if isinstance(said, int):
        return str(said)
    if isinstance(said, str):
        # JSON's escapes are TOML's, but for DEL, which TOML wants escaped too
        return json.dumps(said, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(said, Mapping):
        return "{" + ", ".join(f"{key(k)} = {value(v)}" for k, v in said.items()) + "}"
    if isinstance(said, (list, tuple)):
        return "[" + ", ".join(value(v) for v in said) + "]"
    raise TypeError(f"a recipe cannot say {said!r}")


def key(name: str) -> str:
    """A key as TOML writes it: bare where it may be."""
    return name if _BARE.fullmatch(name) else value(name)


def dumps(table: Mapping[str, Any]) -> str:
    """A recipe's table as text: plain keys, then a section each, then its lists of sections."""
    plain = {k: v for k, v in table.items() if not _is_section(v) and not _is_sections(v)}
    blocks = ["\n".join(f"{key(k)} = {value(v)}" for k, v in plain.items())] if plain else []
    for name, said in table.items():
        if name in plain:
            continue
        many = _is_sections(said)
        for section in said if many else [said]:
            head = f"[[{key(name)}]]" if many else f"[{key(name)}]"
            blocks.append("\n".join([head, *(f"{key(k)} = {value(v)}" for k, v in section.items())]))
    return "\n\n".join(blocks) + "\n"


def _is_section(said: Any) -> bool:
    return isinstance(said, Mapping)


def _is_sections(said: Any) -> bool:
    return isinstance(said, (list, tuple)) and bool(said) and all(isinstance(v, Mapping) for v in said)
