"""List the kinds of calcification, or describe one and its recipe keys."""

from __future__ import annotations

import inspect
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from phantom.cli._print import json_option, print_json, print_table

if TYPE_CHECKING:
    from phantom.recipe.schema import FieldDoc


@click.command()
@click.argument("name", required=False)
@json_option
def command(name: str | None, as_json: bool) -> None:
    """List the kinds with one line each; or describe the one called NAME.

    The description names the source of its numbers; the keys are what a [[finding]] of this
    kind may say, beside the keys that all findings share.
    """
    from phantom.calcifications import registry

    kinds = registry.kinds()
    if name is None:
        rows = [(kind, _first(cls)) for kind, cls in sorted(kinds.items())]
        if as_json:
            print_json([{"name": kind, "description": line} for kind, line in rows])
        else:
            print_table(["kind", "what it is"], rows)
        return
    name = registry.spelled(name)
    if name not in kinds:
        from phantom.errors import UsageError
        from phantom.recipe.messages import suggestion

        raise UsageError(f"no kind '{name}'; {suggestion(name, kinds)}")
    _describe(name, kinds[name], as_json)


def _first(cls: type) -> str:
    return (inspect.getdoc(cls) or "").partition("\n")[0]


def _describe(name: str, cls: type, as_json: bool) -> None:
    from phantom.exam.preset import FindingEntry
    from phantom.recipe import schema

    kind_keys, shared = schema.describe(cls), schema.describe(FindingEntry)
    description = inspect.getdoc(cls) or ""
    if as_json:
        print_json(
            {
                "name": name,
                "description": description,
                "keys": [asdict(key) for key in kind_keys],
                "shared_keys": [asdict(key) for key in shared],
            }
        )
        return
    click.echo(f"{name}\n\n{description}\n")
    _keys("Its keys", kind_keys)
    _keys("\nKeys of every finding", shared)


def _keys(title: str, docs: list[FieldDoc]) -> None:
    click.echo(title)
    rows = [(doc.name, f"{doc.range} {doc.unit}".strip() or doc.says, doc.default, doc.doc) for doc in docs]
    print_table(["key", "range", "default", "meaning"], rows)
