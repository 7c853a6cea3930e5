"""Score a detector's marks against the truth: FROC, AFROC, ROC, by kind and size, with intervals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phantom.cli._print import json_option, print_json

if TYPE_CHECKING:
    from phantom.dataset import Dataset
    from phantom.scoring.score import Score


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.argument("marks", type=click.Path(path_type=Path))
@click.option(
    "--against", type=click.Path(path_type=Path), help="Marks of a second detector, compared on the same cases."
)
@click.option("--trained-on", type=click.Path(path_type=Path), multiple=True, metavar="DATASET",
              help="What the detector was trained on: refused if it shows women of DATASET.")  # fmt: skip
@click.option("--level", type=click.Choice(["calcification", "finding"]), default="calcification", show_default=True,
              help="What each mark is meant for.")  # fmt: skip
@click.option("--target", type=click.Choice(["calcification", "suspicious", "malignant"]), default="calcification",
show_default=True,
              help="What is to be found: all but artefacts, BI-RADS 4A and above, or the malignant ones.")  # fmt: skip
@click.option(
    "--tolerance-mm", type=click.FloatRange(0, 20), default=0.5, show_default=True, help="Largest distance of a hit."
)
@click.option("--min-dprime", type=click.FloatRange(0), default=1.0, show_default=True,
              help="Calcifications below this d' do not count; 4 counts only visible ones.")  # fmt: skip
@click.option(
    "--box-iou",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.2,
    show_default=True,
    help="Overlap of the box rule.",
)
@click.option("--at", type=click.FloatRange(0), default=1.0, show_default=True,
              help="False marks per image at which kinds, sizes and causes are reported.")  # fmt: skip
@click.option(
    "--bootstrap",
    "resamples",
    type=click.IntRange(1, 100_000),
    default=1000,
    show_default=True,
    help="Resamples of the cases.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the resamples.")
@click.option("--plot", type=click.Path(path_type=Path), help="Write the FROC curves to this file (.svg or .png).")
@click.option(
    "--rjafroc",
    type=click.Path(path_type=Path),
    help="Write the ratings as RJafroc's tables (.xlsx, or a folder of CSVs).",
)
@click.option("--full", is_flag=True, help="All figures: rules, areas, strata, notes.")
@click.option("--html", type=click.Path(path_type=Path),
              help="Write one page: curves, tables, and the worst misses and false marks as pictures.")  # fmt: skip
@json_option
def command(
    dataset: Path, marks: Path, against: Path | None, trained_on: tuple[Path, ...], level: str, target: str,
    tolerance_mm: float, min_dprime: float, box_iou: float,
    at: float, resamples: int, seed: int, plot: Path | None, rjafroc: Path | None,
    full: bool, html: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Score the MARKS of a detector against the truth of DATASET.

    MARKS are COCO results (.json), a table (.csv with image_id, x, y, score), a folder of score
    maps (<image_id>.npy or .png), or Mammography CAD SRs (.dcm). Unknown images are refused;
    images without marks count as such. docs/scoring.md tells the rules.
    """
    import phantom
    from phantom.dataset.format.key import key_of
    from phantom.dataset.women import refuse_known
    from phantom.scoring import brief
    from phantom.scoring.lesions import gather
    from phantom.scoring.match import Rules
    from phantom.scoring.read import read
    from phantom.scoring.report import as_dict, text
    from phantom.scoring.score import score

    data = phantom.open(dataset)
    refuse_known(data, [phantom.open(folder) for folder in trained_on])
    images = gather(data)
    rules = Rules(tolerance_mm, min_dprime, target, box_iou)  # type: ignore[arg-type]
    paths = [marks] if against is None else [marks, against]
    scores = [score(read(path, images, level == "finding", key_of(data.manifest)), images, rules) for path in paths]
    report = as_dict(scores[0], scores[1] if against is not None else None, at, resamples, seed)
    if plot is not None or html is not None:
        _pictures(plot, html, data, scores, report, (at, resamples, seed))
    if rjafroc is not None:
        from phantom.scoring.rjafroc import write

        write(rjafroc, {(str(i), "1"): found.main.ratings for i, found in enumerate(scores, start=1)})
    if as_json:
        print_json(report)
    else:
        click.echo(text(report) if full else brief.text(report))


def _pictures(
    path: Path | None, html: Path | None, data: Dataset, scores: list[Score], report: dict[str, Any],
    asked: tuple[float, int, int],
) -> None:  # fmt: skip
    from phantom.scoring import brief, plot

    drawn = plot.drawn({found.marks.source: found.main.ratings for found in scores}, *asked)
    title = brief.headline(report)
    if path is not None:
        plot.write(path, drawn, title)
    if html is not None:
        from phantom.viewer.score_page import write

        write(html, data, scores[0], report, plot.svg(drawn, title))
