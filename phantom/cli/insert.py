"""Put calcifications into your own normal mammograms, with the same truth as grown ones."""

from __future__ import annotations

from pathlib import Path

import click

from phantom.cli._print import json_option, print_json


@click.command()
@click.argument("normals", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Only write a sheet per image, with what was found in it, to --out.")
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write.")
@click.option("--spacing-mm", type=click.FloatRange(0.02, 1), help="Side of a pixel at the breast, where the file does not say.")
@click.option("--view", type=click.Choice(["CC", "MLO", "ML"]), help="The view, where neither header nor file name says.")
@click.option("--laterality", type=click.Choice(["L", "R"]), help="The side, where neither header nor file name says.")
@json_option
def command(
    normals: tuple[Path, ...], check: bool, out: Path | None, spacing_mm: float | None, view: str | None, laterality: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Look at NORMALS: mammograms without calcifications, as DICOM, PNG or TIFF files, folders or a CSV.

    The files are never written to, and nothing leaves this machine. A PNG or TIFF needs --spacing-mm; view and
    side are read from the header or from a name such as 17_L_CC.png. A CSV has the columns file, spacing_mm,
    view, laterality, thickness_mm and woman, all but the first optional.
    """
    from phantom.errors import UsageError
    from phantom.insert import look

    if not check:
        raise UsageError("say --check: only the check sheets are made")
    report = look.check(normals, out or Path("check"), spacing_mm, view, laterality)
    if as_json:
        print_json(report.as_dict())
    else:
        for line in report.lines():
            click.echo(line)
    for line in report.complaints():
        click.echo(line, err=True)
