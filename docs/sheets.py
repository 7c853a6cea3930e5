"""Make the contact sheets of the presets again: `python docs/sheets.py [PRESET…]` writes docs/<preset>.png."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from phantom import preset as presets
from phantom.cli._progress import Bar
from phantom.dataset import generate

LARGEST_BYTES = 300_000


def main() -> None:
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
