"""Every error a user can meet, and what the command line makes of it: one message, no traceback.

Raise the most special one that fits; the message names the thing and how to fix it. One rule for exit codes: 2 where
what was asked for cannot be and nothing was begun (a misspelt name, a folder that holds no dataset), 1 where it was
begun and failed or a check found something, 130 after Ctrl-C.

    PhantomError                    exit code 1: something failed
    ├── UsageError                  exit code 2: wrong use
    │   ├── RecipeError             mistakes in a recipe, all of them
    │   ├── ImpossibleDistribution  a kind cannot be spread as asked
    │   └── FolderError             an output folder that must not be written as asked
    ├── NoPlace                     the breast has no room for a finding: it is left out
    ├── MassError                   a solid whose chord contradicts its volume
    ├── DatasetError                a dataset that is damaged or unfinished
    │   ├── NoDataset               no dataset at all; exit code 2
    │   └── OtherFormat             a dataset of an earlier or later version of the format
    ├── CaseError                   a case that could not be made
    ├── Unreadable                  a file that is no mammogram that can be used
    ├── Unwritable                  the disk is full, the folder read-only
    └── Stopped                     interrupted; exit code 130
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

# how to finish what was stopped; commands without --resume finish by themselves what they find
GO_ON = "give the same command again (generate, rerender, insert: with --resume)"


class PhantomError(Exception):
    """Something failed that the user can fix: exit code 1, the message as it is, no traceback."""

    exit_code = 1


class UsageError(PhantomError):
    """Wrong use: a misspelt name, an impossible range, a folder that is not empty. Exit code 2."""

    exit_code = 2


class RecipeError(UsageError):
    """A recipe with mistakes, all of them.

    Attributes
    ----------
    source : str
        The recipe's name or file.
    problems : tuple of str
        One line each, by full dotted name.
    """

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.source, self.problems = source, tuple(problems)
        count = f"{len(problems)} problems" if len(problems) != 1 else "1 problem"
        super().__init__("\n  ".join([f"{source}: {count}", *problems]))


class ImpossibleDistribution(UsageError):  # noqa: N818 (it says what is wrong)
    """A kind cannot be spread like that: rods lie only in ducts."""


class FolderError(UsageError):
    """An output folder that must not be written as asked."""


class NoPlace(PhantomError):  # noqa: N818 (it is no mistake)
    """This breast has no room for the finding (no artery long enough, no gland): it is left out, with the reason."""


class MassError(PhantomError):
    """A solid whose chord does not agree with the volume it claims."""


class DatasetError(PhantomError):
    """A dataset that is damaged, unfinished or not a dataset at all; the message says which and where."""


class NoDataset(DatasetError):  # noqa: N818 (what the user reads)
    """A path that holds no dataset: wrong use. Exit code 2."""

    exit_code = 2


class OtherFormat(DatasetError):  # noqa: N818 (what the user reads)
    """A dataset of another version of the format; the message says how to make it again."""


class CaseError(PhantomError):
    """A case that could not be made; the message names it."""


class Unreadable(PhantomError):  # noqa: N818 (what the user reads)
    """A file that is no mammogram that can be used; the message says why, without the file's name."""


class Unwritable(PhantomError):  # noqa: N818 (what the user reads)
    """The disk is full, the folder read-only, the path not a folder: what the system said, in plain words."""


class Stopped(PhantomError):  # noqa: N818 (what the user reads)
    """The run was interrupted; what is done is kept. Exit code 130."""

    exit_code = 130


def install(extra: str) -> str:
    """The command that installs what an extra brings; it works whether or not phantom is on a package index."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        lines = requires("mammo-phantom") or []
    except PackageNotFoundError:  # a checkout that was never installed
        lines = []
    needs = [line.partition(";")[0].strip() for line in lines if re.search(rf"""extra == ['"]{extra}['"]""", line)]
    return f"pip install {' '.join(shlex.quote(need) for need in needs or [f'.[{extra}]'])}"
