import json
from dataclasses import replace

import numpy as np
import pytest

from phantom.cli import run
from phantom.errors import UsageError
from phantom.imaging import mammography_units
from phantom.imaging.detector import Detector
from phantom.imaging.scatter import Scatter
from phantom.qa import acr, cdmam, measures, report, visibility
from phantom.qa.bench import Bench
from phantom.recipe.seed import Seed

DEFAULT = Detector()


def test_published_dprime_curve_under_its_assumptions():
    published = {
        100: (0.7, 1.3, 2.1, 3.0, 4.0, 5.1, 6.4, 10.1, 14.7, 26),
        50: (0.5, 0.9, 1.5, 2.1, 2.8, 3.6, 4.5, 7.2, 10.4, 18.5),
        25: (0.4, 0.6, 1.0, 1.5, 2.0, 2.6, 3.2, 5.1, 7.4, 13),
    }
    for kerma, curve in published.items():
        np.testing.assert_allclose(visibility.published_model(kerma), curve, rtol=0.15)


@pytest.mark.parametrize("thickness", [45.0, 50.0])
def test_a_just_visible_calcification_and_its_dose(thickness):
    bench = Bench(DEFAULT, thickness)
    curve = visibility.curve(bench)
    assert np.all(np.diff(curve) > 0)
    assert 0.15 <= visibility.threshold_mm(curve) <= 0.18
    assert visibility.dose_exponent(bench) == pytest.approx(-0.21, abs=0.03)


def test_dprime_goes_with_the_root_of_dose_except_for_electronic_noise():
    bench = Bench(DEFAULT, 50.0)
    ratio = visibility.curve(replace(bench, dose_factor=4.0)) / visibility.curve(bench)
    # electronic noise is 0.8 % of the variance at 88 uGy, and the fixed pattern grows to less than that
    np.testing.assert_allclose(ratio, 2.0, rtol=0.03)


def test_contrast_of_aluminium_is_that_of_the_whole_spectrum():
    rows = {row.quantity: row for row in report._aluminium(DEFAULT, Seed(1))}
    row = rows["contrast of 0.2 mm Al behind 45 mm PMMA"]
    assert row.passed, row


@pytest.mark.slow
def test_cdmam_of_the_default_detector():
    rows = list(report._discs(DEFAULT, Seed(3), 16, 0))
    for row, d in zip(rows, cdmam.CLINICAL_MM, strict=True):
        acceptable, achievable = cdmam.limits_um(d)
        assert 0.3 * achievable < row.measured < acceptable, row


@pytest.mark.slow
def test_cdmam_threshold_falls_with_the_root_of_dose():
    # eight thresholds of 16 images at four doses: the slope's sd is 0.04
    assert cdmam.dose_exponent(Bench(DEFAULT), 16, Seed(0)) == pytest.approx(-0.5, abs=0.1)


def test_the_four_corner_reader_finds_thick_discs_and_guesses_at_none():
    bench = Bench(DEFAULT)
    reading = cdmam.read(bench, 4, Seed(1), (0.5, 0.25))
    assert reading.correct[:, 0, -4:].all()  # 0.5 mm of 0.7 um and more: ten times the threshold
    empty = cdmam.read(replace(bench, dose_factor=0.0005), 8, Seed(2), (0.1, 0.08))
    # pure chance: 256 answers, one in four right, sd 2.7 %
    assert empty.correct.mean() == pytest.approx(0.25, abs=0.09)


def test_thresholds_of_a_known_observer():
    rng, steepness = np.random.default_rng(0), 4.0
    t, true = np.array(cdmam.THICKNESS_UM), np.array([0.1, 0.3])
    p = 0.25 + 0.75 / (1 + (t / true[:, None]) ** -steepness)
    reading = cdmam.Reading((0.5, 0.25), rng.random((200, 2, 16)) < p)
    np.testing.assert_allclose(cdmam.thresholds_um(reading), true, rtol=0.1)


def test_human_factor_and_limits():
    for d, factor in ((0.1, 1.50), (0.2, 1.75), (0.25, 1.82), (0.5, 1.98), (1.0, 2.11)):
        assert cdmam.human_factor(d) == pytest.approx(factor, abs=0.02)
    assert cdmam.limits_um(0.25) == pytest.approx((0.352, 0.244))


def test_acr_passes_at_clinical_dose_and_loses_specks_with_dose():
    full, low = Bench(DEFAULT, acr.THICKNESS_MM), Bench(DEFAULT, acr.THICKNESS_MM, 0.05)
    for phantom in (acr.SMALL, acr.DIGITAL):
        got = acr.seen(full, phantom)
        assert all(n >= least for n, least in zip(got, phantom.least, strict=True))
        assert acr.seen(low, phantom)[1] < got[1]
    # published: groups down to 0.24 mm are seen, 0.16 mm is not
    assert acr.seen(full, acr.SMALL)[1] == 4


