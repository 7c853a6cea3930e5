"""The dataset's key: what changes an image changes it, how many cases there are does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from phantom.dataset.format.key import key_of
from phantom.dataset.format.manifest import Manifest

ONE = Manifest(
    preset="benign", preset_text="", recipe={"name": "benign"}, seed=1, cases=3, generator="phantom 1", packages={},
    processor={}, split={}, sweeps=(), dropped={}, files={},
)  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"sweeps": ("exposure.dose=1,2",)}, {"recipe": {"name": "other"}}, {"seed": 2}, {"generator": "phantom 2"},
        {"sources": ({"seed": 3},)}, {"rendered": {"changes": ["dose"]}}, {"inserted": {"texts": ["a"]}},
        {"detectors": {"mine.toml": "a"}},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_what_changes_an_image_changes_the_key(change: dict[str, Any]):
    assert key_of(replace(ONE, **change)) != key_of(ONE)


def test_more_cases_in_other_parts_keep_the_key():
    assert key_of(replace(ONE, cases=9, split={"train": 1.0}, packages={"numpy": "2"})) == key_of(ONE)
