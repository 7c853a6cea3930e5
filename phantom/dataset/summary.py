"""What is in a dataset: counts and sizes, as `phantom info` tells them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from phantom.dataset.dataset import Dataset
from phantom.dataset.format.count import Count
from phantom.dataset.format.files import folder_size
from phantom.tables import ImageRow, rows_of


def summary(data: Dataset) -> dict[str, Any]:
    """Counts and sizes, ready for JSON. A finding is counted once per case, however many views show it."""
    count, manifest = Count(), data.manifest
    count.add({"images": data.images, "findings": data.findings, "calcifications": data.calcifications})
    sizes = Counter(
        f"{row.rows} x {row.columns} at {row.pixel_spacing_mm:g} mm" for row in rows_of(ImageRow, data.images)
    )
    left_out = Counter(reason for reasons in manifest.dropped.values() for reason in reasons)
    return {
        "folder": str(data.folder),
        "preset": manifest.preset,
        "seed": manifest.seed,
        "merged": [
            {key: source[key] for key in ("preset", "seed", "cases", "first_case")} for source in manifest.sources
        ],
        "generator": manifest.generator,
        "licence": manifest.licence,
        "cases": manifest.cases,
        **count.as_dict(),
        "image_sizes": dict(sorted(sizes.items())),
        "findings_without_a_place": left_out.total(),
        "left_out": dict(left_out.most_common()),
        "bytes": folder_size(data.folder),
    }
