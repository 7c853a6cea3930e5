"""The blur of a picture: the unit's where it is named, else what its noise shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phantom.insert.blur import blur_of
from phantom.insert.picture import Header, Picture
from phantom.insert.spectra import spectra
from phantom.insert.unit import unit_of

SPACING, SIDE = 0.07, 1024


def softened(f):
    """Of a resampled picture: 1 to half the Nyquist frequency (3.6 cycles/mm), and falling beyond."""
    return np.exp(-np.maximum(np.asarray(f) - 3.9, 0) / 3.0)


def noise(unit, shape_of):
    """A picture of nothing but this unit's noise, seen through a filter, and its spectra."""
    fy, fx = np.fft.fftfreq(SIDE, SPACING)[:, None], np.fft.rfftfreq(SIDE, SPACING)
    power = unit.detector.noise_power(fy, fx, 0.05 * unit.air_kev, 1.0)
    white = np.fft.rfft2(np.random.default_rng(4).standard_normal((SIDE, SIDE)))
    values = np.fft.irfft2(white * np.sqrt(power / power.mean()) * shape_of(np.hypot(fy, fx)), s=(SIDE, SIDE))
    return spectra((500 + 20 * values).astype(np.float32), np.ones((SIDE, SIDE), bool), SPACING)


def unit(**header):
    pixels = np.zeros((SIDE, SIDE), np.uint16)
    return unit_of(Picture("p", pixels, 12, SPACING, "CC", "L", False, Header(**header)), 50.0, 0.15)


def test_a_resampled_picture_of_an_unknown_unit_blurs_what_is_put_into_it():
    of = unit()
    assert not of.known
    f = np.array([4.5, 5.5, 6.5])
    blur = blur_of(noise(of, softened), of)
    seen = blur.transfer(0.0, f) / of.detector.transfer(0.0, f)
    # the noise's level is taken from 3.6 to 4.6 cycles/mm; 24 squares of a ring's 90 modes: 2 % of power
    level = np.sqrt(np.mean(softened(np.linspace(3.6, 4.6, 50)) ** 2))
    assert seen == pytest.approx(softened(f) / level, rel=0.06)


def test_a_sharp_picture_is_blurred_as_the_detector_does():
    of = unit()
    f = np.linspace(0, 6.5, 20)
    blur = blur_of(noise(of, np.ones_like), of)
    assert blur.transfer(0.0, f) / of.detector.transfer(0.0, f) == pytest.approx(1, abs=0.06)


def test_a_named_unit_blurs_as_its_data_say():
    of = unit(manufacturer="HOLOGIC, Inc.", model="Selenia Dimensions")
    blur = blur_of(noise(of, softened), of)
    assert not blur.measured
    assert blur.transfer(0.0, np.array([6.0])) == of.detector.transfer(0.0, np.array([6.0]))


@pytest.mark.parametrize(
    ("spacing", "name"),
    [(0.07, "hologic-selenia-dimensions"), (0.1, "ge-senographe-essential"), (0.085, "siemens-mammomat-inspiration"),
     (0.05, "fuji-amulet-innovality"), (0.14, "hologic-selenia-dimensions")],
)  # fmt: skip
def test_the_unit_with_such_pixels_stands_for_one_that_is_not_known(spacing, name):
    picture = Picture("p", np.zeros((64, 64), np.uint16), 12, spacing, "CC", "L", False)
    of = unit_of(picture, 50.0, 0.15)
    assert (of.detector.name, of.known) == (name, False)
    assert unit_of(replace(picture, header=Header(model=name)), 50.0, 0.15).known
