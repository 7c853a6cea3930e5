"""What kinds of many small grains have in common: how many, how spread, of what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from phantom.anatomy.breast import Breast
from phantom.calcifications.calcification import Calcification, Category, Distribution, Finding, Pathology
from phantom.calcifications.distributions import Places, Reach, spread
from phantom.calcifications.followup import receded
from phantom.calcifications.labels import Label
from phantom.geometry.shapes import Shape
from phantom.geometry.view import Laterality
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed

CALCIUM = "calcium_oxalate"
TYPE_ONE = "weddellite"


@dataclass(frozen=True)
class Bilateral:
    """A finding that the woman may have on both sides.

    Patient-level dice (how severe, which sides) fall below ``seed.child("patient")``, those of one breast
    below ``seed.child("L")`` or ``"R"``: give both breasts the same seed, and they agree as a woman's do.
    """

    bilateral: Annotated[float, Within(0, 1), "probability that the other breast has it too (estimate)"] = 0.0

    def sides(self, seed: Seed) -> tuple[Laterality, ...]:
        """Which breasts have it."""
        rng = seed.child("patient", "sides").rng()
        if rng.random() < self.bilateral:
            return ("L", "R")
        return ("L",) if rng.random() < 0.5 else ("R",)

    def earlier(self, finding: Finding, years: float, seed: Seed) -> Finding | None:
        """The finding `years` ago, ids kept; None if it was not there. Benign calcium is stable unless a kind says otherwise."""
        return finding

    @property
    def name(self) -> str:
        """The kind's name: that of its file."""
        return type(self).__module__.rpartition(".")[2]


@dataclass(frozen=True)
class Scattered(Bilateral):
    """Base of kinds that are many grains under one distribution. A kind adds a label and `form`."""

    label: ClassVar[Label]
    suspicious_sites: ClassVar[bool] = False

    grains: Annotated[Draw, Within(1, 400), "grains of a group, a line or a segment"] = Draw.uniform(5, 20)
    scattered_grains: Annotated[Draw, Within(1, 2000), "grains when diffuse or regional"] = Draw.uniform(20, 80)
    focus_grains: Annotated[Draw, Within(1, 30), "grains in each lobule when diffuse (estimate)"] = Draw.constant(1)
    group_mm: Annotated[Draw, Within(1, 20, "mm"), "largest extent of a group; at most 10 with up to 15 grains"] = (
        Draw.uniform(4, 10)
    )
    region_mm: Annotated[Draw, Within(24, 70, "mm"), "diameter when regional (estimate)"] = Draw.uniform(25, 60)
    line_mm: Annotated[Draw, Within(10, 60, "mm"), "length when linear (estimate)"] = Draw.uniform(10, 35)
    sector_mm: Annotated[Draw, Within(20, 80, "mm"), "depth of a segment (estimate)"] = Draw.uniform(25, 60)
    gap_mm: Annotated[Draw, Within(0, 5, "mm"), "grains of a group keep this distance (estimate)"] = Draw.constant(0.35)
    triangular: Annotated[float, Within(0, 1), "share of groups whose envelope is a triangle"] = 0.0
    packing: Annotated[Draw, Within(0.05, 3), "density of a grain over its material's (estimate)"] = Draw.lognormal(
        1.0, 1.15, 0.6, 1.6
    )
    type_one: Annotated[float, Within(0, 1), "share of benign findings made of weddellite (Fandos-Morera 1988)"] = 0.0

    def form(self, seed: Seed, along: tuple[float, float, float], pathology: Pathology) -> Shape:
        """One grain's shape; `along` is the duct's direction there, or the nipple's."""
        raise NotImplementedError

    def forms(self, seed: Seed, places: Places, pathology: Pathology) -> list[Shape]:
        """All grains' shapes."""
        return [
            self.form(seed.child("grain", i), (float(x), float(y), float(z)), pathology)
            for i, (x, y, z) in enumerate(places.along)
        ]

    def category(self, distribution: Distribution, seed: Seed) -> Category:
        """The BI-RADS category."""
        return self.label.category_of(distribution)

    def reach(self, seed: Seed, distribution: Distribution) -> Reach:
        """How far this finding reaches."""
        rng = seed.rng()
        return Reach(
            group_mm=self.group_mm.sample(rng),
            region_mm=self.region_mm.sample(rng),
            line_mm=self.line_mm.sample(rng),
            sector_mm=self.sector_mm.sample(rng),
            gap_mm=self.gap_mm.sample(rng),
            triangular=self.triangular,
            suspicious=self.suspicious_sites,
            focus=max(1, self.focus_grains.integer(rng)),
        )

    def count(self, distribution: Distribution, seed: Seed) -> int:
        """How many grains."""
        many = distribution in ("diffuse", "regional")
        return max(1, (self.scattered_grains if many else self.grains).integer(seed.rng()))

    def earlier(self, finding: Finding, years: float, seed: Seed) -> Finding | None:
        """Suspicious groups were smaller, others as they are."""
        return receded(finding, years, seed) if finding.finding_class == "suspicious" else finding

    def grow(self, breast: Breast, seed: Seed, distribution: Distribution | None = None) -> Finding:
        """The finding, in this breast.

        Raises
        ------
        NoPlace
            If the breast has no room for it.
        ImpossibleDistribution
            If this kind cannot be spread like that.
        """
        patient, own = seed.child("patient"), seed.child(breast.laterality)
        name = self.label.spread(distribution, patient.child("distribution").rng(), self.name)
        category = self.category(name, patient)
        pathology = self.label.pathology(name, category, own.child("pathology").rng())
        count = self.count(name, own.child("count"))
        places = spread(name, breast, own.child("places"), count, self.reach(own.child("reach"), name))
        shapes = self.forms(own.child("forms"), places, pathology)
        dice = own.child("material").rng()
        first = pathology == "benign" and dice.random() < self.type_one
        densities = self.packing.samples(dice, len(shapes))
        grains = tuple(
            Calcification(shape, _point(place), self.name, TYPE_ONE if first else CALCIUM, float(density))
            for shape, place, density in zip(shapes, places.points_mm, densities, strict=True)
        )
        return Finding(
            self.name, self.label.cause, self.label.descriptor, name, category, pathology, grains, (), breast.laterality
        )


def _point(place: object) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in place)  # type: ignore[attr-defined]
    return x, y, z
