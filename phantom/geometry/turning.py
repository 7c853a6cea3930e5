"""Small rotations: from a rotation vector to axes, and at random."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from phantom.arrays import Floats

Vector = tuple[float, float, float]


def axes_of(turn_rad: Vector) -> Floats:
    """(3, 3): the body's axes in the columns, after turning by the rotation vector (Rodrigues' formula)."""
    a, b, c = turn_rad
    angle = math.sqrt(a * a + b * b + c * c)
    if angle < 1e-12:
        return np.eye(3)
    a, b, c = a / angle, b / angle, c / angle
    cos, sin = math.cos(angle), math.sin(angle)
    k = 1.0 - cos
    return np.array(
        [
            [cos + a * a * k, a * b * k - c * sin, a * c * k + b * sin],
            [b * a * k + c * sin, cos + b * b * k, b * c * k - a * sin],
            [c * a * k - b * sin, c * b * k + a * sin, cos + c * c * k],
        ]
    )


def vector_of(axes: Floats) -> Vector:
    """The rotation vector of axes (3, 3) that are a proper rotation: `axes_of` gives them back (by a quaternion,
    Shepperd 1978)."""
    m = axes.tolist()
    squares = [1.0 + m[0][0] + m[1][1] + m[2][2]] + [
        1.0 + 2.0 * m[k][k] - m[0][0] - m[1][1] - m[2][2] for k in range(3)
    ]
    k = squares.index(max(squares)) - 1  # the largest component of the quaternion: safe to divide by
    if k < 0:
        w = squares[0]
        vector = [m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]]
    else:
        i, j = (k + 1) % 3, (k + 2) % 3
        w = m[j][i] - m[i][j]
        vector = [squares[k + 1] if n == k else m[n][k] + m[k][n] for n in range(3)]
    sine = math.sqrt(sum(v * v for v in vector))
    if sine < 1e-12:
        return (0.0, 0.0, 0.0)
    angle = 2.0 * math.atan2(sine, w)
    scale = (angle if w >= 0.0 else angle - 2.0 * math.pi) / sine  # the shorter way round
    return (vector[0] * scale, vector[1] * scale, vector[2] * scale)


def random_turn(rng: np.random.Generator) -> Vector:
    """A rotation vector, uniform over all rotations (Shoemake 1992)."""
    w, x, y, z = rng.standard_normal(4)
    length = math.sqrt(w * w + x * x + y * y + z * z)
    half = math.acos(max(-1.0, min(1.0, w / length)))
    sine = math.sin(half) * length
    if sine < 1e-12:
        return (0.0, 0.0, 0.0)
    scale = 2.0 * half / sine
    return (float(x * scale), float(y * scale), float(z * scale))


def turn_to(direction: Any, spin_rad: float = 0.0) -> Vector:
    """A rotation vector that carries the body's z axis onto `direction`, after spinning about it.

    Raises
    ------
    ValueError
        If the direction has no length.
    """
    x, y, z = (float(v) for v in direction)
    length = math.sqrt(x * x + y * y + z * z)
    if length < 1e-12:
        raise ValueError("a direction must have a length")
    x, y, z = x / length, y / length, z / length
    # swing about the axis across both, composed with the spin as quaternions
    if z < -1.0 + 1e-12:
        swing = (0.0, 1.0, 0.0, 0.0)
    else:
        norm = math.sqrt(2.0 * (1.0 + z))
        swing = (norm / 2.0, -y / norm, x / norm, 0.0)
    cos, sin = math.cos(spin_rad / 2.0), math.sin(spin_rad / 2.0)
    w = swing[0] * cos - swing[3] * sin
    i = swing[1] * cos + swing[2] * sin
    j = swing[2] * cos - swing[1] * sin
    k = swing[3] * cos + swing[0] * sin
    sine = math.sqrt(i * i + j * j + k * k)
    if sine < 1e-12:
        return (0.0, 0.0, 0.0)
    scale = 2.0 * math.atan2(sine, w) / sine
    return (i * scale, j * scale, k * scale)
