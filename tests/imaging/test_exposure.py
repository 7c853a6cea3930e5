import numpy as np
import pytest

from phantom.imaging import mammography_units, spectrum
from phantom.imaging.beam import Beam
from phantom.imaging.exposure import Exposure, dose_per_kerma
from phantom.recipe.draw import Draw
from phantom.recipe.seed import Seed

SYSTEM = mammography_units.load("hologic-selenia-dimensions")


def technique(thickness, density=0.2, exposure=None, **more):
    exposure = exposure or Exposure()
    return exposure.at(Beam().at(SYSTEM, thickness), SYSTEM, thickness, density, Seed(0), **more)


def test_the_anchor():
    # W/Rh 28 kV, 4.5 cm, 20 % glandular, 1.2 mGy: 3.43 mGy at the breast, 94 uGy at the detector behind a grid of 0.75
    made = technique(45, exposure=Exposure(dose_mgy=Draw.constant(1.2)))
    assert made.entrance_kerma_mgy == pytest.approx(3.43, rel=0.05)
    assert made.detector_kerma_ugy == pytest.approx(94, rel=0.05)


@pytest.mark.parametrize(
    ("name", "kv", "by_cm"),
    # Monte Carlo of slabs with 1.45 mm of skin, 20 % glandular
    [("W/Rh", 28, {3: 0.464, 4.5: 0.350, 6: 0.275, 8: 0.211}), ("Mo/Mo", 28, {3: 0.348, 4.5: 0.251, 6: 0.193,
    8: 0.146}),
     ("W/Ag", 29, {3: 0.503, 4.5: 0.389, 6: 0.311, 8: 0.242}), ("Rh/Ag", 34, {3: 0.491, 4.5: 0.380, 6: 0.304,
     8: 0.237})],
)  # fmt: skip
def test_dose_per_kerma(name, kv, by_cm):
    beam = spectrum.load(name, kv)
    for cm, published in by_cm.items():
        assert dose_per_kerma(beam, 10 * cm, 0.2) == pytest.approx(published, rel=0.10)


def test_dose_follows_the_table_and_the_recipe():
    for cm in range(2, 10):
        assert technique(10 * cm).mgd_mgy == pytest.approx(0.18 + 0.236 * cm)
    half = technique(50, exposure=Exposure(dose_factor=Draw.constant(0.5)))
    whole = technique(50)
    for name in ("mgd_mgy", "mas", "entrance_kerma_mgy", "detector_kerma_ugy", "open_kerma_ugy"):
        assert getattr(half, name) == pytest.approx(0.5 * getattr(whole, name))


def test_without_grid_more_reaches_the_detector():
    assert technique(50).open_kerma_ugy == pytest.approx(SYSTEM.grid_primary * technique(50, grid=False).open_kerma_ugy)


def test_a_dense_breast_needs_more_kerma_for_its_dose_and_passes_less():
    kerma = [technique(50, density).entrance_kerma_mgy for density in (0.05, 0.2, 0.5)]
    behind = [technique(50, density).detector_kerma_ugy for density in (0.05, 0.2, 0.5)]
    assert np.all(np.diff(kerma) > 0)
    assert np.all(np.diff(behind) < 0)
