"""Skin line, nipple and pectoral muscle of a segmented mammogram."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from phantom.arrays import Bools, Floats
from phantom.insert.muscle import muscle_edge
from phantom.insert.segment import Segmented

_NIPPLE_MM = 25.0  # of a disc that fits into a breast, but not into its nipple
_STANDS_OUT_MM = 1.8


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Where things lie, in mm of the picture: x from the chest wall's edge, y from the top, of the cells' centres.

    Attributes
    ----------
    skin_mm : (n, 2)
        Points x, y on the skin line, from top to bottom.
    nipple_mm : (float, float)
    nipple_in_profile : bool
    muscle_mm : (m, 2)
        Points x, y on the edge of the pectoral muscle from the top down; none where there is none.
    """

    skin_mm: Floats
    nipple_mm: tuple[float, float]
    nipple_in_profile: bool
    muscle_mm: Floats

    def muscle(self, segmented: Segmented) -> Bools:
        """(rows, columns) of cells: the muscle."""
        out: Bools = np.zeros(segmented.breast.shape, bool)
        if len(self.muscle_mm):
            y = (np.arange(out.shape[0]) + 0.5) * segmented.cell_mm
            x = (np.arange(out.shape[1]) + 0.5) * segmented.cell_mm
            edge = np.interp(y, self.muscle_mm[:, 1], self.muscle_mm[:, 0], right=-1.0)
            out = np.greater.outer(edge, x) & segmented.breast
        return out


def landmarks(segmented: Segmented, view: str) -> Landmarks:
    """Find them; of the muscle only in oblique and lateral views."""
    muscle = muscle_edge(segmented) if view != "CC" else np.zeros((0, 2))
    skin = _skin(segmented)
    nipple, profile = _nipple(segmented, skin, muscle)
    return Landmarks(skin, nipple, profile, muscle)


def _skin(segmented: Segmented) -> Floats:
    """The border of the breast where it is neither the image's border nor the chest wall, from top to bottom."""
    cell, breast = segmented.cell_mm, segmented.breast
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    signed = distance_transform_edt(breast) - distance_transform_edt(~breast)
    smooth = gaussian_filter(np.clip(signed, -20, 20), 1.5)
    rows, columns = breast.shape
    points = []
    middle = _middle_row(breast)
    reach = math.hypot(rows, columns)
    for phi in np.linspace(-0.5 * math.pi, 0.5 * math.pi, 361):
        r = np.arange(0.0, reach, 0.5)
        i, j = middle + r * math.sin(phi), r * math.cos(phi)
        held = (i >= 0) & (i <= rows - 1) & (j <= columns - 1)
        along = smooth[i[held].astype(int), j[held].astype(int)]
        inside = np.flatnonzero(along > 0)
        # only where the ray leaves the breast, and not the image
        if inside.size and inside[-1] < len(along) - 2:
            k = inside[-1]
            part = along[k] / max(along[k] - along[k + 1], 1e-6)
            points.append(
                (
                    (j[held][k] + 0.5 * part * math.cos(phi) + 0.5) * cell,
                    (i[held][k] + 0.5 * part * math.sin(phi) + 0.5) * cell,
                )
            )
    return np.array(points, float).reshape(-1, 2)


def _middle_row(breast: Bools) -> float:
    """Of the breast's contact with the chest wall."""
    near = np.flatnonzero(breast[:, : max(2, breast.shape[1] // 30)].any(axis=1))
    if not near.size:
        near = np.flatnonzero(breast.any(axis=1))
    return 0.5 * float(near[0] + near[-1])


def _nipple(segmented: Segmented, skin: Floats, muscle: Floats) -> tuple[tuple[float, float], bool]:
    """What stands out of the skin line like a nipple; else its point farthest from chest wall or muscle."""
    from scipy.ndimage import distance_transform_edt, label

    cell, breast = segmented.cell_mm, segmented.breast
    away = _from_chest(skin, muscle)
    far = skin[int(np.argmax(away))] if len(skin) else np.array([0.0, 0.0])
    padded = np.pad(breast, ((0, 0), (60, 0)), mode="edge")
    core = distance_transform_edt(padded) > _NIPPLE_MM / cell
    if core.any():
        out_mm = (distance_transform_edt(~core) * cell - _NIPPLE_MM)[:, 60:]
        parts, count = label(breast & (out_mm > 0.9))
        best, found = 0.0, None
        for k in range(1, count + 1):
            i, j = np.nonzero(parts == k)
            height, area = float(out_mm[i, j].max()), len(i) * cell**2
            x, y = (j.mean() + 0.5) * cell, (i.mean() + 0.5) * cell
            forward = _from_chest(np.array([[x, y]]), muscle)[0] > 0.8 * away.max() if len(away) else False
            near_edge = min(i.min(), breast.shape[0] - 1 - i.max()) < 4
            if height > _STANDS_OUT_MM and area < 500 and forward and not near_edge and height * area > best:
                best, found = height * area, (float(x), float(y))
        if found is not None:
            return found, True
    marked = _marker(segmented, skin)
    return marked or (float(far[0]), float(far[1])), False


def _marker(segmented: Segmented, skin: Floats) -> tuple[float, float] | None:
    """The point of the skin nearest a nipple marker: a small round mark at the skin line of the breast's front."""
    from scipy.ndimage import find_objects, label

    cell = segmented.cell_mm
    parts, _ = label(segmented.labels)
    front = 0.55 * float(skin[:, 0].max()) if len(skin) else 0.0
    found = []
    for k, box in enumerate(find_objects(parts), start=1):
        height, width = ((s.stop - s.start) * cell for s in box)
        marker = parts[box] == k
        round_ = 0.6 < height / width < 1.7 and marker.mean() > 0.6 and max(height, width) < 9.0
        x, y = (0.5 * (s.start + s.stop) * cell for s in (box[1], box[0]))
        if round_ and x > front and len(skin):
            away = np.hypot(skin[:, 0] - x, skin[:, 1] - y)
            if away.min() < 8.0:
                found.append((float(away.min()), skin[int(np.argmin(away))]))
    if not found:
        return None
    x_mm, y_mm = min(found, key=lambda one: one[0])[1].tolist()
    return float(x_mm), float(y_mm)


def _from_chest(points: Floats, muscle: Floats) -> Floats:
    """Distance of points from the muscle's edge as a line, or from the chest wall."""
    if len(muscle) < 2:
        return np.asarray(points[:, 0], float)
    (x0, y0), (x1, y1) = muscle[0], muscle[-1]
    length = max(math.hypot(x1 - x0, y1 - y0), 1e-6)
    # the side away from the upper left corner is positive; an oblique breast also hangs
    return np.asarray(((points[:, 0] - x0) * (y1 - y0) - (points[:, 1] - y0) * (x1 - x0)) / length)
