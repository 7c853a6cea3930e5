"""Multi-scale contrast that knows the noise: detail is raised by its local signal-to-noise ratio, and noise is not."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from phantom.arrays import F32
from phantom.geometry.interpolate import enlarged
from phantom.imaging.pyramid import halved

_COARSEST_MM = 5.0
_ROWS = 32  # a strip that stays in the processor's cache
_KNOTS = 0.45, 1.1, 2.6, 5.2  # cycles/mm: coarse up to the first, medium between the middle two, fine from the last
_QUIET = 2.6, 4.5  # cycles/mm: noise is suppressed from the first on, in full above the second
_ALIKE = 0.85  # of structure's gain that noise gets below: a display that lifts strands alone out of it looks etched
_EDGE = 2.5  # soft limits at which a gain is halved once more and soon ends: no halo along strong edges
_PEAK = 0.36  # cycles per cell at which a band is strongest
_WHITE = 0.82  # the share of white noise that a band holds
_MARGIN = 1.0  # times the noise's variance: what a band's power exceeds it by is structure
_MARGIN_ABOVE = 1.3  # the same, for what is finer than the finest band that is looked at

# noise power of the optical depth, mm^2, at so many cycles/mm behind such an optical depth
Noise = Callable[[float, F32], F32]


def silent(f_per_mm: float, depth: F32) -> F32:
    """No noise: all is structure."""
    return np.zeros_like(depth)


@dataclass(frozen=True)
class Bands:
    """How much detail of each size is raised where it stands out of the noise, and how much noise is left.

    Attributes
    ----------
    fine, medium, coarse : float
        Gains of structure below 0.1 mm, from 0.2 to 0.7 mm, above 2 mm (half a period).
    quiet : float
        Share of the noise's amplitude that is left above 4.5 cycles/mm; all of it below 2.
    soft_limit : float
        Amplitude at which a gain is halved: faint structure is raised more than what is plain already.
    """

    fine: float
    medium: float
    coarse: float
    quiet: float
    soft_limit: float

    def gains(self, cell_mm: float) -> tuple[float, float]:
        """What of the band whose pixels have this side is added: of its noise, and of its structure."""
        f = math.log(_PEAK / cell_mm)
        raised = float(np.interp(f, np.log(_KNOTS), [self.coarse, self.medium, self.medium, self.fine]))
        return float(np.interp(f, np.log(_QUIET), [_ALIKE * raised, self.quiet - 1])), raised

    def enhancement(self, image: F32, cell_mm: float, depth: F32, noise: Noise) -> tuple[F32, F32]:
        """What to add to an image, and how much of the detail that is finer than its pixels.

        Parameters
        ----------
        image : (rows, columns) float32
            Optical depth, the rim lifted; its pixels have the side `cell_mm`.
        cell_mm : float
        depth : (half the rows, half the columns) float32
            Optical depth as it was measured, at half the resolution: noise depends on it.
        noise : callable

        Returns
        -------
        (rows, columns) float32 and (half the rows, half the columns) float32
        """
        levels, depths = [image], [depth]
        while cell_mm * 2 ** len(levels) <= _COARSEST_MM and min(levels[-1].shape) > 8:
            levels.append(halved(levels[-1]))
            depths.append(halved(depths[-1]))
        added, finer = np.zeros(levels[-1].shape, np.float32), np.zeros(depth.shape, np.float32)
        for k in range(len(levels) - 2, -1, -1):
            cell = cell_mm * 2**k
            band, power = _band(levels[k], levels[k + 1])
            power /= np.maximum(noise(_PEAK / cell, depths[k]), np.float32(1e-12)) * np.float32(_WHITE / cell**2)
            np.maximum(power, np.float32(1e-3), out=power)
            ratio = np.float32(1) / power
            added = self._raised(band, _structure(ratio, _MARGIN), added, cell)
            if k == 0:
                quiet, raised = self.gains(0.5 * cell_mm)
                finer = _structure(ratio, _MARGIN_ABOVE) * np.float32(raised - quiet) + np.float32(quiet)
        return added, finer

    def _raised(self, band: F32, structure: F32, coarser: F32, cell_mm: float) -> F32:
        """The band, as far as it is added, on top of what is added of the coarser ones. Uses the band up."""
        quiet, raised = self.gains(cell_mm)
        share, more = enlarged(structure, 2, band.shape), enlarged(coarser, 2, band.shape)
        for start in range(0, len(band), _ROWS):
            part = band[start : start + _ROWS]
            stop = start + len(part)
            gain = share.rows(start, stop)
            gain *= np.float32(raised - quiet)
            gain += np.float32(quiet)
            gain *= part
            np.abs(part, out=part)
            part *= np.float32(1 / self.soft_limit)
            edge = part * np.float32(1 / _EDGE)
            edge *= edge
            edge *= edge
            edge += 1
            part += 1
            part *= edge
            np.divide(gain, part, out=part)
            part += more.rows(start, stop)
        return band


def _band(fine: F32, coarse: F32) -> tuple[F32, F32]:
    """What the finer level holds beyond the coarser, and its mean square about each pixel of the coarser."""
    smooth, band = enlarged(coarse, 2, fine.shape), np.empty(fine.shape, np.float32)
    power = np.empty(coarse.shape, np.float32)
    for start in range(0, len(fine), _ROWS):
        stop = min(start + _ROWS, len(fine))
        part = np.subtract(fine[start:stop], smooth.rows(start, stop), out=band[start:stop])
        power[start // 2 : -(-stop // 2)] = halved(part * part)
    return band, _spread(power)


def _spread(power: F32) -> F32:
    """Means over 3 x 3 pixels, weighted 1 2 1 along both axes; edges repeated."""
    wide = np.pad(power, 1, mode="edge")
    tall = wide[:-2] + wide[2:] + 2 * wide[1:-1]
    return np.asarray((tall[:, :-2] + tall[:, 2:] + 2 * tall[:, 1:-1]) / np.float32(16))


def _structure(ratio: F32, margin: float) -> F32:
    """How much of a band is structure, 0 to 1, by noise over power."""
    return np.asarray(np.maximum(1 - np.float32(margin) * ratio, np.float32(0)))
