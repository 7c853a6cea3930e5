"""Punctate calcifications: round specks below half a millimetre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from phantom.calcifications import grain_shapes
from phantom.calcifications.finding import Pathology
from phantom.calcifications.kind_base import MultiGrainKind
from phantom.calcifications.label import Label
from phantom.geometry.solids.shapes import Shape
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed


@dataclass(frozen=True)
class Kind(MultiGrainKind):
    """Very fine round white specks below 0.5 mm.

    Mean 0.19 mm, as morphometry of benign groups found. Diffuse ones, in lobular foci, are benign; a lone
    group is probably benign (category 3); in a line or a segment they are biopsied (BI-RADS 5th edition).
    A hard negative when grouped. Numbers and spacing are estimates.
    """

    label: ClassVar[Label] = Label(
        "punctate",
        "microcalcifications, very fine specks",
        {"diffuse": 0.5, "grouped": 0.35, "regional": 0.1, "linear": 0.02, "segmental": 0.03},
        categories={"grouped": "3", "linear": "4B", "segmental": "4B"},
        ppv=0.05,
    )

    bilateral: Annotated[float, Within(0, 1), "probability that the other breast has it too (estimate)"] = 0.8
    size_mm: Annotated[Draw, Within(0.1, 0.5, "mm"), "diameter"] = Draw.lognormal(0.175, 1.47, 0.1, 0.44)
    aspect: Annotated[float, Within(1, 1.5), "longest over shortest axis, at most (estimate)"] = 1.4
    edge_mm: Annotated[float, Within(0, 0.1, "mm"), "width over which the edge fades (estimate)"] = 0.015
    grains: Annotated[Draw, Within(5, 400), "grains of a group, a line or a segment"] = Draw.uniform(5, 20)
    scattered_grains: Annotated[Draw, Within(1, 2000), "grains when diffuse or regional (estimate)"] = Draw.uniform(
        30, 300
    )
    focus_grains: Annotated[Draw, Within(1, 30), "grains in each lobule when diffuse (estimate)"] = Draw.uniform(3, 8)
    group_mm: Annotated[Draw, Within(1, 20, "mm"), "largest extent of a group in the views"] = Draw.uniform(4, 10)
    gap_mm: Annotated[Draw, Within(0, 5, "mm"), "grains of a group keep this distance (estimate)"] = Draw.constant(0.4)

    def form(self, seed: Seed, along: tuple[float, float, float], pathology: Pathology) -> Shape:
        """A speck."""
        rng = seed.rng()
        return grain_shapes.ball(rng, self.size_mm.sample(rng), self.aspect, self.edge_mm)
