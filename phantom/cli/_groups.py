"""Options of a command in groups: those for one purpose stand together in ``--help``."""

from __future__ import annotations

from typing import Any

import click


class Option(click.Option):
    """An option that belongs to a group."""

    def __init__(self, *arguments: Any, group: str = "", **more: Any) -> None:
        self.group = group
        super().__init__(*arguments, **more)


class Command(click.Command):
    """A command whose options are listed by group, those of no group first."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, each group under its name."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx) if isinstance(option, click.Option) else None
            if record is not None:
                groups.setdefault(getattr(option, "group", ""), []).append(record)
        for name, records in groups.items():
            with formatter.section(name or "Options"):
                formatter.write_dl(records)
