"""What is in a dataset, counted once for `phantom info` and for the words after `phantom generate`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from phantom.cli._print import print_table

if TYPE_CHECKING:
    from phantom.dataset import Dataset


def summary(data: Dataset) -> dict[str, Any]:
    """Counts and sizes, ready for JSON. A finding is counted once per case, however many views show it."""
    from phantom.dataset.format.files import folder_size

    images, findings, grains = data.images, data.findings, data.calcifications
    case_of = {str(row["image_id"]): int(row["case"]) for row in images}
    once = {(case_of[str(row["image_id"])], int(row["finding_id"])): row for row in findings}
    return {
        "folder": str(data.folder),
        "preset": data.manifest.preset,
        "seed": data.manifest.seed,
        "merged": [
            {key: source[key] for key in ("preset", "seed", "cases", "first_case")} for source in data.manifest.sources
        ],
        "generator": data.manifest.generator,
        "licence": "CC0-1.0",
        "cases": data.manifest.cases,
        "images": len(images),
        "views": _counts(images["view"]),
        "image_sizes": _counts(f"{row['rows']} x {row['columns']} at {row['pixel_spacing_mm']:g} mm" for row in images),
        "image_classes": _counts(images["class"]),
        "birads_density": _counts(images["birads_density"]),
        "findings": len(once),
        "findings_by_kind": _counts(row["kind"] for row in once.values()),
        "findings_by_class": _counts(row["class"] for row in once.values()),
        "findings_by_pathology": _counts(row["pathology"] for row in once.values()),
        "findings_without_a_place": sum(len(reasons) for reasons in data.manifest.dropped.values()),
        "calcifications": len({(case_of[str(row["image_id"])], int(row["calcification_id"])) for row in grains}),
        "calcification_views": len(grains),
        "visible_calcification_views": int(grains["visible"].sum()),
        "bytes": folder_size(data.folder),
    }


def print_summary(counts: dict[str, Any]) -> None:
    """The summary in plain words, on stdout."""
    from phantom.dataset.running.progress import size_text

    sizes = ", ".join(counts["image_sizes"])
    click.echo(
        f"{counts['images']} images of {counts['cases']} {'case' if counts['cases'] == 1 else 'cases'} ({sizes}) in "
        f"{counts['folder']}, {size_text(counts['bytes'])}"
    )
    seeds = ", ".join(dict.fromkeys(str(source["seed"]) for source in counts["merged"])) or counts["seed"]
    merged = f"merged of {len(counts['merged'])} datasets, " if counts["merged"] else ""
    click.echo(
        f"{merged}preset {counts['preset']}, seed {seeds}, made by {counts['generator']}, licence {counts['licence']}"
    )
    click.echo()
    if counts["findings"]:
        rows = [(kind, count) for kind, count in counts["findings_by_kind"].items()]
        print_table(["findings of kind", "number"], [*rows, ("all", counts["findings"])])
        click.echo()
        click.echo(
            f"by class: {words(counts['findings_by_class'])}; by pathology: {words(counts['findings_by_pathology'])}"
        )
        shown, all_ = counts["visible_calcification_views"], counts["calcification_views"]
        click.echo(
            f"{counts['calcifications']} calcifications; {shown} of their {all_} appearances in a view have a d' of "
            f"4 or more"
        )
    else:
        click.echo("no findings")
    click.echo(f"images by class: {words(counts['image_classes'])}; by density: {words(counts['birads_density'])}")
    if counts["findings_without_a_place"]:
        click.echo(
            f"{counts['findings_without_a_place']} findings found no place in their breast and were left out (see "
            f"manifest.json)"
        )


def words(counts: dict[str, int]) -> str:
    """Counts as ``3 benign, 1 suspicious``."""
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"


def _counts(values: Any) -> dict[str, int]:
    return dict(sorted(Counter(str(value) for value in values).items()))
