"""The ideal observer: how well a detector shows a known small difference, on a known background and in tissue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from phantom.arrays import F32, Bools, Floats
from phantom.imaging.structure import Structure

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
    primary_kev : float
        The part of it that is not scatter, which the tissue's structure is a part of.
    """

    signal_kev: F32
    mask: Bools
    mean_kev: float
    energy_kev: float
    primary_kev: float = 0.0


def detectability(
    differences: Sequence[Difference], pitch_mm: float, converter: DetectorResponse
) -> tuple[Floats, Floats]:
    """SDNR and d′ of each difference on a uniform background: the first two of `detectability_in`."""
    smooth = Structure(np.zeros(len(differences)), np.ones(len(differences)))
    return detectability_in(differences, smooth, pitch_mm, converter)[:2]


def detectability_in(
    differences: Sequence[Difference], structure: Structure, pitch_mm: float, converter: DetectorResponse
) -> tuple[Floats, Floats, Floats]:
    """SDNR, d′ and structured d′ of each difference.

    SDNR is the mean difference over its mask, after blur, over the standard deviation of one
    pixel. d′ is that of the ideal observer who knows the signal and the background's mean
    (Barrett & Myers 2004): d′² = ∫ |ΔS(f)|² MTF²(f) / NPS(f) df. Structured d′ is that of the best linear
    (Hotelling) observer, to whom tissue is noise too: NPS(f) + W(f) MTF²(f) instead, W the tissue's power there.

    Returns
    -------
    sdnr, dprime, structured : (n,) float64
    """
    out = np.zeros((3, len(differences)))
    for which, shape in _batches(differences):
        some = [differences[i] for i in which]
        out[:, which] = _batch(some, structure.take(which), shape, pitch_mm, converter)
    return out[0], out[1], out[2]


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
    some: Sequence[Difference],
    structure: Structure,
    shape: tuple[int, int],
    pitch_mm: float,
    converter: DetectorResponse,
) -> tuple[Any, Any, Any]:
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
    transfer = np.asarray(converter.transfer(fy, fx), np.float32)
    spectrum = rfft2(signal, workers=1) * transfer
    # each column of a half spectrum stands for two, except the first and the last
    twice = np.full(fx.size, 2.0)
    twice[0] = twice[-1] = 1.0
    pixels = shape[0] * shape[1]
    energies = twice * (spectrum.real**2 + spectrum.imag**2)
    squared = (energies / power).sum(axis=(1, 2)) / pixels
    structured = squared
    if structure.at_one.any():
        frequency = np.hypot(fy, fx)
        # the mean distance from the middle of a cell of frequencies stands for the cell at 0
        frequency[0, 0] = 0.38 * np.sqrt(fx[1] * abs(fy[1, 0]))
        primary = np.array([one.primary_kev for one in some])[:, None, None]
        tissue = (primary / pitch_mm) ** 2 * structure.power(frequency) * transfer**2
        structured = (energies / (power + tissue)).sum(axis=(1, 2)) / pixels
    variance = (twice * np.broadcast_to(power, spectrum.shape)).sum(axis=(1, 2)) / pixels
    blurred = irfft2(spectrum, s=shape, workers=1)
    seen = (blurred * mask).sum(axis=(1, 2)) / np.maximum(mask.sum(axis=(1, 2)), 1)
    return seen / np.sqrt(variance), np.sqrt(squared), np.sqrt(structured)
