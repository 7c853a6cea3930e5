"""Calcium in the wall of a bent tube: sheets that cover some of it, thick here and thin there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from phantom.arrays import Floats, Indices
from phantom.geometry.solids.chains import Ball
from phantom.geometry.spans import Span
from phantom.geometry.view import Pose

# Gauss points on each crossing of the wall, and their weights; more where the sheet is narrow and is seen along
_GAUSS, _GAUSS_NARROW = np.polynomial.legendre.leggauss(3), np.polynomial.legendre.leggauss(6)
_TURNS, _PER_PIECE = 64, 6  # samples around, and along each piece, that tell how much is covered
_ENDS = 3.0  # how strongly a sheet thins toward its ends
_MARGIN = 1.5  # of a sample's side, around the outermost
_STEEPEST = 1e-6  # of a piece along the beam: 1 - cos² of its angle


@dataclass(frozen=True)
class TubeWall:
    """The wall of a tube along a broken line, as far as it is calcified.

    At the length s along the line and the angle a around it there is 1/2 + `slope` (w - `level` - e) of the wall, from
    0 to 1: w is the waves' sum, e what trims the sheet: 3 times
    the fourth power of how far s lies off its middle, and the square of how far a does, in units of its halves.

    Attributes
    ----------
    line : tuple of (x, y, z, radius)
        The axis and the outer radius, mm; angles are counted from `side`, carried along without twist.
    wall_mm : float
        Thickness of the wall.
    side : (float, float, float)
        A direction across the first piece: angle 0.
    angle_rad, half_angle_rad : float
        The middle of the sheet around the axis, and half its width; a half of pi and more is all around.
    waves : tuple of (per_mm, turns, phase, height)
        Waves height cos(per_mm s + turns a + phase); `turns` is a whole number.
    level, slope : float
    """

    line: tuple[Ball, ...]
    wall_mm: float
    side: tuple[float, float, float]
    angle_rad: float = 0.0
    half_angle_rad: float = math.pi
    waves: tuple[tuple[float, float, float, float], ...] = ()
    level: float = 0.0
    slope: float = 2.0

    @cached_property
    def _pieces(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Of each piece: start and radius (k, 4), axes (k, 3, 3) in rows (side, other, along), length and s (k,)."""
        points = np.array(self.line, float)
        steps = points[1:, :3] - points[:-1, :3]
        lengths = np.sqrt((steps * steps).sum(axis=1))
        axes = np.empty((len(steps), 3, 3))
        side = np.array(self.side, float)
        for k, along in enumerate(steps / lengths[:, None]):
            side = side - float((side * along).sum()) * along
            side = side / math.sqrt(float((side * side).sum()))
            axes[k] = side, np.cross(along, side), along
        starts = np.column_stack([points[:-1, :3], 0.5 * (points[:-1, 3] + points[1:, 3])])
        return starts, axes, lengths, np.concatenate(([0.0], np.cumsum(lengths)[:-1]))

    @property
    def _length_mm(self) -> float:
        _, _, lengths, s = self._pieces
        return float(s[-1] + lengths[-1])

    @cached_property
    def _single(self) -> list[Any]:
        """The waves in single precision."""
        return list(np.array(self.waves, np.float32).reshape(-1, 4))

    def covered(self, s_mm: Any, angle_rad: Any) -> Floats:
        """How much of the wall there is, 0 to 1, at lengths and angles that broadcast against each other."""
        # single precision is three times as fast, and right to a millionth
        s, angle = np.asarray(s_mm, np.float32), np.asarray(angle_rad, np.float32)
        half, turn = np.float32(0.5 * self._length_mm), np.float32(math.pi)
        off = (s - half) / half
        off *= off
        total: Any = np.float32(-self.level) - np.float32(_ENDS) * off * off + np.float32(0.0) * angle
        if self.half_angle_rad < math.pi:
            off = np.abs((angle - np.float32(self.angle_rad) + turn) % (np.float32(2.0) * turn) - turn)
            total = total - (off / np.float32(self.half_angle_rad)) ** 2
        for per_mm, turns, phase, height in self._single:
            total = total + height * np.cos(per_mm * s + turns * angle + phase)
        out: Floats = np.clip(np.float32(0.5) + np.float32(self.slope) * total, 0.0, 1.0).astype(float)
        return out

    @cached_property
    def _samples(self) -> tuple[Floats, Floats, Floats]:
        """Of points spread over the wall: how much there is (n,), the area each stands for (n,), and places
        (2, n, 3) on its outer and inner face."""
        starts, axes, lengths, s = self._pieces
        at = (np.arange(_PER_PIECE) + 0.5) / _PER_PIECE
        around = (np.arange(_TURNS) + 0.5) * 2.0 * math.pi / _TURNS
        along = (lengths[:, None] * at)[:, :, None]
        share = self.covered(s[:, None, None] + along, around)
        area = np.broadcast_to((2.0 * math.pi * starts[:, 3] * lengths)[:, None, None], share.shape)
        out = np.cos(around)[:, None] * axes[:, None, 0] + np.sin(around)[:, None] * axes[:, None, 1]
        middle = starts[:, None, :3] + along * axes[:, None, 2]
        faces = [np.maximum(starts[:, 3] - depth, 0.0)[:, None, None] * out for depth in (0.0, self.wall_mm)]
        places = np.array([(middle[:, :, None] + face[:, None]).reshape(-1, 3) for face in faces])
        return share.reshape(-1), area.reshape(-1) / (_PER_PIECE * _TURNS), places

    @cached_property
    def covered_mm2(self) -> float:
        """Area of the wall's outer surface that is covered, thin places counting for as much as there is of them."""
        share, area, _ = self._samples
        return float((share * area).sum())

    @property
    def volume_mm3(self) -> float:
        """Volume of the solid material in it: the area it covers times the wall's thickness at half its depth, piece by
        piece, for a vessel tapers; the wall is no thicker than the radius."""
        share, area, _ = self._samples
        radius = np.repeat(self._pieces[0][:, 3], _PER_PIECE * _TURNS)
        wall = np.minimum(self.wall_mm, radius)
        return float((share * area * wall * (1.0 - 0.5 * wall / radius)).sum())

    @property
    def soft(self) -> bool:
        """Its edge counts as crisp."""
        return False

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """The shadow's box: that of the places where there is some of it, and a sample's distance around."""
        share, area, places = self._samples
        across = places[:, share > 0.0].reshape(-1, 3) @ pose.rotation[:2].T
        margin = _MARGIN * math.sqrt(float(area.max()))
        (x_lo, y_lo), (x_hi, y_hi) = across.min(axis=0) - margin, across.max(axis=0) + margin
        return float(x_lo), float(y_lo), float(x_hi), float(y_hi)

    def _boxes(self, pose: Pose) -> tuple[Floats, Floats]:
        starts, axes, lengths, _ = self._pieces
        first = starts[:, :3] @ pose.rotation[:2].T
        last = (starts[:, :3] + lengths[:, None] * axes[:, 2]) @ pose.rotation[:2].T
        reach = starts[:, 3:]
        return np.minimum(first, last) - reach, np.maximum(first, last) + reach

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """Path lengths in what is calcified of the wall."""
        lo, hi = self._boxes(pose)
        shape = np.broadcast_shapes(np.shape(x_mm), np.shape(y_mm))
        x, y = (np.ascontiguousarray(np.broadcast_to(at, shape)).reshape(-1) for at in (x_mm, y_mm))
        near = (x >= lo[:, :1]) & (x <= hi[:, :1]) & (y >= lo[:, 1:]) & (y <= hi[:, 1:])
        piece, ray = np.nonzero(near)
        summed = np.bincount(ray, self._through(piece, x[ray], y[ray], pose), x.size)
        return np.asarray(summed, float).reshape(shape)

    def _through(self, piece: Indices, x: Floats, y: Floats, pose: Pose) -> Floats:
        """Path (n,) of rays each in a piece of its own: the wall before the lumen, and the wall behind it."""
        starts, axes, lengths, s = self._pieces
        centre, turned = starts[:, :3] @ pose.rotation.T, axes @ pose.rotation.T
        x, y, u = x - centre[piece, 0], y - centre[piece, 1], turned[piece]
        # the ray in the piece's own axes: foot + t rise
        foot, rise = u[:, :, 0] * x[:, None] + u[:, :, 1] * y[:, None], u[:, :, 2]
        total = np.zeros(x.shape)
        nodes = np.array(_GAUSS if self.half_angle_rad >= math.pi else _GAUSS_NARROW).T.tolist()
        for start, end in self._walls(foot, rise, starts[piece, 3], lengths[piece]):
            length = np.maximum(end - start, 0.0)
            for at, weight in nodes:
                point = foot + (start + (0.5 + 0.5 * at) * length)[:, None] * rise
                angle = np.arctan2(point[:, 1], point[:, 0])
                total += 0.5 * weight * length * self.covered(s[piece] + point[:, 2], angle)
        return total

    def _walls(self, foot: Floats, rise: Floats, radius: Floats, lengths: Floats) -> tuple[Span, Span]:
        """Where rays foot + t rise (n, 3) enter and leave the wall of a straight piece, before the lumen and behind."""
        a = np.maximum(rise[:, 0] ** 2 + rise[:, 1] ** 2, _STEEPEST)
        b = foot[:, 0] * rise[:, 0] + foot[:, 1] * rise[:, 1]
        c = foot[:, 0] ** 2 + foot[:, 1] ** 2
        tilt = np.where(np.abs(rise[:, 2]) < 1e-9, 1e-9, rise[:, 2])
        ends = -foot[:, 2] / tilt, (lengths - foot[:, 2]) / tilt
        bottom, top = np.minimum(*ends), np.maximum(*ends)
        enters, leaves = _cut(a, b, c - radius**2, bottom, top)
        first, last = _cut(a, b, c - np.maximum(radius - self.wall_mm, 0.0) ** 2, bottom, top)
        # a ray that misses the lumen has its wall in two halves
        middle = 0.5 * (enters + leaves)
        through = last > first
        first, last = np.where(through, first, middle), np.where(through, last, middle)
        return (enters, first), (last, leaves)


def _cut(a: Floats, b: Floats, c: Floats, bottom: Floats, top: Floats) -> tuple[Floats, Floats]:
    """Where a t² + 2 b t + c < 0, between bottom and top; an empty span where nowhere."""
    root = np.sqrt(np.maximum(b * b - a * c, 0.0))
    start, end = np.maximum((-b - root) / a, bottom), np.minimum((-b + root) / a, top)
    return start, np.maximum(start, end)
