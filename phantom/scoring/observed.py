"""Two-alternative answers scored: how often people chose right, and whether that is as good as chance."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phantom.dataset.format.untrusted import parse_json
from phantom.errors import UsageError

FORMAT = "phantom-observer-answers"
MARGIN = 0.1  # of the proportion of right answers, as in equivalence tests of figures of merit
LEVEL = 0.05
_LARGEST = 1 << 24


def sides(token: str, count: int) -> list[int]:
    """For each pair, where what is asked for stands: 0 left, 1 right. Drawn from the page's token alone."""
    return [hashlib.sha256(f"{token}:{number}".encode()).digest()[0] & 1 for number in range(count)]


@dataclass(frozen=True)
class Answers:
    """What one reader chose.

    Attributes
    ----------
    reader : str
    question : str
        ``calcifications`` (with or without) or ``real`` (real or grown).
    token : str
        The page's.
    pairs : int
        How many the page has.
    chosen : mapping of int to int
        Pair to 0 (left) or 1 (right).
    labels : tuple of str
        Of each pair, what it shows: the kind.
    """

    reader: str
    question: str
    token: str
    pairs: int
    chosen: Mapping[int, int]
    labels: tuple[str, ...]

    def right(self) -> dict[int, bool]:
        """Pair to whether the choice was right."""
        where = sides(self.token, self.pairs)
        return {number: side == where[number] for number, side in self.chosen.items()}


def read(path: Path) -> Answers:
    """The answers that a page gave to download.

    Raises
    ------
    UsageError
        If the file holds no such answers.
    """
    try:
        if path.exists() and not path.is_file():
            raise ValueError("it is not a plain file")
        if path.stat().st_size > _LARGEST:
            raise ValueError("too large")
        data = parse_json(path.read_bytes())
        if data["format"] != FORMAT:
            raise ValueError("of another format")
        pairs, labels = int(data["pairs"]), tuple(str(label) for label in data["labels"])
        chosen = {int(one["pair"]): {"left": 0, "right": 1}[one["side"]] for one in data["answers"]}
        if not 0 < pairs <= 100_000 or len(labels) != pairs or not all(0 <= number < pairs for number in chosen):
            raise ValueError("its pairs and answers do not fit")
        return Answers(str(data["reader"]), str(data["question"]), str(data["token"]), pairs, chosen, labels)
    except OSError as why:
        raise UsageError(f"{path}: cannot be read: {why.strerror or why}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as why:
        raise UsageError(f"{path}: not the answers of a page that `phantom observe` made ({why})") from None


@dataclass(frozen=True)
class Result:
    """How often the choices were right.

    Attributes
    ----------
    readers, answers, right : int
    correct : float
        Their proportion.
    low, high : float
        Its 95 % interval.
    p_different : float
        Two-sided, against chance.
    p_equivalent : float
        The larger of the two one-sided tests against chance - margin and chance + margin (TOST): below 0.05 the
        proportion is equivalent to chance.
    by_label : mapping of str to (int, int)
        Right and all answers for each kind.
    """

    readers: int
    answers: int
    right: int
    correct: float
    low: float
    high: float
    p_different: float
    p_equivalent: float
    by_label: Mapping[str, tuple[int, int]]

    @property
    def equivalent(self) -> bool:
        """Whether the two cannot be told apart, within the margin."""
        return self.p_equivalent < LEVEL

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "readers": self.readers,
            "answers": self.answers,
            "right": self.right,
            "percent_correct": 100 * self.correct,
            "percent_low": 100 * self.low,
            "percent_high": 100 * self.high,
            "p_different": self.p_different,
            "p_equivalent": self.p_equivalent,
            "margin": MARGIN,
            "equivalent": self.equivalent,
            "by_kind": {label: {"right": right, "answers": n} for label, (right, n) in self.by_label.items()},
        }

    def text(self) -> str:
        """Some lines to read."""
        verdict = "equivalent to chance" if self.equivalent else "not shown to be equivalent to chance"
        lines = [
            (f"{self.right} of {self.answers} right: {100 * self.correct:.1f} % "
            f"(95 % interval {100 * self.low:.1f} to {100 * self.high:.1f}), {self.readers} "
            f"reader{'s' * (self.readers != 1)}"),
            (f"against chance: p = {self.p_different:.3g}; {verdict} within {100 * MARGIN:.0f} points "
            f"(TOST: p = {self.p_equivalent:.3g})"),
        ]
        return "\n".join([*lines, *(f"  {label}: {r} of {n}" for label, (r, n) in sorted(self.by_label.items()))])


def score(answers: Sequence[Answers]) -> Result:
    """All readers together.

    One reader's answers are a binomial sample: exact tests and the Clopper-Pearson interval. Several readers of the
    same pairs agree about them: pairs are the sample, and Student's t is taken over each one's mean.

    Raises
    ------
    UsageError
        If there are no answers, or they are of different questions.
    """
    if len({one.question for one in answers}) > 1:
        raise UsageError("the answers are to different questions; score them one by one")
    rights = [(one, one.right()) for one in answers]
    flat = [(one, number, is_right) for one, right in rights for number, is_right in right.items()]
    if not flat:
        raise UsageError("there are no answers yet")
    right, count = sum(is_right for *_, is_right in flat), len(flat)
    by_label: dict[str, tuple[int, int]] = {}
    for one, number, is_right in flat:
        r, n = by_label.get(one.labels[number], (0, 0))
        by_label[one.labels[number]] = r + is_right, n + 1
    pairs: dict[tuple[str, int], list[bool]] = {}
    for one, number, is_right in flat:
        pairs.setdefault((one.token, number), []).append(is_right)
    numbers = _exact(right, count) if len(pairs) == count else _clustered([float(np.mean(v)) for v in pairs.values()])
    return Result(len({one.reader for one in answers}), count, right, *numbers, by_label)


def _exact(right: int, count: int) -> tuple[float, float, float, float, float]:
    """Proportion, interval, and the p of difference and of equivalence, of independent answers."""
    from scipy.stats import binomtest

    test = binomtest(right, count, 0.5)
    interval = test.proportion_ci(0.95, method="exact")
    above = binomtest(right, count, 0.5 - MARGIN, alternative="greater").pvalue
    below = binomtest(right, count, 0.5 + MARGIN, alternative="less").pvalue
    return right / count, float(interval.low), float(interval.high), float(test.pvalue), float(max(above, below))


def _clustered(means: Sequence[float]) -> tuple[float, float, float, float, float]:
    """The same of pairs' means."""
    from scipy.stats import t

    n, mean = len(means), float(np.mean(means))
    if n < 2 or np.ptp(means) == 0:
        return mean, 0.0, 1.0, 1.0, 1.0  # one pair, or no two that differ, say nothing of the spread
    error = float(np.std(means, ddof=1)) / n**0.5
    reach = float(t.ppf(0.975, n - 1)) * error
    different = 2 * float(t.sf(abs(mean - 0.5) / error, n - 1))
    above, below = (float(t.sf(v / error, n - 1)) for v in (mean - 0.5 + MARGIN, 0.5 + MARGIN - mean))
    return mean, max(mean - reach, 0.0), min(mean + reach, 1.0), different, max(above, below)
