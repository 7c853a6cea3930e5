"""The JSON Schema of recipes: what the reader takes is valid, what it refuses for a key's sake is not."""

from __future__ import annotations

import copy
import json

import pytest

from phantom.calcifications import registry
from phantom.exam import preset
from phantom.exam.recipe_schema import recipe_schema
from phantom.recipe import toml

jsonschema = pytest.importorskip("jsonschema")
MINIMAL = {"name": "mine", "description": "x"}


@pytest.fixture(scope="module")
def judge():
    schema = json.loads(json.dumps(recipe_schema()))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", preset.names())
def test_every_preset_is_valid_as_written_and_with_every_default(judge, name):
    judge.validate(toml.loads(preset.text(name)))
    judge.validate(json.loads(json.dumps(preset.load(name).resolved())))


@pytest.mark.parametrize("kind", sorted(registry.kinds()))
def test_a_finding_of_every_kind_is_valid_in_both_spellings(judge, kind):
    for spelled in (kind, kind.replace("_", "-")):
        judge.validate({**MINIMAL, "finding": [{"kind": spelled, "probability": 0.5}]})


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({"anatomy": {"thicknes_mm": 5}}, "thicknes_mm"),
        ({"detector": {"pitch_mm": "x"}}, "pitch_mm"),
        ({"anatomy": {"density": 0.9}}, "density"),
        ({"anatomy": {"density": [0.1, 0.9]}}, "density"),
        ({"anatomy": {"density": {"normal": [0.2, 0.1]}}}, "density"),
        ({"exam": {"views": ["XCC"]}}, "views"),
        ({"exam": {"patches": 2.5}}, "patches"),
        ({"exam": {"twins": "clean"}}, "twins"),
        ({"finding": [{"kind": "popcron"}]}, "finding"),
        ({"finding": [{"kind": "round", "length_mm": 3}]}, "finding"),
        ({"finding": [{}]}, "finding"),
        ({"name": "Not Lower"}, "name"),
        ({"description": " "}, "description"),
    ],
)
def test_what_the_reader_refuses_is_not_valid(judge, table, key):
    recipe = {**copy.deepcopy(MINIMAL), **table}
    with pytest.raises(preset.RecipeError, match=key):
        preset.from_dict(recipe)
    assert not judge.is_valid(recipe)


def test_a_recipe_without_a_name_is_not_valid(judge):
    assert not judge.is_valid({"description": "x"})


def test_keys_have_their_meaning_and_default():
    key = recipe_schema()["properties"]["anatomy"]["properties"]["density"]
    assert "fibroglandular" in key["description"]
    assert key["default"]["lognormal"]


def test_the_command(phantom_):
    code, out, _ = phantom_("schema")
    assert code == 0
    assert json.loads(out) == json.loads(json.dumps(recipe_schema()))
