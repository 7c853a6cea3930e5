"""Make the sheets of the presets again: `python docs/sheets.py [PRESET…]` writes docs/<preset>.png and docs/presets.md.

A sheet is one small full view, the finding it shows outlined, beside close-ups at 1:1 of findings of the preset's first
women.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from phantom.exam import preset as presets
from phantom.exam.case import simulate

TILE, COLUMNS, ROWS = 240, 4, 2
WIDTH, GREYS, MOST_CASES = 400, 40, 8
LARGEST_BYTES = 300_000
HEAD = """# The presets

Of each preset a small full view, and close-ups at 1:1 (70 µm pixels one by one) of findings of its first women, seed 0.
Each preset has women of its own. Made by `python docs/sheets.py`.
"""


def page() -> str:
    """Every preset's description and picture."""
    parts = [f"## {name}\n\n{presets.load(name).description}\n\n![{name}]({name}.png)\n" for name in presets.names()]
    return "\n".join([HEAD, *parts])


def grey(view: Any) -> Any:
    """The picture as shown, 0 to 1."""
    low = view.window_center - 0.5 * view.window_width
    return np.clip((view.for_presentation - low) / view.window_width, 0, 1)


def place(view: Any, finding: Any) -> tuple[int, int, float] | None:
    """Where most of what is seen of a finding lies within a tile, and how well it is seen; None if nowhere."""
    grains = [grain for grain in view.calcifications if grain.row.finding_id == finding.row.finding_id]
    if not grains:
        return None
    centres, weight = (
        np.array([grain.center_px for grain in grains]),
        np.array([grain.dprime_structured for grain in grains]),
    )
    near = np.abs(centres[:, None] - centres[None]).max(axis=2) < 0.4 * TILE
    seen = (near * weight).sum(axis=1)
    x, y = centres[int(seen.argmax())]
    return round(float(x)), round(float(y)), float(seen.max())


def cut(picture: Any, x: int, y: int) -> Any:
    """A tile about a place, moved inside the picture."""
    left, top = (
        int(np.clip(at - TILE // 2, 0, size - TILE)) for at, size in zip((x, y), picture.shape[::-1], strict=True)
    )
    return picture[top : top + TILE, left : left + TILE]


def tissue(view: Any, count: int) -> list[Any]:
    """Close-ups of a view without findings: places wholly in the breast, from its brightest to its darkest."""
    picture, inside = grey(view), view.breast_mask
    corners = [
        (top, left)
        for top in range(0, inside.shape[0] - TILE, TILE // 2)
        for left in range(0, inside.shape[1] - TILE, TILE // 2)
        if inside[top : top + TILE, left : left + TILE].all()
    ]
    tiles = sorted((picture[top : top + TILE, left : left + TILE] for top, left in corners), key=lambda t: -t.mean())
    return [tiles[i] for i in np.linspace(0, len(tiles) - 1, count).round().astype(int)] if tiles else []


def small(view: Any, at: tuple[int, int] | None) -> Any:
    """The full view, shrunk to the sheet's height, with the close-up's place outlined."""
    shown = Image.fromarray(np.round(grey(view) * 255).astype(np.uint8))
    times = min(ROWS * TILE / shown.height, WIDTH / shown.width)
    shown = shown.resize((round(shown.width * times), round(shown.height * times)), Image.Resampling.LANCZOS)
    if at is not None:
        half = 0.5 * TILE * times
        x, y = (value * times for value in at)
        ImageDraw.Draw(shown).rectangle((x - half, y - half, x + half, y + half), outline=255)
    out = Image.new("L", (WIDTH, ROWS * TILE))
    out.paste(shown, ((WIDTH - shown.width) // 2, (ROWS * TILE - shown.height) // 2))
    return np.asarray(out, float) / 255


def sheet(name: str) -> Image.Image:
    """One preset's: each finding once, in the view that shows it best; then in the other views, if there is room."""
    recipe, first, tiles, more = presets.load(name), None, list[Any](), list[Any]()
    for index in range(MOST_CASES):
        views = list(simulate(recipe, 0, index).views)
        for number in dict.fromkeys(finding.row.finding_id for view in views for finding in view.findings):
            spots = [
                (spot, view)
                for view in views
                for finding in view.findings
                if finding.row.finding_id == number and (spot := place(view, finding)) is not None
            ]
            spots.sort(key=lambda spot: -spot[0][2])
            cuts = [cut(grey(view), x, y) for (x, y, _), view in spots]
            if cuts and first is None:
                first = small(spots[0][1], spots[0][0][:2])
            tiles += cuts[:1]
            more += cuts[1:]
        if len(tiles) >= COLUMNS * ROWS or (not tiles and index == 1):
            break
    first = first if first is not None else small(views[0], None)
    tiles = (tiles + more)[: COLUMNS * ROWS]
    if not tiles:
        tiles = [tile for view in views for tile in tissue(view, COLUMNS * ROWS // len(views))]
    tiles += [np.zeros((TILE, TILE))] * (COLUMNS * ROWS - len(tiles))
    right = np.concatenate([np.concatenate(tiles[k : k + COLUMNS], axis=1) for k in range(0, len(tiles), COLUMNS)])
    levels = np.round(np.concatenate([first, right], axis=1) * (GREYS - 1)).astype(np.uint8)
    image = Image.fromarray(levels, "P")
    image.putpalette([value for level in range(GREYS) for value in [round(255 * level / (GREYS - 1))] * 3])
    return image


def main() -> None:
    """Write the page, and the sheets asked for, or all."""
    Path(__file__).with_name("presets.md").write_text(page(), "utf-8")
    for name in sys.argv[1:] or presets.names():
        print(name, file=sys.stderr)
        target = Path(__file__).with_name(f"{name}.png")
        sheet(name).save(target, optimize=True)
        if target.stat().st_size > LARGEST_BYTES:
            sys.exit(f"{target}: larger than {LARGEST_BYTES} bytes")


if __name__ == "__main__":
    main()
