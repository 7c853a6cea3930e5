"""Fine linear branching calcifications: casts that fork where ducts do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.calcifications import duct_casts
from phantom.calcifications.distributions import duct_lines, ruler
from phantom.calcifications.duct_casts import Piece
from phantom.calcifications.finding import Distribution
from phantom.calcifications.kinds.fine_linear import Casts, Stretch
from phantom.calcifications.label import Label
from phantom.errors import NoPlace
from phantom.recipe.draw import Draw, Within


@dataclass(frozen=True)
class Kind(Casts):
    """Thin casts of ducts with forks: letters V and Y along the branches of one lobe.

    As fine linear ones, and at least one fork, in a real fork of this breast's ducts. Calibres at a fork
    follow Murray's law. Category 4C (5 would ask for a mass as well), predictive value 70 % (BI-RADS 5th
    edition). Calibre of the stems, arms' lengths and numbers are estimates.
    """

    label: ClassVar[Label] = Label(
        "fine linear branching",
        "fine branching lines in the milk ducts",
        {"segmental": 0.6, "linear": 0.25, "grouped": 0.15},
        category="4C",
        ppv=0.70,
        exclusion_reason="casts lie in the ducts of one lobe",
    )

    stem_mm: Annotated[Draw, Within(0.08, 0.49, "mm"), "calibre of a fork's stem (estimate)"] = Draw.uniform(0.2, 0.35)
    arm_mm: Annotated[Draw, Within(0.5, 10, "mm"), "length of a fork's stem and arms (estimate)"] = Draw.uniform(
        1.2, 3.5
    )
    forks: Annotated[Draw, Within(1, 20), "forks that are calcified (estimate)"] = Draw.uniform(2, 5)

    def stretches(self, breast: Breast, rng: np.random.Generator, distribution: Distribution) -> list[Stretch]:
        """The lengths of duct that hold casts: all around a fork."""
        if distribution == "segmental":
            return super().stretches(breast, rng, distribution)
        forks = duct_casts.forks(breast)
        lines = duct_lines(breast, rng, suspicious=True)
        wanted = (self.group_mm if distribution == "grouped" else self.line_mm).sample(rng)
        spots = np.array([child.points_mm[0] for _, child, _ in forks]).reshape(-1, 3)
        # those in gland first: what is suspicious begins in lobules
        order = rng.exponential(1.0, len(forks)) / (1e-3 + breast.gland_weight(spots))
        for k in np.argsort(order, kind="stable"):
            spot = spots[k]
            for path, first, last in lines:
                away = np.linalg.norm(path.points_mm - spot, axis=1)
                at = float(path.arc_mm[int(away.argmin())])
                if away.min() < 0.5 and first + 2.0 <= at <= last - 2.0 and last - first >= min(wanted, 10.0):
                    length = min(wanted, last - first)
                    start = min(max(first, at - rng.uniform(0.3, 0.7) * length), last - length)
                    if distribution == "grouped":
                        # arms reach beyond the stretch
                        seen = ruler(breast)(path.at(np.linspace(start, start + length, 9))[0])
                        shorter = length * min(1.0, 0.8 * wanted / seen)
                        start, length = min(max(start, at - 0.5 * shorter), start + length - shorter), shorter
                    return [(path, start, start + length)]
        raise NoPlace("no duct forks deep enough below the skin")

    def pieces(self, breast: Breast, rng: np.random.Generator, stretches: list[Stretch]) -> list[Piece]:
        """Forked casts first, then broken lines that keep clear of them."""
        forks = duct_casts.forks(breast)
        places = np.array([fork[1].points_mm[0] for fork in forks]).reshape(-1, 1, 3)
        along = np.concatenate([path.points_mm for path, _, _ in stretches])
        gaps = np.sqrt(((along - places) ** 2).sum(axis=2)).min(axis=1)
        nearest = [forks[k] for k in np.argsort(gaps, kind="stable") if gaps[k] < 0.5]
        spots = [fork for fork in nearest if self._within(fork[1].points_mm[0], stretches)]
        if not spots:
            raise NoPlace("no fork of a duct in reach")
        count = max(1, self.forks.integer(rng))
        chosen = [spots[k] for k in rng.permutation(len(spots))[:count]]
        forked = [
            duct_casts.forked(breast, fork, self.stem_mm.sample(rng), self.arm_mm.sample(rng), rng) for fork in chosen
        ]
        straight = [
            p
            for p in super().pieces(breast, rng, stretches)
            if min(float(np.linalg.norm(np.array(p.centre_mm) - np.array(f.centre_mm))) for f in forked) > 1.5
        ]
        return forked + straight

    @staticmethod
    def _within(spot: np.ndarray[tuple[int], np.dtype[np.float64]], stretches: list[Stretch]) -> bool:
        for path, start, end in stretches:
            away = np.linalg.norm(path.points_mm - spot, axis=1)
            if away.min() < 0.5 and start - 2.0 <= path.arc_mm[int(away.argmin())] <= end + 2.0:
                return True
        return False
