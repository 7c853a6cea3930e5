"""INbreast's layout: DICOM images, OsiriX XML outlines and INbreast.csv, for loaders written for that dataset.

An outline a calcification; filled, it gives the mask exactly. Findings other than single
calcifications are not outlined. Numbers of patients are case numbers.
"""

from __future__ import annotations

import plistlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phantom.dataset.format.key import key_of
from phantom.dataset.format.uids import uid
from phantom.exam.mammogram import Mammogram
from phantom.formats._dicom import file_of, mammogram
from phantom.formats._export import put
from phantom.formats._format import Unit
from phantom.formats._options import Options
from phantom.rle import outline
from phantom.tables import FindingRow, ImageRow, rows_of

if TYPE_CHECKING:
    from phantom.dataset import Dataset

NEEDS = ("pydicom",)
OPTIONS: dict[str, object] = {
    "synthetic_tag": True,
    "quality_control": False,
    "photometric": "MONOCHROME2",
    "compress": "none",
}
_FIRST = 50_000_000
_ACR = {"a": "1", "b": "2", "c": "3", "d": "4"}
_GRAVITY = ("1", "2", "3", "4A", "4B", "4C", "5")


def _name(row: ImageRow, number: int) -> str:
    """The DICOM file's name as INbreast has them: MLO is written ML."""
    view = "ML" if row.view == "MLO" else row.view
    mark = uid("inbreast", row.case)[-16:]
    return f"AllDICOMs/{_FIRST + number}_{mark}_MG_{row.laterality}_{view}_ANON.dcm"


def units(data: Dataset, options: Options) -> list[Unit]:
    """An image with its outlines."""
    return [
        Unit(str(number), (_name(row, number), f"AllXML/{_FIRST + number}.xml"))
        for number, row in enumerate(rows_of(ImageRow, data.images))
    ]


def write(data: Dataset, unit: Unit, folder: Path, options: Options) -> None:
    """Write one image and its outlines."""
    image = data[int(unit.name)]
    put(folder / unit.files[1], plistlib.dumps({"Images": [_outlines(image)]}, sort_keys=False))
    ds = mammogram(image, "for_presentation", key_of(data.manifest), 1, data.manifest.generator, options)
    put(folder / unit.files[0], file_of(ds, options.compress or "none"))


def _outlines(image: Mammogram) -> dict[str, Any]:
    columns, spacing = image.row.columns, image.row.pixel_spacing_mm
    regions = []
    for number, grain in enumerate(image.calcifications):
        points = outline(grain.runs, columns)
        regions.append({
            "Area": grain.row.area_mm2 / 100,
            "Center": f"({grain.row.x_px:f}, {grain.row.y_px:f}, 0.000000)",
            "Dev": 0.0, "IndexInImage": number, "Max": 0.0, "Mean": 0.0, "Min": 0.0, "Name": "Calcification",
            "NumberOfPoints": len(points), "Point_mm": [f"({x * spacing:f}, {y * spacing:f}, 0.000000)" for x,
            y in points],
            "Point_px": [f"({x:f}, {y:f})" for x, y in points], "Total": 0.0, "Type": 15,
        })  # fmt: skip
    return {"ImageIndex": 0, "NumberOfROIs": len(regions), "ROIs": regions}


def finish(data: Dataset, folder: Path, options: Options) -> None:
    """Write ``INbreast.csv``."""
    worst: dict[str, str] = {}
    for finding in rows_of(FindingRow, data.findings):
        image_id, category = finding.image_id, finding.category
        worst[image_id] = max(worst.get(image_id, "1"), category, key=_GRAVITY.index)
    lines = ["Patient ID;Patient age;Laterality;View;Acquisition date;File Name;ACR;Bi-Rads"]
    for number, row in enumerate(rows_of(ImageRow, data.images)):
        birads = worst.get(row.image_id, "1").lower()
        lines.append(
            f"{row.case};{row.age:.0f};{row.laterality};{row.view};200001;{_FIRST + number};"
            f"{_ACR[row.birads_density]};{birads}"
        )
    put(folder / "INbreast.csv", "\n".join(lines) + "\n")