def test_edge_of_a_known_blur():
    # a detector of nothing but its aperture: the MTF is a sinc
    size, pitch = 256, 0.1
    image = measures.half_plane(size, 3.0)
    f, mtf = measures.edge_mtf(image, 3.0, pitch)
    for at in (1, 2, 4):
        assert np.interp(at, f, mtf) == pytest.approx(np.sinc(at * pitch), abs=0.01)


def test_noise_power_of_white_noise():
    fields = np.random.default_rng(0).standard_normal((8, 128, 128)) * 3
    f, power = measures.noise_power(fields, 0.1)
    for at in (1.0, 3.0):
        assert measures.ring(f, power, at) == pytest.approx(9 * 0.01, rel=0.05)


@pytest.mark.parametrize("name", mammography_units.names())
def test_every_detector_measures_as_its_file_says(name):
    detector = Detector(name)
    rows = [*report._edge(detector), *report._noise(detector, Seed(5))]
    assert not [row for row in rows if not row.passed]


def test_the_command_prints_a_table_or_json(capsys, monkeypatch):
    monkeypatch.setattr(report, "_discs", lambda *_: iter(()))
    assert run(["qa", "--quick", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["detector"] == "hologic-selenia-dimensions"
    assert table["passed"] is True
    assert {"quantity", "measured", "lo", "hi", "reference", "passed"} == set(table["rows"][0])


def test_a_value_out_of_range_fails_the_command(capsys, monkeypatch):
    monkeypatch.setattr(report, "rows", lambda *_, **__: iter([report.Row("x", 2.0, 0.0, 1.0, "1")]))
    assert run(["qa"]) == 1
    assert "OUT" in capsys.readouterr().out


def test_detectors_are_listed_and_printed(capsys):
    assert run(["detectors"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in mammography_units.names())
    assert len(mammography_units.names()) >= 7
    assert run(["detectors", "ge-senographe-ds"]) == 0
    assert "Vedantham" in capsys.readouterr().out
    assert run(["detectors", "ge-senographe-ds", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["converter"] == "CsI"
    assert run(["detectors", "kodak"]) == 2
    assert "no such detector" in capsys.readouterr().err
    assert run(["qa", "--detector", "kodak"]) == 2


def test_every_number_of_a_detector_has_its_source():
    for name in mammography_units.names():
        for line in mammography_units.text(name).splitlines():
            key, _, rest = line.partition(" = ")
            if rest and key in (
                "pitch_mm",
                "rows",
                "f0_per_mm",
                "dqe0",
                "unblurred_noise_fraction",
                "electronic_ugy",
                "gain_dn_per_ugy",
                "base_mgy",
            ):
                assert "#" in rest, f"{name}: {line}"


def test_a_magnification_view_shows_smaller_grains():
    contact = Bench(DEFAULT, 50.0)
    near = Bench(DEFAULT.magnified(1.8), 50.0, scatter=Scatter(grid=False, air_gap_mm=286.0))
    assert near.detector.pitch == pytest.approx(0.07 / 1.8)
    assert near.scatter_ratio(50.0) < 0.15  # the gap takes what the grid would
    assert visibility.threshold_mm(visibility.curve(near)) < 0.9 * visibility.threshold_mm(visibility.curve(contact))
    # detail at the breast: aperture and converter gain, the focal spot takes a little
    assert near.detector.mtf(5) > contact.detector.mtf(5)
    assert near.detector.mtf(5) < np.sinc(5 * 0.07 / 1.8)
    with pytest.raises(UsageError, match="magnification"):
        DEFAULT.magnified(5)


def test_the_focal_spot_blurs_the_signal_and_not_the_noise():
    detector = DEFAULT.magnified(1.8)
    share = measures.half_plane(256, 3.0).astype(np.float32)
    bench = Bench(detector, scatter=Scatter(grid=False, air_gap_mm=286.0))
    grid = bench.window(256 * detector.pitch)
    paths = bench.paths(grid, 40.0, {"pmma": 40.0, "aluminium": (1 - share) * np.float32(0.1)})
    f, mtf = measures.edge_mtf(detector.blurred(bench.signal(paths), None), 3.0, detector.pitch)
    for at in (2, 5, 9):
        assert np.interp(at, f, mtf) == pytest.approx(float(detector.mtf(at)), abs=0.02)
    fields = measures.flats(detector, 100.0, 8, Seed(9))
    f, power = measures.noise_power(fields, detector.pitch)
    assert measures.ring(f, power, 9.0) / measures.ring(f, power, 1.0) > 0.75
