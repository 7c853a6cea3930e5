"""Solids: the chord adds up to the volume from every side, the box holds the shadow, plain data gives the same
solid."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from phantom.geometry.solids.chains import Balls, Chains
from phantom.geometry.solids.clouds import Cloud, GaussianBlob
from phantom.geometry.solids.ellipsoids import Ellipsoid, fibonacci_sphere
from phantom.geometry.solids.json import from_dict, shape_classes, to_dict
from phantom.geometry.solids.lumps import Lump
from phantom.geometry.solids.polyhedra import ConvexPolyhedron, Union
from phantom.geometry.solids.scaled import Scaled
from phantom.geometry.solids.sediment import Sediment
from phantom.geometry.solids.shapes import Shape
from phantom.geometry.solids.shells import EllipsoidShell, bulges, patches
from phantom.geometry.solids.tube_walls import TubeWall
from phantom.geometry.turning import axes_of, random_turn, turn_to, vector_of
from phantom.geometry.view import Pose, View

# solids whose box is that of a lattice's points, or of a body that is there in parts
LOOSE = (EllipsoidShell, Lump, TubeWall)
DOWN = np.array([0.0, 0.0, -1.0])


def _rng() -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(5))


def pose(turn=(0.0, 0.0, 0.0), gravity=(0.0, 0.0, -1.0)) -> Pose:
    return Pose(np.zeros(3), axes_of(turn), np.array(gravity))


def _hull_of_ball(count: int, stretch=(1.0, 1.0, 1.0)) -> ConvexPolyhedron:
    points = _rng().standard_normal((count, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return ConvexPolyhedron(tuple(map(tuple, (points * stretch).tolist())))


def _waves(count: int, most: float) -> tuple:
    k = _rng().uniform(-most, most, (count, 3))
    return tuple((*row, 1.0 + i, 0.15) for i, row in enumerate(k.tolist()))


def _tube() -> tuple:
    return tuple((0.5 * k, 0.4 * math.sin(0.3 * k), 0.4 * math.cos(0.4 * k), 0.5 - 0.01 * k) for k in range(9))


def solids() -> dict[str, Shape]:
    bent = tuple((0.4 * k, 0.3 * math.sin(k), 0.1 * k, 0.1 + 0.05 * math.cos(k)) for k in range(9))
    branch = ((1.6, 0.0, 0.4, 0.12), (2.4, 0.9, 0.4, 0.05))
    return {
        "ball": Ellipsoid((0.5, 0.5, 0.5)),
        "ellipsoid": Ellipsoid((0.2, 0.5, 1.1), (0.3, -0.8, 0.5)),
        "fading": Ellipsoid((0.2, 0.3, 0.25), (0.3, 0.2, 0.5), edge_mm=0.04),
        "shell": EllipsoidShell((1.0, 1.3, 0.8), (0.15, 0.2, 0.1), (0.1, 0.2, 0.3)),
        "eggshell in patches": EllipsoidShell(
            (4.0, 4.4, 3.6), (0.2, 0.2, 0.2), (0.1, 0.2, 0.3), **patches(_rng(), 0.5, 0.6)
        ),
        "eggshell, uneven": EllipsoidShell(
            (2.0, 2.4, 1.6),
            (0.3, 0.3, 0.3),
            (0.1, 0.2, 0.3),
            bulges=bulges(_rng(), 0.04),
            **patches(_rng(), 1.0, 0.6, 0.5),
        ),
        "shell, uneven": EllipsoidShell((1.0, 1.3, 0.8), (0.15, 0.2, 0.1), bulges=bulges(_rng(), 0.05)),
        "lump": Lump(
            ((0.0, 0.0, 0.0, 0.5, 1.0), (0.4, 0.3, 0.1, 0.4, 1.0), (0.1, 0.2, 0.1, 0.15, -2.0)), _waves(6, 9.0)
        ),
        "artery": TubeWall(
            _tube(), 0.15, (0.0, 1.0, 0.2), waves=((1.2, 1.0, 0.3, 0.8), (2.5, -2.0, 2.0, 0.7)), level=-0.5
        ),
        "plate": TubeWall(_tube()[:4], 0.15, (0.0, 1.0, 0.2), 0.7, 0.6, ((3.0, 1.0, 0.3, 0.5),), -1.0),
        "popcorn": Balls(((0.0, 0.0, 0.0, 1.0), (0.9, 0.2, 0.1, 0.7), (-0.3, 0.8, 0.4, 0.5), (0.1, 0.1, 0.2, 0.3))),
        "branching cast": Chains((bent, branch)),
        "tube": Chains((bent,), hollow=0.5),
        "lone": Chains((((0.1, 0.0, 0.0, 0.3),),)),
        "tear": Chains((((0.0, 0.0, 0.0, 0.3), (0.8, 0.0, 0.2, 0.02)),)),
        "angular": _hull_of_ball(12, (0.3, 0.2, 0.1)),
        "pair": Union(
            (_hull_of_ball(10, (0.3, 0.3, 0.2)), Ellipsoid((0.3, 0.2, 0.2))), ((0.0, 0.0, 0.0), (0.3, 0.1, 0.0))
        ),
        "sediment": Sediment((1.0, 1.2, 0.8), 0.4, (0.4, 0.2, 0.0)),
        "sediment, full": Sediment((1.0, 1.2, 0.8), 1.3, meniscus=3.0),
        "blob": GaussianBlob((0.05, 0.08, 0.06), (0.4, 0.2, 0.1), 0.6),
        "cloud": Cloud(tuple((0.05 * math.cos(k), 0.04 * math.sin(k), 0.02 * k, 0.02) for k in range(8)), 0.5),
        "scaled": Scaled(Chains((bent, branch)), 1.7),
    }


def _rays(shape: Shape, at: Pose, count: int, margin: float = 0.0):
    x_lo, y_lo, x_hi, y_hi = shape.box_mm(at)
    wide, high = (x_hi - x_lo) * (1 + 2 * margin), (y_hi - y_lo) * (1 + 2 * margin)
    x = (x_lo + x_hi) / 2 + wide * ((np.arange(count) + 0.5) / count - 0.5)
    y = (y_lo + y_hi) / 2 + high * ((np.arange(count) + 0.5) / count - 0.5)
    return x[None, :], y[:, None], wide * high / count**2


@pytest.mark.parametrize("name", solids())
def test_chords_add_up_to_the_volume_from_every_side(name):
    shape = solids()[name]
    rng = _rng()
    for _ in range(4):
        at = pose(random_turn(rng), rng.standard_normal(3))
        x, y, area = _rays(shape, at, 200)
        assert shape.chord(x, y, at).sum() * area == pytest.approx(shape.volume_mm3, rel=0.01)


@pytest.mark.parametrize("name", solids())
def test_the_box_holds_the_shadow_and_fits_it(name):
    shape = solids()[name]
    rng = _rng()
    for _ in range(4):
        at = pose(random_turn(rng), rng.standard_normal(3))
        x, y, _ = _rays(shape, at, 241, margin=0.1)
        path = shape.chord(x, y, at)
        x_lo, y_lo, x_hi, y_hi = shape.box_mm(at)
        outside = (x < x_lo - 1e-9) | (x > x_hi + 1e-9) | (y < y_lo - 1e-9) | (y > y_hi + 1e-9)
        assert path[np.broadcast_to(outside, path.shape)].max(initial=0.0) <= (5e-3 * path.max() if shape.soft else 0.0)
        if not shape.soft and not isinstance(shape, LOOSE):
            rows, columns = np.nonzero(path > 0)
            # thin ends of a lens are cut by the rays' spacing: a tenth of the box is allowed
            assert np.ptp(x[0, columns]) > 0.88 * (x_hi - x_lo)
            assert np.ptp(y[rows, 0]) > 0.88 * (y_hi - y_lo)


@pytest.mark.parametrize("name", solids())
def test_grids_open_or_full_and_single_rays_give_the_same(name):
    shape, at = solids()[name], pose((0.3, 0.5, -0.2))
    x, y, _ = _rays(shape, at, 130)
    path = shape.chord(x, y, at)
    full = shape.chord(*(np.ascontiguousarray(a) for a in np.broadcast_arrays(x, y)), at)
    np.testing.assert_allclose(path, full, atol=1e-12)
    many = np.stack([x + 0 * y, x + 0 * y]), np.stack([y + 0 * x, y + 0 * x])
    np.testing.assert_allclose(shape.chord(x[0], y, at), path, atol=1e-12)
    np.testing.assert_allclose(shape.chord(*many, at)[1], path, atol=1e-12)
    one = shape.chord(x[:1, 31:32], y[29:30, :1], at)
    np.testing.assert_allclose(one[0, 0], path[29, 31], atol=1e-12)


@pytest.mark.parametrize("name", solids())
def test_turning_solid_and_rays_together_changes_nothing(name):
    """A mirror image of rays and frame, and a turn about the beam: the same paths."""
    shape, base = solids()[name], pose((0.3, 0.5, -0.2), gravity=(0.3, 0.8, -0.5))
    mirror = np.diag([1.0, -1.0, 1.0])
    x, y, _ = _rays(shape, base, 80)
    other = Pose(np.zeros(3), mirror @ base.rotation, mirror @ base.gravity)
    np.testing.assert_allclose(shape.chord(x, y, base), shape.chord(x, -y, other), atol=1e-9)


def test_every_class_is_tried_here_and_survives_json():
    tried = solids().values()
    assert {type(shape).__name__ for shape in tried} == set(shape_classes())
    for shape in tried:
        again = from_dict(json.loads(json.dumps(to_dict(shape))))
        assert again == shape
        assert hash(again) == hash(shape)
        assert isinstance(shape, Shape)


def test_a_ball_and_its_shell_are_the_textbook_ones():
    r, t = 4.0, 0.15
    x = np.array([[0.0, 1.0, r - t]])
    np.testing.assert_allclose(Ellipsoid((r, r, r)).chord(x, 0.0 * x, pose()), 2 * np.sqrt(r**2 - x**2))
    shell = EllipsoidShell((r, r, r), (t, t, t)).chord(x, 0.0 * x, pose())
    assert shell[0, 0] == pytest.approx(2 * t)
    assert shell[0, 2] == pytest.approx(2 * math.sqrt(2 * r * t - t * t))


def test_a_capsule_is_the_textbook_one():
    rod = Chains((((-1.0, 0.0, 0.0, 0.2), (1.0, 0.0, 0.0, 0.2)),))
    assert rod.volume_mm3 == pytest.approx(math.pi * 0.04 * 2 + 4 / 3 * math.pi * 0.008, rel=0.003)
    y = np.linspace(-0.19, 0.19, 7)[:, None]
    np.testing.assert_allclose(rod.chord(np.zeros((1, 1)), y, pose()), 2 * np.sqrt(0.04 - y**2), rtol=1e-6)
    along = pose((0.0, math.pi / 2, 0.0))
    np.testing.assert_allclose(rod.chord(np.zeros((1, 1)), y, along), 2 + 2 * np.sqrt(0.04 - y**2), rtol=1e-6)


def test_a_chain_counts_no_ball_twice():
    """A line cut into many short pieces is the same rod."""
    ends = (-1.0, 0.3), (1.0, 0.1)
    whole = Chains((tuple((x, 0.0, 0.0, r) for x, r in ends),))
    cut = Chains((tuple((x, 0.0, 0.0, 0.2 - 0.1 * x) for x in np.linspace(-1, 1, 30).tolist()),))
    at = pose((0.2, 0.4, 0.1))
    x, y, _ = _rays(whole, at, 90)
    np.testing.assert_allclose(cut.chord(x, y, at), whole.chord(x, y, at), atol=2e-3)


def test_a_cone_contains_the_balls_between_its_ends_and_no_more():
    """The round-ended cone is the union of all balls between its two: many balls approach it from within."""
    cone = Chains((((0.0, 0.0, 0.0, 0.5), (1.0, 0.2, 0.4, 0.1)),))
    steps = np.linspace(0.0, 1.0, 60)
    balls = Balls(tuple((k, 0.2 * k, 0.4 * k, 0.5 - 0.4 * k) for k in steps.tolist()))
    rng = _rng()
    for _ in range(6):
        at = pose(random_turn(rng))
        x, y, _ = _rays(cone, at, 50)
        gap = cone.chord(x, y, at) - balls.chord(x, y, at)
        assert gap.min() > -1e-9
        assert gap.mean() < 0.01


def test_sediment_is_a_smudge_from_above_and_a_teacup_from_the_side():
    cap = Sediment((0.75, 0.75, 0.75), 0.2, meniscus=4.0)
    seen = {}
    for angle in (0.0, 45.0, 90.0):
        view = View("CC", "L", angle)
        at = Pose(np.zeros(3), view.axes, view.gravity)
        x_lo, y_lo, x_hi, y_hi = cap.box_mm(at)
        x, y, _ = _rays(cap, at, 200)
        seen[angle] = (x_hi - x_lo) / (y_hi - y_lo), cap.chord(x, y, at).max()
        if angle == 90.0:
            assert y_lo > 0.3  # y runs down the image: it hangs at the bottom
            path = cap.chord(x, y, at)
            columns = np.nonzero(path.max(axis=0) > 0.1 * path.max())[0]
            rim = y[np.argmax(path[:, columns] > 0.0, axis=0), 0]
            assert np.ptp(rim) < 0.03 * (x_hi - x_lo)  # the rim is level ...
            half = np.argmax(path[:, columns] > 0.5 * path[:, columns].max(axis=0), axis=0)
            inner = half[10:-10]
            assert inner[len(inner) // 2] > inner[0]
            assert inner[len(inner) // 2] > inner[-1]
    assert seen[0.0][0] == pytest.approx(1.0, abs=0.02)
    assert seen[90.0][0] > 3.0
    assert seen[90.0][1] > 2.5 * seen[0.0][1]
    assert seen[0.0][1] < seen[45.0][1] < seen[90.0][1]


def test_the_meniscus_is_level_however_the_cyst_lies():
    for turn in ((0.0, 0.0, 0.0), (0.6, 0.0, 0.0), (0.3, -0.9, 0.4)):
        cap = Sediment((0.6, 1.0, 0.8), 0.3, turn, meniscus=50.0)
        at = Pose(np.zeros(3), View("ML", "L", 90.0).axes, np.array([0.0, 1.0, 0.0]))
        x, y, _ = _rays(cap, at, 300)
        path = cap.chord(x, y, at)
        columns = np.nonzero((path > 0.05).any(axis=0))[0][20:-20]
        top = [y[np.argmax(path[:, c] > 0.02), 0] for c in columns]
        slope = np.polyfit(x[0, columns], top, 1)[0]
        assert abs(math.degrees(math.atan(slope))) < 3.0


def test_coverage_asked_for_is_coverage_got():
    ways = fibonacci_sphere(4000)
    for asked in (0.2, 0.5, 0.9):
        shell = EllipsoidShell((3.0, 3.0, 3.0), (0.2, 0.2, 0.2), **patches(_rng(), asked, 0.5))
        assert shell.covered(ways).mean() == pytest.approx(asked, abs=0.06)


def test_a_lump_of_one_blob_without_waves_is_a_ball():
    ball = Lump(((0.0, 0.0, 0.0, 0.7, 1.0),), solid=9.0, edge=0.01)
    assert ball.volume_mm3 == pytest.approx(4 / 3 * math.pi * 0.7**3, rel=0.01)
    x = np.array([[0.0, 0.3, 0.6]])
    np.testing.assert_allclose(ball.chord(x, 0.0 * x, pose()), 2 * np.sqrt(0.49 - x**2), atol=0.08)  # of a step of 0.13


def test_pores_and_clefts_take_their_part_of_a_lump():
    blobs = ((0.0, 0.0, 0.0, 1.0, 1.0),)
    whole = Lump(blobs, _waves(12, 12.0), solid=2.0)
    porous = Lump(blobs, _waves(12, 12.0), solid=0.2)
    cleft = Lump((*blobs, (0.0, 0.0, 0.0, 0.3, -6.0)), solid=2.0)
    assert porous.volume_mm3 < 0.9 * whole.volume_mm3
    centre = np.zeros((1, 1))
    assert cleft.chord(centre, centre, pose()) < 0.8 * Lump(blobs, solid=2.0).chord(centre, centre, pose())


def test_a_tube_wall_is_brightest_along_both_its_sides():
    """A straight one, all of it calcified: over the middle twice the wall, at the lumen's edge the textbook chord."""
    radius, wall = 0.6, 0.1
    tube = TubeWall(((0.0, 0.0, 0.0, radius), (4.0, 0.0, 0.0, radius)), wall, (0.0, 1.0, 0.0), level=-9.0)
    y = np.array([[0.0], [radius - wall], [-(radius - wall)]])
    path = tube.chord(np.full((1, 1), 2.0), y, pose())[:, 0]
    np.testing.assert_allclose(path, [2 * wall, *[2 * math.sqrt(2 * radius * wall - wall**2)] * 2], rtol=1e-9)
    assert tube.volume_mm3 == pytest.approx(4 * math.pi * (radius**2 - (radius - wall) ** 2), rel=1e-9)


