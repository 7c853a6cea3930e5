"""List the presets, or print one to copy and edit."""

from __future__ import annotations

import click

from phantom.cli._print import json_option, print_json, print_table


@click.command()
@click.argument("name", required=False)
@json_option
def command(name: str | None, as_json: bool) -> None:
    """List the presets with one line each; or print the one called NAME as TOML.

    A recipe of your own starts as a copy: `phantom presets benign > mine.toml`.
    """
    from phantom.recipe import presets as recipes

    if name is None:
        rows = [(preset, recipes.summary(preset)) for preset in recipes.names()]
        if as_json:
            print_json([{"name": preset, "description": summary} for preset, summary in rows])
        else:
            print_table(["preset", "what it is for"], rows)
    elif as_json:
        from phantom.exam import preset as presets

        print_json(presets.load(name).resolved())
    else:
        click.echo(recipes.text(name), nl=False)
