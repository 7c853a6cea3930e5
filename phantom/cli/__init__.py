"""The command line. The folder is the registry: one file per command.

A file ``<name>.py`` in this folder is the command ``phantom <name>``. The first line of its
docstring is its line in ``phantom --help``; it defines ``command``, a click command. It is
imported only when it is used, so ``phantom --help`` does not wait for NumPy.
"""

from __future__ import annotations

import ast
import errno
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import click

from phantom import __version__
from phantom.cli import _streams
from phantom.errors import GO_ON, PhantomError

_FOLDER = Path(__file__).parent
_INTERRUPTED = 130
# what a terminal would obey, in names and texts that others have written
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class _Folder(click.Group):
    """A group whose commands are the files of this folder."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(path.stem for path in _FOLDER.glob("*.py") if not path.stem.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"phantom.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_line(_FOLDER / f"{name}.py")) for name in self.list_commands(ctx)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            from phantom.recipe.messages import suggestion

            ctx.fail(f"no such command '{args[0]}'; {suggestion(args[0], self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Folder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="phantom", message="%(prog)s %(version)s")
def commands() -> None:
    """Synthetic mammograms with calcifications, and the exact truth about every one.

    Start with `phantom generate benign`. Nothing here is for diagnosis. Exit codes: 0 done, 1 failed, 2 wrong use,
    130 interrupted.
    """


def run(arguments: Sequence[str]) -> int:
    """Run the command line; every expected trouble becomes one message on stderr.

    Returns
    -------
    int
        0 done; 1 failed, or a check found something; 2 wrong use, nothing was begun; 130 interrupted.
    """
    code, why = _run(arguments), _streams.printing_failed()
    if why is None:
        return code
    _streams.lose(_streams.STDOUT)
    if isinstance(why, BrokenPipeError):  # the reader has gone (`| head`)
        return code or 1
    return _say(f"Error: the results could not be printed: stdout: {why.strerror or why}", code or 1)


def _run(arguments: Sequence[str]) -> int:
    try:
        result = commands.main(list(arguments), prog_name="phantom", standalone_mode=False)
    except click.ClickException as why:
        why.show()
        return why.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _say("Stopped.", _INTERRUPTED)
    except PhantomError as why:
        text = str(why)
        return _say(
            f"{text[:1].upper()}{text[1:]}" if why.exit_code == _INTERRUPTED else f"Error: {text}", why.exit_code
        )
    except OSError as why:
        if _streams.printing_failed():
            return 1
        return _say(f"Error: {_trouble(why)}", 1)
    except MemoryError:
        return _say("Error: not enough memory; fewer workers need less (--workers 1)", 1)
    return result if isinstance(result, int) else 0


def main() -> NoReturn:
    """Run the command line with the arguments of this process, and exit."""
    _streams.hold()
    sys.exit(run(sys.argv[1:]))


def _say(message: str, code: int) -> int:
    click.echo(_CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", message), err=True)
    return code


def _trouble(why: OSError) -> str:
    where = f"{why.filename}: " if why.filename else ""
    if why.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{where}the disk is full; make room, then {GO_ON}"
    if why.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{where}no permission to do this; choose another folder or change its permissions"
    return f"{where}{why.strerror or why}"


def _first_line(path: Path) -> str:
    doc = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return doc.partition("\n")[0].rstrip(".")
