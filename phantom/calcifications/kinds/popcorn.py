"""Popcorn calcifications: an involuting fibroadenoma."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from phantom.anatomy.breast import Breast, Host
from phantom.arrays import Floats
from phantom.calcifications import rough_bodies
from phantom.calcifications.finding import Category, Distribution, Finding
from phantom.calcifications.kind_base import KindBase
from phantom.calcifications.label import Label
from phantom.calcifications.large_bodies import apart
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed

# Estimates: balls so large are as dense as can be, larger ones the less the larger, as this power
_DENSE_MM, _THINNING = 1.5, 0.8


@dataclass(frozen=True)
class Kind(KindBase):
    """A fibroadenoma that calcifies as it shrinks, until it looks like popcorn.

    Three stages in its mass: 1 specks at the periphery, 2 lumps of 1 to 3 mm, 3 coalesced popcorn of more
    than 2 to 3 mm (BI-RADS 5th edition). Sizes, numbers and the mass are estimates; an early one is probably
    benign (category 3).
    """

    label: ClassVar[Label] = Label(
        "coarse or popcorn-like",
        "fibroadenoma",
        {"none": 1.0},
        exclusion_reason="it lies in its fibroadenoma, however much there is of it",
    )

    bilateral: Annotated[float, Within(0, 1), "probability that the other breast has it too (estimate)"] = 0.1
    stage: Annotated[Draw, Within(1, 3), "1 peripheral specks, 2 lumps, 3 popcorn"] = Draw.choices(
        [1, 2, 3], [0.2, 0.3, 0.5]
    )
    mass_mm: Annotated[Draw, Within(4, 50, "mm"), "largest diameter of the fibroadenoma"] = Draw.lognormal(
        14, 1.4, 8, 30
    )
    aspect: Annotated[float, Within(1, 2), "longest over shortest axis of the mass, at most (estimate)"] = 1.4
    specks: Annotated[Draw, Within(1, 60), "specks of stage 1"] = Draw.uniform(3, 15)
    speck_mm: Annotated[Draw, Within(0.1, 2, "mm"), "their size"] = Draw.uniform(0.3, 1.0)
    lumps: Annotated[Draw, Within(1, 30), "lumps of stage 2"] = Draw.uniform(2, 7)
    lump_mm: Annotated[Draw, Within(0.5, 6, "mm"), "their size"] = Draw.uniform(1, 3)
    popcorns: Annotated[Draw, Within(1, 12), "bodies of stage 3"] = Draw.choices([1, 2, 3, 4], [0.5, 0.25, 0.15, 0.1])
    popcorn_mm: Annotated[Draw, Within(2, 40, "mm"), "size of the largest"] = Draw.lognormal(6, 1.5, 2.5, 20)
    bumps: Annotated[Draw, Within(3, 60), "balls that make up a body"] = Draw.uniform(12, 30)
    relative_density: Annotated[Draw, Within(0.05, 3), "density of small bodies over the material's (estimate)"] = (
        Draw.uniform(0.6, 1.2)
    )

    def grow(self, breast: Breast, seed: Seed, distribution: Distribution | None = None) -> Finding:
        """A fibroadenoma and its calcium.

        Raises
        ------
        NoPlace
            If there is no room for the mass.
        ImpossibleDistribution
            If any distribution is asked for.
        """
        patient, side_seed = seed.child("patient").rng(), seed.child(breast.laterality)
        name = self.label.spread(distribution, patient, self.name)
        stage = max(1, min(3, self.stage.integer(patient)))
        rng = side_seed.child("mass").rng()
        centres, radii = apart(breast, side_seed.child("places"), np.array([0.5 * self.mass_mm.sample(rng)]), "none")
        half = float(radii[0]) / np.array(rng.permutation([1.0, *rng.uniform(1.0, self.aspect, 2)]))
        x, y, z = (float(v) for v in centres[0])
        host = Host(0, "fibroadenoma", (x, y, z), (float(half[0]), float(half[1]), float(half[2])), "glandular", 0.05)
        bodies = (self._specks, self._lumps, self._popcorns)[stage - 1](side_seed.child("bodies"), half)
        made = [
            self.grain(shape, centres[0] + place, self.relative_density.sample(rng) * _thinner(shape.volume_mm3))
            for shape, place in bodies
        ]
        category: Category = "3" if stage == 1 else "2"
        return self.finding(name, made, breast, (host,), category)

    def _specks(self, seed: Seed, half: Floats) -> list[tuple[Any, Floats]]:
        """Irregular specks at the periphery."""
        rng = seed.rng()
        found = []
        for direction in _ways(rng, max(1, self.specks.integer(rng))):
            size = self.speck_mm.sample(rng)
            shape = rough_bodies.stone(rng, size, 1.6, 1) if rng.random() < 0.6 else rough_bodies.dot(rng, size, 1.3)
            found.append((shape, direction * rng.uniform(0.75, 0.95) * np.maximum(half - 0.5 * size, 0.3)))
        return found

    def _lumps(self, seed: Seed, half: Floats) -> list[tuple[Any, Floats]]:
        """Lumps, still nearer the periphery, and a few specks."""
        rng = seed.rng()
        found = self._specks(seed.child("specks"), half)[: int(rng.integers(0, 5))]
        for direction in _ways(rng, max(1, self.lumps.integer(rng))):
            size = min(self.lump_mm.sample(rng), 0.8 * float(half.min()))
            shape = rough_bodies.popcorn(rng, size, 1.5, int(rng.integers(4, 9)))
            found.append((shape, direction * rng.uniform(0.4, 0.85) * np.maximum(half - 0.5 * size, 0.3)))
        return found

    def _popcorns(self, seed: Seed, half: Floats) -> list[tuple[Any, Floats]]:
        """Bodies that have coalesced: one fills much of the mass, others lie beside it."""
        rng = seed.rng()
        size = min(self.popcorn_mm.sample(rng), 1.6 * float(half.min()))
        main = rough_bodies.popcorn(rng, max(size, 2.2), 1.6, max(4, self.bumps.integer(rng)))
        room = np.maximum(half - 0.5 * size, 0.0)
        found: list[tuple[Any, Floats]] = [(main, rng.uniform(-0.6, 0.6, 3) * room)]
        for direction in _ways(rng, max(1, self.popcorns.integer(rng)) - 1):
            small = size * rng.uniform(0.25, 0.55)
            found.append(
                (
                    rough_bodies.popcorn(rng, small, 1.4, int(rng.integers(4, 9))),
                    direction * np.maximum(half - 0.5 * small, 0.3),
                )
            )
        return found + self._specks(seed.child("specks"), half)[: int(rng.integers(0, 4))]


def _thinner(volume_mm3: float) -> float:
    """The density of a large body over a small one's: it is coral rather than stone, and a picture shows its inside."""
    across = (6.0 / math.pi * volume_mm3) ** (1.0 / 3.0)
    return float(min(1.0, (_DENSE_MM / across) ** _THINNING))


def _ways(rng: np.random.Generator, count: int) -> Floats:
    directions = rng.standard_normal((count, 3))
    out: Floats = directions / np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-9)
    return out
