"""The pectoral muscle as path lengths: a wedge with a soft edge and fibres along it."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from phantom.arrays import F32
from phantom.geometry.compression import Compression
from phantom.geometry.grid import Grid
from phantom.recipe.seed import Seed

MUSCLE_MM = 0.28  # spacing of the lattice that it is laid on
_FIBRES, _ALONG = 400, 128  # texture across and along
_ALONG_MM, _BEGINS_MM = 3.0, 215.0  # spacing along, and how far above the nipple it begins
_SHEET, _BELLY_MM = 0.36, 9.0  # share of the edge's path that rises within its softness, and how far in the rest does
_THINS = 0.24  # share of its greatest width at which it is two thirds as thick as above
_UNEVEN = np.float32(0.03)


def muscle_path(pressed: Compression, plane: Grid, seed: Seed) -> F32 | None:
    """Path in the pectoral muscle over a lattice, as if all were free to be muscle; None where there is none.

    It begins softly as a thin sheet, grows slowly toward the chest wall, and thins out where it ends below.
    Bundles of fibres run along its edge and converge upward, where the muscle narrows to its tendon.

    Parameters
    ----------
    pressed : Compression
    plane : Grid
    seed : Seed
        Names the fibres' random numbers.

    Returns
    -------
    (rows, columns) float32 or None
        Columns are those of the plane that the muscle reaches.
    """
    even = np.asarray(pressed.muscle_width_mm(plane.y_mm))
    width = np.asarray(even + np.minimum(even / 8, 1) * _waves(pressed, plane, seed), np.float32)
    reach = int(np.searchsorted(plane.x_mm, float(width.max())))
    if not reach or float(width.max()) < MUSCLE_MM:
        return None
    chest, x = pressed.chest, plane.x_mm[:reach].astype(np.float32)[None, :]
    # distance from the edge: nearly that along the row, as the edge is steep
    within = np.maximum((width[:, None] - x) * np.float32(0.93), 0)
    full = np.ones_like(width)
    if chest.muscle_top_mm:
        full = 1 - np.exp(width * np.float32(-1 / (_THINS * chest.muscle_top_mm)))
    # the thinner it is, the less of an edge it has
    soft = np.float32(chest.muscle_soft_mm) * (2 - full[:, None])
    sheet = 1 - np.exp(-np.square(within / soft))
    belly = 1 - np.exp(within * np.float32(-1 / _BELLY_MM))
    path = np.float32(chest.muscle_thick_mm) * (np.float32(_SHEET) * sheet + np.float32(1 - _SHEET) * belly)
    path = (path + np.float32(0.1) * within) * full[:, None]
    fibres = _fibres(seed)
    # fibres keep to the edge and fan out from it
    across = within / np.maximum(np.float32(0.6) * width[:, None] + 20, 1) * np.float32(0.9)
    u = np.clip(across, 0, 1) * np.float32(_FIBRES - 2)
    v = ((plane.y_mm - pressed.nipple_y_mm + _BEGINS_MM) / _ALONG_MM).astype(np.float32)[:, None] + 0 * u
    i, j = u.astype(np.int32), v.astype(np.int32)
    u -= i
    v -= j
    one, two = j % _ALONG, (j + 1) % _ALONG
    near = fibres[i, one] + v * (fibres[i, two] - fibres[i, one])
    far = fibres[i + 1, one] + v * (fibres[i + 1, two] - fibres[i + 1, one])
    near += u * (far - near)
    path *= 1 + _UNEVEN * near
    return np.asarray(np.maximum(path, 0), np.float32)


def _waves(pressed: Compression, plane: Grid, seed: Seed) -> F32:
    """How far the edge strays from its even line, by row: a millimetre over centimetres."""
    knots = 2.0 * seed.child("muscle", "edge").rng().standard_normal(80)
    at = (plane.y_mm - pressed.nipple_y_mm + _BEGINS_MM) / 12.0
    smooth = gaussian_filter(knots, 1.0)
    return np.asarray(np.interp(at, np.arange(80), smooth), np.float32)


def _fibres(seed: Seed) -> F32:
    """Texture of bundles, (across, along), of unit variance."""
    rng = seed.child("muscle").rng()
    out = np.zeros((_FIBRES, _ALONG))
    for across, along, tilt, weight in (
        (1.0, 2.5, 1.0, 0.2),
        (2.5, 4.0, -1.2, 0.4),
        (5.0, 6.0, 0.6, 0.8),
        (14.0, 8.0, 0.0, 1.0),
    ):
        part = gaussian_filter(rng.standard_normal(out.shape), (across, along), mode="wrap")
        # layers of the muscle cross at small angles
        part = part[
            (np.arange(_FIBRES)[:, None] + np.rint(tilt * np.arange(_ALONG)).astype(int)) % _FIBRES, np.arange(_ALONG)
        ]
        out += weight * part / part.std()
    # bundles are not quite straight, and slide past each other
    bend = gaussian_filter(rng.standard_normal((_FIBRES, _ALONG)), (60.0, 5.0), mode="wrap")
    rows = np.arange(_FIBRES)[:, None] + np.rint(5.0 * bend / bend.std()).astype(int)
    out = out[rows % _FIBRES, np.arange(_ALONG)]
    return np.asarray(out / out.std(), np.float32)
