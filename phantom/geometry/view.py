"""How a view looks at the breast: directions of the beam, of the image and of gravity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from phantom.arrays import Floats

Laterality = Literal["L", "R"]
ViewName = Literal["CC", "MLO", "ML"]


@dataclass(frozen=True)
class View:
    """One direction of looking at one breast.

    The breast's frame, in mm, is that of a left breast (a right one is its mirror image, and is
    mirrored again when its image is stored): x from the chest wall to the nipple, y lateral,
    z up (cranial). The view's frame: x as before and to the image's right, y down the image,
    h from the breast support toward the tube. The beam runs along -h. Turning the C-arm by
    `angle_deg` about x gives CC (0), MLO (30 to 60) and ML (90); the patient stays upright,
    so gravity always points along -z of the breast's frame.
    """

    name: ViewName
    laterality: Laterality
    angle_deg: float

    @property
    def axes(self) -> Floats:
        """(3, 3): the view's x, y, h directions in the breast's frame, one a row."""
        c, s = math.cos(math.radians(self.angle_deg)), math.sin(math.radians(self.angle_deg))
        return np.array([[1.0, 0.0, 0.0], [0.0, -c, -s], [0.0, -s, c]])

    @property
    def gravity(self) -> Floats:
        """(3,): the unit vector of gravity in the view's frame."""
        return -self.axes[:, 2]


@dataclass(frozen=True, eq=False)
class Pose:
    """Where and how a solid lies in a view, once the breast is compressed.

    Attributes
    ----------
    centre_mm : (3,) array
        x, y, h of the solid's centre in the view's frame.
    rotation : (3, 3) array
        Carries vectors from the breast's frame to the view's frame (a solid turns with the
        tissue around it, but does not deform). It may contain a reflection: the view's frame
        is left-handed.
    gravity : (3,) array
        Unit vector of gravity in the view's frame.
    """

    centre_mm: Floats
    rotation: Floats
    gravity: Floats


class ViewMapping(Protocol):
    """What carries the places of a breast into a view plane: the paddle, or a picture that the breast is laid on."""

    def carry(self, points: Floats) -> Floats:
        """Points (n, 3) of the breast's frame -> (n, 3) x, y, h of the view's."""
        ...

    def forward(self, points_mm: Floats) -> Floats:
        """The same; what lies in the skin keeps its depth."""
        ...

    def poses(self, centres_mm: Floats) -> list[Pose]:
        """How solids at these places (n, 3) lie in the view."""
        ...
