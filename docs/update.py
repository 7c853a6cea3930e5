"""Make the derived parts of the documentation again: `python docs/update.py`; with --check, only compare.

They are the table of kinds in README.md; docs/map.md, what each file of the package is in its own words; and
docs/recipe.md, every key of a recipe with its range and default.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from dataclasses import is_dataclass
from pathlib import Path

from phantom.calcifications import registry
from phantom.exam.preset import FindingEntry, Preset
from phantom.recipe import schema

ROOT = Path(__file__).parents[1]
README, MAP, RECIPE = ROOT / "README.md", ROOT / "docs" / "map.md", ROOT / "docs" / "recipe.md"
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
    new = {README: updated(README.read_text("utf-8")), MAP: map_page(), RECIPE: recipe_page()}
    if "--check" in sys.argv[1:]:
        return int(any(not path.exists() or path.read_text("utf-8") != text for path, text in new.items()))
    for path, text in new.items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
