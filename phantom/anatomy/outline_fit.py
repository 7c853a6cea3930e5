"""From what is measured on a mammogram, thickness and area, back to the free breast."""

from __future__ import annotations

import math

import numpy as np

from phantom.anatomy.outline import BreastOutline
from phantom.arrays import Floats
from phantom.geometry.pressing import sectors
from phantom.geometry.silhouette import Silhouette
from phantom.geometry.view import View

# The paddle presses a free breast to between these fractions of its own depth (an estimate from
# the published ranges of thickness and area).
_PRESSED = (0.24, 0.9)


def fit_outline(
    area_cm2: float,
    thickness_mm: float,
    roll_off: float,
    height_to_width: float,
    dome: float,
    rim: float,
    sag: float,
    skew: float,
    tail: float,
    silhouette: Silhouette,
) -> BreastOutline:
    """The free body that, pressed to a thickness in CC into an outline of this shape, covers an area.

    Parameters as the keys of `Anatomy`.

    Raises
    ------
    ValueError
        If no breast is so thin and wide, or so thick and small; the message gives the numbers.
    """

    def of_size(half_mm: float) -> BreastOutline:
        height = height_to_width * half_mm
        return BreastOutline(
            height,
            half_mm,
            0.94 * half_mm,
            0.86 * half_mm,
            0.96 * half_mm,
            rim,
            dome,
            sag * height,
            skew * height,
            tail,
        )

    phi = np.linspace(-math.pi / 2, math.pi / 2, 121)
    shape = silhouette.radius(phi, 0.0)
    size = math.sqrt(2 * 100 * area_cm2 / float(np.trapezoid(shape**2, phi)))
    volume = float(np.trapezoid(sectors(size * shape, phi, thickness_mm, roll_off), phi))
    half = 10.0 * math.sqrt(area_cm2 / 1.6)
    free = float(np.trapezoid(_sector_volumes(of_size(half), phi), phi))
    body = of_size(half * (volume / free) ** (1 / 3))
    pressed = thickness_mm / (body.upper_mm + body.lower_mm)
    if not _PRESSED[0] <= pressed <= _PRESSED[1]:
        what = "thin for its area" if pressed < _PRESSED[0] else "thick for its area"
        raise ValueError(f"a breast of {area_cm2:.0f} cm2 pressed to {thickness_mm:.0f} mm is too {what}")
    return body


def _sector_volumes(body: BreastOutline, phi: Floats) -> Floats:
    """Volume per radian of the CC plane in each direction, mm³."""
    view = View("CC", "L", 0.0)
    reach = 1.6 * max(body.height_mm, body.lateral_mm * (1 + body.tail))
    rho = np.linspace(0, reach, 240)
    bottom, top = body.columns(rho * np.cos(phi)[:, None], rho * np.sin(phi)[:, None], view)
    return np.asarray(np.trapezoid((top - bottom) * rho, rho, axis=1))
