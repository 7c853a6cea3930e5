"""Residue on the skin: powder, ointment, deodorant. No calcium at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.calcifications import grains
from phantom.calcifications.calcification import Distribution, Finding
from phantom.calcifications.labels import Label
from phantom.calcifications.scattered import Bilateral
from phantom.calcifications.surface import at_depth, skin_axes, skin_frames, skin_sites
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]

# density of a flake over the material's own: salts and talc lie loosely, paste is as it is (estimates)
_LOOSE = {"aluminium_salt": (0.8, 1.3), "talc": (0.3, 0.6), "zinc_oxide": (0.9, 1.1)}
_SITES = ("axilla", "fold", "areola")
_SHARES = (0.8, 0.15, 0.05)


@dataclass(frozen=True)
class Kind(Bilateral):
    """Metallic particles of powders, ointments and deodorants on the skin, which mimic microcalcifications.

    Flakes in streaks along creases: in the axilla (in MLO over the muscle), in the fold below, around the
    nipple. An artefact, usually in one view, gone after wiping: class ``artefact``. Sizes, numbers, streaks
    and looseness are estimates; zinc oxide is a paste, aluminium salts a deodorant, talc a powder.
    """

    label: ClassVar[Label] = Label(
        "none",
        "residue of powder, ointment or deodorant",
        {"regional": 0.6, "linear": 0.25, "grouped": 0.15},
        category="1",
        refusal="residue lies in streaks on the skin",
        artefact=True,
    )

    bilateral: Annotated[float, Within(0, 1), "probability that the other breast has it too (estimate)"] = 0.6
    material: Annotated[
        Literal["drawn", "aluminium_salt", "talc", "zinc_oxide"], "what it is; 'drawn' is one of them"
    ] = "drawn"
    site: Annotated[Literal["drawn", "axilla", "fold", "areola"], "where it lies; 'drawn' mostly the axilla"] = "drawn"
    size_mm: Annotated[Draw, Within(0.02, 2, "mm"), "largest extent of a flake"] = Draw.lognormal(0.13, 1.8, 0.03, 0.6)
    thickness_mm: Annotated[Draw, Within(0.005, 0.5, "mm"), "thickness of a flake"] = Draw.lognormal(
        0.09, 1.4, 0.02, 0.15
    )
    flakes: Annotated[Draw, Within(1, 1000), "how many"] = Draw.lognormal(70, 1.8, 20, 400)
    streaks: Annotated[Draw, Within(1, 12), "streaks along creases, when regional"] = Draw.uniform(2, 5)
    streak_mm: Annotated[Draw, Within(2, 80, "mm"), "length of a streak"] = Draw.uniform(8, 40)
    streak_width_mm: Annotated[Draw, Within(0.1, 6, "mm"), "width of a streak"] = Draw.uniform(0.5, 3)
    one_view: Annotated[float, Within(0, 1), "probability that one view only shows it"] = 0.85

    def grow(self, breast: Breast, seed: Seed, distribution: Distribution | None = None) -> Finding:
        """Residue on this breast's skin.

        Raises
        ------
        NoPlace
            If the skin chosen lies outside all views.
        ImpossibleDistribution
            If it cannot be spread like that.
        """
        patient, own = seed.child("patient").rng(), seed.child(breast.laterality)
        name = self.label.spread(distribution, patient, self.name)
        site = _SITES[int(patient.choice(3, p=_SHARES))] if self.site == "drawn" else self.site
        material = ("aluminium_salt", "talc", "zinc_oxide")[int(patient.choice(3, p=(0.5, 0.25, 0.25)))]
        material = material if self.material == "drawn" else self.material
        once = patient.random() < self.one_view
        view = "MLO" if site == "axilla" else ("CC", "MLO")[int(patient.integers(2))]
        rng = own.child("places").rng()
        points = self._places(breast, rng, name, site)
        made = []
        for i, (point, frame) in enumerate(zip(points, skin_frames(breast, points), strict=True)):
            dice = own.child("flake", i).rng()
            size = self.size_mm.sample(dice)
            thick = min(self.thickness_mm.sample(dice), 0.8 * size)
            shape = grains.flake(dice, size, thick, int(dice.integers(4, 8)), frame)
            place = point + 0.5 * thick * frame[:, 2]
            made.append(self.grain(shape, place, dice.uniform(*_LOOSE[material]), material, "air"))
        return self.finding(name, made, breast, pathology="none", views=(view,) if once else ())

    def earlier(self, finding: Finding, years: float, seed: Seed) -> Finding | None:
        """It was wiped off."""
        return None

    def _places(self, breast: Breast, rng: np.random.Generator, distribution: Distribution, site: str) -> Floats:
        """Points on the skin, in streaks that run side by side along a crease."""
        middle = skin_sites(breast, rng, site)[0]
        axes = skin_axes(breast, middle)
        crease = rng.uniform(0.0, math.pi)
        along = math.cos(crease) * axes[:, 0] + math.sin(crease) * axes[:, 1]
        aside = math.cos(crease) * axes[:, 1] - math.sin(crease) * axes[:, 0]
        count = max(1, self.flakes.integer(rng))
        streaks = max(1, self.streaks.integer(rng)) if distribution == "regional" else 1
        which = rng.integers(streaks, size=count)
        offset, bend = np.cumsum(rng.uniform(2.0, 8.0, streaks)), rng.normal(0.0, 0.01, streaks)
        length = (
            self.streak_mm.samples(rng, streaks) if distribution != "grouped" else np.array([rng.uniform(4.0, 10.0)])
        )
        width = (
            self.streak_width_mm.samples(rng, streaks)
            if distribution != "grouped"
            else np.array([rng.uniform(2.0, 6.0)])
        )
        start = rng.uniform(-0.3, 0.3, streaks) * length
        t = start[which] + length[which] * rng.uniform(-0.5, 0.5, count)
        s = offset[which] - offset.mean() + bend[which] * t * t + 0.3 * width[which] * rng.standard_normal(count)
        points: Floats = at_depth(breast, middle + t[:, None] * along + s[:, None] * aside, 0.0)
        points = points[points[:, 0] > 1.0]
        # what a crease's straight line leaves too far behind, where the skin bends away, did not stay on it
        on_skin = np.abs(breast.depth_mm(points)) < 0.3
        return points[on_skin] if on_skin.any() else middle[None]
