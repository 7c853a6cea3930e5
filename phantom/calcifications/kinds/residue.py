"""Residue on the skin: powder, ointment, deodorant. No calcium at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.arrays import Floats
from phantom.calcifications import grain_shapes, rough_bodies
from phantom.calcifications.finding import Calcification, Distribution, Finding
from phantom.calcifications.kind_base import KindBase
from phantom.calcifications.label import Label
from phantom.calcifications.skin_sites import at_depth, skin_axes, skin_frames, skin_sites
from phantom.calcifications.wall_plates import rotation_vector
from phantom.geometry.solids.clouds import GaussianBlob
from phantom.geometry.solids.shapes import Shape
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed

# density of a flake over the material's own: salts and talc lie loosely, paste dries to up to twice its zinc
# (estimates)
_LOOSE = {"aluminium_salt": (0.8, 1.5), "talc": (0.3, 0.6), "zinc_oxide": (0.9, 1.8)}
# per mm of the material at 21 keV, what a mammogram's X-rays are like (`phantom.imaging.materials`)
_TAKES = {"aluminium_salt": 0.43, "talc": 0.55, "zinc_oxide": 0.81}
_FILM_MM = 0.02
# Estimates: corners of a chip; how far off its crease a piece of film lies over the crease's width; its standard
# deviations over its share of the length and over the width; how thick it is over the film's mean
_CORNERS, _WIPED, _LONG, _WIDE, _FAINT = (4, 8), 0.25, (0.3, 0.7), (0.12, 0.4), (0.3, 1.4)
# and of flecks: how far off their streak they lie over its width, how near to each other what sticks together is
_OFF, _STUCK_MM = 0.2, 0.25
_SITES = ("axilla", "fold", "areola")
_SHARES = (0.8, 0.15, 0.05)


@dataclass(frozen=True)
class Kind(KindBase):
    """Metallic particles of powders, ointments and deodorants on the skin, which mimic microcalcifications.

    Bright flecks in streaks along creases, clotted here and there, in smears of film: in the axilla (in MLO over the
    muscle), in the fold below, around the nipple. An artefact, usually in one view, gone after wiping: class
    ``artefact``. Sizes, numbers, streaks, film and looseness are estimates; zinc oxide is a paste, aluminium
    salts a deodorant, talc a powder.
    """

    label: ClassVar[Label] = Label(
        "none",
        "residue of powder, ointment or deodorant",
        {"regional": 0.6, "linear": 0.25, "grouped": 0.15},
        category="1",
        exclusion_reason="residue lies in streaks on the skin",
        artefact=True,
    )

    bilateral: Annotated[float, Within(0, 1), "probability that the other breast has it too (estimate)"] = 0.6
    material: Annotated[
        Literal["drawn", "aluminium_salt", "talc", "zinc_oxide"], "what it is; 'drawn' is one of them"
    ] = "drawn"
    site: Annotated[Literal["drawn", "axilla", "fold", "areola"], "where it lies; 'drawn' mostly the axilla"] = "drawn"
    size_mm: Annotated[Draw, Within(0.02, 2, "mm"), "largest extent of a flake"] = Draw.lognormal(0.24, 1.7, 0.08, 0.9)
    thickness_mm: Annotated[Draw, Within(0.005, 1, "mm"), "thickness of a flake (estimate)"] = Draw.lognormal(
        0.28, 1.5, 0.08, 0.6
    )
    flakes: Annotated[Draw, Within(1, 1000), "how many"] = Draw.lognormal(90, 1.8, 20, 300)
    clotted: Annotated[float, Within(0, 1), "share of flakes that stick to others (estimate)"] = 0.6
    film: Annotated[Draw, Within(0, 0.1), "share of X-rays that the film around them takes (estimate); 0: no film"] = (
        Draw.uniform(0.01, 0.05)
    )
    piece_mm: Annotated[float, Within(0.5, 20, "mm"), "length of film of one thickness (estimate)"] = 2.5
    crumb_mm: Annotated[
        float, Within(0.05, 2, "mm"), "smaller flecks are chips, larger ones rough scales (estimate)"
    ] = 0.2
    streaks: Annotated[Draw, Within(1, 12), "streaks along creases, when regional"] = Draw.uniform(2, 5)
    streak_mm: Annotated[Draw, Within(2, 80, "mm"), "length of a streak"] = Draw.uniform(8, 40)
    streak_width_mm: Annotated[Draw, Within(0.1, 6, "mm"), "width of a streak"] = Draw.lognormal(0.8, 1.9, 0.3, 3)
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
        patient, side_seed = seed.child("patient").rng(), seed.child(breast.laterality)
        name = self.label.spread(distribution, patient, self.name)
        site = _SITES[int(patient.choice(3, p=_SHARES))] if self.site == "drawn" else self.site
        material = ("aluminium_salt", "talc", "zinc_oxide")[int(patient.choice(3, p=(0.5, 0.25, 0.25)))]
        material = material if self.material == "drawn" else self.material
        once = patient.random() < self.one_view
        view = "MLO" if site == "axilla" else ("CC", "MLO")[int(patient.integers(2))]
        rng = side_seed.child("places").rng()
        streaks = self._streaks(breast, rng, name, site)
        points = self._flakes(breast, rng, streaks)
        made = self._film(breast, side_seed.child("film").rng(), streaks, material)
        for i, (point, frame) in enumerate(zip(points, skin_frames(breast, points), strict=True)):
            grain_rng = side_seed.child("flake", i).rng()
            size = self.size_mm.sample(grain_rng)
            thick = min(self.thickness_mm.sample(grain_rng), size)
            if size < self.crumb_mm:
                shape: Shape = grain_shapes.flake(grain_rng, size, thick, int(grain_rng.integers(*_CORNERS)), frame)
            else:
                shape = rough_bodies.plate(grain_rng, size, thick, frame)
            place = point + 0.5 * thick * frame[:, 2]
            made.append(self.grain(shape, place, grain_rng.uniform(*_LOOSE[material]), material, "air"))
        return self.finding(name, made, breast, pathology="none", views=(view,) if once else ())

    def earlier(self, finding: Finding, years: float, seed: Seed) -> Finding | None:
        """It was wiped off."""
        return None

    def _streaks(
        self, breast: Breast, rng: np.random.Generator, distribution: Distribution, site: str
    ) -> list[_Streak]:
        """Streaks that run side by side along a crease; a smear when grouped."""
        middle = skin_sites(breast, rng, site)[0]
        axes = skin_axes(breast, middle)
        crease = rng.uniform(0.0, math.pi)
        along = math.cos(crease) * axes[:, 0] + math.sin(crease) * axes[:, 1]
        aside = math.cos(crease) * axes[:, 1] - math.sin(crease) * axes[:, 0]
        if distribution == "grouped":
            return [_Streak(middle, along, aside, rng.uniform(4.0, 10.0), rng.uniform(2.0, 6.0), 0.0)]
        count = max(1, self.streaks.integer(rng)) if distribution == "regional" else 1
        offset = np.cumsum(rng.uniform(2.0, 8.0, count))
        found = []
        for off in (offset - offset.mean()).tolist():
            length, width = self.streak_mm.sample(rng), self.streak_width_mm.sample(rng)
            start = middle + off * aside + rng.uniform(-0.3, 0.3) * length * along
            found.append(_Streak(start, along, aside, length, width, rng.normal(0.0, 0.01)))
        return found

    def _flakes(self, breast: Breast, rng: np.random.Generator, streaks: list[_Streak]) -> Floats:
        """Points on the skin (n, 3), anywhere in the streaks."""
        count = max(1, self.flakes.integer(rng))
        which = rng.integers(len(streaks), size=count)
        points = np.array([streaks[k].at(rng.uniform(-0.5, 0.5), _OFF * rng.standard_normal()) for k in which.tolist()])
        # what sticks to another lies beside it
        sticks = np.nonzero(rng.random(count) < self.clotted)[0]
        points[sticks] = points[rng.integers(count, size=len(sticks))] + rng.normal(0.0, _STUCK_MM, (len(sticks), 3))
        on = _on_skin(breast, points)
        return on if len(on) else _on_skin(breast, streaks[0].middle_mm[None])

    def _film(
        self, breast: Breast, rng: np.random.Generator, streaks: list[_Streak], material: str
    ) -> list[Calcification]:
        """Thin clouds that overlap along the streaks, each flat on the skin where it is."""
        made = []
        for streak in streaks:
            takes = self.film.sample(rng)
            pieces = max(1, round(streak.length_mm / self.piece_mm))
            # wiped on: it lies in the crease's middle here, beside it there
            at = [
                streak.at((i + rng.uniform(0.0, 1.0)) / pieces - 0.5, _WIPED * rng.standard_normal())
                for i in range(pieces)
            ]
            points = _on_skin(breast, np.array(at)) if takes > 0.0 else np.empty((0, 3))
            for point, frame in zip(points, skin_frames(breast, points) if len(points) else [], strict=True):
                direction = streak.along - float((streak.along * frame[:, 2]).sum()) * frame[:, 2]
                direction /= np.linalg.norm(direction)
                axes = np.column_stack([direction, np.cross(frame[:, 2], direction), frame[:, 2]])
                long, wide = rng.uniform(*_LONG), rng.uniform(*_WIDE)
                sigma = (long * streak.length_mm / pieces, wide * streak.width_mm, _FILM_MM)
                share = takes * rng.uniform(*_FAINT)
                relative_density = share / (_TAKES[material] * _FILM_MM * math.sqrt(2.0 * math.pi))
                made.append(
                    self.grain(GaussianBlob(sigma, rotation_vector(axes)), point, relative_density, material, "air")
                )
        return made


@dataclass(frozen=True, eq=False)
class _Streak:
    """A strip along the skin: its middle, two directions along the skin, length, width, and how it bends (1/mm)."""

    middle_mm: Floats
    along: Floats
    aside: Floats
    length_mm: float
    width_mm: float
    bend: float

    def at(self, u: float, v: float) -> Floats:
        """The point at shares of the length and of the width off the middle, on the flat."""
        t = u * self.length_mm
        out: Floats = self.middle_mm + t * self.along + (v * self.width_mm + self.bend * t * t) * self.aside
        return out


def _on_skin(breast: Breast, points: Floats) -> Floats:
    """Points (n, 3) laid on the skin; without those that the views do not hold, or the skin bends away from."""
    laid = at_depth(breast, points, 0.0)
    kept: Floats = laid[(laid[:, 0] > 1.0) & (np.abs(breast.depth_mm(laid)) < 0.3)]
    return kept
