"""Scattered radiation: kernels by thickness, at a sixteenth of the resolution."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

import numpy as np

from phantom.arrays import F32
from phantom.imaging.quantities import Coarse, block_mean
from phantom.recipe.draw import Within

CELL_MM = 1.12
_AROUND_MM = 60.0
_CLASSES = 4
# Which kernels stand for a beam: the ratio hardly depends on the spectrum (Boone & Cooper 2000).
_TABLE = {"W/Al": "W/Ag", "Mo/Rh": "Mo/Mo", "Rh/Rh": "Rh/Ag"}


@dataclass(frozen=True)
class Kernel:
    """How scatter of a slab spreads: w e^(-r/a)/(2 pi a^2) + (1 - w) e^(-r/b)/(2 pi b^2), lengths in cm.

    `ratio` is scatter over primary in an infinite field, both behind the grid where there is one.
    """

    ratio: float
    share_near: float
    near_cm: float
    far_cm: float

    def transfer(self, k2: F32) -> F32:
        """Its Fourier transform, 1 at 0, at squared angular frequencies, 1/cm2."""
        near = (1 + np.float32(self.near_cm**2) * k2) ** np.float32(-1.5)
        far = (1 + np.float32(self.far_cm**2) * k2) ** np.float32(-1.5)
        return np.asarray(np.float32(self.share_near) * near + np.float32(1 - self.share_near) * far, np.float32)


@dataclass(frozen=True)
class Scatter:
    """Scattered radiation: with or without the anti-scatter grid, and how much of it."""

    grid: Annotated[bool, "whether the anti-scatter grid is in"] = True
    factor: Annotated[float, Within(0, 5), "times the scatter; 0 for none"] = 1.0
    air_gap_mm: Annotated[
        float, Within(5, 500, "mm"), "breast support to detector; magnification views have 200-350"
    ] = 15.0

    def kernel(self, target_filter: str, thickness_mm: float) -> Kernel:
        """The kernel of a thickness, interpolated in the table (a linear 5:1 grid's); thicker than 90 mm is
        continued."""
        table, cm = self._table(target_filter), thickness_mm / 10
        form = (float(_interp(cm, table[:, 0], column)) for column in table.T[2:])
        return Kernel(float(self._ratio(table, np.asarray(cm), 1.0, False)), *form)

    def _table(self, target_filter: str) -> Any:
        """(thicknesses, 5): cm, scatter over primary, and the kernel's three numbers, with or without the grid."""
        table = _tables()[_TABLE.get(target_filter, target_filter)]
        return table[:, [0, 5, 6, 7, 8]] if self.grid else table[:, :5]

    def _ratio(self, table: Any, cm: Any, grid_factor: float, breast_only: bool) -> Any:
        ratio = _interp(cm, table[:, 0], table[:, 1])
        if breast_only:
            # what paddle and support add falls from the whole at 0 cm: 0.045 of 0.60 is left at 5 cm (without grid)
            ratio = ratio - table[0, 1] * np.exp(-cm / 20)
        times = self.factor * (grid_factor if self.grid else 1.0) * _gap_share(self.air_gap_mm) / _gap_share(15.0)
        return np.maximum(ratio * times, 0.0)

    def scatter_signal(
        self,
        primary: F32,
        thickness_mm: F32,
        pitch_mm: float,
        target_filter: str,
        *,
        grid_factor: float = 1.0,
        chest_wall_left: bool = True,
        breast_only: bool = False,
        collimated: bool = False,
    ) -> Coarse:
        """The scattered signal in units of the open beam.

        Every place sends out its primary signal times the ratio of its thickness; four kernels, for thicknesses
        from nothing to the thickest, share the work linearly.

        Parameters
        ----------
        primary : (rows, columns) float32
            S/S0.
        thickness_mm : (rows, columns) float32
            Of the breast; 0 beside it.
        pitch_mm : float
        target_filter : str
        grid_factor : float
            The grid's scatter transmission relative to that of a linear 5:1 grid.
        chest_wall_left : bool
            Whether the beam ends at the left edge. On the other sides 60 mm of open beam follow.
        breast_only : bool
            Leave out what paddle and support scatter.
        collimated : bool
            Whether the beam ends at all of them.
        """
        step = max(1, round(CELL_MM / pitch_mm))
        light, thick = block_mean(primary, step), block_mean(thickness_mm, step)
        top = max(float(thick.max()), 1.0)
        pad = math.ceil(_AROUND_MM / (step * pitch_mm))
        rows, columns = light.shape
        light = np.pad(light, pad, constant_values=0.0 if collimated else 1.0)
        thick = np.pad(thick, pad)
        if chest_wall_left:
            light[:, :pad] = 0.0
        source = light * self._ratios(thick, target_filter, grid_factor, breast_only)
        total = self._spread(source, thick, top, step * pitch_mm / 10, target_filter)
        return Coarse(np.ascontiguousarray(total[pad : pad + rows, pad : pad + columns]), step, primary.shape)

    def _ratios(self, thick: F32, target_filter: str, grid_factor: float, breast_only: bool) -> F32:
        at = np.linspace(0, max(float(thick.max()), 90.0), 181)
        ratio = self._ratio(self._table(target_filter), at / 10, grid_factor, breast_only)
        if breast_only:
            ratio[0] = 0.0
        return np.asarray(np.interp(thick, at, ratio), np.float32)

    def _spread(self, source: F32, thick: F32, top: float, cell_cm: float, target_filter: str) -> F32:
        from scipy.fft import irfft2, next_fast_len, rfft2

        shape = next_fast_len(source.shape[0], True), next_fast_len(source.shape[1], True)
        k = [2 * np.pi * np.fft.fftfreq(shape[0], cell_cm), 2 * np.pi * np.fft.rfftfreq(shape[1], cell_cm)]
        k2 = (k[0][:, None] ** 2 + k[1] ** 2).astype(np.float32)
        knots = np.linspace(0, top, _CLASSES)
        place = thick * np.float32((_CLASSES - 1) / top)
        spectrum = np.zeros((shape[0], shape[1] // 2 + 1), np.complex64)
        for i, knot in enumerate(knots):
            share = np.clip(1 - np.abs(place - i), 0, None)
            spectrum += rfft2(source * share, s=shape, workers=1) * self.kernel(target_filter, float(knot)).transfer(k2)
        return np.asarray(irfft2(spectrum, s=shape, workers=1)[: source.shape[0], : source.shape[1]], np.float32)


def _gap_share(gap_mm: float) -> float:
    """The share of scatter that an air gap lets through: fit to a Monte Carlo of a 6 cm disc, 0.575, 0.494 and 0.071 of
    primary at 5, 25 and 300 mm.
    """
    return 1 / (1 + math.pow(gap_mm / 83, 1.53))


@cache
def _tables() -> dict[str, Any]:
    table = json.loads((files("phantom.imaging") / "data" / "scatter.json").read_text())
    return {name: np.array(rows) for name, rows in table["tables"].items()}


def _interp(x: Any, xs: Any, ys: Any) -> Any:
    """Linear, continued beyond the last two points."""
    k = np.clip(np.searchsorted(xs, x) - 1, 0, len(xs) - 2)
    return ys[k] + (ys[k + 1] - ys[k]) * (x - xs[k]) / (xs[k + 1] - xs[k])
