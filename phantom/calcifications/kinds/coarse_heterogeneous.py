"""Coarse heterogeneous calcifications: irregular grains of half a millimetre to one, some grown together."""

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
    """Irregular, distinct grains of 0.5 to 1 mm that tend to coalesce.

    A single group is suspicious (predictive value 13 %, BI-RADS 5th edition); several on both sides are
    benign, as in fibroadenomatoid hyperplasia: a hard negative. Corners, roughness, share of coalesced
    grains and numbers are estimates.
    """

    label: ClassVar[Label] = Label(
        "coarse heterogeneous",
        "clusters of coarse, irregular shapes",
        {"grouped": 0.85, "regional": 0.07, "segmental": 0.06, "linear": 0.02},
        category="4B",
        ppv=0.13,
        exclusion_reason="it is seen in groups, regions or ducts; scattered coarse grains are dystrophic or round",
    )
    suspicious_sites: ClassVar[bool] = True

    size_mm: Annotated[Draw, Within(0.4, 1.5, "mm"), "largest extent of a grain"] = Draw.lognormal(0.78, 1.25, 0.5, 1.0)
    aspect: Annotated[float, Within(1, 4), "longest over shortest axis, at most (estimate)"] = 2.2
    coalesced: Annotated[float, Within(0, 1), "share of grains that are several grown together (estimate)"] = 0.3
    grains: Annotated[Draw, Within(5, 400), "grains of a group, a line or a segment"] = Draw.uniform(5, 25)
    scattered_grains: Annotated[Draw, Within(1, 2000), "grains when regional (estimate)"] = Draw.uniform(12, 40)
    group_mm: Annotated[Draw, Within(1, 20, "mm"), "largest extent of a group in the views"] = Draw.lognormal(
        9, 1.5, 5, 20
    )
    gap_mm: Annotated[Draw, Within(0, 5, "mm"), "grains of a group keep this distance (estimate)"] = Draw.uniform(
        0.9, 1.3
    )
    triangular: Annotated[float, Within(0, 1), "share of groups whose envelope is a triangle (estimate)"] = 0.4
    relative_density: Annotated[Draw, Within(0.05, 3), "density of a grain over its material's (estimate)"] = (
        Draw.lognormal(1.0, 1.2, 0.6, 1.7)
    )

    def form(self, seed: Seed, along: tuple[float, float, float], pathology: Pathology) -> Shape:
        """A chip, or chips grown together."""
        rng = seed.rng()
        size = self.size_mm.sample(rng)
        return rough_bodies.stone(
            rng,
            size,
            self.aspect,
            int(rng.integers(3, 7)) if rng.random() < self.coalesced else int(rng.integers(1, 3)),
        )
