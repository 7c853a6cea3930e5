"""The kinds there are: every file of the folder `kinds`, and those of other packages.

A kind is one file: a frozen dataclass called ``Kind`` whose fields are its recipe keys, whose docstring
says what it is and where its numbers come from, and that has what the protocol `Kind` below asks for: all of it
comes with `phantom.calcifications.kind_base.KindBase`, except ``label`` and ``grow``. A package of one's own may offer
more under the entry-point group ``phantom.kinds``; the entry point's name is the kind's.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import ClassVar, Protocol

from phantom.anatomy.breast import Breast
from phantom.calcifications import kinds as folder
from phantom.calcifications.finding import Distribution, Finding
from phantom.calcifications.label import Label
from phantom.errors import UsageError
from phantom.geometry.view import Laterality
from phantom.recipe.messages import suggestion
from phantom.recipe.seed import Seed

GROUP = "phantom.kinds"


class Kind(Protocol):
    """What every kind has, as the scene needs it; its fields, the recipe keys, are its own."""

    label: ClassVar[Label]

    def grow(self, breast: Breast, seed: Seed, distribution: Distribution | None) -> Finding:
        """One finding in a breast; raises `phantom.errors.NoPlace` where there is no room for it."""
        ...

    def sides(self, seed: Seed) -> tuple[Laterality, ...]:
        """Which breasts have it."""
        ...

    def earlier(self, finding: Finding, years: float, seed: Seed) -> Finding | None:
        """The finding `years` ago; None if it was not there."""
        ...


@cache
def kinds() -> MappingProxyType[str, type[Kind]]:
    """Every kind's class by its name, in alphabetical order.

    Raises
    ------
    UsageError
        If another package offers a kind whose name is taken, or that cannot be loaded.
    """
    found: dict[str, type[Kind]] = {}
    for file in pkgutil.iter_modules(folder.__path__):
        kind = getattr(import_module(f"{folder.__name__}.{file.name}"), "Kind", None)
        if kind is not None:
            found[file.name] = kind
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        if entry.name in found:
            raise UsageError(f"the kind '{entry.name}' of {entry.value} has the name of a kind that exists already")
        try:
            kind = entry.load()
        except Exception as why:
            raise UsageError(f"the kind '{entry.name}' of {entry.value} cannot be loaded: {why}") from why
        lacking = [name for name in ("label", "grow", "sides", "earlier") if not hasattr(kind, name)]
        if lacking:
            raise UsageError(f"the kind '{entry.name}' of {entry.value} lacks {', '.join(lacking)}; make it a KindBase")
        found[entry.name] = kind
    return MappingProxyType(dict(sorted(found.items())))


def name_of(kind: type[object]) -> str:
    """The name that a kind's class is registered under; its file's while it is not."""
    return next((name for name, one in kinds().items() if one is kind), kind.__module__.rpartition(".")[2])


def spelled(name: str) -> str:
    """The kind's name as the registry has it: hyphens do as well as underscores."""
    return name if name in kinds() else name.replace("-", "_")


def defaults(name: str) -> Label:
    """A kind's labels: descriptor, cause, the distributions it may have, category rule.

    Raises
    ------
    UsageError
        If there is no such kind.
    """
    name = spelled(name)
    if name not in kinds():
        raise UsageError(f"no kind '{name}'; {suggestion(name, kinds())}")
    return kinds()[name].label
