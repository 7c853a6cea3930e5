"""Sheets of kinds: three women in CC, MLO and ML, at 1:1 above 4:1: `python docs/kind_sheets.py [KIND ...]`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from phantom.calcifications import registry
from phantom.exam import preset
from phantom.exam.case import simulate

SIDE, TIMES, GREYS, WOMEN = 144, 4, 24, 3
# what is often in one view only is shown in all three
SHOWN: dict[str, dict[str, float]] = {"residue": {"one_view": 0.0}}
FOLDER = Path(__file__).parent / "kinds"
LARGEST_BYTES = 200_000


def tiles(view: Any) -> tuple[Any, Any]:
    """The finding's richest place at 1:1, and its middle at 4:1."""
    low = view.window_center - 0.5 * view.window_width
    grey = np.clip((view.for_presentation - low) / view.window_width, 0, 1)
    if not view.calcifications:
        return np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))
    centres = np.array([grain.center_px for grain in view.calcifications])
    weight = np.array([grain.dprime_structured for grain in view.calcifications])
    # where most of what is seen lies within a tile
    near = np.abs(centres[:, None] - centres[None]).max(axis=2) < 0.4 * SIDE
    middle = centres[int((near * weight).sum(axis=1).argmax())]
    return cut(grey, middle, SIDE), np.kron(cut(grey, middle, SIDE // TIMES), np.ones((TIMES, TIMES)))


def cut(grey: Any, middle: Any, side: int) -> Any:
    """A square about a place, moved inside the image."""
    x, y = (
        int(np.clip(round(at) - side // 2, 0, size - side)) for at, size in zip(middle, grey.shape[::-1], strict=True)
    )
    return grey[y : y + side, x : x + side]


def sheet(kind: str) -> Image.Image:
    """Three women by three views."""
    columns: list[Any] = []
    seed = 0
    recipe = preset.from_dict({
        "name": "sheet", "description": f"one {kind}", "exam": {"views": ["CC", "MLO", "ML"]},
        "finding": [{"kind": kind, **SHOWN.get(kind, {})}],
    })  # fmt: skip
    while len(columns) < 3 * WOMEN:
        case = simulate(recipe, seed, 0)
        seed += 1
        if not case.dropped:
            columns += [np.concatenate(tiles(view)) for view in case.views]
    grey = np.round(np.concatenate(columns, axis=1) * (GREYS - 1)).astype(np.uint8)
    image = Image.fromarray(grey, "P")
    image.putpalette([v for level in range(GREYS) for v in [round(255 * level / (GREYS - 1))] * 3])
    return image


def main() -> None:
    """Write the sheets asked for, or all."""
    FOLDER.mkdir(exist_ok=True)
    for kind in [registry.spelled(name) for name in sys.argv[1:]] or list(registry.kinds()):
        path = FOLDER / f"{kind}.png"
        sheet(kind).save(path, optimize=True, bits=5)
        if path.stat().st_size > LARGEST_BYTES:
            raise SystemExit(f"{path}: {path.stat().st_size} bytes; at most {LARGEST_BYTES}")
        print(path)


if __name__ == "__main__":
    main()
