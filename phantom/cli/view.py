"""Make a page to look at a dataset with, or contact sheets."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phantom.cli._print import json_option, print_json
from phantom.errors import UsageError

if TYPE_CHECKING:
    from phantom.viewer.detector import Detector

# the page has two shapes and two colours for marks
MOST_DETECTORS = 2
_EVERY_S = 10.0


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
    import phantom

    if len(marks) > MOST_DETECTORS:
        raise UsageError(f"--marks: at most {MOST_DETECTORS} detectors fit on one page, not {len(marks)}")
    data = phantom.open(dataset)
    folder = dataset.resolve()
    if png:
        from phantom.viewer.sheets import sheets

        written = sheets(data, out or folder.with_name(f"{folder.name}-sheets"))
    else:
        from phantom.viewer.page import write

        place = out or folder.with_name(f"{folder.name}-view.html")
        title = f"{data.manifest.preset}, seed {data.manifest.seed}"
        written = write(data, place, title, _detectors(data, marks), ticked=_ticker(len(data)))
    if as_json:
        print_json({"written": [str(path) for path in written]})
    else:
        click.echo("\n".join(f"{path}" for path in written))


def _detectors(data: Any, paths: Sequence[Path]) -> list[Detector]:
    """Each file's marks, matched."""
    if not paths:
        return []
    from phantom.dataset.format.key import key_of
    from phantom.scoring.lesions import gather
    from phantom.scoring.read import read
    from phantom.viewer.detector import matched

    images = gather(data)
    names = [path.stem for path in paths]
    if len(set(names)) < len(names):
        names = [str(path) for path in paths]
    key = key_of(data.manifest)
    return [matched(name, read(path, images, key=key), images) for name, path in zip(names, paths, strict=True)]


def _ticker(count: int) -> Callable[[int], None]:
    """A line on stderr now and then."""
    last = time.monotonic()

    def ticked(done: int) -> None:
        nonlocal last
        if time.monotonic() - last > _EVERY_S:
            last = time.monotonic()
            sys.stderr.write(f"{done} of {count} images\n")
            sys.stderr.flush()

    return ticked
