"""What is breast in a mammogram: its mask, without labels, markers and the edge of the field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom.arrays import F32, Bools
from phantom.errors import Unreadable
from phantom.imaging.quantities import block_mean
from phantom.insert.picture import Picture

CELL_MM = 0.5
_BRIDGE_MM = 2.5  # thinner than this, what hangs on the breast is no part of it (estimate)
_LABEL_MM2 = 2.0  # the least that is taken for a label or a marker (estimate)
_STRIP = 64  # rows of pixels that are worked on at once
_RISE = 0.06  # of the way from background to breast at which the breast begins (estimate)


@dataclass(frozen=True, eq=False)
class Segmented:
    """A mammogram's parts, on cells of about half a millimetre.

    Attributes
    ----------
    step : int
        Pixels on a side of a cell.
    cell_mm : float
    level : (rows, columns) float32
        Brightness (`Picture.brightness`), averaged over cells.
    breast : (rows, columns) bool
        Breast and muscle, holes filled.
    labels : (rows, columns) bool
        Burned-in text, markers (BB) and clips, in the breast or beside it.
    border : (rows, columns) bool
        The edge of the field: collimator, padding.
    background, inside : float
        Brightness beside the breast, and its median in it.
    largest : int
        Of the picture's values.
    """

    step: int
    cell_mm: float
    level: F32
    breast: Bools
    labels: Bools
    border: Bools
    background: float
    inside: float
    largest: int

    @property
    def usable(self) -> Bools:
        """(rows, columns): breast without labels and borders."""
        return self.breast & ~self.labels & ~self.border

    @property
    def area_cm2(self) -> float:
        """Of breast and muscle."""
        return float(np.count_nonzero(self.breast)) * self.cell_mm**2 / 100

    @property
    def edge(self) -> Any:
        """(rows,) int: the first column of cells beyond the breast, counted along each row from the chest wall."""
        last = self.breast.shape[1] - np.argmax(self.breast[:, ::-1], axis=1)
        return np.where(self.breast.any(axis=1), last, 0)

    def whole(self, cells: Bools, shape: tuple[int, int]) -> Bools:
        """Cells as pixels of the picture, with a smooth border."""
        from scipy.ndimage import gaussian_filter

        smooth = gaussian_filter(cells.astype(np.float32), 1.0, mode="nearest")
        rows, columns = (
            np.clip((np.arange(n) + 0.5) / self.step - 0.5, 0, m - 1) for n, m in zip(shape, smooth.shape, strict=True)
        )
        i, j = rows.astype(np.intp), columns.astype(np.intp)
        i1, j1 = np.minimum(i + 1, smooth.shape[0] - 1), np.minimum(j + 1, smooth.shape[1] - 1)
        along = (columns - j).astype(np.float32)
        wide = smooth[:, j] + along * (smooth[:, j1] - smooth[:, j])
        out = np.zeros(shape, bool)
        down = (rows - i).astype(np.float32)[:, None]
        for start in range(0, shape[0], _STRIP):
            part = slice(start, start + _STRIP)
            near = wide[i[part][0] : i1[part][-1] + 1] >= 0.5
            # what lies between cells is no more than the largest and no less than the smallest of them
            some, all_of = np.flatnonzero(near.any(axis=0)), near.all(axis=0)
            if not some.size:
                continue
            first, last = int(np.argmin(all_of)) if not all_of.all() else shape[1], int(some[-1]) + 1
            out[part, :first] = True
            above, below = wide[i[part], first:last], wide[i1[part], first:last]
            out[part, first:last] = above + down[part] * (below - above) >= 0.5
        return out


def segment(picture: Picture) -> Segmented:
    """Find the breast in a picture.

    The background is the most common level on the side away from the chest; what rises above it in one
    piece from the chest wall, thin bridges cut, is the breast. Text and markers are what is as bright as
    can be with a sharp border, or lies apart.

    Raises
    ------
    Unreadable
        If there is nothing like a breast at the edge of the image.
    """
    from scipy.ndimage import binary_fill_holes, binary_opening

    bright = picture.brightness()
    if picture.padding is not None:
        bright = np.where(picture.pixels == picture.padding, bright.min(), bright)
    step = max(1, round(CELL_MM / picture.spacing_mm))
    level = block_mean(bright, step)
    cell_mm = step * picture.spacing_mm
    marks = _marks(bright, step, level.shape)
    border = _border(level)
    background, noise = _background(level, border)
    others = level[~border & ~marks]
    top = float(np.percentile(others, 99.0))
    spread = max(top - background, 1e-6)
    inside = (
        float(np.median(others[others > background + 0.2 * spread]))
        if (others > background + 0.2 * spread).any()
        else top
    )
    threshold = background + max(5 * noise, _RISE * (inside - background))
    above = (level > threshold) & ~_outside(marks, level, threshold)
    disc = _disc(_BRIDGE_MM / cell_mm)
    margin = len(disc)
    opened = binary_opening(np.pad(above, margin, mode="edge"), disc)[margin:-margin, margin:-margin]
    breast = _at_chest_wall(opened, cell_mm)
    breast = _regrown(breast, above, cell_mm)
    breast = binary_fill_holes(np.pad(breast, ((0, 0), (1, 0)), constant_values=False))[:, 1:]
    area_cm2 = np.count_nonzero(breast) * cell_mm**2 / 100
    if not 10 <= area_cm2 <= 600 or np.count_nonzero(breast) > 0.98 * breast.size:
        raise Unreadable(f"no breast is found at the edge of the image (what is there covers {area_cm2:.0f} cm2)")
    apart = _large(above & ~_near(breast, 2.0 / cell_mm), _LABEL_MM2 / cell_mm**2)
    return Segmented(
        step, cell_mm, level, breast, (marks | apart) & ~border, border, background, inside, picture.largest
    )


def _disc(radius: float) -> Bools:
    n = int(np.ceil(radius))
    y, x = np.ogrid[-n : n + 1, -n : n + 1]
    return np.asarray(x * x + y * y <= (radius + 0.3) ** 2)


def _near(cells: Bools, radius: float) -> Bools:
    from scipy.ndimage import distance_transform_edt

    return np.asarray(distance_transform_edt(~cells) <= radius)


def _marks(bright: F32, step: int, shape: tuple[int, int]) -> Bools:
    """Cells of flat places at the very top of the scale: text, markers, clips, and what surrounds them closely.

    Tissue may saturate too, but not with a sharp border all around: a mark is small, and its surroundings dark.
    """
    from scipy.ndimage import binary_dilation, find_objects, label

    top = float(bright.max())
    full = bright >= top - 0.004
    cells = block_mean(full, step) if step <= 255 else full
    found = cells[: shape[0], : shape[1]] > 0.3
    parts, count = label(found, np.ones((3, 3)))
    out = np.zeros(shape, bool)
    for k, box in enumerate(find_objects(parts), start=1):
        rows, columns = (s.stop - s.start for s in box)
        at_edge = box[1].start == 0 or box[0].start == 0 or box[0].stop == shape[0]
        if rows * columns > 0.02 * shape[0] * shape[1] or (at_edge and max(rows, columns) > 20):
            continue
        out[box] |= parts[box] == k
    return np.asarray(binary_dilation(out, _disc(2.0))) if count else out


def _border(level: F32) -> Bools:
    """Rows and columns at the edges that are one even level: collimator blades, padding, white lines."""
    out = np.zeros(level.shape, bool)
    most = max(2, min(level.shape) // 25)
    high = float(level.max())
    for flip, axis in ((False, 1), (True, 1), (False, 0), (True, 0)):
        lines = level if axis == 0 else level.T
        lines = lines[::-1] if flip else lines
        body = np.median(lines[most : 3 * most], axis=0)
        for k in range(most):
            # a white line along the edge: brighter than what lies behind it nearly everywhere
            if np.median(lines[k]) < 0.97 * high and np.mean(lines[k] > body + 0.25 * high) < 0.6:
                break
            at = len(lines) - 1 - k if flip else k
            (out if axis == 0 else out.T)[at] = True
    return out


def _background(level: F32, border: Bools) -> tuple[float, float]:
    """Level and spread of what lies beside the breast: the most common level of the outer third."""
    columns = level.shape[1]
    outer = level[:, columns // 2 :][~border[:, columns // 2 :]]
    outer = outer if outer.size else level.reshape(-1)
    low, high = np.percentile(outer, [0, 60])
    counts, edges = np.histogram(outer, 128, (float(low), float(max(high, low + 1e-4))))
    k = int(np.argmax(counts))
    mode = 0.5 * float(edges[k] + edges[k + 1])
    below = outer[outer <= mode + (edges[1] - edges[0])]
    away = np.abs(below - mode)
    return mode, 1.5 * float(np.median(away)) if away.size else 0.0


def _outside(marks: Bools, level: F32, threshold: float) -> Bools:
    """Marks that lie in the background, so that they do not join the breast."""
    from scipy.ndimage import binary_dilation, find_objects, label

    parts, _ = label(marks)
    out = np.zeros(marks.shape, bool)
    for k, box in enumerate(find_objects(parts), start=1):
        wide = tuple(slice(max(s.start - 3, 0), s.stop + 3) for s in box)
        component = parts[wide] == k
        ring = binary_dilation(component, iterations=3) & ~binary_dilation(component)
        if ring.any() and np.mean(level[wide][ring] > threshold) < 0.5:
            out[wide] |= binary_dilation(component)
    return out


def _at_chest_wall(cells: Bools, cell_mm: float) -> Bools:
    """The piece with the largest area among those that reach the left edge."""
    from scipy.ndimage import label

    parts, count = label(cells)
    if not count:
        return np.zeros(cells.shape, bool)
    area = np.bincount(parts.ravel(), minlength=count + 1).astype(float)
    area[0] = 0
    reach = max(1, round(3.0 / cell_mm))
    touching = np.bincount(parts[:, :reach].ravel(), minlength=count + 1) > 0
    area[~touching] *= 0.2  # an image may be cut so that the breast's edge is not at its own
    return np.asarray(parts == int(np.argmax(area)))


def _regrown(breast: Bools, above: Bools, cell_mm: float) -> Bools:
    """What opening took off the breast's rim, a nipple above all, is put back; what is far from it is not."""
    from scipy.ndimage import label

    near = above & _near(breast, 12.0 / cell_mm)
    parts, count = label(near | breast)
    component = np.unique(parts[breast])
    grown = np.isin(parts, component[component > 0]) if count else breast
    thin = grown & ~breast
    # only what hangs on broadly, or is small, belongs to it
    pieces, n = label(thin)
    if n:
        area = np.bincount(pieces.ravel(), minlength=n + 1) * cell_mm**2
        thin &= (area < 400)[pieces]
    return breast | thin


def _large(cells: Bools, least: float) -> Bools:
    from scipy.ndimage import label

    parts, count = label(cells, np.ones((3, 3)))
    area = np.bincount(parts.ravel(), minlength=count + 1)
    area[0] = 0
    return np.asarray((area >= least)[parts])
