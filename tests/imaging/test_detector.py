from dataclasses import replace

import numpy as np
import pytest

from phantom.errors import PhantomError, UsageError
from phantom.geometry.grid import Grid
from phantom.imaging import mammography_units, spectrum
from phantom.imaging.defects import dead_pixels
from phantom.imaging.detector import Detector
from phantom.imaging.deviates import Deviates
from phantom.imaging.materials import energies_kev
from phantom.imaging.quantities import Coarse, Signal
from phantom.recipe.seed import Seed

NAMES = mammography_units.names()


def uniform(detector, kerma_ugy, shape=(256, 256), primary=1.0, energy=None):
    """A flat field of the reference beam: 28 kV W/Rh behind 2 mm of aluminium."""
    beam = spectrum.load("W/Rh", 28, detector.unit.converter)
    photons = beam.transmitted(aluminium=2.0) * beam.efficiency
    e = energies_kev()
    energy = energy or float((photons * e**2).sum() / (photons * e).sum())
    flat = np.full(shape, primary, np.float32)
    none, coarse = (
        Coarse(np.zeros((1, 1), np.float32), 1024, shape),
        Coarse(np.full((1, 1), energy, np.float32), 1024, shape),
    )
    return Signal(flat, none, coarse, kerma_ugy * detector.calibration[0] / primary)


def quiet(detector, **more):
    """A detector of this kind without fixed pattern or dead pixels."""
    return _Changed(detector.name, **more)


class _Changed(Detector):
    def __init__(self, name, **more):
        super().__init__(name)
        object.__setattr__(self, "more", {"structure": 0.0, "dead_share": 0.0, **more})

    @property
    def unit(self):
        return replace(mammography_units.load(self.name), **self.more)


def images(detector, kerma, count=8, shape=(256, 256)):
    """`count` flat fields, in uGy."""
    signal = uniform(detector, kerma, shape)
    return np.stack([detector.kerma_ugy(detector.expose(signal, Seed(7, (i,))).pixels) for i in range(count)])


def power(fields, pitch):
    """Noise power spectrum, uGy2 mm2, (rows, columns)."""
    noise = fields - fields.mean()
    return (np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0) * pitch**2 / noise[0].size


@pytest.mark.parametrize("kerma", [50, 100, 200])
def test_zero_frequency_dqe(kerma):
    # 16 fields x about 690 frequencies below 0.9/mm: the mean power is known to 1 %; 2 % more for rounding and the grid
    detector = quiet(Detector(), electronic_ugy=0.0)
    fields = images(detector, kerma, 16)
    spectrum_2d = power(fields, detector.pitch)
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(256, detector.pitch), np.fft.fftfreq(256, detector.pitch)))
    low = spectrum_2d[(f > 0) & (f < 0.9)]
    # what the blur takes at these frequencies is in the MTF too
    transfer = detector.noise_power(0, f[(f > 0) & (f < 0.9)], 1e6, 20.0) / detector.noise_power(0, 0, 1e6, 20.0)
    beam = spectrum.load("W/Rh", 28)
    photons = beam.transmitted(aluminium=2.0).sum() / (beam.ugy_per_mas * beam.kerma_ratio(aluminium=2.0))
    dqe = kerma**2 / (low.mean() / transfer.mean() * photons * kerma)
    assert dqe == pytest.approx(0.60, rel=0.03)


def test_effective_quanta_of_the_anchor():
    # 94 uGy on a 70 um pixel: about 1,690 effective quanta
    detector = Detector()
    kev, excess, _ = detector.calibration
    signal = uniform(detector, 94)
    mean = 94 * kev
    assert mean**2 / (mean * float(signal.energy_kev.values[0, 0]) * excess) == pytest.approx(1690, rel=0.05)


