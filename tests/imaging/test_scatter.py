import math

import numpy as np
import pytest

from phantom.imaging.quantities import Coarse, block_mean
from phantom.imaging.scatter import Scatter


def boone(cm, diameter_cm):
    """Boone & Cooper 2000: scatter over primary at the middle of a breast, no grid, no paddle."""
    return 1 / (-2.35452817 + 22.3960980 * diameter_cm**-1.5 + 8.85064260 * cm**-0.5)


def disc(cm, diameter_cm, pitch_mm=1.12):
    n = int(diameter_cm * 10 / pitch_mm) + 60
    y, x = np.mgrid[:n, :n] - 0.5 * (n - 1)
    inside = np.hypot(x, y) * pitch_mm < 5 * diameter_cm
    return np.where(inside, 10 * cm, 0).astype(np.float32), np.where(inside, np.exp(-0.6 * cm), 1.0).astype(np.float32)


@pytest.mark.parametrize("diameter", [12, 16, 20])
@pytest.mark.parametrize("cm", [2, 4, 6, 8])
def test_ratio_against_boone(cm, diameter):
    thickness, primary = disc(cm, diameter)
    scatter_signal = Scatter(grid=False).scatter_signal(
        primary, thickness, 1.12, "Mo/Mo", chest_wall_left=False, breast_only=True
    )
    middle = primary.shape[0] // 2
    assert scatter_signal.at(middle, middle) / primary[middle, middle] == pytest.approx(boone(cm, diameter), rel=0.15)


def test_the_grid_takes_most_of_it():
    for mm in (20, 40, 60, 80):
        ratio = Scatter().kernel("W/Rh", mm).ratio / Scatter(grid=False).kernel("W/Rh", mm).ratio
        assert 0.1 < ratio < 0.25


def test_a_wide_slab_has_the_tables_ratio():
    primary, thickness = np.full((400, 400), 0.05, np.float32), np.full((400, 400), 50, np.float32)
    primary[:1] = 0.05
    for grid, published in ((False, 0.603), (True, 0.1102)):
        scatter_signal = Scatter(grid=grid).scatter_signal(primary, thickness, 1.12, "W/Rh", chest_wall_left=False)
        assert scatter_signal.at(200, 200) / 0.05 == pytest.approx(published, rel=0.03)


def test_scatter_is_smooth_positive_and_linear():
    rng = np.random.default_rng(3)
    primary = rng.uniform(0.02, 0.05, (320, 320)).astype(np.float32)
    thickness = np.full((320, 320), 50, np.float32)
    scatter_signal = Scatter().scatter_signal(primary, thickness, 0.28, "W/Rh")
    twice = Scatter(factor=2.0).scatter_signal(primary, thickness, 0.28, "W/Rh")
    assert scatter_signal.values.min() > 0
    np.testing.assert_allclose(twice.values, 2 * scatter_signal.values, rtol=1e-5)
    assert np.all(Scatter(factor=0).scatter_signal(primary, thickness, 0.28, "W/Rh").values == 0)


def test_the_kernel_keeps_its_total():
    kernel = Scatter(grid=False).kernel("W/Rh", 50)
    r = np.arange(0, 40, 0.002) + 0.001
    spread = sum(
        w * np.exp(-r / b) / (2 * math.pi * b * b)
        for w, b in ((kernel.share_near, kernel.near_cm), (1 - kernel.share_near, kernel.far_cm))
    )
    assert (spread * 2 * math.pi * r * 0.002).sum() == pytest.approx(1, abs=1e-3)
    assert kernel.transfer(np.float32(0)) == pytest.approx(1)


def test_a_coarse_map_reads_back_as_bilinear():
    y, x = np.mgrid[:70, :90].astype(np.float32)
    image = 0.3 * x - 0.2 * y + 5
    coarse = Coarse(block_mean(image, 8), 8, image.shape)
    np.testing.assert_allclose(coarse[4:60, 4:84], image[4:60, 4:84], atol=1e-4)
    np.testing.assert_array_equal(coarse.rows(13, 29), coarse[0:70, 0:90][13:29])
    assert coarse.at(33, 7) == pytest.approx(image[33, 7], abs=1e-4)


def test_block_means_of_what_does_not_fit():
    image = np.arange(35, dtype=np.float32).reshape(5, 7)
    expected = [
        [image[:3, :3].mean(), image[:3, 3:6].mean(), image[:3, 6:].mean()],
        [image[3:, :3].mean(), image[3:, 3:6].mean(), image[3:, 6:].mean()],
    ]
    np.testing.assert_allclose(block_mean(image, 3), expected, rtol=1e-6)
    np.testing.assert_allclose(block_mean(image > 10, 3), block_mean((image > 10).astype(np.float32), 3))
