"""MONAI: PNG images and label maps with data lists for segmentation and for detection.

MONAI's PNG reader gives arrays as (column, row) unless told `reverse_indexing=False`; boxes are in
the image's own x and y. Labels of maps are 1 benign, 2 suspicious, 3 artefact, of boxes one less.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from phantom.formats import _pairs
from phantom.formats._boxes import BOX_CLASSES, boxes
from phantom.formats._export import Unit, file_name, put_json, splits
from phantom.formats._options import Options
from phantom.formats._tiles import whole

if TYPE_CHECKING:
    from phantom.dataset import Dataset

OPTIONS: dict[str, Any] = {"bits": 16, "window": "image", "level": "calcification"}
# what MONAI's data lists call the parts of a split
_PARTS = {"train": "training", "val": "validation"}

write = _pairs.write


def units(data: Dataset, options: Options) -> list[Unit]:
    """An image and its label map."""
    ids = data.images["image_id"].tolist()
    return [Unit(i, (f"images/{file_name(i)}.png", f"labels/{file_name(i)}.png")) for i in ids]


def finish(data: Dataset, folder: Path, options: Options) -> None:
    """Write ``datalist.json`` (image, label) and ``detection.json`` (image, box as x1 y1 x2 y2, label)."""
    parts = splits(data)
    pairs = {
        _PARTS.get(part, part): [
            {"image": f"images/{file_name(i)}.png", "label": f"labels/{file_name(i)}.png"} for i in ids
        ]
        for part, ids in parts.items()
    }
    put_json(folder / "datalist.json", pairs, indent=1)
    found = {_PARTS.get(part, part): [_boxes(data[i], options) for i in ids] for part, ids in parts.items()}
    put_json(folder / "detection.json", found)


def _boxes(image: Any, options: Options) -> dict[str, Any]:
    part = whole(image.image_id, (image.row.rows, image.row.columns))
    there = boxes(part, image, options.level or "calcification")
    return {
        "image": f"images/{file_name(image.image_id)}.png",
        "box": [[float(b.x), float(b.y), float(b.x + b.w), float(b.y + b.h)] for b in there],
        "label": [BOX_CLASSES.index(b.label) for b in there],
    }
