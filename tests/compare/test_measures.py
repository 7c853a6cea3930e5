"""What is measured on patches is what was put into them."""

from __future__ import annotations

import numpy as np
import pytest
from breasts import SPACING_MM, breast, texture
from scipy.ndimage import gaussian_filter

from phantom.compare import bands, features, spectra, table
from phantom.compare.framed import Framed, coarser, frame
from phantom.compare.measure import measure
from phantom.compare.patches import PITCH_MM, SIZE, cut, resampled
from phantom.compare.skin import skin
from phantom.compare.strands import strands
from phantom.errors import Unreadable
from phantom.insert.picture import Picture


def patches(count=12, **more):
    rng = np.random.default_rng(3)
    return np.stack([texture(rng, (SIZE, SIZE), **more) for _ in range(count)]).astype(np.float32)


def white(count=12):
    return np.random.default_rng(4).standard_normal((count, SIZE, SIZE)).astype(np.float32)


def lines(degrees, width=1.5, gap=16.0):
    """Bright parallel lines."""
    y, x = np.mgrid[:SIZE, :SIZE]
    away = (x * np.cos(np.deg2rad(degrees)) + y * np.sin(np.deg2rad(degrees)) + gap / 2) % gap - gap / 2
    return np.exp(-((away / width) ** 2))


def picture(image, spacing_mm=SPACING_MM):
    return Picture("p", np.round(np.clip(image, 0, 1) * 4095).astype(np.uint16), 12, spacing_mm, "CC", "L", False)


def test_the_exponent_of_a_power_law_is_found():
    power = spectra.rings(patches(24, beta=2.4, white=0), PITCH_MM)
    assert spectra.exponent(power.mean(0, keepdims=True), 0.5, 3)[0] == pytest.approx(2.4, abs=0.15)


def test_amplitude_is_that_of_the_structure_without_white_noise():
    pitch, size, band = 0.07, 256, (2.0, 3.5)
    rng = np.random.default_rng(5)
    f = np.hypot(np.fft.fftfreq(size, pitch)[:, None], np.fft.rfftfreq(size, pitch)[None])
    structure, noise = [], rng.standard_normal((16, size, size)) * 0.02
    for _ in range(16):
        spectrum = np.fft.rfft2(rng.standard_normal((size, size))) * ((f > band[0]) & (f < band[1]))
        structure.append(np.fft.irfft2(spectrum, s=(size, size)))
    clean = np.array(structure) * (0.012 / np.std(structure))
    power = spectra.rings((clean + noise).astype(np.float32), pitch)
    floor = spectra.mean_in(power, 5, 7)
    assert spectra.sd_in(power, *band, floor).mean() == pytest.approx(0.012, rel=0.05)
    assert np.sqrt(floor.mean()) == pytest.approx(0.02 * pitch, rel=0.05)


def test_rings_beyond_the_pixels_are_unknown():
    power = spectra.rings(white(2), PITCH_MM)
    assert np.isnan(power[:, spectra.CENTRES > 3.6]).all()
    assert np.isfinite(power[:, spectra.between(0.1, 3.5)]).all()


def test_noise_has_the_coherence_of_noise_and_parallel_lines_have_more():
    noise = bands.coherence(bands.band(white(), PITCH_MM, 2.0)).mean()
    assert noise == pytest.approx(0.28, abs=0.01)
    drawn = np.stack([lines(d) for d in (0, 30, 75, 110)]).astype(np.float32)
    assert bands.coherence(bands.band(drawn, PITCH_MM, 1.0)).min() > 0.8


@pytest.mark.parametrize("degrees", [0, 45, 100])
def test_one_direction_is_stronger_than_the_mean(degrees):
    drawn = lines(degrees)[None].astype(np.float32)
    assert bands.moments(bands.band(drawn, PITCH_MM, 1.0))["direction"][0] > 2
    assert bands.moments(bands.band(white(), PITCH_MM, 1.0))["direction"].mean() < 1.25


def test_a_gaussian_field_has_no_skewness_and_no_heavy_tails():
    found = bands.moments(bands.band(patches(40), PITCH_MM, 1.0))
    assert abs(found["skewness"].mean()) < 0.03
    assert abs(found["kurtosis"].mean()) < 0.03
    assert abs(found["laplacian"].mean()) < 0.05
    few = white() * (np.random.default_rng(6).random((12, SIZE, SIZE)) < 0.01)
    spiky = bands.moments(bands.band(few.astype(np.float32), PITCH_MM, 2.0))
    assert spiky["laplacian"].mean() > 0.5
    assert spiky["kurtosis"].mean() > 0.3


@pytest.mark.parametrize("degrees", [0, 10, 22.5, 45, 50, 80, 120])
def test_lines_are_long_and_straight_in_every_direction(degrees):
    drawn = lines(degrees, gap=48) + 0.05 * white(3)
    found, noise = (strands(bands.band(x.astype(np.float32), PITCH_MM, 1.0)) for x in (drawn, white()))
    assert found["length"].min() > 2 > 0 > noise["length"].max()
    assert found["straightness"].min() > 0.9


def test_the_strongest_responses_are_bright_where_spots_are():
    spots = np.random.default_rng(0).random((8, SIZE, SIZE)) < 0.003
    bright = gaussian_filter(spots.astype(np.float32), (0, 2, 2))
    share, inverse, noise = (strands(bands.band(x, PITCH_MM, 0.5))["bright_share"] for x in (bright, -bright, white()))
    assert share.min() > 0.6
    assert noise.mean() == pytest.approx(0.5, abs=0.03)
    np.testing.assert_allclose(inverse, 1 - share, atol=0.02)


