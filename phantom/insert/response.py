"""How a displayed picture's values follow the logarithm of the exposure, at the size of calcifications."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from phantom.arrays import F64, Floats
from phantom.insert.estimate import Estimates
from phantom.insert.picture import Picture
from phantom.insert.unit import Unit

_BAND = 0.42, 0.65  # of the Nyquist frequency: noise rules there, and no resampling has taken it yet
_NOISE_RULES_PER_MM = 1.4, 2.1  # of large pixels, what lies above this, as far as they reach
_MIDDLE_PER_MM = 1.4, 1.9  # where a display raises detail, and noise still rules in the quietest tissue (estimate)
_MOST_RAISED = 2.3  # times the gain of noise; more is tissue that is taken for noise (estimate)
_LEVELS_SD = 0.5  # of the logarithm: what fat and gland are is a guess
_NOISE_SD = 0.10  # of the logarithm, beyond what the dose's uncertainty gives
_UNKNOWN_SD = 0.25  # more, where the unit is not known
_SEEN_GLAND = 0.35  # share of gland at the dense map's upper end less that at its lower (estimate)
_LARGE_PIXELS_SD = 0.2  # more, where pixels are so large that tissue is seen at all frequencies
_NO_NOISE_SD = 3.0  # of the logarithm: it says nothing
_LEAST_NOISE = 0.35  # values: less is rounding
_KNOTS = 1024
_LEAST_SIGNAL, _MOST_SIGNAL = 1e-3, 1.2  # over the open beam


@dataclass(frozen=True, eq=False)
class Response:
    """Value against minus the natural logarithm of the signal.

    Attributes
    ----------
    values : (n,)
        Rising, over the whole scale.
    depth : (n,)
        Minus the logarithm of the signal over the open beam's at each value; its derivative is 1 / gain.
    sd : float
        Uncertainty of the gain, of its logarithm.
    raised : float
        How much more the display raises what is some tenths of a millimetre large than the finest noise.
    noise_gain, levels_gain : float
        The two estimates at `at`.
    at : float
        The breast's median value.
    """

    values: F64
    depth: F64
    sd: float
    raised: float
    noise_gain: float
    levels_gain: float
    at: float

    def gain(self, value: Any) -> Any:
        """Change of the value per unit of the logarithm."""
        slopes = np.diff(self.values) / np.maximum(np.diff(self.depth), 1e-12)
        return np.interp(value, 0.5 * (self.values[1:] + self.values[:-1]), slopes)

    def depth_of(self, value: Any) -> Any:
        """Minus the logarithm of the signal where the value is this."""
        return np.interp(value, self.values, self.depth)

    def moved(self, value: F64, depth: F64) -> F64:
        """The value where so much less signal comes through, as a natural logarithm."""
        return np.asarray(np.interp(np.interp(value, self.values, self.depth) + depth, self.depth, self.values))

    def scaled(self, factor: float) -> Response:
        """The response of so many times the gain, the same at the median."""
        middle = self.depth_of(self.at)
        return replace(self, depth=middle + (self.depth - middle) / factor)


def displayed(
    picture: Picture,
    found: Estimates,
    unit: Unit,
    fat_signal: float,
    fat_energy_kev: float,
    contrast: float | None = None,
) -> Response:
    """The response of a displayed picture.

    Noise of known size tells the gain: what the unit's detector has at its exposure against what is seen. It
    is known where the breast is fat; from there the gain at one grey level says how much less X-ray the next
    one has, and so on. Between and beyond the levels that the breast has the gain follows a sigmoid's slope.
    Fat against gland says the gain again, much less surely.

    Parameters
    ----------
    fat_signal, fat_energy_kev : float
        Signal behind fat of the breast's thickness, scatter included, over the open beam's; and its <E2>/<E>.
    contrast : float or None
        Grey values per unit of the logarithm at the breast's median, in place of the estimate.
    """
    power, median = found.spectra, _median(picture, found)
    noise_sd = math.hypot(_NOISE_SD, 0.5 * unit.dose_sd) + (0.0 if unit.known else _UNKNOWN_SD)
    if _BAND[0] * 0.5 / unit.detector.pitch < _MIDDLE_PER_MM[1]:
        noise_sd += _LARGE_PIXELS_SD
    levels_gain = max((found.gland - found.fat) / max(_fat_to_gland(found, unit), 1e-3), 1e-3 * picture.largest)
    if power.tiles and power.noise_sd > _LEAST_NOISE and 0.5 / unit.detector.pitch > _NOISE_RULES_PER_MM[0]:
        seen, expected, raised = _powers(found, unit, fat_energy_kev)
    else:  # nothing of the noise is left, or the pixels are too large to show it
        noise_sd, raised = _NO_NOISE_SD, 1.0
        seen, expected = _by_levels(picture.largest, levels_gain, median)
    values, depth = _marched(picture.largest, found.fat, fat_signal, seen, expected)
    out = Response(values, depth, 0.0, raised, math.nan, levels_gain, median)
    noise_gain = max(float(out.gain(median)), 1e-6)
    if contrast is not None:
        gain, sd, raised = contrast, 0.0, 1.0
    else:
        weights = np.array([1 / noise_sd**2, 1 / _LEVELS_SD**2])
        gain = float(np.exp((weights * np.log([noise_gain, levels_gain])).sum() / weights.sum()))
        sd = 1 / math.sqrt(float(weights.sum()))
    return replace(out, sd=sd, raised=raised, noise_gain=noise_gain).scaled(gain / noise_gain)


def _by_levels(largest: int, gain: float, at: float) -> tuple[Callable[[float], float], Callable[[float], float]]:
    """What `_powers` gives, for a picture without noise whose gain at one value is known: a sigmoid's."""
    middle = float(_slope(at / largest))

    def seen(level: float) -> float:
        return (gain * float(_slope(level / largest)) / middle) ** 2

    return seen, lambda signal: 1.0


