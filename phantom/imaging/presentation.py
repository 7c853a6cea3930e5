"""The picture a radiologist reads: logarithm, peripheral equalisation, multi-scale contrast, sigmoid."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

import numpy as np

from phantom.imaging.arrays import F32, Coarse, ForPresentation, ForProcessing, block_mean
from phantom.imaging.pyramid import Bands, Doubled, halved
from phantom.recipe.draw import Within

FULL = 4095
# A pixel's value rises as the logarithm of X-ray lost; for processing it rises with X-ray (DICOM PS3.3 C.8.7, C.8.11.7).
DICOM_TERMS = {
    "FOR PRESENTATION": {"relationship": "LOG", "sign": -1, "photometric": "MONOCHROME2", "bits_stored": 12},
    "FOR PROCESSING": {"relationship": "LIN", "sign": 1, "photometric": "MONOCHROME1"},
}
_ROWS = 32  # a strip that stays in the processor's cache
_CELL_MM = 1.12
_NIPPLE_CELLS = 33  # more than twice as many as a nipple is wide
_NIPPLE_MM = 0.2
Bools = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class _Look:
    """The numbers of a look: estimates, judged by eye."""

    level: float
    contrast: float
    equalise: float
    fine: float
    medium: float
    coarse: float


_LOOKS = {
    "standard": _Look(0.30, 0.85, 0.90, 0.15, 0.90, 0.20),
    "soft": _Look(0.32, 0.6, 0.85, 0.00, 0.25, 0.00),
    "crisp": _Look(0.29, 1.0, 0.92, 0.35, 0.90, 0.30),
    "film": _Look(0.33, 0.8, 0.30, 0.00, 0.00, 0.00),
}


@dataclass(frozen=True)
class Presentation:
    """What the unit makes of the raw image before it is shown. Keys that are left out come from the look."""

    look: Annotated[Literal["standard", "soft", "crisp", "film"], "a named set of the keys below"] = "standard"
    level: Annotated[float | None, Within(0.05, 0.8), "mean of the breast, of full scale"] = None
    latitude: Annotated[float | None, Within(0.2, 10), "log exposure from dark to bright; left out: from the image"] = None
    contrast: Annotated[float | None, Within(0.2, 5), "share of the scale that the breast's middle 90 % spans"] = None
    equalise: Annotated[float | None, Within(0, 1), "share of the thinner rim's darkness that is made up for"] = None
    fine: Annotated[float | None, Within(0, 3), "gain of detail below 0.3 mm"] = None
    medium: Annotated[float | None, Within(0, 3), "gain of detail from 0.3 to 2 mm"] = None
    coarse: Annotated[float | None, Within(0, 3), "gain of structure above 2 mm"] = None
    soft_limit: Annotated[float, Within(0.005, 2), "log exposure at which the gain of a detail is halved"] = 0.12
    edge: Annotated[float, Within(0.05, 3), "log exposure over which the skin line comes up from black"] = 0.75

    def present(
        self, raw: ForProcessing, breast: Bools, pitch_mm: float, thickness_mm: float, *, zero_dn: float, air_dn: float,
        offset: tuple[int, int] = (0, 0),
    ) -> ForPresentation:  # fmt: skip
        """The picture: 0 to 4095, MONOCHROME2, exactly 0 outside the breast.

        Parameters
        ----------
        raw : ForProcessing
            The whole image.
        breast : (rows, columns) bool
            The breast, over a window of the image that holds all of it.
        pitch_mm : float
        thickness_mm : float
            Compressed thickness, as the unit reads it off the paddle.
        zero_dn, air_dn : float
            Detector values at no dose and in the open beam.
        offset : (int, int)
            The window's first row and column.
        """
        said, out = self.numbers(), np.zeros(raw.pixels.shape, np.uint16)
        rows, columns = breast.shape
        where = slice(offset[0], offset[0] + rows), slice(offset[1], offset[1] + columns)
        if breast.any():
            full_rows, full_columns = raw.pixels.shape
            cut = offset[0] == 0, offset[0] + rows == full_rows, offset[1] + columns == full_columns
            depth = _optical_depth(raw.pixels[where], breast, zero_dn, air_dn)
            step = max(1, round(_CELL_MM / pitch_mm))
            lift, beyond = _periphery(depth, breast, step, pitch_mm, thickness_mm, said.equalise, cut)
            _flatten(depth, breast, lift, beyond)
            half = halved(depth)
            bands = Bands(said.fine, said.medium, said.coarse, self.soft_limit)
            added, gain = bands.enhancement(half, 2 * pitch_mm), np.float32(bands.gain(pitch_mm))
            half *= gain
            added -= half
            tone = block_mean(depth, step), block_mean(breast, step)
            latitude = self.latitude or _latitude(*tone, said.contrast)
            centre = _centre(*tone, said.level, latitude)
            self._finish(out[where], depth, breast, lift, Doubled(added, depth.shape), 1 + gain, centre, latitude)
        return ForPresentation(out, 2048.0, 4096.0)

    def numbers(self) -> _Look:
        """The look's numbers, with what the recipe says instead."""
        look, names = _LOOKS[self.look], [f.name for f in fields(_Look)]
        own = {name: getattr(self, name) for name in names}
        return _Look(**{name: getattr(look, name) if own[name] is None else own[name] for name in names})

    def _finish(
        self, out: Any, flat: F32, breast: Bools, lift: Coarse, added: Doubled, gain: Any, centre: float, latitude: float
    ) -> None:
        """Detail, sigmoid, skin line, breast mask, into `out`, in strips. Changes `flat`."""
        slope = np.float32(-4 / latitude)
        for start in range(0, len(flat), _ROWS):
            stop = min(start + _ROWS, len(flat))
            inside = breast[start:stop]
            end = _last(inside)
            rim = min(_rim(lift, start, stop), end)
            value = flat[start:stop, :end]
            ramp = lift[start:stop, rim:end]
            np.subtract(value[:, rim:], ramp, out=ramp)
            ramp *= np.float32(1 / self.edge)
            np.maximum(ramp, 0, out=ramp)
            np.minimum(ramp, 1, out=ramp)
            cubic = np.multiply(ramp, np.float32(-2))
            cubic += 3
            ramp *= ramp
            ramp *= cubic
            ramp *= inside[:, rim:end]
            value *= gain
            value += added.rows(start, stop)[:, :end]
            value -= np.float32(centre)
            value *= slope
            np.minimum(value, 30, out=value)
            np.exp(value, out=value)
            value += 1
            np.divide(np.float32(FULL), value, out=value)
            value[:, rim:] *= ramp
            if not inside[:, :rim].all():  # hardly any dose: noise hides where the rim begins
                value[:, :rim] *= inside[:, :rim]
            np.rint(value, out=value)
            out[start:stop, :end] = value


