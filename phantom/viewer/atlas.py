"""The atlas: every kind of calcification at 1:1 and 4:1 in each view, on one sheet."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from phantom.arrays import U8
from phantom.calcifications import registry
from phantom.errors import PhantomError
from phantom.exam import preset
from phantom.exam.case import Case, ViewImage, simulate
from phantom.imaging import display_window

VIEWS = ("CC", "MLO", "ML")
CELL = 208  # pixels of the sheet
CAPTION = 34
NARROW = 176  # the column of labels
ZOOM = 4
_TRIES = 6
# a middling breast, so that every kind finds a place and nothing hides it
_ANATOMY = {"density": 0.10, "area_cm2": 110, "thickness_mm": 48, "age": 62}
# what a kind needs said to be seen in all views
_SETTINGS: dict[str, dict[str, Any]] = {
    "amorphous": {"grains": 60, "group_mm": 8, "mixed": 0, "size_mm": [0.17, 0.22], "relative_density": [0.85, 0.95]},
    "fine_pleomorphic": {
        "grains": 40,
        "group_mm": 8,
        "size_mm": {"lognormal": [0.28, 1.4], "within": [0.1, 0.5]},
        "benign_size_mm": {"lognormal": [0.28, 1.4], "within": [0.1, 0.5]},
    },
    "residue": {"one_view": 0, "site": "fold", "material": "zinc_oxide", "film": 0},
    "vascular": {"grade": 3, "length_mm": 60, "run_mm": 14},
    "popcorn": {"stage": 3, "popcorn_mm": 7},
    "rim": {"diameter_mm": 9, "coverage": 0.9},
}


def sheet(kinds: Sequence[str], seed: int, ticked: Callable[[str], None] = lambda name: None) -> bytes:
    """A PNG with a row for each kind: label, then each view at 1:1 and 4:1 with a scale bar.

    Parameters
    ----------
    kinds : sequence of str
        Their names; empty for all there are.
    seed : int
        Another seed, another atlas; the same seed, the same bytes.
    ticked : callable
        Is told each kind's name when its row is done.

    Raises
    ------
    PhantomError
        If a kind finds no place in several breasts.
    """
    from PIL import Image, ImageDraw, ImageFont

    names = [registry.spelled(kind) for kind in kinds] or list(registry.kinds())
    for name in names:
        registry.defaults(name)
    font = ImageFont.load_default(size=13)
    wide, high = NARROW + 2 * len(VIEWS) * (CELL + 4), CAPTION + len(names) * (CELL + 4)
    picture = Image.new("L", (wide, high), 24)
    draw = ImageDraw.Draw(picture)
    for k, title in enumerate(VIEWS):
        left = NARROW + 2 * k * (CELL + 4)
        draw.text((left + 6, 10), f"{title}  1:1", 230, font)
        draw.text((left + CELL + 10, 10), f"{title}  {ZOOM}:1", 230, font)
    for row, name in enumerate(names):
        case = _case(name, seed)
        top = CAPTION + row * (CELL + 4)
        finding = case.views[0].findings[0].row
        words = [
            name,
            "",
            finding.descriptor,
            finding.distribution,
            f"BI-RADS {finding.category}",
            finding.class_,
        ]
        draw.multiline_text((8, top + 8), "\n".join(words), 230, font, spacing=5)
        shown = _same_grain(case)
        for k, view in enumerate(case.views):
            for zoom in (1, ZOOM):
                left = NARROW + (2 * k + (zoom > 1)) * (CELL + 4)
                tile, pitch = _tile(view, shown, zoom)
                picture.paste(Image.fromarray(tile), (left, top))
                _bar(draw, left + 8, top + CELL - 10, zoom / pitch, 5.0 if zoom == 1 else 1.0, font)
        ticked(name)
    out = io.BytesIO()
    picture.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def _case(name: str, seed: int) -> Case:
    """A case whose every view holds the kind."""
    recipe = preset.from_dict(
        {
            "name": "atlas",
            "description": f"One finding of the kind {name}.",
            "anatomy": _ANATOMY,
            "exam": {"views": list(VIEWS)},
            "finding": [{"kind": name, **_SETTINGS.get(name, {})}],
        },
        "atlas",
    )
    for index in range(_TRIES):
        case = simulate(recipe, seed, index)
        if all(view.findings for view in case.views) and _same_grain(case) is not None:
            return case
    raise PhantomError(f"{name}: found no place that all views show in {_TRIES} breasts; try another --seed")


def _same_grain(case: Case) -> int | None:
    """The id of the grain that is seen best in the view that shows it worst; None if no grain is in all views."""
    seen: dict[int, list[float]] = {}
    for view in case.views:
        for grain in view.calcifications:
            seen.setdefault(int(grain.row.calcification_id), []).append(grain.dprime)
    common = {number: min(values) for number, values in seen.items() if len(values) == len(case.views)}
    return max(common, key=lambda number: (common[number], -number)) if common else None


def _tile(view: ViewImage, grain: int | None, zoom: int) -> tuple[U8, float]:
    """A square of the picture about a grain, enlarged, its greys spread; and the pixel's pitch in mm."""
    row = next(c.row for c in view.calcifications if int(c.row.calcification_id) == grain)
    side = CELL // zoom
    rows, columns = view.for_presentation.shape
    # of a grain wider than the square, its left border is looked at
    middle = float(row.box_x_px) if row.box_w_px > 0.8 * side else row.x_px
    x = min(max(round(middle) - side // 2, 0), columns - side)
    y = min(max(round(row.y_px) - side // 2, 0), rows - side)
    cut = view.for_presentation[y : y + side, x : x + side].astype(np.float32)
    inside = cut[cut > 0]
    lo = float(np.quantile(inside, 0.02)) if inside.size else 0.0
    hi = max(float(cut.max()), lo + 500.0)
    grey = display_window.eight_bits(cut, lo, hi)
    return grey.repeat(zoom, axis=0).repeat(zoom, axis=1), float(view.row.pixel_spacing_mm)


def _bar(draw: Any, x: int, y: int, px_per_mm: float, length_mm: float, font: Any) -> None:
    draw.line((x, y, x + length_mm * px_per_mm, y), fill=255, width=2)
    draw.text((x, y - 17), f"{length_mm:g} mm", 255, font)
