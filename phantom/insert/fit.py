"""A grown breast laid on a picture: of its thickness and area, every point of it carried to a place in the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.anatomy.patient import Anatomy
from phantom.arrays import F32, F64, Bools, Floats
from phantom.errors import UsageError
from phantom.geometry.compression import Compression
from phantom.geometry.view import Laterality, Pose, View, ViewName
from phantom.insert.estimate import Estimates
from phantom.insert.picture import Picture
from phantom.recipe.draw import Draw
from phantom.recipe.seed import Seed

_DIRECTIONS = 181
_FAR_MM = 300.0
_STEP_MM = 0.5
_SMOOTH = 2.0  # directions
_OBLIQUE_AREA = 1.15  # of an oblique view without muscle, over that of CC (estimate)
_OBLIQUE_DEG = 48.0
_SKIN_MM = 4.0  # nothing glandular lies nearer the skin line
_LEAST = 0.03  # weight of fat where dense tissue has 1: a fatty breast has findings too
_SOFT_MM = 1.0


@dataclass(frozen=True, eq=False)
class FittedView:
    """A breast under the paddle of one picture.

    In every direction from the middle of its base the compressed breast is stretched to the picture's skin line, and
    directions are bent so that nipple comes to lie on nipple. Solids move with it, and do not deform.

    Attributes
    ----------
    view : View
    pressed : Compression
    found : Estimates
    centre_mm : (float, float)
        Of the breast's base, in the picture.
    """

    view: View
    pressed: Compression
    found: Estimates
    centre_mm: tuple[float, float]

    @cached_property
    def _model(self) -> tuple[F64, Bools]:
        """Radius of the compressed breast in each direction, and whether it ends there (folds and muscle may not)."""
        phi, r = _phi(), np.arange(0.0, _FAR_MM, _STEP_MM)
        x, y = r * np.cos(phi)[:, None], r * np.sin(phi)[:, None]
        return _ends(np.asarray(self.pressed.local_thickness(x, y)) > 0, np.ones(x.shape, bool))

    @cached_property
    def _picture(self) -> tuple[F64, Bools]:
        """Radius of the picture's breast in each direction, and whether the picture shows its end."""
        phi, r = _phi(), np.arange(0.0, _FAR_MM, _STEP_MM)
        s = self.found.segmented
        j = np.floor((self.centre_mm[0] + r * np.cos(phi)[:, None]) / s.cell_mm).astype(int)
        i = np.floor((self.centre_mm[1] + r * np.sin(phi)[:, None]) / s.cell_mm).astype(int)
        rows, columns = s.breast.shape
        held = (i >= 0) & (i < rows) & (j >= 0) & (j < columns)
        inside = held & s.breast[np.clip(i, 0, rows - 1), np.clip(j, 0, columns - 1)]
        return _ends(inside, held)

    @cached_property
    def _nipples(self) -> tuple[float, float]:
        """Direction of the nipple in the compressed breast, and in the picture."""
        nipple = self.pressed.forward(np.asarray(self.pressed.free.tip_mm, float)[None, :])[0]
        x, y = self.found.landmarks.nipple_mm
        return math.atan2(nipple[1], max(nipple[0], 1.0)), math.atan2(
            y - self.centre_mm[1], max(x - self.centre_mm[0], 1.0)
        )

    @cached_property
    def _stretch(self) -> F64:
        """How much farther than in the compressed breast the skin lies, for each direction in the picture."""
        from scipy.ndimage import gaussian_filter1d

        model, model_ends = self._model
        picture, picture_ends = self._picture
        turned = self._turned(_phi(), back=True)
        ratio = picture / np.maximum(np.interp(turned, _phi(), model), 1.0)
        known = picture_ends & (np.interp(turned, _phi(), model_ends.astype(float)) > 0.5)
        if not known.any():
            return np.ones(_DIRECTIONS)
        ratio = np.interp(_phi(), _phi()[known], ratio[known])
        return np.asarray(np.clip(gaussian_filter1d(ratio, _SMOOTH, mode="nearest"), 0.4, 2.5))

    def _turned(self, phi: Any, back: bool = False) -> Any:
        """Directions of the compressed breast as the picture has them; or the other way."""
        start, end = self._nipples[::-1] if back else self._nipples
        half = 0.5 * math.pi
        start, end = (min(max(v, -0.8 * half), 0.8 * half) for v in (start, end))
        return np.interp(phi, [-half, start, half], [-half, end, half])

    def forward(self, points_mm: Floats) -> F64:
        """Points (n, 3) of the breast's frame -> (n, 3): x, y of the picture and h above the support."""
        return self._carried(np.asarray(self.pressed.forward(points_mm), np.float64))

    def carry(self, points: Floats) -> F64:
        """`forward`, but nothing is made of the skin."""
        return self._carried(np.asarray(self.pressed.carry(points), np.float64))

    def poses(self, centres_mm: Floats) -> list[Pose]:
        """How solids at these places lie in the picture."""
        poses = self.pressed.poses(centres_mm)
        if not poses:
            return []
        places = self._carried(np.array([pose.centre_mm for pose in poses], np.float64))
        return [replace(pose, centre_mm=place) for pose, place in zip(poses, places, strict=True)]

    def _carried(self, pressed: F64) -> F64:
        x, y, h = pressed.T
        behind = np.minimum(x, 0.0)
        rho, phi = np.hypot(x - behind, y), np.arctan2(y, x - behind)
        turned = self._turned(phi)
        rho = rho * np.interp(turned, _phi(), self._stretch)
        return np.stack(
            [self.centre_mm[0] + rho * np.cos(turned) + behind, self.centre_mm[1] + rho * np.sin(turned), h], axis=1
        )

    def cells(self, places_mm: F64) -> tuple[Any, Any, Bools]:
        """Row and column of the cells that places of the picture lie in, and whether the picture holds them."""
        s = self.found.segmented
        i, j = (np.floor(places_mm[:, k] / s.cell_mm).astype(int) for k in (1, 0))
        held = (i >= 0) & (j >= 0) & (i < s.breast.shape[0]) & (j < s.breast.shape[1])
        return np.clip(i, 0, s.breast.shape[0] - 1), np.clip(j, 0, s.breast.shape[1] - 1), held

    @cached_property
    def gland(self) -> F32:
        """(rows, columns) of cells: how likely gland is, 0 where nothing may lie."""
        from scipy.ndimage import gaussian_filter

        found, s = self.found, self.found.segmented
        smooth = gaussian_filter(found.dense, _SOFT_MM / s.cell_mm)
        allowed = s.usable & ~found.muscle & (found.distance_mm > _SKIN_MM)
        return np.asarray((_LEAST + smooth) * allowed, np.float32)


