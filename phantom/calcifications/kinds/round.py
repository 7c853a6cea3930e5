"""Round calcifications: smooth balls of half a millimetre and more, in the lobules' acini."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from phantom.calcifications import rough_bodies
from phantom.calcifications.finding import Pathology
from phantom.calcifications.kind_base import MultiGrainKind
from phantom.calcifications.label import Label
from phantom.geometry.solids.shapes import Shape
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed


@dataclass(frozen=True)
class Kind(MultiGrainKind):
    """Large, round, well-defined white dots in the lobules.

    Balls of at least 0.5 mm (BI-RADS 5th edition), benign when scattered and below 1 mm. Sizes' spread,
    roundness and numbers are estimates.
    """

    label: ClassVar[Label] = Label(
        "round",
        "macrocalcifications, large and round",
        {"diffuse": 0.6, "regional": 0.2, "grouped": 0.2},
        exclusion_reason="round grains lie in lobules, not along ducts",
    )

    bilateral: Annotated[float, Within(0, 1), "probability that the other breast has it too (estimate)"] = 0.7
    size_mm: Annotated[Draw, Within(0.5, 3, "mm"), "diameter"] = Draw.lognormal(0.68, 1.25, 0.5, 1.5)
    aspect: Annotated[float, Within(1, 1.5), "longest over shortest axis, at most (estimate)"] = 1.25
    grains: Annotated[Draw, Within(1, 400), "grains of a group"] = Draw.uniform(5, 12)
    scattered_grains: Annotated[Draw, Within(1, 2000), "grains when diffuse or regional (estimate)"] = Draw.uniform(
        5, 60
    )
    focus_grains: Annotated[Draw, Within(1, 30), "grains in each lobule when diffuse (estimate)"] = Draw.uniform(1, 3)
    gap_mm: Annotated[Draw, Within(0, 5, "mm"), "grains of a group keep this distance (estimate)"] = Draw.constant(1.0)
    type_one: Annotated[float, Within(0, 1), "share of benign findings made of weddellite (estimate)"] = 0.25

    def form(self, seed: Seed, along: tuple[float, float, float], pathology: Pathology) -> Shape:
        """A dot."""
        rng = seed.rng()
        return rough_bodies.dot(rng, self.size_mm.sample(rng), self.aspect)
