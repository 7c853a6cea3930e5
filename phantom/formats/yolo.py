"""YOLO: tiles of 1024 pixels with normalised boxes, and a data.yaml.

Detectors of this family shrink their input to 640 pixels or so: a full-field image would lose its
calcifications, so it is cut into tiles at full resolution. Images without a calcification have an
empty label file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from phantom.formats._boxes import BOX_CLASSES, boxes
from phantom.formats._export import Unit, file_name, put, split_of, splits
from phantom.formats._options import Options
from phantom.formats._pixels import png, shown
from phantom.formats._tiles import Tile, tiles
from phantom.tables import ImageRow, rows_of

if TYPE_CHECKING:
    from phantom.dataset import Dataset

OPTIONS: dict[str, Any] = {"bits": 8, "window": "image", "tile": 1024, "overlap": 128, "level": "calcification"}


def _parts(row: ImageRow, options: Options) -> list[Tile]:
    return tiles(row.image_id, (row.rows, row.columns), options.tile or 0, options.overlap or 0)


def units(data: Dataset, options: Options) -> list[Unit]:
    """An image's tiles with their labels."""
    of = split_of(data)
    out = []
    for row in rows_of(ImageRow, data.images):
        name = row.image_id
        stems = [f"{of[name]}/{file_name(part.name)}" for part in _parts(row, options)]
        files = [
            f"{folder}/{stem}.{ending}" for stem in stems for folder, ending in (("images", "png"), ("labels", "txt"))
        ]
        out.append(Unit(name, tuple(files)))
    return out


def write(data: Dataset, unit: Unit, folder: Path, options: Options) -> None:
    """Write one image's tiles: ``class x y width height`` of the centre, as shares of the tile."""
    image = data[unit.name]
    pixels = shown(image, options.bits or 8, options.window or "image")
    for part, picture, label in zip(_parts(image.row, options), unit.files[::2], unit.files[1::2], strict=True):
        lines = []
        for box in boxes(part, image, options.level or "calcification"):
            sides = (
                (box.x + box.w / 2) / part.columns,
                (box.y + box.h / 2) / part.rows,
                box.w / part.columns,
                box.h / part.rows,
            )
            lines.append(" ".join([str(BOX_CLASSES.index(box.label)), *(f"{side:.8f}" for side in sides)]))
        put(folder / label, "".join(f"{line}\n" for line in lines))
        put(folder / picture, png(part.cut(pixels)))


def finish(data: Dataset, folder: Path, options: Options) -> None:
    """Write ``data.yaml``."""
    parts = splits(data)
    train = "train" if "train" in parts else next(iter(parts))
    places = {"train": train, "val": next((name for name in ("val", "test") if name in parts), train)}
    if "test" in parts:
        places["test"] = "test"
    lines = ["path: .", *(f"{key}: images/{name}" for key, name in places.items()), "names:"]
    put(folder / "data.yaml", "\n".join([*lines, *(f"  {i}: {name}" for i, name in enumerate(BOX_CLASSES))]) + "\n")
