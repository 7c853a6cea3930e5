"""The keys of a stage: its dataclass's fields, with type, range, default and documentation."""

from __future__ import annotations

import types
import typing
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from phantom.recipe.draw import Draw, Within

# the types a value may have, in a reader's words
PLAIN: dict[Any, str] = {
    Draw: "a number or a draw",
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    str: "text",
}


@dataclass(frozen=True)
class Like:
    """What a recipe's text must look like: a regular expression that matches all of it, and the same in words."""

    pattern: str
    words: str


@dataclass(frozen=True)
class Key:
    """A recipe key: its type without annotations, its range or look, its line of documentation."""

    field: Field[Any]
    type: Any
    within: Within | Like | None
    doc: str

    @property
    def required(self) -> bool:
        """Whether a recipe must say it."""
        return self.field.default is MISSING and self.field.default_factory is MISSING

    @property
    def default(self) -> Any:
        """What it is when a recipe does not say it."""
        made = self.field.default_factory
        return self.field.default if made is MISSING else made()


def keys_of(cls: Any) -> dict[str, Key]:
    """The recipe keys of a stage, by name, in the order they are written."""
    return _keys(cls)


@cache
def _keys(cls: Any) -> dict[str, Key]:
    if not is_dataclass(cls):
        raise TypeError(f"a stage of the recipe is a dataclass, not {cls!r}")
    hints = typing.get_type_hints(cls, include_extras=True)
    return {
        field.name: _key(field, hints[field.name])
        for field in fields(cls)
        if field.init and field.metadata.get("recipe", True)
    }


def _key(field: Field[Any], hint: Any) -> Key:
    bare, within = strip(hint)
    notes = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return Key(field, bare, within, next((note for note in notes if isinstance(note, str)), ""))


def strip(hint: Any) -> tuple[Any, Within | Like | None]:
    """A type without its annotations, and the range or look among them."""
    if get_origin(hint) is not Annotated:
        return hint, None
    bare, *notes = get_args(hint)
    return bare, next((note for note in notes if isinstance(note, Within | Like)), None)


def says(hint: Any) -> str:
    """A type in a reader's words."""
    bare, _ = strip(hint)
    origin, members = get_origin(bare), get_args(bare)
    if origin in (Union, types.UnionType):
        return " or ".join(says(member) for member in members if member is not type(None))
    if origin is Literal:
        return ("one of " if len(members) > 1 else "") + ", ".join(map(repr, members))
    if origin is tuple:
        if len(members) == 2 and members[1] is Ellipsis:
            return f"a list, each {says(members[0])}"
        return "[" + ", ".join(says(member) for member in members) + "]"
    return PLAIN.get(bare, "a table")
