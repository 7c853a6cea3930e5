"""Fine pleomorphic calcifications: tight groups of tiny, irregular grains of several forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from phantom.calcifications import grain_shapes
from phantom.calcifications.distributions import Places
from phantom.calcifications.finding import Pathology
from phantom.calcifications.kind_base import MultiGrainKind
from phantom.calcifications.label import Label
from phantom.geometry.solids.shapes import Shape
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed

FORMS = ("angular", "bean", "tear", "round")
# shares of the forms (estimates); at least two of them in every group (Lanyi: 95 % of groups are polymorphous)
SHARES = (0.5, 0.2, 0.15, 0.15)


@dataclass(frozen=True)
class Kind(MultiGrainKind):
    """Tight clusters of tiny irregular grains, all below half a millimetre but a few.

    Angular, bean-, comma- and drop-shaped grains side by side. Mean sizes by pathology: benign 0.19 mm,
    non-comedo 0.22 mm, comedo 0.32 mm with a second mode at 0.5-0.7 mm (image morphometry of biopsied
    groups). 65 % of groups are triangles with the apex to the nipple (Lanyi 1982); malignant ones hold
    about 30 grains (Le Gal 1984) over 10 mm, benign ones cover 6 mm (Grimm 2019). Predictive value 29 %
    (BI-RADS 5th edition). Shares of the forms, aspect and roughness are estimates.
    """

    label: ClassVar[Label] = Label(
        "fine pleomorphic",
        "tight clusters of tiny, irregular shapes",
        {"grouped": 0.78, "segmental": 0.14, "linear": 0.06, "regional": 0.02},
        category="4B",
        categories={"linear": "4C", "segmental": "4C"},
        ppv=0.29,
        exclusion_reason="pleomorphic grains all over a breast are not seen",
    )
    suspicious_sites: ClassVar[bool] = True

    size_mm: Annotated[Draw, Within(0.08, 0.5, "mm"), "grains of non-comedo cancers"] = Draw.lognormal(
        0.20, 1.54, 0.1, 0.5
    )
    benign_size_mm: Annotated[Draw, Within(0.08, 0.5, "mm"), "grains of benign groups"] = Draw.lognormal(
        0.175, 1.47, 0.1, 0.5
    )
    comedo_size_mm: Annotated[Draw, Within(0.08, 0.8, "mm"), "most grains of comedo cancers"] = Draw.lognormal(
        0.24, 1.5, 0.1, 0.6
    )
    comedo_large_mm: Annotated[Draw, Within(0.08, 0.8, "mm"), "a fifth of the grains of comedo cancers"] = Draw.normal(
        0.60, 0.06, 0.45, 0.75
    )
    comedo: Annotated[float, Within(0, 1), "share of comedo growth among the cancers (Stomper 1989)"] = 0.35
    aspect: Annotated[float, Within(1, 4), "longest over shortest axis of angular grains, at most (estimate)"] = 3.0
    rough: Annotated[float, Within(0, 0.5), "relative roughness (estimate)"] = 0.25
    grains: Annotated[Draw, Within(5, 400), "grains"] = Draw.lognormal(28, 1.7, 10, 80)
    group_mm: Annotated[Draw, Within(1, 20, "mm"), "largest extent of a group in the views"] = Draw.lognormal(
        9, 1.5, 4, 20
    )
    triangular: Annotated[float, Within(0, 1), "share of groups whose envelope is a triangle (Lanyi 1982)"] = 0.65
    relative_density: Annotated[Draw, Within(0.05, 3), "density of a grain over its material's (estimate)"] = (
        Draw.lognormal(1.0, 1.3, 0.5, 2.0)
    )

    def forms(self, seed: Seed, places: Places, pathology: Pathology) -> list[Shape]:
        """Grains of at least two forms."""
        rng = seed.child("which").rng()
        count = len(places.points_mm)
        names = [FORMS[i] for i in rng.choice(len(FORMS), count, p=SHARES)]
        if count > 1 and len(set(names)) == 1:
            names[0] = FORMS[(FORMS.index(names[0]) + 1) % len(FORMS)]
        sizes = self.sizes(seed.child("sizes").rng(), count, pathology)
        return [
            pleomorphic(seed.child("grain", i), name, size, self.aspect, self.rough)
            for i, (name, size) in enumerate(zip(names, sizes.tolist(), strict=True))
        ]

    def sizes(
        self, rng: np.random.Generator, count: int, pathology: Pathology
    ) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Largest extents (count,) in mm: they differ by what the microscope will find."""
        if pathology != "malignant":
            return self.benign_size_mm.samples(rng, count)
        if rng.random() >= self.comedo:
            return self.size_mm.samples(rng, count)
        large = rng.random(count) < 0.2
        return np.where(large, self.comedo_large_mm.samples(rng, count), self.comedo_size_mm.samples(rng, count))


def pleomorphic(seed: Seed, form: str, size_mm: float, aspect: float, rough: float) -> Shape:
    """One grain of a form."""
    rng = seed.rng()
    if form == "angular":
        return grain_shapes.angular(rng, size_mm, aspect, rough, int(rng.integers(16, 27)))
    if form == "bean":
        return grain_shapes.bean(rng, size_mm)
    if form == "tear":
        return grain_shapes.tear(rng, size_mm)
    return grain_shapes.ball(rng, size_mm, 1.25)
