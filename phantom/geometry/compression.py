"""Compression: an exact, volume-keeping map between the free breast and the breast under the paddle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from phantom.arrays import Floats
from phantom.geometry.chest import Chest
from phantom.geometry.interpolate import bilinear
from phantom.geometry.pressing import cumulative, edge_profile, press_outline, shape_outline, slant
from phantom.geometry.silhouette import Silhouette
from phantom.geometry.view import Pose, View

_ANGLES = 121
_STEPS = 200
_JACOBIAN_STEP_MM = 0.4
_SHORTEST_FOLD_MM = 45.0
_NO_CHEST = Chest()


class Free(Protocol):
    """The uncompressed breast, as a compression needs it."""

    def columns(self, x_mm: Floats, y_mm: Floats, view: View) -> tuple[Floats, Floats]:
        """Lowest and highest h of the column over each point of the view plane (equal where empty)."""
        ...

    def depth_mm(self, points_mm: Floats) -> Floats:
        """Depth of points below the skin's outer surface, negative outside."""
        ...

    def normals(self, points_mm: Floats) -> Floats:
        """Unit outward normals of the surfaces of equal depth."""
        ...

    @property
    def tip_mm(self) -> Floats:
        """(3,): the foremost point."""
        ...


@dataclass(frozen=True, eq=False)
class Compression:
    """The breast of one view under the paddle, and the map to and from the free breast.

    In every direction phi of the view plane (about the middle of the breast's base) a ray of
    columns is pressed to the local thickness, and slides outward just so far that the volume
    between it and the base stays what it was. So the map keeps volume locally and exactly, has
    an inverse, and carries any point. Where the pectoral muscle enters (MLO), rows are shifted
    sideways by its width, which keeps volume too. With a `silhouette` directions turn as well: by
    just so much that the outline has that shape, and every sector still keeps its volume.

    Attributes
    ----------
    free : Free
        The uncompressed breast.
    view : View
    thickness_mm : float
        Distance from the support to the paddle.
    roll_off : float
        Width of the free edge's rounding over the thickness; 0.5 is a semicircle.
    chest : Chest
    silhouette : Silhouette, optional
        The outline's shape; left out, it is what the directions' own volumes make it.
    """

    free: Free
    view: View
    thickness_mm: float
    roll_off: float = 0.5
    chest: Chest = _NO_CHEST
    silhouette: Silhouette | None = None

    # -- tables ------------------------------------------------------------------------------

    @cached_property
    def _phi(self) -> Floats:
        return np.linspace(-math.pi / 2, math.pi / 2, _ANGLES)

    def _free_at(self, phi: Floats) -> tuple[Floats, Floats]:
        """Per free direction: silhouette radius (angles,), cumulative volume at fractions of it (angles, steps)."""
        cos, sin = np.cos(phi), np.sin(phi)
        radius = np.full(_ANGLES, 400.0)
        lo, hi = np.zeros(_ANGLES), radius.copy()
        for _ in range(40):
            middle = 0.5 * (lo + hi)
            bottom, top = self.free.columns(middle * cos, middle * sin, self.view)
            inside = top > bottom
            lo, hi = np.where(inside, middle, lo), np.where(inside, hi, middle)
        radius = 0.5 * (lo + hi)
        rho = radius[:, None] * self._fractions
        bottom, top = self.free.columns(rho * cos[:, None], rho * sin[:, None], self.view)
        return radius, cumulative((top - bottom) * rho, rho)

    @cached_property
    def _fractions(self) -> Floats:
        """Fractions of the radius, denser toward the rim where columns shorten fast."""
        return np.sin(np.linspace(0, math.pi / 2, _STEPS))

    @cached_property
    def _shaped(self) -> tuple[Floats, Floats]:
        """(angles,) radius of the compressed breast in each direction, and the free direction that ends there."""
        volume = self._free_at(self._phi)[1]
        if self.silhouette is None:
            return press_outline(volume[:, -1], self._phi, self.thickness_mm, self.roll_off), self._phi
        tip = self.view.axes @ self.free.tip_mm
        return shape_outline(
            self.silhouette, volume[:, -1], self._phi, math.atan2(tip[1], tip[0]), self.thickness_mm, self.roll_off
        )

    @cached_property
    def _free_tables(self) -> tuple[Floats, Floats]:
        """`_free_at` of the directions that end in each compressed direction."""
        return self._free_at(self._shaped[1])

    @cached_property
    def outline_mm(self) -> Floats:
        """(angles,): radius of the compressed breast in each direction, before folds are added."""
        return self._shaped[0]

    def _profile(self, depth_mm: Floats) -> Floats:
        return edge_profile(depth_mm, self.thickness_mm, self.roll_off)

    @cached_property
    def _reach_mm(self) -> float:
        return float(self.outline_mm.max()) * 1.02 + 60.0

    @cached_property
    def _maps(self) -> tuple[Floats, Floats, Floats]:
        """Forward table (angles, steps) -> rho', its fractions, inverse table (angles, steps) -> rho on even rho'."""
        radius, volume = self._free_tables
        even = np.linspace(0, self._reach_mm, 2 * _STEPS)
        # folds lie on top of what is carried: they do not draw the breast's own tissue into themselves
        depth = (self.outline_mm[:, None] - even) * slant(self.outline_mm, self._phi)[:, None]
        local = self._profile(depth)
        pressed = cumulative(local * even, np.broadcast_to(even, local.shape))
        forward, inverse = np.empty_like(volume), np.empty_like(local)
        for i in range(_ANGLES):
            # a sector that turns wider holds more; without a silhouette the outline was found to about 1e-4 of the
            # volume, and no column may end beyond it
            most = (1 - 1e-6) * pressed[i, -1]
            inner = volume[i] * (most if self.silhouette is not None else min(most, volume[i, -1])) / volume[i, -1]
            forward[i] = np.interp(inner, pressed[i], even)
            rho = radius[i] * self._fractions
            inverse[i] = np.interp(pressed[i], inner + 1e-9 * rho, rho)
            beyond = even > forward[i, -1]
            inverse[i, beyond] = radius[i] + (even[beyond] - forward[i, -1])
        return forward, even, inverse

    # -- the compressed outline --------------------------------------------------------------

    def _edge(self, x_mm: Any, y_mm: Any) -> Floats:
        """Distance inward from the outline, in the plane before the muscle's shift; negative outside."""
        x, y = np.asarray(x_mm, float), np.asarray(y_mm, float)
        rho, phi = np.hypot(x, y), np.arctan2(y, np.maximum(x, 0.0))
        rho = np.where(x < 0, np.abs(y), rho)  # behind the base the outline goes straight on
        radius = np.interp(phi, self._phi, self.outline_mm)
        depth = (radius - rho) * np.interp(phi, self._phi, slant(self.outline_mm, self._phi))
        if self.chest.fold_mm:
            depth = _blend(depth, self._fold(x, y), 12.0)
        if self.chest.inframammary_mm:
            # the abdominal wall's skin leaves the breast below and runs out toward the chest wall
            under = np.maximum(y - self.outline_mm[-1] + 6.0, 0.0)
            strip = self.chest.inframammary_mm - self.chest.abdomen_slope * under - x
            soft_mm = min(2.5 + 0.5 * self.chest.inframammary_mm, 8.0)  # a narrow strip has a small fillet
            depth = _union(depth, np.where(y > 0, strip, -50.0), soft_mm)
        return np.asarray(depth)

    def _fold(self, x: Floats, y: Floats) -> Floats:
        """Distance inward from the skin line of the axillary fold, which leaves the breast as a tangent upward."""
        upper = self._phi < math.radians(-8)
        x1 = (self.outline_mm * np.cos(self._phi))[upper]
        y1 = (self.outline_mm * np.sin(self._phi))[upper]
        slopes = (x1 - self.chest.fold_mm) / np.maximum(y1 - self.top_mm, 25.0)
        touch = int(np.argmax(slopes))
        slope = float(slopes[touch])
        length = float(y1[touch]) - self.top_mm
        if length < _SHORTEST_FOLD_MM:  # the breast itself is as wide at the field's top: no fold stands out of it
            return np.full(np.broadcast_shapes(x.shape, y.shape), -1e3)
        t = np.clip((y - self.top_mm) / length, -1, 1)  # above the field it goes on as it bends
        # beyond where it touches, it follows the breast's own slope and soon falls behind it
        beyond = np.maximum(y - float(y1[touch]), 0.0)
        turn = min(float(np.gradient(x1, y1)[touch]) - slope, 0.0)
        line = self.chest.fold_mm + slope * (y - self.top_mm) + turn * beyond
        line = line + 6.75 * self.chest.fold_bow_mm * t * (1 - t) ** 2
        return np.asarray((line - x) / math.hypot(1, slope) - 0.004 * beyond**2 - 8e-5 * beyond**3)

    def edge_mm(self, x_mm: Any, y_mm: Any) -> Floats:
        """Distance inward from the outline of points of the view plane; negative outside."""
        return self._edge(x_mm - self.shift_mm(y_mm), y_mm)

    def local_thickness(self, x_mm: Any, y_mm: Any) -> Floats:
        """Thickness of the breast, skin included, over points of the view plane; 0 outside."""
        return self._profile(self.edge_mm(x_mm, y_mm))

    def shift_mm(self, y_mm: Any) -> Any:
        """How far a row of the breast is moved from the field's chest-wall edge.

        The muscle pushes it forward by half its width (an estimate) and lies under it for the rest.
        """
        return self.chest.shift_mm(np.asarray(y_mm, float) - self.nipple_y_mm)

    def muscle_width_mm(self, y_mm: Any) -> Any:
        """Width of the pectoral muscle, from the chest-wall edge, at heights y."""
        return self.chest.muscle_width_mm(np.asarray(y_mm, float) - self.nipple_y_mm)

    @property
    def directions(self) -> Floats:
        """(angles,): directions of the view plane from the middle of the base, -pi/2 up to pi/2 down, of
        `outline_mm`."""
        return self._phi

    @cached_property
    def nipple_y_mm(self) -> float:
        """y of the nipple."""
        tip = self.view.axes @ self.free.tip_mm
        radius, turned = self._shaped
        phi = float(np.interp(math.atan2(tip[1], tip[0]), turned, self._phi))
        return float(np.interp(phi, self._phi, radius)) * math.sin(phi)

    @property
    def top_mm(self) -> float:
        """y of the upper edge of the field of an oblique or lateral view."""
        return self.nipple_y_mm + self.chest.top_mm

    # -- the map -----------------------------------------------------------------------------

    def unpress(self, x_mm: Any, y_mm: Any) -> tuple[Floats, Floats, Floats, Floats]:
        """For points of the view plane: x, y of the free column that ended here, its lowest and highest h."""
        rho0, phi, radius, behind = self._origin(x_mm, y_mm)
        x0, y0 = rho0 * np.cos(phi), rho0 * np.sin(phi)
        scale = np.minimum(1.0, 0.999 * radius / np.maximum(rho0, 1e-9))
        bottom, top = self.free.columns(x0 * scale, y0 * scale, self.view)
        return x0 + behind, y0, bottom, top

    def continued(self, x_mm: Any, y_mm: Any, rim: float) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """As `unpress`, but tissue goes on without a seam where the view has more of it than the free breast.

        Beyond the fraction `rim` of its radius (the folds) and behind its base (the muscle) columns are as high as
        they are there, at places that go on outward; the fifth array says how far beyond or behind, mm.
        """
        rho0, phi, radius, behind = self._origin(x_mm, y_mm)
        beyond = np.maximum(rho0 - rim * radius, 0.0)
        inner = rho0 - beyond
        bottom, top = self.free.columns(inner * np.cos(phi), inner * np.sin(phi), self.view)
        return rho0 * np.cos(phi) + behind, rho0 * np.sin(phi), bottom, top, beyond - behind

    def _origin(self, x_mm: Any, y_mm: Any) -> tuple[Floats, Floats, Floats, Floats]:
        """Free radius, direction and outline's radius there, and (negative) distance behind the base."""
        x, y = np.broadcast_arrays(np.asarray(x_mm, float), np.asarray(y_mm, float))
        x = x - self.shift_mm(y)
        behind = np.minimum(x, 0.0)
        rho, phi = np.hypot(x - behind, y), np.arctan2(y, x - behind)
        _, even, inverse = self._maps
        rho0 = bilinear(inverse, self._row(phi), rho / (even[1] - even[0]))
        radius = np.interp(phi, self._phi, self._free_tables[0])
        return rho0, np.interp(phi, self._phi, self._shaped[1]), radius, behind

    def press(self, x_mm: Floats, y_mm: Floats) -> tuple[Floats, Floats]:
        """Where free columns end in the view plane (before the muscle's shift): x', y'."""
        behind = np.minimum(x_mm, 0.0)
        x = x_mm - behind
        rho, phi = np.hypot(x, y_mm), np.interp(np.arctan2(y_mm, x), self._shaped[1], self._phi)
        forward = self._maps[0]
        radius = np.interp(phi, self._phi, self._free_tables[0])
        fraction = np.arcsin(np.clip(rho / radius, 0, 1)) / (math.pi / 2) * (_STEPS - 1)
        pressed = bilinear(forward, self._row(phi), fraction) + np.maximum(rho - radius, 0.0)
        return pressed * np.cos(phi) + behind, pressed * np.sin(phi)

    def _row(self, phi: Floats) -> Floats:
        return (phi + math.pi / 2) / math.pi * (_ANGLES - 1)

    def forward(self, points_mm: Floats) -> Floats:
        """Points (n, 3) of the breast's frame -> (n, 3) x, y, h of the view's; those in the skin keep their depth."""
        points = np.asarray(points_mm, float).reshape(-1, 3)
        out = self.carry(points)
        depth = self.free.depth_mm(points)
        near = np.flatnonzero(np.abs(depth) < 2.5)
        if near.size:
            out[near] = self._carry_skin(points[near], depth[near])
        return out

    def carry(self, points: Floats) -> Floats:
        """`forward`, but nothing is made of the skin: points of it move with their columns."""
        x, y, h = (points @ self.view.axes.T).T
        bottom, top = self.free.columns(x, y, self.view)
        part = np.clip((h - bottom) / np.maximum(top - bottom, 1e-6), 0, 1)
        px, py = self.press(x, y)
        local = self._profile(self._edge(px, py))
        return np.stack([px + self.shift_mm(py), py, 0.5 * (self.thickness_mm - local) + part * local], axis=1)

    def _carry_skin(self, points: Floats, depth: Floats) -> Floats:
        surface = self.carry(points + self.free.normals(points) * depth[:, None])
        return surface - self._pressed_normals(surface) * depth[:, None]

    def _pressed_normals(self, surface: Floats) -> Floats:
        """Outward normals of the compressed breast at points on its surface."""
        x, y, h = surface.T
        step = 0.25
        edge = self.edge_mm(x, y)
        gx = (self.edge_mm(x + step, y) - self.edge_mm(x - step, y)) / (2 * step)
        gy = (self.edge_mm(x, y + step) - self.edge_mm(x, y - step)) / (2 * step)
        g = np.maximum(np.hypot(gx, gy), 1e-6)
        w = self.roll_off * self.thickness_mm
        along = np.clip(1 - edge / w, 0, 1)  # how far round the free edge: 0 flat face, 1 outermost
        side = np.sign(h - 0.5 * self.thickness_mm)
        n = np.stack(
            [-gx / g * along / w, -gy / g * along / w, side * np.sqrt(1 - along**2) / (0.5 * self.thickness_mm)], axis=1
        )
        return np.asarray(n / np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-12))

    def inverse(self, points_mm: Floats) -> Floats:
        """Points (n, 3) x, y, h of the view's frame -> (n, 3) of the breast's frame (skin not corrected)."""
        x, y, h = np.asarray(points_mm, float).reshape(-1, 3).T
        x0, y0, bottom, top = self.unpress(x, y)
        local = np.maximum(self.local_thickness(x, y), 1e-6)
        part = (h - 0.5 * (self.thickness_mm - local)) / local
        return np.stack([x0, y0, bottom + part * (top - bottom)], axis=1) @ self.view.axes

    def poses(self, centres_mm: Floats) -> list[Pose]:
        """How solids at these places (n, 3) lie in the view: turned as the tissue turns, not deformed."""
        centres = np.asarray(centres_mm, float).reshape(-1, 3)
        if not len(centres):
            return []
        steps = _JACOBIAN_STEP_MM * np.eye(3)
        around = np.concatenate([centres + s for s in steps] + [centres - s for s in steps])
        carried = self.carry(around).reshape(2, 3, len(centres), 3)
        jacobian = np.moveaxis((carried[0] - carried[1]) / (2 * _JACOBIAN_STEP_MM), 0, 2)
        # at the very edge a column is too short to tell directions: lean on the view's own axes
        jacobian = jacobian + 0.05 * self.view.axes
        u, _, vt = np.linalg.svd(jacobian)
        turned = u @ vt
        gravity = self.view.gravity
        return [Pose(c, r, gravity) for c, r in zip(self.forward(centres), turned, strict=True)]


def _union(a: Floats, b: Floats, soft_mm: float = 7.0) -> Floats:
    """Union of two inside-distances with a fillet."""
    return np.asarray(soft_mm * np.logaddexp(a / soft_mm, b / soft_mm))


def _blend(a: Floats, b: Floats, within_mm: float) -> Floats:
    """Union of two inside-distances that meet as tangents: it adds a fourth of `within_mm` at most."""
    near = np.maximum(within_mm - np.abs(a - b), 0.0)
    return np.asarray(np.maximum(a, b) + near * near / (4 * within_mm))
