"""Unions of balls, and of balls swept along lines: popcorn, rods, casts, plates, sutures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from phantom.arrays import Floats
from phantom.geometry.spans import Span, miss_where, union_length
from phantom.geometry.view import Pose

Ball = tuple[float, float, float, float]


def _in_view(pose: Pose, balls: Floats) -> Floats:
    """Balls (n, 4) of the breast's axes in the view's axes."""
    turn = np.eye(4)
    turn[:3, :3] = pose.rotation
    return balls @ turn.T


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
    """Spans of rays (n,) each in a ball of its own (4, n): x, y, h, radius in the view's frame."""
    bx, by, bh, radius = balls
    left = radius * radius - (x - bx) ** 2 - (y - by) ** 2
    half = np.sqrt(np.maximum(left, 0.0))
    return miss_where(left <= 0.0, bh - half, bh + half)


def _cones(first: Floats, last: Floats) -> Floats:
    """Round-ended cones, the convex hulls of pairs of balls (k, 4), as `cone_span` takes them: (15, k).

    The balls; the cone's direction, its sine (nan where one ball holds the other and there is no cone between them)
    and how far it bends; how far along it the circles lie where it touches the balls.
    """
    step = last[:, :3] - first[:, :3]
    length = np.maximum(np.sqrt((step * step).sum(axis=1)), 1e-12)
    sine = (first[:, 3] - last[:, 3]) / length
    sine = np.where(np.abs(sine) < 1.0 - 1e-9, sine, np.nan)
    axis = (step / length[:, None]).T
    axis[2] = np.where(np.abs(axis[2]) < 1e-9, 1e-9, axis[2])
    bent = 1.0 - sine * sine - axis[2] ** 2
    bent = np.where(np.abs(bent) < 1e-9, 1e-9, bent)
    return np.concatenate([first.T, last.T, axis, [sine, bent, sine * first[:, 3], length + sine * last[:, 3]]])


def cone_span(x: Floats, y: Floats, cones: Floats) -> Span:
    """Spans of rays (n,) each in a round-ended cone of its own (15, n)."""
    enters, leaves = sphere_span(x, y, cones[:4])
    other = sphere_span(x, y, cones[4:8])
    start, end = _side_span(x, y, cones)
    return np.minimum(np.minimum(enters, other[0]), start), np.maximum(np.maximum(leaves, other[1]), end)


def _side_span(x: Floats, y: Floats, cones: Floats) -> Span:
    """Spans of rays in the cones between the circles where they touch their balls."""
    bx, by, base, r = cones[:4]
    ux, uy, uh, s, a, first_at, last_at = cones[8:]
    wx, wy = x - bx, y - by
    along = wx * ux + wy * uy
    # the cone's side: a t² + 2 b t + c <= 0, t along the beam from the first ball's centre
    b = uh * (first_at - along)
    c = (1.0 - s * s) * (wx * wx + wy * wy) - along * along + 2.0 * first_at * along - r * r
    root = b * b - a * c
    middle, half = -b / a, np.sqrt(np.maximum(root, 0.0)) / np.abs(a)
    start, end = middle - half, middle + half
    if (a < 0.0).any():  # looking into the cone: only one sheet of it is real, and has no other end
        upward = -s * uh > 0.0
        start, end = (
            np.where(a < 0.0, np.where(upward, end, -np.inf), start),
            np.where(a < 0.0, np.where(upward, np.inf, start), end),
        )
    # between the circles where the cone touches the balls
    ends = (first_at - along) / uh, (last_at - along) / uh
    start, end = np.maximum(start, np.minimum(*ends)), np.minimum(end, np.maximum(*ends))
    return miss_where(~((start < end) & (root > 0.0)), start + base, end + base)


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

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """The shadow's box."""
        return _hull(_ball_boxes(_in_view(pose, self._array)))

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """Path lengths in the union."""
        balls = _in_view(pose, self._array)
        return union_length(x_mm, y_mm, _ball_boxes(balls), lambda k, x, y: sphere_span(x, y, balls.T[:, k]))


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

    def box_mm(self, pose: Pose) -> tuple[float, float, float, float]:
        """The shadow's box."""
        return _hull(_ball_boxes(_in_view(pose, np.concatenate(self._ends))))

    def chord(self, x_mm: Floats, y_mm: Floats, pose: Pose) -> Floats:
        """Path lengths in the union, less those in the lumen."""
        first, last = (_in_view(pose, balls) for balls in self._ends)
        out = _swept(x_mm, y_mm, first, last)
        if self.hollow > 0.0:
            shrink = np.array([1.0, 1.0, 1.0, self.hollow])
            out = out - _swept(x_mm, y_mm, first * shrink, last * shrink)
        return np.maximum(out, 0.0)


def _swept(x: Floats, y: Floats, first: Floats, last: Floats) -> Floats:
    one, two = _ball_boxes(first), _ball_boxes(last)
    boxes = np.concatenate([np.minimum(one[:, :2], two[:, :2]), np.maximum(one[:, 2:], two[:, 2:])], axis=1)
    cones = _cones(first, last)
    return union_length(x, y, boxes, lambda k, xs, ys: cone_span(xs, ys, cones[:, k]))


def _hull(boxes: Floats) -> tuple[float, float, float, float]:
    x_lo, y_lo = boxes[:, :2].min(axis=0)
    x_hi, y_hi = boxes[:, 2:].max(axis=0)
    return float(x_lo), float(y_lo), float(x_hi), float(y_hi)
