"""The picture a radiologist reads: logarithm, peripheral equalisation, multi-scale contrast, sigmoid."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Literal

import numpy as np

from phantom.arrays import F32, F64, U16, Bools
from phantom.geometry.interpolate import Resampled, enlarged
from phantom.imaging import rim, tone
from phantom.imaging.contrast import Bands, Noise, silent
from phantom.imaging.highlights import BRIGHTEST, KNEE, Highlights
from phantom.imaging.pyramid import halved
from phantom.imaging.quantities import Coarse, ForPresentation, ForProcessing
from phantom.imaging.rim import Rim
from phantom.recipe.draw import Within

FULL = 4095
_ROWS = 32  # a strip that stays in the processor's cache
_FADE_MM = 1.3  # within the skin, over which the picture comes up from black


@dataclass(frozen=True)
class _Numbers:
    """The numbers of a look: estimates, judged by eye and against the spectra of displayed mammograms."""

    level: float
    contrast: float
    equalise: float
    fine: float
    medium: float
    coarse: float
    quiet: float


_NAMED = {
    "standard": _Numbers(0.28, 1.00, 0.95, 0.45, 0.85, 1.90, 0.70),
    "soft": _Numbers(0.30, 0.75, 0.90, 0.10, 0.50, 0.60, 0.60),
    "crisp": _Numbers(0.27, 1.15, 0.97, 1.00, 1.80, 2.20, 0.80),
    "film": _Numbers(0.33, 0.8, 0.30, 0.00, 0.00, 0.00, 1.00),
}


@dataclass(frozen=True, eq=False)
class _Adapted:
    """What the display is set to for one exposure.

    Its rim, the log exposures that the scale spans and has amid it, and by how much the muscle lies above what is
    beside it.
    """

    around: Rim
    latitude: float
    middle: float
    muscle: Coarse


@dataclass(frozen=True)
class Presentation:
    """What the unit makes of the raw image before it is shown. Keys that are left out come from the look."""

    look: Annotated[Literal["standard", "soft", "crisp", "film"], "a named set of the keys below"] = "standard"
    level: Annotated[float | None, Within(0.05, 0.8), "mean of the breast, muscle left out, of full scale"] = None
    latitude: Annotated[float | None, Within(0.2, 10), "log exposure from dark to bright; left out: from the image"] = (
        None
    )
    contrast: Annotated[float | None, Within(0.2, 5), "share of the scale that the breast's middle 90 % spans"] = None
    equalise: Annotated[float | None, Within(0, 1), "share of the thinner rim's darkness that is made up for"] = None
    fine: Annotated[float | None, Within(0, 3), "gain of detail below 0.2 mm that stands out of the noise"] = None
    medium: Annotated[float | None, Within(0, 3), "gain of such detail from 0.2 to 2 mm"] = None
    coarse: Annotated[float | None, Within(0, 3), "gain of structure above 2 mm"] = None
    quiet: Annotated[float | None, Within(0, 1), "share of the finest noise that is left"] = None
    soft_limit: Annotated[float, Within(0.005, 2), "log exposure at which the gain of a detail is halved"] = 0.1

    def present(
        self, raw: ForProcessing, breast: Bools, pitch_mm: float, thickness_mm: float, *, zero_dn: float, air_dn: float,
        offset: tuple[int, int] = (0, 0), noise: Noise = silent, adapted: object = None,
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
        noise : callable
            The detector's noise power of optical depth (mm^2) at so many cycles/mm behind such an optical depth.
        adapted : object
            As `ForPresentation.adapted` of another picture of this exposure: what differs between the two is then seen
            where it is, and nowhere else. None: set to this picture.
        """
        numbers, out = self.numbers(), np.zeros(raw.pixels.shape, np.uint16)
        rows, columns = breast.shape
        where = slice(offset[0], offset[0] + rows), slice(offset[1], offset[1] + columns)
        if breast.any():
            full_rows, full_columns = raw.pixels.shape
            cut = offset[0] == 0, offset[0] + rows == full_rows, offset[1] + columns == full_columns
            depth, side = _optical_depths(zero_dn, air_dn), 2 * pitch_mm
            half, inside = _halved(raw.pixels[where], breast, depth)
            if not isinstance(adapted, _Adapted):
                around = rim.measure(half, inside, side, thickness_mm, numbers.equalise, cut)
                adapted = self._adapted(around, around.lift.step * side)
            around, slope = adapted.around, -4 / adapted.latitude
            measured = halved(half)
            _flatten(half, inside, around)
            bands = Bands(numbers.fine, numbers.medium, numbers.coarse, numbers.quiet, self.soft_limit)
            added, finer = bands.enhancement(_even(half, adapted), side, measured, noise)
            del measured, inside
            # all that goes into the sigmoid except the finest detail is smooth enough for half the resolution
            share = _combine(added, half, finer, around, adapted.middle, slope)
            bright = Highlights(half, side, breast.shape)
            del half
            table = np.asarray(slope * depth, np.float32)
            smooth, detail = enlarged(added, 2, breast.shape), enlarged(share, 2, breast.shape)
            _finish(out[where], raw.pixels[where], breast, table, around, smooth, detail, bright)
        return ForPresentation(out, 2048.0, 4096.0, adapted)

    def _adapted(self, around: Rim, cell_mm: float) -> _Adapted:
        """The settings for a breast with this rim; takes what broad bright parts give back from its lift."""
        numbers, muscle = self.numbers(), tone.muscle(around.level, around.inside, cell_mm)
        latitude = self.latitude or tone.latitude(around.level, muscle.weight, numbers.contrast)
        middle = tone.centre(around.level, muscle.weight, numbers.level, latitude)
        level = tone.broad(around.level, around.inside, cell_mm)
        less = tone.shoulder(level, middle, latitude)
        around.lift.values[...] -= less
        return _Adapted(around, latitude, middle, replace(around.lift, values=muscle.excess(level - less)))

    def numbers(self) -> _Numbers:
        """The look's numbers, with what the recipe says instead."""
        look, names = _NAMED[self.look], [f.name for f in fields(_Numbers)]
        given = {name: getattr(self, name) for name in names}
        return _Numbers(**{name: getattr(look, name) if given[name] is None else given[name] for name in names})


