"""Calcifications put into a picture, and their truth measured against the picture's own noise and structure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.arrays import F32, U16, Floats
from phantom.exam.truth import CalcificationTruth, Exposed, FindingTruth, Placed, measure
from phantom.geometry.grid import Grid
from phantom.imaging import beam as beams
from phantom.imaging.quantities import Coarse, Signal
from phantom.imaging.refilter import refiltered
from phantom.insert.background import Background, background
from phantom.insert.estimate import Estimates
from phantom.insert.picture import Picture
from phantom.insert.response import Response
from phantom.insert.unit import Unit
from phantom.recipe.seed import Seed

VISIBLE_DPRIME = 4.0
_DETAIL_MM = 0.12  # sd of a Gaussian: what is finer a display raises like noise (half at 1.6 cycles/mm; estimate)


@dataclass(frozen=True, eq=False)
class Canvas:
    """A picture ready to take calcifications.

    Attributes
    ----------
    picture, found, unit, under
        The picture and what is known of it.
    """

    picture: Picture
    found: Estimates
    unit: Unit
    under: Background

    @property
    def response(self) -> Response | None:
        """How values follow the exposure, of a displayed picture."""
        return self.under.response

    @property
    def grid(self) -> Grid:
        """The picture's pixels: chest wall at x = 0, top at y = 0."""
        half = 0.5 * self.picture.spacing_mm
        return Grid(self.picture.pixels.shape, self.picture.spacing_mm, (half, half))  # type: ignore[arg-type]


def canvas(picture: Picture, found: Estimates, unit: Unit, contrast: float | None = None) -> Canvas:
    """Estimate what is needed to put something into a picture; `contrast` as in `response.displayed`."""
    return Canvas(picture, found, unit, background(picture, found, unit, contrast))


def blended(on: Canvas, placed: Sequence[Placed], seed: Seed) -> U16:
    """The picture's pixels with calcifications in them.

    The primary signal is multiplied by what each grain lets through in place of the tissue it displaces, the
    change is blurred as the detector blurs, and noise is added for the quanta that are lost: what is left of a
    Poisson process by chance p has the variance p, while the picture's noise was only scaled to p². Pixels
    that nothing reaches keep their values.
    """
    picture, detector = on.picture, on.unit.detector
    lost = _lost(on, placed)
    if lost is None:
        return picture.pixels.copy()
    where, share = lost
    change = np.zeros(picture.pixels.shape, np.float32)
    change.reshape(-1)[where] = share
    blurred = refiltered(np.zeros_like(change), change, picture.spacing_mm, lambda f: detector.transfer(0.0, f))
    reached = np.flatnonzero(np.abs(blurred.reshape(-1)) > 1e-6)
    gone = np.clip(blurred.reshape(-1)[reached], -2.0, 0.999).astype(np.float64)
    relative = _noise(on, where, share, seed).reshape(-1)[reached]
    values = picture.pixels.reshape(-1)[reached].astype(np.float64)
    if on.response is None:
        offset = on.unit.offset_dn
        values = offset + (values - offset) * (1 - gone + relative)
    else:
        depth = -np.log(np.maximum(1 - gone + relative, 1e-3)) + _raised(on, blurred, reached)
        values = on.response.moved(values, depth)
    out = picture.pixels.copy()
    out.reshape(-1)[reached] = np.clip(np.floor(values + 0.5), 0, picture.largest).astype(np.uint16)
    return out


def _raised(on: Canvas, blurred: F32, reached: Any) -> Floats:
    """What the display adds to detail of some tenths of a millimetre."""
    from scipy.ndimage import gaussian_filter

    assert on.response is not None
    if on.response.raised == 1.0:
        return np.zeros(len(reached))
    depth = -np.log(np.maximum(1 - blurred, 1e-3))
    smooth = gaussian_filter(depth, _DETAIL_MM / on.picture.spacing_mm)
    return np.asarray((on.response.raised - 1) * smooth.reshape(-1)[reached], np.float64)


def _lost(on: Canvas, placed: Sequence[Placed]) -> tuple[Any, F32] | None:
    """Flat indices of pixels under shadows, and the part of their signal that is lost, before blur."""
    if not placed:
        return None
    shape, spectrum = on.picture.pixels.shape, on.unit.spectrum
    g, a = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    beams.add([one.stamp for one in placed], spectrum, g, a)
    where = np.flatnonzero((g != 0) | (a != 0))
    if not where.size:
        return None
    rows, columns = np.divmod(where, shape[1])
    g0, a0, share = (_at(on.under, cells, rows, columns) for cells in (on.under.g_cm, on.under.a_cm, on.under.share))
    before = spectrum.primary(g0, a0)
    after = spectrum.primary(g0 + g.reshape(-1)[where], a0 + a.reshape(-1)[where])
    return where, np.asarray((1 - after / before) * share, np.float32)


