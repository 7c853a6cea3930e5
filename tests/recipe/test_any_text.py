"""Any text as a recipe, and any text behind --set: a recipe, or one message with exit code 2."""

from __future__ import annotations

import damaged
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phantom.errors import UsageError
from phantom.exam import preset as presets
from phantom.recipe.keys import keys_of

QUICK = settings(max_examples=25, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=1200, suppress_health_check=list(HealthCheck))
SECTIONS = ("anatomy", "exam", "beam", "exposure", "scatter", "detector", "presentation", "mix")
KEYS = ["name", "description", "finding", "finding[0]", "finding[0].kind", "finding[9].kind", "finding[0].count"]
KEYS += SECTIONS
KEYS += [
    f"{section}.{key}"
    for section in SECTIONS
    for key in keys_of(type(getattr(presets.load("density-b"), section)))
    if (section, key) != ("detector", "file_text")
]
WORDS = ["uniform", "lognormal", "normal", "choices", "weights", "within", "CC", "MLO", "auto", "round", "kind"]
NUMBERS = st.sampled_from(["0", "-1", "1e999", "nan", "inf", "0x10", "1_000", "9" * 30, "0.3", "2", "1e-300", "true"])


def refused_or_read(name: str, sets: tuple[str, ...] = ()) -> None:
    try:
        recipe = presets.load(name, sets)
    except UsageError as why:
        assert 10 < len(str(why)) < 20_000
        assert why.exit_code == 2
        return
    assert presets.from_dict(recipe.resolved()).resolved() == recipe.resolved()


def plain(value: object) -> str:
    """A value as a user might type it, TOML or not."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {plain(one)}" for key, one in value.items()) + "}"
    return "[" + ", ".join(map(plain, value)) + "]" if isinstance(value, list) else str(value)


SETS = st.lists(
    st.builds(
        lambda key, mark, text: f"{key}{mark}{text}",
        st.sampled_from(KEYS) | st.text(max_size=10),
        st.sampled_from(["=", "=", "=", "==", ""]),
        NUMBERS | st.text(max_size=12) | damaged.values(WORDS).map(plain),
    ),
    min_size=1,
    max_size=3,
).map(tuple)  # fmt: skip


@QUICK
@given(SETS)
def test_any_change(sets):
    refused_or_read("suspicious", sets)


@pytest.mark.slow
@LONG
@given(SETS)
def test_any_change_at_length(sets):
    refused_or_read("suspicious", sets)


def written(folder, data: bytes) -> str:
    path = folder / "any.toml"
    path.write_bytes(data)
    return str(path)


@QUICK
@given(data=st.data())
def test_any_text(tmp_path, data):
    refused_or_read(written(tmp_path, data.draw(damaged.edits(presets.text("suspicious").encode()))))


@pytest.mark.slow
@LONG
@given(data=st.data(), name=st.sampled_from(presets.names()))
def test_any_text_at_length(tmp_path, data, name):
    refused_or_read(written(tmp_path, data.draw(damaged.edits(presets.text(name).encode()))))
