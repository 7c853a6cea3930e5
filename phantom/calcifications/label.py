"""What a radiologist would call a finding: descriptor, distribution, category, and what the biopsy says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np

from phantom.calcifications.finding import Category, Distribution, Pathology
from phantom.errors import ImpossibleDistribution

# Predictive value by distribution, BI-RADS 5th edition
_BY_DISTRIBUTION = {"diffuse": 0.02, "regional": 0.26, "grouped": 0.31, "linear": 0.60, "segmental": 0.62}
# What a category means, BI-RADS 5th edition: likelihood of cancer. Category 3 at its upper end
_BANDS: dict[str, tuple[float, float]] = {
    "1": (0.0, 0.0),
    "2": (0.0, 0.0),
    "3": (0.0, 0.02),
    "4A": (0.02, 0.10),
    "4B": (0.10, 0.50),
    "4C": (0.50, 0.95),
    "5": (0.95, 1.0),
}


@dataclass(frozen=True)
class Label:
    """A kind's labels.

    Attributes
    ----------
    descriptor : str
        BI-RADS word for its form (``none`` for what is no calcification).
    cause : str
        In the words of the patient page.
    spreads : mapping of distribution to float
        Which distributions it may have, and how often each comes if a recipe does not say.
    category : str
        BI-RADS assessment, except for the distributions in `categories`.
    categories : mapping of distribution to category
    ppv : float
        The descriptor's predictive value for cancer over all its distributions, as they come.
    refusal : str
        Why it cannot have the other distributions.
    artefact : bool
        True for what is not in the breast.
    """

    descriptor: str
    cause: str
    distribution_weights: Mapping[Distribution, float]
    category: Category = "2"
    categories: Mapping[Distribution, Category] = field(default_factory=lambda: MappingProxyType({}))
    ppv: float = 0.0
    exclusion_reason: str = ""
    artefact: bool = False

    def spread(self, asked: Distribution | None, rng: np.random.Generator, kind: str) -> Distribution:
        """The distribution asked for, or one of its own by weight.

        Raises
        ------
        ImpossibleDistribution
            If it cannot have the one asked for; says why, and which it can have.
        """
        if asked is None:
            names = list(self.distribution_weights)
            weights = np.array([self.distribution_weights[name] for name in names])
            return names[int(rng.choice(len(names), p=weights / weights.sum()))]
        if asked not in self.distribution_weights:
            why = f": {self.exclusion_reason}" if self.exclusion_reason else ""
            raise ImpossibleDistribution(
                f"{kind} cannot be {asked}{why}; it may be {', '.join(self.distribution_weights)}"
            )
        return asked

    def category_of(self, distribution: Distribution) -> Category:
        """The BI-RADS category of this form with that distribution."""
        return self.categories.get(distribution, self.category)

    def risk(self, distribution: Distribution, category: Category) -> float:
        """Probability of cancer: the descriptor's predictive value, shifted by the distribution's odds.

        The shift is against the mean over the descriptor's own distributions, whose value it already is: weighted
        as they come, the risks have that mean. It is kept within the category's band.
        """
        lo, hi = _BANDS[category]
        if self.ppv <= 0.0 or hi == 0.0:
            return lo
        return min(hi, max(lo, _shifted(self._base, distribution)))

    @cached_property
    def _base(self) -> float:
        """The logit at which the risks of all distributions, as they come, have the predictive value as their mean."""
        weights = np.array(list(self.distribution_weights.values()))
        low, high = -12.0, 12.0
        for _ in range(50):
            middle = 0.5 * (low + high)
            risks = [
                min(_BANDS[self.category_of(name)][1], max(_BANDS[self.category_of(name)][0], _shifted(middle, name)))
                for name in self.distribution_weights
            ]
            below = float((weights * risks).sum() / weights.sum()) < self.ppv
            low, high = (middle, high) if below else (low, middle)
        return 0.5 * (low + high)

    def pathology(
        self,
        distribution: Distribution,
        category: Category,
        rng: np.random.Generator,
        malignancy: float | None = None,
    ) -> Pathology:
        """A drawn verdict of the microscope; `malignancy` is its probability of cancer where a recipe gives it."""
        if self.artefact:
            return "none"
        risk = self.risk(distribution, category) if malignancy is None else malignancy
        return "malignant" if rng.random() < risk else "benign"


def _shifted(base: float, distribution: Distribution) -> float:
    """The probability at this logit, its odds times those of the distribution over those of a group."""
    shift = _logit(_BY_DISTRIBUTION.get(distribution, 0.31)) - _logit(_BY_DISTRIBUTION["grouped"])
    return 1.0 / (1.0 + math.exp(-base - shift))


def _logit(p: float) -> float:
    return math.log(p / (1.0 - p))
