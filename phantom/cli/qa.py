"""Image the field's test objects, and print what was measured beside what is published."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from phantom.cli._print import json_option, print_json, print_table


@click.command()
@click.option("--detector", default="hologic-selenia-dimensions", show_default=True, help="A name, or a .toml file.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Of the noise.")
@click.option("--quick", is_flag=True, help="Fewer CDMAM images, and not at several doses.")
@click.option("--write", type=click.Path(path_type=Path), help="Also write physics.md and its pictures to this folder.")
@json_option
def command(detector: str, seed: int, quick: bool, write: Path | None, as_json: bool) -> None:
    """Image uniform slabs, edges, steps, CDMAM 3.4 and the ACR phantoms through the same machine as breasts.

    Prints each measurement beside the published value. Exit code 1 if one lies outside its range.
    """
    from phantom.imaging.detector import Detector
    from phantom.qa import report
    from phantom.recipe.seed import Seed

    machine = Detector(detector)
    name = machine.unit.name  # a wrong name is said before anything is measured
    measured = list(report.rows(machine, Seed(seed), images=8 if quick else 16, dose_images=0 if quick else 16))
    if write is not None:
        from phantom.qa import pages

        pages.write(write, machine, measured)
    failed = [row for row in measured if not row.passed]
    if as_json:
        print_json(
            {
                "detector": name,
                "passed": not failed,
                "rows": [{**asdict(row), "passed": row.passed} for row in measured],
            }
        )
    else:
        print_table(
            ["", "quantity", "measured", "published"],
            [("ok" if row.passed else "OUT", row.quantity, f"{row.measured:.4g}", row.reference) for row in measured],
        )
        click.echo(f"\n{name}: {len(measured) - len(failed)} of {len(measured)} within their ranges.")
    if failed:
        raise click.exceptions.Exit(1)
