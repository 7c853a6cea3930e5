"""What a picture says of its breast: thickness, dense tissue, noise and spectra."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from phantom.arrays import F32, Bools
from phantom.insert.landmarks import Landmarks, landmarks
from phantom.insert.picture import Picture, looked_up
from phantom.insert.segment import Segmented, segment
from phantom.insert.spectra import Spectra, spectra

# Population of compressed breasts, as the anatomy's defaults have it: thickness 57 (sd 13) mm, area 146 cm2 (gsd 1.52)
# in CC, correlated by 0.6; 4.5 mm more in oblique views, which show 1.25 times the area, muscle included (estimate).
_THICKNESS = (57.0, 13.0)
_AREA = (146.0, 1.52)
_TIE = 0.6
_OBLIQUE = (4.5, 1.25)
_MUSCLE_RIM_MM = 2.0
_SKIN_MM = 3.0  # what lies nearer the skin line is skin seen on edge
_RIM_PARTS = 0.42  # of the thickness: narrower than this the breast's edge is rounded (a free edge is 0.5)


@dataclass(frozen=True, eq=False)
class Estimates:
    """What was found in one picture.

    Attributes
    ----------
    segmented : Segmented
    landmarks : Landmarks
    muscle : (rows, columns) bool
        Of cells.
    thickness_mm, thickness_sd_mm : float
        Compressed thickness; the uncertainty is 0 where the header gives it.
    distance_mm : (rows, columns) float32
        Of cells: from the skin line inward.
    dense : (rows, columns) float32
        Of cells: 0 fat to 1 gland, over the whole thickness.
    fat, gland : float
        Values (`values`) of full thickness of either, as far as the picture shows both.
    spectra : Spectra
        Of `values`.
    """

    segmented: Segmented
    landmarks: Landmarks
    muscle: Bools
    thickness_mm: float
    thickness_sd_mm: float
    distance_mm: F32
    dense: F32
    fat: float
    gland: float
    spectra: Spectra

    @property
    def area_cm2(self) -> float:
        """Of the breast without muscle."""
        s = self.segmented
        return float(np.count_nonzero(s.breast & ~self.muscle)) * s.cell_mm**2 / 100

    @property
    def dense_share(self) -> float:
        """Mean of the dense map over the breast without muscle: nearer an area's share than a volume's."""
        held = self.segmented.usable & ~self.muscle
        return float(self.dense[held].mean()) if held.any() else 0.0


def values_of(picture: Picture, offset_dn: float = 0.0) -> F32:
    """(rows, columns) float32 in which noise and structure add: minus ln of the signal, or grey values."""
    if not picture.linear:
        return picture.pixels.astype(np.float32)
    table = -np.log(np.maximum(np.arange(picture.largest + 1, dtype=np.float32) - np.float32(offset_dn), 1.0))
    return looked_up(table, picture.pixels)


def estimate(picture: Picture, offset_dn: float = 0.0) -> Estimates:
    """Look at a picture.

    Raises
    ------
    Unreadable
        If no breast is found in it.
    """
    from scipy.ndimage import binary_dilation

    from phantom.imaging.quantities import block_mean

    segmented = segment(picture)
    marks = landmarks(segmented, picture.view)
    muscle = marks.muscle(segmented)
    thickness, sd = thickness_of(picture, segmented.area_cm2)
    values = values_of(picture, offset_dn)
    level = block_mean(values, segmented.step)
    distance = _distance(segmented)
    kept = segmented.usable & ~binary_dilation(muscle, iterations=max(1, round(_MUSCLE_RIM_MM / segmented.cell_mm)))
    dense, fat, gland = _dense(level, kept, distance, thickness)
    whole = segmented.whole(kept & (distance > min(0.3 * thickness, 12.0)), values.shape)
    # rounding to whole values is noise too; of a logarithm it is that over the signal
    rounding = math.sqrt(1 / 12) * (math.exp(float(np.median(level[segmented.breast]))) if picture.linear else 1.0)
    return Estimates(
        segmented,
        marks,
        muscle,
        thickness,
        sd,
        distance,
        dense * ~muscle,
        fat,
        gland,
        spectra(values, whole, picture.spacing_mm, rounding),
    )


def thickness_of(picture: Picture, area_cm2: float) -> tuple[float, float]:
    """Compressed thickness and its uncertainty, mm: the header's, else what breasts of this area have."""
    stated_mm = picture.header.thickness_mm
    if stated_mm is not None:
        return stated_mm, 0.0
    extra, times = (0.0, 1.0) if picture.view == "CC" else _OBLIQUE
    z = math.log(area_cm2 / times / _AREA[0]) / math.log(_AREA[1])
    mean, sd = _THICKNESS
    return float(np.clip(mean + _TIE * sd * z + extra, 20, 100)), sd * math.sqrt(1 - _TIE**2)


def _distance(segmented: Segmented) -> F32:
    """mm from the skin line; image borders and the chest wall are no skin."""
    from scipy.ndimage import distance_transform_edt

    pad = 100
    inside = np.pad(segmented.breast, pad, mode="edge")
    return np.asarray(distance_transform_edt(inside)[pad:-pad, pad:-pad] * segmented.cell_mm, np.float32)


def _dense(level: F32, kept: Bools, distance: F32, thickness_mm: float) -> tuple[F32, float, float]:
    """How far each cell lies from fat toward gland; the rim, which is thinner, is compared with its like."""
    from scipy.ndimage import gaussian_filter, gaussian_filter1d

    rim = _RIM_PARTS * thickness_mm
    weight = kept.astype(np.float32)
    smooth = gaussian_filter(level * weight, 1.0) / np.maximum(gaussian_filter(weight, 1.0), 1e-3)
    deep = kept & (distance > rim)
    if deep.sum() < 50:
        deep = kept
    if not deep.any():
        return np.zeros_like(level), 0.0, 1.0
    fat, gland = (float(v) for v in np.percentile(smooth[deep], [10, 98]))
    at = np.arange(0.5, max(rim, 3.0), 1.0)
    rings = [smooth[kept & (np.abs(distance - d) <= 0.75)] for d in at]
    profile = np.array([float(np.percentile(ring, 25)) if ring.size > 8 else np.nan for ring in rings])
    known = ~np.isnan(profile)
    lift = np.zeros_like(smooth)
    if known.sum() >= 2:
        line = gaussian_filter1d(np.interp(at, at[known], profile[known]), 1.5, mode="nearest")
        lift = np.interp(distance, [*at, rim + 3.0], [*(fat - line), 0.0]).astype(np.float32)
        # dense tissue under the skin is no reason to take it off deeper
        lift = np.maximum(lift, 0.0)
    spread = max(gland - fat, 1e-6)
    return (
        np.asarray(np.clip((smooth + lift - fat) / spread, 0, 1) * (kept & (distance > _SKIN_MM)), np.float32),
        fat,
        gland,
    )
