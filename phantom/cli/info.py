"""Say what is in a dataset: images, findings, sizes."""

from __future__ import annotations

import click

from phantom.cli._print import json_option, print_json


@click.command()
@click.argument("dataset", type=click.Path())
@json_option
def command(dataset: str, as_json: bool) -> None:
    """Say what is in DATASET: images, findings by kind and class, sizes, what made it."""
    import phantom
    from phantom.cli._summary import print_summary
    from phantom.dataset.summary import summary

    counts = summary(phantom.open(dataset))
    if as_json:
        print_json(counts)
    else:
        print_summary(counts)
