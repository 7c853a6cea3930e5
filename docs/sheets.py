"""Make the contact sheets of the presets again: `python docs/sheets.py [PRESET…]` writes docs/<preset>.png and
docs/presets.md."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from phantom.cli._progress import Bar
from phantom.dataset import generate
from phantom.exam import preset as presets

LARGEST_BYTES = 300_000
HEAD = """# The presets

The first images of each preset, seed 0, their findings outlined. Made by `python docs/sheets.py`.
"""


def page() -> str:
    """Every preset's description and picture."""
    parts = [f"## {name}\n\n{presets.load(name).description}\n\n![{name}]({name}.png)\n" for name in presets.names()]
    return "\n".join([HEAD, *parts])


def main() -> None:
    Path(__file__).with_name("presets.md").write_text(page(), "utf-8")
    for name in sys.argv[1:] or presets.names():
        with tempfile.TemporaryDirectory() as folder, Bar() as bar:
            print(name, file=sys.stderr)
            made = generate(presets.load(name), seed=0, cases=4, out=Path(folder) / name, progress=bar)
            target = Path(__file__).with_name(f"{name}.png")
            shutil.copyfile(made.folder / "contact-sheet.png", target)
            if target.stat().st_size > LARGEST_BYTES:
                sys.exit(f"{target}: larger than {LARGEST_BYTES} bytes")


if __name__ == "__main__":
    main()
