"""The detector: blur and quantum noise together, then electronic noise, gain and bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any

import numpy as np

from phantom.arrays import F32, U16, Floats
from phantom.errors import PhantomError, UsageError
from phantom.geometry.grid import Grid
from phantom.imaging import blur, mammography_units
from phantom.imaging.defects import PATTERN_SD, dead_pixels, fixed_pattern, repair
from phantom.imaging.deviates import Deviates, quantiles
from phantom.imaging.mammography_units import MammographyUnit
from phantom.imaging.materials import energies_kev
from phantom.imaging.quantities import ForProcessing, Signal
from phantom.imaging.refilter import refiltered
from phantom.imaging.spectrum import load as load_beam
from phantom.recipe import schema
from phantom.recipe.draw import Within
from phantom.recipe.messages import dotted
from phantom.recipe.seed import Seed

_ROWS = 32  # a strip that stays in the processor's cache


@dataclass(frozen=True)
class Detector:
    """The image receptor, by name, and what of it to change."""

    name: Annotated[str, "as `phantom detectors` lists it, or the path of a .toml file"] = "hologic-selenia-dimensions"
    binning: Annotated[int, Within(1, 16), "side of the square of pixels that are read as one, for quick looks"] = 1
    pitch_mm: Annotated[float | None, Within(0.02, 0.5, "mm"), "side of a pixel; left out: the detector's own"] = None
    rows: Annotated[int | None, Within(16, 20000), "before binning; left out: the detector's own"] = None
    columns: Annotated[int | None, Within(16, 20000), "before binning; left out: the detector's own"] = None
    noise: Annotated[bool, "quantum and electronic noise, fixed pattern"] = True
    file_text: Annotated[
        str | None, "what the .toml file says; left out: it is read, and a dataset's recipe holds it from then on"
    ] = None
    magnification: float = field(default=1.0, metadata={"recipe": False})

    def __post_init__(self) -> None:
        if self.pitch_mm is not None and not 0.02 <= self.pitch_mm <= 0.5:
            raise ValueError(f"pitch_mm = {self.pitch_mm:g}: must lie within 0.02 and 0.5")
        own_file = self.name.endswith(".toml")
        if self.file_text is None and own_file:
            object.__setattr__(self, "file_text", mammography_units.text(self.name))
        if self.file_text is not None and not own_file:
            raise ValueError("file_text goes with the name of a .toml file, not with that of a detector of phantom's")

    @staticmethod
    def from_recipe(table: Mapping[str, Any], where: str, problems: list[str]) -> Detector | None:
        """A detector from a recipe's table; None after all mistakes have been added, an unknown name among them."""
        before, name, text = len(problems), table.get("name"), table.get("file_text")
        if isinstance(name, str):
            try:
                mammography_units.load(name, text if isinstance(text, str) else None)
            except PhantomError as why:
                problems.append(f"{dotted(where, 'name')}: {why}")
                table = {key: value for key, value in table.items() if key not in ("name", "file_text")}
        made = schema.read_fields(Detector, table, where, problems)
        return made if len(problems) == before else None

    @cached_property
    def unit(self) -> MammographyUnit:
        """The machine, with this recipe's changes.

        Raises
        ------
        UsageError
            If there is no such detector, or its file is wrong.
        """
        named = mammography_units.load(self.name, self.file_text)
        changes = {k: v for k, v in (("pitch_mm", self.pitch_mm), ("rows", self.rows), ("columns", self.columns)) if v}
        if self.magnification > 1:
            # the breast's middle is magnified; the support lies half of 50 mm nearer
            changes["support_detector_mm"] = named.source_detector_mm * (1 - 1 / self.magnification) - 25
        return replace(named, **changes) if changes else named  # type: ignore[arg-type]

    def magnified(self, factor: float) -> Detector:
        """This detector for a magnification view: small focus, pixels and field smaller at the breast.

        Raises
        ------
        UsageError
            If the factor does not lie within 1.2 and 2.
        """
        if not 1.2 <= factor <= 2:
            raise UsageError(f"magnification = {factor:g}: must lie within 1.2 and 2")
        return replace(self, magnification=factor)

    @property
    def pixel_mm(self) -> float:
        """Side of a pixel that is read, at the detector."""
        return self.unit.pitch_mm * self.binning

    @property
    def pitch(self) -> float:
        """Side of a pixel that is read, at the breast: what images and truth are measured in."""
        return self.pixel_mm / self.magnification

    @property
    def grid(self) -> Grid:
        """The whole image: chest wall at x = 0, the middle of the field at y = 0."""
        unit = self.unit
        side = self.pitch / self.binning
        fine = Grid((unit.rows, unit.columns), side, (0.5 * side, 0.5 * side * (1 - unit.rows)))
        return fine.binned(self.binning)

    @cached_property
    def calibration(self) -> tuple[float, float, float]:
        """keV per uGy in a pixel, quantum variance over that of the absorbed quanta, electronic variance in keV^2.

        At the reference beam, 28 kV W/Rh behind 2 mm of aluminium. The second makes the zero-frequency DQE, quantum
        limited, the detector's `dqe0`: gain fluctuations and reabsorption beyond the absorbed quanta's own.
        """
        unit = self.unit
        beam = load_beam("W/Rh", 28, unit.converter)
        energy, photons = energies_kev(), beam.transmitted(aluminium=2.0)
        absorbed = photons * beam.efficiency
        first, second = float(np.sum(absorbed * energy)), float(np.sum(absorbed * energy**2))
        ideal = first**2 / (float(np.sum(photons)) * second)
        kerma = beam.ugy_per_mas * beam.kerma_ratio(aluminium=2.0)
        kev_per_ugy = first / kerma * unit.pitch_mm**2
        excess = ideal / unit.dqe0
        # of a pixel's variance, which is less than the quanta's own by what the blur takes
        f = np.linspace(0, 0.5 / self.pitch, 65)
        shape = (1 - unit.unblurred_noise_fraction) * float(
            np.mean(self._converter(0.0, f) ** 2)
        ) ** 2 + unit.unblurred_noise_fraction
        electronic = unit.electronic_ugy * kev_per_ugy * second / first * excess * shape
        n2 = self.binning**2
        return kev_per_ugy * n2, excess, electronic * n2

    def mtf(self, f_per_mm: Any) -> Any:
        """Presampled modulation transfer along a row or column: the square aperture's sinc x the converter's blur."""
        f = np.asarray(f_per_mm, float)
        return np.sinc(f * self.pitch) * self.transfer(0.0, f)

    def transfer(self, fy: Any, fx: Any) -> Floats:
        """What blurs the signal but the aperture: the converter, and in magnification the focal spot; broadcast."""
        return self._converter(fy, fx) * self._spot(fy) * self._spot(fx)

    def _converter(self, fy: Any, fx: Any) -> Floats:
        """exp(-(|fx|/f0)^n - (|fy|/f0)^n), cycles/mm at the breast."""
        unit = self.unit
        scaled = (np.abs(np.asarray(f, float)) / (unit.f0_per_mm * self.magnification) for f in (fy, fx))
        return np.asarray(np.exp(-sum(s**unit.n for s in scaled)))

    def _spot(self, f: Any) -> Floats:
        """A uniform small focus: its shadow at the breast is (M - 1)/M of it. In contact it is left out: 0.02 mm."""
        m = self.magnification
        return np.sinc(np.asarray(f, float) * self.unit.small_focus_mm * (m - 1) / m) if m > 1 else np.asarray(1.0)

    def noise_power(self, fy: Any, fx: Any, mean_kev: Any, energy_kev: Any) -> Floats:
        """Noise power over a pixel's area, keV^2: its mean over all frequencies is a pixel's variance.

        Quantum noise partly shaped by the blur, partly white (aliased), electronic noise, and the fixed pattern.
        """
        _, excess, electronic = self.calibration
        white, mean = self.unit.unblurred_noise_fraction, np.asarray(mean_kev, float)
        shape = (1 - white) * self._converter(fy, fx) ** 2 + white
        return np.asarray(
            mean * np.asarray(energy_kev, float) * excess * shape + electronic + (self._structure * mean) ** 2
        )

    def depth_noise(self, f_per_mm: float, depth: F32, air_kev: float, energy_kev: float) -> F32:
        """Noise power of the optical depth, mm^2, along a row or column, behind such depths; 0 without noise.

        Parameters
        ----------
        f_per_mm : float
        depth : array of float32
            ln of the open beam's signal over what is left of it.
        air_kev, energy_kev : float
            As in `Signal`: the open beam per pixel, and how noisy each keV is.
        """
        if not self.noise:
            return np.zeros_like(depth)
        _, excess, electronic = self.calibration
        white = self.unit.unblurred_noise_fraction
        shape = (1 - white) * float(self._converter(0.0, f_per_mm)) ** 2 + white
        per_kev, fixed = np.exp(depth) * np.float32(1 / air_kev), np.float32(self._structure**2)
        power = (per_kev * np.float32(electronic) + np.float32(energy_kev * excess * shape)) * per_kev + fixed
        return np.asarray(power * np.float32(self.pitch**2))

    @property
    def _structure(self) -> float:
        return self.unit.structure / self.binning

    def expose(
        self, signal: Signal, seed: Seed, offset: tuple[int, int] = (0, 0), full_shape: tuple[int, int] | None = None,
        blurred_kev: F32 | None = None,
    ) -> ForProcessing:  # fmt: skip
        """The image as the machine stores it for processing.

        Parameters
        ----------
        signal : Signal
            A window of the image; beside it lies the open beam.
        seed : Seed
            Of the noise: quantum, electronic and open-beam noise are its children.
        offset, full_shape : (int, int)
            Where the window lies in the whole image; by default it is the whole.
        blurred_kev : (rows, columns) float32
            What `blurred` gives, if it is known. It is used up.
        """
        kev = self.blurred(signal, seed) if blurred_kev is None else blurred_kev
        (top, left), (rows, columns) = offset, kev.shape
        pixels = np.empty(full_shape or kev.shape, np.uint16)
        self.digitise(kev, signal, seed, offset, pixels[top : top + rows, left : left + columns])
        beside = (
            pixels[:top],
            pixels[top + rows :],
            pixels[top : top + rows, :left],
            pixels[top : top + rows, left + columns :],
        )
        self._open_beam(signal, seed, beside)
        return ForProcessing(pixels)

    def blurred(self, signal: Signal, seed: Seed | None) -> F32:
        """Energy per pixel, keV, after the converter's blur: with the quantum noise that is blurred along, if there
        is a seed."""
        light = self._light(self._through_spot(signal), seed)
        return blur.through(signal.primary.shape, light, self.pitch, lambda f: self._converter(0.0, f))

    def reblurred(self, signal: Signal, before: Signal, blurred_kev: F32, seed: Seed) -> F32:
        """`blurred` of a signal whose primary differs from `before`'s in few places, from that one's: the same noise,
        and out of their reach the same bits."""
        then, shape = self._through_spot(before), before.primary.shape
        now = signal
        if self.magnification > 1:
            change = signal.primary - before.primary
            now = replace(signal, primary=refiltered(then.primary, change, self.pitch, self._spot))
        new, old, change = self._light(now, seed), self._light(then, seed), np.empty(shape, np.float32)
        was = np.empty((blur.ROWS, shape[1]), np.float32)
        for start in range(0, shape[0], blur.ROWS):
            part = change[start : start + blur.ROWS]
            new(start, start + len(part), part)
            old(start, start + len(part), was[: len(part)])
            part -= was[: len(part)]
        del then, now
        return refiltered(blurred_kev, change, self.pitch, lambda f: self._converter(0.0, f))

    def _through_spot(self, signal: Signal) -> Signal:
        """The signal as the focal spot blurs it, before there is any noise."""
        if self.magnification == 1:
            return signal
        primary = signal.primary

        def rows(start: int, stop: int, out: F32) -> None:
            out[...] = primary[start:stop]

        return replace(signal, primary=blur.through(primary.shape, rows, self.pitch, self._spot))

    def _light(self, signal: Signal, seed: Seed | None) -> Callable[[int, int, F32], None]:
        """What writes strip after strip of the mean signal, and the part of its quantum noise that is blurred with
        it."""
        air, (_, excess, _) = np.float32(signal.air_kev), self.calibration
        share = np.float32(excess * (1 - self.unit.unblurred_noise_fraction))
        deviates = Deviates(seed.child("quantum").rng()) if seed is not None and self.noise and share > 0 else None
        one, two = np.empty((2, blur.ROWS, signal.primary.shape[1]), np.float32)

        def rows(start: int, stop: int, out: F32) -> None:
            mean, draw = one[: stop - start], two[: stop - start]
            np.add(signal.scatter.rows(start, stop), signal.primary[start:stop], out=mean)
            mean *= air
            if deviates is None:
                out[...] = mean
                return
            deviates.fill(draw)
            np.multiply(mean, signal.energy_kev.row(start, stop) * share, out=out)
            np.sqrt(out, out=out)
            out *= draw
            out += mean

        return rows

    def digitise(
        self, blurred_kev: F32, signal: Signal, seed: Seed, offset: tuple[int, int] = (0, 0), out: U16 | None = None
    ) -> U16:
        """White noise, fixed pattern, dead pixels, gain, offset and bits: (rows, columns) uint16. Changes
        `blurred_kev`."""
        rows, columns = signal.primary.shape
        unit, (per_ugy, excess, electronic) = self.unit, self.calibration
        gain = unit.gain_dn_per_ugy / per_ugy
        white = np.float32(signal.air_kev * excess * unit.unblurred_noise_fraction * gain**2)
        deviates = Deviates(seed.child("electronic").rng())
        pattern = fixed_pattern(unit.name, self.grid.shape)[offset[0] :, offset[1] :][:rows, :columns]
        strips = np.empty((2, _ROWS, columns), np.float32)
        out = np.empty((rows, columns), np.uint16) if out is None else out
        for start in range(0, rows, _ROWS):
            stop = min(start + _ROWS, rows)
            value, (draw, scratch) = blurred_kev[start:stop], strips[:, : stop - start]
            if self.noise and self._structure:
                scratch[...] = pattern[start:stop]
                scratch *= np.float32(gain * self._structure / PATTERN_SD)
                scratch += np.float32(gain)
                value *= scratch
            else:
                value *= np.float32(gain)
            if self.noise:
                # scatter and energy hardly change over a strip: its middle row stands for it
                np.add(signal.primary[start:stop], signal.scatter.row(start, stop), out=scratch)
                scratch *= signal.energy_kev.row(start, stop) * white
                scratch += np.float32(electronic * gain**2)
                np.sqrt(scratch, out=scratch)
                deviates.fill(draw)
                draw *= scratch
                value += draw
            value += np.float32(unit.offset_dn + 0.5)  # what follows cuts fractions off
            np.clip(value, np.float32(0), np.float32(unit.largest_dn), out=value)
            out[start:stop] = value
        if self.noise:
            row, column = dead_pixels(unit.name, self.grid.shape, unit.dead_share)
            repair(out, row - offset[0], column - offset[1])
        return out

    def dn(self, kev: Any) -> Any:
        """Detector value of an energy per pixel, before rounding and saturation."""
        return self.unit.offset_dn + np.asarray(kev) * self.unit.gain_dn_per_ugy / self.calibration[0]

    def kerma_ugy(self, dn: Any) -> Any:
        """Detector air kerma, of the reference beam, that a detector value stands for."""
        return (np.asarray(dn, float) - self.unit.offset_dn) / self.unit.gain_dn_per_ugy

    def _open_beam(self, signal: Signal, seed: Seed, parts: tuple[U16, ...]) -> None:
        """Fill what lies beside the window: saturated, or the open beam and its noise."""
        level = float(self.dn(signal.air_kev))
        top = self.unit.largest_dn
        energy = float(signal.energy_kev.values.mean())
        per_ugy, excess, electronic = self.calibration
        sd = float(np.sqrt(signal.air_kev * energy * excess + electronic)) * self.unit.gain_dn_per_ugy / per_ugy
        even = level - 6 * sd > top or not self.noise
        noisy = np.clip(np.float32(sd) * quantiles() + np.float32(level + 0.5), 0, np.float32(top)).astype(np.uint16)
        deviates = Deviates(seed.child("open").rng(), noisy)
        for part in parts:
            if even:
                part[...] = min(round(level), top)
                continue
            for start in range(0, len(part) if part.size else 0, _ROWS):
                strip = part[start : start + _ROWS]
                strip[...] = deviates.fill(np.empty(strip.shape, np.uint16))
