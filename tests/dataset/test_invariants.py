"""Of every preset: the truth is what the pictures show, by each rule that `verify` and the contracts state."""

from __future__ import annotations

import numpy as np
import pytest

import phantom
from phantom.dataset.running.run import RunOptions, generate
from phantom.dataset.verify import verify
from phantom.exam import preset as presets
from phantom.recipe.presets import names


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_truth_is_what_the_pictures_show(name, tmp_path):
    recipe = presets.load(name, ["detector.binning=6"])
    generate(recipe, 11, 2, tmp_path / "data", RunOptions(workers=1))
    assert verify(tmp_path / "data") == []
    for image in phantom.open(tmp_path / "data"):
        shape = image.for_presentation.shape
        labels = image.labels
        ids = [grain.row.calcification_id for grain in image.calcifications]
        assert ids == sorted(set(ids))
        assert not image.for_presentation[~image.breast_mask].any()
        held = {finding.row.finding_id for finding in image.findings}
        for number, grain in enumerate(image.calcifications, start=1):
            x, y = grain.center_px
            assert -0.5 <= x <= shape[1] - 0.5
            assert -0.5 <= y <= shape[0] - 0.5
            assert (grain.mask & image.breast_mask).any()
            assert set(np.unique(labels[grain.mask])) <= set(range(number, len(ids) + 1))
            assert grain.row.finding_id in held
        for finding in image.findings:
            x, y, w, h = finding.row.box_px
            assert min(w, h) >= 1
            assert 0 <= x <= x + w <= shape[1]
            assert 0 <= y <= y + h <= shape[0]
