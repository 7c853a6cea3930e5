"""How far the skin is from each cell of a breast, and where its nipple stands out."""

from __future__ import annotations

import math

import numpy as np

from phantom.arrays import F32
from phantom.imaging.quantities import Coarse, block_mean

_EVEN_MM = 1.2  # over which a distance is smoothed: the staircase of the cells would be seen as teeth along the rim
_DISC_MM = 25.0  # radius of what fits into a breast and not into its nipple
_BASE_MM = 2.0  # of the breast behind the nipple that is taken to be its base
_FAR_MM, _BEND_MM = 40.0, 16.0  # how far an outline is followed beyond a border, and by how much of it within


def distances(cells: F32, cut: tuple[bool, bool, bool], cell_mm: float) -> tuple[F32, F32, F32]:
    """Millimetres to the skin, to the skin without the nipple, and the nipple's and its base's share of every cell.

    Borders that cut the breast are no skin.
    """
    padded, top = _continued(cells, cut, cell_mm)
    rows, columns = cells.shape
    here = slice(top, top + rows), slice(0, columns)
    signed = signed_mm(padded, cell_mm)
    whole, out_mm = signed[here], standing_out(signed, cell_mm)
    if out_mm is None:
        return whole, whole, np.zeros_like(cells)
    without = np.minimum(padded, np.clip(0.5 - out_mm / np.float32(cell_mm), 0, 1))
    body = signed_mm(without, cell_mm)[here]
    # its base too: the skin behind it is no band to be seen
    base = np.clip(0.5 + (out_mm + np.float32(_BASE_MM)) / np.float32(cell_mm), 0, 1)
    return whole, body, np.minimum(padded, base)[here]


def _continued(cells: F32, cut: tuple[bool, bool, bool], cell_mm: float) -> tuple[F32, int]:
    """The cells with what lies beyond the upper, lower and right border, and how many rows were added above.

    Where a border cuts the breast its outline goes on as it bends, as far as a rim is wide; elsewhere nothing is there.
    """
    far, last = round(_FAR_MM / cell_mm), max(3, round(_BEND_MM / cell_mm))
    above, below = (_beyond(part[:last].sum(axis=1), far if is_cut else 1, cells.shape[1], is_cut)
                    for part, is_cut in ((cells, cut[0]), (cells[::-1], cut[1])))  # fmt: skip
    tall = np.concatenate([above[::-1], cells, below])
    if not cut[2] or not (tall[:, -1] > 0.5).any():
        return np.pad(tall, ((0, 0), (0, 1))), len(above)
    # to the right: where the breast begins and ends along each of the last columns
    held = tall[:, -last:][:, ::-1]
    first, size = (held > 0.5).argmax(axis=0).astype(np.float32), held.sum(axis=0)
    begins, ends = (_onward(where, far) for where in (first, first + size))
    y = np.arange(len(tall), dtype=np.float32)[:, None]
    right = np.clip(np.minimum(y + 1 - begins, ends - y), 0, 1)
    return np.concatenate([tall, right.astype(np.float32)], axis=1), len(above)


def _beyond(counts: F32, far: int, columns: int, is_cut: bool) -> F32:
    """Rows beyond a border, by how many cells of the breast the rows before it hold, that next to it first."""
    onward = _onward(counts, far) if is_cut and counts[0] > 0 else np.zeros(far, np.float32)
    return np.clip(onward[:, None] - np.arange(columns, dtype=np.float32), 0, 1).astype(np.float32)


def _onward(values: F32, far: int) -> F32:
    """On from the first of the values, away from the others, as they bend: a parabola, never outwards."""
    h = (len(values) - 1) // 2
    first, middle, last = values[0], values[h], values[2 * h]
    bend = min((first - 2 * middle + last) / h**2, 0.0)
    slope = (first - middle) / h + 0.5 * bend * h
    k = np.arange(1, far + 1, dtype=np.float32)
    return np.asarray(first + slope * k + 0.5 * bend * k * k, np.float32)


def signed_mm(share: F32, cell_mm: float) -> F32:
    """Millimetres from every cell's middle to the outline that the cells' shares tell of, negative outside.

    Next to the outline it is read off the smoothed shares, to a fraction of a cell; from there on it is that of the
    nearest such cell.
    """
    from scipy.ndimage import binary_erosion, distance_transform_edt, gaussian_filter
    from scipy.special import ndtri

    soft = gaussian_filter(share, 1.0, mode="nearest")
    body = soft > 0.5
    last = body & ~binary_erosion(body, border_value=1)
    if not last.any():
        return np.full(share.shape, 1e3 if body.any() else -1e3, np.float32)
    distance, nearest = distance_transform_edt(~last, return_indices=True)
    # a cell's share is itself a mean over its width
    within = np.float32(math.hypot(1, 1 / math.sqrt(12))) * ndtri(np.clip(soft, 0.5, 0.999))
    signed = np.where(body, distance, -distance) + within[tuple(nearest)]
    even = gaussian_filter(signed.astype(np.float32), _EVEN_MM / cell_mm, mode="nearest")
    return np.asarray(even * np.float32(cell_mm))


def standing_out(signed_mm: F32, cell_mm: float) -> F32 | None:
    """Millimetres by which cells stand out of what a disc of 25 mm fits into: near nipples, elsewhere far inside.

    A nipple stands out by more than 4 mm and is small, and no border cuts it. None if there is none. It is looked
    for on cells about 2 mm wide.

    Parameters
    ----------
    signed_mm : (rows, columns) float32
        Distance to the skin, negative outside.
    cell_mm : float
    """
    from scipy.ndimage import binary_dilation, distance_transform_edt, label

    every = max(1, round(2.24 / cell_mm))
    few, side = block_mean(signed_mm, every), every * cell_mm
    core = few > _DISC_MM
    if not core.any():
        return None
    distance, nearest = distance_transform_edt(~core, return_indices=True)
    out_mm = (distance * side - few[tuple(nearest)]).astype(np.float32)
    # by most of a cell, or slivers along a rounded rim would hang together
    parts, count = label((few > 0) & (out_mm > 0.75 * side))
    most, area_mm2 = np.zeros(count + 1), np.bincount(parts.ravel(), minlength=count + 1) * side**2
    np.maximum.at(most, parts.ravel(), out_mm.ravel())
    small = (most > 4.0) & (area_mm2 < 450)
    small[np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))] = False
    if not small.any():
        return None
    out_mm[~binary_dilation(small[parts], iterations=2)] = -_DISC_MM
    return Coarse(out_mm, every, signed_mm.shape).rows(0, signed_mm.shape[0])
