"""Put calcifications into your own normal mammograms, with the same truth as grown ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from phantom.cli._print import json_option, print_json


@click.command()
@click.argument("normals", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--preset", "name", metavar="NAME|FILE", help="A preset, or the file of a recipe of your own.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to.  [default: ./<preset's name>-inserted]")
@click.option("--per-image", type=click.IntRange(0), default=1, show_default=True,
              help="Findings of each breast, in all its views; 0: as the recipe has them by chance.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all that is drawn.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change a key of the recipe; may be repeated.")
@click.option("--workers", type=click.IntRange(1), help="How many processes.  [default: one a processor]")
@click.option("--resume", is_flag=True, help="Finish what is there: same bytes as if never stopped.")
@click.option("--overwrite", is_flag=True, help="Delete the dataset that is there first.")
@click.option("--check", is_flag=True, help="Only write a sheet per image, with what was found in it, to --out.")
@click.option(
    "--spacing-mm", type=click.FloatRange(0.02, 1),
    help="Side of a pixel at the breast, of every file: also of a DICOM file whose header says otherwise.",
)  # fmt: skip
@click.option(
    "--view",
    type=click.Choice(["CC", "MLO", "ML"]),
    help="The view of every file, in place of what header or file name says.",
)
@click.option("--laterality", type=click.Choice(["L", "R"]),
              help="The side of every file, in place of what header or file name says.")  # fmt: skip
@click.option("--detector", metavar="NAME|FILE", help="The unit of every file, in place of what its header names.")
@click.option("--contrast", type=click.FloatRange(0, min_open=True), metavar="GREY",
              help="Of displayed images: grey values per unit of the logarithm of the exposure.")  # fmt: skip
@click.option("--keep-header", is_flag=True,
              help="Keep the DICOM headers, the patient's name and dates too, for exports to DICOM.")  # fmt: skip
@json_option
def command(normals: tuple[Path, ...], name: str | None, check: bool, as_json: bool, **asked: Any) -> None:
    """Put calcifications into NORMALS: mammograms without any, as DICOM, PNG or TIFF files, folders or a CSV.

    The files are only read, and nothing leaves this machine. A PNG or TIFF needs --spacing-mm; view and
    side are read from the header or from a name such as 17_L_CC.png. A CSV has the columns file, spacing_mm,
    view, laterality, thickness_mm and woman, all except the first optional. docs/insert.md says what it can promise.
    """
    if asked["resume"] and asked["overwrite"]:
        raise click.UsageError("--resume and --overwrite exclude each other")
    if check:
        _check(normals, asked, as_json)
        return
    if name is None:
        raise click.UsageError("give --preset, or --check to look at the images only")
    from phantom.cli._progress import Bar
    from phantom.insert.run import Options, insert

    words = ("per_image", "spacing_mm", "view", "laterality", "detector", "contrast", "keep_header")
    options = Options(**{word: asked[word] for word in words})
    with Bar() as bar:
        summary, women = insert(
            normals, name, asked["out"], options, seed=asked["seed"], sets=asked["sets"], workers=asked["workers"],
            resume=asked["resume"], overwrite=asked["overwrite"], progress=bar,
        )  # fmt: skip
    for file, why in women.refused:
        click.echo(f"Left out: {file}: {why}", err=True)
    for text in women.warnings:
        click.echo(f"Warning: {text}", err=True)
    print_json({**summary.as_dict(), "refused": len(women.refused)}) if as_json else click.echo(summary.text())


def _check(normals: tuple[Path, ...], asked: dict[str, Any], as_json: bool) -> None:
    from phantom.insert import look

    report = look.check(normals, asked["out"] or Path("check"), asked["spacing_mm"], asked["view"], asked["laterality"])
    if as_json:
        print_json(report.as_dict())
    else:
        for line in report.lines():
            click.echo(line)
    for line in report.complaints():
        click.echo(line, err=True)
