"""JSON Schema of a recipe's class, for editors: types, ranges, choices and meanings of keys while they are typed.

It follows JSON Schema 2020-12 (https://json-schema.org/draft/2020-12/schema). What depends on several keys at
once (a lower end above the upper one, keys that exclude each other) is left to the reader of recipes.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import is_dataclass
from typing import Any, Literal, Union, get_args, get_origin

from phantom.recipe.draw import Draw, Within
from phantom.recipe.keys import Key, Like, keys_of, strip
from phantom.recipe.schema import to_table

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLAIN = {float: "number", int: "integer", bool: "boolean", str: "string"}


def of_class(cls: type[Any], without: Sequence[str] = ()) -> dict[str, Any]:
    """The schema of a stage's table: its keys, and no other."""
    keys = {name: key for name, key in keys_of(cls).items() if name not in without}
    out: dict[str, Any] = {
        "type": "object", "additionalProperties": False,
        "properties": {name: of_key(key) for name, key in keys.items()},
    }  # fmt: skip
    required = [name for name, key in keys.items() if key.required]
    return {**out, "required": required} if required else out


def of_key(key: Key) -> dict[str, Any]:
    """The schema of one key: what it may say, its meaning, and what leaving it out says."""
    out = of_type(key.type, key.within)
    if key.doc:
        out["description"] = key.doc
    if not key.required and key.default is not None:
        default = _plain(key.default)
        if not isinstance(default, dict) or isinstance(key.default, Draw):
            out["default"] = default
    return out


def of_type(hint: Any, within: Within | Like | None = None) -> dict[str, Any]:
    """The schema of what a type may be in a recipe."""
    bare, inner = strip(hint)
    within, origin, members = inner or within, get_origin(bare), get_args(bare)
    if origin in (Union, types.UnionType):
        kinds = [of_type(member, within) for member in members if member is not type(None)]
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if origin is Literal:
        return {"enum": list(members)}
    if origin is tuple:
        if len(members) == 2 and members[1] is Ellipsis:
            return {"type": "array", "items": of_type(members[0], within)}
        items = [of_type(member, within) for member in members]
        return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
    if bare is Draw:
        return _draw(within)
    if is_dataclass(bare):
        return of_class(bare)  # type: ignore[arg-type]
    out: dict[str, Any] = {"type": _PLAIN[bare]}
    if isinstance(within, Within) and bare in (float, int):
        out |= {"minimum": within.lo, "maximum": within.hi}
    if isinstance(within, Like):
        out["pattern"] = f"^(?:{_without_flags(within.pattern)})$"
    return out


def _draw(within: Within | Like | None) -> dict[str, Any]:
    """What may stand for a number: a constant, a range, a distribution, a choice."""
    number: dict[str, Any] = {"type": "number"}
    bounded = number | ({"minimum": within.lo, "maximum": within.hi} if isinstance(within, Within) else {})
    ends = {"type": "array", "prefixItems": [bounded, bounded], "items": False, "minItems": 2}
    two = {"type": "array", "prefixItems": [number, number], "items": False, "minItems": 2}

    def table(required: list[str], **properties: Any) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": False, "properties": properties, "required": required}

    return {"anyOf": [
        bounded, ends,
        table(["normal", "within"], normal=two, within=ends),
        table(["lognormal", "within"], lognormal=two, within=ends),
        table(["choices"], choices={"type": "array", "items": bounded, "minItems": 1},
              weights={"type": "array", "items": {"type": "number", "minimum": 0}}),
    ]}  # fmt: skip


def _without_flags(pattern: str) -> str:
    """A pattern as JSON Schema knows it: ``(?s).`` becomes a class of all characters."""
    return pattern.removeprefix("(?s)").replace(".", r"[\s\S]") if pattern.startswith("(?s)") else pattern


def _plain(value: Any) -> Any:
    if isinstance(value, Draw):
        return value.to_plain()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return to_table(value) if is_dataclass(value) else value
