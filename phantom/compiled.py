"""Functions compiled to machine code when they are first called, and kept on disk for the next run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """A function as machine code: the same IEEE arithmetic as written (no fast math), on one thread.

    The code is kept beside the package, or in the user's cache where that may not be written; where neither
    may, it is compiled again in each run.
    """
    try:
        return cast(F, njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast(F, njit(nogil=True)(function))


def inlined(function: F) -> F:
    """A small function that is compiled into those that call it."""
    return cast(F, njit(inline="always")(function))
