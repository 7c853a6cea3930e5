"""Make the derived parts of the documentation again: `python docs/update.py`; with --check, only compare.

They are the table of kinds in README.md; docs/map.md, what each file of the package is in its own words;
docs/recipe.md, every key of a recipe with its range and default; docs/commands.md, every command with its options;
docs/tables.md, the columns of every table; and docs/tutorial.ipynb, the tutorial as a notebook.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
from dataclasses import is_dataclass
from pathlib import Path

import click

from phantom import cli, tables
from phantom.calcifications import registry
from phantom.exam.preset import FindingEntry, Preset
from phantom.recipe import schema

ROOT = Path(__file__).parents[1]
README, MAP, RECIPE = ROOT / "README.md", ROOT / "docs" / "map.md", ROOT / "docs" / "recipe.md"
COMMANDS, TABLES = ROOT / "docs" / "commands.md", ROOT / "docs" / "tables.md"
TUTORIAL, NOTEBOOK = ROOT / "docs" / "tutorial.md", ROOT / "docs" / "tutorial.ipynb"
KINDS_OF_NUMBER = {"U": "text", "u": "whole number", "i": "whole number", "f": "number", "?": "true or false"}
START, END = "<!-- kinds: made by docs/update.py -->", "<!-- end of kinds -->"
# the way of the data; what is named nowhere comes last
ROOMS = (
    "", "recipe", "geometry", "geometry/solids", "anatomy", "anatomy/projected", "calcifications",
    "calcifications/kinds", "imaging", "exam", "dataset/running", "dataset/format", "dataset", "formats", "scoring",
    "insert", "compare", "viewer", "qa", "cli",
)  # fmt: skip
HEAD = """# The map

What each file of the package is, room by room along the way of the data, in the words of its own first line;
[CONTRIBUTING.md](../CONTRIBUTING.md) tells how they meet. Made by `python docs/update.py`: do not edit by hand.
"""

RECIPE_HEAD = """# Keys of a recipe

Every key with its range and default, from the classes that read them. A draw is a number, `[lo, hi]`,
`{normal = [mean, sd], within = [lo, hi]}`, `{lognormal = [median, gsd], within = [lo, hi]}` or
`{choices = [...], weights = [...]}`. `phantom kinds NAME` prints the same for a kind; [anatomy.md](anatomy.md) tells
how the keys of `[anatomy]` hang together. Made by `python docs/update.py`: do not edit by hand.
"""


COMMANDS_HEAD = """# Commands

Every command with its arguments and options, as `phantom COMMAND --help` prints them. Results go to stdout, progress
and messages to stderr. Exit codes: 0 done; 1 it failed, or a check found something; 2 wrong use, nothing was begun;
130 interrupted. Made by `python docs/update.py`: do not edit by hand.
"""

TABLES_HEAD = """# Columns of the tables

`images.csv`, `findings.csv`, `calcifications.csv` and `objects.csv` of a dataset; the same columns are in its case
files and in Python (`data.images` and so on). x is the column and y the row of a pixel's centre; boxes start at the
first column and row and span width x height pixels; numbers have 6 significant digits. [truth.md](truth.md) tells how
they are measured. Made by `python docs/update.py`: do not edit by hand.
"""


def commands_page() -> str:
    """docs/commands.md."""
    group = click.Context(cli.commands, info_name="phantom")
    parts = [COMMANDS_HEAD]
    for name in cli.commands.list_commands(group):
        command = cli.commands.get_command(group, name)
        context = click.Context(command, info_name=name, parent=group)
        usage = command.get_usage(context).removeprefix("Usage: ")
        about = inspect.cleandoc(command.help or "").replace("\b\n", "")
        parts.append(f"## phantom {name}\n\n```\n{' '.join(usage.split())}\n```\n\n{about}\n")
        rows = [option for option in command.params if isinstance(option, click.Option)]
        parts += ["| option | meaning |", "|---|---|", *(_option(option, context) for option in rows), ""]
    return "\n".join(parts)


def _option(option: click.Option, context: click.Context) -> str:
    names, about = option.get_help_record(context) or ("", "")
    return _cells(f"`{names}`", about)


def _cells(*cells: str) -> str:
    """A row of a table; a bar within a cell is kept from ending it."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def tables_page() -> str:
    """docs/tables.md."""
    parts = [TABLES_HEAD]
    for name, row in tables.ROWS.items():
        head = (inspect.getdoc(row) or "").partition("\n")[0]
        described = [(key, column, "") for key, column in tables.columns(row).items()]
        described += [(key, column, " (where a run asked for it)") for key, column in tables.optional(row).items()]
        lines = [
            _cells(f"`{key}`", f"{column.meaning}{when}", KINDS_OF_NUMBER[column.dtype[0]])
            for key, column, when in described
        ]
        parts += [f"## {name}", "", head, "", "| column | meaning | type |", "|---|---|---|", *lines, ""]
    return "\n".join(parts)