def _phi() -> F64:
    return np.linspace(-0.5 * math.pi, 0.5 * math.pi, _DIRECTIONS)


def _ends(inside: Any, held: Any) -> tuple[F64, Bools]:
    """Radius at which each ray leaves for good, and whether that is within what is held."""
    steps = inside.shape[1]
    last = steps - 1 - np.argmax(inside[:, ::-1], axis=1)
    some = inside.any(axis=1)
    after = np.minimum(last + 3, steps - 1)
    seen = some & (last < steps - 4) & np.take_along_axis(held, after[:, None], axis=1)[:, 0]
    return np.where(some, (last + 0.5) * _STEP_MM, 1.0), seen


@dataclass(frozen=True, eq=False)
class FittedBreast(Breast):
    """A grown breast whose glandular places are those that pictures show."""

    pictured: tuple[FittedView, ...] = ()

    def gland_weight(self, points_mm: Floats) -> Floats:
        """How glandular places (n, 3) are: by all pictures together, and in depth by the grown breast."""
        points = np.asarray(points_mm, float).reshape(-1, 3)
        weight = np.ones(len(points))
        for fitted in self.pictured:
            i, j, held = fitted.cells(fitted.forward(points))
            weight *= fitted.gland[i, j] * held
        grown = np.asarray(self.parenchyma.weight(points), float)
        out: Floats = weight ** (1 / max(len(self.pictured), 1)) * (0.3 + 0.7 * grown)
        return out


