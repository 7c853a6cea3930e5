"""The table of `phantom qa`: what was measured beside what is published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from phantom.imaging.detector import Detector
from phantom.imaging.scatter import CELL_MM, Scatter
from phantom.imaging.spectrum import load
from phantom.qa import acr, cdmam, measures, visibility
from phantom.qa.bench import Bench
from phantom.recipe.seed import Seed

_ANGLE_DEG = 3.0
_EDGE_PX = 256
# behind the paddle, mm Al: clinical ranges as surveys report them
_HVL = {("W/Rh", 28): (0.50, 0.54), ("W/Ag", 29): (0.55, 0.58), ("Mo/Mo", 28): (0.33, 0.37)}


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    quantity : str
    measured : float
    lo, hi : float or None
        The range it should lie in; None where there is no limit on that side.
    reference : str
        The published value, and whose it is.
    """

    quantity: str
    measured: float
    lo: float | None
    hi: float | None
    reference: str

    @property
    def passed(self) -> bool:
        """Whether it lies in its range."""
        return (self.lo is None or self.measured >= self.lo) and (self.hi is None or self.measured <= self.hi)


def rows(detector: Detector, seed: Seed, *, images: int = 16, dose_images: int = 16) -> Iterator[Row]:
    """Measure a detector: one row after another.

    Parameters
    ----------
    detector : Detector
    seed : Seed
        Of the noise.
    images : int
        CDMAM images, at least 4.
    dose_images : int
        CDMAM images at each of four doses; 0 leaves the dose exponent of CDMAM out.
    """
    yield from _beams()
    yield from _edge(detector)
    yield from _noise(detector, seed.child("noise"))
    yield from _scatter(detector)
    yield from _aluminium(detector, seed.child("aluminium"))
    yield from _discs(detector, seed.child("cdmam"), images, dose_images)
    yield from _accreditation(detector)
    yield from _calcification(detector)


def _beams() -> Iterator[Row]:
    for (name, kv), (lo, hi) in _HVL.items():
        middle = 0.5 * (lo + hi)
        yield Row(
            f"half-value layer {name} {kv} kV, mm Al",
            load(name, kv).hvl_mm_al,
            0.94 * middle,
            1.06 * middle,
            f"{lo:.2f}-{hi:.2f}, surveys",
        )


def _edge(detector: Detector) -> Iterator[Row]:
    bench = Bench(detector)
    share = measures.half_plane(_EDGE_PX, _ANGLE_DEG).astype(np.float32)
    grid = bench.window(_EDGE_PX * detector.pitch)
    # a thin edge: the mean path of a pixel that it crosses stands for the mean signal
    paths = bench.paths(grid, 40.0, {"pmma": 40.0, "aluminium": (1 - share) * np.float32(0.1)})
    image = detector.blurred(bench.signal(paths), None)
    f, mtf = measures.edge_mtf(image, _ANGLE_DEG, detector.pitch)
    for at in (1, 2, 5):
        expected = float(detector.mtf(at))
        yield Row(
            f"MTF at {at}/mm",
            float(np.interp(at, f, mtf)),
            expected - 0.02,
            expected + 0.02,
            f"{expected:.3f}, the detector's curve",
        )


def _noise(detector: Detector, seed: Seed) -> Iterator[Row]:
    system, count = detector.unit, 12
    for kerma in (50.0, 100.0, 200.0):
        # about 1,400 independent powers below 0.6/mm: 2.7 % (one sd); electronic noise takes up to 1.5 %
        dqe = measures.zero_frequency_dqe(detector, kerma, count, seed.child("dqe", int(kerma)))
        yield Row(
            f"DQE(0) at {kerma:.0f} uGy",
            dqe,
            0.90 * system.dqe0,
            1.08 * system.dqe0,
            f"{system.dqe0:.2f}, the detector's",
        )
    fields = measures.flats(detector, 100.0, count, seed.child("nnps"))
    f, power = measures.noise_power(fields, detector.pitch)
    mean, energy = 100.0 * detector.calibration[0], measures.flat(detector, 100.0).energy_kev.at(0, 0)
    axis = np.fft.fftfreq(len(f), detector.pitch)
    model = detector.noise_power(axis[:, None], axis, mean, energy) / mean**2 * detector.pitch**2
    for at in (0.5, 2.0, 4.0):
        expected, got = 1e6 * measures.ring(f, model, at), 1e6 * measures.ring(f, power, at) / 100.0**2
        # at least 350 independent powers of 11 images: 1.6 % (one sd)
        yield Row(f"NNPS at {at:g}/mm, um2", got, 0.92 * expected, 1.08 * expected, f"{expected:.2f}, the detector's")
    given = np.array([10.0, 25.0, 50.0, 100.0, 200.0, 300.0])
    stacks = [measures.flats(detector, float(k), 4, seed.child("linear", i), (128, 128)) for i, k in enumerate(given)]
    means = np.array([s.mean() for s in stacks])
    variance = np.array([(s - s.mean(axis=0)).var() * 4 / 3 for s in stacks])
    yield Row("linearity, R2", float(np.corrcoef(given, means)[0, 1] ** 2), 0.999, None, "above 0.999")
    slope, rest = np.polyfit(given, variance, 1, w=1 / given)
    for k in (50.0, 200.0):
        share = slope * k / (slope * k + max(rest, 0.0))
        yield Row(f"quantum share of the variance at {k:.0f} uGy", float(share), 0.95, 1.0, "above 0.95")
    yield Row("mean value in units of kerma, at 100 uGy", float(means[3]), 99.0, 101.0, "100 uGy given")


