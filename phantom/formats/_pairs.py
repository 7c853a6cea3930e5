"""An image and its label map side by side, for formats that want both as PNG files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from phantom.formats._boxes import semantic_labels
from phantom.formats._export import put
from phantom.formats._format import Unit
from phantom.formats._options import Options
from phantom.formats._pixels import png, shown
from phantom.formats._tiles import whole

if TYPE_CHECKING:
    from phantom.dataset import Dataset


def write(data: Dataset, unit: Unit, folder: Path, options: Options) -> None:
    """Write one image and its label map, the first and the second of the unit's files."""
    image = data[unit.name]
    labels = semantic_labels(whole(unit.name, (image.row.rows, image.row.columns)), image)
    put(folder / unit.files[1], png(labels))
    put(folder / unit.files[0], png(shown(image, options.bits or 16, options.window or "image")))
