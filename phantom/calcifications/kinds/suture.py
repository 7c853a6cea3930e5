"""Calcified sutures: knots and loops in a surgical bed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.arrays import Floats
from phantom.calcifications import groups
from phantom.calcifications.distributions import REGION_MM, ruler, stretch
from phantom.calcifications.finding import Calcification, Distribution, Finding
from phantom.calcifications.kind_base import KindBase
from phantom.calcifications.label import Label
from phantom.calcifications.large_bodies import bed_of
from phantom.calcifications.sites import inside
from phantom.calcifications.unevenness import uneven
from phantom.errors import NoPlace
from phantom.geometry.solids.chains import Chains
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed

_STEP_MM = 0.4  # between the points of a strand
# Estimates: a piece's thickness over the strand's, and that of its ends over its own; over which lengths it varies, and
# the strand wriggles; no thread is thinner; points of a coil
_THICK, _BROKEN, _LUMPS_MM, _WRIGGLE_MM, _THINNEST_MM, _COIL = (0.7, 1.25), (0.4, 0.9), 0.8, 3.0, 0.06, 24
_WIDER, _WIDER_TRIES = 1.2, 7  # strands that lie too close together are drawn again, in a wider bed


@dataclass(frozen=True)
class Kind(KindBase):
    """Calcium on suture material: thin tubes in loops and lines, with knots.

    In the bed of an operation, above all after radiation therapy (6 % of treated breasts; Stacey-Clear
    1992). The coating is broken into pieces. Calibre, loops, lengths and the share of knots are estimates.
    """

    label: ClassVar[Label] = Label(
        "suture",
        "radiation therapy",
        {"grouped": 0.6, "regional": 0.4},
        exclusion_reason="it lies in a surgical bed",
    )

    calibre_mm: Annotated[Draw, Within(0.1, 1, "mm"), "thickness of a coated strand (estimate)"] = Draw.uniform(
        0.25, 0.65
    )
    loop_mm: Annotated[Draw, Within(1.5, 20, "mm"), "radius of a loop (estimate)"] = Draw.uniform(2.5, 6)
    length_mm: Annotated[Draw, Within(3, 60, "mm"), "length of a strand (estimate)"] = Draw.uniform(10, 40)
    piece_mm: Annotated[Draw, Within(0.5, 15, "mm"), "length of an unbroken piece of coating (estimate)"] = (
        Draw.lognormal(3, 2.0, 0.7, 12)
    )
    strands: Annotated[Draw, Within(1, 20), "how many strands (estimate)"] = Draw.uniform(2, 5)
    knots: Annotated[float, Within(0, 1), "share of strands with a knot (estimate)"] = 0.6
    knot_mm: Annotated[Draw, Within(0.3, 3, "mm"), "size of a knot (estimate)"] = Draw.uniform(0.8, 2.0)
    hollow: Annotated[float, Within(0, 1), "share of strands coated around the thread: double tracks (estimate)"] = 0.6
    lumen: Annotated[Draw, Within(0.05, 0.95), "the thread over the coating's calibre, where hollow (estimate)"] = (
        Draw.uniform(0.5, 0.75)
    )
    uneven: Annotated[float, Within(0, 0.6), "relative variation of the calibre along a strand (estimate)"] = 0.22
    wriggle_mm: Annotated[float, Within(0, 3, "mm"), "how far a strand strays off its loop (estimate)"] = 0.35
    gap_mm: Annotated[Draw, Within(0.05, 10, "mm"), "gap between pieces of coating (estimate)"] = Draw.lognormal(
        0.7, 2.0, 0.2, 4
    )
    least_piece_mm: Annotated[float, Within(0.1, 5, "mm"), "no piece is shorter (estimate)"] = 0.6
    extent_mm: Annotated[Draw, Within(5, 60, "mm"), "diameter of the bed"] = Draw.uniform(10, 30)
    bed: Annotated[Literal["none", "scar", "surgical_bed"], "soft tissue around them that the image shows"] = (
        "surgical_bed"
    )
    relative_density: Annotated[Draw, Within(0.05, 3), "density of the coating over its material's (estimate)"] = (
        Draw.lognormal(1.0, 1.15, 0.6, 1.6)
    )

    def grow(self, breast: Breast, seed: Seed, distribution: Distribution | None = None) -> Finding:
        """Strands in this breast, in the bed that is there already or one of their own.

        Raises
        ------
        NoPlace
            If there is no room for the bed.
        ImpossibleDistribution
            If neither grouped nor regional is asked for.
        """
        side_seed = seed.child(breast.laterality)
        name = self.label.spread(distribution, seed.child("patient").rng(), self.name)
        rng = side_seed.child("bed").rng()
        extent = self.extent_mm.sample(rng)
        extent = min(extent, 20.0) if name == "grouped" else max(extent, 22.0)
        centre, _, hosts = bed_of(breast, side_seed.child("bed"), rng, extent, 0.6, self.bed)
        # a group is no wider than 2 cm
        most = 10.0 / stretch(breast, centre) if name == "grouped" else np.inf
        strands, seen = max(1, self.strands.integer(rng)), ruler(breast)
        for attempt in range(_WIDER_TRIES):
            strand_seed = side_seed.child("again", attempt) if attempt else side_seed
            made = self._strands(breast, strand_seed, strands, centre, extent, most)
            # a region is wider than 2 cm in a view
            if name == "grouped" or len(made) < 2 or seen(np.array([grain.centre_mm for grain in made])) > REGION_MM:
                break
            extent *= _WIDER
        if not made:
            raise NoPlace("no room for a strand in the surgical bed")
        return self.finding(name, made, breast, hosts)

    def _strands(
        self, breast: Breast, seed: Seed, count: int, centre: Floats, extent: float, most: float
    ) -> list[Calcification]:
        """The pieces of so many strands in a bed of this diameter about a centre (3,), none farther from it."""
        made = []
        for i in range(count):
            grain_rng = seed.child("strand", i).rng()
            offset = groups.random_axes(grain_rng)[:, 0] * 0.25 * extent * grain_rng.random()
            hollow = self.lumen.sample(grain_rng) if grain_rng.random() < self.hollow else 0.0
            for strands in self._pieces(grain_rng, 0.5 * extent):
                points = np.concatenate(strands)
                points[:, :3] += centre + offset
                near = np.linalg.norm(points[:, :3] - centre, axis=1).max() < most
                if near and inside(breast, points[:, :3], 0.8).all():
                    middle = points[:, :3].mean(axis=0)
                    shift = np.append(centre + offset - middle, 0.0)
                    shape = Chains(tuple(tuple(tuple(p) for p in (one + shift).tolist()) for one in strands), hollow)
                    made.append(self.grain(shape, middle, self.relative_density.sample(grain_rng)))
        return made

    def _pieces(self, rng: np.random.Generator, reach_mm: float) -> list[list[Floats]]:
        """Pieces of one strand about the origin, each of one or more lines (n, 4); and a knot where its loop closes."""
        calibre = self.calibre_mm.sample(rng)
        line, closes = self._line(rng, reach_mm)
        arc = np.concatenate(([0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))))
        pieces, s = [], 0.0
        while s < arc[-1] - self.least_piece_mm:
            end = min(float(arc[-1]), s + self.piece_mm.sample(rng))
            at = np.linspace(s, end, max(4, math.ceil((end - s) / _STEP_MM)))
            points = np.column_stack([np.interp(at, arc, line[:, k]) for k in range(3)])
            # some pieces are thick, some have lost most of their coating; all taper where they break
            thick = 0.5 * calibre * rng.uniform(*_THICK) * np.exp(self.uneven * uneven(rng, at, _LUMPS_MM))
            thick[[0, -1]] *= rng.uniform(*_BROKEN, 2)
            pieces.append([np.column_stack([points, np.maximum(thick, _THINNEST_MM)])])
            s = end + self.gap_mm.sample(rng)
        if rng.random() < self.knots:
            pieces.append(self._knot(rng, calibre, line[closes]))
        return pieces

    def _line(self, rng: np.random.Generator, reach_mm: float) -> tuple[Floats, int]:
        """Points (n, 3) of a loop that opens into a tail, and which of them is where it closes."""
        loop, length = min(self.loop_mm.sample(rng), 0.6 * reach_mm), self.length_mm.sample(rng)
        turns = min(length / loop, rng.uniform(1.2, 1.75) * math.pi)
        straight = min(max(0.0, length - turns * loop), reach_mm)
        around = np.linspace(0.0, turns, max(8, math.ceil(turns * loop / _STEP_MM)))
        ring = np.column_stack([
            loop * np.sin(around),
            loop * rng.uniform(0.35, 1.0) * (1.0 - np.cos(around)),
            loop * rng.uniform(-0.4, 0.4) * np.sin(0.7 * around),
        ])  # fmt: skip
        away = np.arange(_STEP_MM, straight, _STEP_MM)[::-1]
        bend = rng.uniform(-0.04, 0.04)
        tail = np.column_stack([-away, bend * away**2, 0.1 * away])
        line = np.concatenate([tail, ring])
        at = np.arange(len(line)) * _STEP_MM
        line += self.wriggle_mm * np.column_stack([uneven(rng, at, _WRIGGLE_MM) for _ in range(3)])
        return line @ groups.random_axes(rng).T, len(tail)

    def _knot(self, rng: np.random.Generator, calibre: float, place: Floats) -> list[Floats]:
        """Lines (n, 4) of a knot: an irregular coil, and the two cut ends of the thread."""
        size, thick = self.knot_mm.sample(rng), 0.5 * calibre
        wound = np.linspace(0.0, rng.uniform(3.0, 5.0) * math.pi, _COIL)
        out = max(0.5 * size - thick, 0.3 * size) * np.exp(0.25 * uneven(rng, wound, 1.5))
        high = size * rng.uniform(0.3, 0.7) * (wound / wound[-1] - 0.5)
        coil = np.column_stack([out * np.cos(wound), 0.7 * out * np.sin(wound), high])
        lines = [np.column_stack([coil, thick * np.exp(self.uneven * uneven(rng, wound, 1.5))])]
        for end in (coil[0], coil[-1]):
            away = np.linspace(0.0, size * rng.uniform(0.5, 1.6), 4)[:, None]
            cut = end + away * (groups.random_axes(rng)[:, 0] + 0.15 * away * groups.random_axes(rng)[:, 0])
            lines.append(np.column_stack([cut, thick * np.array([1.0, 0.9, 0.8, 0.5])]))
        axes = groups.random_axes(rng)
        return [np.column_stack([line[:, :3] @ axes.T + place, line[:, 3]]) for line in lines]
