"""Calcified sutures: knots and loops in a surgical bed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.arrays import Floats
from phantom.calcifications import groups
from phantom.calcifications.distributions import stretch
from phantom.calcifications.finding import Distribution, Finding
from phantom.calcifications.kind_base import KindBase
from phantom.calcifications.label import Label
from phantom.calcifications.large_bodies import bed_of
from phantom.calcifications.sites import inside
from phantom.errors import NoPlace
from phantom.geometry.solids.chains import Chains
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed


@dataclass(frozen=True)
class Kind(KindBase):
    """Calcium on suture material: thin tubes in loops and lines, now and then with a knot.

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
        0.2, 0.5
    )
    loop_mm: Annotated[Draw, Within(1.5, 20, "mm"), "radius of a loop (estimate)"] = Draw.uniform(2.5, 6)
    length_mm: Annotated[Draw, Within(3, 60, "mm"), "length of a strand (estimate)"] = Draw.uniform(10, 40)
    piece_mm: Annotated[Draw, Within(0.5, 15, "mm"), "length of an unbroken piece of coating (estimate)"] = (
        Draw.uniform(1.5, 8)
    )
    strands: Annotated[Draw, Within(1, 20), "how many strands (estimate)"] = Draw.uniform(2, 5)
    knots: Annotated[float, Within(0, 1), "share of strands with a knot (estimate)"] = 0.4
    knot_mm: Annotated[Draw, Within(0.3, 3, "mm"), "size of a knot (estimate)"] = Draw.uniform(0.7, 1.5)
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
        made = []
        for i in range(max(1, self.strands.integer(rng))):
            grain_rng = side_seed.child("strand", i).rng()
            offset = groups.random_axes(grain_rng)[:, 0] * 0.25 * extent * grain_rng.random()
            for strand in self._pieces(grain_rng, 0.5 * extent):
                strand[:, :3] += centre + offset
                near = np.linalg.norm(strand[:, :3] - centre, axis=1).max() < most
                if near and inside(breast, strand[:, :3], 0.8).all():
                    middle = np.append(strand[:, :3].mean(axis=0), 0.0)
                    shape = Chains((tuple(tuple(p) for p in (strand - middle).tolist()),))
                    made.append(self.grain(shape, middle[:3], self.relative_density.sample(grain_rng)))
        if not made:
            raise NoPlace("no room for a strand in the surgical bed")
        return self.finding(name, made, breast, hosts)

    def _pieces(self, rng: np.random.Generator, reach_mm: float) -> list[Floats]:
        """Pieces (n, 4) of one strand about the origin: a loop that opens into a tail, and a knot where they meet."""
        loop, calibre = min(self.loop_mm.sample(rng), 0.6 * reach_mm), self.calibre_mm.sample(rng)
        length = self.length_mm.sample(rng)
        turns = min(length / loop, rng.uniform(1.2, 1.75) * math.pi)
        straight = min(max(0.0, length - turns * loop), reach_mm)
        around = np.linspace(0.0, turns, max(8, math.ceil(turns * loop / 0.5)))
        oval = rng.uniform(0.6, 1.0)
        ring = np.column_stack(
            [loop * np.sin(around), loop * oval * (1.0 - np.cos(around)), 0.25 * loop * np.sin(0.7 * around)]
        )
        tail_at = (
            np.linspace(0.5, straight, max(2, math.ceil(straight / 0.5)))[:, None]
            if straight > 1.0
            else np.empty((0, 1))
        )
        bend = rng.uniform(-0.04, 0.04)
        tail = np.column_stack([-tail_at, bend * tail_at**2, 0.1 * tail_at])[::-1]
        line = np.concatenate([tail, ring]) @ groups.random_axes(rng).T
        arc = np.concatenate(([0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))))
        pieces, s = [], 0.0
        while s < arc[-1] - 0.6:
            end = min(arc[-1], s + self.piece_mm.sample(rng))
            at = np.linspace(s, end, max(3, math.ceil((end - s) / 0.5)))
            points = np.column_stack([np.interp(at, arc, line[:, k]) for k in range(3)])
            radii = 0.5 * calibre * np.clip(rng.normal(1.0, 0.08, len(at)), 0.75, 1.25)
            pieces.append(np.column_stack([points, radii]))
            s = end + rng.uniform(0.2, 1.2)
        if rng.random() < self.knots:
            size = self.knot_mm.sample(rng)
            wound = np.linspace(0.0, 3.4 * math.pi, 16)
            out = 0.5 * size - 0.5 * calibre if size > 1.6 * calibre else 0.3 * size
            coil = np.column_stack(
                [out * np.cos(wound), 0.7 * out * np.sin(wound), 0.45 * size * (wound / wound[-1] - 0.5)]
            )
            coil = coil @ groups.random_axes(rng).T + line[len(tail)]
            pieces.append(np.column_stack([coil, np.full(16, 0.45 * calibre)]))
        return pieces
