"""A breast pressed into an outline of a given shape: the shape is met, volume is kept, the nipple lies where it
should."""

from __future__ import annotations

import numpy as np
import pytest

from phantom.anatomy.outline import BreastOutline
from phantom.geometry.compression import Compression
from phantom.geometry.silhouette import Silhouette
from phantom.geometry.view import View

BODY = BreastOutline(75, 80, 76, 70, 76, 2.1, 1.7, 25, 4, 0.1)
CONICAL = Silhouette(0.85, (1.55, 1.0), (2.0, 1.3), 1.05, waves=((0.004, -0.003), (0.0, 0.004)))
SAGGING = Silhouette(0.9, (2.0, 1.0), (2.0, 1.4), 1.15, droop=0.2, mound=0.02)
CASES = [("CC", 0.0, 52.0, CONICAL), ("MLO", 47.0, 58.0, SAGGING)]


def pressed(case: tuple[str, float, float, Silhouette]) -> Compression:
    name, angle, thickness, silhouette = case
    return Compression(BODY, View(name, "L", angle), thickness, 0.5, silhouette=silhouette)  # type: ignore[arg-type]


def inside(count: int, level: float) -> np.ndarray:
    points = np.random.default_rng(5).uniform(*BODY.bounds_mm, (count, 3))
    points = points[BODY.level(points) < level]
    return points[points[:, 0] > 1.0]


@pytest.mark.parametrize("case", CASES)
def test_points_come_back(case: tuple[str, float, float, Silhouette]) -> None:
    c, points = pressed(case), inside(4000, 0.97)
    points = points[BODY.depth_mm(points) > 3]
    assert np.abs(c.inverse(c.forward(points)) - points).max() < 0.15


@pytest.mark.parametrize("case", CASES)
def test_volume_is_kept_everywhere(case: tuple[str, float, float, Silhouette]) -> None:
    c, points, step = pressed(case), inside(1500, 0.9), 0.3
    carried = [(c.carry(points + d) - c.carry(points - d)) / (2 * step) for d in step * np.eye(3)]
    off = np.abs(np.abs(np.linalg.det(np.stack(carried, axis=2))) - 1)
    assert np.percentile(off, 95) < 0.02
    assert off.max() < 0.1


@pytest.mark.parametrize("case", CASES)
def test_it_holds_the_free_breasts_volume(case: tuple[str, float, float, Silhouette]) -> None:
    x, y = np.arange(0.25, 260, 0.5), np.arange(-260, 260, 0.5)
    u = np.random.default_rng(0).uniform(*BODY.bounds_mm, (400_000, 3))
    free = (BODY.level(u) < 1).mean() * np.prod(np.subtract(*BODY.bounds_mm[::-1]))
    assert pressed(case).local_thickness(x[None, :], y[:, None]).sum() * 0.25 == pytest.approx(free, rel=0.01)


def test_the_outline_has_the_shape_asked_for() -> None:
    c = pressed(("CC", 0.0, 52.0, Silhouette(0.85, (1.55, 1.0), (2.0, 2.0), 1.1)))
    x, y = c.outline_mm * np.cos(c.directions), c.outline_mm * np.sin(c.directions)
    half, top = 0.5 * float(np.ptp(y)), float(y[x.argmax()])
    assert x.max() / half == pytest.approx(0.85, abs=0.03)
    assert (top - y[0]) / half == pytest.approx(1.1, abs=0.06)
    # halfway to the base: a cone's flank above, an ellipse's below
    above, below = np.interp([top - 0.5 * 1.1 * half, top + 0.5 * 0.9 * half], y, x) / x.max()
    assert above == pytest.approx(1 - 0.5**1.55, abs=0.06)
    assert below == pytest.approx(np.sqrt(0.75), abs=0.05)


@pytest.mark.parametrize("case", CASES)
def test_the_nipple_lies_on_the_outline_as_far_below_the_foremost_point_as_it_droops(
    case: tuple[str, float, float, Silhouette],
) -> None:
    c = pressed(case)
    x, y, _ = c.forward(BODY.tip_mm[None])[0]
    assert abs(float(c.edge_mm(x, y))) < 0.7
    assert y == pytest.approx(c.nipple_y_mm, abs=0.5)
    half = 0.5 * float(np.ptp(c.outline_mm * np.sin(c.directions)))
    along = c.outline_mm * np.cos(c.directions)
    foremost = (c.outline_mm * np.sin(c.directions))[along.argmax()]
    assert (y - foremost) / half == pytest.approx(case[3].droop, abs=0.08)