def edge_mtf(detector, angle_deg=3.0, size=256, over=8):
    """Presampled MTF of a slanted edge, noise-free: edge spread binned finely, differentiated, transformed."""
    rows = np.arange(size) - 0.5 * size
    tilt = np.tan(np.radians(angle_deg))
    fine = (np.arange(size * 16) + 0.5) / 16 - 0.5 * size - 0.5
    step = 1 / (1 + np.exp(-np.clip((fine[None, :] - tilt * rows[:, None]) * 1e3, -50, 50)))
    primary = (0.2 + 0.8 * step.reshape(size, size, 16).mean(axis=2)).astype(np.float32)
    signal = replace(uniform(detector, 100.0, (size, size)), primary=primary)
    image = detector.blurred(signal, None)
    where = (np.arange(size)[None, :] - 0.5 * size - tilt * rows[:, None]) * np.cos(np.radians(angle_deg))
    bins = np.floor(where * over).astype(int)
    lo = bins.min()
    counts = np.bincount((bins - lo).ravel())
    spread = np.bincount((bins - lo).ravel(), image.ravel().astype(float)) / np.maximum(counts, 1)
    middle = -lo
    spread = spread[middle - 60 * over : middle + 60 * over]
    line = np.diff(spread) * np.hanning(spread.size - 1)
    mtf = np.abs(np.fft.rfft(line))
    f = np.fft.rfftfreq(line.size, detector.pitch / over)
    # binning and differencing have transfer functions of their own
    mtf /= mtf[0] * np.sinc(f * detector.pitch / over) ** 2
    return f, mtf


@pytest.mark.parametrize("name", NAMES)
def test_slanted_edge(name):
    detector = Detector(name)
    f, mtf = edge_mtf(detector)
    for at in (1, 2, 5):
        assert np.interp(at, f, mtf) == pytest.approx(float(detector.mtf(at)), abs=0.02)


def test_published_mtf_of_the_default():
    # a-Se of 70 um: 0.955, 0.883, 0.598 at 1, 2, 5 cycles/mm; Hoheisel et al. 2004: above 0.40 near 7/mm
    np.testing.assert_allclose(Detector().mtf([1, 2, 5]), [0.955, 0.883, 0.598], atol=0.01)
    assert Detector().mtf(7.0) > 0.39


@pytest.mark.parametrize("name", NAMES)
def test_noise_has_the_power_that_truth_uses(name):
    detector = quiet(Detector(name))
    kerma = 80
    fields = images(detector, kerma, 12)
    measured = power(fields, detector.pitch)
    signal = uniform(detector, kerma)
    f = np.fft.fftfreq(256, detector.pitch)
    model = detector.noise_power(
        f[:, None], f[None, :], kerma * detector.calibration[0], float(signal.energy_kev.values[0, 0])
    )
    model = model / detector.calibration[0] ** 2 * detector.pitch**2
    r = np.hypot(f[:, None], f[None, :])
    # rounding to whole values adds 1/12 of one
    rounding = (1 / detector.unit.gain_dn_per_ugy) ** 2 / 12 * detector.pitch**2
    for lo, hi in ((0.2, 1), (1, 2), (2, 3.5), (3.5, 5)):
        ring = (r > lo) & (r <= hi)
        # a mean of n exponentially distributed powers is known to 1/sqrt(n); half of them are mirror images
        tolerance = 5 / np.sqrt(12 * ring.sum() / 2) + 0.01
        assert measured[ring].mean() == pytest.approx((model[ring] + rounding).mean(), rel=tolerance)


def test_variance_is_linear_in_kerma_with_a_small_rest():
    detector = quiet(Detector())
    kerma = np.array([20.0, 50.0, 100.0, 200.0])
    variance = np.array([images(detector, k, 6).var() for k in kerma])
    slope, rest = np.polyfit(kerma, variance, 1, w=1 / kerma)
    # the sd of a variance of 6 x 65,536 nearly white pixels is 0.25 %
    np.testing.assert_allclose(slope * kerma + rest, variance, rtol=0.012)
    for k in (50, 200):
        assert slope * k / (slope * k + max(rest, 0)) > 0.95
    rounding = 1 / 12 / detector.unit.gain_dn_per_ugy**2
    # the weighted fit knows its zero to the variance's error at the lowest kerma
    assert rest == pytest.approx(slope * detector.unit.electronic_ugy + rounding, abs=0.01 * slope * 20 * 2)


