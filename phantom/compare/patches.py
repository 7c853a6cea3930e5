"""Square patches of a breast, chosen by one rule for all pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phantom.arrays import F32, Bools
from phantom.compare.framed import Framed, coarser

PITCH_MM = 0.14
SIZE = 128
PATCH_MM = PITCH_MM * SIZE
_STRIDE_MM = PATCH_MM / 2
_RIM_MM = 3.0
_CLIPPED = 0.01


@dataclass(frozen=True, eq=False)
class Patches:
    """Patches of one picture.

    Attributes
    ----------
    grey : (patches, SIZE, SIZE) float32
        Shares of full scale, on pixels of `PITCH_MM`.
    fine : (patches, n, n) float32
        The same places on the picture's pixels.
    pitch_mm : float
        Of `fine`.
    """

    grey: F32
    fine: F32
    pitch_mm: float


def cut(framed: Framed, most: int) -> Patches:
    """Half-overlapping patches of 18 mm wholly inside the breast, at most `most`, evenly spread.

    They lie 3 mm inside the outline, hold no marker, and at most 1 % of their pixels is clipped.
    """
    corners = _corners(framed)
    if len(corners) > most:
        corners = [corners[i] for i in np.linspace(0, len(corners) - 1, most).round().astype(int)]
    small = resampled(framed.image, framed.pitch_mm, PITCH_MM)
    n = round(PATCH_MM / framed.pitch_mm)
    grey = np.empty((len(corners), SIZE, SIZE), np.float32)
    fine = np.empty((len(corners), n, n), np.float32)
    for k, corner in enumerate(corners):
        grey[k] = _at(small, corner, SIZE, PITCH_MM)
        fine[k] = _at(framed.image, corner, n, framed.pitch_mm)
    return Patches(grey, fine, framed.pitch_mm)


def _at(image: F32, corner_mm: tuple[float, float], size: int, pitch_mm: float) -> F32:
    row, column = (min(round(x / pitch_mm), n - size) for x, n in zip(corner_mm, image.shape, strict=True))
    return image[row : row + size, column : column + size]


def _corners(framed: Framed) -> list[tuple[float, float]]:
    """Row and column (mm) of the upper left corners, from the top and the chest wall."""
    from scipy.ndimage import distance_transform_edt

    coarse = coarser(framed, 0.56)
    pitch = coarse.pitch_mm
    pad = round(PATCH_MM / pitch)
    # the picture's own border is no outline
    inside = np.pad(coarse.breast, pad, mode="edge")
    depth = distance_transform_edt(inside)[pad:-pad, pad:-pad] * pitch
    wanted: Bools = coarse.usable & (depth > _RIM_MM)
    clipped = (framed.image >= 0.995) | (framed.image <= 0.002)
    height, width = (n * framed.pitch_mm - PATCH_MM for n in framed.image.shape)
    out = []
    for row in np.arange(0, height, _STRIDE_MM):
        for column in np.arange(0, width, _STRIDE_MM):
            rows, columns = (slice(int(x / pitch), int((x + PATCH_MM) / pitch)) for x in (row, column))
            if not wanted[rows, columns].all():
                continue
            rows, columns = (
                slice(int(x / framed.pitch_mm), int((x + PATCH_MM) / framed.pitch_mm)) for x in (row, column)
            )
            if clipped[rows, columns].mean() < _CLIPPED:
                out.append((float(row), float(column)))
    return out


def resampled(image: F32, pitch_mm: float, wanted_mm: float) -> F32:
    """Averaged over the area of the new pixels; interpolated where they are smaller."""
    from PIL import Image

    if abs(pitch_mm / wanted_mm - 1) < 0.01:
        return image
    ratio = wanted_mm / pitch_mm
    rows, columns = (int(n / ratio + 1e-6) for n in image.shape)
    box = (0.0, 0.0, min(columns * ratio, image.shape[1]), min(rows * ratio, image.shape[0]))
    filtering = Image.Resampling.BOX if ratio > 1 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(image).resize((columns, rows), filtering, box=box), np.float32)
