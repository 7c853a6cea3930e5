"""COCO instances: PNG images and one JSON with boxes, run-length coded masks and the truth's numbers.

Images without findings are kept, ids start from 1, `area` and `bbox` are floats, and `segmentation`
is COCO's compressed run-length code as text. Categories are 1 benign, 2 suspicious, 3 artefact.
Annotations also carry kind, finding_id, calcification_id, BI-RADS words, diameter_mm, contrast, sdnr,
dprime and visible.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from phantom import rle
from phantom.exam.mammogram import Mammogram
from phantom.formats._boxes import BOX_CLASSES
from phantom.formats._croissant import CC0
from phantom.formats._export import file_name, put, put_json, split_of, splits
from phantom.formats._format import Unit
from phantom.formats._options import Options
from phantom.formats._pixels import png, shown, window_of
from phantom.formats._tiles import Tile, box_in, grains_in, tiles
from phantom.geometry.hull import area as polygon_area
from phantom.tables import FindingRow, ImageRow, attribute, rows_of

if TYPE_CHECKING:
    from phantom.dataset import Dataset

OPTIONS: dict[str, object] = {
    "bits": 8,
    "window": "image",
    "tile": 0,
    "overlap": 128,
    "level": "calcification",
    "keypoints": False,
    "split": "",
}
CATEGORIES = {name: number for number, name in enumerate(BOX_CLASSES, start=1)}
_NUMBERS = (
    "diameter_mm", "extent_mm", "thickness_mm", "mass_mg", "contrast", "sdnr", "dprime", "dprime_structured",
)  # fmt: skip
_WORDS = ("kind", "cause", "descriptor", "distribution", "category", "class", "pathology")


def parts(row: ImageRow, options: Options) -> list[Tile]:
    """The tiles of one image, or the image itself."""
    return tiles(row.image_id, (row.rows, row.columns), options.tile or 0, options.overlap or 0)


def units(data: Dataset, options: Options) -> list[Unit]:
    """An image, or its tiles."""
    return [
        Unit(row.image_id, tuple(f"images/{file_name(part.name)}.png" for part in parts(row, options)))
        for row in rows_of(ImageRow, data.images)
    ]


def write(data: Dataset, unit: Unit, folder: Path, options: Options) -> None:
    """Write one image, or its tiles."""
    image = data[unit.name]
    pixels = shown(image, options.bits or 8, options.window or "image")
    for part, file in zip(parts(image.row, options), unit.files, strict=True):
        put(folder / file, png(part.cut(pixels)))


def finish(data: Dataset, folder: Path, options: Options) -> None:
    """Write ``annotations.json``, and one for each part of the dataset's split."""
    whole = document(data, options)
    put_json(folder / "annotations.json", whole)
    if len(splits(data, options)) > 1:
        of = split_of(data, options)
        for name in splits(data, options):
            images = [image for image in whole["images"] if of[image["image_id"]] == name]
            ids = {image["id"] for image in images}
            some = [annotation for annotation in whole["annotations"] if annotation["image_id"] in ids]
            put_json(folder / f"annotations-{name}.json", {**whole, "images": images, "annotations": some})