def test_linear_in_kerma():
    detector = Detector()
    kerma = np.array([5, 20, 50, 100, 200, 500])
    dn = np.array([detector.expose(uniform(detector, float(k), (64, 64)), Seed(1)).pixels.mean() for k in kerma])
    slope, zero = np.polyfit(kerma, dn, 1, w=1 / kerma)
    assert np.corrcoef(kerma, dn)[0, 1] ** 2 > 0.999
    assert zero == pytest.approx(detector.unit.offset_dn, abs=1)
    assert slope == pytest.approx(detector.unit.gain_dn_per_ugy, rel=0.005)


def test_no_wrap_around_and_no_edge():
    detector = Detector(noise=False)
    signal = uniform(detector, 100.0, (90, 70))
    image = detector.blurred(signal, None)
    np.testing.assert_allclose(image, image[0, 0], rtol=1e-5)
    primary = np.full((90, 70), 0.03, np.float32)  # a breast at the chest wall, air beside it
    primary[:, 35:] = 1.0
    image = detector.blurred(replace(signal, primary=primary), None)
    # the same with 600 pixels more of each: nothing from the other side within reach
    wide = replace(uniform(detector, 100.0, (690, 670)), primary=np.pad(primary, 300, mode="edge"))
    far = detector.blurred(replace(wide, air_kev=signal.air_kev), None)[300:390, 300:370]
    np.testing.assert_allclose(image, far, atol=5e-4 * signal.air_kev)


def test_saturates_and_fills_the_rest_with_open_beam():
    detector = Detector()
    signal = uniform(detector, 1000.0, (40, 30), primary=0.1)
    raw = detector.expose(signal, Seed(2), (10, 0), (80, 60)).pixels
    assert raw.shape == (80, 60)
    assert np.all(raw[:10] == detector.unit.largest_dn)  # 10 mGy saturates 14 bits
    assert raw[12:48, 2:28].mean() == pytest.approx(float(detector.dn(0.1 * signal.air_kev)), rel=0.01)
    dim = replace(signal, air_kev=signal.air_kev / 10)
    raw = detector.expose(dim, Seed(2), (10, 0), (80, 60)).pixels
    assert raw[:10].mean() == pytest.approx(float(detector.dn(dim.air_kev)), rel=0.01)
    assert raw[:10].std() > 0


def test_the_same_seed_gives_the_same_bytes_and_another_does_not():
    detector = Detector(binning=4)
    signal = uniform(detector, 100.0, (64, 48))
    one, two, other = (detector.expose(signal, Seed(s)).pixels for s in (5, 5, 6))
    assert one.tobytes() == two.tobytes()
    assert one.tobytes() != other.tobytes()


def test_fixed_pattern_is_the_same_in_every_image():
    changed = _Changed("hologic-selenia-dimensions", structure=0.03)
    fields = images(changed, 100, 2)
    assert np.corrcoef(fields[0].ravel(), fields[1].ravel())[0, 1] == pytest.approx(
        0.03**2 / (0.03**2 + fields.var() / 1e4 - 0.03**2), abs=0.05
    )


def test_dead_pixels_are_quieter():
    detector = _Changed("hologic-selenia-dimensions", dead_share=0.05)
    pixels = images(detector, 100, 60, (128, 128))
    sd = pixels.std(axis=0)
    assert np.quantile(sd, 0.02) < 0.75 * np.median(sd)
    assert np.quantile(images(quiet(Detector()), 100, 60, (128, 128)).std(axis=0), 0.02) > 0.75 * np.median(sd)


