"""Large rod-like calcifications: dilated milk ducts filled with hardened secretion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any, ClassVar

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.arrays import Floats
from phantom.calcifications import duct_casts, groups
from phantom.calcifications.distributions import duct_lines, unshared
from phantom.calcifications.finding import Distribution, Finding
from phantom.calcifications.kind_base import KindBase
from phantom.calcifications.label import Label
from phantom.calcifications.sites import CurvePath
from phantom.calcifications.unevenness import uneven
from phantom.errors import NoPlace
from phantom.geometry.solids.chains import Chains
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed

Line = tuple[CurvePath, float, float]

_STEP_MM = 0.5  # between a rod's points
# All estimates. How uneven its calibre is (sd of ln) and over which length; how far it strays off the duct's axis over
# its calibre, and over which length; how much of it each end tapers over, and how thick the tip is over the rod
_LUMPY, _LUMPS_MM, _STRAYS, _BENDS_MM, _TAPER, _TIP = 0.12, 1.3, 0.08, 3.5, (0.08, 0.4), (0.2, 0.6)
_LEAST_RADIUS_MM = 0.1
# share of rods with a spur, its length, and how far it goes aside for each millimetre along
_SPURS, _SPUR_MM, _SPUR_ASIDE = 0.12, (0.8, 1.6), (0.3, 0.6)


@dataclass(frozen=True)
class Kind(KindBase):
    """Smooth white dashes in dilated ducts, all pointing to the nipple, usually in both breasts.

    Secretory calcium of duct ectasia: rods of at least 0.5 mm calibre, up to 10 mm long, solid or, around
    the duct, hollow, now and then branching (BI-RADS 5th edition). Calibre, lengths, numbers and the
    shares of hollow and branching rods are estimates.
    """

    label: ClassVar[Label] = Label(
        "large rod-like",
        "dilated milk duct",
        {"diffuse": 0.45, "segmental": 0.4, "linear": 0.15},
        exclusion_reason="rods lie in ducts",
    )

    bilateral: Annotated[float, Within(0, 1), "probability that the other breast has it too (estimate)"] = 0.85
    rods: Annotated[Draw, Within(1, 200), "how many (estimate)"] = Draw.lognormal(16, 1.9, 5, 60)
    calibre_mm: Annotated[Draw, Within(0.5, 2.5, "mm"), "calibre"] = Draw.lognormal(0.68, 1.2, 0.5, 1.0)
    length_mm: Annotated[Draw, Within(1.5, 20, "mm"), "length"] = Draw.lognormal(5.0, 1.5, 3, 15)
    spacing_mm: Annotated[Draw, Within(0.3, 20, "mm"), "from one rod to the next along a duct (estimate)"] = (
        Draw.uniform(2, 10)
    )
    near_mm: Annotated[float, Within(0, 60, "mm"), "none closer to the nipple (estimate)"] = 10.0
    far_mm: Annotated[float, Within(20, 150, "mm"), "none further from the nipple (estimate)"] = 70.0
    stray_deg: Annotated[
        float, Within(1, 90, "degrees"), "ducts that point this far off the nipple hold few rods (estimate)"
    ] = 13.0
    hollow: Annotated[float, Within(0, 1), "share of hollow rods, around the duct (estimate)"] = 0.15
    lumen: Annotated[Draw, Within(0.05, 0.9), "lumen of a hollow rod over its calibre (estimate)"] = Draw.uniform(
        0.25, 0.5
    )
    branching: Annotated[float, Within(0, 1), "share of rods that fork where their duct does (estimate)"] = 0.1
    relative_density: Annotated[Draw, Within(0.05, 3), "density of a rod over its material's (estimate)"] = (
        Draw.uniform(0.95, 1.5)
    )

    def grow(self, breast: Breast, seed: Seed, distribution: Distribution | None = None) -> Finding:
        """Rods in this breast's ducts.

        Raises
        ------
        NoPlace
            If no duct is long enough.
        ImpossibleDistribution
            If it cannot be spread like that.
        """
        patient, side_seed = seed.child("patient").rng(), seed.child(breast.laterality)
        name = self.label.spread(distribution, patient, self.name)
        count = max(1, self.rods.integer(patient))
        rng = side_seed.child("rods").rng()
        found: list[list[Line]] = []
        for path, start, end in self._lines(breast, rng, name):
            spots: list[Line] = []
            s = start + rng.uniform(0.0, 3.0)
            while s + 3.0 < end:
                long = min(self.length_mm.sample(rng), end - s)
                if _points_to(path, s, long, breast.nipple_mm, self.stray_deg, rng):
                    spots.append((path, s, long))
                s += long + self.spacing_mm.sample(rng)
            found.append(spots)
        # a line is the duct that holds most
        spots = max(found, key=len, default=[]) if name == "linear" else list(chain(*found))
        pieces: list[Any] = []
        for path, s, long in [spots[k] for k in rng.permutation(len(spots))[:count]]:
            hollow = self.lumen.sample(rng) if rng.random() < self.hollow else 0.0
            pieces.append(_rod(path, s, long, self.calibre_mm.sample(rng), hollow, rng))
        if not pieces:
            raise NoPlace("no duct holds a rod of 3 mm between its distances from the nipple")
        pieces = self._forked(breast, pieces, rng)
        made = [self.grain(shape, centre, self.relative_density.sample(rng)) for shape, centre in pieces]
        return self.finding(name, made, breast)

    def _lines(self, breast: Breast, rng: np.random.Generator, distribution: Distribution) -> list[Line]:
        lines = [(p, max(a, self.near_mm), min(b, self.far_mm)) for p, a, b in duct_lines(breast, rng)]
        lines = [line for line in lines if line[2] - line[1] >= 4.0]
        if distribution == "linear":
            return lines
        if distribution == "segmental":
            lobes = list(dict.fromkeys(line[0].lobe for line in lines))
            sizes = {lobe: sum(line[0].lobe == lobe for line in lines) for lobe in lobes}
            # neighbours that together make a fan of at least two ducts
            lobes = sorted(lobes[:6], key=lambda lobe: -sizes[lobe])[:2]
            lines = [line for line in lines if line[0].lobe in lobes]
        return unshared(lines)

    def _forked(self, breast: Breast, rods: list[Any], rng: np.random.Generator) -> list[Any]:
        """Some rods give way to forked ones at real forks."""
        forks = duct_casts.forks(breast)
        out = []
        for shape, centre in rods:
            if forks and rng.random() < self.branching:
                gaps = [float(np.linalg.norm(fork[1].points_mm[0] - np.array(centre))) for fork in forks]
                k = int(np.argmin(gaps))
                if gaps[k] < 4.0:
                    piece = duct_casts.forked(
                        breast, forks.pop(k), max(0.55, self.calibre_mm.sample(rng)), rng.uniform(2.0, 4.0), rng, 0.04
                    )
                    out.append((piece.shape, piece.centre_mm))
                    continue
            out.append((shape, centre))
        return out


def _points_to(
    path: CurvePath, start_mm: float, length_mm: float, nipple_mm: Floats, stray_deg: float, rng: np.random.Generator
) -> bool:
    """Whether a rod lies there: straight stretches of duct that point to the nipple are the dilated ones."""
    ends = path.at([start_mm, start_mm + length_mm])[0]
    direction, home = ends[0] - ends[1], nipple_mm - ends.mean(axis=0)
    straight = float(np.linalg.norm(direction))
    off = math.acos(float(np.clip((direction * home).sum() / (straight * np.linalg.norm(home)), -1.0, 1.0)))
    return straight > 0.94 * length_mm and rng.random() < math.exp(-0.5 * (math.degrees(off) / stray_deg) ** 2)


def _rod(
    path: CurvePath, start_mm: float, length_mm: float, calibre_mm: float, hollow: float, rng: np.random.Generator
) -> Any:
    """A cigar along a duct: uneven, each end drawn out or blunt in its own way (superellipse), now and then a spur."""
    s = np.linspace(0.0, length_mm, max(6, 1 + math.ceil(length_mm / _STEP_MM)))
    # more points at the ends, where it tapers
    s = np.sort(np.append(s, [0.25 * calibre_mm, length_mm - 0.25 * calibre_mm]))
    # the duct is smooth inside: a polyline's corners are rounded off over 2 mm
    points = np.mean([path.at(start_mm + s + off)[0] for off in (-1.0, -0.5, 0.0, 0.5, 1.0)], axis=0)
    points += _STRAYS * calibre_mm * np.column_stack([uneven(rng, s, _BENDS_MM) for _ in range(3)])
    radii = np.exp(_LUMPY * uneven(rng, s, _LUMPS_MM))
    for end in (s, length_mm - s):
        taper = rng.uniform(*_TAPER) * length_mm
        off = np.clip(1.0 - end / taper, 0.0, 1.0)
        radii *= np.maximum((1.0 - off**2.2) ** 0.5, rng.uniform(*_TIP))
    radii = np.maximum(0.5 * calibre_mm / radii.max() * radii, _LEAST_RADIUS_MM)
    strands = [np.column_stack([points, radii])]
    if rng.random() < _SPURS and length_mm > 3.0:
        k = int(rng.integers(len(s) // 4, 3 * len(s) // 4))
        along = (points[k + 1] - points[k]) / np.linalg.norm(points[k + 1] - points[k])
        aside = groups.across(rng, along[None])[0]
        away = np.linspace(0.0, rng.uniform(*_SPUR_MM), 4)[:, None]
        spur = points[k] + away * (along + rng.uniform(*_SPUR_ASIDE) * aside)
        strands.append(np.column_stack([spur, radii[k] * np.array([0.9, 0.75, 0.6, 0.35])]))
    centre = points.mean(axis=0)
    shift = np.append(centre, 0.0)
    x, y, z = (float(v) for v in centre)
    return Chains(tuple(tuple(tuple(p) for p in (strand - shift).tolist()) for strand in strands), hollow), (x, y, z)
