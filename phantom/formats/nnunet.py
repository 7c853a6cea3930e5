"""nnU-Net version 2: PNG images and label maps of classes, with dataset.json.

Labels are 0 background, 1 benign, 2 suspicious, 3 artefact. Images of a ``test`` part of the
split go to ``imagesTs``; the others are for training, and ``splits_final.json`` keeps ``val`` apart.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from phantom.formats import _pairs
from phantom.formats._boxes import BOX_CLASSES
from phantom.formats._export import file_name, put_json, split_of, splits
from phantom.formats._format import Unit
from phantom.formats._options import Options

if TYPE_CHECKING:
    from phantom.dataset import Dataset

OPTIONS: dict[str, object] = {"bits": 16, "window": "image", "split": ""}
NAME = "Dataset501_Phantom"

write = _pairs.write


def units(data: Dataset, options: Options) -> list[Unit]:
    """An image and its label map."""
    out = []
    for image_id, part in split_of(data, options).items():
        kind, name = "Ts" if part == "test" else "Tr", file_name(image_id)
        out.append(Unit(image_id, (f"{NAME}/images{kind}/{name}_0000.png", f"{NAME}/labels{kind}/{name}.png")))
    return out


def finish(data: Dataset, folder: Path, options: Options) -> None:
    """Write ``dataset.json``, and ``splits_final.json`` where there is a part to validate with."""
    parts = splits(data, options)
    training = [file_name(i) for name, ids in parts.items() if name != "test" for i in ids]
    description = {
        "channel_names": {"0": "mammogram"}, "labels": {"background": 0, **{name: i for i,
        name in enumerate(BOX_CLASSES, start=1)}},
        "numTraining": len(training), "file_ending": ".png", "name": "phantom", "licence": data.manifest.licence,
        "description": f"synthetic mammograms, preset {data.manifest.preset}, seed {data.manifest.seed}",
    }  # fmt: skip
    put_json(folder / NAME / "dataset.json", description, indent=1)
    if "val" in parts:
        val = {file_name(i) for i in parts["val"]}
        fold = {"train": [name for name in training if name not in val], "val": sorted(val)}
        put_json(folder / NAME / "splits_final.json", [fold], indent=1)