def _median(picture: Picture, found: Estimates) -> float:
    s = found.segmented
    held = s.usable & ~found.muscle & (found.distance_mm > 0.4 * found.thickness_mm)
    cells = s.level[held if held.any() else s.breast]
    return float(np.median(cells)) * picture.largest


def _powers(
    found: Estimates, unit: Unit, energy_kev: float
) -> tuple[Callable[[float], float], Callable[[float], float], float]:
    """Noise power as seen at a grey level, as expected at a signal, and how much detail is raised."""
    power, detector = found.spectra, unit.detector
    nyquist, air = 0.5 / detector.pitch, unit.air_kev
    low = max(_BAND[0] * nyquist, min(_NOISE_RULES_PER_MM[0], 0.7 * nyquist))
    high = max(_BAND[1] * nyquist, min(_NOISE_RULES_PER_MM[1], 0.97 * nyquist))
    f = power.f_per_mm[(power.f_per_mm >= low) & (power.f_per_mm <= high)]
    top, steps = found.segmented.largest, 1 / 12 * detector.pitch**2  # rounding to whole values is noise too
    band = max(float(np.mean(power.noise_at(f))) - steps, 1e-30)
    basis = power.sds / max(power.noise_sd, 1e-12) / _slope(power.levels / top)

    def seen(level: float) -> float:
        return band * float(np.interp(level, power.levels, basis) * _slope(level / top)) ** 2

    def relative(at: Floats, signal: float) -> F64:
        # the spectrum is an average over directions: both components are those of the diagonal
        part, mean = at / math.sqrt(2), signal * air
        return np.asarray(detector.noise_power(part, part, mean, energy_kev) / mean**2 * detector.pitch**2)

    def expected(signal: float) -> float:
        return float(np.mean(relative(f, signal)))

    middle = power.f_per_mm[(power.f_per_mm >= _MIDDLE_PER_MM[0]) & (power.f_per_mm <= _MIDDLE_PER_MM[1])]
    raised = 1.0
    if middle.size and _MIDDLE_PER_MM[1] < low:
        shape = float(np.mean(relative(middle, 0.05)) / np.mean(relative(f, 0.05)))
        ratio = np.mean(np.interp(middle, power.f_per_mm, power.quietest)) / (
            shape * np.mean(np.interp(f, power.f_per_mm, power.quietest))
        )
        raised = float(np.clip(math.sqrt(max(float(ratio), 0.0)), 1.0, _MOST_RAISED))
    return seen, expected, raised


def _marched(
    largest: int, start: float, signal: float, seen: Callable[[float], float], expected: Callable[[float], float]
) -> tuple[F64, F64]:
    """Values over the whole scale, and minus the logarithm of the signal at each, from one that is known."""
    values = np.linspace(0.0, largest, _KNOTS)
    step, first = values[1], int(np.clip(np.searchsorted(values, start), 1, _KNOTS - 2))
    depth = np.zeros(_KNOTS)
    depth[first] = -math.log(signal)
    lo, hi = -math.log(_MOST_SIGNAL), -math.log(_LEAST_SIGNAL)
    for sign, end in ((1, _KNOTS), (-1, -1)):
        for k in range(first + sign, end, sign):
            known = depth[k - sign]
            middle = values[k] - 0.5 * sign * step
            gain = math.sqrt(seen(middle) / expected(math.exp(-min(max(known, lo), hi))))
            depth[k] = known + sign * step / max(gain, 1e-6 * largest)
    return values, depth


def _slope(part: Any) -> Any:
    """Of a sigmoid that runs from 0 to 1, over its steepest."""
    inside = np.clip(part, 2e-3, 1 - 2e-3)
    return 4 * inside * (1 - inside)


def _fat_to_gland(found: Estimates, unit: Unit) -> float:
    """How far the densest lies from the fattest as a logarithm of the primary signal, at the breast's thickness."""
    mu, weight = unit.spectrum.node_mu, unit.spectrum.weight
    difference = float((weight * (mu[0] - mu[1])).sum() / weight.sum())
    return _SEEN_GLAND * difference * found.thickness_mm / 10
