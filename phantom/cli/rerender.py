"""Render a dataset's scenes again on another detector, at another dose or beam."""

from __future__ import annotations

import click

from phantom.cli._print import json_option, print_json


@click.command()
@click.argument("dataset", type=click.Path())
@click.option("--out", required=True, metavar="DIR", help="The new dataset's folder.")
@click.option("--detector", metavar="NAME|FILE", help="Another detector, as `phantom detectors` lists them.")
@click.option("--dose-factor", type=float, metavar="X", help="Times the dose it had.")
@click.option("--dose-mgy", type=click.FloatRange(0, min_open=True), metavar="X", help="Mean glandular dose, mGy.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change a key of the machine; may be repeated.")
@click.option(
    "--new-noise", type=click.IntRange(0), metavar="SEED", help="Draw the quantum noise again.  [default: as it was]"
)
@click.option("--workers", type=click.IntRange(1), help="How many processes.  [default: one a processor]")
@click.option("--resume", is_flag=True, help="Finish what is there: same bytes as if never stopped.")
@click.option("--overwrite", is_flag=True, help="Delete the dataset that is there first.")
@json_option
def command(
    dataset: str, out: str, detector: str | None, dose_factor: float | None, dose_mgy: float | None, sets: tuple[str,
    ...],
    new_noise: int | None, workers: int | None, resume: bool, overwrite: bool, as_json: bool,
) -> None:  # fmt: skip
    """Render the scenes stored in DATASET again: the same breasts and calcifications on another machine.

    The truth is measured again; nothing is drawn again, and the noise stays as it was unless --new-noise
    is given. Keys of --set are those of beam, exposure, scatter, detector and presentation, and of exam what
    says which images are made: twins, magnification, patches.
    """
    if resume and overwrite:
        raise click.UsageError("--resume and --overwrite exclude each other")
    from phantom.cli._progress import Bar
    from phantom.dataset.rerender import rerender

    with Bar() as bar:
        summary = rerender(
            dataset, out, detector=detector, dose_factor=dose_factor, dose_mgy=dose_mgy, sets=sets, new_noise=new_noise,
            workers=workers, resume=resume, overwrite=overwrite, progress=bar,
        )  # fmt: skip
    if as_json:
        print_json(summary.as_dict())
    else:
        click.echo(summary.text())
