"""The ideal observer: how well a detector shows a known small difference on a known background."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from phantom.arrays import F32, Bools, Floats

_MARGIN = 10  # pixels of padding: further than any converter's noise reaches
_SIZES = (16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512)
_BATCH = 1 << 19  # pixels that are transformed at a time


class DetectorResponse(Protocol):
    """What the observer must know of a detector, in units of keV absorbed per pixel."""

    def transfer(self, fy: Floats, fx: Floats) -> Floats:
        """The presampled MTF without the pixel's aperture, at frequencies in cycles/mm (broadcast)."""
        ...

    def noise_power(self, fy: Floats, fx: Floats, mean_kev: Floats, energy_kev: Floats) -> Floats:
        """Noise power over the pixel's area, keV²: its mean over all frequencies is a pixel's variance.

        `mean_kev` is the energy absorbed per pixel, scatter included, `energy_kev` its
        <E²>/<E>; all four broadcast.
        """
        ...


@dataclass(frozen=True, eq=False)
class Difference:
    """A difference of signals to be seen.

    Attributes
    ----------
    signal_kev : (rows, columns) float32
        Signal without it less signal with it, averaged over each pixel, before blur.
    mask : (rows, columns) bool
        Where it is said to be.
    mean_kev, energy_kev : float
        The background's mean signal per pixel there, scatter included, and its <E²>/<E>.
    """

    signal_kev: F32
    mask: Bools
    mean_kev: float
    energy_kev: float


def detectability(
    differences: Sequence[Difference], pitch_mm: float, converter: DetectorResponse
) -> tuple[Floats, Floats]:
    """SDNR and d′ of each difference.

    SDNR is the mean difference over its mask, after blur, over the standard deviation of one
    pixel. d′ is that of the ideal observer who knows the signal and the background's mean
    (Barrett & Myers 2004): d′² = ∫ |ΔS(f)|² MTF²(f) / NPS(f) df.

    Returns
    -------
    sdnr, dprime : (n,) float64
    """
    sdnr, dprime = np.zeros(len(differences)), np.zeros(len(differences))
    for which, shape in _batches(differences):
        some = [differences[i] for i in which]
        sdnr[which], dprime[which] = _batch(some, shape, pitch_mm, converter)
    return sdnr, dprime


def _batches(differences: Sequence[Difference]) -> Iterator[tuple[list[int], tuple[int, int]]]:
    """Indices of differences that fit the same padded window, and its shape."""
    groups: dict[tuple[int, int], list[int]] = {}
    for i, one in enumerate(differences):
        rows, columns = one.signal_kev.shape
        groups.setdefault((_padded(rows), _padded(columns)), []).append(i)
    for shape, members in groups.items():
        step = max(1, _BATCH // (shape[0] * shape[1]))
        for start in range(0, len(members), step):
            yield members[start : start + step], shape


def _padded(length: int) -> int:
    """The next quick length for a transform that leaves a margin."""
    wanted = length + _MARGIN
    for size in _SIZES:
        if size >= wanted:
            return size
    return 256 * -(-wanted // 256)


def _batch(
    some: Sequence[Difference], shape: tuple[int, int], pitch_mm: float, converter: DetectorResponse
) -> tuple[Any, Any]:
    from scipy.fft import irfft2, rfft2

    signal, mask = np.zeros((len(some), *shape), np.float32), np.zeros((len(some), *shape), bool)
    for i, one in enumerate(some):
        rows, columns = one.signal_kev.shape
        signal[i, :rows, :columns] = one.signal_kev
        mask[i, :rows, :columns] = one.mask
    fy = np.fft.fftfreq(shape[0], pitch_mm)[:, None]
    fx = np.fft.rfftfreq(shape[1], pitch_mm)
    mean = np.array([one.mean_kev for one in some])[:, None, None]
    energy = np.array([one.energy_kev for one in some])[:, None, None]
    power = converter.noise_power(fy, fx, mean, energy)
    spectrum = rfft2(signal, workers=1) * np.asarray(converter.transfer(fy, fx), np.float32)
    # each column of a half spectrum stands for two, except the first and the last
    twice = np.full(fx.size, 2.0)
    twice[0] = twice[-1] = 1.0
    pixels = shape[0] * shape[1]
    squared = (twice * (spectrum.real**2 + spectrum.imag**2) / power).sum(axis=(1, 2)) / pixels
    variance = (twice * np.broadcast_to(power, spectrum.shape)).sum(axis=(1, 2)) / pixels
    blurred = irfft2(spectrum, s=shape, workers=1)
    seen = (blurred * mask).sum(axis=(1, 2)) / np.maximum(mask.sum(axis=(1, 2)), 1)
    return seen / np.sqrt(variance), np.sqrt(squared)
