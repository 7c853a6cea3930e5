"""A table of metadata under the names of the FDA's dictionary for digital mammography.

The names are those of ``dm_metadata_dictionary.json`` of DataCard-Metadata, a tool of the FDA's Division of Imaging,
Diagnostics and Software Reliability that asks of a table how complete, varied and consistent it is.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from phantom.dataset import Dataset

# what the dictionary asks of a person or an institution; there is none
NO_PERSON = (
    "Race", "Ethnicity", "History/Prior", "History/Family", "Marital status", "ZIP Code", "Study Date", "Study Time",
    "Manufacturer/Year", "Manufacturer/Regulatory",
)  # fmt: skip
_GRAVITY = ("1", "2", "3", "4A", "4B", "4C", "5")


def rows(data: Dataset, bits: int) -> list[dict[str, Any]]:
    """One row an image, by the dictionary's names; `bits` is how many the exported files have."""
    findings: dict[str, list[Any]] = {}
    for finding in data.findings:
        findings.setdefault(str(finding["image_id"]), []).append(finding)
    return [_row(image, findings.get(str(image["image_id"]), []), bits) for image in data.images]


def _row(image: Any, findings: list[Any], bits: int) -> dict[str, Any]:
    spacing = float(image["pixel_spacing_mm"])
    boxes = [tuple(int(finding[f"box_{side}_px"]) for side in "xywh") for finding in findings]
    worst = max((str(finding["category"]) for finding in findings), key=_GRAVITY.index, default="1")
    return {
        "Patient ID": str(image["woman_id"]),
        "Patient Birth Date/Age": f"{float(image['age']):.0f}",
        "Patient Sex": "F",
        "Study ID": f"{int(image['case']):06d}",
        "Modality": str(image["modality"]),
        "Breast Orientation": str(image["view"]),
        "Laterality": str(image["laterality"]),
        "Image Type": "diagnostic" if float(image["magnification"]) > 1 else "screening",
        "Image ID": str(image["image_id"]),
        "Image Dimension": f"{int(image['rows'])} x {int(image['columns'])}",
        "Resolution": f"{1 / spacing:.6g} pixels/mm",
        "File Format": "PNG",
        "Compression Type": "lossless (deflate)",
        "Bits Stored": str(bits),
        "Pixel Spacing": f"{spacing:.6g}",
        "Manufacturer": "simulated" if str(image["source"]) == "grown" else "unknown",
        "Manufacturer/Model": str(image["detector"]),
        "Photometric Interpretation": "MONOCHROME2",
        "Pixel Padding Value": "0",
        "Breast Density": str(image["birads_density"]).upper(),
        "BIRADS": worst,
        "Findings": "; ".join(str(finding["kind"]) for finding in findings) or "none",
        "Finding location": "; ".join("{} {} {} {}".format(*box) for box in boxes) or "none",
    }


def table(data: Dataset, bits: int) -> str:
    """The rows as CSV."""
    out = io.StringIO()
    found = rows(data, bits)
    writer = csv.DictWriter(out, list(found[0]) if found else ["Image ID"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return out.getvalue()
