"""The scorecard of a synthetic medical dataset: what is known of it, and what was not measured.

Sections and criteria (the seven Cs) are those of G. Zamzmi et al., Scorecard for synthetic medical data evaluation,
Communications Engineering 4, 130 (2025), https://doi.org/10.1038/s44172-025-00450-1.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from phantom.formats._datacard import NO_PERSON, rows

if TYPE_CHECKING:
    from phantom.dataset import Dataset

LIMITS = (
    "Breasts and findings follow published statistics where there are some and estimates elsewhere; a detector's "
    "result here says little about a clinic until it has been measured there. Masses, distortions and asymmetries are "
    "not among the findings, tomosynthesis not among the images. Not for diagnosis."
)


def is_grown(data: Dataset) -> bool:
    """Whether no real picture is in the dataset."""
    return bool((data.images["source"] == "grown").all())


def people(data: Dataset) -> str:
    """What a reader must know about the people in it."""
    if is_grown(data):
        return "No image shows a real person, and none was used to make it."
    return (
        "Calcifications are synthetic, the mammograms they are put into are real: whoever publishes them must have "
        "the right to, and must have removed what tells who the women are."
    )


def scorecard(data: Dataset, bits: int) -> dict[str, Any]:
    """The scorecard, ready for JSON."""
    about, images = data.manifest, data.images
    return {
        "general_information": {
            "dataset_name": f"synthetic mammograms, {about.preset}", "modality": "digital mammography (MG)",
            "images": len(images), "cases": int(about.cases), "women": len(set(images["woman_id"].tolist())),
            "labels": "mask, box, kind, BI-RADS words and category, pathology, size, contrast, SDNR and d' of a grain",
            "license": about.licence, "generator": about.generator,
            "recipe": about.preset, "seed": str(about.seed),
        },
        "data_quality_evaluation": {
            "congruence": _unmeasured("`phantom compare DATASET --with FOLDER` holds it against real mammograms"),
            "coverage": _coverage(data), "completeness": _completeness(data, bits), "consistency": _consistency(data),
            "comprehension": {
                "measured": False, "documentation": "anatomy, physics, recipe keys and columns are documented, each "
                "number with its source or the word estimate; the recipe and the seed make the same bytes again",
            },
            "constraint": _constraint(data), "compliance": _compliance(data),
        },
        "task_based_evaluation": _unmeasured("`phantom score DATASET MARKS` gives FROC, AFROC and ROC of a detector"),
        "human_based_evaluation": _unmeasured("`phantom observe` asks readers to choose between patches"),
        "ethical_considerations_limitations_recommendations": {"people": people(data), "limitations": LIMITS},
        "dataset_usage": {"preprocessing": "none needed", "intended": "training and testing of detectors"},
        "training_and_validation_process": {
            "model": "none that learns: breasts and calcifications grow by rules; a model of the machine images them",
            "split": dict(about.split),
        },
        "reference_dataset_information": _unmeasured("no patient's dataset was used"),
    }  # fmt: skip


def _unmeasured(how: str) -> dict[str, Any]:
    return {"measured": False, "how": how}


def _coverage(data: Dataset) -> dict[str, Any]:
    """How many values there are of what varies, and how evenly: Shannon's entropy over that of as many equal shares."""
    images = data.images
    values = {
        "laterality": images["laterality"], "view": images["view"], "breast_density": images["birads_density"],
        "detector": images["detector"], "image_class": images["class"], "kind": data.findings["kind"],
    }  # fmt: skip
    out: dict[str, Any] = {"measured": True}
    for name, column in values.items():
        counts = Counter(column.tolist())
        out[name] = {"counts": dict(sorted(counts.items())), "evenness": _evenness(list(counts.values()))}
    for name in ("age", "thickness_mm", "density"):
        column = images[name]
        low_to_high = (column.min(), np.median(column), column.max())
        out[name] = dict(zip(("lowest", "median", "highest"), map(_short, low_to_high), strict=True))
    return out


def _evenness(counts: list[int]) -> float | None:
    if len(counts) < 2:
        return None
    shares = [count / sum(counts) for count in counts]
    return _short(-sum(share * math.log(share) for share in shares) / math.log(len(counts)))


def _completeness(data: Dataset, bits: int) -> dict[str, Any]:
    found = rows(data, bits)
    there, empty = len(found[0]), sum(value == "" for row in found for value in row.values())
    return {
        "measured": True, "dictionary": "FDA DataCard-Metadata, digital mammography", "fields_present": there,
        "fields_absent": list(NO_PERSON), "missing_data_percentage": _short(100 * empty / (there * len(found))),
    }  # fmt: skip


def _consistency(data: Dataset) -> dict[str, Any]:
    """The share of calcifications that can be seen, by subgroup, and the largest share less the smallest."""
    density = dict(zip(data.images["image_id"].tolist(), data.images["birads_density"].tolist(), strict=True))
    groups = np.array([density[image_id] for image_id in data.calcifications["image_id"].tolist()], "U1")
    seen = data.calcifications["visible"]
    shares = {str(name): _short(seen[groups == name].mean()) for name in np.unique(groups)}
    spread = _short(max(shares.values()) - min(shares.values())) if shares else None
    return {"measured": True, "visible_calcifications_by_density": shares, "maximum_minimum_difference": spread}


def _constraint(data: Dataset) -> dict[str, Any]:
    """The share of calcifications whose box leaves the image or that have no pixel."""
    shape = {str(row["image_id"]): (int(row["rows"]), int(row["columns"])) for row in data.images}
    wrong = 0
    for row in data.calcifications:
        rows_, columns = shape[str(row["image_id"])]
        wrong += not (
            int(row["box_x_px"]) + int(row["box_w_px"]) <= columns
            and int(row["box_y_px"]) + int(row["box_h_px"]) <= rows_
            and float(row["area_mm2"]) > 0
        )
    count = len(data.calcifications)
    return {
        "measured": True, "calcifications": count, "constraint_violation_rate": _short(wrong / count) if count else 0.0,
        "more": "`phantom verify` counts the truth again against labels, tissue and solids",
    }  # fmt: skip


def _compliance(data: Dataset) -> dict[str, Any]:
    return {
        "measured": False, "privacy": people(data),
        "formats": "`phantom export --to dicom` writes Digital Mammography X-Ray images that dciodvfy passes",
    }  # fmt: skip


def _short(value: Any) -> float:
    return float(f"{float(value):.6g}")
