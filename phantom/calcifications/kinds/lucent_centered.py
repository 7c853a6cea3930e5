"""Lucent-centred calcifications: round grains with a thick wall and an empty middle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from phantom.anatomy.breast import Breast
from phantom.calcifications.finding import Distribution, Finding
from phantom.calcifications.kind_base import KindBase
from phantom.calcifications.label import Label
from phantom.calcifications.large_bodies import apart
from phantom.geometry.solids.shells import EllipsoidShell, bulges, patches
from phantom.geometry.turning import random_turn
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed


@dataclass(frozen=True)
class Kind(KindBase):
    """Round grains of 1 to 3 mm with a lucent middle: fat necrosis, or debris in ducts.

    Smooth, with a wall thicker than an eggshell's. Benign (BI-RADS 4th edition's own word; the 5th counts
    them with rim). Sizes, walls and numbers are estimates.
    """

    label: ClassVar[Label] = Label(
        "lucent-centered",
        "previous injury (fat necrosis)",
        {"diffuse": 0.5, "none": 0.3, "regional": 0.2},
        exclusion_reason="they are scattered, and do not follow ducts",
    )

    bilateral: Annotated[float, Within(0, 1), "probability that the other breast has it too (estimate)"] = 0.3
    diameter_mm: Annotated[Draw, Within(0.5, 12, "mm"), "outer diameter"] = Draw.lognormal(2.0, 1.35, 1, 3)
    wall_mm: Annotated[Draw, Within(0.05, 1.5, "mm"), "thickness of the wall (estimate)"] = Draw.lognormal(
        0.25, 1.6, 0.12, 0.6
    )
    aspect: Annotated[float, Within(1, 2), "longest over shortest axis, at most (estimate)"] = 1.4
    uneven: Annotated[Draw, Within(0, 0.15), "how uneven the outline is, over the radius (estimate)"] = Draw.uniform(
        0.035, 0.1
    )
    coverage: Annotated[Draw, Within(0.3, 1), "part of the wall that is calcified (estimate)"] = Draw.uniform(0.75, 1.0)
    patch: Annotated[Draw, Within(0.1, 3), "size of its thick and thin places over the radius (estimate)"] = (
        Draw.uniform(0.5, 1.5)
    )
    slope: Annotated[Draw, Within(0.1, 8), "how abruptly they change (estimate)"] = Draw.uniform(0.25, 0.7)
    spheres: Annotated[Draw, Within(1, 100), "how many (estimate)"] = Draw.uniform(1, 10)
    region_mm: Annotated[Draw, Within(10, 80, "mm"), "diameter of the place when regional (estimate)"] = Draw.uniform(
        25, 50
    )
    relative_density: Annotated[Draw, Within(0.05, 3), "density of the wall over its material's (estimate)"] = (
        Draw.lognormal(1.0, 1.15, 0.6, 1.6)
    )

    def grow(self, breast: Breast, seed: Seed, distribution: Distribution | None = None) -> Finding:
        """Lucent-centred grains in this breast.

        Raises
        ------
        NoPlace
            If there is no room.
        ImpossibleDistribution
            If it cannot be spread like that.
        """
        side_seed = seed.child(breast.laterality)
        name = self.label.spread(distribution, seed.child("patient").rng(), self.name)
        rng = side_seed.child("sizes").rng()
        count = 1 if name == "none" else max(2, self.spheres.integer(rng))
        wanted = 0.5 * self.diameter_mm.samples(rng, count)
        centres, radii = apart(breast, side_seed.child("places"), wanted, name, self.region_mm.sample(rng), fat=True)
        made = []
        for i, (centre, radius) in enumerate(zip(centres, radii.tolist(), strict=True)):
            grain_rng = side_seed.child("sphere", i).rng()
            a, b, c = radius, radius / grain_rng.uniform(1.0, self.aspect), radius / grain_rng.uniform(1.0, self.aspect)
            wall = min(self.wall_mm.sample(grain_rng), 0.7 * min(a, b, c))
            cover = patches(
                grain_rng, self.coverage.sample(grain_rng), self.patch.sample(grain_rng), self.slope.sample(grain_rng)
            )
            outline = bulges(grain_rng, self.uneven.sample(grain_rng))
            shape = EllipsoidShell((a, b, c), (wall, wall, wall), random_turn(grain_rng), bulges=outline, **cover)
            made.append(self.grain(shape, centre, self.relative_density.sample(grain_rng), displaces="adipose"))
        return self.finding(name, made, breast)
