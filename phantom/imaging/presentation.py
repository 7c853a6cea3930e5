"""The picture a radiologist reads: logarithm, peripheral equalisation, multi-scale contrast, sigmoid."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

import numpy as np

from phantom.arrays import F32, F64, U16, Bools
from phantom.imaging.pyramid import Bands, Doubled, halved
from phantom.imaging.quantities import Coarse, ForPresentation, ForProcessing, block_mean
from phantom.recipe.draw import Within

FULL = 4095
# A pixel's value rises as the logarithm of X-ray lost; for processing it rises with X-ray (DICOM PS3.3 C.8.7, C.8.11.7).
DICOM_TERMS = {
    "FOR PRESENTATION": {"relationship": "LOG", "sign": -1, "photometric": "MONOCHROME2", "bits_stored": 12},
    "FOR PROCESSING": {"relationship": "LIN", "sign": 1, "photometric": "MONOCHROME1"},
}
_ROWS = 32  # a strip that stays in the processor's cache
_CELL_MM = 1.12
_NIPPLE = np.float32(0.12)  # log exposure
_SMOOTH_MM = 3.0  # over which the lifted rim is even


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
            depth = _optical_depths(zero_dn, air_dn)
            half, inside = _halved(raw.pixels[where], breast, depth)
            step = max(1, round(0.5 * _CELL_MM / pitch_mm))
            cells = block_mean(inside, step)
            lift, beyond, level = _periphery(half, cells, step, 2 * pitch_mm, thickness_mm, said.equalise, cut)
            latitude = self.latitude or _latitude(level, cells, said.contrast)
            centre = _centre(level, cells, said.level, latitude)
            _flatten(half, inside, lift, beyond)
            bands = Bands(said.fine, said.medium, said.coarse, self.soft_limit)
            added, gain, slope = bands.enhancement(half, 2 * pitch_mm), bands.gain(pitch_mm), -4 / latitude
            # all that goes into the sigmoid but the depth itself is smooth enough for half the resolution
            _combine(added, half, lift, gain, centre, slope)
            del half, inside
            sigmoid, skin = (np.asarray(t, np.float32) for t in (slope * (1 + gain) * depth, _smooth_step(depth / self.edge)))
            _finish(out[where], raw.pixels[where], breast, sigmoid, skin, lift, Doubled(added, breast.shape))
        return ForPresentation(out, 2048.0, 4096.0)

    def numbers(self) -> _Look:
        """The look's numbers, with what the recipe says instead."""
        look, names = _LOOKS[self.look], [f.name for f in fields(_Look)]
        own = {name: getattr(self, name) for name in names}
        return _Look(**{name: getattr(look, name) if own[name] is None else own[name] for name in names})


def _optical_depths(zero_dn: float, air_dn: float) -> F64:
    """(65536,) ln of the open beam over what is left of it, for every detector value."""
    left = np.maximum(np.arange(1 << 16) - zero_dn, 1.0)
    return np.asarray(math.log(max(air_dn - zero_dn, 1.0)) - np.log(left))


