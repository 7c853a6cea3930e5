"""Named seeds: the same place gives the same numbers, another place others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantom.recipe.seed import Seed

names = st.one_of(st.integers(0, 2**32 - 1), st.text(min_size=1, max_size=20))


def first(seed: Seed) -> int:
    return int(seed.rng().integers(0, 2**63))


@given(st.integers(0, 2**64), st.lists(names, max_size=4))
def test_the_same_place_always_gives_the_same_numbers(root, path):
    assert first(Seed(root).child(*path)) == first(Seed(root, tuple(path)))


@given(st.integers(0, 2**64), names, names)
def test_two_names_are_two_streams(root, one, other):
    if Seed(root).child(one).path != Seed(root).child(other).path:
        assert first(Seed(root).child(one)) != first(Seed(root).child(other))


def test_order_of_use_moves_nobodys_random_numbers():
    case = Seed(3).child("case", 5)
    before = first(case.child("anatomy"))
    case.rng().standard_normal(1000)
    case.child("a new stage").rng().standard_normal(1000)
    assert first(case.child("anatomy")) == before


def test_neighbouring_seeds_and_cases_are_not_shifted_copies():
    a, b = Seed(0).child(1).rng().random(5000), Seed(1).child(0).rng().random(5000)
    # the correlation of independent streams of n numbers has a standard deviation of n ** -0.5
    assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(5000)
    assert not set(a) & set(b)


def test_zero_is_a_seed_like_any_other():
    assert first(Seed(0)) != first(Seed(1))


@pytest.mark.parametrize("name", [True, 1.5, None, b"x"])
def test_a_name_is_text_or_a_whole_number(name):
    with pytest.raises(TypeError, match="text or a whole number"):
        Seed(0, (name,)).rng()


def test_negative_numbers_are_refused():
    with pytest.raises(ValueError, match="must not be negative"):
        Seed(-1)
    with pytest.raises(ValueError, match="must not be negative"):
        Seed(0).child(-1).rng()


def test_an_empty_name_is_refused():
    with pytest.raises(ValueError, match="must not be empty"):
        Seed(0).child("").rng()
