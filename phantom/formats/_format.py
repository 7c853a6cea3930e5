"""What a format is: what each file of the registry defines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from phantom.dataset import Dataset
    from phantom.formats._options import Options


class Unit(NamedTuple):
    """A piece of an export: its name, the files that are there once it is written, and how many images it holds."""

    name: str
    files: tuple[str, ...]
    images: int = 1


class Format(Protocol):
    """The module of a format.

    Attributes
    ----------
    OPTIONS : mapping
        The options it supports (`phantom.formats._options.Options`) with their defaults.

    A format that needs a package also lists it in ``NEEDS``; one of which a reader must know something has
    ``notes(data, options) -> list of str``.
    """

    OPTIONS: Mapping[str, object]

    @staticmethod
    def units(data: Dataset, options: Options) -> list[Unit]:
        """What there is to write, piece by piece."""
        ...

    @staticmethod
    def write(data: Dataset, unit: Unit, folder: Path, options: Options) -> None:
        """Write one piece."""
        ...

    @staticmethod
    def finish(data: Dataset, folder: Path, options: Options) -> None:
        """Write what speaks of the whole."""
        ...
