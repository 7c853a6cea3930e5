"""Every column of the calcifications, of solids whose numbers are known, in a window of an image."""

from __future__ import annotations

import math

import numpy as np
import pytest

from phantom import rle, tables
from phantom.calcifications.finding import Calcification, Finding
from phantom.exam.measure import Exposed, Placed, measure
from phantom.geometry.grid import Grid
from phantom.geometry.solids.clouds import GaussianBlob
from phantom.geometry.solids.ellipsoids import Ellipsoid
from phantom.geometry.view import Pose
from phantom.imaging import materials, spectrum
from phantom.imaging.detector import Detector
from phantom.imaging.projection import shadow
from phantom.imaging.quantities import Coarse, Signal

PITCH = 0.05
GRID = Grid((300, 260), PITCH, (0.025, -7.475))
OFFSET, SHAPE = (40, 0), (400, 300)  # the window's place in the image
SIGMA = (0.3, 0.1, 0.2)
DENSITY = {7: 0.7, 8: 0.4}
PLACES = {7: (4.0, 1.0, 21.0), 8: (8.0, -2.0, 33.0)}
SOLIDS = {7: Ellipsoid((0.6, 0.3, 0.45)), 8: GaussianBlob(SIGMA)}
MATERIALS = {7: "hydroxyapatite", 8: "calcium_oxalate"}
KINDS = {7: "round", 8: "amorphous"}
FINDINGS = {7: 3, 8: 4}
FULL_WIDTH = 2 * math.sqrt(2 * math.log(2))  # of a Gaussian at half of its peak, in sigmas


def placed(number: int) -> Placed:
    grain = Calcification(
        SOLIDS[number], (0, 0, 0), KINDS[number], MATERIALS[number], DENSITY[number], "adipose", number
    )
    finding = Finding(KINDS[number], "", "round", "grouped", "2", "benign", (grain,), finding_id=FINDINGS[number])
    pose = Pose(np.array(PLACES[number]), np.eye(3), np.array([0.0, 0.0, -1.0]))
    cast = shadow(grain.shape, pose, GRID)
    assert cast is not None
    return Placed(finding, grain, cast, PLACES[number][2])


@pytest.fixture(scope="module")
def grains():
    beam = spectrum.load("W/Rh", 29.0, "a-Se", "hammerstein", 50.0)
    detector = Detector(name="hologic-selenia-dimensions", noise=False)
    g, a = np.full(GRID.shape, 1.0, np.float32), np.full(GRID.shape, 3.8, np.float32)
    coarse = [Coarse(np.full((19, 17), level, np.float32), 16, GRID.shape) for level in (0.005, 20.0)]
    exposed = Exposed(GRID, OFFSET, SHAPE, g, a, Signal(beam.primary(g, a), *coarse, 1e6))
    found = measure("000001-L-CC", [placed(number) for number in SOLIDS], exposed, beam, detector)[1]
    return {one.row.calcification_id: one for one in found}


def _calcium_mg(number: int, volume_mm3: float) -> float:
    return volume_mm3 * DENSITY[number] * materials.calcium_mg_per_mm3(MATERIALS[number])


def _box(one) -> tuple[int, int, int, int]:
    y, x = np.nonzero(one.mask)
    return int(x.min()), int(y.min()), int(np.ptp(x)) + 1, int(np.ptp(y)) + 1


# of each column: what it must be, and how near (relative; None for equal)
COLUMNS = {
    "image_id": (lambda i, one: "000001-L-CC", None),
    "finding_id": (lambda i, one: FINDINGS[i], None),
    "calcification_id": (lambda i, one: i, None),
    "kind": (lambda i, one: KINDS[i], None),
    "material": (lambda i, one: MATERIALS[i], None),
    "x_px": (lambda i, one: PLACES[i][0] / PITCH - 0.5 + OFFSET[1], 1e-3),
    "y_px": (lambda i, one: (PLACES[i][1] + 7.5) / PITCH - 0.5 + OFFSET[0], 1e-3),
    "z_mm": (lambda i, one: PLACES[i][2], None),
    **{f"box_{key}_px": (lambda i, one, k=k: _box(one)[k], None) for k, key in enumerate("xywh")},
    "thickness_mm": (lambda i, one: {7: 0.9, 8: one.row.thickness_mm}[i], 0.01),
    "area_mm2": (lambda i, one: {7: math.pi * 0.6 * 0.3, 8: one.row.area_mm2}[i], 0.02),
    "diameter_mm": (lambda i, one: {7: 1.2, 8: FULL_WIDTH * SIGMA[0]}[i], 0.02),
    "extent_mm": (lambda i, one: {7: 1.2, 8: one.row.extent_mm}[i], 0.02),
    "mass_mg": (lambda i, one: _calcium_mg(i, SOLIDS[i].volume_mm3), 0.01),
    "visible": (lambda i, one: one.row.dprime_structured >= 4, None),
    "run_offset": (lambda i, one: 0, None),  # where it begins in the case's file: known when that is written
    "run_count": (lambda i, one: len(rle.from_pixels(np.flatnonzero(one.mask))), None),
}
MEASURED = {"contrast", "sdnr", "dprime", "dprime_structured"}  # held to the physics in test_truth.py


@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_is_what_the_solid_says(column, grains):
    wanted, near = COLUMNS[column]
    for number, one in grains.items():
        value = wanted(number, one)
        assert one.row.as_dict()[column] == (value if near is None else pytest.approx(value, rel=near))


def test_no_column_goes_unchecked():
    assert set(tables.CALCIFICATIONS) == {*COLUMNS, *MEASURED}


def test_a_soft_solid_reaches_further_than_it_is_wide(grains):
    """Its mask, its area and its extent are of where its path exceeds a tenth of the peak: sqrt(2 ln 10) sigmas."""
    row, reach = grains[8].row, math.sqrt(2 * math.log(10))
    assert row.extent_mm == pytest.approx(2 * reach * SIGMA[0], rel=0.05)
    assert row.area_mm2 == pytest.approx(math.pi * reach**2 * SIGMA[0] * SIGMA[1], rel=0.05)
    assert row.thickness_mm == pytest.approx(
        SOLIDS[8].volume_mm3 / (2 * math.pi * SIGMA[0] * SIGMA[1]), rel=0.03
    )  # the peak of a Gaussian of this volume


def test_what_is_measured_is_of_one_grain(grains):
    for one in grains.values():
        row = one.row
        assert 0 < row.contrast < 1
        assert 0 < row.sdnr < row.dprime
        assert row.dprime_structured < row.dprime
