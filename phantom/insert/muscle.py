"""The edge of the pectoral muscle in an oblique or lateral view."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from phantom.arrays import F32, Bools, Floats
from phantom.insert.segment import Segmented

_CELL_MM = 1.0
_LINES = 48  # candidates for either end
_ANGLES = 8.0, 55.0  # degrees from the chest wall's edge
_ASIDE_MM = 4.0  # brightness is compared so far on either side of the edge (estimate)
_LEAST_STEP, _MOST_STEP = 0.05, 0.25  # of the breast's spread: less is no edge, more is no better an edge (estimates)
_DEEPER, _UNEVEN = 5, 0.05  # so many times further in, the muscle is no darker than by this (estimates)
_SHORTEST_MM = 30.0
_RIM_MM = 32.0  # further from the skin a breast is not thinner
_ON = 0.6  # where the edge is lost, it bends to the chest wall within this part of the line's rest (estimate)
_BELOW_MM = 15.0  # how far below the breast's foremost point a muscle may reach (estimate)


def muscle_edge(segmented: Segmented) -> Floats:
    """Points x, y (n, 2) in mm on the edge of the pectoral muscle, from the top down; none where none is clear.

    All lines of a fan from the top to the chest wall are compared by how much brighter their chest wall's
    side is, added up from the top as far as it goes; the best is followed row by row, made smooth by a
    parabola (the edge bulges a little either way), and continued straight where gland hides it.
    """
    smooth, inside, size = _coarse(segmented)
    found = _best_line(smooth, inside, size)
    if found is None:
        return np.zeros((0, 2))
    x_top, bottom, seen = found
    fit = _followed(smooth, inside, x_top, bottom, seen, size)
    if fit is None:
        return np.zeros((0, 2))
    foremost = int(np.argmax(np.where(inside.any(axis=1), inside.shape[1] - np.argmax(inside[:, ::-1], axis=1), 0)))
    end = max(min(round(seen + _ON * (bottom - seen)), foremost + round(_BELOW_MM / size)), seen + 2)
    at = np.arange(0, end + 1)
    edge = np.polyval(fit, at)
    last = max(float(edge[seen]), 0.0)
    edge[seen:] = last * (1 - (at[seen:] - seen) / max(end - seen, 1))
    below = np.flatnonzero(edge <= 0)
    stop = int(below[0]) + 1 if below.size else len(at)
    return np.stack([np.maximum(edge[:stop], 0) * size, at[:stop] * size], axis=1)


def _coarse(segmented: Segmented) -> tuple[F32, Bools, float]:
    """Brightness on cells of about 1 mm, over the breast's spread; which are breast; their side."""
    from scipy.ndimage import gaussian_filter

    factor = max(1, round(_CELL_MM / segmented.cell_mm))
    rows, columns = (n // factor for n in segmented.level.shape)
    size = segmented.cell_mm * factor

    def binned(cells: Any) -> Any:
        return cells[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor).mean(axis=(1, 3))

    inside, level = binned(segmented.usable) > 0.9, binned(_flat(segmented))
    weight = gaussian_filter(inside.astype(float), 1.5 / size)
    smooth = gaussian_filter(np.where(inside, level, 0.0), 1.5 / size) / np.maximum(weight, 1e-3)
    spread = float(np.subtract(*np.percentile(level[inside], [97, 3]))) if inside.any() else 1.0
    return (smooth / max(spread, 1e-6)).astype(np.float32), inside, size


def _flat(segmented: Segmented) -> F32:
    """Brightness with the rim, where the breast thins, lifted to that of its middle."""
    from scipy.ndimage import distance_transform_edt

    pad = 120
    away = distance_transform_edt(np.pad(segmented.breast, pad, mode="edge"))[pad:-pad, pad:-pad] * segmented.cell_mm
    at = np.arange(1.0, _RIM_MM, 1.5)
    rings = [segmented.level[segmented.usable & (np.abs(away - d) <= 0.75)] for d in at]
    profile = np.array([float(np.percentile(ring, 25)) if ring.size > 20 else np.nan for ring in rings])
    known = ~np.isnan(profile)
    if known.sum() < 2:
        return segmented.level
    profile = np.maximum.accumulate(np.interp(at, at[known], profile[known]))
    return np.asarray(segmented.level + np.interp(away, at, profile[-1] - profile), np.float32)


def _best_line(smooth: F32, inside: Bools, size: float) -> tuple[float, float, int] | None:
    """Column at the top, row at the chest wall, and the row down to which the edge is seen; None if there is none."""
    rows, columns = smooth.shape
    far = round(_ASIDE_MM / size)
    widths = [np.flatnonzero(row)[-1] if row.any() else 0 for row in inside[: max(4, rows // 10)]]
    top_width = float(np.median(widths)) if widths else 0.0
    if top_width * size < 20:
        return None
    best, found = 0.0, None
    for x_top in np.linspace(max(10 / size, 0.12 * top_width), 1.8 * top_width, _LINES).tolist():
        for bottom in (np.linspace(0.25, 1.15, _LINES) * rows).tolist():
            if not _ANGLES[0] <= math.degrees(math.atan2(x_top, bottom)) <= _ANGLES[1]:
                continue
            i = np.arange(0, min(int(0.95 * bottom), rows - 1))
            x = x_top * (1 - i / bottom)
            held = (x >= 2) & (x + far < columns - 1)
            i, x = i[held], x[held]
            left, right = np.maximum(x - far, 0).astype(int), (x + far).astype(int)
            both = inside[i, right] & inside[i, left]
            if both.sum() < _SHORTEST_MM / size:
                continue
            # muscle is bright all through; gland that ends along the same line is not
            deeper = np.maximum(x - _DEEPER * far, 1).astype(int)
            step = (np.minimum(smooth[i, left], smooth[i, deeper] + _UNEVEN) - smooth[i, right])[both]
            # from the top down as far as it goes: gland may hide the lower part
            score = np.cumsum(np.clip(step, -0.1, _MOST_STEP) - _LEAST_STEP)
            k = int(np.argmax(score))
            if score[k] > best:
                best, found = float(score[k]), (x_top, bottom, int(i[both][k]))
    return found


def _followed(smooth: F32, inside: Bools, x_top: float, bottom: float, seen: int, size: float) -> Floats | None:
    """The parabola, column by row, nearest the edge around a line; None where it is not clear enough."""
    near, window = round(5.0 / size), round(3.0 / size)
    x, y, steps = [], [], []
    for i in range(min(seen + 1, len(smooth))):
        middle = x_top * (1 - i / bottom)
        at = np.arange(max(window, int(middle) - near), min(smooth.shape[1] - window - 1, int(middle) + near + 1))
        if middle < 1.5 or not at.size:
            continue
        step = smooth[i, at - window] - smooth[i, at + window]
        k = int(np.argmax(step))
        if inside[i, min(at[k] + window, inside.shape[1] - 1)] and step[k] > 0:
            x.append(at[k] + 0.5)
            y.append(i + 0.5)
            steps.append(float(step[k]))
    if len(x) < 0.5 * _SHORTEST_MM / size or np.median(steps) < _LEAST_STEP:
        return None
    xs, ys, weights = np.array(x), np.array(y), np.sqrt(np.array(steps))
    fit = np.polyfit(ys, xs, 2, w=weights)
    for _ in range(3):
        off = np.abs(np.polyval(fit, ys) - xs)
        keep = off <= max(2.5 * float(np.median(off)), 1.0)
        fit = np.polyfit(ys[keep], xs[keep], 2, w=weights[keep])
    return np.asarray(fit)
