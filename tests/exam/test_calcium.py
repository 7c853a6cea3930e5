"""Milligrams of calcium and widths against answers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from phantom.exam import preset
from phantom.exam import scene as scenes
from phantom.exam.acquisition import position_breast
from phantom.exam.case import case_seed, simulate
from phantom.exam.render import assemble, place_calcifications
from phantom.geometry.grid import Grid
from phantom.geometry.solids.clouds import GaussianBlob
from phantom.geometry.solids.ellipsoids import Ellipsoid
from phantom.geometry.solids.scaled import Scaled
from phantom.geometry.view import Pose
from phantom.imaging import beam, materials
from phantom.imaging.projection import shadow

GRID = Grid((100, 100), 0.07, (0.0, 0.0))


def cast(shape):
    found = shadow(shape, Pose(np.array([3.5, 3.5, 20.0]), np.eye(3), np.array([0.0, 0.0, -1.0])), GRID)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "fraction"),
    [("calcium_oxalate", 0.3129), ("weddellite_solid", 0.2442), ("hydroxyapatite", 0.3989), ("calcite", 0.4004)],
)
def test_calcium_is_the_element_s_share_of_the_mass(name, fraction):
    density = materials.MATERIALS[name].density_g_cm3
    assert materials.calcium_mg_per_mm3(name) == pytest.approx(density * fraction, rel=1e-3)


def test_what_holds_no_calcium_has_none():
    assert materials.calcium_mg_per_mm3("aluminium_salt") == 0.0
    assert materials.calcium_mg_per_mm3("glass") > 0.0  # soda-lime


@pytest.mark.parametrize("size", [0.16, 0.30, 1.0])
def test_a_soft_ball_is_as_wide_as_where_its_density_is_half(size):
    soft, crisp = (cast(Ellipsoid((size / 2,) * 3, edge_mm=edge)) for edge in (0.015, 0.0))
    assert soft.diameter_mm == pytest.approx(size, rel=0.02)
    assert crisp.diameter_mm == pytest.approx(size, rel=0.03)
    assert soft.extent_mm > soft.diameter_mm
    assert crisp.extent_mm == pytest.approx(crisp.diameter_mm, rel=0.02)


def test_a_blob_is_as_wide_as_its_path_at_half_of_the_peak():
    sigma = (0.2, 0.1, 0.15)
    wanted = 2 * math.sqrt(2 * math.log(2)) * 0.2
    assert cast(GaussianBlob(sigma)).diameter_mm == pytest.approx(wanted, rel=0.01)
    assert cast(Scaled(GaussianBlob(sigma), 1.5)).diameter_mm == pytest.approx(1.5 * wanted, rel=0.01)


DOTS = preset.from_dict({
    "name": "dots", "description": "dots of about a millimetre", "detector": {"binning": 4},
    "exam": {"views": ["CC", "MLO"]},
    "finding": [{"kind": "round", "size_mm": 1.0, "distribution": "grouped", "relative_density": 0.9, "type_one": 0.0}],
})  # fmt: skip


@pytest.fixture(scope="module")
def case():
    return simulate(DOTS, 4, 0)


def test_milligrams_are_volume_times_density(case):
    (finding,) = scenes.grow(DOTS, case_seed(DOTS.name, 4, 0), 0).findings
    per_mm3 = materials.calcium_mg_per_mm3("calcium_oxalate")
    mg = {g.calcification_id: g.shape.volume_mm3 * g.relative_density * per_mm3 for g in finding.calcifications}
    for view in case.views:
        for grain in view.calcifications:
            assert grain.row.mass_mg == pytest.approx(mg[grain.row.calcification_id], rel=0.02)
        (found,) = view.findings
        assert found.row.calcium_mg == pytest.approx(sum(mg.values()), rel=0.02)
        assert view.row.calcium_mg == pytest.approx(found.row.calcium_mg)


@pytest.mark.parametrize("name", ["CC", "MLO"])
def test_densitometry_of_the_noiseless_image_finds_the_calcium(case, name):
    """From what the primary is with and without grains back to how much lies under each pixel: within 2 %."""
    scene = scenes.grow(DOTS, case_seed(DOTS.name, 4, 0), 0)
    index = [view.name for view in scene.views].index(name)
    acquisition = position_breast(scene, scene.views[index])
    machine, window = acquisition.machine, acquisition.frame.window
    spectrum = machine.beam.at(machine.detector.unit, acquisition.pressed.thickness_mm)
    placed = place_calcifications(scene, scene.views[index], acquisition.pressed, window)
    bare, full = (beam.collapse(assemble(acquisition, some), spectrum) for some in ([], placed))
    before, after = (spectrum.primary(behind.g_cm, behind.a_cm) for behind in (bare, full))
    grain = scene.findings[0].calcifications[0]
    much, less = (np.array(spectrum.coefficients(name)) for name in (grain.material, grain.displaces))
    added = grain.relative_density * much - less
    under = after < before
    low, high = np.zeros(int(under.sum())), np.ones(int(under.sum()))
    for _ in range(30):
        path_cm = 0.5 * (low + high)
        g, a = (np.asarray(start[under] + path_cm * each, np.float32) for start, each in zip(
            (bare.g_cm, bare.a_cm), added, strict=True
        ))  # fmt: skip
        bright = spectrum.primary(g, a) > after[under]
        low, high = np.where(bright, path_cm, low), np.where(bright, high, path_cm)
    volume_mm3 = 10.0 * float(path_cm.sum()) * window.pitch_mm**2
    mg = volume_mm3 * grain.relative_density * materials.calcium_mg_per_mm3(grain.material)
    assert mg == pytest.approx(case.views[index].row.calcium_mg, rel=0.02)


def test_both_views_hold_the_same_calcium(case):
    one, other = (view.row.calcium_mg for view in case.views)
    assert one == pytest.approx(other, rel=1e-3)


def test_a_finding_is_seen_better_than_its_best_grain_and_tissue_hides(case):
    for view in case.views:
        rows = [grain.row for grain in view.calcifications]
        assert all(0 < row.dprime_structured < row.dprime for row in rows)
        assert view.findings[0].row.dprime > max(row.dprime_structured for row in rows)
        assert view.findings[0].row.n_visible == sum(row.visible for row in rows)
