"""Named seeds: a tree of independent random streams."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np


def _word(name: int | str) -> int:
    """One path element as a spawn-key word: text by its CRC-32, a whole number as it is."""
    if isinstance(name, bool) or not isinstance(name, (int, str)):
        raise TypeError(f"a seed's name must be text or a whole number, not {name!r}")
    if name == "":
        raise ValueError("a seed's name must not be empty: its word would be that of the number 0")
    if isinstance(name, str):
        return zlib.crc32(name.encode())
    if name < 0:
        raise ValueError(f"a seed's number must not be negative, not {name}")
    return name


@dataclass(frozen=True)
class Seed:
    """A place in the tree of random streams: a root number and the path of names below it.

    Streams are named, never added to, so a new stage or kind changes nobody else's random numbers
    (``SeedSequence(root, spawn_key=path)``, as NumPy recommends for parallel streams).

    Parameters
    ----------
    root : int
        The user's seed, 0 or larger. 0 is a seed like any other.
    path : tuple of int or str
        Names from the root to here.
    """

    root: int
    path: tuple[int | str, ...] = ()

    def __post_init__(self) -> None:
        if self.root < 0:
            raise ValueError(f"a seed must not be negative, not {self.root}")

    def child(self, *names: int | str) -> Seed:
        """The seed below this one that has these names."""
        return Seed(self.root, (*self.path, *names))

    def rng(self) -> np.random.Generator:
        """A fresh generator at this place: the same numbers at every call."""
        words = tuple(_word(name) for name in self.path)
        return np.random.Generator(np.random.SFC64(np.random.SeedSequence(self.root, spawn_key=words)))