def _at(under: Background, cells: F32, rows: Any, columns: Any) -> F32:
    """A map of cells at some pixels."""
    i = np.minimum(rows // under.step, cells.shape[0] - 1)
    j = np.minimum(columns // under.step, cells.shape[1] - 1)
    return np.asarray(cells[i, j], np.float32)


def relative_variance(on: Canvas, rows: Any, columns: Any) -> F32:
    """Variance of the noise of some pixels over their signal squared."""
    power, s, step = on.found.spectra, on.found.segmented, on.under.step
    i = np.minimum(rows // step, s.level.shape[0] - 1)
    j = np.minimum(columns // step, s.level.shape[1] - 1)
    value = values_at(on, s.level[i, j])
    sd = power.sd_at(value)
    if on.response is not None:
        sd = sd / np.maximum(on.response.gain(value), 1e-9)
    return np.asarray(sd**2, np.float32)


def values_at(on: Canvas, brightness: F32) -> Floats:
    """What the spectra were measured in, from the segmentation's brightness: ln of the signal, negative, or grey values."""
    if on.response is not None:
        return np.asarray(brightness * on.picture.largest, np.float64)
    dn = np.exp(-brightness * np.log(max(on.picture.largest, 2))) * on.picture.largest
    return np.asarray(-np.log(np.maximum(dn - on.unit.offset_dn, 1.0)), np.float64)


def _noise(on: Canvas, where: Any, share: F32, seed: Seed) -> F32:
    """(rows, columns): the noise of lost quanta, over the signal; 0 away from the shadows."""
    shape = on.picture.pixels.shape
    rows, columns = np.divmod(where, shape[1])
    p = np.clip(1 - share, 0.0, 1.0)
    sd = np.sqrt(relative_variance(on, rows, columns) * p * (1 - p))
    white = np.zeros(shape, np.float32)
    white.reshape(-1)[where] = sd * seed.rng().standard_normal(len(where), dtype=np.float32)
    system, detector = on.unit.detector.system, on.unit.detector
    if system.white_share >= 1:
        return white
    # as the detector's noise: partly white, partly as blurred as the signal; one pixel's variance is kept
    f = np.fft.fftfreq(64, detector.pitch)
    kept = float(np.mean(detector.transfer(0.0, f) ** 2)) ** 2
    blurred = refiltered(np.zeros_like(white), white, detector.pitch, lambda at: detector.transfer(0.0, at))
    total = system.white_share + (1 - system.white_share) * kept
    a, b = np.sqrt(system.white_share / total), np.sqrt((1 - system.white_share) / total)
    # both from one draw: their sum in quadrature would need two, and the filter a + b T has nearly the same power
    scale = 1 / np.sqrt(a * a + b * b * kept + 2 * a * b * float(np.mean(detector.transfer(0.0, f))) ** 2)
    return np.asarray(scale * (a * white + b * blurred), np.float32)


@dataclass(frozen=True, eq=False)
class _Seen:
    """The picture's own noise, and its tissue if that is to count too, as the observer asks for it."""

    on: Canvas
    structured: bool

    def transfer(self, fy: Floats, fx: Floats) -> Floats:
        """The detector's blur."""
        return self.on.unit.detector.transfer(fy, fx)

    def noise_power(self, fy: Floats, fx: Floats, mean_kev: Floats, energy_kev: Floats) -> Floats:
        """Power over a pixel's area; `energy_kev` is the relative variance of a pixel there."""
        power, area = self.on.found.spectra, self.on.picture.spacing_mm**2
        f = np.hypot(fy, fx)
        shape = power.noise_at(f) / max(power.noise_sd**2 * area, 1e-30)
        total = np.asarray(energy_kev) * shape
        if self.structured:
            median = float(np.median(power.levels))
            gain = 1.0 if self.on.response is None else float(self.on.response.gain(median))
            total = total + power.anatomy(f) / (gain**2 * area)
        return np.asarray(np.asarray(mean_kev) ** 2 * total)


def measured(
    on: Canvas, placed: Sequence[Placed], image_id: str
) -> tuple[tuple[FindingTruth, ...], tuple[CalcificationTruth, ...], Floats]:
    """The truth of what is put into a picture, and the d' of each grain against noise and the picture's own structure."""
    under, spectrum = on.under, on.unit.spectrum
    g, a = under.on_pixels(under.g_cm), under.on_pixels(under.a_cm)
    beams.add([one.stamp for one in placed], spectrum, g, a)
    shape = on.picture.pixels.shape
    rows, columns = (np.arange(n) * under.step + under.step // 2 for n in under.g_cm.shape)
    variance = relative_variance(on, np.minimum(rows, shape[0] - 1)[:, None], np.minimum(columns, shape[1] - 1)[None, :])
    signal = Signal(
        np.zeros((0, 0), np.float32),
        Coarse(under.scatter, under.step, shape),  # type: ignore[arg-type]
        Coarse(variance, under.step, shape),  # type: ignore[arg-type]
        1.0,
    )
    exposed = Exposed(on.grid, (0, 0), shape, g, a, signal)  # type: ignore[arg-type]
    findings, grains = measure(image_id, placed, exposed, spectrum, _Seen(on, False))
    _, again = measure(image_id, placed, exposed, spectrum, _Seen(on, True))
    return findings, grains, np.array([grain.row["dprime"] for grain in again])