def _optical_depths(zero_dn: float, air_dn: float) -> F64:
    """(65536,) ln of the open beam over what is left of it, for every detector value."""
    left = np.maximum(np.arange(1 << 16) - zero_dn, 1.0)
    return np.asarray(math.log(max(air_dn - zero_dn, 1.0)) - np.log(left))


def _halved(pixels: U16, breast: Bools, depth: F64) -> tuple[F32, F32]:
    """Optical depth and the breast's share at half the resolution; where the breast is not, the depth is 0."""
    shape = -(-breast.shape[0] // 2), -(-breast.shape[1] // 2)
    half, inside, table = np.zeros(shape, np.float32), np.zeros(shape, np.float32), depth.astype(np.float32)
    for start in range(0, len(breast), _ROWS):
        covered = breast[start : start + _ROWS]
        end, first = 2 * -(-_last(covered) // 2), _whole(covered)
        to = slice(start // 2, start // 2 + -(-len(covered) // 2))
        strip = _looked_up(table, pixels[start : start + _ROWS, :end])
        strip[:, first:] *= covered[:, first:end]
        half[to, : end // 2] = halved(strip)
        share = halved(covered[:, first - first % 2 : end].astype(np.float32))
        inside[to, : first // 2] = 1
        inside[to, first // 2 : first // 2 + share.shape[1]] = share
    return half, inside


def _looked_up(table: F32, pixels: U16) -> F32:
    """The table's value for every pixel."""
    return np.take(table, pixels, mode="wrap")  # every value fits: 'wrap' only spares numpy the check


def _flatten(half: F32, inside: F32, around: Rim) -> None:
    """Lift the rim, take its skin away, and go on smoothly outside, in place: no step or band is left to make a halo
    of."""
    for start in range(0, len(half), _ROWS):
        stop = min(start + _ROWS, len(half))
        share = inside[start:stop]
        thin, first = _rim(around.lift, start, stop), _whole(share == 1)
        half[start:stop, thin:] += around.lift[start:stop, thin:] * share[:, thin:]
        half[start:stop, first:] += around.beyond[start:stop, first:] * (1 - share[:, first:])


def _even(half: F32, adapted: _Adapted) -> F32:
    """The flat image without the muscle's step and the height of calcifications: neither is to have a halo."""
    most, even = np.float32(adapted.middle + BRIGHTEST * adapted.latitude / 4), np.empty_like(half)
    for start in range(0, len(half), _ROWS):
        stop = min(start + _ROWS, len(half))
        np.subtract(half[start:stop], adapted.muscle.rows(start, stop), out=even[start:stop])
    return np.minimum(even, most, out=even)


def _combine(added: F32, half: F32, finer: F32, around: Rim, middle: float, slope: float) -> F32:
    """What goes into the sigmoid except the finest detail, in place of the enhancement; and the detail's share.

    The depth itself is shared out: what is finer than these pixels comes from the full resolution, by its share. In
    place
    of the flat image `half` comes how far all of that lies beyond the knee of the highlights.
    """
    fine, share = enlarged(finer, 2, half.shape), np.empty(half.shape, np.float32)
    for start in range(0, len(half), _ROWS):
        stop = min(start + _ROWS, len(half))
        part, flat = added[start:stop], half[start:stop]
        thin, gain = _rim(around.lift, start, stop), fine.rows(start, stop)
        bright = part + flat
        bright[:, thin:] += around.skin[start:stop, thin:]
        # the flat image's part in the finest detail: 1 + gain times the depth is what the full resolution adds
        part -= flat * gain
        flat[...] = np.maximum((bright - np.float32(middle)) * np.float32(-slope) - KNEE, 0)
        gain += 1
        share[start:stop] = gain
        part[:, thin:] += around.lift[start:stop, thin:] * gain[:, thin:]
        part[:, thin:] += around.skin[start:stop, thin:]
        part -= np.float32(middle)
        part *= np.float32(slope)
    return share


def _smooth_step(x: Any) -> Any:
    """0 below 0, 1 above 1, and smoothly from one to the other."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _finish(
    out: U16, pixels: U16, breast: Bools, table: F32, around: Rim, added: Resampled, share: Resampled,
    bright: Highlights,
) -> None:  # fmt: skip
    """Sigmoid, skin line and breast mask, into `out`, in strips: `table` is the slope times each detector value's
    depth."""
    for start in range(0, len(breast), _ROWS):
        stop = min(start + _ROWS, len(breast))
        inside = breast[start:stop]
        end, first = _last(inside), _whole(inside)
        thin = min(2 * _rim(around.lift, start // 2, -(-stop // 2)), end)
        value = share.rows(start, stop, slice(end))
        value *= _looked_up(table, pixels[start:stop, :end])
        value += added.rows(start, stop, slice(end))
        bright.compress(value, start)
        np.minimum(value, np.float32(80), out=value)
        np.exp(value, out=value)
        value += 1
        np.divide(np.float32(FULL), value, out=value)
        value[:, thin:] *= _smooth_step(around.distance[start:stop, thin:end] * np.float32(1 / _FADE_MM))
        value[:, first:] *= inside[:, first:end]
        value += np.float32(0.5)  # what follows cuts fractions off
        out[start:stop, :end] = value


def _rim(lift: Coarse, start: int, stop: int) -> int:
    """The first column where rows start to stop - 1 are lifted: left of it the depth is as it is."""
    rows = slice(max(start // lift.step - 1, 0), -(-stop // lift.step) + 1)
    lifted = np.flatnonzero((lift.values[rows] != 0).any(axis=0))
    return max((int(lifted[0]) - 1) * lift.step, 0) if lifted.size else lift.shape[1]


def _last(inside: Bools) -> int:
    """The first column beyond which a strip holds no breast."""
    columns: Bools = np.asarray(inside.any(axis=0))
    return int(columns.size - columns[::-1].argmax()) if columns.any() else 0


def _whole(inside: Bools) -> int:
    """The first column that is not all breast."""
    columns: Bools = np.asarray(inside.all(axis=0))
    return columns.size if columns.all() else int(columns.argmin())
