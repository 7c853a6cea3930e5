"""How commands print: plain tables to read, JSON to pipe."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

Wrapped = TypeVar("Wrapped", bound=Callable[..., Any])


def json_option(command: Wrapped) -> Wrapped:
    """The option ``--json``, as every command that prints a table has it."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")(command)


def print_json(value: Any) -> None:
    """A value as JSON, indented, on stdout."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def print_table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Columns as wide as they must be; the last one wraps at the edge of the terminal."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(head), *cells]) for i in range(len(head) - 1)]
    indent = sum(widths) + 2 * len(widths)
    room = max(shutil.get_terminal_size((100, 24)).columns - indent, 30)
    for row in [list(head), *cells]:
        start = "".join(f"{cell:<{width}}  " for cell, width in zip(row, widths, strict=False))
        lines = textwrap.wrap(row[-1], room) or [""]
        click.echo((start + lines[0]).rstrip())
        for line in lines[1:]:
            click.echo(" " * indent + line)
