import numpy as np
import pytest
from scipy.ndimage import binary_dilation, gaussian_filter

from phantom.geometry.interpolate import enlarged
from phantom.imaging.contrast import Bands, silent
from phantom.imaging.detector import Detector
from phantom.imaging.highlights import KNEE, Highlights
from phantom.imaging.presentation import Presentation
from phantom.imaging.pyramid import halved
from phantom.imaging.quantities import ForProcessing
from phantom.imaging.skin_distance import signed_mm
from phantom.imaging.tone import latitude

PITCH, T = 0.14, 50.0
ZERO, AIR = 50.0, 10050.0
LOOKS = ["standard", "soft", "crisp", "film"]


def breast(shape=(900, 600), noise=0.0, edge=2.0):
    """A fatty disc with a rounded rim and a skin, in detector values; its mask; distance from the skin in mm."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    r = np.hypot(x, y - 0.5 * shape[0]) * PITCH
    d = 58.0 - r
    rim, skin = T / 2, 1.45
    near = np.clip(d, 0, rim)
    whole = 2 * np.sqrt(2 * rim * near - near**2)
    inner = 2 * np.sqrt(np.clip((rim - skin) ** 2 - (rim - np.clip(near, skin, None)) ** 2, 0, None))
    depth = 0.048 * inner + 0.075 * (whole - inner)
    value = np.exp(-depth)
    if noise:
        value = value * (1 + noise * np.random.default_rng(0).standard_normal(shape))
    return np.rint(ZERO + (AIR - ZERO) * value).astype(np.uint16), d > 0, d, depth


def show(raw, mask, latitude=1.9, **more):
    # a disc of plain fat has no contrast to set the latitude by
    return (
        Presentation(latitude=latitude, **more)
        .present(ForProcessing(raw), mask, PITCH, T, zero_dn=ZERO, air_dn=AIR)
        .pixels
    )


@pytest.mark.parametrize("look", LOOKS)
def test_range_background_and_mean(look):
    raw, mask, _, _ = breast(noise=0.01)
    image = show(raw, mask, look=look)
    assert image.dtype == np.uint16
    assert image.max() <= 4095
    assert np.all(image[~mask] == 0)
    assert image[mask].mean() / 4095 == pytest.approx(Presentation(look=look).numbers().level, abs=0.05)


def test_the_skin_line_rises_within_a_millimetre():
    raw, mask, d, _ = breast()
    image = show(raw, mask)
    row = 450
    profile, depth_mm = image[row][mask[row]][::-1].astype(float), d[row][mask[row]][::-1]
    # against the level of fat just inside the skin
    level = np.median(profile[(depth_mm > 3) & (depth_mm < 8)])
    ten, ninety = (depth_mm[np.argmax(profile >= q * level)] for q in (0.1, 0.9))
    assert 0.3 <= ninety - ten <= 1.1


@pytest.mark.parametrize("look", ["standard", "soft", "crisp"])
def test_no_halo_inside_the_skin(look):
    raw, mask, d, _ = breast()
    image = show(raw, mask, look=look).astype(float)
    profile = [image[mask & (d > lo) & (d <= lo + 1)].mean() for lo in range(3, 40)]
    middle = np.mean(profile[-10:])
    assert min(profile) > 0.7 * middle
    assert max(profile) < 1.35 * middle


def test_equalisation_brings_up_the_rim():
    raw, mask, d, _ = breast()
    ratio = [
        show(raw, mask, equalise=e)[mask & (d > 3) & (d < 6)].mean() / show(raw, mask, equalise=e)[d > 35].mean()
        for e in (0.0, 0.9)
    ]
    assert ratio[0] < 0.5 < 0.75 < ratio[1]


def test_contrast_is_raised_and_a_dense_spot_is_brighter():
    raw, mask, _, _ = breast()
    spot = np.zeros(mask.shape, bool)
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]]
    for size, at in ((1, 300), (4, 500)):
        spot |= (abs(x - 150) < size) & (abs(y - at) < size)
    raw = np.where(spot, ZERO + (raw - ZERO) * 0.9, raw).astype(np.uint16)
    rise = []
    for look in ("film", "standard"):
        image = show(raw, mask, look=look, latitude=2.0, level=0.3).astype(float)
        assert image[spot].min() > image[280:290, 140:160].mean()
        rise.append(image[spot].mean() - image[380:400, 140:160].mean())
    assert rise[1] > rise[0]


def test_a_quiet_image_shows_no_specks():
    raw, mask, d, _ = breast(noise=0.01)
    image = show(raw, mask).astype(float)
    inside = (d > 15) & mask
    around = (image - image[inside].mean())[inside]
    # the sigmoid is smooth and the gain bounded: noise stays as it is spread, without outliers
    assert abs(around).max() < 7 * around.std()


def test_a_window_within_the_image():
    raw, mask, _, _ = breast()
    whole = show(raw, mask)
    padded = np.full((1000, 700), 10000, np.uint16)
    padded[40:940, :600] = raw
    shown = (
        Presentation(latitude=1.9)
        .present(ForProcessing(padded), mask, PITCH, T, zero_dn=ZERO, air_dn=AIR, offset=(40, 0))
        .pixels
    )
    assert np.all(shown[:40] == 0)
    assert np.all(shown[:, 600:] == 0)
    inner = np.abs(shown[40:940, :600].astype(int) - whole)
    assert inner.max() < 200  # only the borders that cut the breast, top and bottom, differ


def test_an_image_without_a_breast():
    raw, mask, _, _ = breast()
    assert np.all(show(raw, np.zeros_like(mask)) == 0)


def test_doubling_keeps_a_plane_and_undoes_halving_of_what_is_smooth():
    y, x = np.mgrid[:61, :83].astype(np.float32)
    image = 2 * x + 3 * y
    again = enlarged(halved(image), 2, image.shape).rows(0, 61)
    np.testing.assert_allclose(again[2:-3, 2:-3], image[2:-3, 2:-3], atol=1e-3)
    np.testing.assert_array_equal(enlarged(halved(image), 2, image.shape).rows(20, 41), again[20:41])


def test_faint_detail_gains_more_than_plain_detail():
    bands = Bands(0.0, 1.0, 0.0, 1.0, 0.1)
    image = np.random.default_rng(1).standard_normal((64, 64)).astype(np.float32)
    depth = np.zeros((32, 32), np.float32)
    faint, plain = (np.std(bands.enhancement(image * np.float32(s), 0.3, depth, silent)[0]) / s for s in (0.01, 1.0))
    assert faint > 3 * plain
    more, finer = Bands(0, 0, 0, 1, 0.1).enhancement(image, 0.3, depth, silent)
    assert np.all(more == 0)
    assert np.all(finer == 0)


@pytest.mark.parametrize("look", ["standard", "film"])
def test_where_the_pixels_pairs_begin_makes_no_difference(look):
    """Much is worked out on pairs of pixels: one row and one column fewer shift them all, and the sizes are odd."""
    raw, mask, _, _ = breast()
    whole, shifted = show(raw, mask, look=look)[1:, 1:].astype(int), show(raw[1:, 1:], mask[1:, 1:], look=look)
    assert np.all(shifted[~mask[1:, 1:]] == 0)
    difference = np.abs(whole - shifted)[mask[1:, 1:]]
    assert np.percentile(difference, 99) < 0.02 * 4095
    assert difference.max() < 0.15 * 4095  # on the skin line, which comes up from black within half a millimetre


@pytest.mark.parametrize("turn_deg", [0.0, 40.0])
def test_the_nipple_is_seen_whichever_way_it_points(turn_deg):
    """It stands out where the rim ends: neither lost in black, nor white, as dark fat and its own lift would leave
    it."""
    _, mask, d, depth = breast()
    y, x = (np.mgrid[:900, :600] - np.array([450, 0])[:, None, None]) * PITCH
    turn = np.radians(turn_deg)
    ahead, aside = x * np.cos(turn) + y * np.sin(turn) - 58.0, y * np.cos(turn) - x * np.sin(turn)
    chord = 2 * np.sqrt(np.clip(36 - aside**2, 0, None)) * ((ahead > -3) & (ahead < 9))
    depth = np.maximum(depth, 0.08 * chord)
    image = show(np.rint(ZERO + (AIR - ZERO) * np.exp(-depth)).astype(np.uint16), mask | (chord > 0)).astype(float)
    fat = np.median(image[mask & (d > 6) & (d < 20)])
    nipple = np.median(image[(ahead > 3) & (ahead < 7) & (abs(aside) < 4)])
    assert 0.7 * fat < nipple < 2 * fat


@pytest.mark.parametrize("slope", [0.0, 0.1, 0.7])
def test_distances_to_the_skin_are_true_to_a_fraction_of_a_cell(slope):
    """A staircase of whole cells would be seen as teeth along the rim."""
    y, x = np.mgrid[:120, :120].astype(np.float32)
    across = (70 + slope * (y - 60) - x) / np.hypot(1, slope)
    share = np.clip(across * np.hypot(1, slope) + 0.5, 0, 1)
    got = signed_mm(share.astype(np.float32), 0.5)[30:90, 20:100]
    assert np.abs(got - 0.5 * across[30:90, 20:100]).max() < 0.15


CELL = 0.08


def grainy(contrast, noise):
    """Strands of 0.4 mm in a slab, in log exposure, and white noise; each without the other."""
    y, x = np.mgrid[:512, :512] * CELL
    strands = contrast * np.cos(2 * np.pi * (0.9 * x + 0.5 * y) * 1.2)
    return strands.astype(np.float32), np.random.default_rng(0).normal(0, noise, (512, 512)).astype(np.float32)


def added(bands, image, sd):
    """What is added to an image, its borders left out."""
    depth = halved(np.zeros_like(image))
    return bands.enhancement(image, CELL, depth, lambda f, depth: np.full(depth.shape, (sd * CELL) ** 2, np.float32))[
        0
    ][50:-50, 50:-50]


def share(part, whole):
    return np.vdot(part, whole) / np.vdot(whole, whole)


def test_gain_goes_with_the_signal_to_noise_ratio_and_the_finest_noise_is_suppressed():
    bands = Bands(0.5, 1.0, 0.3, 0.6, 10.0)
    strands, noise = grainy(0.3, 0.02)
    inner = strands[50:-50, 50:-50]
    alone = added(bands, noise, 0.02)
    assert share(alone, noise[50:-50, 50:-50]) < -0.1
    plain = share(added(bands, strands + noise, 0.02) - alone, inner)
    assert 0.7 < plain < 1.05
    # the same strands, far below the noise
    assert share(added(bands, strands / 300 + noise, 0.02) - alone, inner / 300) < 0.75 * plain


def test_without_noise_all_is_structure():
    strands, _ = grainy(0.0001, 0.0)
    assert 0.7 < share(added(Bands(0.5, 1.0, 0.3, 0.6, 10.0), strands, 0.0), strands[50:-50, 50:-50]) < 1.05


def test_the_finest_noise_is_suppressed_and_a_calcification_keeps_its_contrast_to_noise():
    raw, mask, d, _ = breast(noise=0.03)
    at = [(300 + 60 * i, 100 + 40 * j) for i in range(6) for j in range(4)]
    grains = np.zeros(mask.shape, bool)
    for row, column in at:
        grains[row : row + 2, column : column + 2] = True
    marked = np.where(grains, ZERO + (raw - ZERO) * 0.82, raw).astype(np.uint16)
    ratio, fine = [], []
    for quiet in (1.0, 0.5):
        image = Presentation(latitude=1.0, quiet=quiet).present(
            ForProcessing(marked), mask, 0.5 * PITCH, 0.5 * T, zero_dn=ZERO, air_dn=AIR,
            noise=lambda f, depth: np.full(depth.shape, (0.03 * 0.5 * PITCH) ** 2, np.float32),
        ).pixels.astype(float)  # fmt: skip
        plain = (d > 15) & mask & ~binary_dilation(grains, iterations=5)
        by = np.array(
            [image[r : r + 2, c : c + 2].mean() - image[r - 9 : r + 11, c - 9 : c + 11][:7].mean() for r, c in at]
        )
        ratio.append(by.mean() / image[plain].std())
        checker = (
            image[300:600:2, 100:250:2]
            - image[301:601:2, 100:250:2]
            - image[300:600:2, 101:251:2]
            + image[301:601:2, 101:251:2]
        )
        fine.append(checker.std())
    assert fine[1] < 0.7 * fine[0]
    assert ratio[1] > 0.98 * ratio[0]


def test_a_muscle_takes_no_part_of_the_range_from_the_gland():
    """The same gland has the same contrast beside a muscle as without one; and the muscle is bright, not flat white."""
    _, mask, d, depth = breast()
    y, x = (np.mgrid[:900, :600] - np.array([450, 0])[:, None, None]) * PITCH
    rng = np.random.default_rng(3)
    gland = 0.25 * (gaussian_filter(rng.standard_normal(mask.shape), 20) > 0.01) * (d > 12)
    wedge = 0.4 * np.clip((1 - x / 30 - (y + 58) / 70) * 8, 0, 1)
    gland *= wedge == 0
    contrast, tops = [], []
    for more in (gland, gland + wedge):
        value = np.rint(ZERO + (AIR - ZERO) * np.exp(-depth - more)).astype(np.uint16)
        image = show(value, mask, latitude=None).astype(float)
        below = (y > 20) & (d > 15)
        contrast.append(image[below & (gland > 0.2)].mean() - image[below & (gland == 0)].mean())
        tops.append(np.percentile(image[(wedge == 0.4) & (d > 10)], 99))
    assert contrast[1] == pytest.approx(contrast[0], rel=0.15)
    assert 0.6 * 4095 < tops[1] < 0.97 * 4095


def test_no_dark_line_beside_a_muscle_and_no_bright_one_within():
    _, mask, d, depth = breast()
    y, x = (np.mgrid[:900, :600] - np.array([450, 0])[:, None, None]) * PITCH
    behind = (1 - x / 30 - (y + 58) / 70) / np.hypot(1 / 30, 1 / 70)
    wedge = 0.4 * np.clip(behind / 3, 0, 1)
    image = show(np.rint(ZERO + (AIR - ZERO) * np.exp(-depth - wedge)).astype(np.uint16), mask, latitude=0.9).astype(
        float
    )
    at = np.arange(-12.0, 12.0)
    profile = np.array([image[(np.abs(behind - one) < 0.5) & (d > 14) & (x > 3)].mean() for one in at])
    fat, muscle = profile[at < -7].mean(), profile[at > 7].mean()
    assert muscle > 2 * fat
    assert profile.min() > 0.85 * fat
    assert profile.max() < 1.07 * muscle


def solid(mask, radius_mm, depth, texture=0.0):
    """A rounded solid 30 mm from the chest wall: what it adds to the optical depth, and the distance from its
    middle."""
    y, x = (np.mgrid[: mask.shape[0], : mask.shape[1]] - np.array([450, 0])[:, None, None]) * PITCH
    away = np.hypot(x - 30, y)
    ripple = 1 + texture * np.cos(2 * np.pi * x / 1.5) * np.cos(2 * np.pi * y / 1.5)
    return depth * np.sqrt(np.clip(1 - (away / radius_mm) ** 2, 0, None)) * ripple, away


@pytest.mark.parametrize("look", ["standard", "soft", "crisp"])
@pytest.mark.parametrize(("radius_mm", "depth"), [(4.0, 3.0), (1.5, 1.0), (0.6, 0.6)])
def test_large_calcifications_keep_their_texture_and_are_not_flat_white(look, radius_mm, depth):
    _, mask, _, fat = breast(noise=0.005)
    more, away = solid(mask, radius_mm, depth, texture=0.15 if radius_mm > 1 else 0.0)
    image = show(np.rint(ZERO + (AIR - ZERO) * np.exp(-fat - more)).astype(np.uint16), mask, latitude=0.6, look=look)
    middle = image[away < 0.6 * radius_mm].astype(float)
    assert image.max() < 4085
    assert middle.mean() > 0.85 * 4095
    if radius_mm > 1:
        assert np.percentile(middle, 95) - np.percentile(middle, 5) > 0.02 * 4095


def test_no_dark_ring_about_a_large_calcification():
    _, mask, d, fat = breast(noise=0.005)
    more, away = solid(mask, 4.0, 3.0)
    image = show(np.rint(ZERO + (AIR - ZERO) * np.exp(-fat - more)).astype(np.uint16), mask, latitude=0.6)
    ring, far = (image[(away > lo) & (away < hi) & (d > 10)].mean() for lo, hi in ((4.8, 7), (12, 20)))
    assert ring > 0.67 * far


def test_what_is_no_brighter_than_the_knee_is_as_it_was():
    value = np.linspace(-6, 3, 400, dtype=np.float32).reshape(20, 20)
    excess = np.maximum(-value - KNEE, 0)
    shown = value.copy()
    Highlights(halved(excess), 0.14, value.shape).compress(shown, 0)
    dark = value >= -KNEE
    assert np.array_equal(shown[dark], value[dark])
    assert np.all(shown[~dark] <= -KNEE)
    assert np.all(shown[~dark] > value[~dark])


def test_a_fatty_breast_is_not_stretched_until_its_noise_fills_the_scale():
    values = np.random.default_rng(0).normal(3.0, 0.01, (100, 100)).astype(np.float32)
    weight = np.ones_like(values)
    assert latitude(values, weight, 1.0) >= 0.3
    assert latitude(values * 100, weight, 0.85) == 2.5


@pytest.mark.parametrize("border", ["top", "right"])
def test_no_dark_corner_where_the_field_cuts_the_breast(border):
    raw, mask, d, _ = breast()
    part = np.s_[120:, :] if border == "top" else np.s_[:, :330]
    image = show(raw[part], mask[part]).astype(float)
    fat = np.median(image[d[part] > 20])
    edge = np.s_[:20, :] if border == "top" else np.s_[:, -20:]
    inner = image[edge][(d[part][edge] > 3) & (d[part][edge] < 20)]
    assert inner.size > 500
    assert np.percentile(inner, 2) > 0.5 * fat


def test_the_skin_is_a_bright_band_without_a_dark_rim():
    """As in displayed mammograms: a peak within 2 mm of the outline, twice the interior or more, and monotone
    inwards."""
    raw, mask, d, _ = breast(noise=0.005)
    image = show(raw, mask, latitude=0.9).astype(float)
    at = np.arange(0.3, 12, 0.2)
    profile = np.array([np.median(image[mask & (np.abs(d - one) < 0.1)]) for one in at])
    inside = np.median(image[d > 20])
    assert 0.5 < at[profile.argmax()] < 2.0
    assert profile.max() > 1.8 * inside
    assert profile[at > 2.5].min() > 0.86 * inside


@pytest.mark.parametrize("name", ["hologic-selenia-dimensions", "ge-senographe-pristina"])
@pytest.mark.parametrize("binning", [1, 4])
def test_the_noise_that_the_display_reckons_with_is_the_detectors(name, binning):
    detector, air, energy = Detector(name=name, binning=binning), 2e5, 20.0
    depth = np.array([0.0, 1.5, 3.5], np.float32)
    for f in (0.5, 3.0):
        mean = air * np.exp(-depth.astype(float))
        expected = detector.noise_power(0.0, f, mean, energy) / mean**2 * detector.pitch**2
        np.testing.assert_allclose(detector.depth_noise(f, depth, air, energy), expected, rtol=1e-4)
    assert np.all(Detector(name=name, noise=False).depth_noise(1.0, depth, air, energy) == 0)


def test_a_twin_shown_with_the_same_settings_differs_only_about_what_is_gone():
    raw, mask, _, _ = breast(noise=0.01)
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]] * PITCH
    away = np.hypot(x - 20, y - 35)
    marked = np.where(away < 4, ZERO + (raw - ZERO) * 0.5, raw).astype(np.uint16)

    def shown(pixels, adapted=None):
        return Presentation().present(
            ForProcessing(pixels), mask, PITCH, T, zero_dn=ZERO, air_dn=AIR, adapted=adapted
        )  # fmt: skip

    first = shown(marked)
    far = mask & (away > 35)
    assert np.array_equal(first.pixels[far], shown(raw, first.adapted).pixels[far])
    assert not np.array_equal(first.pixels[far], shown(raw).pixels[far])
    assert np.array_equal(shown(marked, first.adapted).pixels, first.pixels)
    # nothing tells where it was
    there, about = (away < 4), (away > 7) & (away < 12)
    with_it, without = (
        one[there].mean() / one[about].mean() for one in (shown(raw, first.adapted).pixels, shown(raw).pixels)
    )
    assert with_it == pytest.approx(without, rel=0.02)
