"""How a picture blurs: as the unit's detector does, and where nobody names the unit as its noise shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phantom.arrays import F64, Floats
from phantom.imaging.detector import Detector
from phantom.insert.spectra import Spectra
from phantom.insert.unit import Unit

_FROM = 0.5, 0.65  # of the Nyquist frequency: what lies here tells how much noise there is, and from here on it is seen
_LEAST = 0.05  # of the amplitude: less is not told from rounding
_FEWEST = 20  # squares of breast: from fewer the noise's spectrum is not known well enough


@dataclass(frozen=True, eq=False)
class Blur:
    """The blur of what is put into a picture, before the pixels' aperture.

    Attributes
    ----------
    detector : Detector
        Of the unit, or of the one that stands for it.
    f_per_mm, further : (n,)
        By how much less than that detector's the picture's own amplitude is at these frequencies: 1 and below.
    measured : bool
        Whether `further` was measured.
    """

    detector: Detector
    f_per_mm: F64
    further: F64
    measured: bool

    def transfer(self, fy: Floats | float, fx: Floats | float) -> Floats:
        """Amplitude at frequencies in cycles/mm (broadcast)."""
        of_unit = self.detector.transfer(fy, fx)
        if not self.measured:
            return of_unit
        along = (np.interp(np.abs(f), self.f_per_mm, self.further) for f in (fy, fx))
        return np.asarray(of_unit * next(along) * next(along))


def blur_of(power: Spectra, unit: Unit, rounding: float = 0.0) -> Blur:
    """The blur of a picture whose noise has these spectra; `rounding` is the variance of rounding to whole values.

    A named unit blurs as its data file says. Of any other the noise response is taken (Kuhls-Gilcrist et al.,
    Medical Physics 37, 2010): what shapes the image shapes the noise in it, so the square root of the noise's
    power over that of the unit that stands for it is the amplitude that is missing. It is looked for above half
    the Nyquist frequency, where tissue does not hide noise, and taken to be 1 below: there resampling and smoothing
    show first. Rows and columns are taken to be blurred alike, as a Gaussian does it: the average over directions
    then is the amplitude along either.
    """
    f = np.asarray(power.f_per_mm, np.float64)
    if unit.known or power.tiles < _FEWEST:
        return Blur(unit.detector, f, np.ones_like(f), False)
    nyquist = 0.5 / unit.detector.pitch
    seen = np.maximum(power.quietest - rounding * unit.detector.pitch**2, 0.0)
    seen[-1] = seen[-2]  # the last ring holds the corners of the square of frequencies too
    part = f / np.sqrt(2)  # spectra are averages over directions: both components are those of the diagonal
    expected = np.asarray(unit.detector.noise_power(part, part, 0.05 * unit.air_kev, 1.0))
    ratio = seen / np.maximum(expected, 1e-30)
    middle = (f >= _FROM[0] * nyquist) & (f <= _FROM[1] * nyquist)
    amplitude = np.sqrt(ratio / max(float(np.mean(ratio[middle])), 1e-30))
    beyond = f > _FROM[0] * nyquist
    falling = np.minimum.accumulate(np.where(beyond, np.clip(amplitude, _LEAST, 1.0), 1.0))
    return Blur(unit.detector, f, falling, True)
