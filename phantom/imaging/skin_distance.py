"""How far the skin is from each cell of a breast."""

from __future__ import annotations

import math

import numpy as np

from phantom.arrays import F32

_EVEN_MM = 1.2  # over which a distance is smoothed: the staircase of the cells would be seen as teeth along the rim
_FAR_MM, _BEND_MM = 40.0, 16.0  # how far an outline is followed beyond a border, and by how much of it within


class Outline:
    """The outline of a breast, by its share of every cell.

    Parameters
    ----------
    cells : (rows, columns) float32
        The breast's share of every cell.
    cut : (bool, bool, bool)
        Whether the upper, lower and right border cut the breast: they are no skin. The left one is the chest wall.
    cell_mm : float
    """

    def __init__(self, cells: F32, cut: tuple[bool, bool, bool], cell_mm: float) -> None:
        self._share, top = _continued(cells, cut, cell_mm)
        self._window = slice(top, top + cells.shape[0]), slice(0, cells.shape[1])
        self._cell_mm = cell_mm

    def distance_mm(self, left_out: F32 | None = None) -> F32:
        """(rows, columns): to the skin from every cell's middle, negative outside.

        Parameters
        ----------
        left_out : (rows, columns) float32
            The share of every cell that is taken to be no part of the breast.
        """
        share = self._share
        if left_out is not None:
            share = share.copy()
            share[self._window] *= 1 - left_out
        return signed_mm(share, self._cell_mm)[self._window]


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
