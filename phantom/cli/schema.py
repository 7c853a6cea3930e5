"""Print the JSON Schema of recipes, for editors that check and complete while one is written."""

from __future__ import annotations

import click

from phantom.cli._print import print_json


@click.command()
def command() -> None:
    """Print the JSON Schema of recipes.

    An editor with a TOML language server then completes keys and marks mistakes: save it
    (`phantom schema > recipe.schema.json`), and let a recipe begin with the line `#:schema ./recipe.schema.json`.
    """
    from phantom.exam.recipe_schema import recipe_schema

    print_json(recipe_schema())
