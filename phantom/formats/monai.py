"""MONAI: images and label maps, as PNG or NIfTI, with data lists for segmentation and for detection.

MONAI's PNG reader gives arrays as (column, row) unless told `reverse_indexing=False`; boxes are in
the image's own x and y. NIfTI files are (column, row, 1), hold the 12-bit values as they are and the pixel
spacing, and need no such word. Labels of maps are 1 benign, 2 suspicious, 3 artefact, of boxes one less.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from phantom.errors import PhantomError, install
from phantom.exam.mammogram import Mammogram
from phantom.formats import _pairs
from phantom.formats._boxes import BOX_CLASSES, boxes, semantic_labels
from phantom.formats._export import file_name, put, put_json, splits
from phantom.formats._format import Unit
from phantom.formats._options import Options
from phantom.formats._tiles import whole

if TYPE_CHECKING:
    from phantom.dataset import Dataset

OPTIONS: dict[str, object] = {"bits": 16, "window": "image", "level": "calcification", "nifti": False, "split": ""}
# what MONAI's data lists call the parts of a split
_PARTS = {"train": "training", "val": "validation"}


def _files(image_id: str, options: Options) -> tuple[str, str]:
    ending = "nii.gz" if options.nifti else "png"
    return f"images/{file_name(image_id)}.{ending}", f"labels/{file_name(image_id)}.{ending}"


def units(data: Dataset, options: Options) -> list[Unit]:
    """An image and its label map."""
    if options.nifti:
        _nibabel()
    return [Unit(i, _files(i, options)) for i in data.images["image_id"].tolist()]


def write(data: Dataset, unit: Unit, folder: Path, options: Options) -> None:
    """Write one image and its label map."""
    if not options.nifti:
        _pairs.write(data, unit, folder, options)
        return
    image = data[unit.name]
    labels = semantic_labels(whole(unit.name, (image.row.rows, image.row.columns)), image)
    put(folder / unit.files[1], _nifti(labels, image.row.pixel_spacing_mm))
    put(folder / unit.files[0], _nifti(image.for_presentation, image.row.pixel_spacing_mm))


def _nibabel() -> Any:
    try:
        import nibabel
    except ImportError as why:
        raise PhantomError(f"NIfTI files need nibabel: {install('nifti')}") from why
    return nibabel


def _nifti(pixels: Any, spacing_mm: float) -> bytes:
    """A packed NIfTI file of an image; its axes run to the left and to the back, as DICOM's rows and columns do."""
    nibabel = _nibabel()
    affine = np.diag([-spacing_mm, -spacing_mm, 1.0, 1.0])
    volume = nibabel.Nifti1Image(np.ascontiguousarray(pixels.T[:, :, None]), affine)
    volume.header.set_xyzt_units("mm")
    return gzip.compress(volume.to_bytes(), 1, mtime=0)


def finish(data: Dataset, folder: Path, options: Options) -> None:
    """Write ``datalist.json`` (image, label) and ``detection.json`` (image, box as x1 y1 x2 y2, label)."""
    parts = splits(data, options)
    pairs = {
        _PARTS.get(part, part): [dict(zip(("image", "label"), _files(i, options), strict=True)) for i in ids]
        for part, ids in parts.items()
    }
    put_json(folder / "datalist.json", pairs, indent=1)
    found = {_PARTS.get(part, part): [_boxes(data[i], options) for i in ids] for part, ids in parts.items()}
    put_json(folder / "detection.json", found)


def _boxes(image: Mammogram, options: Options) -> dict[str, Any]:
    part = whole(image.image_id, (image.row.rows, image.row.columns))
    there = boxes(part, image, options.level or "calcification")
    return {
        "image": _files(image.image_id, options)[0],
        "box": [[float(b.x), float(b.y), float(b.x + b.w), float(b.y + b.h)] for b in there],
        "label": [BOX_CLASSES.index(b.label) for b in there],
    }
