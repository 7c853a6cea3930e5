"""Put several datasets, or the shards of one job, into one."""

from __future__ import annotations

import click

from phantom.cli._print import json_option, print_json


@click.command()
@click.argument("datasets", type=click.Path(), nargs=-1, required=True)
@click.option("--out", required=True, metavar="DIR", help="The new dataset's folder.")
@click.option("--resume", is_flag=True, help="Go through a finished merge again; an unfinished one goes on by itself.")
@click.option("--overwrite", is_flag=True, help="Delete the dataset that is there first.")
@click.option("--paired", is_flag=True, help="Let the same women stand in several of them.")
@json_option
def command(
    datasets: tuple[str, ...], out: str, resume: bool, overwrite: bool, paired: bool, as_json: bool
) -> None:
    """Merge DATASETS into a new one.

    The first keeps its case numbers; the others' follow. Shards of one job (generate
    --shard) become the very dataset that one run would have made. Datasets that show the same
    women (the same recipe and seed, such as a rerendered one) need --paired. A merge that was stopped
    is finished by the same command.
    """
    from phantom.dataset.merge import merge

    summary = merge(datasets, out, overwrite, paired, resume=resume)
    if as_json:
        print_json(summary.as_dict())
    else:
        click.echo(summary.text())
