"""Make a page to look at a dataset with, or contact sheets."""

from __future__ import annotations

from pathlib import Path

import click

from phantom.cli._print import json_option, print_json


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="The page, by default DATASET-view.html; with --png a folder."
)
@click.option(
    "--marks",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A detector's marks to draw over the truth, as `phantom score` reads them; twice to compare two detectors.",
)
@click.option("--png", is_flag=True, help="Contact sheets in place of a page.")
@json_option
def command(dataset: Path, out: Path | None, marks: tuple[Path, ...], png: bool, as_json: bool) -> None:
    """Make one HTML page of DATASET: no server and no network; open it in any browser.

    Lists of images, findings and marks to filter and sort; 16-bit images at full resolution with
    window, ruler and magnifier; right and left, CC and MLO, priors and twins hung together; a
    detector's hits, misses and false marks at any score. Images of large datasets go into a folder
    beside the page.
    """
    if png:
        import phantom
        from phantom.viewer.sheets import sheets

        folder = dataset.resolve()
        written = sheets(phantom.open(dataset), out or folder.with_name(f"{folder.name}-sheets"))
    else:
        from phantom.cli._progress import Bar
        from phantom.viewer.view import view

        with Bar("images") as bar:
            written = view(dataset, out, marks, bar.show)
    if as_json:
        print_json({"written": [str(path) for path in written]})
    else:
        click.echo("\n".join(f"{path}" for path in written))
