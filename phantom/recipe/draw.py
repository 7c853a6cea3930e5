"""What may stand for a number in a recipe: a constant, a range, a distribution, a choice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from phantom.arrays import F64
from phantom.recipe.messages import quote

_ATTEMPTS = 10_000
# the smallest share of draws a truncation may keep: 10,000 attempts then fail with probability e^-50
_KEPT = 0.005
_LARGEST = 1e300


@dataclass(frozen=True)
class Within:
    """The range a recipe's number must lie in, ends included, and the unit it is in."""

    lo: float
    hi: float
    unit: str = ""

    def __contains__(self, value: float) -> bool:
        return self.lo <= value <= self.hi


@dataclass(frozen=True)
class Draw:
    """A number that is drawn: constant, uniform, normal, log-normal, or one of several.

    Use the constructors `constant`, `uniform`, `normal`, `lognormal`, `choices`, or `parse`
    for what a recipe says. Distributions with tails are truncated to ``[lo, hi]`` by redrawing.

    Attributes
    ----------
    form : str
        ``constant``, ``uniform``, ``normal`` (mean, sd), ``lognormal`` (median, geometric
        standard deviation) or ``choices``.
    values : tuple of float
        The distribution's numbers, in the order above; for ``choices`` the values.
    lo, hi : float
        The smallest and largest number that can come.
    weights : tuple of float
        For ``choices``: their weights, which need not add up to 1.
    """

    form: Literal["constant", "uniform", "normal", "lognormal", "choices"]
    values: tuple[float, ...]
    lo: float
    hi: float
    weights: tuple[float, ...] = ()

    @staticmethod
    def constant(value: float) -> Draw:
        """Always this number."""
        return Draw("constant", (float(value),), float(value), float(value))

    @staticmethod
    def uniform(lo: float, hi: float) -> Draw:
        """Any number from lo to hi, all alike."""
        if not lo <= hi:
            raise ValueError(f"a range must not end before it starts: [{lo:g}, {hi:g}]")
        lo, hi = float(lo) + 0.0, float(hi) + 0.0  # -0.0 becomes 0.0: older NumPy refuses a range from 0.0 to -0.0
        return Draw("uniform", (lo, hi), lo, hi)

    @staticmethod
    def normal(mean: float, sd: float, lo: float, hi: float) -> Draw:
        """A normal distribution truncated to [lo, hi]."""
        return _tailed("normal", mean, sd, lo, hi)

    @staticmethod
    def lognormal(median: float, gsd: float, lo: float, hi: float) -> Draw:
        """A log-normal by its median and geometric standard deviation, truncated to [lo, hi]."""
        if median <= 0 or gsd < 1:
            raise ValueError("a lognormal needs a median above 0 and a geometric sd of at least 1")
        return _tailed("lognormal", median, gsd, lo, hi)

    @staticmethod
    def choices(values: Sequence[float], weights: Sequence[float] = ()) -> Draw:
        """One of these numbers, by weight."""
        if not values:
            raise ValueError("choices must not be empty")
        if weights and (len(weights) != len(values) or min(weights) < 0 or sum(weights) <= 0):
            raise ValueError("weights must be as many as the choices, none negative, not all 0")
        numbers = tuple(float(v) for v in values)
        return Draw("choices", numbers, min(numbers), max(numbers), tuple(float(w) for w in weights))

    @staticmethod
    def parse(given: Any) -> Draw:
        """What a recipe says, as a Draw.

        A number; ``[lo, hi]``; ``{normal = [mean, sd], within = [lo, hi]}``;
        ``{lognormal = [median, gsd], within = [lo, hi]}``;
        ``{choices = [...], weights = [...]}``.

        Raises
        ------
        ValueError
            If it is none of these; the message says what is allowed.
        """
        if isinstance(given, Draw):
            return given
        if _is_number(given):
            return Draw.constant(given)
        if isinstance(given, (list, tuple)):
            return Draw.uniform(*_numbers(given, 2, "[lo, hi]"))
        if isinstance(given, Mapping):
            return _parse_table(given)
        raise ValueError("must be a number, [lo, hi] or a table such as {lognormal = [median, gsd], within = [lo, hi]}")

    @property
    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest number that can come."""
        return self.lo, self.hi

    def to_plain(self) -> Any:
        """The draw as a recipe says it: `parse` of it gives the same draw."""
        if self.form == "constant":
            return self.values[0]
        if self.form == "uniform":
            return list(self.values)
        if self.form == "choices":
            return {"choices": list(self.values), **({"weights": list(self.weights)} if self.weights else {})}
        return {self.form: list(self.values), "within": [self.lo, self.hi]}

    def sample(self, rng: np.random.Generator) -> float:
        """One number."""
        return float(self.samples(rng, 1)[0])

    def samples(self, rng: np.random.Generator, count: int) -> F64:
        """`count` independent numbers, float64."""
        if self.form == "constant":
            return np.full(count, self.values[0])
        if self.form == "uniform":
            return rng.uniform(self.values[0], self.values[1], count)
        if self.form == "choices":
            weights = np.array(self.weights or (1.0,) * len(self.values))
            return rng.choice(np.array(self.values), count, p=weights / weights.sum())
        return self._tailed_samples(rng, count)

    def quantile(self, u: float) -> float:
        """The number below which a share `u` (0 to 1) of the draws lies: for draws that hang together."""
        if self.form == "constant":
            return self.values[0]
        if self.form == "uniform":
            return self.lo + u * (self.hi - self.lo)
        if self.form == "choices":
            weights = np.array(self.weights or (1.0,) * len(self.values))
            order = np.argsort(self.values)
            share = np.cumsum(weights[order]) / weights.sum()
            return float(np.array(self.values)[order][np.searchsorted(share, u).clip(0, len(order) - 1)])
        from scipy.special import ndtr, ndtri

        below, above = (ndtr(_z_of(self.form, self.values[0], self.values[1], end)) for end in self.bounds)
        z = float(ndtri(np.clip(below + u * (above - below), 1e-12, 1 - 1e-12)))
        first, second = self.values
        value = first + second * z if self.form == "normal" else first * second**z
        return float(np.clip(value, self.lo, self.hi))

    def integer(self, rng: np.random.Generator) -> int:
        """One whole number: a uniform range counts both its ends."""
        first, last = math.ceil(self.lo), math.floor(self.hi)
        if self.form == "uniform" and first <= last:
            return int(rng.integers(first, last + 1))
        return round(self.sample(rng))

    def _tailed_samples(self, rng: np.random.Generator, count: int) -> F64:
        out = np.empty(count)
        todo = np.arange(count)
        for _ in range(_ATTEMPTS):
            z = rng.standard_normal(todo.size)
            first, second = self.values
            with np.errstate(over="ignore"):  # infinity is outside any range, and drawn again
                drawn = first + second * z if self.form == "normal" else first * second**z
            out[todo] = drawn
            todo = todo[(drawn < self.lo) | (drawn > self.hi)]
            if not todo.size:
                return out
        raise ValueError(f"{self.to_plain()} hardly ever lies within {[self.lo, self.hi]}")


def _tailed(form: Literal["normal", "lognormal"], first: float, second: float, lo: float, hi: float) -> Draw:
    if not lo <= hi:
        raise ValueError(f"'within' must not end before it starts: [{lo:g}, {hi:g}]")
    if second < 0:
        raise ValueError("a spread must not be negative")
    if _kept(form, first, second, lo, hi) < _KEPT:
        raise ValueError(f"{form} = [{first:g}, {second:g}] hardly ever lies within [{lo:g}, {hi:g}]")
    return Draw(form, (float(first), float(second)), float(lo), float(hi))


def _kept(form: str, first: float, second: float, lo: float, hi: float) -> float:
    """The share of draws that a truncation to [lo, hi] keeps."""
    low, high = (_z_of(form, first, second, end) for end in (lo, hi))
    if second == (0.0 if form == "normal" else 1.0):  # no spread: the middle, always
        return 1.0 if low <= 0 <= high else 0.0
    return 0.5 * (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2)))


def _z_of(form: str, first: float, second: float, value: float) -> float:
    """How many standard deviations a value lies above the middle."""
    if form == "lognormal":
        if value <= 0:
            return -math.inf
        first, second, value = math.log(first), math.log(second), math.log(value)
    if second == 0:
        return 0.0 if value == first else math.copysign(math.inf, value - first)
    return (value - first) / second


def _parse_table(given: Mapping[str, Any]) -> Draw:
    keys = set(given)
    if keys in ({"choices"}, {"choices", "weights"}):
        return Draw.choices(
            _numbers(given["choices"], None, "choices"), _numbers(given.get("weights", []), None, "weights")
        )
    for form in ("normal", "lognormal"):
        if keys == {form, "within"}:
            first, second = _numbers(given[form], 2, form)
            lo, hi = _numbers(given["within"], 2, "within")
            return Draw.normal(first, second, lo, hi) if form == "normal" else Draw.lognormal(first, second, lo, hi)
    raise ValueError(
        "a drawn number is one of {normal = [mean, sd], within = [lo, hi]}, "
        "{lognormal = [median, gsd], within = [lo, hi]}, {choices = [...], weights = [...]}"
    )


def _numbers(given: Any, count: int | None, name: str) -> list[float]:
    if not isinstance(given, (list, tuple)) or not all(_is_number(v) for v in given):
        raise ValueError(f"{name} must be a list of numbers, not {quote(given)}")
    if count is not None and len(given) != count:
        raise ValueError(f"{name} must hold {count} numbers, not {len(given)}")
    return [float(v) for v in given]


def _is_number(given: Any) -> bool:
    return isinstance(given, (int, float)) and not isinstance(given, bool) and abs(given) <= _LARGEST
