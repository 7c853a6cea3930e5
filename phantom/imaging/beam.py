"""The beam: which spectrum, and what is left of it behind the breast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

import numpy as np

from phantom.arrays import F32
from phantom.imaging import materials, spectrum
from phantom.imaging.mammography_units import MammographyUnit
from phantom.imaging.quantities import Collapsed, PathLengths, Stamp
from phantom.imaging.spectrum import Spectrum
from phantom.imaging.stamp_pixels import Windows
from phantom.recipe.draw import Within

_ROWS = 32  # a strip that stays in the processor's cache

# Air kerma along the line from the chest wall, the inverse square law taken out: SpekPy for an effective anode angle
# of 22 degrees at the chest wall, 28 kV (34 for rhodium).
_HEEL_MM = (0.0, 50.0, 100.0, 150.0, 200.0)
_HEEL = {
    "W": (1, 0.980, 0.937, 0.858, 0.706),
    "Mo": (1, 0.994, 0.973, 0.934, 0.850),
    "Rh": (1, 0.992, 0.968, 0.924, 0.830),
}


@dataclass(frozen=True)
class Beam:
    """The X-ray beam: target, filter and tube voltage, by the unit's own table or as asked for."""

    target_filter: Annotated[
        Literal["auto", "W/Rh", "W/Ag", "W/Al", "Mo/Mo", "Mo/Rh", "Rh/Rh", "Rh/Ag"],
        "target and filter; 'auto': what the unit's automatic exposure takes for the thickness",
    ] = "auto"
    tube_kv: Annotated[float, Within(0, 40, "kV"), "tube voltage; 0: what the automatic exposure takes"] = 0.0
    tissue_set: Annotated[
        materials.TissueSet,
        "attenuation of fat and gland: Hammerstein et al. 1979, or Johns & Yaffe 1987 (more contrast)",
    ] = "hammerstein"
    heel: Annotated[bool, "heel effect and inverse square law, which the gain map corrects but the noise keeps"] = True

    def __post_init__(self) -> None:
        if self.tube_kv and self.target_filter != "auto":
            lo, hi = spectrum.tube_range_kv(self.target_filter)
            if not lo <= self.tube_kv <= hi:
                raise ValueError(
                    f"tube_kv = {self.tube_kv:g}: {self.target_filter} is tabulated from {lo:g} to {hi:g} kV"
                )

    def at(self, unit: MammographyUnit, thickness_mm: float) -> Spectrum:
        """The spectrum a unit takes for a compressed thickness.

        Raises
        ------
        UsageError
            If the voltage lies outside the beam's table; the message gives the range.
        """
        target_filter, kv = unit.technique(thickness_mm)
        if self.target_filter != "auto":
            lo, hi = spectrum.tube_range_kv(self.target_filter)
            target_filter, kv = self.target_filter, min(max(kv, lo), hi)
        return spectrum.load(target_filter, self.tube_kv or kv, unit.converter, self.tissue_set, max(thickness_mm, 1.0))

    def flux(self, x_mm: F32, y_mm: F32, unit: MammographyUnit) -> F32:
        """Relative flux over the detector, 1 at the middle of the chest wall edge: heel and distance.

        The perpendicular ray meets the chest wall edge, and the anode points away from the patient.

        Parameters
        ----------
        x_mm, y_mm : float32, broadcast
            Distance from the chest wall and from the middle of the field.
        """
        if not self.heel:
            return np.ones(np.broadcast(x_mm, y_mm).shape, np.float32)
        distance2 = np.float32(unit.source_detector_mm**2)
        target = self.at(unit, 50.0).target_filter.split("/")[0]
        heel = np.interp(x_mm, _HEEL_MM, _HEEL[target]).astype(np.float32)
        return np.asarray(heel * distance2 / (distance2 + x_mm * x_mm + y_mm * y_mm), np.float32)


def collapse(paths: PathLengths, beam: Spectrum) -> Collapsed:
    """Everything in the beam as lengths of glandular and adipose tissue.

    Each calcification takes the place of the tissue it says it displaces (``air`` displaces nothing).
    Lengths may be negative: they stand for an attenuation, and must not be clipped.
    """
    g, a, thickness = (np.zeros(paths.grid.shape, np.float32) for _ in range(3))
    sums: dict[str, float] = {}
    for where, whole, found in paths.tissue.strips():
        thickness[where] = whole
        lengths = np.zeros((2, *whole.shape), np.float32)
        scratch = np.empty_like(lengths[0])
        for name, path_mm in found.items():
            sums[name] = sums.get(name, 0.0) + float(path_mm.sum())
            for out, c in zip(lengths, beam.coefficients(name), strict=True):
                if c:
                    np.multiply(path_mm, np.float32(c / 10), out=scratch)
                    out += scratch
        g[where], a[where] = lengths
    add(paths.stamps, beam, g, a)
    pixel_mm2 = paths.grid.pitch_mm**2
    return Collapsed(g, a, thickness, {name: total * pixel_mm2 for name, total in sums.items()})


class Basis(Protocol):
    """What tells how much glandular and adipose tissue attenuate as a material does."""

    def coefficients(self, material: str) -> tuple[float, float]:
        """cm of glandular and of adipose tissue that attenuate as one cm of a material."""
        ...


def stamp_basis(stamp: Stamp, beam: Basis) -> tuple[float, float]:
    """cm of glandular and of adipose tissue that 1 mm of a stamp's path adds, what it displaces taken off."""
    cg, ca = beam.coefficients(stamp.material)
    dg, da = (0.0, 0.0) if stamp.displaces == "air" else beam.coefficients(stamp.displaces)
    return (stamp.relative_density * cg - dg) / 10, (stamp.relative_density * ca - da) / 10


def add(stamps: Sequence[Stamp], beam: Spectrum, g_cm: F32, a_cm: F32, times: int = 1) -> None:
    """Add stamps to the two lengths, in place, or take them off (`times` -1); what reaches over the border is cut."""
    if not stamps:
        return
    under = Windows.around(stamps)
    held = (under.row >= 0) & (under.row < g_cm.shape[0]) & (under.column >= 0) & (under.column < g_cm.shape[1])
    path, where = under.path_mm[held], under.row[held] * g_cm.shape[1] + under.column[held]
    worth = np.array([stamp_basis(one, beam) for one in stamps], np.float32)[under.of[held]] * np.float32(times)
    for out, cm in zip((g_cm, a_cm), worth.T, strict=True):
        np.add.at(out.reshape(-1), where, path * cm)
