import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from phantom.errors import UsageError
from phantom.geometry.grid import Grid
from phantom.imaging import mammography_units, materials, spectrum
from phantom.imaging.beam import Beam, collapse
from phantom.imaging.quantities import PathLengths, Slabs, Stamp

SLAB = {"skin": 2.9, "glandular": 0.2 * 47.1, "adipose": 0.8 * 47.1}  # 5 cm, 20 % glandular, in mm
TOOL = Path(__file__).parents[2] / "tools" / "make_tables.py"


def lengths(beam, **path_mm):
    worth = {name: beam.coefficients(name) for name in path_mm}
    return tuple(np.float32(sum(mm / 10 * worth[name][i] for name, mm in path_mm.items())) for i in (0, 1))


def nodes(beam, **path_mm):
    g, a = lengths(beam, **path_mm)
    return float(beam.primary(np.array([g]), np.array([a]))[0])


def mu_at(name, energy_kev):
    """Linear attenuation, 1/cm, between the table's energies."""
    return np.exp(np.interp(np.log(energy_kev), np.log(materials.energies_kev()), np.log(materials.mu_per_cm(name))))


@pytest.mark.parametrize(
    ("target_filter", "kv", "lo", "hi"),
    # published half-value layers behind the paddle, mm Al
    [("W/Rh", 28, 0.50, 0.54), ("W/Ag", 29, 0.55, 0.58), ("Mo/Mo", 28, 0.33, 0.37)],
)
def test_half_value_layer(target_filter, kv, lo, hi):
    assert spectrum.load(target_filter, kv).hvl_mm_al == pytest.approx(0.5 * (lo + hi), rel=0.06)


def test_photons_per_kerma_of_the_standard():
    # IEC 62220-1-2: 5,975 photons per mm2 and uGy for 28 kV W/Rh behind 2 mm Al, 4,981 for Mo/Mo
    for name, standard in (("W/Rh", 5975), ("Mo/Mo", 4981)):
        beam = spectrum.load(name, 28)
        filtered = beam.transmitted(aluminium=2.0).sum() / (beam.ugy_per_mas * beam.kerma_ratio(aluminium=2.0))
        assert filtered == pytest.approx(standard, rel=0.08)


@pytest.mark.parametrize(
    ("name", "mu"), [("calcium_oxalate", 8.2), ("hydroxyapatite_packed", 8.2), ("aluminium", 9.29)]
)
def test_attenuation_at_20_kev(name, mu):
    assert mu_at(name, 20) == pytest.approx(mu, rel=0.02)


def test_second_tissue_set_meets_the_measurement():
    for ours, measured in (("adipose", 0.456), ("glandular", 0.802)):
        assert mu_at(materials.tissue(ours, "johns-yaffe"), 20) == pytest.approx(measured, rel=0.01)


def test_more_contrast_between_tissues_of_the_second_set():
    ratio = []
    for tissues in ("hammerstein", "johns-yaffe"):
        beam = spectrum.load("W/Rh", 28, "a-Se", tissues)
        ratio.append(beam.signal(adipose=40) / beam.signal(adipose=30, glandular=10))
    assert np.log(ratio[1]) / np.log(ratio[0]) == pytest.approx(1.28, abs=0.08)


@pytest.mark.parametrize("tissue_set", ["hammerstein", "johns-yaffe"])
@pytest.mark.parametrize("converter", ["a-Se", "CsI"])
@pytest.mark.parametrize(("name", "kv"), [("W/Rh", 28), ("W/Rh", 34), ("Mo/Mo", 25), ("Rh/Ag", 40), ("W/Ag", 30.4)])
def test_four_exponentials_stand_for_the_spectrum(name, kv, converter, tissue_set):
    beam = spectrum.load(name, kv, converter, tissue_set)
    for glandular, adipose in ((0, 0), (90, 10), (0, 100), (20, 60), (50, 0)):
        exact = beam.signal(glandular=glandular, adipose=adipose)
        assert nodes(beam, glandular=glandular, adipose=adipose) == pytest.approx(exact, rel=1e-3)


def test_second_moment_by_the_whole_spectrum():
    beam = spectrum.load("W/Rh", 28)
    absorbed = beam.transmitted(**SLAB) * beam.efficiency
    energy = materials.energies_kev()
    exact = (absorbed * energy**2).sum() / (absorbed * energy).sum()
    g, a = lengths(beam, **SLAB)
    assert float(beam.energy_kev(np.array([g]), np.array([a]))[0]) == pytest.approx(exact, rel=0.005)


