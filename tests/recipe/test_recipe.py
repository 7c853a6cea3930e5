"""The reader of recipes: every mistake at once, by full name, and never a crash."""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantom.errors import PhantomError
from phantom.recipe import schema, toml
from phantom.recipe.draw import Draw, Within
from phantom.recipe.messages import closest, quote


@dataclass(frozen=True)
class Part:
    depth_mm: Annotated[float, Within(0, 10, "mm"), "how deep"] = 2.0


@dataclass(frozen=True)
class Stage:
    """A stage with a key of every type."""

    density: Annotated[Draw, Within(0, 1), "volume of gland over volume inside the skin"] = Draw.constant(0.2)
    thickness_mm: Annotated[float, Within(20, 110, "mm"), "between paddle and support"] = 50.0
    rows: Annotated[int, Within(1, 9000), "pixels"] = 100
    keep: Annotated[bool, "whether to keep it"] = False
    look: Annotated[Literal["soft", "hard"], "which look"] = "soft"
    views: Annotated[tuple[Literal["CC", "MLO"], ...], "which views"] = ("CC", "MLO")
    breasts: Annotated[Literal["drawn"] | tuple[Literal["L", "R"], ...], "which sides"] = "drawn"
    pair: Annotated[tuple[float, float] | None, Within(0, 5), "two numbers"] = None
    title: Annotated[str, "any text"] = "a title"
    part: Annotated[Part, "a part"] = field(default_factory=Part)

    def __post_init__(self) -> None:
        if self.rows == 13:
            raise ValueError("13 rows bring no luck")


def problems_of(table, where=""):
    problems: list[str] = []
    made = schema.read(Stage, table, where, problems)
    assert (made is None) == bool(problems)
    return problems


def test_an_empty_table_gives_the_defaults():
    assert schema.read(Stage, {}, "", []) == Stage()


def test_values_are_read_into_their_types():
    table = {
        "density": [0.1, 0.3],
        "thickness_mm": 60,
        "breasts": ["L", "R"],
        "pair": [1, 2],
        "part": {"depth_mm": 3},
        "look": "hard",
    }
    made = schema.read(Stage, table, "", [])
    assert made == Stage(Draw.uniform(0.1, 0.3), 60.0, breasts=("L", "R"), pair=(1.0, 2.0), part=Part(3.0), look="hard")
    assert isinstance(made.thickness_mm, float)


def test_every_mistake_is_told_at_once_by_its_full_name():
    table = {
        "thicknes_mm": 5,
        "density": [0.1, 2],
        "rows": 1.5,
        "views": ["CC", "ML0"],
        "part": {"depth_mm": 11},
        "keep": 1,
    }
    assert problems_of(table, "stage") == [
        "stage.thicknes_mm: unknown key; did you mean 'thickness_mm'?",
        "stage.density = [0.1, 2]: must lie within 0 and 1",
        "stage.rows = 1.5: must be a whole number",
        "stage.keep = 1: must be true or false",
        "stage.views[1] = 'ML0': must be one of 'CC', 'MLO'; did you mean 'MLO'?",
        "stage.part.depth_mm = 11: must lie within 0 and 10 mm",
    ]


@pytest.mark.parametrize(
    ("key", "wrong", "why"),
    [
        ("density", {"lognormal": [0.2, 2], "within": [0.1, 1.5]}, "must lie within 0 and 1"),
        ("density", "much", "must be a number, [lo, hi]"),
        ("thickness_mm", True, "must be a number"),
        ("thickness_mm", float("nan"), "must be a finite number"),
        ("thickness_mm", 10**500, "must be a finite number"),
        ("rows", 10**500, "is too large"),
        ("look", "sotf", "did you mean 'soft'?"),
        ("breasts", "both", "must be 'drawn'"),
        ("breasts", ["L", "X"], "breasts[1] = 'X'"),
        ("breasts", 5, "must be 'drawn' or a list, each one of 'L', 'R'"),
        ("pair", [1, 2, 3], "must hold 2 values, not 3"),
        ("pair", [1, 7], "pair[1] = 7: must lie within 0 and 5"),
        ("part", 5, "must be a table"),
        ("rows", 13, "13 rows bring no luck"),
        ("utterly_else", 1, "known are density, thickness_mm"),
    ],
)
def test_a_mistake_is_told_in_words(key, wrong, why):
    problems = problems_of({key: wrong})
    assert len(problems) == 1
    assert why in problems[0]
    assert len(problems[0]) < 300


def test_an_error_of_many_problems_reads_as_designed():
    problems = [
        "anatomy.thicknes_mm: unknown key; did you mean 'thickness_mm'?",
        "detector.pitch_mm = 7: must lie within 0.02 and 0.5",
    ]
    error = schema.RecipeError("my-recipe.toml", problems)
    assert str(error).splitlines() == ["my-recipe.toml: 2 problems", *(f"  {line}" for line in problems)]
    assert error.exit_code == 2
    assert isinstance(error, PhantomError)
    assert str(schema.RecipeError("x", ["y"])).startswith("x: 1 problem\n")


def test_a_stage_says_what_it_reads():
    stage = Stage(density=Draw.lognormal(0.14, 1.8, 0.02, 0.6), pair=(1.0, 2.0), breasts=("R",))
    table = schema.to_table(stage)
    assert schema.read(Stage, table, "", []) == stage
    assert schema.read(Stage, toml.loads(toml.dumps(table)), "", []) == stage


def test_the_documentation_comes_from_the_class():
    docs = {doc.name: doc for doc in schema.describe(Stage)}
    assert docs["thickness_mm"] == schema.FieldDoc(
        "thickness_mm", "a number", "20 to 110", "mm", "50.0", "between paddle and support"
    )
    assert docs["density"].says == "a number or a draw"
    assert docs["views"].default == '["CC", "MLO"]'
    assert docs["pair"].default == ""
    assert docs["part"].says == "a table"


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.dates(), st.times())
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from([*schema.keys_of(Stage), "lognormal", "within", "choices"]) | st.text(max_size=8)


@given(st.one_of(values, st.dictionaries(keys, values, max_size=5)))
def test_no_table_crashes_the_reader(table):
    for problem in problems_of(table, "here"):
        assert "\n" not in problem


@given(st.text(alphabet=string.printable + "äµ\x00\x7f\ud7ff", max_size=80))
def test_no_text_crashes_the_toml_reader(text):
    try:
        toml.loads(text)
    except ValueError as why:
        assert "\n" not in str(why)


@pytest.mark.parametrize("text", ["a = " + "[" * 20_000, "a = " + "9" * 5000, "a = {" * 5000])
def test_hostile_toml_is_refused_in_one_line(text):
    with pytest.raises(ValueError, match=r"\A[^\n]+\Z"):
        toml.loads(text)


plain = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
)
sections = st.dictionaries(st.text(max_size=8), plain | st.lists(plain, max_size=3), max_size=4)


@given(st.dictionaries(st.text(max_size=8), plain | sections | st.lists(sections, min_size=1, max_size=2), max_size=4))
def test_what_is_written_as_toml_is_read_again(table):
    assert toml.loads(toml.dumps(table)) == table


def test_a_quote_is_one_short_line():
    assert quote("popcron") == "'popcron'"
    assert quote(True) == "true"
    assert len(quote("x" * 1000)) == 60
    assert "\n" not in quote("a\nb")
    assert quote(10**6000) == "<int too long to show>"


def test_a_suggestion_does_not_mind_case_and_hyphens():
    assert closest("Fine_Pleomorphic", ["round", "fine-pleomorphic"]) == "fine-pleomorphic"
    assert closest("zzz", ["round"]) is None
