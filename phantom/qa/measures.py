"""What physicists measure on flat fields, edges and steps."""

from __future__ import annotations

import numpy as np

from phantom.arrays import Floats
from phantom.imaging.detector import Detector
from phantom.imaging.materials import energies_kev
from phantom.imaging.quantities import Coarse, Signal
from phantom.imaging.spectrum import load
from phantom.recipe.seed import Seed

_OVER = 8  # bins per pixel of the edge


def flat(detector: Detector, kerma_ugy: float, shape: tuple[int, int] = (256, 256)) -> Signal:
    """A flat field of the reference beam (28 kV W/Rh, 2 mm Al) at the detector."""
    beam, energy = load("W/Rh", 28, detector.unit.converter), energies_kev()
    absorbed = beam.transmitted(aluminium=2.0) * beam.efficiency
    mean_energy = float(np.sum(absorbed * energy**2) / np.sum(absorbed * energy))
    maps = [Coarse(np.full((1, 1), v, np.float32), 1 << 20, shape) for v in (0.0, mean_energy)]
    return Signal(np.ones(shape, np.float32), maps[0], maps[1], kerma_ugy * detector.calibration[0])


def photons_per_ugy(detector: Detector) -> float:
    """Photons per mm2 and uGy of the reference beam."""
    beam = load("W/Rh", 28, detector.unit.converter)
    kerma = beam.ugy_per_mas * beam.kerma_ratio(aluminium=2.0)
    return float(np.sum(beam.transmitted(aluminium=2.0)) / kerma)


def flats(detector: Detector, kerma_ugy: float, count: int, seed: Seed, shape: tuple[int, int] = (256, 256)) -> Floats:
    """(count, rows, columns): flat fields in uGy."""
    signal = flat(detector, kerma_ugy, shape)
    fields = [detector.kerma_ugy(detector.expose(signal, seed.child(i)).pixels) for i in range(count)]
    return np.stack(fields)


def noise_power(fields: Floats, pitch_mm: float) -> tuple[Floats, Floats]:
    """Radial frequency (rows, columns) and noise power spectrum of flat fields, their squared unit x mm2.

    The fields' mean image is taken off first: what is fixed in the detector is not noise.
    """
    count, rows, columns = fields.shape
    noise = fields - fields.mean(axis=0)
    spectrum = (np.abs(np.fft.fft2(noise)) ** 2).sum(axis=0) / (count - 1) * pitch_mm**2 / (rows * columns)
    f = np.hypot(np.fft.fftfreq(rows, pitch_mm)[:, None], np.fft.fftfreq(columns, pitch_mm))
    return f, spectrum


def ring(f: Floats, spectrum: Floats, at: float, half_width: float = 0.3) -> float:
    """Mean noise power around a frequency, the zero frequency left out."""
    return float(spectrum[(np.abs(f - at) <= half_width) & (f > 0)].mean())


def zero_frequency_dqe(detector: Detector, kerma_ugy: float, count: int, seed: Seed) -> float:
    """Detective quantum efficiency towards 0 cycles/mm, from the noise below 0.6 cycles/mm."""
    f, spectrum = noise_power(flats(detector, kerma_ugy, count, seed), detector.pitch)
    low = (f > 0) & (f < 0.6)
    transfer = detector.mtf(f[low]) ** 2
    return float(np.mean(transfer) * kerma_ugy**2 / (np.mean(spectrum[low]) * photons_per_ugy(detector) * kerma_ugy))


def edge_mtf(image: Floats, angle_deg: float, pitch_mm: float) -> tuple[Floats, Floats]:
    """Presampled MTF from a slanted edge through the middle of an image, dark on the left.

    The edge's spread function in bins of an eighth of a pixel, differentiated and transformed; the transfer of
    binning and differencing is divided out (IEC 62220-1-2).

    Parameters
    ----------
    image : (n, n) float64
    angle_deg : float
        Of the edge against the columns.

    Returns
    -------
    f, mtf : float64
        Cycles/mm, and the transfer, 1 at 0.
    """
    size, turn = image.shape[0], np.radians(angle_deg)
    place = np.arange(size) - 0.5 * (size - 1)
    distance = (place[None, :] - np.tan(turn) * place[:, None]) * np.cos(turn)
    bins = np.floor(distance * _OVER).astype(int)
    first = int(bins.min())
    counts = np.bincount((bins - first).ravel())
    spread = np.bincount((bins - first).ravel(), np.asarray(image, float).ravel()) / np.maximum(counts, 1)
    half = min(60, size // 4) * _OVER
    spread = spread[-first - half : -first + half]
    line = np.diff(spread) * np.hanning(spread.size - 1)
    f = np.fft.rfftfreq(line.size, pitch_mm / _OVER)
    mtf = np.abs(np.fft.rfft(line))
    return f, mtf / mtf[0] / np.sinc(f * pitch_mm / _OVER) ** 2


def half_plane(size: int, angle_deg: float) -> Floats:
    """(size, size): the share of each pixel that lies right of a slanted edge through the middle."""
    fine = 32
    place = np.arange(size) - 0.5 * (size - 1)
    sub = (np.arange(size * fine) + 0.5) / fine - 0.5 * size
    beyond = sub[None, :] > np.tan(np.radians(angle_deg)) * place[:, None]
    return np.asarray(beyond.reshape(size, size, fine).mean(axis=2))
