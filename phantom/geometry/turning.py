"""Small rotations: from a rotation vector to axes, and at random."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]
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
