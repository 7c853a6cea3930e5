"""What may stand for a number: it stays in its bounds, and comes back as it was said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed

numbers = st.floats(-1e6, 1e6)
positive = st.floats(1e-3, 1e3)
draws = st.one_of(
    numbers.map(Draw.constant),
    st.tuples(numbers, numbers).map(sorted).map(lambda ends: Draw.uniform(*ends)),
    st.tuples(numbers, positive, st.floats(0.1, 5)).map(
        lambda t: Draw.normal(t[0], t[1], t[0] - t[1] * t[2], t[0] + t[1])
    ),
    st.tuples(positive, st.floats(1.01, 3)).map(lambda t: Draw.lognormal(t[0], t[1], t[0] / t[1], t[0] * t[1] ** 2)),
    st.lists(numbers, min_size=1, max_size=5).map(Draw.choices),
    st.lists(st.tuples(numbers, positive), min_size=1, max_size=5).map(lambda t: Draw.choices(*zip(*t, strict=True))),
)


@given(draws, st.integers(0, 1000))
def test_every_number_lies_within_the_bounds(draw, root):
    lo, hi = draw.bounds
    drawn = draw.samples(Seed(root).rng(), 50)
    assert drawn.shape == (50,)
    assert np.all((drawn >= lo) & (drawn <= hi))
    assert lo <= draw.sample(Seed(root).rng()) <= hi


@given(draws)
def test_it_comes_back_as_it_was_said(draw):
    assert Draw.parse(draw.to_plain()) == draw


@given(draws, st.integers(0, 1000))
def test_the_same_seed_draws_the_same(draw, root):
    assert np.array_equal(draw.samples(Seed(root).rng(), 5), draw.samples(Seed(root).rng(), 5))


@given(draws, st.integers(0, 1000))
def test_an_integer_is_whole_and_near_the_bounds(draw, root):
    whole = draw.integer(Seed(root).rng())
    assert isinstance(whole, int)
    assert draw.lo - 0.5 <= whole <= draw.hi + 0.5


def test_a_whole_range_counts_both_its_ends():
    rng = Seed(1).rng()
    seen = {Draw.uniform(2, 4).integer(rng) for _ in range(200)}
    assert seen == {2, 3, 4}


def test_the_median_of_a_lognormal_is_the_one_it_names():
    drawn = np.log(Draw.lognormal(14, 1.8, 0.01, 1e5).samples(Seed(2).rng(), 20_000))
    # a median of n normal numbers has a standard error of 1.25 sd / sqrt(n)
    assert abs(np.median(drawn) - np.log(14)) < 5 * 1.25 * np.log(1.8) / np.sqrt(20_000)
    assert abs(drawn.std() - np.log(1.8)) < 5 * np.log(1.8) / np.sqrt(40_000)


def test_weights_are_shares():
    drawn = Draw.choices([1, 2], [3, 1]).samples(Seed(3).rng(), 10_000)
    assert abs((drawn == 1).mean() - 0.75) < 5 * np.sqrt(0.75 * 0.25 / 10_000)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("5", "must be a number"),
        (True, "must be a number"),
        (float("nan"), "must be a number"),
        (float("inf"), "must be a number"),
        (10**400, "must be a number"),
        ([1], "must hold 2 numbers"),
        ([2, 1], "must not end before it starts"),
        ([1, "2"], "list of numbers"),
        ({}, "one of"),
        ({"lognormal": [1, 2]}, "one of"),
        ({"lognormal": [-1, 2], "within": [0, 1]}, "median above 0"),
        ({"lognormal": [1, 2], "within": [1e6, 1e7]}, "hardly ever"),
        ({"lognormal": [1, 1e300], "within": [1, 1.5]}, "hardly ever"),
        ({"normal": [0, 0], "within": [1, 2]}, "hardly ever"),
        ({"normal": [0, -1], "within": [-1, 2]}, "must not be negative"),
        ({"choices": []}, "must not be empty"),
        ({"choices": [1, 2], "weights": [0, 0]}, "weights"),
        ({"choices": [1, 2], "weights": [1]}, "weights"),
    ],
)
def test_what_is_no_draw_is_refused_in_words(wrong, why):
    with pytest.raises(ValueError, match=why):
        Draw.parse(wrong)


@given(
    st.sampled_from(["normal", "lognormal"]),
    st.floats(-1e300, 1e300),
    st.floats(0, 1e300),
    st.tuples(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300)),
)
def test_what_is_accepted_can_be_drawn(form, first, second, ends):
    try:
        draw = Draw.parse({form: [first, second], "within": list(ends)})
    except ValueError:
        return
    drawn = draw.samples(Seed(0).rng(), 10)
    assert np.all((drawn >= ends[0]) & (drawn <= ends[1]))


def test_the_ends_of_a_range_belong_to_it():
    assert 1 in Within(1, 2)
    assert 2 in Within(1, 2)
    assert 2.1 not in Within(1, 2)
    assert float("nan") not in Within(1, 2)


def test_a_range_between_the_two_zeros_of_a_float_is_one_that_older_numpy_takes():
    lo, hi = Draw.uniform(0.0, -0.0).bounds
    assert not np.signbit([lo, hi]).any()
