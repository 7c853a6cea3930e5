"""PNG images, 8 or 16 bits, with instance labels and the truth tables beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from phantom.formats._export import file_name, put
from phantom.formats._format import Unit
from phantom.formats._options import Options
from phantom.formats._pixels import png, shown
from phantom.formats._tiles import instance_labels, whole

if TYPE_CHECKING:
    from phantom.dataset import Dataset

OPTIONS: dict[str, object] = {"bits": 16, "window": "image", "masks": True}


def units(data: Dataset, options: Options) -> list[Unit]:
    """An image, and its labels."""
    folders = ("images", "labels") if options.masks else ("images",)
    return [
        Unit(i, tuple(f"{folder}/{file_name(i)}.png" for folder in folders)) for i in data.images["image_id"].tolist()
    ]


def write(data: Dataset, unit: Unit, folder: Path, options: Options) -> None:
    """Write one image and its labels (uint16: row in its calcifications + 1)."""
    image = data[unit.name]
    if options.masks:
        labels = instance_labels(whole(unit.name, (image.row.rows, image.row.columns)), image)
        put(folder / unit.files[1], png(labels))
    put(folder / unit.files[0], png(shown(image, options.bits or 16, options.window or "image")))


def finish(data: Dataset, folder: Path, options: Options) -> None:
    """Copy the truth tables."""
    for name in ("images", "findings", "calcifications"):
        put(folder / f"{name}.csv", data.table_bytes(name))
