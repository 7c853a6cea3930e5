"""Structured d' against a brute-force Hotelling observer on patches of the phantom."""

from __future__ import annotations

import numpy as np
import pytest

from phantom.exam import preset
from phantom.exam import scene as scenes
from phantom.exam.acquisition import position_breast
from phantom.exam.case import case_seed
from phantom.exam.difficulty import _bench
from phantom.geometry.grid import Grid
from phantom.geometry.solids.ellipsoids import Ellipsoid
from phantom.geometry.view import Pose
from phantom.imaging import structure
from phantom.imaging.observer import Difference, detectability, detectability_in
from phantom.imaging.projection import shadow

PITCH = 0.07
N = 14  # blocks along each side of a patch


def test_measured_power_is_that_of_a_known_field():
    """A field of 1e-4 / f^3 relative power: level and slope come back."""
    rng = np.random.default_rng(5)
    size, pitch = 1024, PITCH
    f = np.hypot(np.fft.fftfreq(size, pitch)[:, None], np.fft.fftfreq(size, pitch)[None, :])
    f[0, 0] = np.inf
    white = np.fft.fft2(rng.standard_normal((size, size)))
    field = np.fft.ifft2(white * np.sqrt(1e-4 * f**-3.0 / pitch**2)).real
    g = (2.0 - field).astype(np.float32)
    places = np.stack(np.meshgrid(np.arange(100, 950, 70), np.arange(100, 950, 70)), axis=-1).reshape(-1, 2)
    found = structure.around(places.astype(float), g, np.ones_like(g), lambda g, a: np.exp(-g), pitch)
    assert found.slope.mean() == pytest.approx(3.0, abs=0.2)
    assert np.exp(np.log(found.at_one).mean()) == pytest.approx(1e-4, rel=0.2)


def test_tissue_hides_large_solids_more_than_small_ones():
    detector = preset.load("normal").detector
    rough = structure.Structure(np.full(3, 3e-5), np.full(3, 2.5))
    differences = [ball(diameter, 4e4)[0] for diameter in (0.16, 0.5, 1.5)]
    _, smooth, tissue = detectability_in(differences, rough, PITCH, detector)
    assert smooth == pytest.approx(detectability(differences, PITCH, detector)[1])
    assert 1 > tissue[0] / smooth[0] > tissue[1] / smooth[1] > tissue[2] / smooth[2] > 0


def ball(diameter, primary_kev, grid_px=0):
    """What a ball of calcium takes away from the signal, in its window and in a square of so many pixels."""
    size = max(grid_px, 64)
    middle = (0.5 * size + 0.2) * PITCH
    pose = Pose(np.array([middle, middle, 20.0]), np.eye(3), np.array([0.0, 0.0, -1.0]))
    cast = shadow(Ellipsoid((diameter / 2,) * 3), pose, Grid((size, size), PITCH, (0.0, 0.0)))
    signal = (primary_kev * (1 - np.exp(-0.65 * cast.path_mm))).astype(np.float32)
    square = np.zeros((size, size))
    rows, columns = signal.shape
    square[cast.row : cast.row + rows, cast.column : cast.column + columns] = signal
    return Difference(signal, signal > 0, 1.15 * primary_kev, 20.0, primary_kev), square


@pytest.fixture(scope="module")
def breasts():
    recipe, found = preset.load("normal"), []
    for seed in range(3):
        scene = scenes.grow(recipe, case_seed(recipe.name, seed, 0), 0)
        found.append(_bench(position_breast(scene, scene.views[0])))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("diameter", "block"), [(0.16, 1), (0.4, 2), (1.2, 3)])
def test_structured_detectability_is_that_of_the_best_linear_observer(breasts, diameter, block):
    """Patches with a middling amount of structure; noise adds its known covariance, tissue that of the patches."""
    side, patches, levels, slopes = N * block, [], [], []
    for bench in breasts:
        exposed = bench.exposed
        thick = exposed.g_cm + exposed.a_cm
        inside = thick > 0.8 * np.median(thick[thick > 1])
        log = np.log(exposed.signal.primary)
        step = max(side // 3, 14)
        corners = [
            (y, x)
            for y in range(0, log.shape[0] - side, step)
            for x in range(20, log.shape[1] - side, step)
            if inside[y : y + side : 4, x : x + side : 4].all()
        ]
        middles = np.array([(x + side / 2, y + side / 2) for y, x in corners])
        around = structure.around(middles, exposed.g_cm, exposed.a_cm, bench.spectrum.primary, PITCH)
        levels.append(around.at_one)
        slopes.append(around.slope)
        for y, x in corners:
            patch = log[y : y + side, x : x + side].reshape(N, block, N, block).mean(axis=(1, 3))
            patches.append((patch - patch.mean()).reshape(-1))
    level, slope, tissue = np.concatenate(levels), np.concatenate(slopes), np.array(patches, float)
    low, high = np.percentile(level, [30, 70])
    kept = (level > low) & (level < high)
    tissue, primary = tissue[kept], 4e4
    assert len(tissue) > 4 * N * N
    detector = preset.load("normal").detector
    difference, square = ball(diameter, primary, 3 * side)
    middling = structure.Structure(np.array([np.exp(np.log(level[kept]).mean())]), np.array([slope[kept].mean()]))
    predicted = detectability_in([difference], middling, PITCH, detector)[2][0]

    f = np.fft.fftfreq(len(square), PITCH)
    transfer = detector.transfer(f[:, None], f[None, :])
    middle = slice((len(square) - side) // 2, (len(square) + side) // 2)
    seen = np.fft.ifft2(np.fft.fft2(square) * transfer).real[middle, middle]
    seen = seen.reshape(N, block, N, block).mean(axis=(1, 3)).reshape(-1)
    power = detector.noise_power(f[:, None], f[None, :], np.float64(1.15 * primary), np.float64(20.0))
    kernel = np.zeros_like(square)
    kernel[:block, :block] = 1 / block**2
    lagged = np.fft.ifft2(power * np.abs(np.fft.fft2(kernel)) ** 2).real
    at = np.arange(N) * block
    lag = at[:, None] - at[None, :]
    noise = lagged[lag[:, None, :, None], lag[None, :, None, :]].reshape(N * N, N * N)
    tissue = primary * (tissue - tissue.mean(axis=0))
    covariance = noise + tissue.T @ tissue / len(tissue)
    covariance += 1e3 * np.trace(covariance) / len(covariance)  # the mean is not known
    brute = np.sqrt(seen @ np.linalg.solve(covariance, seen))
    assert predicted == pytest.approx(brute, rel=0.15)