def notebook() -> str:
    """docs/tutorial.ipynb: the text of docs/tutorial.md, its blocks as cells to run."""
    cells = []
    for number, text in enumerate(re.split(r"^(```\w+\n.*?^```\n)", TUTORIAL.read_text("utf-8"), flags=re.M | re.S)):
        block = re.fullmatch(r"```(\w+)\n(.*)```\n", text, flags=re.S)
        source = (_code(*block.groups()) if block else text).strip("\n")
        if not source:
            continue
        cell = {"cell_type": "code" if block else "markdown", "id": f"cell-{number}", "metadata": {}}
        more = {"execution_count": None, "outputs": []} if block else {}
        cells.append({**cell, **more, "source": source.splitlines(keepends=True)})
    about = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps({"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


def _code(language: str, text: str) -> str:
    """A block as a cell: lines of a shell behind an exclamation mark, a file written by the cell that shows it."""
    if language == "sh":
        return re.sub(r"^(?=\S)", "!", text, flags=re.M)
    named = re.match(r"# file: (\S+)\n", text)
    return f"%%writefile {named[1]}\n{text[named.end() :]}" if named else text


def kinds_table() -> str:
    """The table of kinds: name, and the first line of the class's docstring."""
    rows = [f"| `{name}` | {_first_line(kind)} |" for name, kind in sorted(registry.kinds().items())]
    return "\n".join(["| kind | what it is |", "|---|---|", *rows])


def updated(text: str) -> str:
    """README.md with its derived parts made again."""
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{kinds_table()}\n{END}{after}"


def map_page() -> str:
    """docs/map.md."""
    package = ROOT / "phantom"
    found = {path.parent.relative_to(package).as_posix().removeprefix(".") for path in package.rglob("*.py")}
    parts = [HEAD]
    for room in (*ROOMS, *sorted(found.difference(ROOMS))):
        about = "What stands outside the rooms." if not room else _words(package / room / "__init__.py")
        rows = [
            f"| `{path.name}` | {_words(path)} |"
            for path in sorted((package / room).glob("*.py"))
            if path.name != "__init__.py" or not room
        ]
        title = f"## phantom/{room}".rstrip("/")
        parts.append("\n".join([title, "", about, "", "| file | what it is |", "|---|---|", *rows, ""]))
    return "\n".join(parts)


def recipe_page() -> str:
    """docs/recipe.md."""
    stages = {name: key.type for name, key in schema.keys_of(Preset).items() if is_dataclass(key.type)}
    parts = [RECIPE_HEAD, _keys("Of the recipe itself", Preset, ("name", "description"))]
    parts += [_keys(f"`[{name}]`", stage) for name, stage in stages.items()]
    parts.append(_keys("`[[finding]]`, whatever its kind", FindingEntry))
    parts += [_keys(f"`[[finding]]` of kind `{name}`", kind) for name, kind in sorted(registry.kinds().items())]
    return "\n".join(parts)


def _keys(title: str, stage: type, only: tuple[str, ...] = ()) -> str:
    docs = [doc for doc in schema.describe(stage) if not only or doc.name in only]
    rows = []
    for doc in docs:
        default = f"`{doc.default}`" if doc.default else ""
        row = f"| `{doc.name}` | {f'{doc.range} {doc.unit}'.strip() or doc.says} | {default} | {doc.doc} |"
        rows.append(row.replace("  |", " |"))
    return "\n".join([f"## {title}", "", "| key | range | default | meaning |", "|---|---|---|---|", *rows, ""])


def _words(path: Path) -> str:
    """The first sentences of a file's docstring: its first line, fit for a cell of a table."""
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return re.sub(r"`{2}([^`]+)`{2}", r"`\1`", text.partition("\n")[0]).replace("|", "\\|")


def _first_line(kind: type) -> str:
    return (inspect.getdoc(kind) or "").partition("\n")[0].rstrip(".")


def main() -> int:
    new = {
        README: updated(README.read_text("utf-8")),
        MAP: map_page(),
        RECIPE: recipe_page(),
        COMMANDS: commands_page(),
        TABLES: tables_page(),
        NOTEBOOK: notebook(),
    }
    if "--check" in sys.argv[1:]:
        return int(any(not path.exists() or path.read_text("utf-8") != text for path, text in new.items()))
    for path, text in new.items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
