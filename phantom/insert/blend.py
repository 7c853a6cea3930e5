"""Calcifications put into a picture: what they take of its signal, blurred as it is, with the noise that is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from phantom.arrays import F32, U16, Floats
from phantom.exam.measure import Placed
from phantom.geometry.grid import Grid
from phantom.imaging import beam as beams
from phantom.imaging.refilter import REACH, refiltered
from phantom.insert.background import Background, background
from phantom.insert.blur import Blur, blur_of
from phantom.insert.estimate import Estimates, values_of
from phantom.insert.picture import Picture
from phantom.insert.placing import Body, add_bodies, box_of, moved
from phantom.insert.response import Response
from phantom.insert.unit import Unit
from phantom.recipe.seed import Seed

_DETAIL_MM = 0.12  # sd of a Gaussian: what is finer a display raises like noise (half at 1.6 cycles/mm; estimate)
_PLAIN = 0.5  # log exposure: detail that stands out so far is raised by seven tenths as much as faint detail (estimate)
_LEAST_CHANGE = 1e-5  # of the signal: less is no change


@dataclass(frozen=True, eq=False)
class Canvas:
    """A picture ready to take calcifications.

    Attributes
    ----------
    picture, found, unit, under, blur
        The picture and what is known of it.
    """

    picture: Picture
    found: Estimates
    unit: Unit
    under: Background
    blur: Blur

    @property
    def response(self) -> Response | None:
        """How values follow the exposure, of a displayed picture."""
        return self.under.response

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.picture.pixels.shape
        return rows, columns

    @property
    def grid(self) -> Grid:
        """The picture's pixels: chest wall at x = 0, top at y = 0."""
        half = 0.5 * self.picture.spacing_mm
        return Grid(self.shape, self.picture.spacing_mm, (half, half))

    def at(self, cells: Any, rows: Any, columns: Any) -> Any:
        """A map of cells at some pixels."""
        i = np.minimum(rows // self.under.step, cells.shape[0] - 1)
        j = np.minimum(columns // self.under.step, cells.shape[1] - 1)
        return cells[i, j]

    def relative_variance(self, rows: Any, columns: Any) -> F32:
        """Variance of the noise of some pixels over their signal squared."""
        value = self._level(self.at(self.found.segmented.level, rows, columns))
        sd = self.found.spectra.sd_at(value)
        if self.response is not None:
            sd = sd / np.maximum(self.response.gain(value), 1e-9)
        return np.asarray(sd**2, np.float32)

    def depth(self, box: tuple[slice, slice]) -> F32:
        """Minus the logarithm of the signal under a window, up to a constant."""
        if self.response is None:
            part = replace(self.picture, pixels=self.picture.pixels[box])
            return values_of(part, self.unit.offset_dn)
        table = self.response.depth_of(np.arange(self.picture.largest + 1)).astype(np.float32)
        return np.asarray(table[self.picture.pixels[box]])

    def raised(self, f_per_mm: Floats) -> Floats:
        """By how much more than the finest noise a display raises what has this frequency."""
        more = 0.0 if self.response is None else self.response.raised - 1
        return np.asarray(1 + more * np.exp(-2 * (np.pi * _DETAIL_MM * np.asarray(f_per_mm)) ** 2))

    def depth_noise(self, f_per_mm: float, depth: F32) -> F32:
        """Noise power of a linear picture's optical depth, mm^2, at a frequency behind such depths, as measured."""
        power = self.found.spectra
        sd = power.sd_at(depth - np.float32(np.log(max(self.under.air, 1e-9))))
        return np.asarray(power.noise_at(f_per_mm) * (sd / max(power.noise_sd, 1e-12)) ** 2, np.float32)

    def _level(self, brightness: F32) -> Floats:
        """What the spectra were measured in, from the brightness: minus ln of the signal, or grey values."""
        if self.response is not None:
            return np.asarray(brightness * self.picture.largest, np.float64)
        dn = np.exp(-brightness * np.log(max(self.picture.largest, 2))) * self.picture.largest
        return np.asarray(-np.log(np.maximum(dn - self.unit.offset_dn, 1.0)), np.float64)


def canvas(picture: Picture, found: Estimates, unit: Unit, contrast: float | None = None) -> Canvas:
    """Estimate what is needed to put something into a picture; `contrast` as in `response.displayed`."""
    blur = blur_of(found.spectra, unit, 0.0 if picture.linear else 1 / 12)
    return Canvas(picture, found, unit, background(picture, found, unit, contrast), blur)


def blended(on: Canvas, placed: Sequence[Placed], seed: Seed, bodies: Sequence[Body] = ()) -> U16:
    """The picture's pixels with calcifications in them, and with the bodies that these live in.

    The primary signal is multiplied by what each grain lets through in place of the tissue it displaces, the
    change is blurred as the picture is, and noise is added for the quanta that are lost: what is left of a
    Poisson process by chance p has the variance p, while the picture's noise was only scaled to p². Pixels
    that nothing reaches keep their values. A display raises grains as it raises detail; bodies, which are larger,
    are given the gain that it has at their grey level, and no more.
    """
    picture, out = on.picture, on.picture.pixels.copy()
    if not placed and not bodies:
        return out
    box = box_of(placed, on.shape, 2 * REACH, bodies)
    lost, of_bodies = _lost(on, placed, bodies, box)
    blurred = _blurred(on, lost)
    left = 1 - np.clip(blurred, -2.0, 0.999) + _noise(on, lost, box, seed)
    reached = np.abs(blurred) > _LEAST_CHANGE
    values = picture.pixels[box][reached].astype(np.float64)
    if on.response is None:
        values = on.unit.offset_dn + (values - on.unit.offset_dn) * left[reached]
    else:
        depth = -np.log(np.maximum(left, 1e-3))
        depth += _raised(on, blurred, _blurred(on, of_bodies) if bodies else np.zeros_like(blurred))
        values = on.response.moved(values, depth[reached].astype(np.float64))
    out[box][reached] = np.clip(np.floor(values + 0.5), 0, picture.largest).astype(np.uint16)
    return out


def _blurred(on: Canvas, lost: F32) -> F32:
    return refiltered(np.zeros_like(lost), lost, on.picture.spacing_mm, lambda f: on.blur.transfer(0.0, f))


def _raised(on: Canvas, blurred: F32, of_bodies: F32) -> F32:
    """What the display adds to detail of some tenths of a millimetre: to all that is lost except by bodies.

    Faint detail is raised more than what is plain already, as displays do: the inside of large calcifications is not
    one flat white.
    """
    from scipy.ndimage import gaussian_filter

    assert on.response is not None
    if on.response.raised == 1.0:
        return np.zeros_like(blurred)
    depth = np.log(np.maximum(1 - of_bodies, np.float32(1e-3)) / np.maximum(1 - blurred, np.float32(1e-3)))
    detail = gaussian_filter(depth, _DETAIL_MM / on.picture.spacing_mm)
    return np.asarray((on.response.raised - 1) * detail / np.sqrt(1 + (detail / _PLAIN) ** 2), np.float32)


def _lost(on: Canvas, placed: Sequence[Placed], bodies: Sequence[Body], box: tuple[slice, slice]) -> tuple[F32, F32]:
    """The part of the signal that is lost under a window, before blur: in all, and by bodies alone."""
    spectrum, (rows, columns) = on.unit.spectrum, box
    shape = rows.stop - rows.start, columns.stop - columns.start
    g, a = (np.zeros(shape, np.float32) for _ in range(2))
    add_bodies(bodies, box, g, a)
    of_bodies = _less(on, g, a, box) if bodies else np.zeros(shape, np.float32)
    beams.add([one.stamp for one in moved(placed, rows.start, columns.start)], spectrum, g, a)
    return _less(on, g, a, box), of_bodies


def _less(on: Canvas, g: F32, a: F32, box: tuple[slice, slice]) -> F32:
    """The part of the signal that is lost where so much is added to the lengths (cm) under a window."""
    out = np.zeros_like(g)
    where = np.nonzero((g != 0) | (a != 0))
    i, j = where[0] + box[0].start, where[1] + box[1].start
    g0, a0, share = (on.at(cells, i, j) for cells in (on.under.g_cm, on.under.a_cm, on.under.share))
    primary = on.unit.spectrum.primary
    out[where] = (1 - primary(g0 + g[where], a0 + a[where]) / primary(g0, a0)) * share
    return out


def _noise(on: Canvas, lost: F32, box: tuple[slice, slice], seed: Seed) -> F32:
    """The noise of lost quanta under a window, over the signal; partly white, partly blurred, as the detector's is."""
    unit, detector = on.unit.detector.unit, on.unit.detector
    where = np.nonzero(lost > 0)
    kept = np.clip(1 - lost[where], 0.0, 1.0)
    sd = np.sqrt(on.relative_variance(where[0] + box[0].start, where[1] + box[1].start) * kept * (1 - kept))
    white = np.zeros_like(lost)
    white[where] = sd * seed.rng().standard_normal(len(sd), dtype=np.float32)
    part = unit.unblurred_noise_fraction
    if part >= 1:
        return white
    # both from one draw: the filter a + b T has nearly the power a² + b² T², and is scaled to a pixel's variance
    line = detector.transfer(0.0, np.fft.fftfreq(64, detector.pitch))
    square, mean = float(np.mean(line**2)) ** 2, float(np.mean(line)) ** 2
    total = part + (1 - part) * square
    a, b = np.sqrt(part / total), np.sqrt((1 - part) / total)
    scale = 1 / np.sqrt(a * a + b * b * square + 2 * a * b * mean)
    blurred = refiltered(np.zeros_like(white), white, detector.pitch, lambda f: detector.transfer(0.0, f))
    return np.asarray(scale * (a * white + b * blurred), np.float32)
