import numpy as np
import pytest

from phantom.imaging.presentation import Presentation, _standing_out
from phantom.imaging.pyramid import Bands, Doubled, halved
from phantom.imaging.quantities import ForProcessing

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
    return Presentation(latitude=latitude, **more).present(ForProcessing(raw), mask, PITCH, T, zero_dn=ZERO, air_dn=AIR).pixels


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
    ratio = [show(raw, mask, equalise=e)[mask & (d > 3) & (d < 6)].mean() / show(raw, mask, equalise=e)[d > 35].mean() for e in (0.0, 0.9)]
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
    shown = Presentation(latitude=1.9).present(ForProcessing(padded), mask, PITCH, T, zero_dn=ZERO, air_dn=AIR, offset=(40, 0)).pixels
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
    again = Doubled(halved(image), image.shape).rows(0, 61)
    np.testing.assert_allclose(again[2:-3, 2:-3], image[2:-3, 2:-3], atol=1e-3)
    np.testing.assert_array_equal(Doubled(halved(image), image.shape).rows(20, 41), again[20:41])


def test_faint_detail_gains_more_than_plain_detail():
    bands = Bands(0.0, 1.0, 0.0, 0.1)
    rng = np.random.default_rng(1)
    image = rng.standard_normal((64, 64)).astype(np.float32)
    faint, plain = (np.std(bands.enhancement(image * np.float32(s), 0.3)) / s for s in (0.01, 1.0))
    assert faint > 3 * plain
    assert np.all(Bands(0, 0, 0, 0.1).enhancement(image, 0.3) == 0)


@pytest.mark.parametrize("look", ["standard", "film"])
def test_where_the_pixels_pairs_begin_makes_no_difference(look):
    """Much is worked out on pairs of pixels: one row and one column fewer shift them all, and the sizes are odd."""
    raw, mask, _, _ = breast()
    whole, shifted = show(raw, mask, look=look)[1:, 1:].astype(int), show(raw[1:, 1:], mask[1:, 1:], look=look)
    assert np.all(shifted[~mask[1:, 1:]] == 0)
    difference = np.abs(whole - shifted)[mask[1:, 1:]]
    assert np.percentile(difference, 99) < 0.02 * 4095
    assert difference.max() < 0.1 * 4095


@pytest.mark.parametrize("turn_deg", [0.0, 40.0])
def test_the_nipple_is_seen_whichever_way_it_points(turn_deg):
    """It stands out where the rim ends: neither lost in black, nor white, as dark fat and its own lift would leave it."""
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


@pytest.mark.parametrize("cell_mm", [0.56, 1.12, 1.6, 2.24])
def test_a_nipple_is_found_by_its_size_in_mm_whatever_the_cells(cell_mm):
    y, x = np.mgrid[-70:70:cell_mm, 0:70:cell_mm]
    disc = np.hypot(x, y) < 55.0
    bump = (np.abs(y) < 6.0) & (x < 65.0) & ~disc
    found = _standing_out(disc | bump, 2 * cell_mm)
    assert found[bump & (x > 59.0)].mean() > 0.8
    assert not found[np.hypot(x, y) < 55.0 - 4 * cell_mm].any()
    assert not _standing_out(disc & (np.abs(y) < 20.0) & (x > 30.0), 2 * cell_mm).any()
