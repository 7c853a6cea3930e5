"""Compare a dataset with real mammograms or another dataset: statistics, and how well they are told apart."""

from __future__ import annotations

from pathlib import Path

import click

from phantom.cli._print import json_option, print_json


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option(
    "--with",
    "reference",
    required=True,
    type=click.Path(path_type=Path),
    help="DICOM, PNG or TIFF files in a folder, a CSV that names them, or another dataset.",
)
@click.option("--spacing-mm", type=click.FloatRange(0.02, 0.2), help="Side of a pixel, where the file does not say.")
@click.option("--page", type=click.Path(path_type=Path), help="Write an HTML page with patches of both sides, mixed.")
@click.option("--network", is_flag=True, help="Also train a small network on the patches (needs PyTorch; minutes).")
@click.option(
    "--at-most",
    type=click.FloatRange(0.5, 1),
    metavar="AUC",
    help="Exit 1 if the features tell the sides apart better than this.",
)
@click.option("--images", type=click.IntRange(2), default=200, show_default=True, help="At most so many of each side.")
@click.option(
    "--patches", type=click.IntRange(4, 1000), default=32, show_default=True, help="At most so many of an image."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the network and the page.")
@click.option("--workers", type=click.IntRange(1), help="How many processes.  [default: one a processor]")
@json_option
def command(
    dataset: Path,
    reference: Path,
    spacing_mm: float | None,
    page: Path | None,
    network: bool,
    at_most: float | None,
    images: int,
    patches: int,
    seed: int,
    workers: int | None,
    as_json: bool,
) -> None:
    """Compare the images of DATASET with others, as displayed.

    DATASET is a dataset too, or a folder of files. The sides are measured by the same rules on patches of 18 mm;
    the table gives the mean and the range over women and the distance in standard deviations of reference images.
    A logistic model, always tested on women it was not trained on, then says how well the patches are told apart
    (AUC, 0.5 is chance) and by which features. Nothing leaves this machine; docs/compare.md explains every number.
    """
    from phantom.cli._progress import Bar
    from phantom.compare import report
    from phantom.compare.comparison import compare
    from phantom.errors import PhantomError

    with Bar("images") as bar:
        found = compare(
            dataset,
            reference,
            spacing_mm=spacing_mm,
            most_images=images,
            most_patches=patches,
            network=network,
            seed=seed,
            workers=workers,
            progress=bar.show,
        )
    if page is not None:
        from phantom.compare.page import write

        write(found, page, seed)
    for side in (found.dataset, found.reference):
        for name, why in side.refused:
            click.echo(f"Left out: {name}: {why}", err=True)
    if as_json:
        print_json(report.as_dict(found))
    else:
        click.echo("\n".join(report.lines(found)))
        if page is not None:
            click.echo(f"\nPatches of both sides, mixed: {page}")
    if at_most is not None and found.worst > at_most:
        raise PhantomError(f"the sides are told apart with an AUC of {found.worst:.3f}, above {at_most:g}")
