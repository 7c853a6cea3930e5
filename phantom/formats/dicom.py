"""DICOM: Digital Mammography X-Ray images, with a segmentation an image and a Mammography CAD SR a case.

``<case>/<image_id>.dcm`` for presentation, ``….raw.dcm`` for processing where the dataset keeps it,
``….seg.dcm`` with a segment a finding, and ``<case>/cad.dcm``, the truth as a CAD report.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from phantom.dataset.format.key import key_of
from phantom.formats._dicom import file_of, mammogram, mark_as_inserted
from phantom.formats._dicom_seg import segmentation
from phantom.formats._dicom_sr import report
from phantom.formats._export import file_name, put
from phantom.formats._format import Unit
from phantom.formats._options import Options
from phantom.tables import ImageRow, rows_of

if TYPE_CHECKING:
    from phantom.dataset import Dataset

NEEDS = ("pydicom",)
OPTIONS: dict[str, object] = {
    "seg": True, "sr": True, "synthetic_tag": True, "quality_control": False, "photometric": "MONOCHROME1",
    "compress": "none",
}  # fmt: skip


def units(data: Dataset, options: Options) -> list[Unit]:
    """A case: its images, their segmentations and its report."""
    cases: dict[int, list[ImageRow]] = {}
    for row in rows_of(ImageRow, data.images):
        cases.setdefault(row.case, []).append(row)
    out = []
    for case, rows in cases.items():
        files = [f"{case:06d}/{file_name(row.image_id)}.dcm" for row in rows]
        if options.seg:
            files += [f"{case:06d}/{file_name(row.image_id)}.seg.dcm" for row in rows if row.n_findings]
        if options.sr:
            files.append(f"{case:06d}/cad.dcm")
        out.append(Unit(f"{case:06d}", tuple(files), len(rows)))
    return out


def write(data: Dataset, unit: Unit, folder: Path, options: Options) -> None:
    """Write one case."""
    key, generator = key_of(data.manifest), data.manifest.generator
    first, last = np.searchsorted(data.images["case"], [int(unit.name), int(unit.name) + 1])  # rows are sorted by case
    images = data[int(first) : int(last)]
    for number, image in enumerate(images, start=1):
        stem = folder / unit.name / file_name(image.image_id)
        if image.for_processing.size:
            raw = mammogram(image, "for_processing", key, number, generator, options)
            if image.row.source == "inserted":
                mark_as_inserted(raw, image, generator)
            put(stem.with_name(f"{stem.name}.raw.dcm"), file_of(raw, options.compress or "none"))
        if options.seg and image.findings:
            put(stem.with_name(f"{stem.name}.seg.dcm"), file_of(segmentation(image, key, number, options)))
        shown = mammogram(image, "for_presentation", key, number, generator, options)
        if image.row.source == "inserted":
            mark_as_inserted(shown, image, generator)
        put(stem.with_name(f"{stem.name}.dcm"), file_of(shown, options.compress or "none"))
        image.__dict__.pop("for_presentation", None)
        image.__dict__.pop("for_processing", None)
    if options.sr:
        put(folder / unit.name / "cad.dcm", report(images, key, generator, options))


def finish(data: Dataset, folder: Path, options: Options) -> None:
    """Nothing speaks of the whole: DICOM's files find each other by their UIDs."""
