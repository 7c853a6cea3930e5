"""What the chest adds to a view besides the breast itself: muscle and folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_SOFT_MM = 3.0


@dataclass(frozen=True)
class Chest:
    """What the chest adds to a view besides the breast itself, in the compressed view plane.

    Attributes
    ----------
    muscle_top_mm, muscle_length_mm, muscle_sagitta_mm : float
        Width of the pectoral muscle at the top of the field, the height over which it tapers
        to nothing, and how much its edge bulges (0 for a straight edge). 0 width: no muscle.
    top_mm : float
        y of the field's top.
    fold_mm : float
        Width of the axillary fold at the field's top, beside the muscle; 0 for none.
    inframammary_mm : float
        Width of the strip of abdominal wall below the breast; 0 for none.
    cut_mm : float
        How much of the breast nearest the chest wall the detector does not reach.
    """

    muscle_top_mm: float = 0.0
    muscle_length_mm: float = 130.0
    muscle_sagitta_mm: float = 0.0
    top_mm: float = -120.0
    fold_mm: float = 0.0
    inframammary_mm: float = 0.0
    cut_mm: float = 0.0

    def muscle_width_mm(self, y_mm: Any) -> Any:
        """Width of the muscle at heights y of the view plane."""
        if not self.muscle_top_mm:
            return np.zeros(np.shape(y_mm))
        t = np.clip((np.asarray(y_mm, float) - self.top_mm) / self.muscle_length_mm, -1.0, 2.0)
        bulge = 4 * self.muscle_sagitta_mm * np.clip(t, 0, 1) * (1 - np.clip(t, 0, 1))
        width = self.muscle_top_mm * (1 - t) + bulge
        return 0.5 * (width + np.sqrt(width * width + _SOFT_MM**2))  # it runs out smoothly
