"""Unions of balls, and of balls swept along lines: popcorn, rods, casts, plates, sutures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from phantom.geometry.spans import Span, miss_where, union_length
from phantom.geometry.view import Pose

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]
Ball = tuple[float, float, float, float]


def _flat(pose: Pose, points: Floats) -> Floats:
    """Points of the breast's axes in the view's axes."""
    return points @ pose.rotation.T


def _along(pose_free: Floats) -> Pose:
    """A pose that looks at a set of points across their longest axis, so that its box is tight."""
    middle = pose_free - pose_free.mean(axis=0)
    _, turn = np.linalg.eigh(middle.T @ middle)
    return Pose(np.zeros(3), np.ascontiguousarray(turn.T[::-1]), np.array([0.0, 0.0, -1.0]))


def volume_by_rays(shape: Any, points: Floats, rays: int = 2_500) -> float:
    """Its volume, by sending a grid of rays through it (midpoint rule)."""
    pose = _along(points)
    x_lo, y_lo, x_hi, y_hi = shape.box_mm(pose)
    wide, high = x_hi - x_lo, y_hi - y_lo
    step = math.sqrt(wide * high / rays)
    columns, rows = max(24, math.ceil(wide / step)), max(24, math.ceil(high / step))
    x = x_lo + wide * (np.arange(columns) + 0.5) / columns
    y = y_lo + high * (np.arange(rows) + 0.5) / rows
    return float(shape.chord(x[None, :], y[:, None], pose).mean() * wide * high)


def sphere_span(x: Floats, y: Floats, balls: Floats) -> Span:
    """Spans in balls (k, 4: x, y, h, radius in the view's frame), stacked along a new first axis."""
    more = (slice(None),) + (None,) * max(np.ndim(x), np.ndim(y))
    bx, by, bh, radius = (balls[:, k][more] for k in range(4))
    left = radius * radius - (x - bx) ** 2 - (y - by) ** 2
    half = np.sqrt(np.maximum(left, 0.0))
    return miss_where(left <= 0.0, bh - half, bh + half)


def cone_span(x: Floats, y: Floats, first: Floats, last: Floats) -> Span:
    """Spans in round-ended cones: the convex hulls of pairs of balls (k, 4)."""
    more = (slice(None),) + (None,) * max(np.ndim(x), np.ndim(y))
    enters, leaves = sphere_span(x, y, first)
    other = sphere_span(x, y, last)
    enters, leaves = np.minimum(enters, other[0]), np.maximum(leaves, other[1])
    step = last[:, :3] - first[:, :3]
    length = np.maximum(np.sqrt((step * step).sum(axis=1)), 1e-12)
    sine = (first[:, 3] - last[:, 3]) / length
    # where one ball holds the other there is no cone between them
    real = np.abs(sine) < 1.0 - 1e-9
    sine = np.where(real, sine, 0.0)
    way = step / length[:, None]
    ux, uy, uh = (way[:, k] for k in range(3))
    uh = np.where(np.abs(uh) < 1e-9, 1e-9, uh)
    bent = 1.0 - sine * sine - uh * uh
    bent = np.where(np.abs(bent) < 1e-9, 1e-9, bent)
    ux, uy, uh, s, a, r, long = (v[more] for v in (ux, uy, uh, sine, bent, first[:, 3], length))
    wx, wy = x - first[:, 0][more], y - first[:, 1][more]
    along = wx * ux + wy * uy
    # the cone's side: a t² + 2 b t + c <= 0, t along the beam from the first ball's centre
    b = uh * (r * s - along)
    c = (1.0 - s * s) * (wx * wx + wy * wy) - along * along + 2.0 * r * s * along - r * r
    root = b * b - a * c
    half = np.sqrt(np.maximum(root, 0.0)) / np.abs(a)
    low, high = -b / a - half, -b / a + half
    opens = a < 0.0
    upward = -s * uh > 0.0
    start = np.where(opens, np.where(upward, high, -np.inf), low)
    end = np.where(opens, np.where(upward, np.inf, low), high)
    # between the circles where the cone touches the balls
    ends = ((s * r - along) / uh, (long + s * last[:, 3][more] - along) / uh)
    start, end = np.maximum(start, np.minimum(*ends)), np.minimum(end, np.maximum(*ends))
    base = first[:, 2][more]
    start, end = miss_where((start >= end) | (root <= 0.0) | ~real[more], start + base, end + base)
    return np.minimum(enters, start), np.maximum(leaves, end)


def _ball_boxes(balls: Floats) -> Floats:
    x, y, r = balls[:, 0], balls[:, 1], balls[:, 3]
    return np.stack([x - r, y - r, x + r, y + r], axis=1)


@dataclass(frozen=True)
class Balls:
    """A union of balls, each (x, y, z, radius) in mm: cauliflower, popcorn, coral."""

    balls: tuple[Ball, ...]

    @cached_property
    def _array(self) -> Floats:
        return np.array(self.balls, float).reshape(-1, 4)

    @cached_property
    def volume_mm3(self) -> float:
        """Of the union, by rays."""
        return volume_by_rays(self, self._array[:, :3])

    @property
    def soft(self) -> bool:
        """Its edge is crisp."""
        return False

    def _in_view(self, pose: Pose) -> Floats:
        return np.column_stack([_flat(pose, self._array[:, :3]), self._array[:, 3]])

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """The shadow's box."""
        return _hull(_ball_boxes(self._in_view(pose)))

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """Path lengths in the union."""
        balls = self._in_view(pose)
        return union_length(x_mm, y_mm, _ball_boxes(balls), lambda k, x, y: sphere_span(x, y, balls[k]))


@dataclass(frozen=True)
class Chains:
    """Balls swept along broken lines, with a radius that may change: rods, casts, plates, threads.

    Attributes
    ----------
    strands : tuple of tuple of (x, y, z, radius)
        Each strand is a line of such points, in mm; the solid is the union of all strands.
    hollow : float
        0 for a solid; else the lumen's radius over the outer one, all along each strand but its ends.
    """

    strands: tuple[tuple[Ball, ...], ...]
    hollow: float = 0.0

    @cached_property
    def _ends(self) -> tuple[Floats, Floats]:
        """First and last balls of all pieces, (k, 4) each; a lone point is a piece of no length."""
        first: list[Ball] = []
        last: list[Ball] = []
        for strand in self.strands:
            first += strand[:-1] or strand
            last += strand[1:] or strand
        return np.array(first, float), np.array(last, float)

    @cached_property
    def volume_mm3(self) -> float:
        """Of the union, by rays."""
        return volume_by_rays(self, np.concatenate(self._ends)[:, :3])

    @property
    def soft(self) -> bool:
        """Its edge is crisp."""
        return False

    def _in_view(self, pose: Pose) -> tuple[Floats, Floats]:
        first, last = self._ends
        return (
            np.column_stack([_flat(pose, first[:, :3]), first[:, 3]]),
            np.column_stack([_flat(pose, last[:, :3]), last[:, 3]]),
        )

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """The shadow's box."""
        return _hull(_ball_boxes(np.concatenate(self._in_view(pose))))

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """Path lengths in the union, less those in the lumen."""
        first, last = self._in_view(pose)
        out = _swept(x_mm, y_mm, first, last)
        if self.hollow > 0.0:
            shrink = np.array([1.0, 1.0, 1.0, self.hollow])
            out = out - _swept(x_mm, y_mm, first * shrink, last * shrink)
        return np.maximum(out, 0.0)


def _swept(x: Floats, y: Floats, first: Floats, last: Floats) -> Floats:
    one, two = _ball_boxes(first), _ball_boxes(last)
    boxes = np.concatenate([np.minimum(one[:, :2], two[:, :2]), np.maximum(one[:, 2:], two[:, 2:])], axis=1)
    return union_length(x, y, boxes, lambda k, xs, ys: cone_span(xs, ys, first[k], last[k]))


def _hull(boxes: Floats) -> tuple[float, float, float, float]:
    x_lo, y_lo = boxes[:, :2].min(axis=0)
    x_hi, y_hi = boxes[:, 2:].max(axis=0)
    return float(x_lo), float(y_lo), float(x_hi), float(y_hi)
