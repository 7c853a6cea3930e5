"""What `phantom info` says of a dataset."""

from __future__ import annotations

from typing import Any

import click

from phantom.cli._print import print_table

_MOST_REASONS = 10


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
            f"{counts['calcifications']} calcifications; {shown} of their {all_} appearances in a view can be seen (d' "
            f"of 4 or more against the tissue around them)"
        )
    else:
        click.echo("no findings")
    click.echo(f"images by class: {words(counts['images_by_class'])}; by density: {words(counts['images_by_density'])}")
    if counts["findings_without_a_place"]:
        click.echo(
            f"findings that found no place in their breast and were left out: {counts['findings_without_a_place']}"
        )
        reasons = counts["left_out"]
        for reason, count in list(reasons.items())[:_MOST_REASONS]:
            click.echo(f"  {count} x {reason}")
        if len(reasons) > _MOST_REASONS:
            click.echo(f"  and {len(reasons) - _MOST_REASONS} more reasons (manifest.json, dropped)")


def words(counts: dict[str, int]) -> str:
    """Counts as ``3 benign, 1 suspicious``."""
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"
