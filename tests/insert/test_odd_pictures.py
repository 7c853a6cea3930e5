"""Pictures that are hardly mammograms: refused with a reason, or given findings whose truth is finite."""

from __future__ import annotations

import numpy as np
import pytest

from phantom.errors import Unreadable
from phantom.exam import preset as presets
from phantom.insert import blend, growth, truth
from phantom.insert.estimate import estimate
from phantom.insert.fit import fitted
from phantom.insert.picture import Header, Picture
from phantom.insert.placing import placed_in
from phantom.insert.unit import unit_of
from phantom.recipe.seed import Seed

SHAPE = 420, 300


def half_disc(level, noise=0.0):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    inner = 1 - (x / 220) ** 2 - ((y - 210) / 190) ** 2
    values = np.where(inner > 0, level * np.clip(inner / 0.15, 0.4, 1), 0.0)
    return np.clip(values + noise * np.random.default_rng(1).standard_normal(SHAPE) * (inner > 0), 0, 4095)


ODD = {
    "nothing but noise": lambda: np.random.default_rng(2).integers(0, 4096, SHAPE),
    "a ramp": lambda: np.linspace(0, 4095, SHAPE[0] * SHAPE[1]).reshape(SHAPE),
    "specks": lambda: np.where(np.random.default_rng(3).random(SHAPE) < 0.002, 4095, 0),
    "black and white": lambda: (half_disc(3000) > 100) * 4000,
    "no noise": lambda: half_disc(1500),
    "hardly anything": lambda: half_disc(6),
    "white at its edge": lambda: np.where(np.arange(SHAPE[1]) < 12, 4095, half_disc(1500, 30)),
    "all white": lambda: half_disc(9000),
    "coarse noise": lambda: half_disc(1500, 400),
}


@pytest.mark.parametrize("linear", [False, True], ids=["shown", "raw"])
@pytest.mark.parametrize("name", ODD)
def test_an_odd_picture_is_refused_or_measured(name, linear):
    values = ODD[name]().astype(float)
    if linear:
        values = np.clip(4000 * np.exp(-values / 900), 1, 4095)
    picture = Picture(name, values.astype(np.uint16), 12, 0.4, "CC", "L", linear, Header(thickness_mm=45.0))
    try:
        found = estimate(picture)
    except Unreadable as why:
        assert "no breast" in str(why)
        return
    on = blend.canvas(picture, found, unit_of(picture, found.thickness_mm, 0.15))
    preset, seed = presets.load("round"), Seed(4)
    breast = fitted(preset.anatomy, seed, "L", [(picture, found)])
    grown, _ = growth.findings(preset, seed, {"L": breast}, 1, {("L", "CC"): on})
    placed = placed_in(grown, breast.pictured[0], on.grid)
    out = blend.blended(on, placed, seed)
    assert out.max() <= picture.largest
    _, grains, structured = truth.measured(on, placed, "x")
    numbers = [value for grain in grains for value in grain.row.as_dict().values() if isinstance(value, float)]
    assert np.isfinite([*numbers, *structured, on.under.density]).all()
    assert 0 <= on.under.density <= 1
