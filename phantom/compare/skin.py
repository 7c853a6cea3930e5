"""Grey levels across the breast's outline: how bright, how wide and how sharp the skin is."""

from __future__ import annotations

import numpy as np

from phantom.arrays import F64
from phantom.compare.framed import Framed, coarser

_BIN_MM = 0.14
_OUT_MM, _IN_MM = 4.0, 14.0
_INTERIOR_MM = (8.0, 12.0)
_PARTS = 24
NAMES = ("skin_peak", "skin_peak_mm", "skin_rise_mm")


def skin(framed: Framed) -> dict[str, float]:
    """Medians over parts of the middle half of the outline; NaN where the picture shows no outline.

    skin_peak
        Peak over the mean at 8-12 mm from the outline.
    skin_peak_mm
        Where the peak lies, from where a tenth of it is reached.
    skin_rise_mm
        Over what distance it rises from 10 to 90 %.
    """
    from scipy.ndimage import distance_transform_edt

    nothing = dict.fromkeys(NAMES, np.nan)
    framed = coarser(framed, _BIN_MM)
    outside = ~framed.breast
    if outside.mean() < 0.02:
        return nothing
    rows, columns = framed.breast.shape
    depth = distance_transform_edt(np.pad(framed.breast, ((0, 0), (1, 0)), mode="edge"))[:, 1:]
    # from the border between pixels, half a pixel from the middle of the first
    signed = np.where(framed.breast, depth - 0.5, 0.5 - distance_transform_edt(outside)) * framed.pitch_mm
    near = (signed > -_OUT_MM) & (signed < _IN_MM)
    near[:, : columns // 10] = False
    marked = framed.breast & ~framed.usable
    profiles = []
    for top in range(rows // 4, 3 * rows // 4, max(rows // _PARTS, 1)):
        part = slice(top, top + max(rows // _PARTS, 1))
        place = near[part]
        if not place.any() or marked[part][place].any():
            continue
        bins = ((signed[part][place] + _OUT_MM) / _BIN_MM).astype(int)
        size = int((_OUT_MM + _IN_MM) / _BIN_MM)
        counts = np.bincount(bins, minlength=size)[:size]
        if counts.all():
            profiles.append(np.bincount(bins, framed.image[part][place], size)[:size] / counts)
    if len(profiles) < 3:
        return nothing
    return dict(zip(NAMES, np.nanmedian([_read(p) for p in profiles], 0).tolist(), strict=True))


def _read(profile: F64) -> tuple[float, float, float]:
    """Peak over interior, its place and the rise of one profile, which begins outside."""
    mm = np.arange(len(profile)) * _BIN_MM - _OUT_MM
    inner = profile[(mm > _INTERIOR_MM[0]) & (mm < _INTERIOR_MM[1])].mean()
    back = profile[mm < -_OUT_MM / 2].mean()
    top = int(np.argmax(profile[mm < _INTERIOR_MM[0]]))
    if profile[top] <= back or inner <= back:
        return np.nan, np.nan, np.nan
    rising = np.maximum.accumulate(profile[: top + 1] - back) / (profile[top] - back)
    low, high = mm[np.argmax(rising >= 0.1)], mm[np.argmax(rising >= 0.9)]
    return float((profile[top] - back) / (inner - back)), float(mm[top] - low), float(high - low)