def test_the_dead_pixels_of_a_window_are_those_of_the_detector():
    detector = _Changed("hologic-selenia-dimensions", dead_share=0.01)
    top = 40
    whole = detector.expose(uniform(detector, 100.0, (128, 128)), Seed(1), (top, 0), (top + 128, 128)).pixels
    pixels = whole[top:].astype(int)
    row, column = dead_pixels("hologic-selenia-dimensions", detector.grid.shape, 0.01)
    inside = (row > top + 1) & (row < top + 126) & (column > 1) & (column < 126)
    row, column = row[inside] - top, column[inside]
    assert len(row) > 50
    around = pixels[row - 1, column] + pixels[row + 1, column] + pixels[row, column - 1] + pixels[row, column + 1]
    # a neighbour may be dead itself, and have been given its own mean afterwards
    assert np.mean(pixels[row, column] == (around + 2) // 4) > 0.9


@pytest.mark.parametrize("binning", [2, 4])
def test_binned_pixels_collect_as_much_as_they_are_large(binning):
    one, many = Detector(), Detector(binning=binning)
    assert many.pitch == pytest.approx(binning * 0.07)
    assert many.grid.shape == (3328 // binning, 2560 // binning)
    assert many.grid.x_mm[0] == pytest.approx(0.5 * many.pitch)
    fine, coarse = (d.expose(uniform(d, 100.0, (128, 128)), Seed(4)).pixels for d in (one, many))
    assert coarse.mean() == pytest.approx(fine.mean(), rel=0.002)
    summed = fine.reshape(128 // binning, binning, 128 // binning, binning).mean(axis=(1, 3))
    # neighbouring pixels share blurred noise; the white share is independent
    assert coarse.std() == pytest.approx(summed.std(), rel=0.12)


def test_the_grid_is_where_it_should_be():
    grid = Detector().grid
    assert grid.shape == (3328, 2560)
    assert grid.x_mm[0] == pytest.approx(0.035)
    assert grid.y_mm.mean() == pytest.approx(0, abs=1e-9)
    assert isinstance(grid, Grid)


def test_an_unknown_detector_or_a_wrong_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match="hologic-selenia-dimensions"):
        _ = Detector("hologic").unit
    with pytest.raises(PhantomError, match="no such file"):
        _ = Detector(str(tmp_path / "none.toml")).unit
    text = mammography_units.text("hologic-selenia-dimensions")
    wrong = tmp_path / "mine.toml"
    wrong.write_text(text.replace("bits = 14", "bits = 99\nbites = 2").replace('"a-Se"', '"CCD"', 1))
    with pytest.raises(UsageError) as caught:
        _ = Detector(str(wrong)).unit
    assert all(word in str(caught.value) for word in ("bits = 99", "bites: unknown", "CCD"))
    wrong.write_text("not toml =")
    with pytest.raises(UsageError, match="not TOML"):
        _ = Detector(str(wrong)).unit
    with pytest.raises(ValueError, match="pitch_mm"):
        Detector(pitch_mm=0.001)


def test_a_users_own_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(mammography_units.text("hologic-selenia-dimensions").replace("pitch_mm = 0.070", "pitch_mm = 0.1"))
    detector = Detector(str(file))
    assert detector.unit.name == "mine"
    assert detector.pitch == 0.1


def test_quick_deviates_are_normal():
    from scipy import stats

    z = Deviates(Seed(1).rng()).fill(np.empty((500, 1001), np.float32)).ravel().astype(float)
    n = z.size
    assert z.mean() == pytest.approx(0, abs=5 / np.sqrt(n))
    assert z.var() == pytest.approx(1, abs=5 * np.sqrt(2 / n))
    assert stats.kurtosis(z) == pytest.approx(0, abs=5 * np.sqrt(24 / n))
    assert stats.kstest(z, "norm").statistic < 1.95 / np.sqrt(n)
    assert abs(np.corrcoef(z[:-1], z[1:])[0, 1]) < 5 / np.sqrt(n)
