"""WebDataset: tar shards of an image, instance labels and JSON a key.

With 8 bits the image is a PNG; with 16 bits it is a NumPy array of the 12-bit values as they are. Labels
are a NumPy array too, packed. `.decode("l")` and its like cut PNG files of 16 bits off at 255.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from phantom.exam.mammogram import Mammogram
from phantom.formats._boxes import class_of
from phantom.formats._export import file_name, put, splits
from phantom.formats._format import Unit
from phantom.formats._options import Options
from phantom.formats._pixels import png, shown
from phantom.formats._tiles import instance_labels, whole

if TYPE_CHECKING:
    from phantom.dataset import Dataset

OPTIONS: dict[str, object] = {"bits": 8, "window": "image", "masks": True, "shard": 32, "split": ""}


def units(data: Dataset, options: Options) -> list[Unit]:
    """A shard."""
    size = options.shard or 32
    return [
        Unit(f"{part}:{first}", (f"{part}-{first // size:06d}.tar",), min(size, len(ids) - first))
        for part, ids in splits(data, options).items()
        for first in range(0, len(ids), size)
    ]


def write(data: Dataset, unit: Unit, folder: Path, options: Options) -> None:
    """Write one shard: ``<key>.image.png`` (or ``.npy``), ``<key>.labels.npy.gz``, ``<key>.json``."""
    part, _, first = unit.name.rpartition(":")
    ids = splits(data, options)[part][int(first) : int(first) + (options.shard or 32)]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for image_id in ids:
            image = data[image_id]
            key = file_name(image_id)
            if options.bits == 16:
                _add(archive, f"{key}.image.npy", _npy(image.for_presentation))
            else:
                _add(archive, f"{key}.image.png", png(shown(image, 8, options.window or "image")))
            if options.masks:
                labels = instance_labels(whole(image_id, (image.row.rows, image.row.columns)), image)
                _add(archive, f"{key}.labels.npy.gz", gzip.compress(_npy(labels), 1, mtime=0))
            _add(archive, f"{key}.json", json.dumps(_truth(image), ensure_ascii=False).encode())
    put(folder / unit.files[0], out.getvalue())


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _npy(pixels: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, pixels, allow_pickle=False)
    return out.getvalue()


def _truth(image: Mammogram) -> dict[str, Any]:
    labels = class_of(image)
    grains = ({**grain.row.as_dict(), "class": labels[grain.row.finding_id]} for grain in image.calcifications)
    return {
        **image.row.as_dict(),
        "findings": [finding.row.as_dict() for finding in image.findings],
        "calcifications": list(grains),
    }


def finish(data: Dataset, folder: Path, options: Options) -> None:
    """Nothing speaks of the whole: a shard is complete in itself."""