def _optical_depth(window: Any, breast: Bools, zero_dn: float, air_dn: float) -> F32:
    """ln of the open beam over what is left of it, float32; 0 outside the breast."""
    out = np.empty(window.shape, np.float32)
    air = np.float32(math.log(max(air_dn - zero_dn, 1.0)))
    for start in range(0, len(window), _ROWS):
        part = out[start : start + _ROWS]
        part[...] = window[start : start + _ROWS]
        part -= np.float32(zero_dn)
        np.maximum(part, 1, out=part)
        np.log(part, out=part)
        np.subtract(air, part, out=part)
        part *= breast[start : start + _ROWS]
    return out


def _periphery(
    depth: F32, breast: Bools, step: int, pitch_mm: float, thickness_mm: float, share: float, cut: tuple[bool, bool, bool]
) -> tuple[Coarse, Coarse]:
    """What to add where the breast thins towards its rim, and a smooth image to go on with beyond the rim.

    The rim is fat: its optical depth at each distance from the skin is read off as the lower quartile there, and
    made up to that of the full thickness (a distance map, as in Tortajada et al. 2014). `cut` says whether the
    image's upper, lower and right border cut the breast; the left one is the chest wall.
    """
    from scipy.ndimage import gaussian_filter, gaussian_filter1d

    cell_mm, inside = step * pitch_mm, block_mean(breast, step)
    mean = np.asarray(block_mean(depth, step) / np.maximum(inside, np.float32(1e-6)), np.float32)
    whole = inside > 0.99
    distance = _distance(inside, cut) * np.float32(cell_mm)
    at = np.arange(0.5, max(0.6 * thickness_mm / cell_mm, 3.0)) * cell_mm
    profile = np.array([_quartile(mean[whole & (np.abs(distance - d) <= 0.75 * cell_mm)]) for d in at])
    known = ~np.isnan(profile)
    if known.sum() < 2:
        return Coarse(np.zeros_like(mean), step, depth.shape), Coarse(mean, step, depth.shape)
    profile = gaussian_filter1d(np.maximum.accumulate(np.interp(at, at[known], profile[known])), 1.0, mode="nearest")
    # never quite nothing: where there is a lift, there may be a skin line
    # beyond the rim, where only the nipple is, little of the depth is the breast's own
    known_at, known_depth = np.append(-_NIPPLE_MM, at), np.append(0.55 * profile[0], profile)
    lift = np.interp(distance, known_at, max(share, 1e-4) * (profile[-1] - known_depth)).astype(np.float32)
    level, weight = np.where(inside > 0.5, mean + lift, 0).astype(np.float32), (inside > 0.5).astype(np.float32)
    sigma = 3.0 / cell_mm
    spread = gaussian_filter(weight, sigma)
    beyond = gaussian_filter(level, sigma) / np.maximum(spread, np.float32(1e-3))
    beyond = np.where(spread > 1e-3, beyond, level.sum() / weight.sum()).astype(np.float32)
    return Coarse(lift, step, depth.shape), Coarse(beyond, step, depth.shape)


