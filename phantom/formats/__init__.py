"""Export formats. The folder is the registry: one file per format.

A file ``<name>.py`` in this folder is the format ``<name>``. The first line of its docstring says
what it is. It defines ``OPTIONS``, the names of the options it supports with their defaults (see
`phantom.formats._options`), ``units(data, options)``, what there is to write, piece by piece,
``write(data, unit, folder, options)``, which writes one piece, and ``finish(data, folder, options)``,
which writes what speaks of the whole. Each piece is written by itself and depends on nothing
but the dataset and the options, so that an export may be stopped and gone on with.
"""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

from phantom.errors import UsageError

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The formats there are."""
    return sorted(path.stem for path in _FOLDER.glob("*.py") if not path.stem.startswith("_"))


def describe(name: str) -> str:
    """One line on a format, without importing it."""
    doc = ast.get_docstring(ast.parse((_FOLDER / f"{name}.py").read_text("utf-8"))) or ""
    return doc.partition("\n")[0]


def get(name: str) -> Any:
    """The module of a format.

    Raises
    ------
    UsageError
        If there is no such format.
    """
    if name not in names():
        from phantom.recipe.messages import suggestion

        raise UsageError(f"no format '{name}'; {suggestion(name, names())}")
    return import_module(f"phantom.formats.{name}")
