"""Make a page to look at a dataset with, or contact sheets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phantom.cli._print import json_option, print_json

if TYPE_CHECKING:
    from phantom.viewer.page import Overlay


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="The page, by default DATASET-view.html; with --png a folder."
)
@click.option(
    "--marks",
    type=click.Path(path_type=Path),
    help="A detector's marks to draw over the truth, as `phantom score` reads them.",
)
@click.option("--png", is_flag=True, help="Contact sheets in place of a page.")
@json_option
def command(dataset: Path, out: Path | None, marks: Path | None, png: bool, as_json: bool) -> None:
    """Make one HTML page of DATASET: no server and no network; open it in any browser.

    Filters, full-resolution 16-bit images with window and level, outlines and truth under the
    pointer, CC and MLO side by side. Images of large datasets go into a folder beside the page.
    """
    import phantom

    data = phantom.open(dataset)
    folder = dataset.resolve()
    if png:
        from phantom.viewer.sheets import sheets

        written = sheets(data, out or folder.with_name(f"{folder.name}-sheets"))
    else:
        from phantom.viewer.page import write

        place = out or folder.with_name(f"{folder.name}-view.html")
        overlay = _overlay(data, marks) if marks is not None else None
        written = write(data, place, f"{data.manifest.preset}, seed {data.manifest.seed}", overlay)
    if as_json:
        print_json({"written": [str(path) for path in written]})
    else:
        click.echo("\n".join(f"{path}" for path in written))


def _overlay(data: Any, path: Path) -> Overlay:
    """The marks with their fates, and the FROC curve."""
    from phantom.dataset.format.key import key_of
    from phantom.scoring import froc, plot
    from phantom.scoring.lesions import gather
    from phantom.scoring.read import read
    from phantom.scoring.score import score
    from phantom.viewer.page import Overlay, Shown

    images = gather(data)
    found = score(read(path, images, key=key_of(data.manifest)), images)
    match = found.main.match
    marks: dict[str, list[Shown]] = {}
    if match is not None:
        for row, lesion in zip(match.mark_rows, match.mark_lesion, strict=True):
            fate = "false" if lesion == -1 else "ignored" if lesion == -2 else "hit"
            shown = Shown(float(row["x_px"]), float(row["y_px"]), float(row["score"]), fate)
            marks.setdefault(images[row["image"]].image_id, []).append(shown)
    curve = froc.froc(found.main.ratings)
    # as many marks as a reader would bear: those of one false mark an image
    return Overlay(marks, plot.svg({path.name: curve}), curve.at(1.0)[1])
