"""Check a dataset: every file's checksum, truth against labels."""

from __future__ import annotations

import click

from phantom.cli._print import json_option, print_json


@click.command()
@click.argument("dataset", type=click.Path())
@json_option
def command(dataset: str, as_json: bool) -> None:
    """Check that DATASET is whole: checksums, truth against labels, nothing missing, nothing foreign.

    Exit code 1, with what is wrong, if it is not.
    """
    from phantom.dataset.verify import verify

    problems = verify(dataset)
    if as_json:
        print_json({"folder": dataset, "whole": not problems, "problems": [str(problem) for problem in problems]})
    elif problems:
        click.echo(f"{dataset}: {len(problems)} {'problem' if len(problems) == 1 else 'problems'}")
        for problem in problems:
            click.echo(f"  {problem}")
        click.echo("The command that made it, with --resume, makes again what is damaged.")
    else:
        click.echo(f"{dataset} is whole.")
    if problems:
        raise click.exceptions.Exit(1)
