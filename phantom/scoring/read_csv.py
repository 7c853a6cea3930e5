"""Marks from a table: image_id, x, y, score, and, if wanted, a box and a label."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from phantom.errors import UsageError
from phantom.scoring.lesions import ImageTruth
from phantom.scoring.marks import Marks, Raw, check

# Other names that tables in use give the same columns.
_NAMES = {
    "image_id": ("image_id", "image", "case_id", "file_name", "filename"),
    "x": ("x", "x_px", "cx"),
    "y": ("y", "y_px", "cy"),
    "score": ("score", "confidence", "probability", "rating"),
    "label": ("label", "class", "type", "category"),
    "box_x": ("box_x", "box_x_px", "xmin"),
    "box_y": ("box_y", "box_y_px", "ymin"),
    "box_w": ("box_w", "box_w_px", "width", "w"),
    "box_h": ("box_h", "box_h_px", "height", "h"),
    "xmax": ("xmax",),
    "ymax": ("ymax",),
}


def read_csv(path: Path, images: Sequence[ImageTruth], regions: bool = False) -> Marks:
    """Marks from a CSV file with a header: ``image_id, x, y, score`` (x column and y row, whole at pixels' centres).

    In place of x and y a box will do: ``box_x, box_y, box_w, box_h`` or ``xmin, ymin, xmax, ymax``
    (first column and row; the last ones are half-open). ``label`` may name a class.

    Raises
    ------
    UsageError
        If columns are missing or hold no numbers.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, delimiter=_delimiter(path))
            header = next(reader, [])
            columns = _columns(path, [name.strip().lower() for name in header])
            return check(_marks(path, reader, columns, regions), images, str(path))
    except UnicodeDecodeError as why:
        raise UsageError(f"{path}: not UTF-8 text") from why
    except csv.Error as why:
        raise UsageError(f"{path}: not a CSV table: {why}") from why


def _delimiter(path: Path) -> str:
    with path.open(encoding="utf-8-sig") as file:
        first = file.readline(4096)
    return max(",;\t", key=first.count)


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    found = {}
    for name, others in _NAMES.items():
        at = [header.index(other) for other in others if other in header]
        if at:
            found[name] = at[0]
    point = {"x", "y"} <= found.keys()
    box = {"box_x", "box_y"} <= found.keys() and (
        {"box_w", "box_h"} <= found.keys() or {"xmax", "ymax"} <= found.keys()
    )
    if not {"image_id", "score"} <= found.keys() or not (point or box):
        names = [name[:40] for name in header[:12]]
        raise UsageError(f"{path}: the header must name image_id, x, y, score (or a box for x and y); it is {names}")
    return found


def _marks(path: Path, reader: Iterator[list[str]], columns: dict[str, int], regions: bool) -> Iterator[Raw]:
    for number, cells in enumerate(reader, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        where = f"line {number}"
        if len(cells) <= max(columns.values()):
            raise UsageError(f"{path}: {where} has {len(cells)} cells, fewer than the header names")

        values = {name: cells[at].strip() for name, at in columns.items()}
        numbers = {
            name: _number(text, path, where, name)
            for name, text in values.items()
            if name not in {"image_id", "label"} and (text or name in {"x", "y", "score"})
        }
        box = _box(numbers)
        if "x" in numbers:
            x, y = numbers["x"], numbers["y"]
        elif box is not None:
            x, y = box[0] + (box[2] - 1) / 2, box[1] + (box[3] - 1) / 2
        else:
            raise UsageError(f"{path}: {where} has no place")
        image = values["image_id"]
        image = Path(image).stem if image.lower().endswith((".png", ".dcm", ".npy")) else image
        yield Raw(where, image, x, y, numbers["score"], box, values.get("label", "").lower(), regions)


def _box(numbers: dict[str, float]) -> tuple[float, float, float, float] | None:
    if not {"box_x", "box_y"} <= numbers.keys():
        return None
    x, y = numbers["box_x"], numbers["box_y"]
    if {"box_w", "box_h"} <= numbers.keys():
        return x, y, numbers["box_w"], numbers["box_h"]
    if {"xmax", "ymax"} <= numbers.keys():
        return x, y, numbers["xmax"] - x, numbers["ymax"] - y
    return None


def _number(text: str, path: Path, where: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{path}: {where}: {name} must be a number, not {text[:40]!r}") from None
