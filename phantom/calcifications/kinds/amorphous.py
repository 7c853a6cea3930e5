"""Amorphous calcifications: hazy dust, too small for a shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from phantom.calcifications import grain_shapes
from phantom.calcifications.distributions import Places
from phantom.calcifications.finding import Category, Distribution, Pathology
from phantom.calcifications.kind_base import MultiGrainKind
from phantom.calcifications.label import Label
from phantom.geometry.solids.shapes import Shape
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed


@dataclass(frozen=True)
class Kind(MultiGrainKind):
    """Grains of 0.08 to 0.2 mm without a border, each faint: dust.

    Clouds or aggregates of specks far below a pixel, of half the usual density. Grouped ones are
    suspicious (predictive value 21 %, BI-RADS 5th edition; less when mixed with punctate ones, category
    4A), those all over both breasts benign, as in sclerosing adenosis: a hard negative. Sizes, fading
    and density are estimates around the published range.
    """

    label: ClassVar[Label] = Label(
        "amorphous",
        "microcalcifications, too fine to have a shape",
        {"grouped": 0.68, "regional": 0.1, "diffuse": 0.12, "linear": 0.04, "segmental": 0.06},
        category="4B",
        categories={"diffuse": "2"},
        ppv=0.21,
    )
    suspicious_sites: ClassVar[bool] = True

    bilateral: Annotated[
        float, Within(0, 1), "probability that the other breast has it too, when diffuse (estimate)"
    ] = 0.3
    size_mm: Annotated[Draw, Within(0.05, 0.3, "mm"), "width at half its density"] = Draw.lognormal(
        0.13, 1.35, 0.08, 0.20
    )
    aspect: Annotated[float, Within(1, 3), "longest over shortest axis, at most (estimate)"] = 1.5
    edge_mm: Annotated[float, Within(0.01, 0.15, "mm"), "width over which a speck of an aggregate fades (estimate)"] = (
        0.05
    )
    grains: Annotated[Draw, Within(5, 400), "grains: too many to be counted (estimate)"] = Draw.uniform(45, 120)
    scattered_grains: Annotated[Draw, Within(1, 2000), "grains when diffuse or regional (estimate)"] = Draw.uniform(
        60, 300
    )
    focus_grains: Annotated[Draw, Within(1, 30), "grains in each lobule when diffuse (estimate)"] = Draw.uniform(2, 6)
    group_mm: Annotated[Draw, Within(1, 20, "mm"), "largest extent of a group in the views"] = Draw.lognormal(
        7, 1.3, 4.5, 14
    )
    gap_mm: Annotated[Draw, Within(0, 5, "mm"), "grains of a group keep this distance: they run together"] = (
        Draw.constant(0.12)
    )
    mixed: Annotated[float, Within(0, 1), "share of groups mixed with punctate grains: category 4A (estimate)"] = 0.3
    punctate_share: Annotated[Draw, Within(0, 1), "punctate grains in a mixed group (estimate)"] = Draw.uniform(
        0.2, 0.5
    )
    punctate_mm: Annotated[Draw, Within(0.05, 0.5, "mm"), "their diameter"] = Draw.lognormal(0.175, 1.3, 0.12, 0.35)
    triangular: Annotated[float, Within(0, 1), "share of groups whose envelope is a triangle (estimate)"] = 0.3
    relative_density: Annotated[Draw, Within(0.05, 3), "density of a grain over its material's (estimate)"] = (
        Draw.lognormal(0.6, 1.2, 0.35, 0.95)
    )
    type_one: Annotated[float, Within(0, 1), "share of benign findings made of weddellite (estimate)"] = 0.25

    def _mixed(self, seed: Seed) -> bool:
        return bool(seed.child("mixed").rng().random() < self.mixed)

    def category(self, distribution: Distribution, seed: Seed) -> Category:
        """4B; 4A for a group mixed with punctate grains; 2 when diffuse."""
        if distribution == "grouped" and self._mixed(seed):
            return "4A"
        return self.label.category_of(distribution)

    def forms(self, seed: Seed, places: Places, pathology: Pathology) -> list[Shape]:
        """Dust, and punctate grains among it where the group is mixed."""
        shapes = super().forms(seed, places, pathology)
        patient = Seed(seed.root, (*seed.path[:-2], "patient"))
        if places.grouped and self._mixed(patient):
            rng = seed.child("punctate").rng()
            share = self.punctate_share.sample(rng)
            for i in range(len(shapes)):
                if rng.random() < share:
                    shapes[i] = grain_shapes.ball(rng, self.punctate_mm.sample(rng), 1.2, 0.015)
        return shapes

    def form(self, seed: Seed, along: tuple[float, float, float], pathology: Pathology) -> Shape:
        """A cloud."""
        rng = seed.rng()
        return grain_shapes.powder(rng, self.size_mm.sample(rng), self.aspect, self.edge_mm)
