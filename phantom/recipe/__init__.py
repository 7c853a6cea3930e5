"""Words: named seeds, draws that may stand for a number, and the reader of recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phantom.lazy import exports

if TYPE_CHECKING:
    from phantom.recipe.draw import Draw, Within
    from phantom.recipe.schema import describe, read, to_table
    from phantom.recipe.seed import Seed

__all__ = [
    "Draw",
    "Seed",
    "Within",
    "describe",
    "read",
    "to_table",
]

__getattr__ = exports(
    __name__,
    {
        "Draw": "draw",
        "Seed": "seed",
        "Within": "draw",
        "describe": "schema",
        "read": "schema",
        "to_table": "schema",
    },
)
