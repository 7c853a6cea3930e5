"""The truth of what is put into a picture, against the picture's own noise, and its own structure around the place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phantom.anatomy.projected.soft_tissue_lesions import shadow_points, unit_sphere
from phantom.arrays import Floats
from phantom.calcifications.finding import Finding
from phantom.exam.measure import Exposed, Placed, measure, object_truth
from phantom.exam.truth import CalcificationTruth, FindingTruth, ObjectTruth
from phantom.imaging import beam as beams
from phantom.imaging import structure
from phantom.imaging.quantities import Coarse, Signal
from phantom.imaging.structure import Structure
from phantom.insert.blend import Canvas
from phantom.insert.bodies import bodies_in
from phantom.insert.fit import FittedView
from phantom.insert.placing import Body, add_bodies, box_of, moved, placed_in, shown_in
from phantom.recipe.seed import Seed

_AROUND_MM = 10.0  # what is looked at around a place: the squares that structure is measured in are 9 mm wide
_BELOW_PER_MM = 1.0  # the noise's power here is that under the structure


@dataclass(frozen=True, eq=False)
class _Observed:
    """The picture's own blur and noise, as the observer asks for them."""

    on: Canvas

    def transfer(self, fy: Floats, fx: Floats) -> Floats:
        """The picture's blur."""
        return self.on.blur.transfer(fy, fx)

    def noise_power(self, fy: Floats, fx: Floats, mean_kev: Floats, energy_kev: Floats) -> Floats:
        """Power over a pixel's area; `energy_kev` is the relative variance of a pixel there."""
        power, area = self.on.found.spectra, self.on.picture.spacing_mm**2
        shape = power.noise_at(np.hypot(fy, fx)) / max(power.noise_sd**2 * area, 1e-30)
        return np.asarray(np.asarray(mean_kev) ** 2 * np.asarray(energy_kev) * shape)


def measured(
    on: Canvas, placed: Sequence[Placed], image_id: str, bodies: Sequence[Body] = ()
) -> tuple[tuple[FindingTruth, ...], tuple[CalcificationTruth, ...], Floats]:
    """The truth of what is put into a picture, and each grain's d' against noise and the structure around it."""
    if not placed:
        return (), (), np.zeros(0)
    rows, columns = box_of(placed, on.shape, 2)
    window = on.grid.window(rows.start, columns.start, rows.stop - rows.start, columns.stop - columns.start)
    inside = moved(placed, rows.start, columns.start)
    i, j = np.arange(rows.start, rows.stop)[:, None], np.arange(columns.start, columns.stop)[None, :]
    g, a = on.at(on.under.g_cm, i, j), on.at(on.under.a_cm, i, j)
    add_bodies(bodies, (rows, columns), g, a)
    beams.add([one.stamp for one in inside], on.unit.spectrum, g, a)
    step = on.under.step
    i, j = i[step // 2 :: step], j[:, step // 2 :: step]
    i, j = (i if i.size else np.array([[rows.start]])), (j if j.size else np.array([[columns.start]]))
    scatter, variance = on.at(on.under.scatter, i, j), on.relative_variance(i, j)
    signal = Signal(
        np.zeros((0, 0), np.float32), Coarse(scatter, step, window.shape), Coarse(variance, step, window.shape), 1.0
    )
    exposed = Exposed(window, (rows.start, columns.start), on.shape, g, a, signal)
    tissue = structure_around(on, placed)
    findings, grains = measure(image_id, inside, exposed, on.unit.spectrum, _Observed(on), tissue)
    return findings, grains, np.array([grain.row.dprime_structured for grain in grains])


def objects(on: Canvas, view: FittedView, findings: Sequence[Finding], image_id: str) -> tuple[ObjectTruth, ...]:
    """The rows of the bodies that findings live in, as far as the picture holds them."""
    none = np.zeros((0, 0), np.float32)
    nothing = Signal(none, Coarse(none, 1, (0, 0)), Coarse(none, 1, (0, 0)), 1.0)
    whole = Exposed(on.grid, (0, 0), on.shape, none, none, nothing)
    rows = [
        object_truth(image_id, finding.finding_id, host, shadow_points(host, view, unit_sphere(200)), whole)
        for finding in shown_in(findings, view.view.laterality, view.view.name)
        for host in finding.hosts
    ]
    return tuple(row for row in rows if row is not None)


def seen_in(on: Canvas, view: FittedView, finding: Finding, seed: Seed) -> Floats:
    """(n,): structured d' that each grain of a finding has in a picture; of those it does not hold, the median's."""
    placed = placed_in([finding], view, on.grid)
    if not placed:
        return np.zeros(len(finding.calcifications))
    seen = measured(on, placed, "", bodies_in([finding], view, on, seed))[2]
    known = dict(zip([id(one.calcification) for one in placed], seen.tolist(), strict=True))
    middle = float(np.median(list(known.values())))
    return np.array([known.get(id(grain), middle) for grain in finding.calcifications])


def structure_around(on: Canvas, placed: Sequence[Placed]) -> Structure:
    """The structure of the primary signal around each calcification, in the picture as it is without them."""
    rows, columns = box_of(placed, on.shape, round(_AROUND_MM / on.picture.spacing_mm))
    x, y = on.grid.px(*np.array([one.shadow.centre_mm for one in placed], float).T)
    at = tuple(np.clip(np.floor(v + 0.5), 0, n - 1).astype(int) for v, n in zip((y, x), on.shape, strict=True))
    power = on.found.spectra
    noise = on.relative_variance(*at) * float(power.noise_at(_BELOW_PER_MM)) / max(power.noise_sd**2, 1e-30)
    i, j = np.arange(rows.start, rows.stop)[:, None], np.arange(columns.start, columns.stop)[None, :]
    found = structure.around_in_picture(
        np.stack([x - columns.start, y - rows.start], axis=1),
        on.depth((rows, columns)),
        on.at(on.found.segmented.usable, i, j),
        on.picture.spacing_mm,
        noise,
        lambda f: on.raised(f) * on.blur.transfer(0.0, f),
    )
    # the logarithm of the whole signal varies less than that of its primary part
    share = on.at(on.under.share, *at)
    return Structure(found.at_one / np.maximum(share, 0.05) ** 2, found.slope)
