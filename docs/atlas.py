"""Make the atlas again: `python docs/atlas.py` writes docs/atlas.png, docs/atlas-small.png and docs/atlas.md."""

from __future__ import annotations

import inspect
import io
import sys
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from phantom.calcifications import registry
from phantom.viewer import atlas

FOLDER = Path(__file__).parent
LARGEST_BYTES = 300_000
COLUMNS = 6
# which view and scale shows a kind best; else the first view at 1:1
BEST = {
    "amorphous": ("CC", 1), "milk_of_calcium": ("ML", 4), "punctate": ("ML", 4), "skin": ("MLO", 4), "residue": ("ML",
    4),
    "lucent_centered": ("MLO", 4), "round": ("MLO", 1), "coarse_heterogeneous": ("CC", 4), "vascular": ("MLO", 1),
}  # fmt: skip
HEAD = """# The atlas

Every kind of calcification at 1:1 (a pixel of the image is one of the picture) and enlarged four times, in
CC, MLO and ML, as `phantom atlas` draws it: the same grain of one finding in the middle of each row, in a
middling breast, on the default detector, its greys spread over what the square holds. Some kinds are drawn
larger or denser than they come as a rule, so that there is something to see.

![The atlas: a row for each kind](atlas.png)

Made by `python docs/atlas.py`; the pictures of single kinds by `python docs/kind_sheets.py`.
"""


def main() -> None:
    names = list(registry.kinds())
    sheet = Image.open(io.BytesIO(atlas.sheet(names, 0, lambda name: print(name, file=sys.stderr)))).convert("L")
    sheet.quantize(32).save(FOLDER / "atlas.png", optimize=True)
    small = FOLDER / "atlas-small.png"
    montage(sheet, names).quantize(24).save(small, optimize=True)
    if small.stat().st_size > LARGEST_BYTES:
        sys.exit(f"{small}: larger than {LARGEST_BYTES} bytes")
    text = "\n".join([HEAD, *(entry(name, kind) for name, kind in registry.kinds().items())])
    (FOLDER / "atlas.md").write_text(text, "utf-8")


def montage(sheet: Any, names: list[str]) -> Any:
    """One square of each kind's row, its name below."""
    cell, high = atlas.CELL, atlas.CELL + 22
    rows = -(-len(names) // COLUMNS)
    out = Image.new("L", (COLUMNS * (cell + 4) - 4, rows * high), 24)
    draw, font = ImageDraw.Draw(out), ImageFont.load_default(size=13)
    for k, name in enumerate(names):
        view, zoom = BEST.get(name, (atlas.VIEWS[0], 1))
        left = atlas.NARROW + (2 * atlas.VIEWS.index(view) + (zoom > 1)) * (cell + 4)
        top = atlas.CAPTION + k * (cell + 4)
        x, y = (k % COLUMNS) * (cell + 4), (k // COLUMNS) * high
        out.paste(sheet.crop((left, top, left + cell, top + cell)), (x, y))
        draw.text((x + 4, y + cell + 3), f"{name.replace('_', ' ')}, {view}", 230, font)
    return out


def entry(name: str, kind: Any) -> str:
    """What the kind's own docstring says of it."""
    label = kind.label
    spread = ", ".join(label.distribution_weights)
    words = f"Cause: {label.cause}. Descriptor: {label.descriptor}. Distributions: {spread}."
    closer = f"\n![{name}: three women, CC, MLO and ML, at 1:1 above 4:1](kinds/{name}.png)\n"
    return f"## {name}\n\n{inspect.getdoc(kind)}\n\n{words}\n" + closer * (FOLDER / "kinds" / f"{name}.png").exists()


if __name__ == "__main__":
    main()