@pytest.mark.parametrize("displaced", ["glandular", "adipose"])
def test_contrast_of_a_calcification(displaced):
    beam = spectrum.load("W/Rh", 28, thickness_mm=50)
    with_it = {**SLAB, "calcium_oxalate": 0.2, displaced: SLAB[displaced] - 0.2}
    exact = 1 - beam.signal(**with_it) / beam.signal(**SLAB)
    assert exact == pytest.approx(0.126, abs=0.004)
    assert 1 - nodes(beam, **with_it) / nodes(beam, **SLAB) == pytest.approx(exact, abs=2e-4)


@pytest.mark.parametrize(
    ("material", "mm"),
    [("skin", 3), ("muscle", 30), ("pmma", 45), ("aluminium", 1), ("hydroxyapatite", 0.5), ("gold", 0.002)],
)
def test_materials_as_two_tissues(material, mm):
    beam = spectrum.load("W/Rh", 28)
    behind = {"adipose": 10.0 if material == "pmma" else 36.0}
    exact = np.log(beam.signal(**behind) / beam.signal(**behind, **{material: mm}))
    ours = np.log(nodes(beam, **behind) / nodes(beam, **behind, **{material: mm}))
    assert ours == pytest.approx(exact, abs=3e-3)


def test_collapse_adds_stamps_and_displaces():
    grid = Grid((6, 8), 0.07, (0.035, 0.0))
    adipose = np.full(grid.shape, 30, np.float32)
    stamps = (
        Stamp(1, 1, np.full((2, 2), 0.2, np.float32), "calcium_oxalate", 1.0, "adipose"),
        Stamp(-1, 7, np.full((2, 2), 0.1, np.float32), "aluminium", 0.5, "air"),  # reaches over the corner
    )
    paths = PathLengths(grid, Slabs(adipose, {"adipose": adipose}), stamps)
    beam = spectrum.load("W/Rh", 28)
    behind = collapse(paths, beam)
    signal = beam.primary(behind.g_cm, behind.a_cm)
    assert behind.volume_mm3 == {"adipose": pytest.approx(30 * 48 * 0.07**2)}
    assert signal[1, 1] == pytest.approx(beam.signal(adipose=29.8, calcium_oxalate=0.2), rel=1e-3)
    assert signal[0, 7] == pytest.approx(beam.signal(adipose=30.0, aluminium=0.05), rel=1e-3)
    assert signal[5, 0] == pytest.approx(beam.signal(adipose=30.0), rel=1e-3)
    assert np.ptp(signal[3:, :]) == 0


def test_an_unknown_or_impossible_beam_is_refused():
    with pytest.raises(UsageError, match="from 22 to 36 kV"):
        spectrum.load("W/Rh", 45)
    with pytest.raises(UsageError, match="W/Ag"):
        spectrum.load("Cu/Sn", 28)
    with pytest.raises(ValueError, match="22 to 36 kV"):
        Beam(target_filter="Mo/Mo", tube_kv=39)
    with pytest.raises(UsageError, match="calcium_oxalate"):
        materials.mu_per_cm("cheese")


def test_automatic_beam_hardens_with_thickness():
    system = mammography_units.load("hologic-selenia-dimensions")
    hvl = [Beam().at(system, t).hvl_mm_al for t in range(20, 100, 10)]
    assert np.all(np.diff(hvl) >= 0)


def test_flux_along_the_chest_wall_is_the_inverse_square_of_the_distance():
    system = mammography_units.load("hologic-selenia-dimensions")
    y = np.array([-120.0, 0.0, 120.0], np.float32)
    flux = Beam().flux(np.zeros_like(y), y, system)
    assert flux == pytest.approx(system.source_detector_mm**2 / (system.source_detector_mm**2 + y**2), rel=1e-6)


def test_flux_falls_from_the_chest_wall():
    system = mammography_units.load("hologic-selenia-dimensions")
    x = np.arange(0, 200, 10, dtype=np.float32)
    flux = Beam().flux(x, np.zeros_like(x), system)
    assert flux[0] == 1
    assert np.all(np.diff(flux) < 0)
    assert np.all(Beam(heel=False).flux(x, np.zeros_like(x), system) == 1)


def test_the_script_makes_the_same_tables():
    pytest.importorskip("spekpy")
    pytest.importorskip("xraylib")
    spec = importlib.util.spec_from_file_location("make_tables", TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    mu = tool.attenuation()["mu_per_cm"]
    stored = json.loads((Path(spectrum.__file__).parent / "data" / "attenuation.json").read_text())["mu_per_cm"]
    for name, values in mu.items():
        np.testing.assert_allclose(values, stored[name], rtol=1e-3)
    stored = json.loads((Path(spectrum.__file__).parent / "data" / "beams.json").read_text())["beams"]
    for name, kv in (("W/Rh", 28), ("Mo/Mo", 30)):
        made = tool.photons(name, kv)
        np.testing.assert_allclose(
            made, stored[name][str(kv)]["photons_per_mm2_mas"], rtol=1e-3, atol=1e-3 * made.max()
        )
