"""Export formats. The folder is the registry: one file per format.

A file ``<name>.py`` in this folder is the format ``<name>``. The first line of its docstring says
what it is, and it defines what `phantom.formats._format.Format` lists. Each piece is written by itself and
depends only on the dataset and the options, so that an export may be stopped and resumed.
"""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from typing import cast

from phantom.errors import UsageError
from phantom.formats._format import Format

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The formats there are."""
    return sorted(path.stem for path in _FOLDER.glob("*.py") if not path.stem.startswith("_"))


def describe(name: str) -> str:
    """One line on a format, without importing it."""
    doc = ast.get_docstring(ast.parse((_FOLDER / f"{name}.py").read_text("utf-8"))) or ""
    return doc.partition("\n")[0]


def get(name: str) -> Format:
    """The module of a format.

    Raises
    ------
    UsageError
        If there is no such format.
    """
    if name not in names():
        from phantom.recipe.messages import suggestion

        raise UsageError(f"no format '{name}'; {suggestion(name, names())}")
    return cast("Format", import_module(f"phantom.formats.{name}"))