def _scatter(detector: Detector) -> Iterator[Row]:
    n = round(200 / CELL_MM) + 60
    y, x = np.mgrid[:n, :n] - 0.5 * (n - 1)
    inside = np.hypot(x, y) * CELL_MM < 100
    for cm in (2, 4, 6, 8):
        thick = np.where(inside, 10.0 * cm, 0).astype(np.float32)
        light = np.where(inside, np.exp(-0.6 * cm), 1.0).astype(np.float32)
        scatter_signal = Scatter(grid=False).scatter_signal(
            light, thick, CELL_MM, "Mo/Mo", chest_wall_left=False, breast_only=True
        )
        boone = 1 / (-2.35452817 + 22.3960980 * 20**-1.5 + 8.85064260 * cm**-0.5)
        yield Row(f"scatter/primary, {cm} cm, no grid", scatter_signal.at(n // 2, n // 2) / float(light[n // 2,
        n // 2]), 0.85 * boone, 1.15 * boone,
                  f"{boone:.3f}, Boone & Cooper 2000")  # fmt: skip
    ratio = Bench(detector).scatter_ratio(50.0)
    yield Row("scatter/primary, 5 cm, grid", ratio, 0.05, 0.20, "0.05-0.20, grids in the literature")


def _aluminium(detector: Detector, seed: Seed) -> Iterator[Row]:
    bench = Bench(detector, 53.0)
    grid = bench.window(20.0)
    step = np.zeros(grid.shape, np.float32)
    step[:, grid.shape[1] // 2 :] = 0.2
    image = detector.kerma_ugy(
        bench.image(bench.signal(bench.paths(grid, 45.0, {"pmma": 45.0, "aluminium": step})), seed)
    )
    half, off = grid.shape[1] // 2, round(2 / grid.pitch_mm)
    plain, behind = image[:, off : half - off], image[:, half + off : -off]
    contrast = 1 - float(behind.mean() / plain.mean())
    spectrum = bench.spectrum
    exact = 1 - spectrum.signal(pmma=45, aluminium=0.2) / spectrum.signal(pmma=45)
    expected = exact / (1 + bench.scatter_ratio(45.0))
    yield Row(
        "contrast of 0.2 mm Al behind 45 mm PMMA",
        contrast,
        0.97 * expected,
        1.03 * expected,
        f"{expected:.3f}, whole spectrum and scatter",
    )
    yield Row(
        "SDNR of 0.2 mm Al behind 45 mm PMMA",
        float((plain.mean() - behind.mean()) / plain.std()),
        2.0,
        None,
        "ACR: CNR at least 2",
    )


def _discs(detector: Detector, seed: Seed, images: int, dose_images: int) -> Iterator[Row]:
    bench = Bench(detector)
    reading = cdmam.read(bench, images, seed.child("clinical"), cdmam.CLINICAL_MM)
    found = cdmam.smoothed_um(cdmam.CLINICAL_MM, cdmam.thresholds_um(reading))
    # a smoothed threshold of 16 images is known to 9 % (one sd, by repeating it); two are allowed
    slack = float(np.exp(2 * 0.09 * np.sqrt(16 / images)))
    for d, um in zip(cdmam.CLINICAL_MM, found, strict=True):
        acceptable, achievable = cdmam.limits_um(d)
        human = float(um) * cdmam.human_factor(d)
        limits = f"EUREF acceptable {acceptable:.3f}, achievable {achievable:.3f}"
        yield Row(
            f"CDMAM threshold {d:.2f} mm, um gold (human)", human, 0.3 * achievable / slack, acceptable * slack, limits
        )
    if dose_images:
        exponent = cdmam.dose_exponent(bench, dose_images, seed.child("dose"))
        yield Row("CDMAM threshold contrast, dose exponent", exponent, -0.6, -0.4, "-0.5, quantum limited")


def _accreditation(detector: Detector) -> Iterator[Row]:
    bench = Bench(detector, acr.THICKNESS_MM)
    for phantom in (acr.SMALL, acr.DIGITAL):
        for count, least, what in zip(
            acr.seen(bench, phantom), phantom.least, ("fibres", "speck groups", "masses"), strict=True
        ):
            yield Row(f"{phantom.name}: {what} seen", float(count), float(least), None, f"at least {least} to pass")


def _calcification(detector: Detector) -> Iterator[Row]:
    published = {0.10: 1.3, 0.14: 3.0, 0.16: 4.0, 0.20: 6.4, 0.30: 14.7}
    model = visibility.published_model(100.0, tuple(published))
    for (d, value), got in zip(published.items(), model, strict=True):
        yield Row(
            f"ideal observer's d' of {d:.2f} mm, model detector",
            float(got),
            0.85 * value,
            1.15 * value,
            f"{value:g}, its assumptions",
        )
    bench = Bench(detector, 50.0)
    least = visibility.threshold_mm(visibility.curve(bench))
    yield Row("just-visible calcification in 5 cm, mm", least, 0.12, 0.22, "0.15-0.18 at 100 uGy and DQE 0.55")
    yield Row("its dose exponent", visibility.dose_exponent(bench), -0.26, -0.16, "-0.21")
