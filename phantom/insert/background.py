"""What lies under each place of a picture: lengths of fat and gland, and how much of the signal is scatter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phantom.arrays import F32
from phantom.geometry.pressing import edge_profile
from phantom.imaging.exposure import SKIN_MM
from phantom.imaging.quantities import block_mean
from phantom.insert.estimate import Estimates
from phantom.insert.picture import Picture
from phantom.insert.response import Response, displayed
from phantom.insert.unit import Unit

_ROLL_OFF = 0.5  # a free edge is round
_FAT = 0.15  # of the dense map: below it a place counts as fat
_ROUNDS = 3
_DEPTHS = -1.0, 9.0  # minus the logarithm of the signal over the open beam's
_SHARES = -0.2, 1.3  # of gland: beyond, a place is no tissue, or the estimate of its thickness is wrong


@dataclass(frozen=True, eq=False)
class Background:
    """A picture's breast as the beam sees it, on the cells of its segmentation.

    Attributes
    ----------
    thickness_mm : (rows, columns) float32
        Local thickness.
    g_cm, a_cm : (rows, columns) float32
        Glandular and adipose lengths that all that is there is worth.
    primary, scatter : (rows, columns) float32
        Over the open beam's signal.
    air : float
        Value of the open beam above the offset, for a linear picture; 1 else.
    step : int
        Pixels on a side of a cell.
    shape : (int, int)
        Of the picture.
    gland_mm3, inner_mm3 : float
        Volume of gland, and of all inside the skin, without muscle.
    response : Response or None
        Of a displayed picture.
    """

    thickness_mm: F32
    g_cm: F32
    a_cm: F32
    primary: F32
    scatter: F32
    air: float
    step: int
    shape: tuple[int, int]
    gland_mm3: float
    inner_mm3: float
    response: Response | None = None

    @property
    def share(self) -> F32:
        """(rows, columns): primary over the whole signal."""
        return np.asarray(self.primary / (self.primary + self.scatter), np.float32)

    @property
    def density(self) -> float:
        """Glandular volume over the volume inside the skin, as far as it is seen; muscle is left out."""
        return self.gland_mm3 / max(self.inner_mm3, 1e-9)


def background(picture: Picture, found: Estimates, unit: Unit, contrast: float | None = None) -> Background:
    """Estimate it.

    The signal itself says how much gland there is, once it is known what fat gives: of a linear picture the
    open beam's value is what makes the fattest places fat of their thickness; of a displayed one the response
    gives the signal (`response.displayed`, which also says what `contrast` is).
    """
    spectrum, s = unit.spectrum, found.segmented
    thickness = np.where(s.breast, edge_profile(found.distance_mm, found.thickness_mm, _ROLL_OFF), 0.0).astype(
        np.float32
    )
    inner = np.maximum(thickness - np.float32(2 * SKIN_MM), 0) / np.float32(10)
    skin = np.minimum(thickness, np.float32(2 * SKIN_MM)) / np.float32(10)
    skin_g, skin_a = ((skin * np.float32(c)).astype(np.float32) for c in spectrum.coefficients("skin"))
    inner = inner.astype(np.float32)
    fatty = np.asarray(skin_a + inner, np.float32)
    fat, gland = spectrum.primary(skin_g, fatty), spectrum.primary(skin_g + inner, skin_a)
    scatter, response = _scattered(fat, thickness, found, unit), None
    reference = _reference(found, thickness)
    if picture.linear:
        values = np.maximum(picture.pixels.astype(np.float32) - np.float32(unit.offset_dn), 1)
        level = block_mean(values, s.step)
    else:
        signal = float(np.median((fat + scatter)[reference]))
        energy = float(np.median(spectrum.energy_kev(skin_g[reference], fatty[reference])))
        response = displayed(picture, found, unit, signal, energy, contrast)
        depth = np.clip(response.depth_of(s.level * picture.largest), *_DEPTHS)
        level = np.exp(-depth).astype(np.float32)
    air, share, primary = 1.0, np.zeros_like(fat), fat
    for _ in range(_ROUNDS):
        air = float(np.median(level[reference] / (fat + scatter)[reference]))
        primary = np.clip(level / np.float32(air) - scatter, 1e-4, 1.0).astype(np.float32)
        most = np.maximum(np.log(fat / gland), np.float32(1e-3))
        share = np.clip(np.where(thickness > 0, np.log(fat / primary) / most, 0), *_SHARES).astype(np.float32)
        primary = spectrum.primary(skin_g + share * inner, skin_a + (1 - share) * inner)
        scatter = _scattered(primary, thickness, found, unit)
    g, a = skin_g + share * inner, skin_a + (1 - share) * inner
    rows, columns = picture.pixels.shape
    held = (s.breast & ~found.muscle) * inner * np.float32(10 * s.cell_mm**2)
    volumes = float((np.clip(share, 0, 1) * held).sum()), float(held.sum())
    return Background(thickness, g, a, primary, scatter, air, s.step, (rows, columns), *volumes, response)


def _reference(found: Estimates, thickness: F32) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Cells of fat and of full thickness."""
    usable = found.segmented.usable & ~found.muscle
    deep = usable & (thickness > 0.97 * found.thickness_mm)
    fat = deep & (found.dense < _FAT)
    return fat if fat.sum() > 50 else deep if deep.any() else usable


def _scattered(primary: F32, thickness: F32, found: Estimates, unit: Unit) -> F32:
    lit = np.where(thickness > 0, primary, np.float32(1))
    signal = unit.scatter.scatter_signal(
        lit, thickness, found.segmented.cell_mm, unit.spectrum.target_filter, grid_factor=unit.detector.unit.grid_factor
    )
    return np.asarray(signal.rows(0, primary.shape[0]), np.float32)
