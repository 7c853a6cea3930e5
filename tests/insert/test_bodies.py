"""Soft-tissue bodies put into pictures: what comes out is what would have been grown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from phantom.exam import preset as presets
from phantom.exam import scene as scenes
from phantom.exam.acquisition import position_breast
from phantom.exam.case import case_seed
from phantom.exam.render import none, render
from phantom.geometry.compression import Compression
from phantom.imaging.refilter import REACH
from phantom.insert import blend, truth
from phantom.insert.bodies import bodies_in
from phantom.insert.estimate import estimate
from phantom.insert.picture import Header, Picture
from phantom.insert.unit import named, offset_dn, unit_of
from phantom.recipe.seed import Seed

RECIPE = """
name = "{kind}"
description = "A body and its calcium."
[anatomy]
density = 0.15
[detector]
binning = 8
[exam]
views = ["CC"]
breasts = ["L"]
keep_for_processing = true
[[finding]]
kind = "{kind}"
{more}
"""
UNIT = {"manufacturer": "HOLOGIC, Inc.", "model": "Selenia Dimensions"}


@dataclass
class Shifted:
    """The grown breast under its paddle, its places counted from the picture's first row."""

    pressed: Compression
    down_mm: float

    def __getattr__(self, name: str) -> Any:
        return getattr(self.pressed, name)

    def _moved(self, points):
        return points + np.array([0.0, self.down_mm, 0.0])

    def forward(self, points):
        return self._moved(self.pressed.forward(points))

    def carry(self, points):
        return self._moved(self.pressed.carry(points))

    def poses(self, centres):
        return [replace(pose, centre_mm=self._moved(pose.centre_mm)) for pose in self.pressed.poses(centres)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "more", "near"),
    [
        ("popcorn", "mass_mm = 20\n", 0.1),
        ("rim", 'core = "water"\ndiameter_mm = 20\n', 0.1),
        # the strands of a grown scar are scaled with all other gland, so that the breast keeps its density
        ("dystrophic", 'bed = "scar"\nextent_mm = 24\n', 0.15),
    ],
)
def test_a_body_put_into_a_picture_is_as_dense_as_a_grown_one(tmp_path, kind, more, near):
    """Within a tenth: lengths come from cells of half a millimetre, and a breast's scatter follows a body a little."""
    path = tmp_path / "body.toml"
    path.write_text(RECIPE.format(kind=kind, more=more))
    preset = presets.load(str(path))
    scene = scenes.grow(preset, case_seed(preset.name, 3, 0), 0)
    (view,) = scene.views
    empty = replace(scene, breasts={side: replace(one, hosts=()) for side, one in scene.breasts.items()})
    grown, plain = (render(one, view, none).for_processing.astype(float) for one in (scene, empty))
    pixels = render(empty, view, none).for_processing
    acquired = position_breast(empty, view)
    header = Header(thickness_mm=acquired.pressed.thickness_mm, **UNIT)
    picture = Picture("p", pixels, 14, preset.detector.pitch, "CC", "L", True, header)
    found = estimate(picture, offset_dn(named(*UNIT.values())))
    on = blend.canvas(picture, found, unit_of(picture, found.thickness_mm, 0.15))
    laid = Shifted(acquired.pressed, float(on.grid.origin_mm[1] - acquired.frame.field.origin_mm[1]))
    bodies = bodies_in(scene.findings, laid, on, scene.seed)
    out = blend.blended(on, [], Seed(1), bodies).astype(float)
    inside = np.zeros(pixels.shape, bool)
    for body in bodies:
        inside[body.box] |= np.abs(body.g_cm) + np.abs(body.a_cm) > 0.05
    assert inside.sum() > 100
    far = np.ones(pixels.shape, bool)
    for body in bodies:
        rows, columns = (slice(max(s.start - 2 * REACH, 0), s.stop + 2 * REACH) for s in body.box)
        far[rows, columns] = False
    assert np.array_equal(out[far], plain[far])
    # a grown breast keeps its density: what a scar's strands add is taken off everywhere else
    there = ~inside & found.segmented.whole(found.segmented.breast & (found.distance_mm > 15), pixels.shape)
    taken = np.mean((grown - plain)[there])
    ours, theirs = (out - plain)[inside].sum(), (grown - plain - taken)[inside].sum()
    assert ours / theirs == pytest.approx(1, abs=near)
    objects = truth.objects(on, laid, scene.findings, "x")
    assert [row.row.kind for row in objects] == [body.host.kind for body in bodies]
