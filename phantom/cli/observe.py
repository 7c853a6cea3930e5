"""Let people choose between two patches, and score how often they are right."""

from __future__ import annotations

from pathlib import Path

import click

from phantom.cli._print import json_option, print_json


@click.command()
@click.argument("dataset", nargs=-1, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The page.  [default: <dataset>-observe.html]")
@click.option("--against", type=click.Path(path_type=Path),
              help="A dataset of grown images: ask which of the two is real instead.")  # fmt: skip
@click.option("--pairs", type=click.IntRange(1, 1000), default=60, show_default=True, help="How many, at most.")
@click.option("--patch-px", type=click.IntRange(64, 1024), default=384, show_default=True, help="Side of a patch.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the choice and the order.")
@click.option(
    "--score", "answers", multiple=True, type=click.Path(path_type=Path), help="Score these answers; repeatable."
)
@json_option
def command(
    dataset: tuple[Path, ...], out: Path | None, against: Path | None, pairs: int, patch_px: int, seed: int,
    answers: tuple[Path, ...], as_json: bool,
) -> None:  # fmt: skip
    """Write a page of pairs of patches of DATASET for a person to choose between; or --score what they chose.

    By default one patch of each pair holds calcifications, and the other is the same place in the twin without
    (exam.twins=["clean"]). With --against the question is which is real: DATASET holds what `phantom insert` made,
    the other one grown images of the same kinds. Patches are shown pixel by pixel. The page needs no server;
    answers stay in it until they are saved as JSON.

    --score gives the proportion of right answers with its 95 % interval, and a test whether it is equivalent to
    chance within 10 points (two one-sided tests).
    """
    from phantom.errors import UsageError
    from phantom.scoring import observed

    if answers:
        result = observed.score([observed.read(path) for path in answers])
        print_json(result.as_dict()) if as_json else click.echo(result.text())
        return
    if len(dataset) != 1:
        raise UsageError("give one DATASET, or --score answers.json")
    import phantom
    from phantom.viewer.pairs import page_of

    other = None if against is None else phantom.open(against)
    place, shown, question = page_of(phantom.open(dataset[0]), out, other, pairs, patch_px, seed)
    if as_json:
        print_json({"written": str(place), "pairs": shown, "question": question})
    else:
        click.echo(f"{place}: {shown} pairs; open it in a browser, then: phantom observe --score answers.json")