def test_crossing_lines_have_nodes_and_parallel_ones_none():
    parallel = lines(20)[None].astype(np.float32)
    crossing = np.maximum(lines(20, gap=24), lines(110, gap=24))[None].astype(np.float32)
    none, some = (strands(bands.band(x, PITCH_MM, 1.0))["nodes"][0] for x in (parallel, crossing))
    assert none < 0.2 * some


def test_energy_that_follows_the_grey_level_is_seen():
    slow = patches(beta=4, white=0)
    busy = slow * 4 + white() * np.exp(slow)
    follows, not_at_all = (
        bands.moments(bands.band(x.astype(np.float32), PITCH_MM, 1.0))["follows_grey"].mean()
        for x in (busy, slow * 4 + white())
    )
    assert follows > 0.3 > 0.1 > abs(not_at_all)


def test_flattened_patches_have_a_flat_spectrum():
    power = spectra.rings(features.whitened(patches(24, beta=3)), PITCH_MM).mean(0)
    assert abs(spectra.exponent(power[None], 0.3, 3)[0]) < 0.15


def test_below_a_frequency_nothing_is_left_above_it():
    low = features.below(white(), PITCH_MM, 1.0)
    power = spectra.rings(low, 2 * PITCH_MM).mean(0)
    assert spectra.mean_in(power, 1.3, 1.7) < 1e-3 * spectra.mean_in(power, 0.3, 0.8)


def test_features_do_not_depend_on_brightness_and_contrast():
    x = patches(4)
    for scale in features.SCALES:
        first, second = features.features(x, scale), features.features(0.2 + 0.03 * x, scale)
        for name, values in first.items():
            np.testing.assert_allclose(values, second[name], rtol=0.02, atol=0.01, err_msg=name)


@pytest.mark.parametrize("width", [0.8, 2.5])
def test_the_skin_is_found_where_it_is(width):
    found = skin(frame(picture(breast(np.random.default_rng(1), skin_mm=width, contrast=0.01))))
    assert found["skin_peak"] == pytest.approx(2.0, rel=0.1)
    assert found["skin_peak_mm"] < width
    assert found["skin_rise_mm"] < 0.8


@pytest.mark.parametrize(("rows", "columns", "step"), [(9, 11, 2), (10, 13, 4), (12, 8, 3)])
def test_what_is_averaged_has_a_mask_of_its_size(rows, columns, step):
    one = Framed(np.ones((rows, columns), np.float32), *(np.ones((2, rows, columns), bool)), 0.1)
    few = coarser(one, 0.1 * step)
    assert few.breast.shape == few.usable.shape == few.image.shape == (-(-rows // step), -(-columns // step))


def test_patches_lie_in_the_breast_away_from_markers_and_labels():
    image = breast(np.random.default_rng(1))
    plain = cut(frame(picture(image)), 99)
    y, x = np.ogrid[: image.shape[0], : image.shape[1]]
    image[(y - 320) ** 2 + (x - 100) ** 2 < 100] = 1
    image[30:60, 350:400] = 1
    marked = cut(frame(picture(image)), 99)
    assert 0 < len(marked.grey) < len(plain.grey)
    assert marked.grey.max() < 0.7
    assert plain.grey.min() > 0.02


def test_patches_are_the_same_tissue_at_both_pixel_sizes():
    fine = np.repeat(np.repeat(breast(np.random.default_rng(1)), 2, 0), 2, 1)
    found = cut(frame(picture(fine, SPACING_MM / 2)), 5)
    assert len(found.grey) == 5
    halved = found.fine.reshape(5, SIZE, 2, SIZE, 2).mean((2, 4))
    np.testing.assert_allclose(halved, found.grey, atol=2e-3)


@pytest.mark.parametrize("pitch", [0.05, 0.1, 0.14])
def test_resampling_keeps_the_mean(pitch):
    image = texture(np.random.default_rng(0), (300, 260)).astype(np.float32) + 5
    out = resampled(image, pitch, PITCH_MM)
    assert out.shape == tuple(int(n * pitch / PITCH_MM + 1e-6) for n in image.shape)
    assert out.mean() == pytest.approx(image.mean(), rel=1e-2)


def test_every_line_of_the_table_is_measured():
    keys = [row.key for row in table.ROWS]
    assert len(set(keys)) == len(keys)
    found = measure(picture(breast(np.random.default_rng(1))), "w", 4)
    assert set(found.numbers) == set(keys)
    unseen = {k for k, v in found.numbers.items() if np.isnan(v)}
    assert unseen == {"noise_5_7", "noise_ratio", "exponent_1_4", "amplitude_1_2", "amplitude_2_3.5"}
    assert found.stored.shape == (4, SIZE, SIZE)


def test_a_crop_from_within_a_breast_is_all_breast():
    crop = 0.3 + 0.06 * texture(np.random.default_rng(0), (350, 350))
    assert len(cut(frame(picture(crop)), 99).grey) >= 2
    with pytest.raises(Unreadable, match="no breast"):
        frame(picture(np.random.default_rng(0).random((400, 400)) * (np.arange(400) % 2)))


def test_pixels_that_are_too_large_are_refused():
    with pytest.raises(Unreadable, match=r"0.28 mm: they must be 0.18 mm or smaller"):
        measure(picture(breast(np.random.default_rng(1)), 0.28), "w", 4)
