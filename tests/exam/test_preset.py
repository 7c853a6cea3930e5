"""The composed recipe: presets, files, `--set`, and what is said about bad ones."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantom.calcifications.label import Label
from phantom.errors import UsageError
from phantom.exam import preset
from phantom.recipe import overrides, presets, schema, toml
from phantom.recipe.draw import Draw, Within

MINIMAL = 'name = "mine"\ndescription = "For a test."\n'


@dataclass(frozen=True)
class Speck:
    """A kind for these tests."""

    label: ClassVar[Label] = Label("round", "a test", {"grouped": 1.0}, exclusion_reason="specks keep together")
    diameter_mm: Annotated[Draw, Within(0.05, 2, "mm"), "its diameter"] = Draw.constant(0.3)


@pytest.fixture
def specks(monkeypatch):
    monkeypatch.setattr(preset.registry, "kinds", lambda: {"speck": Speck, "popcorn": Speck})


@pytest.fixture
def recipe(tmp_path):
    def write(text, name="mine.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


@pytest.mark.parametrize("name", preset.names())
def test_every_preset_loads_and_has_the_name_of_its_file(name):
    made = preset.load(name)
    assert made.name == name
    assert "\n" not in made.description
    assert preset.text(name).startswith("# "), "a preset begins with a comment that says what it is for"


@pytest.mark.parametrize("name", preset.names())
def test_every_preset_comes_back_from_json_and_from_toml(name):
    made = preset.load(name)
    assert preset.from_dict(json.loads(json.dumps(made.resolved(), allow_nan=False))) == made
    assert preset.from_dict(toml.loads(made.toml())) == made


def test_a_recipe_of_ones_own_is_a_file(recipe, specks):
    made = preset.load(
        recipe(MINIMAL + '[exam]\nviews = ["ML"]\n[[finding]]\nkind = "speck"\ndiameter_mm = [0.1, 0.2]\n')
    )
    assert made.exam.views == ("ML",)
    assert made.finding[0].grows == Speck(Draw.uniform(0.1, 0.2))
    assert preset.from_dict(made.resolved()) == made


def test_all_mistakes_of_a_recipe_come_at_once(recipe, specks):
    path = recipe(
        "[exam]\nvews = 1\n[[finding]]\nkind = 'popcron'\n[[finding]]\nkind = 'speck'\ndiameter = 1\ncuont = 2\n"
    )
    with pytest.raises(preset.RecipeError) as caught:
        preset.load(path, ["exam.mlo_angle_deg=90", "anatomy.densty=1"])
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{path}: 8 problems"
    for problem in (
        "name: missing; it must be text",
        "description: missing; it must be text",
        "exam.vews: unknown key; did you mean 'views'?",
        "exam.mlo_angle_deg = 90: must lie within 30 and 60 degrees",
        "anatomy.densty: unknown key; did you mean 'density'?",
        "finding[0].kind = 'popcron': no such kind; did you mean 'popcorn'?",
        "finding[1].diameter: unknown key; did you mean 'diameter_mm'?",
        "finding[1].cuont: unknown key; did you mean 'count'?",
    ):
        assert f"  {problem}" in lines


def test_a_wrong_detector_is_said_beside_the_other_mistakes(recipe):
    with pytest.raises(preset.RecipeError) as caught:
        preset.load(recipe(MINIMAL + '[detector]\nname = "hologic"\npitch_mm = 7\n[anatomy]\nthicknes_mm = 5\n'))
    assert len(caught.value.problems) == 3
    text = str(caught.value)
    assert "detector.name: no such detector: 'hologic'; did you mean 'hologic-selenia-dimensions'?" in text
    assert "detector.pitch_mm = 7: must lie within 0.02 and 0.5" in text


def test_a_distribution_that_a_kind_cannot_have_is_refused_with_the_reason(recipe, specks):
    entry = '[[finding]]\nkind = "speck"\ndistribution = "{}"\n'
    assert preset.load(recipe(MINIMAL + entry.format("grouped"))).finding[0].distribution == "grouped"
    with pytest.raises(preset.RecipeError) as caught:
        preset.load(recipe(MINIMAL + entry.format("linear")))
    assert caught.value.problems == (
        "finding[0].distribution = 'linear': speck cannot be that: specks keep together; it may be grouped",
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the recipe is empty"),
        ("# only a comment\n", "the recipe is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "not a text file"),
        (b"name = \xff", "not a text file"),
        ("name = ", "not TOML"),
        ("\x00", "not TOML"),
        (b"#" * 1_000_001, "larger than 1 MB"),
        ('name = "mine"\ndescription = "  "\n', "description = '  ': must be a sentence"),
        ('name = "My Recipe"\ndescription = "x"\n', "name = 'My Recipe': must be lower-case words joined by hyphens"),
        ('name = "../x"\ndescription = "x"\n', "name = '../x'"),
        (MINIMAL + "exam = 5\n", "exam = 5: must be a table"),
        (MINIMAL + "finding = 5\n", "finding = 5: must be a list"),
        (MINIMAL + "[[finding]]\n", "finding[0].kind: missing"),
        (MINIMAL + "[[finding]]\nkind = 5\n", "finding[0].kind = 5: must be text"),
        (MINIMAL + "[exam]\nviews = []\n", "exam: views must name at least one"),
        (MINIMAL + '[exam]\nviews = ["CC", "CC"]\n', "none twice"),
        (MINIMAL + "[mix]\nfindings = 2\n", "no [[finding]] has a weight above 0"),
    ],
)
def test_a_bad_recipe_is_refused_in_words(recipe, text, why):
    with pytest.raises(UsageError) as caught:
        preset.load(recipe(text))
    assert why in str(caught.value)
    assert str(caught.value).count("mine.toml") == 1


def test_a_byte_order_mark_is_no_mistake(recipe):
    assert preset.load(recipe(b"\xef\xbb\xbf" + MINIMAL.encode())).name == "mine"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nromal", "did you mean 'normal'?"),
        ("qqq", "`phantom presets` lists them"),
        ("absent.toml", "no such file"),
        ("a\0.toml", "cannot be read"),
        ("", "no preset ''"),
    ],
)
def test_what_is_not_there_is_said_to_be_absent(name, why):
    with pytest.raises(UsageError, match=".") as caught:
        preset.load(name)
    assert why in str(caught.value)


def test_a_folder_is_no_recipe(tmp_path):
    with pytest.raises(UsageError, match="a folder, not a recipe"):
        preset.load(f"{tmp_path}/")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_one_may_not_read_is_refused(recipe):
    path = recipe(MINIMAL)
    Path(path).chmod(0)
    with pytest.raises(UsageError, match="cannot be read"):
        preset.load(path)


def changed(*sets, table=None):
    table, problems = table if table is not None else {}, []
    overrides.apply(table, sets, problems)
    return table, problems


def test_set_writes_toml_values_and_text_otherwise():
    table, problems = changed(
        "anatomy.density=0.3",
        'exam.views=["CC"]',
        "detector.name=hologic",
        "a.b.c=true",
        "x={lognormal=[1,2], within=[0,9]}",
        "e=",
    )
    assert not problems
    assert table == {
        "anatomy": {"density": 0.3},
        "exam": {"views": ["CC"]},
        "detector": {"name": "hologic"},
        "a": {"b": {"c": True}},
        "x": {"lognormal": [1, 2], "within": [0, 9]},
        "e": "",
    }


def test_set_reaches_into_lists_and_adds_to_them():
    table, problems = changed(
        "finding[0].kind=round", "finding[1].kind=skin", "finding[1].count=3", table={"finding": [{"kind": "x"}]}
    )
    assert not problems
    assert table == {"finding": [{"kind": "round"}, {"kind": "skin", "count": 3}]}


def test_the_later_set_wins():
    assert changed("a=1", "a=2")[0] == {"a": 2}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("density", "must be key=value"),
        ("=5", "must be key=value"),
        ("a..b=5", "must be key=value"),
        ("a b=5", "must be key=value"),
        ("finding[7].kind=x", "there is no [7]: the recipe has 1"),
        ("finding.kind=x", "not a table"),
        ("name.x=1", "not a table"),
        ("exam[0]=1", "not a list"),
    ],
)
def test_what_cannot_be_set_is_said(wrong, why):
    _, problems = changed(wrong, table={"finding": [{}], "name": "n", "exam": {}})
    assert len(problems) == 1
    assert why in problems[0]


def test_set_cannot_smuggle_in_another_key():
    assert changed("a=1\nb = 2")[0] == {"a": "1\nb = 2"}


def test_an_unknown_set_key_is_refused_with_a_suggestion():
    with pytest.raises(preset.RecipeError, match="did you mean 'views'"):
        preset.load("normal", ["exam.vews=1"])


@given(
    st.lists(
        st.text(max_size=20) | st.from_regex(r"[a-z.\[\]0-9]{1,12}=[a-z0-9\[\]{}\"]{0,8}", fullmatch=True), max_size=4
    )
)
def test_no_set_crashes(sets):
    table, problems = changed(*sets, table={"name": "n", "finding": [{}]})
    assert len(problems) <= len(sets)
    try:
        preset.from_dict(table)
    except preset.RecipeError as why:
        assert why.problems


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "density", "views", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*schema.keys_of(preset.Preset), "other"]), values, max_size=6))
def test_no_table_crashes_the_preset(table):
    try:
        made = preset.from_dict(table)
    except preset.RecipeError:
        return
    assert preset.from_dict(made.resolved()) == made


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_file_crashes_the_reader(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "hostile.toml"
    path.write_bytes(data)
    with pytest.raises(UsageError, match="hostile.toml"):
        preset.load(str(path))


def test_presets_are_named_with_hyphens():
    assert preset.names()
    assert all(name == name.lower().replace("_", "-") for name in presets.names())


def test_no_kind_has_a_key_that_every_finding_has():
    shared = schema.keys_of(preset.FindingEntry)
    for name, kind in preset.registry.kinds().items():
        assert not set(schema.keys_of(kind)) & set(shared), name


@pytest.mark.parametrize(
    ("old", "new"),
    [("fatty", "density-a"), ("scattered", "density-b"), ("heterogeneous", "density-c"), ("dense", "density-d")],
)
def test_densities_go_by_their_letter_and_their_former_names_are_explained(old, new):
    assert preset.load(new).name == new
    with pytest.raises(UsageError, match=f"did you mean '{new}'"):
        preset.load(old)


def test_hyphens_and_underscores_do_equally_well():
    assert preset.load("fine_pleomorphic").name == "fine-pleomorphic"
    table = {"name": "one", "description": "one kind", "finding": [{"kind": "coarse-heterogeneous"}]}
    assert preset.from_dict(table).finding[0].kind == "coarse_heterogeneous"


@pytest.mark.parametrize("kind", preset.registry.kinds())
def test_the_defaults_of_a_kind_lie_in_its_ranges(kind):
    made = preset.from_dict({"name": "n", "description": "d", "finding": [{"kind": kind}]})
    assert preset.from_dict(made.resolved()) == made
