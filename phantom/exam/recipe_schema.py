"""The JSON Schema of a whole recipe: every section, and what each kind of finding may say."""

from __future__ import annotations

from typing import Any

from phantom.calcifications import registry
from phantom.exam.preset import FindingEntry, Preset
from phantom.recipe import json_schema
from phantom.recipe.keys import keys_of


def recipe_schema() -> dict[str, Any]:
    """The schema, ready for JSON; a recipe's TOML as a table is valid if its keys and values are."""
    whole = json_schema.of_class(Preset, without=("finding",))
    kinds = {
        name: {**json_schema.of_class(kind)["properties"], **_shared(name)} for name, kind in registry.kinds().items()
    }
    entries = [
        {"type": "object", "additionalProperties": False, "properties": keys, "required": ["kind"]}
        for _, keys in sorted(kinds.items())
    ]
    whole["properties"]["finding"] = {
        "type": "array", "description": "the findings, each of one kind", "items": {"oneOf": entries}
    }  # fmt: skip
    return {"$schema": json_schema.DIALECT, "title": "A recipe of phantom", **whole}


def _shared(kind: str) -> dict[str, Any]:
    keys = {name: json_schema.of_key(key) for name, key in keys_of(FindingEntry).items()}
    spellings = sorted({kind, kind.replace("_", "-")})
    return {**keys, "kind": {"enum": spellings, "description": "as `phantom kinds` lists it"}}
