"""Hugging Face imagefolder: images with metadata.jsonl, a dataset card, Croissant and the FDA's scorecard.

`datasets.load_dataset("imagefolder", data_dir=...)` reads it; `objects` holds boxes as COCO has
them and classes as numbers (0 benign, 1 suspicious, 2 artefact).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phantom.exam.mammogram import Mammogram
from phantom.formats import _datacard as datacard
from phantom.formats._boxes import BOX_CLASSES, boxes
from phantom.formats._croissant import croissant
from phantom.formats._export import file_name, put, put_json, split_of, splits
from phantom.formats._format import Unit
from phantom.formats._options import Options
from phantom.formats._pixels import png, shown
from phantom.formats._scorecard import LIMITS, is_grown, scorecard
from phantom.formats._tiles import whole
from phantom.tables import attribute

if TYPE_CHECKING:
    from phantom.dataset import Dataset

OPTIONS: dict[str, object] = {"bits": 8, "window": "image", "level": "calcification", "split": ""}
_COLUMNS = (
    "image_id",
    "case",
    "variant",
    "laterality",
    "view",
    "pixel_spacing_mm",
    "thickness_mm",
    "density",
    "birads_density",
    "class",
)
# what the hub calls the parts of a split
_PARTS = {"val": "validation"}


def _place(image_id: str, part: str) -> str:
    return f"{_PARTS.get(part, part)}/{file_name(image_id)}.png"


def units(data: Dataset, options: Options) -> list[Unit]:
    """An image."""
    return [Unit(image_id, (_place(image_id, part),)) for image_id, part in split_of(data, options).items()]


def write(data: Dataset, unit: Unit, folder: Path, options: Options) -> None:
    """Write one image."""
    put(folder / unit.files[0], png(shown(data[unit.name], options.bits or 8, options.window or "image")))


def finish(data: Dataset, folder: Path, options: Options) -> None:
    """Write each part's ``metadata.jsonl``, the card ``README.md``, and what tells machines the same."""
    tables = {}
    for part, ids in splits(data, options).items():
        rows = [_metadata(data[image_id], part, options) for image_id in ids]
        name, text = _PARTS.get(part, part), "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        put(folder / name / "metadata.jsonl", text)
        if rows:
            tables[name] = f"{name}/metadata.jsonl", text, rows[0]
    bits = options.bits or 8
    cards = datacard.table(data, bits)
    put(folder / "datacard.csv", cards)
    tables["datacard"] = "datacard.csv", cards, datacard.rows(data, bits)[0]
    put_json(folder / "croissant.json", croissant(data, tables, "*/*.png"), indent=1)
    card = scorecard(data, bits)
    put_json(folder / "scorecard.json", card, indent=1)
    put(folder / "README.md", _card(data, list(splits(data, options)), card))


def _metadata(image: Mammogram, part: str, options: Options) -> dict[str, Any]:
    row = image.row
    found = boxes(whole(image.image_id, (row.rows, row.columns)), image, options.level or "calcification")
    objects = {
        "bbox": [[float(side) for side in box[:4]] for box in found],
        "categories": [BOX_CLASSES.index(box.label) for box in found],
        "kind": [box.row.kind for box in found],
        "finding_id": [box.row.finding_id for box in found],
    }
    if options.level != "finding":
        objects["dprime"] = [box.row.dprime for box in found]
    name = _place(image.image_id, part).partition("/")[2]
    return {"file_name": name, **{column: getattr(row, attribute(column)) for column in _COLUMNS}, "objects": objects}


def _size(count: int) -> str:
    for limit, name in ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K")):
        if count < limit:
            return name
    return "100K<n<1M"


def _card(data: Dataset, parts: list[str], card: dict[str, Any]) -> str:
    about, grown = data.manifest, is_grown(data)
    names = "\n".join(f"- {i}: {name}" for i, name in enumerate(BOX_CLASSES))
    files = "\n".join(f"  - split: {_PARTS.get(part, part)}\n    path: {_PARTS.get(part, part)}/**" for part in parts)
    people = "No patient is in them" if grown else "The mammograms are real, the calcifications are not"
    return f"""---
license: {"cc0-1.0" if grown else "other"}
pretty_name: Synthetic mammograms, {about.preset}
task_categories:
- object-detection
tags:
- synthetic
- mammography
- calcification
- medical
size_categories:
- {_size(len(data))}
configs:
- config_name: default
  data_files:
{files}
---

# Synthetic mammograms: {about.preset}

{len(data)} synthetic images of {about.cases} cases, made by {about.generator}
from the preset `{about.preset}` with seed {about.seed}. {people}, and nothing here is for diagnosis.

`objects.bbox` holds boxes as [x, y, width, height] in pixels, `objects.categories` classes:

{names}

A class follows from the BI-RADS category: 4A and above is suspicious.

## Scorecard

{_score_table(card)}

`scorecard.json` has it in full: sections and criteria are those of the scorecard for synthetic medical data
(Zamzmi et al. 2025). `datacard.csv` names metadata as the FDA's dictionary for digital mammography does, and
`croissant.json` is the Croissant description with its part on responsible use.

## Limits

{LIMITS}
"""


def _score_table(card: dict[str, Any]) -> str:
    """The seven criteria, what was measured of each, or how it can be."""
    lines = ["| criterion | what is known |", "|---|---|"]
    for name, found in card["data_quality_evaluation"].items():
        if not found["measured"]:
            text = found.get("how") or found.get("documentation") or found.get("privacy") or ""
            lines.append(f"| {name} | not measured; {text[:1].lower()}{text[1:]} |")
            continue
        numbers = [
            f"{key.replace('_', ' ')} {value}"
            for key, value in found.items()
            if isinstance(value, float | int) and not isinstance(value, bool)
        ]
        lines.append(f"| {name} | {', '.join(numbers) or 'counts and evenness in scorecard.json'} |")
    return "\n".join(lines)
