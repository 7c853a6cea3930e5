"""How a message quotes what a recipe says, and what it suggests instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

_LONGEST = 60
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def quote(given: Any) -> str:
    """What a recipe says, on one line of at most 60 characters, whatever it is."""
    try:
        text = str(given).lower() if isinstance(given, bool) else repr(given)
    except (ValueError, RecursionError):  # a whole number of more than 4,300 digits; endless nesting
        text = f"<{type(given).__name__} too long to show>"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def dotted(where: str, key: str) -> str:
    """The full name of a key: ``anatomy.density``."""
    name = key if _BARE.fullmatch(key) and len(key) <= _LONGEST else quote(key)
    return f"{where}.{name}" if where else name


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, if any."""
    names = {name.lower().replace("_", "-"): name for name in known}
    given = word.lower().replace("_", "-")[:200]
    found = difflib.get_close_matches(given, names, n=1, cutoff=0.6)
    if not found and len(given) >= 3:  # a part of one name only: hologic
        holding = [name for name in names if given in name]
        found = holding if len(holding) == 1 else []
    return names[found[0]] if found else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """``did you mean 'x'?``, or what is known when nothing is near."""
    names = list(known)
    near = closest(word, names)
    if near is not None:
        return f"did you mean '{near}'?"
    return f"known are {', '.join(names)}" if names else "there are none"
