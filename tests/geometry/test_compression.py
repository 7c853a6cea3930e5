"""The map between the free breast and the breast under the paddle."""

from __future__ import annotations

import math

import numpy as np
import pytest

from phantom.anatomy.outline import BreastOutline
from phantom.geometry.chest import Chest
from phantom.geometry.compression import Compression
from phantom.geometry.view import View

NO_CHEST = Chest()
BODIES = [
    BreastOutline(75, 75, 70, 66, 72, 2.0, 2.0, 12, 5, 0.15),
    BreastOutline(110, 88, 84, 75, 82, 2.3, 1.4, 40, -6, 0.05),
    BreastOutline(45, 60, 56, 52, 58, 1.8, 1.9, 8, 3, 0.0),
]
VIEWS = [("CC", 0.0, 45.0), ("MLO", 47.0, 52.0), ("ML", 90.0, 50.0)]


def pressed(body: BreastOutline, name: str, angle: float, thickness: float, chest: Chest = NO_CHEST) -> Compression:
    return Compression(body, View(name, "L", angle), thickness, 0.5, chest)  # type: ignore[arg-type]


def inside(body: BreastOutline, count: int, level: float = 0.97) -> np.ndarray:
    rng = np.random.default_rng(5)
    lo, hi = body.bounds_mm
    points = rng.uniform(lo, hi, (count, 3))
    return points[body.level(points) < level]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("view", VIEWS)
def test_points_come_back(body: BreastOutline, view: tuple[str, float, float]) -> None:
    c = pressed(body, *view)
    points = inside(body, 4000)
    points = points[body.depth_mm(points) > 3]  # skin keeps its depth, so it is not mapped by columns
    assert np.abs(c.inverse(c.forward(points)) - points).max() < 0.15


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("view", VIEWS)
def test_volume_is_kept_everywhere(body: BreastOutline, view: tuple[str, float, float]) -> None:
    c = pressed(body, *view)
    points = inside(body, 1500, 0.9)
    points = points[points[:, 0] > 1.0]
    step = 0.3
    carried = [(c.carry(points + d) - c.carry(points - d)) / (2 * step) for d in step * np.eye(3)]
    off = np.abs(np.abs(np.linalg.det(np.stack(carried, axis=2))) - 1)
    # the tables' grid shows in a few places, where a step straddles one of its kinks
    assert np.percentile(off, 98) < 0.01
    assert off.max() < 0.1


@pytest.mark.parametrize("body", BODIES)
def test_whole_volume_is_the_same_in_every_view(body: BreastOutline) -> None:
    x, y = np.arange(0.25, 260, 0.5), np.arange(-260, 260, 0.5)
    volumes = [pressed(body, *view).local_thickness(x[None, :], y[:, None]).sum() * 0.25 for view in VIEWS]
    u = np.random.default_rng(0).uniform(*body.bounds_mm, (400_000, 3))
    free = (body.level(u) < 1).mean() * np.prod(np.subtract(*body.bounds_mm[::-1]))
    assert volumes == pytest.approx([free] * 3, rel=0.01)


@pytest.mark.parametrize("view", VIEWS)
def test_skin_stays_skin(view: tuple[str, float, float]) -> None:
    body = BODIES[0]
    c = pressed(body, *view)
    directions = np.random.default_rng(1).normal((0.8, 0, 0), 1.0, (400, 3))
    surface = body.surface(directions[directions[:, 0] > 0.1])
    deep = surface - body.normals(surface) * 0.7
    x, y, h = c.forward(deep).T
    # with a roll-off of half the thickness the rim is a circle's arc
    radius, edge = 0.5 * c.thickness_mm, c.edge_mm(x, y)
    depth = radius - np.hypot(np.maximum(radius - edge, 0), h - radius)
    assert np.all(edge > 0)
    # exact except for the outermost tenth of a millimetre of the rim, where columns are too short to tell
    assert np.percentile(np.abs(depth - 0.7), 90) < 0.02
    assert np.all((depth > 0.1) & (depth < 1.0))


def test_a_solid_turns_with_the_view() -> None:
    body = BODIES[0]
    for name, angle, thickness in VIEWS:
        c = pressed(body, name, angle, thickness)
        pose = c.poses(np.array([[35.0, 0.0, 0.0]]))[0]
        assert pose.rotation @ pose.rotation.T == pytest.approx(np.eye(3), abs=1e-9)
        # deep in the middle tissue hardly turns: the solid lies as the view's axes say
        turned = math.degrees(math.acos(np.clip(0.5 * (np.trace(pose.rotation @ c.view.axes.T) - 1), -1, 1)))
        assert turned < 20
        assert pose.gravity == pytest.approx(c.view.axes @ [0, 0, -1])


def test_gravity_lies_along_the_beam_in_cc_and_down_the_image_in_ml() -> None:
    assert View("CC", "L", 0).gravity == pytest.approx([0, 0, -1])
    assert View("ML", "L", 90).gravity == pytest.approx([0, 1, 0])


def test_the_muscle_pushes_rows_forward_and_folds_only_add() -> None:
    body = BODIES[0]
    plain = pressed(body, "MLO", 47.0, 52.0)
    chest = Chest(40, 140, 3, -120, 25, 7, 0)
    full = pressed(body, "MLO", 47.0, 52.0, chest)
    assert chest.muscle_width_mm(-120.0) == pytest.approx(40, abs=1)
    assert chest.muscle_width_mm(60.0) < 1
    x, y = np.arange(0.5, 200, 1.0)[None, :], np.arange(-119.5, 150, 1.0)[:, None]
    assert (full.local_thickness(x, y) > 0).sum() > (plain.local_thickness(x, y) > 0).sum()
    moved = full.forward(np.array([[30.0, 0, 60.0]]))[0] - plain.forward(np.array([[30.0, 0, 60.0]]))[0]
    assert moved[0] > 3
