"""How well a logistic model of hand-made features tells one side's patches from the other's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from phantom.arrays import F64, Bools
from phantom.compare.measure import Measured
from phantom.errors import UsageError, install

Words = np.ndarray[tuple[int], np.dtype[np.str_]]
_MOST_FOLDS = 8
_LEADING = 8


@dataclass(frozen=True)
class Leading:
    """A feature that carries the difference: its weight in the model and its AUC alone."""

    feature: str
    weight: float
    auc: float


@dataclass(frozen=True)
class Separation:
    """How well patches are told apart: an AUC for each fold, named after who was left out, and what carries it."""

    by_fold: dict[str, float]
    leading: tuple[Leading, ...] = ()

    @property
    def auc(self) -> float:
        """Mean over folds; NaN without any."""
        return float(np.mean(list(self.by_fold.values()))) if self.by_fold else float("nan")


@dataclass(frozen=True, eq=False)
class Table:
    """Features (patches, features) of one side, and the woman and the image of each patch."""

    names: tuple[str, ...]
    x: F64
    woman: Words
    image: Words

    @classmethod
    def of(cls, side: Sequence[Measured], scale: str) -> Table:
        """The features of a side at a scale."""
        names = tuple(side[0].features[scale])
        x = np.concatenate([np.stack([m.features[scale][n] for n in names], 1) for m in side])
        return cls(names, np.nan_to_num(x, posinf=0, neginf=0), groups(side, "woman"), groups(side, "image"))

    def by(self, group: str) -> Words:
        """The woman or the image of each patch."""
        return self.woman if group == "woman" else self.image


def groups(side: Sequence[Measured], group: str) -> Words:
    """The woman or the image of each patch of a side."""
    names = [m.woman if group == "woman" else m.name for m in side]
    return np.repeat(np.array(names, dtype=str), [len(m.stored) for m in side])


def folds(reference: Words, others: Words) -> list[tuple[str, Bools, Bools]]:
    """Who is left out together: name, patches of the reference and of the other side.

    Every group of the reference is left out once, each alone where there are at most eight; the other side's
    groups are dealt out in turn.
    """
    first, second = list(dict.fromkeys(reference.tolist())), list(dict.fromkeys(others.tolist()))
    count = min(len(first), len(second), _MOST_FOLDS) if len(first) > 1 and len(second) > 1 else 0
    # with fewer groups on the other side than here, some of ours are left out together
    parts = [first[i::count] for i in range(count)]
    return [
        (" ".join(part), np.isin(reference, part), np.isin(others, second[i::count])) for i, part in enumerate(parts)
    ]


def weights(group: Words) -> F64:
    """Equal for every group, summing to 1."""
    _, inverse, counts = np.unique(group, return_inverse=True, return_counts=True)
    weight = 1.0 / counts[inverse]
    return np.asarray(weight / weight.sum(), np.float64)


def auc(positive: F64, negative: F64) -> float:
    """The chance that a value of the first exceeds one of the second."""
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([positive, negative]))[: len(positive)].sum()
    return float((ranks - len(positive) * (len(positive) + 1) / 2) / (len(positive) * len(negative)))


def fitted(x: F64, y: F64, weight: F64) -> tuple[Callable[[F64], F64], F64]:
    """A logistic model of standardised, clipped features: its score and its weights."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise UsageError(f"comparing needs scikit-learn: {install('compare')}") from None
    middle, sd = np.median(x, 0), x.std(0) + 1e-9

    def scaled(values: F64) -> F64:
        return np.asarray(np.clip((values - middle) / sd, -4, 4))

    model = LogisticRegression(C=0.1, max_iter=500).fit(scaled(x), y, sample_weight=weight)
    return lambda values: np.asarray(model.decision_function(scaled(values))), np.asarray(model.coef_[0])


def tell(reference: Sequence[Measured], others: Sequence[Measured], scale: str, by: str = "woman") -> Separation:
    """Tell others from the reference, tested on women (or images) that were not trained on.

    Raises
    ------
    UsageError
        If scikit-learn is absent.
    """
    a, b = Table.of(reference, scale), Table.of(others, scale)
    found: dict[str, float] = {}
    coefficients = []
    for name, in_a, in_b in folds(a.by(by), b.by(by)):
        x = np.concatenate([a.x[~in_a], b.x[~in_b]])
        y = np.repeat([0.0, 1.0], [np.count_nonzero(~in_a), np.count_nonzero(~in_b)])
        weight = np.concatenate([weights(a.woman[~in_a]), weights(b.woman[~in_b])]) * len(x) / 2
        score, coefficient = fitted(x, y, weight)
        coefficients.append(coefficient)
        found[name] = auc(score(b.x[in_b]), score(a.x[in_a]))
    if not found:
        return Separation({})
    mean = np.mean(coefficients, 0)
    leading = (
        Leading(a.names[j], float(mean[j]), auc(b.x[:, j], a.x[:, j])) for j in np.argsort(-np.abs(mean))[:_LEADING]
    )
    return Separation(found, tuple(leading))


def each_against_the_others(side: Sequence[Measured], scale: str) -> Separation:
    """How well women with two or more images, at most eight, are told from the others, by images not trained on."""
    names = list(dict.fromkeys(m.woman for m in side))
    found = {}
    for name in names[:_MOST_FOLDS] if len(names) > 1 else ():
        separation = tell([m for m in side if m.woman != name], [m for m in side if m.woman == name], scale, "image")
        if separation.by_fold:
            found[name] = separation.auc
    return Separation(found)