def fitted(
    anatomy: Anatomy, seed: Seed, laterality: Laterality, pictures: Sequence[tuple[Picture, Estimates]]
) -> FittedBreast:
    """A breast for the pictures of one side.

    Thickness and area are the pictures'; what they do not show is drawn as the recipe says.
    """
    by_view = {picture.view: (picture, found) for picture, found in pictures}
    thickness = {name: found.thickness_mm for name, (_, found) in by_view.items()}
    area = by_view["CC"][1].area_cm2 if "CC" in by_view else next(iter(by_view.values()))[1].area_cm2 / _OBLIQUE_AREA
    cc = thickness.get("CC", next(iter(thickness.values())) - 4.0)
    grown = _grown(anatomy, seed, laterality, cc, area)
    every: dict[ViewName, float] = {**grown.thickness_mm, **thickness}
    grown = replace(grown, thickness_mm=every)
    views = []
    for picture, found in by_view.values():
        view = View(picture.view, laterality, _angle(picture))
        pressed = grown.compress(view)
        views.append(FittedView(view, pressed, found, _centre(picture, found, pressed)))
    grown_fields = {field.name: getattr(grown, field.name) for field in fields(grown)}
    return FittedBreast(**grown_fields, pictured=tuple(views))


def _grown(anatomy: Anatomy, seed: Seed, laterality: Laterality, thickness_mm: float, area_cm2: float) -> Breast:
    """A breast of this thickness and area, as nearly as there is one."""
    ranges = {"thickness_mm": (20.0, 110.0), "area_cm2": (40.0, 450.0)}
    why: UsageError | None = None
    for share in (1.0, 0.75, 0.5, 0.25, 0.0):  # toward a common size, where no breast is so thick or so thin
        wanted = {"thickness_mm": thickness_mm, "area_cm2": share * area_cm2 + (1 - share) * 2.6 * thickness_mm}
        fixed = {name: Draw.constant(float(np.clip(value, *ranges[name]))) for name, value in wanted.items()}
        try:
            return replace(anatomy, **fixed).grow(seed, laterality)
        except UsageError as error:
            why = error
    assert why is not None
    raise why


def _angle(picture: Picture) -> float:
    """Of the positioner."""
    if picture.view != "MLO":
        return 0.0 if picture.view == "CC" else 90.0
    angle = abs(picture.header.angle_deg or _OBLIQUE_DEG)
    return angle if 30 <= angle <= 60 else _OBLIQUE_DEG


def _centre(picture: Picture, found: Estimates, pressed: Compression) -> tuple[float, float]:
    """Where the middle of the breast's base lies in the picture: in CC in the middle of what touches the chest wall; in
    oblique and lateral views as far above the nipple as in the grown breast.
    """
    s = found.segmented
    touching = np.flatnonzero(s.breast[:, : max(2, s.breast.shape[1] // 30)].any(axis=1))
    first, last = (float(touching[0]), float(touching[-1])) if touching.size else (0.0, float(s.breast.shape[0]))
    if picture.view == "CC":
        return 0.0, 0.5 * (first + last + 1) * s.cell_mm
    x, y = found.landmarks.nipple_mm
    nipple = pressed.forward(np.asarray(pressed.free.tip_mm, float)[None, :])[0]
    scale = float(np.clip(x / max(float(nipple[0]), 10.0), 0.6, 1.6))
    return 0.0, float(np.clip(y - scale * float(nipple[1]), first * s.cell_mm, last * s.cell_mm))
