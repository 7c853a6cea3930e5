"""Calcium in the skin: small rings and plates in tight groups."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.arrays import Floats
from phantom.calcifications import rough_bodies
from phantom.calcifications.distributions import stretch
from phantom.calcifications.finding import Distribution, Finding
from phantom.calcifications.kind_base import KindBase
from phantom.calcifications.label import Label
from phantom.calcifications.skin_sites import REGIONS, at_depth, skin_axes, skin_frames, skin_sites
from phantom.calcifications.wall_plates import rotation_vector
from phantom.geometry.solids.shapes import Shape
from phantom.geometry.solids.shells import EllipsoidShell, bulges, patches
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed

# share of the inframammary fold, the skin toward the sternum, the axilla, the areola (estimates)
_SHARES = (0.35, 0.25, 0.2, 0.2)
# the part of the skin's thickness that a grain may take
_ROOM = 0.8


@dataclass(frozen=True)
class Kind(KindBase):
    """Calcium in the skin's glands and follicles, as after dermatitis: rings in groups below 5 mm.

    Lucent-centred, tightly grouped, in the inframammary fold, toward the sternum, in the axilla and
    around the areola (BI-RADS 5th edition). They lie in the skin and nowhere else, keep their arrangement
    from view to view and show in the skin line where the beam grazes it. Sizes are those of pores;
    numbers, shares of rings, plates and balls, and of sites are estimates.
    """

    label: ClassVar[Label] = Label(
        "skin",
        "skin calcification from dermatitis",
        {"grouped": 0.85, "diffuse": 0.15},
        exclusion_reason="it lies in the skin",
    )

    bilateral: Annotated[float, Within(0, 1), "probability that the other breast has it too (estimate)"] = 0.6
    size_mm: Annotated[Draw, Within(0.1, 3, "mm"), "diameter along the skin"] = Draw.lognormal(0.7, 1.5, 0.2, 2.0)
    grains: Annotated[Draw, Within(1, 100), "grains of a group, at least 5 (estimate)"] = Draw.uniform(5, 12)
    singles: Annotated[Draw, Within(1, 200), "grains when diffuse (estimate)"] = Draw.uniform(4, 20)
    group_mm: Annotated[Draw, Within(0.5, 5, "mm"), "extent of a group, as the views show it"] = Draw.uniform(2.5, 4.9)
    rings: Annotated[float, Within(0, 1), "share of rings (estimate)"] = 0.6
    plates: Annotated[float, Within(0, 1), "share of polygonal plates (estimate); the rest are balls"] = 0.25
    lucent: Annotated[Draw, Within(0, 0.95), "radius of a ring's empty middle over its own (estimate)"] = Draw.uniform(
        0.3, 0.65
    )
    oval: Annotated[float, Within(1, 3), "longest over shortest axis of a ring, at most (estimate)"] = 1.6
    lid: Annotated[float, Within(0.05, 1), "wall of a ring toward the surface over its half height (estimate)"] = 0.2
    uneven: Annotated[float, Within(0.02, 0.15), "how uneven a ring's outline is, at most (estimate)"] = 0.09
    least_coverage: Annotated[float, Within(0.3, 1), "part of a ring's wall that is calcified, at least (estimate)"] = (
        0.65
    )
    relative_density: Annotated[Draw, Within(0.05, 3), "density of a grain over its material's (estimate)"] = (
        Draw.lognormal(1.0, 1.15, 0.6, 1.6)
    )

    def __post_init__(self) -> None:
        if self.rings + self.plates > 1.0:
            raise ValueError("rings and plates are shares: together they must not exceed 1")

    def grow(self, breast: Breast, seed: Seed, distribution: Distribution | None = None) -> Finding:
        """The finding in this breast's skin.

        Raises
        ------
        NoPlace
            If no view could hold the skin chosen.
        ImpossibleDistribution
            If neither grouped nor diffuse is asked for.
        """
        patient, side_seed = seed.child("patient").rng(), seed.child(breast.laterality)
        name = self.label.spread(distribution, patient, self.name)
        rng = side_seed.child("places").rng()
        count = max(5, self.grains.integer(rng)) if name == "grouped" else max(1, self.singles.integer(rng))
        sizes: Floats = np.sort(self.size_mm.samples(rng, count))[::-1]
        points, sizes = (
            self._group(breast, rng, sizes) if name == "grouped" else (self._singles(breast, rng, count), sizes)
        )
        skin = breast.skin_mm(points)
        points = at_depth(breast, points, 0.5 * skin)
        made = []
        for i, (point, frame) in enumerate(zip(points, skin_frames(breast, points), strict=True)):
            grain_rng = side_seed.child("grain", i).rng()
            shape = self._form(grain_rng, float(sizes[i]), frame, _ROOM * float(skin[i]))
            made.append(self.grain(shape, point, self.relative_density.sample(grain_rng), displaces="skin"))
        return self.finding(name, made, breast)

    def _group(self, breast: Breast, rng: np.random.Generator, sizes: Floats) -> tuple[Floats, Floats]:
        """Places side by side, the largest grains first, and the sizes that there was room for."""
        region = REGIONS[int(rng.choice(len(REGIONS), p=_SHARES))]
        middle = skin_sites(breast, rng, region)[0]
        axes = skin_axes(breast, middle)
        extent = self.group_mm.sample(rng) / stretch(breast, middle)
        sizes = np.minimum(sizes, 0.4 * extent)
        kept: list[Floats] = []
        fits: list[float] = []
        for size in sizes.tolist():
            for attempt in range(200):
                if attempt and attempt % 20 == 0:
                    size = max(0.85 * size, self.size_mm.lo)
                out = 0.5 * max(extent - size, 0.2) * math.sqrt(rng.random())
                turn = rng.uniform(0.0, 2.0 * math.pi)
                place = np.array([out * math.cos(turn), 0.85 * out * math.sin(turn)])
                if all(
                    float(np.hypot(*(place - q))) > 0.5 * (size + other) for q, other in zip(kept, fits, strict=True)
                ):
                    kept.append(place)
                    fits.append(size)
                    break
        flat: Floats = middle + np.array(kept) @ axes[:, :2].T
        return flat, np.array(fits)

    def _singles(self, breast: Breast, rng: np.random.Generator, count: int) -> Floats:
        return np.concatenate(
            [skin_sites(breast, rng, REGIONS[int(k)]) for k in rng.choice(len(REGIONS), count, p=_SHARES)]
        )

    def _form(self, rng: np.random.Generator, size: float, axes: Floats, room_mm: float) -> Shape:
        """A ring, a plate or a ball, no thicker than the skin has room."""
        what = rng.random()
        thick = min(size, room_mm)
        if self.rings <= what < self.rings + self.plates:
            return rough_bodies.plate(rng, size, min(thick, rng.uniform(0.3, 0.6) * size), axes)
        if what >= self.rings + self.plates:
            return rough_bodies.dot(rng, min(size, room_mm), 1.3)
        radii = (0.5 * size, 0.5 * size / rng.uniform(1.0, self.oval), 0.5 * thick)
        # open toward the surface: the wall is thin there, as a follicle's is
        wall = 1.0 - self.lucent.sample(rng)
        cover = patches(rng, rng.uniform(self.least_coverage, 1.0), rng.uniform(0.6, 2.0), rng.uniform(0.3, 1.0))
        outline = bulges(rng, rng.uniform(0.02, self.uneven))
        walls = (radii[0] * wall, radii[1] * wall, self.lid * radii[2])
        return EllipsoidShell(radii, walls, rotation_vector(axes), bulges=outline, **cover)
