"""Calcium in the walls of arteries: tram tracks."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.calcifications.distributions import LINE_MM, ruler
from phantom.calcifications.finding import Calcification, Distribution, Finding
from phantom.calcifications.followup import thinned
from phantom.calcifications.kind_base import KindBase
from phantom.calcifications.label import Label
from phantom.calcifications.sites import CurvePath, inside, paths
from phantom.calcifications.wall_plates import Tube, sheet
from phantom.errors import NoPlace
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed

# how much of the wall is calcified, by grade (estimates): from, to
_COVERAGE = {1: (0.05, 0.2), 2: (0.3, 0.7), 3: (0.7, 1.0)}
_VESSELS = {1: (1, 2), 2: (1, 2), 3: (3, 5)}
# half widths around the vessel of the plates of grade 1, rad (estimate)
_NARROW = (0.35, 0.8)
_SPREAD_RAD = 0.5  # of plates on one wall, about its middle (estimate)
_SHORTEST_MM = 0.25
_FARTHER, _FARTHER_TRIES = 1.4, 8  # calcium too short to be called linear is drawn again, so many times longer
_MOST_PLATES = 400


@dataclass(frozen=True)
class Kind(KindBase):
    """Calcified arteries: parallel tracks of plates in both walls of a vessel, broken here and there.

    Grades as in the Canadian statement on breast arterial calcification: 0 none, 1 a few specks, often in one
    wall only (which mimics fine linear calcium), 2 tracks in fewer than three vessels, 3 tracks in three
    or more. Severity is the woman's: both breasts and all views agree, as measured mass does (Molloi:
    r = 0.95 between sides). Vessels' calibre is the anatomy's; plates' sizes, coverage and the length of
    runs are estimates.
    """

    label: ClassVar[Label] = Label(
        "vascular",
        "calcification of the arteries",
        {"linear": 1.0},
        exclusion_reason="it follows an artery",
    )

    bilateral: Annotated[float, Within(0, 1), "probability that the other breast has it too"] = 0.9
    grade: Annotated[Draw, Within(0, 3), "0 none, 1 few specks, 2 tracks in one or two vessels, 3 in three or more"] = (
        Draw.choices([1, 2, 3], [0.35, 0.4, 0.25])
    )
    length_mm: Annotated[Draw, Within(5, 100, "mm"), "calcified length of a vessel"] = Draw.uniform(15, 60)
    run_mm: Annotated[Draw, Within(0.5, 40, "mm"), "length of a run without a break (estimate)"] = Draw.lognormal(
        4, 1.8, 1, 25
    )
    plate_mm: Annotated[Draw, Within(0.1, 5, "mm"), "length of a plate of grade 1 along the vessel (estimate)"] = (
        Draw.lognormal(0.6, 1.7, 0.25, 2)
    )
    break_mm: Annotated[float, Within(0, 40, "mm"), "mean length of a break, were there little calcium (estimate)"] = (
        4.0
    )
    least_break_mm: Annotated[float, Within(0, 5, "mm"), "no break is shorter (estimate)"] = 0.15
    wall_mm: Annotated[Draw, Within(0.03, 0.5, "mm"), "thickness of the calcium (estimate)"] = Draw.uniform(0.08, 0.25)
    one_wall: Annotated[
        float, Within(0, 1), "probability that an early (grade 1) vessel is calcified on one side only"
    ] = 0.6
    spare_mm: Annotated[float, Within(0, 60, "mm"), "calcium keeps this distance from the nipple (estimate)"] = 15.0
    smallest_mm: Annotated[float, Within(0.1, 2, "mm"), "vessels of smaller calibre stay free (estimate)"] = 0.5
    relative_density: Annotated[Draw, Within(0.05, 3), "density over its material's (estimate)"] = Draw.lognormal(
        1.0, 1.15, 0.6, 1.6
    )

    def grow(self, breast: Breast, seed: Seed, distribution: Distribution | None = None) -> Finding:
        """The woman's arterial calcium in this breast.

        Raises
        ------
        NoPlace
            If no artery is wide and long enough, or the grade is 0.
        ImpossibleDistribution
            If anything but linear is asked for.
        """
        patient, side_seed = seed.child("patient").rng(), seed.child(breast.laterality)
        name = self.label.spread(distribution, patient, self.name)
        grade = self.grade.integer(patient)
        if grade == 0:
            raise NoPlace("grade 0: these arteries hold no calcium")
        coverage = patient.uniform(*_COVERAGE[grade])
        vessels = int(patient.integers(_VESSELS[grade][0], _VESSELS[grade][1] + 1))
        length = self.length_mm.sample(patient)
        lines = self._lines(breast, side_seed.child("vessels").rng())
        if not lines:
            raise NoPlace(f"no artery of {self.smallest_mm:g} mm calibre runs for 10 mm away from the nipple")
        seen = ruler(breast)
        for attempt in range(_FARTHER_TRIES):
            vessel_seed = side_seed.child("again", attempt) if attempt else side_seed
            plates, total, share = self._tracks(vessel_seed, lines[:vessels], length, grade, coverage)
            # a lone plate has no length; more of them make a line as a view shows them
            if plates and seen(np.array([plate.centre_mm for plate in plates])) > LINE_MM:
                return replace(self.finding(name, plates, breast), length_mm=total, calcified_share=share)
            length, vessels = length * _FARTHER, vessels + attempt % 2
        raise NoPlace(f"no artery's calcium is {LINE_MM:g} mm long in a view")

    def _tracks(
        self, seed: Seed, lines: list[tuple[CurvePath, float, float]], length: float, grade: int, coverage: float
    ) -> tuple[list[Calcification], float, float]:
        """The plates of these vessels, the length that is calcified, and the share of its wall that is."""
        calcified: list[Calcification] = []
        total, wall, covered = 0.0, 0.0, 0.0
        for i, (path, start, end) in enumerate(lines):
            if len(calcified) < _MOST_PLATES:
                last = min(end, start + length)
                rng = seed.child("vessel", i).rng()
                plates, plate_mm2 = self._line(path, start, last, grade, coverage, rng)
                calcified += plates
                total += last - start
                wall += 2.0 * math.pi * float(path.at(np.linspace(start, last, 32))[2].mean()) * (last - start)
                covered += plate_mm2
        return calcified, total, min(1.0, covered / wall)

    def earlier(self, finding: Finding, years: float, seed: Seed) -> Finding | None:
        """There was less of it: arteries only get worse."""
        return thinned(finding, years, seed)

    def _lines(self, breast: Breast, rng: np.random.Generator) -> list[tuple[CurvePath, float, float]]:
        """Vessels wide enough, widest first within a jitter, with where they begin and cease to be; trunks once."""
        found = []
        for path in paths(breast.arteries):
            s = np.arange(0.0, path.length_mm, 1.0)
            points, _, radius = path.at(s)
            far = np.linalg.norm(points - breast.nipple_mm, axis=1) > self.spare_mm
            good = inside(breast, points, 1.0) & far & (2.0 * radius >= self.smallest_mm)
            if good.any():
                first = int(np.argmax(good))
                last = first + int(np.argmin(np.append(good[first:], False))) - 1
                if s[last] - s[first] >= 10.0:
                    width = float(radius[first : last + 1].mean()) * rng.uniform(0.7, 1.3)
                    found.append((width, (path, float(s[first]), float(s[last]))))
        found.sort(key=lambda line: -line[0])
        lines = [line for _, line in found]
        trunks = {line[0].lobe: line for line in reversed(lines)}
        return [line for line in lines if trunks[line[0].lobe] is line]

    def _line(
        self, path: CurvePath, start: float, end: float, grade: int, coverage: float, rng: np.random.Generator
    ) -> tuple[list[Calcification], float]:
        """Runs of plates along one vessel, and their area; where it is worse, both walls are lined."""
        tube = Tube.along(path)
        one_side = grade == 1 and rng.random() < self.one_wall
        middle = rng.uniform(0.0, 2.0 * math.pi)
        grown, plate_mm2 = list[Calcification](), 0.0
        s = start
        # between runs the wall is free: the rarer the worse
        free = self.break_mm * (1.0 - coverage)
        while s < end and len(grown) < _MOST_PLATES:
            run = min(self.run_mm.sample(rng), end - s)
            if run < _SHORTEST_MM:
                break
            if grade > 1:
                thick = self._wall(path, s + 0.5 * run, rng)
                shape, centre = sheet(tube, s, s + run, thick, coverage, rng)
                grown.append(self.grain(shape, centre, self.relative_density.sample(rng)))
                plate_mm2 += shape.covered_mm2
            else:
                specks, area = self._specks(tube, s, run, coverage, middle if one_side else None, rng)
                grown += specks
                plate_mm2 += area
            s += run + rng.exponential(free) + self.least_break_mm
        return grown, plate_mm2

    def _wall(self, path: CurvePath, s_mm: float, rng: np.random.Generator) -> float:
        return float(min(self.wall_mm.sample(rng), 0.6 * float(path.at(s_mm)[2][0])))

    def _specks(
        self, tube: Tube, start: float, run: float, coverage: float, middle: float | None, rng: np.random.Generator
    ) -> tuple[list[Calcification], float]:
        """Short plates of a run, about one side of the wall where there is one, and their area."""
        made, covered = list[Calcification](), 0.0
        radius = float(tube.path.at(start + 0.5 * run)[2][0])
        wanted = coverage * 2.0 * math.pi * radius * run
        while covered < wanted and len(made) < _MOST_PLATES:
            long = max(_SHORTEST_MM, min(self.plate_mm.sample(rng), run))
            at = start + rng.uniform(0.0, max(run - long, 0.0))
            angle = rng.uniform(0.0, 2.0 * math.pi) if middle is None else middle + rng.normal(0.0, _SPREAD_RAD)
            thick = self._wall(tube.path, at + 0.5 * long, rng)
            shape, centre = sheet(tube, at, at + long, thick, 0.9, rng, angle, rng.uniform(*_NARROW))
            made.append(self.grain(shape, centre, self.relative_density.sample(rng)))
            covered += shape.covered_mm2
        return made, covered
