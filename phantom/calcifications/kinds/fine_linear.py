"""Fine linear calcifications: thin, broken threads in ducts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.calcifications import duct_casts
from phantom.calcifications.distributions import duct_lines, ruler, start_of, unshared
from phantom.calcifications.duct_casts import Piece
from phantom.calcifications.finding import Calcification, Distribution, Finding
from phantom.calcifications.followup import receded
from phantom.calcifications.kind_base import KindBase
from phantom.calcifications.kinds.fine_pleomorphic import FORMS, SHARES, pleomorphic
from phantom.calcifications.label import Label
from phantom.calcifications.sites import CurvePath
from phantom.errors import NoPlace
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed

Stretch = tuple[CurvePath, float, float]


@dataclass(frozen=True)
class Casts(KindBase):
    """Keys and growth that linear and branching casts share."""

    calibre_mm: Annotated[Draw, Within(0.05, 0.49, "mm"), "calibre of a cast (estimate below the lexicon's 0.5)"] = (
        Draw.lognormal(0.18, 1.4, 0.08, 0.35)
    )
    vary: Annotated[float, Within(0, 0.6), "relative variation of the calibre along a cast (estimate)"] = 0.3
    length_mm: Annotated[Draw, Within(0.3, 10, "mm"), "length of a cast (estimate)"] = Draw.lognormal(1.5, 1.6, 0.5, 5)
    gap_mm: Annotated[Draw, Within(0.05, 5, "mm"), "gap between casts (estimate)"] = Draw.uniform(0.2, 1.5)
    segments: Annotated[Draw, Within(1, 12), "ducts that hold casts when linear or grouped (estimate)"] = Draw.uniform(
        1, 3
    )
    line_mm: Annotated[Draw, Within(5, 60, "mm"), "calcified length of a duct (estimate)"] = Draw.uniform(10, 35)
    group_mm: Annotated[Draw, Within(4, 20, "mm"), "extent of a group, as the views show it"] = Draw.uniform(7, 18)
    sector_mm: Annotated[Draw, Within(18, 80, "mm"), "depth of a segment (estimate)"] = Draw.uniform(20, 60)
    total_mm: Annotated[Draw, Within(20, 400, "mm"), "calcified length of all ducts of a segment (estimate)"] = (
        Draw.uniform(50, 160)
    )
    dots: Annotated[Draw, Within(0, 2), "pleomorphic grains for each cast (estimate)"] = Draw.uniform(0.25, 0.9)
    dot_mm: Annotated[Draw, Within(0.05, 0.5, "mm"), "largest extent of such a grain"] = Draw.lognormal(
        0.2, 1.5, 0.1, 0.45
    )
    relative_density: Annotated[Draw, Within(0.05, 3), "density of a grain over its material's (estimate)"] = (
        Draw.lognormal(1.0, 1.25, 0.5, 2.0)
    )

    def grow(self, breast: Breast, seed: Seed, distribution: Distribution | None = None) -> Finding:
        """Casts in this breast's ducts, and grains among them.

        Raises
        ------
        NoPlace
            If no duct runs far enough below the skin.
        ImpossibleDistribution
            If this kind cannot be spread like that.
        """
        patient, side_seed = seed.child("patient").rng(), seed.child(breast.laterality)
        name = self.label.spread(distribution, patient, self.name)
        category = self.label.category_of(name)
        pathology = self.label.pathology(name, category, side_seed.child("pathology").rng(), self.malignancy)
        rng = side_seed.child("casts").rng()
        stretches = self.stretches(breast, rng, name)
        pieces = self.pieces(breast, rng, stretches)
        made = [self.grain(p.shape, p.centre_mm, self.relative_density.sample(rng)) for p in pieces]
        made += self._dots(
            side_seed.child("dots"), stretches, max(round(self.dots.sample(rng) * len(pieces)), 10 - len(pieces))
        )
        return self.finding(name, made, breast, category=category, pathology=pathology)

    def earlier(self, finding: Finding, years: float, seed: Seed) -> Finding | None:
        """The casts reached less far."""
        return receded(finding, years, seed)

    def stretches(self, breast: Breast, rng: np.random.Generator, distribution: Distribution) -> list[Stretch]:
        """The lengths of duct that hold casts."""
        lines = duct_lines(breast, rng, suspicious=True)
        if distribution == "segmental":
            return self._sector(lines, rng)
        wanted = (self.group_mm if distribution == "grouped" else self.line_mm).sample(rng)
        least = 6.0 if distribution == "grouped" else 10.0
        long = [line for line in lines if line[2] - line[1] >= min(wanted, 14.0)]
        long = long or [line for line in lines if line[2] - line[1] >= least]
        if not long:
            raise NoPlace(f"no duct runs for {least:.0f} mm deep enough below the skin")
        path, first, last = long[0]
        length = min(wanted, last - first)
        start = start_of(breast, long[0], length, rng, suspicious=True)
        if distribution == "grouped":
            length *= min(1.0, wanted / ruler(breast)(path.at(np.linspace(start, start + length, 9))[0]))
        found = [(path, start, start + length)]
        middle = path.at(start + 0.5 * length)[0]
        # neighbours from the same lobe, at the same depth: they run side by side
        for other, a, b in lines:
            if len(found) >= max(1, self.segments.integer(rng)):
                break
            if other is not path and other.lobe == path.lobe:
                s = np.arange(max(a, start), min(b, start + length), 0.5)
                s = s[np.linalg.norm(other.at(s)[0] - middle, axis=1) < 0.5 * length]
                if len(s) and s[-1] - s[0] > 2.0:
                    found.append((other, float(s[0]), float(s[-1])))
        return found

    def _sector(self, lines: list[Stretch], rng: np.random.Generator) -> list[Stretch]:
        depth = self.sector_mm.sample(rng)
        for lobe in dict.fromkeys(line[0].lobe for line in lines):
            branches = [line for line in lines if line[0].lobe == lobe]
            start = min(a for _, a, _ in branches)
            end = min(max(b for _, _, b in branches), start + depth)
            if len(branches) < 2 or end - start < 18.0:
                continue
            total, kept = self.total_mm.sample(rng), list[Stretch]()
            for path, a, b in unshared([(path, max(a, start), min(b, end)) for path, a, b in branches if b - a > 4.0]):
                if total > 2.0:
                    kept.append((path, a, min(b, a + total)))
                    total -= b - a
            return kept
        raise NoPlace("no lobe with two ducts that reach over 18 mm")

    def pieces(self, breast: Breast, rng: np.random.Generator, stretches: list[Stretch]) -> list[Piece]:
        """The casts."""
        found: list[Piece] = []
        for path, start, end in stretches:
            if end - start > 1.0:
                found += duct_casts.broken_line(
                    path, start, end, self.length_mm, self.calibre_mm, self.gap_mm, self.vary, rng
                )
        return found

    def _dots(self, seed: Seed, stretches: list[Stretch], count: int) -> list[Calcification]:
        rng = seed.rng()
        lengths = np.array([end - start for _, start, end in stretches])
        made = []
        for i in range(count):
            path, start, end = stretches[int(rng.choice(len(stretches), p=lengths / lengths.sum()))]
            place = path.at(rng.uniform(start, end))[0][0] + np.clip(rng.normal(0.0, 0.25, 3), -0.5, 0.5)
            form = FORMS[int(rng.choice(len(FORMS), p=SHARES))]
            shape = pleomorphic(seed.child(i), form, self.dot_mm.sample(rng), 2.5, 0.25)
            made.append(self.grain(shape, place, self.relative_density.sample(rng)))
        return made


@dataclass(frozen=True)
class Kind(Casts):
    """Thin, irregular, broken lines of calcium that cast the inside of ducts.

    Calibre below 0.5 mm and varying, along the duct (BI-RADS 5th edition), with angular grains among
    them: Le Gal's vermicular type. Predictive value 70 %. Calibre, lengths, gaps and numbers are estimates.
    """

    label: ClassVar[Label] = Label(
        "fine linear",
        "fine lines in the milk ducts",
        {"linear": 0.65, "segmental": 0.2, "grouped": 0.15},
        category="4C",
        ppv=0.70,
        exclusion_reason="casts lie in the ducts of one lobe",
    )
