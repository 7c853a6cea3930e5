"""Milk of calcium: calcium in the fluid of cysts, which settles where gravity says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np

from phantom.anatomy.breast import Breast, Host
from phantom.arrays import Floats
from phantom.calcifications.distributions import Reach, place_grains
from phantom.calcifications.finding import Distribution, Finding
from phantom.calcifications.kind_base import CALCIUM, TYPE_ONE, KindBase
from phantom.calcifications.label import Label
from phantom.calcifications.large_bodies import apart
from phantom.geometry.solids.sediment import Sediment
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed


@dataclass(frozen=True)
class Kind(KindBase):
    """Calcium that lies at the bottom of cysts like sand in a bottle.

    From above (CC) faint round smudges; from the side (ML) crescents that hang in the cysts, their tops
    level and slightly hollow; in between in MLO: the same solid in all views, gravity does the rest
    (BI-RADS 5th edition; Sickles; Linden 1989). Microcysts of 0.5 to 3 mm in groups or scattered, or a few
    macrocysts. Depth of the sediment, its looseness and numbers are estimates.
    """

    label: ClassVar[Label] = Label(
        "milk of calcium",
        "calcium in the fluid of a cyst",
        {"grouped": 0.55, "diffuse": 0.35, "regional": 0.1},
        exclusion_reason="cysts do not line up in ducts",
    )

    bilateral: Annotated[float, Within(0, 1), "probability that the other breast has it too (estimate)"] = 0.6
    cyst: Annotated[Literal["micro", "macro"], "many microcysts, or one or a few macrocysts"] = "micro"
    micro_mm: Annotated[Draw, Within(0.4, 4, "mm"), "diameter of microcysts"] = Draw.lognormal(1.5, 1.35, 0.5, 3)
    micros: Annotated[Draw, Within(1, 200), "how many microcysts (estimate)"] = Draw.uniform(5, 30)
    macro_mm: Annotated[Draw, Within(4, 60, "mm"), "diameter of macrocysts"] = Draw.lognormal(12, 1.5, 5, 40)
    macros: Annotated[Draw, Within(1, 10), "how many macrocysts (estimate)"] = Draw.choices([1, 2, 3], [0.7, 0.2, 0.1])
    aspect: Annotated[float, Within(1, 2), "widest over highest axis of a cyst, at most (estimate)"] = 1.4
    height: Annotated[Draw, Within(0.03, 0.8), "depth of the sediment over a microcyst's radius (estimate)"] = (
        Draw.uniform(0.15, 0.4)
    )
    depth_mm: Annotated[Draw, Within(0.1, 5, "mm"), "depth of the sediment of a macrocyst (estimate)"] = Draw.uniform(
        0.2, 1.0
    )
    meniscus: Annotated[Draw, Within(1.5, 100), "radius of the sediment's hollow top over the cyst's (estimate)"] = (
        Draw.uniform(3.5, 8)
    )
    group_mm: Annotated[Draw, Within(4, 20, "mm"), "extent of a group of microcysts"] = Draw.uniform(6, 18)
    region_mm: Annotated[Draw, Within(24, 70, "mm"), "diameter when regional (estimate)"] = Draw.uniform(25, 50)
    relative_density: Annotated[Draw, Within(0.05, 1), "density of the sediment over a grain's (estimate)"] = (
        Draw.uniform(0.3, 0.5)
    )
    type_one: Annotated[float, Within(0, 1), "share made of weddellite (estimate)"] = 0.25

    def grow(self, breast: Breast, seed: Seed, distribution: Distribution | None = None) -> Finding:
        """Cysts with sediment in this breast; the cysts are its hosts.

        Raises
        ------
        NoPlace
            If there is no room for the cysts.
        ImpossibleDistribution
            If it cannot be spread like that.
        """
        patient, side_seed = seed.child("patient").rng(), seed.child(breast.laterality)
        # one to three macrocysts are no group: their sediments lie where the cysts do
        asked: Distribution | None = "regional" if distribution is None and self.cyst == "macro" else distribution
        name = self.label.spread(asked, patient, self.name)
        material = TYPE_ONE if patient.random() < self.type_one else CALCIUM
        rng = side_seed.child("sizes").rng()
        centres, radii = self._cysts(breast, side_seed, name, rng)
        made, hosts = [], []
        for i, (centre, radius) in enumerate(zip(centres, radii.tolist(), strict=True)):
            grain_rng = side_seed.child("cyst", i).rng()
            # a cyst lies rather than stands: its lowest axis is the upright one, give or take 15 degrees
            half = (
                radius,
                radius / grain_rng.uniform(1.0, self.aspect**0.5),
                radius / grain_rng.uniform(1.0, self.aspect),
            )
            tilt = grain_rng.normal(0.0, 0.26, 2)
            turn = (float(tilt[0]), float(tilt[1]), 0.0) if self.cyst == "micro" else (0.0, 0.0, 0.0)
            height = (
                self.height.sample(grain_rng)
                if self.cyst == "micro"
                else min(0.7, self.depth_mm.sample(grain_rng) / half[2])
            )
            x, y, z = (float(v) for v in centre)
            shape = Sediment(half, height, turn, self.meniscus.sample(grain_rng))
            made.append(self.grain(shape, centre, self.relative_density.sample(grain_rng), material))
            hosts.append(Host(i, "cyst", (x, y, z), half, "water"))
        return self.finding(name, made, breast, hosts)

    def _cysts(
        self, breast: Breast, side_seed: Seed, name: Distribution, rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """Centres and radii; microcysts stay apart by their own width at least."""
        if self.cyst == "macro":
            wanted = 0.5 * self.macro_mm.samples(rng, max(1, self.macros.integer(rng)))
            place: Distribution = "regional" if name != "diffuse" else "diffuse"
            return apart(breast, side_seed.child("places"), wanted, place, self.region_mm.sample(rng))
        count = max(5, self.micros.integer(rng))
        extent = self.group_mm.sample(rng)
        if name == "grouped" and extent <= 10.0:
            count = min(count, 15)
        reach = Reach(
            group_mm=extent if count > 15 else min(extent, 10.0), region_mm=self.region_mm.sample(rng), gap_mm=1.6
        )
        points = place_grains(name, breast, side_seed.child("places"), count, reach).points_mm
        radii = 0.5 * self.micro_mm.samples(rng, count)
        gaps = np.linalg.norm(points[:, None] - points[None], axis=2) + np.diag(np.full(count, np.inf))
        return points, np.maximum(np.minimum(radii, 0.48 * gaps.min(axis=1)), 0.2)
