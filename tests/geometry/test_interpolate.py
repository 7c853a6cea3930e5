"""Lattices seen on others: what is a plane stays one, strips are parts of the whole, borders go on."""

from __future__ import annotations

import numpy as np
import pytest

from phantom.geometry.interpolate import enlarged, resample, resampled


@pytest.mark.parametrize("step", [2, 4, 7, 16])
def test_an_enlarged_plane_is_a_plane_within_its_outermost_values(step):
    rows, columns = np.mgrid[:9, :11].astype(np.float32)
    image = enlarged(2 * rows + 3 * columns, step, (9 * step - 1, 11 * step - 1)).rows(0, 9 * step - 1)
    at = [np.clip((np.arange(n) + 0.5) / step - 0.5, 0, last) for n, last in zip(image.shape, (8, 10), strict=True)]
    np.testing.assert_allclose(image, 2 * at[0][:, None] + 3 * at[1][None], atol=1e-4)


@pytest.mark.parametrize("step", [2, 7])
def test_strips_and_windows_of_an_enlarged_map_are_those_of_the_whole(step):
    values = np.random.default_rng(1).random((9, 11), dtype=np.float32)
    fine = enlarged(values, step, (9 * step, 11 * step))
    whole = fine.rows(0, 9 * step)
    for first, last in ((0, 5), (5, 6), (9 * step - 1, 9 * step)):
        np.testing.assert_allclose(fine.rows(first, last, slice(3, 10)), whole[first:last, 3:10], atol=2e-7)


def test_one_value_stands_for_a_whole_image():
    assert (enlarged(np.full((1, 1), 7, np.float32), 512, (30, 20)).rows(3, 9) == 7).all()


def test_coarser_lattices_hold_means_and_finer_ones_follow_a_parabola():
    rows, columns = np.mgrid[:40, :60].astype(np.float32)
    means = resample(rows * columns, (1.5, 1.5), 4.0, (10, 15))
    np.testing.assert_allclose(means, (rows * columns).reshape(10, 4, 15, 4).mean(axis=(1, 3)), rtol=1e-5)
    finer = resampled(rows**2, (10.0, 10.0), 0.25, (40, 8)).rows(0, 40)  # Keys' kernel is exact up to the square
    np.testing.assert_allclose(finer[:, 0], (10 + 0.25 * np.arange(40)) ** 2, rtol=1e-5)
