"""The reader of recipes: a table into a frozen dataclass, with every mistake at once.

A stage's fields are its recipe keys. Each is annotated with its type, its range and one line
of documentation::

    @dataclass(frozen=True)
    class Scatter:
        ratio: Annotated[Draw, Within(0, 2), "scatter over primary behind the grid"] = Draw.constant(0.1)

Types may be `Draw`, float, int, bool, str, Literal, tuples and unions of these, None for a
key that may be left out, and other such dataclasses. A class may read its table itself, with a
static ``from_recipe(table, where, problems)`` and an ``as_recipe()``; a field whose metadata says
``{"recipe": False}`` is no key.
"""

from __future__ import annotations

import math
import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin

from phantom.errors import RecipeError, UsageError
from phantom.recipe import toml
from phantom.recipe.draw import Draw, Within
from phantom.recipe.keys import PLAIN, Key, Like, keys_of, says, strip
from phantom.recipe.messages import closest, dotted, quote, suggestion

__all__ = [
    "FieldDoc",
    "Like",
    "RecipeError",
    "describe",
    "fields_to_table",
    "keys_of",
    "read",
    "read_fields",
    "to_table",
]

T = TypeVar("T")
_BAD: Any = object()


@dataclass(frozen=True)
class FieldDoc:
    """What there is to know about one recipe key, as text."""

    name: str
    says: str
    range: str
    unit: str
    default: str
    doc: str


def read(cls: type[T], table: Any, where: str, problems: list[str]) -> T | None:
    """The dataclass a table says, or None after every mistake has been added to `problems`.

    Parameters
    ----------
    cls : type
        A frozen dataclass with annotated fields. A ``ValueError`` or `UsageError` from its
        ``__post_init__`` counts as a mistake of the whole table.
    table : mapping
        Keys and values as a TOML reader gives them.
    where : str
        The table's own dotted name, empty for the top.
    problems : list of str
        Grows by one line per mistake.
    """
    if not isinstance(table, Mapping):
        problems.append(f"{where or 'recipe'} = {quote(table)}: must be a table")
        return None
    own_reader = getattr(cls, "from_recipe", None)
    if own_reader is not None:
        return cast("T | None", own_reader(table, where, problems))
    return read_fields(cls, table, where, problems)


def read_fields(cls: type[T], table: Mapping[str, Any], where: str, problems: list[str]) -> T | None:
    """`read` for a class with a ``from_recipe`` of its own, without that."""
    before = len(problems)
    keys = keys_of(cls)
    for name in table:
        if name not in keys:
            problems.append(f"{dotted(where, str(name))}: unknown key; {suggestion(str(name), keys)}")
    values: dict[str, Any] = {}
    for name, key in keys.items():
        if name in table:
            values[name] = _value(key.type, table[name], key.within, dotted(where, name), problems)
        elif key.required:
            problems.append(f"{dotted(where, name)}: missing; it must be {says(key.type)}")
    if len(problems) > before:
        return None
    try:
        return cls(**values)
    except (ValueError, UsageError) as why:
        problems.append(f"{where}: {why}" if where else str(why))
        return None


def to_table(stage: Any) -> dict[str, Any]:
    """A stage as a recipe says it, ready for TOML and JSON: `read` of it gives the same stage."""
    own_words = getattr(stage, "as_recipe", None)
    return own_words() if own_words is not None else fields_to_table(stage)


def fields_to_table(stage: Any) -> dict[str, Any]:
    """`to_table` for a stage with an ``as_recipe`` of its own, without that."""
    table = {name: getattr(stage, name) for name in keys_of(type(stage))}
    return {name: _plain_value(value) for name, value in table.items() if value is not None}


def describe(cls: type[Any]) -> list[FieldDoc]:
    """Every recipe key of a stage: what it says, its range, unit, default and meaning."""
    return [_describe(name, key) for name, key in keys_of(cls).items()]


def _describe(name: str, key: Key) -> FieldDoc:
    within = key.within
    reach = f"{within.lo:g} to {within.hi:g}" if isinstance(within, Within) else ""
    default = "" if key.required or key.default is None else toml.value(_plain_value(key.default))
    return FieldDoc(name, says(key.type), reach, within.unit if isinstance(within, Within) else "", default, key.doc)