def document(data: Dataset, options: Options) -> dict[str, Any]:
    """The whole COCO document of a dataset."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image in data:
        for part in parts(image.row, options):
            images.append({"id": len(images) + 1, **_image(image, part, options)})
            found = (
                _findings(image, part)
                if options.level == "finding"
                else _calcifications(image, part, bool(options.keypoints))
            )
            for annotation in found:
                annotations.append({"id": len(annotations) + 1, "image_id": len(images), **annotation})
    about = {
        "description": f"synthetic mammograms, preset {data.manifest.preset}, seed {data.manifest.seed}",
        "version": data.manifest.generator, "contributor": "phantom",
    }  # fmt: skip
    more = {"keypoints": ["centre"], "skeleton": []} if options.keypoints else {}
    return {
        "info": about,
        "licenses": [{"id": 1, "name": data.manifest.licence, "url": "" if data.manifest.is_inserted else CC0}],
        "categories": [
            {"id": i, "name": name, "supercategory": "calcification", **more} for name, i in CATEGORIES.items()
        ],
        "images": images,
        "annotations": annotations,
    }


def _image(image: Mammogram, part: Tile, options: Options) -> dict[str, Any]:
    row = image.row
    window = (
        window_of(options.window or "image", image.window_center, image.window_width, row.largest)
        if options.bits == 8
        else (0.0, float(row.largest))
    )
    return {
        "file_name": f"images/{file_name(part.name)}.png", "width": part.columns, "height": part.rows, "license": 1,
        "image_id": row.image_id, "tile_x": part.column, "tile_y": part.row, "window": list(window),
        "case": row.case, "variant": row.variant, "laterality": row.laterality, "view": row.view,
        "pixel_spacing_mm": row.pixel_spacing_mm, "density": row.density, "birads_density": row.birads_density,
        "class": row.class_,
    }  # fmt: skip


def _calcifications(image: Mammogram, part: Tile, keypoints: bool) -> Iterator[dict[str, Any]]:
    findings = {finding.row.finding_id: finding.row for finding in image.findings}
    for grain, runs in grains_in(part, image):
        counts = rle.coco_counts(runs, (part.rows, part.columns))
        box = rle.box(runs, part.columns)
        finding = findings[grain.row.finding_id]
        annotation: dict[str, Any] = {
            "category_id": CATEGORIES[finding.class_], "iscrowd": 0,
            "bbox": [float(side) for side in box],
            "area": float(np.asarray(runs)[:, 1].sum()),
            "segmentation": {"size": [part.rows, part.columns], "counts": rle.coco_text(counts)},
            "finding_id": grain.row.finding_id, "calcification_id": grain.row.calcification_id,
            **_words(finding), "kind": grain.row.kind,
            **{name: getattr(grain.row, name) for name in _NUMBERS}, "visible": grain.row.visible,
        }  # fmt: skip
        if keypoints:
            # COCO's coordinates start at a pixel's corner, ours at its centre
            x, y = grain.row.x_px + 0.5 - part.column, grain.row.y_px + 0.5 - part.row
            inside = 0 <= x <= part.columns and 0 <= y <= part.rows
            annotation |= {
                "keypoints": [float(x), float(y), 2] if inside else [0.0, 0.0, 0],
                "num_keypoints": int(inside),
            }
        yield annotation


def _words(finding: FindingRow) -> dict[str, str]:
    return {word: getattr(finding, attribute(word)) for word in _WORDS}


def _findings(image: Mammogram, part: Tile) -> Iterator[dict[str, Any]]:
    for finding in image.findings:
        box = box_in(part, finding.row)
        if box is None:
            continue
        outline = _outline(finding.hull_px, box, part)
        yield {
            "category_id": CATEGORIES[finding.row.class_], "iscrowd": 0,
            "bbox": [float(side) for side in box],
            "area": polygon_area(outline), "segmentation": [[float(number) for number in outline.ravel()]],
            "finding_id": finding.row.finding_id, **_words(finding.row),
            "n_calcifications": finding.row.n_calcifications, "extent_mm": finding.row.extent_mm,
        }  # fmt: skip


def _outline(hull_px: Any, box: tuple[int, int, int, int], part: Tile) -> Any:
    """The hull in the tile, clipped to its box there; the box's corners where there is no polygon."""
    x, y, w, h = box
    hull = np.asarray(hull_px, float).reshape(-1, 2) + 0.5 - (part.column, part.row)
    hull = np.clip(hull, (x, y), (x + w, y + h))
    if len(hull) >= 3 and polygon_area(hull) > 0:
        return np.round(hull, 3)
    return np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], float)

