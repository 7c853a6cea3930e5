"""What kinds of many small grains have in common: how many, how spread, of what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from phantom.anatomy.breast import Breast, Host
from phantom.calcifications import registry
from phantom.calcifications.distributions import Places, Reach, place_grains
from phantom.calcifications.finding import Calcification, Category, Distribution, Finding, Pathology, Tissue
from phantom.calcifications.followup import receded
from phantom.calcifications.label import Label
from phantom.geometry.solids.shapes import Shape
from phantom.geometry.view import Laterality
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed

CALCIUM = "calcium_oxalate"
TYPE_ONE = "weddellite"
LEAST_OF_A_GROUP = 5  # grains, BI-RADS 5th edition


@dataclass(frozen=True)
class KindBase:
    """A finding that the woman may have on both sides: the base of all kinds.

    Patient-level random numbers (how severe, which sides) come from seeds below ``seed.child("patient")``, those
    of one breast below ``seed.child("L")`` or ``"R"``: give both breasts the same seed, and they agree as a woman's do.
    """

    label: ClassVar[Label]

    bilateral: Annotated[float, Within(0, 1), "probability that the other breast has it too (estimate)"] = 0.0
    malignancy: Annotated[
        float | None, Within(0, 1), "probability of cancer; left out: the predictive value of form and distribution"
    ] = None

    def sides(self, seed: Seed) -> tuple[Laterality, ...]:
        """Which breasts have it."""
        rng = seed.child("patient", "sides").rng()
        if rng.random() < self.bilateral:
            return ("L", "R")
        return ("L",) if rng.random() < 0.5 else ("R",)

    def earlier(self, finding: Finding, years: float, seed: Seed) -> Finding | None:
        """The finding `years` ago, ids kept; None if it was not there. Benign calcium is stable unless a kind says
        otherwise."""
        return finding

    @property
    def name(self) -> str:
        """The kind's name."""
        return registry.name_of(type(self))

    def grain(
        self,
        shape: Shape,
        centre_mm: Any,
        relative_density: float,
        material: str = CALCIUM,
        displaces: Tissue = "glandular",
    ) -> Calcification:
        """A calcification of this kind at a place (3,)."""
        x, y, z = (float(v) for v in centre_mm)
        return Calcification(shape, (x, y, z), self.name, material, float(relative_density), displaces)

    def finding(
        self,
        distribution: Distribution,
        grains: Iterable[Calcification],
        breast: Breast,
        hosts: Iterable[Host] = (),
        category: Category | None = None,
        pathology: Pathology = "benign",
        views: tuple[str, ...] = (),
    ) -> Finding:
        """These grains under this kind's words; of its label's category if no other is given.

        Fewer than five are no group, and one is nowhere in particular: their distribution is ``none``.
        """
        label, side, grains = self.label, breast.laterality, tuple(grains)
        if len(grains) < (LEAST_OF_A_GROUP if distribution == "grouped" else 2):
            distribution = "none"
        category = category or label.category
        return Finding(
            self.name, label.cause, label.descriptor, distribution, category, pathology, grains, tuple(hosts),
            side,
            views=views,
        )  # fmt: skip


@dataclass(frozen=True)
class MultiGrainKind(KindBase):
    """Base of kinds that are many grains under one distribution. A kind adds a label and `form`."""

    suspicious_sites: ClassVar[bool] = False

    grains: Annotated[Draw, Within(1, 400), "grains of a group, a line or a segment"] = Draw.uniform(5, 20)
    scattered_grains: Annotated[Draw, Within(1, 2000), "grains when diffuse or regional"] = Draw.uniform(20, 80)
    focus_grains: Annotated[Draw, Within(1, 30), "grains in each lobule when diffuse (estimate)"] = Draw.constant(1)
    group_mm: Annotated[Draw, Within(1, 20, "mm"), "extent of a group in the views; up to 15 grains: at most 10"] = (
        Draw.uniform(4, 10)
    )
    region_mm: Annotated[Draw, Within(24, 70, "mm"), "diameter when regional (estimate)"] = Draw.uniform(25, 60)
    line_mm: Annotated[Draw, Within(10, 60, "mm"), "length when linear (estimate)"] = Draw.uniform(10, 35)
    sector_mm: Annotated[Draw, Within(20, 80, "mm"), "depth of a segment (estimate)"] = Draw.uniform(25, 60)
    gap_mm: Annotated[Draw, Within(0, 5, "mm"), "grains of a group keep this distance (estimate)"] = Draw.constant(0.35)
    triangular: Annotated[float, Within(0, 1), "share of groups whose envelope is a triangle"] = 0.0
    relative_density: Annotated[Draw, Within(0.05, 3), "density of a grain over its material's (estimate)"] = (
        Draw.lognormal(1.0, 1.15, 0.6, 1.6)
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
        patient, side_seed = seed.child("patient"), seed.child(breast.laterality)
        name = self.label.spread(distribution, patient.child("distribution").rng(), self.name)
        category = self.category(name, patient)
        pathology = self.label.pathology(name, category, side_seed.child("pathology").rng(), self.malignancy)
        count = self.count(name, side_seed.child("count"))
        places = place_grains(
            name, breast, side_seed.child("places"), count, self.reach(side_seed.child("reach"), name)
        )
        shapes = self.forms(side_seed.child("forms"), places, pathology)
        rng = side_seed.child("material").rng()
        first = pathology == "benign" and rng.random() < self.type_one
        densities = self.relative_density.samples(rng, len(shapes))
        material = TYPE_ONE if first else CALCIUM
        grains = [
            self.grain(shape, place, density, material)
            for shape, place, density in zip(shapes, places.points_mm, densities, strict=True)
        ]
        return self.finding(name, grains, breast, category=category, pathology=pathology)
