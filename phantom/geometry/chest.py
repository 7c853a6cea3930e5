"""What the chest adds to a view besides the breast itself: muscle and folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_SOFT_MM = 3.0
_PUSHED_SOFT_MM = 24.0  # the breast bends less sharply than the muscle's end
_PUSHED = 0.5  # share of its width by which the muscle pushes the breast forward (an estimate)


@dataclass(frozen=True)
class Chest:
    """What the chest adds to a view besides the breast itself, in the compressed view plane; y counts from the nipple.

    Attributes
    ----------
    muscle_top_mm, muscle_length_mm, muscle_sagitta_mm : float
        Width of the pectoral muscle at the top of the field, the height over which it tapers
        to nothing, and how much its edge bulges (0 for a straight edge). 0 width: no muscle.
    top_mm : float
        y of the field's top in oblique and lateral views.
    fold_mm : float
        Width of the axillary fold at the field's top, beside the muscle; 0 for none.
    inframammary_mm : float
        Width of the strip of abdominal wall below the breast; 0 for none.
    cut_mm : float
        How much of the breast nearest the chest wall the detector does not reach.
    fold_bow_mm : float
        How much the axillary fold's edge bulges (negative: it is hollow).
    abdomen_slope : float
        How fast the strip of abdominal wall narrows downward.
    muscle_thick_mm, muscle_soft_mm : float
        Path in the muscle near its edge, and over which distance from the edge it rises to that.
    sliver_mm, sliver_half_mm, sliver_at_mm : float
        Where the muscle only just enters the field (CC): its width, half its height, and the middle's y.
        0 width: it does not.
    """

    muscle_top_mm: float = 0.0
    muscle_length_mm: float = 130.0
    muscle_sagitta_mm: float = 0.0
    top_mm: float = -120.0
    fold_mm: float = 0.0
    inframammary_mm: float = 0.0
    cut_mm: float = 0.0
    fold_bow_mm: float = 0.0
    abdomen_slope: float = 0.1
    muscle_thick_mm: float = 14.0
    muscle_soft_mm: float = 3.0
    sliver_mm: float = 0.0
    sliver_half_mm: float = 40.0
    sliver_at_mm: float = 0.0

    def muscle_width_mm(self, y_mm: Any) -> Any:
        """Width of the muscle at heights y of the view plane."""
        return self._wedge_mm(y_mm, self.muscle_sagitta_mm, _SOFT_MM) + self._sliver_width_mm(y_mm)

    def shift_mm(self, y_mm: Any) -> Any:
        """How far the breast's rows are pushed forward at heights y."""
        return _PUSHED * self._wedge_mm(y_mm, 0.0, _PUSHED_SOFT_MM) - self.cut_mm

    def _wedge_mm(self, y_mm: Any, sagitta_mm: float, soft_mm: float) -> Any:
        if not self.muscle_top_mm:
            return np.zeros(np.shape(y_mm))
        t = np.clip((np.asarray(y_mm, float) - self.top_mm) / self.muscle_length_mm, -1.0, 2.0)
        bulge = 4 * sagitta_mm * np.clip(t, 0, 1) * (1 - np.clip(t, 0, 1))
        width = self.muscle_top_mm * (1 - t) + bulge
        return 0.5 * (width + np.sqrt(width * width + soft_mm**2))  # it runs out smoothly

    def _sliver_width_mm(self, y_mm: Any) -> Any:
        if not self.sliver_mm:
            return np.zeros(np.shape(y_mm))
        s = (np.asarray(y_mm, float) - self.sliver_at_mm) / self.sliver_half_mm
        return self.sliver_mm * np.maximum(1 - s * s, 0.0)