def test_random_turns_are_uniform_and_turn_to_points_where_it_should():
    rng = _rng()
    ways = np.array([axes_of(random_turn(rng))[:, 2] for _ in range(2000)])
    # the mean of n uniform directions has components of sd 1/sqrt(3 n) = 0.013
    assert np.abs(ways.mean(axis=0)).max() < 0.05
    assert (ways**2).mean(axis=0) == pytest.approx(1 / 3, abs=0.03)
    for direction in (*ways[:50], (0, 0, 1), (0, 0, -1), (1, 0, 0)):
        axes = axes_of(turn_to(direction, 0.7))
        np.testing.assert_allclose(axes[:, 2], np.asarray(direction) / np.linalg.norm(direction), atol=1e-9)
        np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-9)


def test_axes_give_the_turn_that_made_them():
    rng = _rng()
    half_turns = [
        np.diag(signs) for signs in ((1.0, 1.0, 1.0), (1.0, -1.0, -1.0), (-1.0, 1.0, -1.0), (-1.0, -1.0, 1.0))
    ]
    for axes in [*(axes_of(random_turn(rng)) for _ in range(200)), *half_turns]:
        turn = vector_of(axes)
        assert np.linalg.norm(turn) <= math.pi + 1e-9
        np.testing.assert_allclose(axes_of(turn), axes, atol=1e-9)


def test_the_wall_of_a_tapering_tube_is_that_of_its_pieces():
    """A vessel that is wide for 3 mm and narrows over the next: the wall of a tube of each piece's mean radius."""
    wall = 0.2
    line = ((0.0, 0.0, 0.0, 0.9), (3.0, 0.0, 0.0, 0.9), (4.0, 0.0, 0.0, 0.3))
    tube = TubeWall(line, wall, (0.0, 1.0, 0.0), level=-40.0)
    parts = [length * math.pi * (r**2 - (r - wall) ** 2) for length, r in ((3.0, 0.9), (1.0, 0.6))]
    assert tube.volume_mm3 == pytest.approx(sum(parts), rel=1e-4)
