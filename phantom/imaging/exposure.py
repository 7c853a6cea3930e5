"""The exposure: how much dose the breast gets, and what of it reaches the detector."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from phantom.imaging.mammography_units import MammographyUnit
from phantom.imaging.spectrum import TABLE_DISTANCE_MM, Spectrum
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed

SKIN_MM = 1.45
SUPPORT_MM = 1.2  # of carbon fibre

# Dance 1990, Dance et al. 2009: g, mGy/mGy, by half-value layer (mm Al, columns) and thickness (cm, rows).
_HVL = (0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60)
_G = {
    2: (0.390, 0.433, 0.473, 0.509, 0.543, 0.573, 0.587),
    3: (0.274, 0.309, 0.342, 0.374, 0.406, 0.437, 0.466),
    4: (0.207, 0.235, 0.261, 0.289, 0.318, 0.346, 0.374),
    4.5: (0.183, 0.208, 0.232, 0.258, 0.285, 0.311, 0.339),
    5: (0.164, 0.187, 0.209, 0.232, 0.258, 0.287, 0.310),
    6: (0.135, 0.154, 0.172, 0.192, 0.214, 0.236, 0.261),
    7: (0.114, 0.130, 0.145, 0.163, 0.177, 0.202, 0.224),
    8: (0.098, 0.112, 0.126, 0.140, 0.154, 0.175, 0.195),
}
# Dance et al. 2000: ln c at 0.1 % glandularity over the 50 % that are missing, by thickness in cm; mean over HVL.
_C = {2: 0.245, 3: 0.375, 4: 0.451, 5: 0.497, 6: 0.529, 7: 0.550, 8: 0.563}
# Dance et al. 2000 and 2009: correction for the spectrum's shape.
_S = {"Mo/Mo": 1.000, "Mo/Rh": 1.017, "Rh/Rh": 1.061, "W/Rh": 1.042, "W/Ag": 1.042, "W/Al": 1.050, "Rh/Ag": 1.087}


@dataclass(frozen=True)
class Technique:
    """What was set and what it gave.

    Attributes
    ----------
    target_filter, tube_kv, mas
    mgd_mgy : float
        Mean glandular dose.
    entrance_kerma_mgy : float
        Incident air kerma at the top of the breast, without backscatter, behind the paddle.
    open_kerma_ugy : float
        Air kerma of the open beam at the detector, behind paddle, support and grid.
    detector_kerma_ugy : float
        The same behind a uniform breast of this thickness and density: primary only.
    """

    target_filter: str
    tube_kv: float
    mas: float
    mgd_mgy: float
    entrance_kerma_mgy: float
    open_kerma_ugy: float
    detector_kerma_ugy: float

    def air_kev(self, beam: Spectrum, pixel_mm: float) -> float:
        """Energy absorbed in the open beam by a pixel of this side at the detector."""
        return self.open_kerma_ugy * beam.photons_per_ugy * beam.kev_per_photon * pixel_mm**2

    def times(self, factor: float) -> Technique:
        """The same with so many times the mAs."""
        grow = ("mas", "mgd_mgy", "entrance_kerma_mgy", "open_kerma_ugy", "detector_kerma_ugy")
        return replace(self, **{name: factor * getattr(self, name) for name in grow})


@dataclass(frozen=True)
class Exposure:
    """The automatic exposure: mean glandular dose by thickness, as the unit's table has it or as asked for."""

    dose_mgy: Annotated[Draw, Within(0, 20, "mGy"), "mean glandular dose; 0: by thickness, as the unit does"] = (
        Draw.constant(0)
    )
    dose_factor: Annotated[Draw, Within(0.01, 20), "times the dose"] = Draw.constant(1)

    def at(
        self,
        beam: Spectrum,
        unit: MammographyUnit,
        thickness_mm: float,
        density: float,
        seed: Seed,
        *,
        grid: bool = True,
        skin_mm: float = SKIN_MM,
    ) -> Technique:
        """The exposure of a breast.

        Parameters
        ----------
        beam : Spectrum
        unit : MammographyUnit
        thickness_mm : float
            Compressed thickness, 10 to 150 mm.
        density : float
            Volume share of glandular tissue inside the skin, 0 to 1.
        seed : Seed
            For what the recipe draws.
        grid : bool
            Whether the anti-scatter grid is in.
        skin_mm : float
        """
        drawn = self.dose_mgy.sample(seed.child("dose_mgy").rng())
        dose = drawn or unit.base_mgy + unit.slope_mgy_cm * thickness_mm / 10
        dose *= self.dose_factor.sample(seed.child("dose_factor").rng())
        entrance = dose / dose_per_kerma(beam, thickness_mm, density)
        return technique(beam, unit, entrance, thickness_mm, density, dose, grid=grid, skin_mm=skin_mm)


def technique(
    beam: Spectrum,
    unit: MammographyUnit,
    entrance_mgy: float,
    thickness_mm: float,
    density: float,
    mgd_mgy: float,
    *,
    grid: bool,
    skin_mm: float = SKIN_MM,
) -> Technique:
    """What an incident air kerma at the top of the breast comes to at the tube and at the detector."""
    top_mm = unit.source_detector_mm - unit.support_detector_mm - thickness_mm
    mas = entrance_mgy * 1e3 / (beam.ugy_per_mas * (TABLE_DISTANCE_MM / top_mm) ** 2)
    through = beam.kerma_ratio(carbon=SUPPORT_MM) * (unit.grid_primary if grid else 1.0)
    open_ugy = entrance_mgy * 1e3 * (top_mm / unit.source_detector_mm) ** 2 * through
    inner = max(thickness_mm - 2 * skin_mm, 0.0)
    behind = beam.kerma_ratio(
        carbon=SUPPORT_MM, skin=min(2 * skin_mm, thickness_mm), glandular=density * inner, adipose=(1 - density) * inner
    )
    share = behind / beam.kerma_ratio(carbon=SUPPORT_MM)
    return Technique(beam.target_filter, beam.tube_kv, mas, mgd_mgy, entrance_mgy, open_ugy, open_ugy * share)


def dose_per_kerma(beam: Spectrum, thickness_mm: float, density: float) -> float:
    """Mean glandular dose per incident air kerma, mGy/mGy: Dance's g x c x s.

    g is interpolated in the half-value layer and, as a power law, in thickness (and continued beyond 2 and
    8 cm); c follows exp(k(T) (0.5 - density)), within 2 % of the table between 0.1 and 50 % glandularity.
    """
    cm = thickness_mm / 10
    hvl = min(max(beam.hvl_mm_al, _HVL[0]), _HVL[-1])
    rows = sorted(_G)
    log_g = [math.log(float(np.interp(hvl, _HVL, _G[t]))) for t in rows]
    log_t = [math.log(t) for t in rows]
    k = min(max(int(np.searchsorted(rows, cm)) - 1, 0), len(rows) - 2)
    slope = (log_g[k + 1] - log_g[k]) / (log_t[k + 1] - log_t[k])
    g = math.exp(log_g[k] + slope * (math.log(cm) - log_t[k]))
    c = math.exp(float(np.interp(cm, list(_C), list(_C.values()))) * (0.5 - density))
    return g * c * _S[beam.target_filter]
