"""The outline that a breast takes under the paddle, as a shape without a size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from phantom.arrays import Floats

_SAMPLES = 200
_ROUND = math.radians(4.5)  # no outline has a corner at its foremost point


@dataclass(frozen=True)
class Silhouette:
    """The outline of the compressed breast in the view plane, in units of the half width of its base.

    Above its foremost point it is ``x = reach (1 - s**p)**(1/q)`` with s from 0 there to 1 at the chest
    wall, below it the same with other exponents. p = 1.5, q = 1 make it conical, 2 and 1 a parabola, 2 and 2 an
    ellipse. Fitted to the outlines of clinical views: laterally (up in CC) p 1.5 to 1.8 and q 1, medially p 2
    and q 1 to 2; in MLO views the lower part is short and round, and the nipple lies below the foremost point.

    Attributes
    ----------
    reach : float
        From the chest wall to the foremost point.
    upper, lower : (float, float)
        Exponents p and q above and below the foremost point.
    split : float
        Height of the part above the foremost point; the part below has 2 less this.
    droop : float
        How far the nipple lies below the foremost point.
    mound, mound_width : float
        How far the areola stands out of the outline, and over which distance along it that falls off.
    waves : tuple of (float, float)
        Unevenness: cosine and sine amplitudes, as fractions of the radius, of 3, 4, ... periods a full turn.
    """

    reach: float
    upper: tuple[float, float] = (1.7, 1.0)
    lower: tuple[float, float] = (2.0, 1.3)
    split: float = 1.0
    droop: float = 0.0
    mound: float = 0.0
    mound_width: float = 0.1
    waves: tuple[tuple[float, float], ...] = ()

    def radius(self, phi: Floats, foremost: float) -> Floats:
        """Radius in directions phi (n,), -pi/2 up to pi/2 down, from a point of the base.

        `foremost` is the y of the foremost point, counted from there; less than half a width of the base.
        """
        s = np.sin(np.linspace(0, 0.5 * math.pi, _SAMPLES))  # denser where the outline meets the chest wall
        x = np.concatenate([self._curve(s[::-1], self.upper), self._curve(s[1:], self.lower)])
        y = foremost + np.concatenate([-self.split * s[::-1], (2 - self.split) * s[1:]])
        at = np.arctan2(y, x)
        order = np.argsort(at, kind="stable")
        radius = np.interp(phi, at[order], np.hypot(x, y)[order])
        radius = _smoothed(radius, _ROUND / (phi[1] - phi[0]))
        turn = np.ones_like(phi)
        for k, (cosine, sine) in enumerate(self.waves, start=3):
            turn += cosine * np.cos(k * phi) + sine * np.sin(k * phi)
        return np.asarray(radius * turn)

    def raised(self, radius: Floats, phi: Floats, nipple: float) -> Floats:
        """The radius with the areola's mound in the direction of the nipple."""
        along = (phi - nipple) * np.interp(nipple, phi, radius) / self.mound_width
        return np.asarray(radius + self.mound * np.exp(-along * along))

    def _curve(self, s: Floats, exponents: tuple[float, float]) -> Floats:
        p, q = exponents
        return np.asarray(self.reach * np.maximum(1 - s**p, 0.0) ** (1 / q))


def _smoothed(values: Floats, sigma: float) -> Floats:
    """A Gaussian mean; at both ends the slope goes on."""
    reach = math.ceil(3 * sigma)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    ends = 2 * values[0] - values[reach:0:-1], 2 * values[-1] - values[-2 : -reach - 2 : -1]
    padded = np.concatenate([ends[0], values, ends[1]])
    return np.asarray(np.convolve(padded, weights / weights.sum(), mode="valid"))
