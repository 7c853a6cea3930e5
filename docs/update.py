"""Make the derived parts of the documentation again: `python docs/update.py`; with --check, only compare."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from phantom.calcifications import registry

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- kinds: made by docs/update.py -->", "<!-- end of kinds -->"


def kinds_table() -> str:
    """The table of kinds: name, and the first line of the class's docstring."""
    rows = [f"| `{name}` | {_first_line(kind)} |" for name, kind in sorted(registry.kinds().items())]
    return "\n".join(["| kind | what it is |", "|---|---|", *rows])


def updated(text: str) -> str:
    """README.md with its derived parts made again."""
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{kinds_table()}\n{END}{after}"


def _first_line(kind: type) -> str:
    return (inspect.getdoc(kind) or "").partition("\n")[0].rstrip(".")


def main() -> int:
    text = README.read_text("utf-8")
    new = updated(text)
    if "--check" in sys.argv[1:]:
        return int(new != text)
    README.write_text(new, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
