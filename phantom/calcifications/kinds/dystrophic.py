"""Dystrophic calcifications: coarse, irregular plaques where tissue was damaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.arrays import Floats
from phantom.calcifications import groups, rough_bodies
from phantom.calcifications.distributions import REGION_MM, ruler, stretch
from phantom.calcifications.finding import Distribution, Finding
from phantom.calcifications.followup import thinned
from phantom.calcifications.kind_base import LEAST_OF_A_GROUP, KindBase
from phantom.calcifications.label import Label
from phantom.calcifications.large_bodies import bed_of
from phantom.calcifications.sites import inside
from phantom.errors import NoPlace
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed

_WIDER, _WIDER_TRIES = 1.2, 6  # a bed whose plaques turn out to lie too close together is drawn again, wider


@dataclass(frozen=True)
class Kind(KindBase):
    """Coarse irregular plaques of more than 1 mm, often with a lucent middle, around a scar.

    After radiation therapy, surgery, injury or inflammation (BI-RADS 5th edition); 90 % of the calcium
    that is new after breast-conserving therapy lies in the surgical bed. Sizes, roughness, share of lucent
    ones, numbers and extent are estimates.
    """

    label: ClassVar[Label] = Label(
        "dystrophic",
        "radiation therapy",
        {"regional": 0.55, "grouped": 0.45},
        exclusion_reason="it lies where tissue was damaged",
    )

    size_mm: Annotated[Draw, Within(0.8, 15, "mm"), "largest extent of a plaque"] = Draw.lognormal(2.2, 1.7, 1.0, 10)
    aspect: Annotated[float, Within(1, 5), "longest over shortest axis of a plaque, at most (estimate)"] = 3.0
    lucent: Annotated[float, Within(0, 1), "share of plaques with a lucent middle (estimate)"] = 0.4
    plaques: Annotated[Draw, Within(1, 100), "how many (estimate)"] = Draw.lognormal(9, 1.8, 3, 30)
    extent_mm: Annotated[Draw, Within(5, 70, "mm"), "diameter of the bed they lie in"] = Draw.uniform(12, 50)
    bed: Annotated[Literal["none", "scar", "surgical_bed"], "soft tissue around them that the image shows"] = "none"
    relative_density: Annotated[Draw, Within(0.05, 3), "density of a plaque over its material's (estimate)"] = (
        Draw.lognormal(1.0, 1.25, 0.6, 1.8)
    )

    def grow(self, breast: Breast, seed: Seed, distribution: Distribution | None = None) -> Finding:
        """Plaques in this breast, in the bed that is there already or one of their own.

        Raises
        ------
        NoPlace
            If there is no room for the bed.
        ImpossibleDistribution
            If neither regional nor grouped is asked for.
        """
        side_seed = seed.child(breast.laterality)
        name = self.label.spread(distribution, seed.child("patient").rng(), self.name)
        rng = side_seed.child("sizes").rng()
        extent = self.extent_mm.sample(rng)
        extent = min(extent, 20.0) if name == "grouped" else max(extent, 24.0)
        centre, radius, hosts = bed_of(breast, side_seed.child("bed"), rng, extent, 0.5, self.bed)
        radius = max(radius, 0.5 * extent)
        if name == "grouped":
            radius = min(radius, 10.0 / stretch(breast, centre) - 1.0)
        least = LEAST_OF_A_GROUP if name == "grouped" else 2
        sizes = np.sort(self.size_mm.samples(rng, max(least, self.plaques.integer(rng))))[::-1]
        made = []
        seen = ruler(breast)
        kept = self._places(breast, rng, centre, radius, sizes)
        for _ in range(_WIDER_TRIES):
            # a region is wider than 2 cm in a view
            if name == "grouped" or len(kept) < 2 or seen(np.array([place for place, _ in kept])) > REGION_MM:
                break
            radius *= _WIDER
            kept = self._places(breast, rng, centre, radius, sizes)
        for i, (place, size) in enumerate(kept):
            grain_rng = side_seed.child("plaque", i).rng()
            shape = rough_bodies.lava(grain_rng, size, self.aspect, grain_rng.random() < self.lucent)
            made.append(self.grain(shape, place, self.relative_density.sample(grain_rng)))
        return self.finding(name, made, breast, hosts)

    def earlier(self, finding: Finding, years: float, seed: Seed) -> Finding | None:
        """There were fewer plaques."""
        return thinned(finding, years, seed)

    def _places(
        self, breast: Breast, rng: np.random.Generator, centre: Floats, radius: float, sizes: Floats
    ) -> list[tuple[Floats, float]]:
        """Places around a centre, the largest first, none in another; those without room are left out."""
        axes, half = groups.random_axes(rng), radius * np.array([1.0, rng.uniform(0.5, 1.0), rng.uniform(0.4, 0.9)])
        kept: list[tuple[Floats, float]] = []
        for size in sizes.tolist():
            for _ in range(40):
                direction = rng.standard_normal(3)
                point = centre + axes @ (half * direction * rng.random() ** 0.5 / np.linalg.norm(direction))
                clear = all(float(np.linalg.norm(point - q)) > 0.5 * (size + other) + 0.3 for q, other in kept)
                if clear and inside(breast, point, 0.5 * size + 0.5)[0]:
                    kept.append((point, size))
                    break
        if not kept:
            raise NoPlace("no room for a plaque around the scar")
        return kept
