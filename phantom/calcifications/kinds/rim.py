"""Rim calcifications: eggshells around oil cysts and cysts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np

from phantom.anatomy.breast import Breast, Host
from phantom.calcifications.finding import Distribution, Finding
from phantom.calcifications.kind_base import KindBase
from phantom.calcifications.label import Label
from phantom.calcifications.large_bodies import apart
from phantom.geometry.solids.shells import EllipsoidShell, bulges, patches
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed


@dataclass(frozen=True)
class Kind(KindBase):
    """A thin bright wall around a lucent core: the oil cyst of fat necrosis after an injury, or a cyst.

    Wall below 1 mm, from 1 mm to more than 10 mm across (BI-RADS 5th edition), in the fat under the skin
    and around the areola. The wall calcifies in patches that close with time: `coverage` is the stage, 0.2
    stippled, 1 a whole eggshell. Sizes, wall and coverage are estimates.
    """

    label: ClassVar[Label] = Label(
        "rim",
        "previous injury (fat necrosis)",
        {"none": 0.8, "regional": 0.15, "diffuse": 0.05},
        exclusion_reason="eggshells are not grouped and do not follow ducts",
    )

    diameter_mm: Annotated[Draw, Within(1, 60, "mm"), "outer diameter"] = Draw.lognormal(6, 2.0, 1, 40)
    wall_mm: Annotated[Draw, Within(0.03, 0.99, "mm"), "thickness of the wall"] = Draw.lognormal(0.15, 1.5, 0.05, 0.5)
    aspect: Annotated[float, Within(1, 2), "longest over shortest axis, at most (estimate)"] = 1.4
    coverage: Annotated[Draw, Within(0.05, 1), "part of the wall that is calcified"] = Draw.choices(
        [0.3, 0.6, 0.85, 1.0], [0.1, 0.2, 0.3, 0.4]
    )
    patch_mm: Annotated[Draw, Within(0.3, 10, "mm"), "size of calcified patches (estimate)"] = Draw.uniform(1, 4)
    most_patch: Annotated[float, Within(0.1, 3), "size of such a patch over the shell's radius, at most (estimate)"] = (
        0.7
    )
    slope: Annotated[Draw, Within(0.1, 8), "how abruptly the wall is thick or missing (estimate)"] = Draw.uniform(
        0.4, 1.8
    )
    uneven: Annotated[Draw, Within(0, 0.15), "how uneven the outline is, over the radius (estimate)"] = Draw.uniform(
        0.02, 0.06
    )
    core: Annotated[Literal["oil", "water"], "what it holds: oil of fat necrosis, or a cyst's water"] = "oil"
    shells: Annotated[Draw, Within(1, 20), "how many (estimate)"] = Draw.choices([1, 2, 3], [0.75, 0.17, 0.08])
    region_mm: Annotated[Draw, Within(10, 80, "mm"), "diameter of the place when regional (estimate)"] = Draw.uniform(
        25, 50
    )
    relative_density: Annotated[Draw, Within(0.05, 3), "density of the wall over its material's (estimate)"] = (
        Draw.lognormal(1.0, 1.15, 0.6, 1.6)
    )

    def grow(self, breast: Breast, seed: Seed, distribution: Distribution | None = None) -> Finding:
        """Eggshells in this breast, with what they hold as hosts.

        Raises
        ------
        NoPlace
            If there is no room for bodies half as large.
        ImpossibleDistribution
            If it cannot be spread like that.
        """
        side_seed = seed.child(breast.laterality)
        name = self.label.spread(distribution, seed.child("patient").rng(), self.name)
        rng = side_seed.child("sizes").rng()
        count = max(1 if name == "none" else 2, self.shells.integer(rng))
        wanted = 0.5 * self.diameter_mm.samples(rng, count)
        centres, radii = apart(
            breast, side_seed.child("places"), wanted, name, self.region_mm.sample(rng), fat=self.core == "oil"
        )
        made, hosts = [], []
        for i, (centre, radius) in enumerate(zip(centres, radii.tolist(), strict=True)):
            grain_rng = side_seed.child("shell", i).rng()
            a, b, c = (float(radius / s) for s in grain_rng.permutation([1.0, *grain_rng.uniform(1.0, self.aspect, 2)]))
            wall = min(self.wall_mm.sample(grain_rng), 0.8 * min(a, b, c))
            size = min(self.patch_mm.sample(grain_rng) / radius, self.most_patch)
            cover = patches(grain_rng, self.coverage.sample(grain_rng), size, self.slope.sample(grain_rng))
            outline = bulges(grain_rng, self.uneven.sample(grain_rng))
            shape = EllipsoidShell((a, b, c), (wall, wall, wall), bulges=outline, **cover)
            x, y, z = (float(v) for v in centre)
            tissue: Literal["adipose", "glandular"] = "adipose" if self.core == "oil" else "glandular"
            made.append(self.grain(shape, centre, self.relative_density.sample(grain_rng), displaces=tissue))
            within = np.array([a, b, c]) - wall
            body: tuple[float, float, float] = (float(within[0]), float(within[1]), float(within[2]))
            hosts.append(Host(i, "oil_cyst" if self.core == "oil" else "cyst", (x, y, z), body, self.core))
        return self.finding(name, made, breast, hosts)
