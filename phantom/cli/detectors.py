"""List the detectors, or print one's data file."""

from __future__ import annotations

from dataclasses import asdict

import click

from phantom.cli._print import json_option, print_json, print_table


@click.command()
@click.argument("name", required=False)
@json_option
def command(name: str | None, as_json: bool) -> None:
    """List the detectors with one line each; or print the data file of NAME, ready to copy and change.

    A recipe takes one by `detector.name`, or a file of your own by its path.
    """
    from phantom.imaging import mammography_units

    if name is not None:
        if as_json:
            print_json(asdict(mammography_units.load(name)))
        else:
            click.echo(mammography_units.text(name), nl=False)
        return
    known = [mammography_units.load(each) for each in mammography_units.names()]
    if as_json:
        print_json([asdict(each) for each in known])
    else:
        print_table(
            ["detector", "pixels", "pitch", "what it is"],
            [(s.name, f"{s.rows} x {s.columns}", f"{s.pitch_mm:g} mm", s.says) for s in known],
        )
