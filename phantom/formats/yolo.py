"""YOLO: tiles of 1024 pixels with normalised boxes, and a data.yaml.

Detectors of this family shrink their input to 640 pixels or so: a full-field image would lose its
calcifications, so it is cut into tiles at full resolution. Images without a calcification have an
empty label file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from phantom.formats._boxes import BOX_CLASSES, boxes
from phantom.formats._export import file_name, put, split_of, splits
from phantom.formats._format import Unit
from phantom.formats._options import Options
from phantom.formats._pixels import png, shown
from phantom.formats._tiles import Tile, tiles
from phantom.tables import ImageRow, rows_of

if TYPE_CHECKING:
    from phantom.dataset import Dataset

OPTIONS: dict[str, object] = {
    "bits": 8, "window": "image", "tile": 1024, "overlap": 128, "level": "calcification", "split": "",
}  # fmt: skip
_HOLD_OUT = "export with --split train=0.8,val=0.2 to keep women apart"


def _parts(row: ImageRow, options: Options) -> list[Tile]:
    return tiles(row.image_id, (row.rows, row.columns), options.tile or 0, options.overlap or 0)


def units(data: Dataset, options: Options) -> list[Unit]:
    """An image's tiles with their labels."""
    of = split_of(data, options)
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
    """Write ``data.yaml``; it names no ``path``, so that what it lists is looked for beside it."""
    parts = splits(data, options)
    train, val = _parts_of(parts)
    places = {"train": train, "val": val, **({"test": "test"} if "test" in parts and val != "test" else {})}
    lines = [f"{key}: images/{name}" for key, name in places.items()]
    if val == train:
        lines.insert(1, f"# nothing is held out: {_HOLD_OUT}")
    put(folder / "data.yaml", "\n".join([*lines, "names:", *(f"  {i}: {n}" for i, n in enumerate(BOX_CLASSES))]) + "\n")


def notes(data: Dataset, options: Options) -> list[str]:
    """What is not as a trainer would expect it."""
    train, val = _parts_of(splits(data, options))
    if val == train:
        return [f"nothing is held out: `val` in data.yaml is the training set; {_HOLD_OUT}"]
    return ["there is no part `val`: the part `test` stands for it in data.yaml"] if val == "test" else []


def _parts_of(parts: dict[str, list[str]]) -> tuple[str, str]:
    """The parts to train and to validate with; the same one where there is only one."""
    train = "train" if "train" in parts else next(iter(parts))
    return train, next((name for name in ("val", "test") if name in parts and name != train), train)