def _distance(inside: F32, cut: tuple[bool, bool, bool]) -> F32:
    """Cells to the nearest skin; borders that cut the breast are no skin."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    far = 40  # further than the rim reaches
    padded = np.pad(inside, far, mode="edge")
    for is_cut, side in zip(cut, (padded[:far], padded[-far:], padded[:, -far:]), strict=True):
        if not is_cut:
            side[...] = 0
    _without_nipple(padded)
    body = padded > 0.5
    # signed and smoothed, or the cells' staircase along the rim would be seen as teeth
    signed = distance_transform_edt(body) - distance_transform_edt(~body)
    smooth = gaussian_filter(signed, 2.5)
    return np.asarray(smooth[far:-far, far:-far], np.float32)


def _without_nipple(inside: F32) -> None:
    """Cut off, in place, what stands out of a smooth outline: the nipple's rim is not the rim that thins.

    Where the outline of the rows runs more than 1.5 cells ahead of its own running median, it is laid anew as a
    parabola through its neighbours.
    """
    from scipy.ndimage import binary_dilation, median_filter

    columns = np.arange(inside.shape[1])
    edge = np.where(inside > 0.5, columns + 1, 0).max(axis=1).astype(float)
    out = binary_dilation((edge - median_filter(edge, _NIPPLE_CELLS) > 1.5) & (edge > 0), iterations=3)
    if not out.any() or out.sum() > _NIPPLE_CELLS:
        return
    rows = np.flatnonzero(out)
    near = np.arange(max(rows[0] - 12, 0), min(rows[-1] + 13, len(edge)))
    near = near[~out[near] & (edge[near] > 0)]
    if len(near) >= 6:
        smooth = np.polyval(np.polyfit(near - rows[0], edge[near], 2), rows - rows[0])
        inside[rows] *= columns < np.minimum(np.rint(smooth), edge[rows])[:, None]


def _quartile(values: F32) -> float:
    return float(np.percentile(values, 25)) if values.size else math.nan


def _rim(lift: Coarse, start: int, stop: int) -> int:
    """The first column where rows start to stop - 1 are lifted: nothing left of it is thin."""
    rows = slice(max(start // lift.step - 1, 0), -(-stop // lift.step) + 1)
    lifted = np.flatnonzero((lift.values[rows] > 0).any(axis=0))
    return max((int(lifted[0]) - 1) * lift.step, 0) if lifted.size else lift.shape[1]


def _last(inside: Bools) -> int:
    """The first column beyond which a strip holds no breast."""
    columns: Bools = np.asarray(inside.any(axis=0))
    return int(columns.size - columns[::-1].argmax()) if columns.any() else 0


def _flatten(depth: F32, breast: Bools, lift: Coarse, beyond: Coarse) -> None:
    """Lift the rim, and go on smoothly outside the breast, in place: no step is left to make a halo of."""
    for start in range(0, len(depth), _ROWS):
        stop = min(start + _ROWS, len(depth))
        inside = breast[start:stop]
        whole: Bools = np.asarray(inside.all(axis=0))
        end, first = _last(inside), int(whole.argmin())
        rim = min(_rim(lift, start, stop), end)
        depth[start:stop, rim:end] += lift[start:stop, rim:end]
        if not whole[first]:
            np.copyto(depth[start:stop, first:], beyond[start:stop, first:], where=~inside[:, first:])


def _latitude(values: F32, weight: F32, contrast: float) -> float:
    """The log exposure from dark to bright at which the breast's middle 90 % spans a share of the scale.

    The sigmoid's steep part is 0.8 of a latitude wide. Bounds keep the fattest breast's noise from filling the scale.
    """
    lo, hi = np.percentile(values[weight > 0.95], [5, 95]) if (weight > 0.95).any() else (0.0, 1.0)
    return float(np.clip((hi - lo) / (0.8 * contrast), 0.25, 2.5))


def _centre(values: F32, weight: F32, level: float, latitude: float) -> float:
    """The log exposure at half of full scale that gives the breast its mean."""
    lo, hi = float(values.min()) - 10, float(values.max()) + 10
    for _ in range(40):
        middle = 0.5 * (lo + hi)
        shown = 1 / (1 + np.exp(np.clip(-4 / latitude * (values - middle), -50, 50)))
        lo, hi = (middle, hi) if float((shown * weight).sum()) > level * float(weight.sum()) else (lo, middle)
    return 0.5 * (lo + hi)
