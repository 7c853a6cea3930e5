"""What a view calls a finding, and solids that must hold something."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from phantom.anatomy.breast import Breast
from phantom.anatomy.patient import Anatomy
from phantom.calcifications import registry, rough_bodies
from phantom.calcifications.distributions import ruler
from phantom.calcifications.lexicon import spread_as_named
from phantom.geometry.solids.ellipsoids import Ellipsoid
from phantom.geometry.view import View
from phantom.recipe.draw import Draw
from phantom.recipe.seed import Seed


@cache
def breast() -> Breast:
    return Anatomy(density=Draw.constant(0.1), area_cm2=Draw.constant(170)).grow(Seed(11), "L")


def spread(distribution, count, wide_mm, axis):
    """So many grains in a row along an axis through the middle of the breast, called so."""
    kind = registry.kinds()["round"]()
    middle = np.array([0.4 * breast().body.height_mm, 0.0, 0.0])
    places = middle + np.linspace(-0.5, 0.5, count)[:, None] * wide_mm * np.eye(3)[axis]
    grains = [kind.grain(Ellipsoid((0.2, 0.2, 0.2)), place, 1.0) for place in places]
    return kind.finding(distribution, grains, breast())


def test_the_ruler_measures_what_the_wider_view_shows():
    places = np.array([[20.0, 0.0, -8.0], [20.0, 0.0, 8.0]])
    views = View("CC", "L", 0.0), View("MLO", "L", 45.0)
    lengths = [float(np.linalg.norm(np.diff(breast().compress(view).forward(places)[:, :2], axis=0))) for view in views]
    assert ruler(breast())(places) == pytest.approx(max(lengths))
    # up and down is along the beam of CC
    assert lengths[1] > 5 * lengths[0]


@pytest.mark.parametrize(
    ("distribution", "narrow_mm", "wide_mm", "is_wide"),
    [("grouped", 8, 40, False), ("regional", 8, 40, True), ("diffuse", 20, 70, True), ("linear", 4, 30, True)],
)
def test_a_finding_is_called_what_a_view_shows(distribution, narrow_mm, wide_mm, is_wide):
    for width, expected in ((narrow_mm, not is_wide), (wide_mm, is_wide)):
        assert spread_as_named(spread(distribution, 12, width, 1), breast()) is expected


def test_few_grains_have_no_extent():
    assert spread_as_named(spread("regional", 3, 4, 1), breast())
    assert spread_as_named(spread("linear", 1, 4, 1), breast())


def test_clefts_leave_something_of_every_popcorn():
    for seed in range(40):
        rng = np.random.Generator(np.random.SFC64(seed))
        size = float(rng.uniform(1, 3))
        assert rough_bodies.popcorn(rng, size, 1.5, 4 + seed % 12).volume_mm3 > 0.01 * size**3