def _value(hint: Any, given: Any, within: Within | Like | None, where: str, problems: list[str]) -> Any:
    """One value of the type asked for, or `_BAD` after its mistakes have been added."""
    bare, inner = strip(hint)
    within, origin = inner or within, get_origin(bare)
    if origin in (Union, types.UnionType):
        return _one_of(bare, given, within, where, problems)
    if origin is tuple:
        return _tuple(bare, given, within, where, problems)
    if is_dataclass(bare) and bare is not Draw:
        made = read(cast("type[Any]", bare), given, where, problems)
        return _BAD if made is None else made
    try:
        return _literal(bare, given) if origin is Literal else _plain(bare, given, within)
    except ValueError as why:
        problems.append(f"{where} = {quote(given)}: {why}")
        return _BAD


def _one_of(union: Any, given: Any, within: Within | Like | None, where: str, problems: list[str]) -> Any:
    members = [member for member in get_args(union) if member is not type(None)]
    heard: list[list[str]] = []
    for member in members:
        trouble: list[str] = []
        value = _value(member, given, within, where, trouble)
        if not trouble:
            return value
        heard.append(trouble)
    # of several types, the one that at least looks like what was said explains the mistake best
    alike = [trouble for member, trouble in zip(members, heard, strict=True) if _alike(member, given)]
    if len(members) == 1 or len(alike) == 1:
        problems.extend((alike or heard)[0])
    else:
        problems.append(f"{where} = {quote(given)}: must be {' or '.join(says(member) for member in members)}")
    return _BAD


def _alike(hint: Any, given: Any) -> bool:
    bare, _ = strip(hint)
    if get_origin(bare) is tuple:
        return isinstance(given, (list, tuple))
    if get_origin(bare) is Literal:
        return isinstance(given, str)
    if bare in (float, int, Draw):
        return isinstance(given, (int, float)) and not isinstance(given, bool)
    return isinstance(given, bare) if isinstance(bare, type) else False


def _tuple(hint: Any, given: Any, within: Within | Like | None, where: str, problems: list[str]) -> Any:
    if not isinstance(given, (list, tuple)):
        problems.append(f"{where} = {quote(given)}: must be {says(hint)}")
        return _BAD
    members = get_args(hint)
    if len(members) == 2 and members[1] is Ellipsis:
        members = (members[0],) * len(given)
    if len(members) != len(given):
        problems.append(f"{where} = {quote(given)}: must hold {len(members)} values, not {len(given)}")
        return _BAD
    before = len(problems)
    made = tuple(
        _value(member, item, within, f"{where}[{i}]", problems)
        for i, (member, item) in enumerate(zip(members, given, strict=True))
    )
    return made if len(problems) == before else _BAD


def _literal(hint: Any, given: Any) -> Any:
    known = get_args(hint)
    for value in known:
        if type(value) is type(given) and value == given:
            return value
    words = [str(value) for value in known]
    if isinstance(given, str) and closest(given, words):
        raise ValueError(f"must be {says(hint)}; {suggestion(given, words)}")
    raise ValueError(f"must be {says(hint)}")


def _plain(bare: Any, given: Any, within: Within | Like | None) -> Any:
    if bare is Draw:
        draw = Draw.parse(given)
        _check(draw.bounds, within)
        return draw
    number = isinstance(given, (int, float)) and not isinstance(given, bool)
    if bare is float and number:
        if not _finite(given):
            raise ValueError("must be a finite number")
        _check((float(given),), within)
        return float(given)
    if bare is int and number and isinstance(given, int):
        if not _finite(given):
            raise ValueError("is too large")
        _check((given,), within)
        return given
    if bare in (bool, str) and isinstance(given, bare):
        if isinstance(within, Like) and not re.fullmatch(within.pattern, given):
            raise ValueError(f"must be {within.words}")
        return given
    if bare not in PLAIN:
        raise TypeError(f"a recipe key cannot be of type {bare!r}")
    raise ValueError(f"must be {PLAIN[bare]}")


def _finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _check(numbers: Sequence[float], within: Within | Like | None) -> None:
    if isinstance(within, Within) and not all(number in within for number in numbers):
        unit = f" {within.unit}" if within.unit else ""
        raise ValueError(f"must lie within {within.lo:g} and {within.hi:g}{unit}")


def _plain_value(value: Any) -> Any:
    if isinstance(value, Draw):
        return value.to_plain()
    if isinstance(value, (list, tuple)):
        return [_plain_value(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return to_table(value)
    return value