def _halved(pixels: U16, breast: Bools, depth: F64) -> tuple[F32, F32]:
    """Optical depth and the breast's share at half the resolution; where the breast is not, the depth is 0."""
    shape = -(-breast.shape[0] // 2), -(-breast.shape[1] // 2)
    half, inside, table = np.zeros(shape, np.float32), np.zeros(shape, np.float32), depth.astype(np.float32)
    for start in range(0, len(breast), _ROWS):
        here = breast[start : start + _ROWS]
        end, first, to = 2 * -(-_last(here) // 2), _whole(here), slice(start // 2, start // 2 + -(-len(here) // 2))
        strip = _looked_up(table, pixels[start : start + _ROWS, :end])
        strip[:, first:] *= here[:, first:end]
        half[to, : end // 2] = halved(strip)
        share = halved(here[:, first - first % 2 : end].astype(np.float32))
        inside[to, : first // 2] = 1
        inside[to, first // 2 : first // 2 + share.shape[1]] = share
    return half, inside


def _looked_up(table: F32, pixels: U16) -> F32:
    """The table's value for every pixel."""
    return np.take(table, pixels, mode="wrap")  # every value fits: 'wrap' only spares numpy the check


def _flatten(half: F32, inside: F32, lift: Coarse, beyond: Coarse) -> None:
    """Lift the rim, and go on smoothly outside the breast, in place: no step is left to make a halo of."""
    for start in range(0, len(half), _ROWS):
        stop = min(start + _ROWS, len(half))
        share = inside[start:stop]
        rim, first = _rim(lift, start, stop), _whole(share == 1)
        half[start:stop, rim:] += lift[start:stop, rim:] * share[:, rim:]
        half[start:stop, first:] += beyond[start:stop, first:] * (1 - share[:, first:])


def _combine(added: F32, half: F32, lift: Coarse, gain: float, centre: float, slope: float) -> None:
    """Slope times (enhancement less the flat image's part in it, lift, centre), in place of the enhancement."""
    for start in range(0, len(half), _ROWS):
        stop = min(start + _ROWS, len(half))
        part, rim = added[start:stop], _rim(lift, start, stop)
        part -= half[start:stop] * np.float32(gain)
        part[:, rim:] += lift[start:stop, rim:] * np.float32(1 + gain)
        part -= np.float32(centre)
        part *= np.float32(slope)


def _smooth_step(x: Any) -> Any:
    """0 below 0, 1 above 1, and smoothly from one to the other."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _finish(out: U16, pixels: U16, breast: Bools, sigmoid: F32, skin: F32, lift: Coarse, added: Doubled) -> None:
    """Sigmoid, skin line and breast mask, into `out`, in strips: `sigmoid` and `skin` are tables of detector values."""
    for start in range(0, len(breast), _ROWS):
        stop = min(start + _ROWS, len(breast))
        inside = breast[start:stop]
        end, first = _last(inside), _whole(inside)
        rim = min(2 * _rim(lift, start // 2, -(-stop // 2)), end)
        value = added.rows(start, stop, end)
        value += _looked_up(sigmoid, pixels[start:stop, :end])
        np.minimum(value, np.float32(80), out=value)
        np.exp(value, out=value)
        value += 1
        np.divide(np.float32(FULL), value, out=value)
        value[:, rim:] *= _looked_up(skin, pixels[start:stop, rim:end])
        value[:, first:] *= inside[:, first:end]
        value += np.float32(0.5)  # what follows cuts fractions off
        out[start:stop, :end] = value


def _periphery(
    depth: F32, inside: F32, step: int, pitch_mm: float, thickness_mm: float, share: float, cut: tuple[bool, bool, bool]
) -> tuple[Coarse, Coarse, F32]:
    """What to add where the breast thins towards its rim; a smooth image to go on with beyond the rim; the lifted cells.

    The rim is fat: its optical depth at each distance from the skin is read off as the lower quartile there, and
    made up to that of the full thickness (a distance map, as in Tortajada et al. 2014). `inside` is the breast's share
    of each cell; `cut` says whether the image's upper, lower and right border cut the breast; the left one is the
    chest wall.
    """
    from scipy.ndimage import gaussian_filter, gaussian_filter1d

    cell_mm = step * pitch_mm
    mean = np.asarray(block_mean(depth, step) / np.maximum(inside, np.float32(1e-6)), np.float32)
    whole = inside > 0.99
    distance, nipple = _distance(inside, cut, cell_mm)
    distance *= np.float32(cell_mm)
    at = np.arange(0.5, max(0.6 * thickness_mm / cell_mm, 3.0)) * cell_mm
    profile = np.array([_quartile(mean[whole & (np.abs(distance - d) <= 0.75 * cell_mm)]) for d in at])
    known = ~np.isnan(profile)
    if known.sum() < 2:
        return Coarse(np.zeros_like(mean), step, depth.shape), Coarse(mean, step, depth.shape), mean
    profile = gaussian_filter1d(np.maximum.accumulate(np.interp(at, at[known], profile[known])), 1.0, mode="nearest")
    # never quite nothing: where there is a lift, there may be a skin line
    lift = np.interp(distance, at, max(share, 1e-4) * (profile[-1] - profile)).astype(np.float32)
    weight = (inside > 0.5).astype(np.float32)
    spread = gaussian_filter(weight, _SMOOTH_MM / cell_mm)

    # the nipple thins otherwise than the rim does: it is brought to one level, a little brighter than fat
    own = gaussian_filter(nipple.astype(np.float32), 0.7)
    lift += own * (share * (profile[-1] + _NIPPLE - gaussian_filter(mean * weight, 1.0)) - lift)
    level = (mean + lift) * weight
    beyond = gaussian_filter(level, _SMOOTH_MM / cell_mm) / np.maximum(spread, np.float32(1e-3))
    beyond = np.where(spread > 1e-3, beyond, level.sum() / weight.sum()).astype(np.float32)
    return Coarse(lift, step, depth.shape), Coarse(beyond, step, depth.shape), level


def _distance(inside: F32, cut: tuple[bool, bool, bool], cell_mm: float) -> tuple[F32, Bools]:
    """Cells to the nearest skin, and where the nipple is, which is left out; borders that cut the breast are no skin."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    far = 40  # further than the rim reaches
    padded = np.pad(inside, far, mode="edge")
    for is_cut, side in zip(cut, (padded[:far], padded[-far:], padded[:, -far:]), strict=True):
        if not is_cut:
            side[...] = 0
    body = padded > 0.5
    nipple = _standing_out(body, 2 * cell_mm)
    body &= ~nipple
    signed = distance_transform_edt(body) - distance_transform_edt(~body)
    # smoothed, or the cells' staircase along the rim would be seen as teeth
    smooth = gaussian_filter(signed, 2.5)
    return np.asarray(smooth[far:-far, far:-far], np.float32), nipple[far:-far, far:-far]


def _standing_out(body: Bools, cell_mm: float) -> Bools:
    """What stands more than 4 mm out of what a disc of 25 mm fits into, if it is as small as a nipple.

    It is looked for on every other cell; those lie `cell_mm` apart.
    """
    from scipy.ndimage import binary_dilation, distance_transform_edt, label

    few = body[::2, ::2]
    core = distance_transform_edt(few) > 25.0 / cell_mm
    if not core.any():
        return np.zeros_like(body)
    out_mm = distance_transform_edt(~core) * cell_mm - 25.0
    # by most of a cell, or slivers along a rounded rim would hang together
    parts, count = label(few & (out_mm > 0.75 * cell_mm))
    most, area_mm2 = np.zeros(count + 1), np.bincount(parts.ravel(), minlength=count + 1) * cell_mm**2
    np.maximum.at(most, parts.ravel(), out_mm.ravel())
    small = (most > 4.0) & (area_mm2 < 450)
    small[0] = False
    found = binary_dilation(small[parts])
    whole: Bools = found.repeat(2, axis=0).repeat(2, axis=1)[: body.shape[0], : body.shape[1]] & body
    return whole


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


def _whole(inside: Bools) -> int:
    """The first column that is not all breast."""
    columns: Bools = np.asarray(inside.all(axis=0))
    return columns.size if columns.all() else int(columns.argmin())


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
