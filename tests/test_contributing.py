"""CONTRIBUTING's example of a new kind works as written: the file is a kind, and the recipe grows it."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from phantom.exam import preset
from phantom.recipe import schema, toml
from phantom.recipe.seed import Seed

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text("utf-8")


def block(language):
    return re.search(rf"^```{language}\n(.*?)^```$", TEXT, flags=re.M | re.S)[1]


@pytest.fixture
def needle(tmp_path, monkeypatch):
    """The example, loaded as the module it would be."""
    path = tmp_path / "needle.py"
    path.write_text(block("python"), "utf-8")
    spec = importlib.util.spec_from_file_location("phantom.calcifications.kinds.needle", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # annotations are looked up there
    spec.loader.exec_module(module)
    kinds = {**preset.registry.kinds(), "needle": module.Kind}
    monkeypatch.setattr(preset.registry, "kinds", lambda: kinds)
    return module.Kind


def test_the_example_of_a_kind_grows(needle):
    recipe = preset.from_dict(toml.loads(block("toml")))
    kind = recipe.finding[0].grows
    assert isinstance(kind, needle)
    breast = recipe.anatomy.grow(Seed(0), "L")
    finding = kind.grow(breast, Seed(1))
    assert finding.kind == "needle"
    assert finding.finding_class == "benign"
    assert 3 <= len(finding.calcifications) <= 8
    for grain in finding.calcifications:
        assert 0 < grain.shape.volume_mm3 < 3.2 * 3.15 * 0.15**2
        assert breast.depth_mm(_row(grain.centre_mm))[0] > 0


def test_the_example_documents_itself(needle):
    docs = {doc.name: doc for doc in schema.describe(needle)}
    assert docs["length_mm"].range == "0.5 to 10"
    assert all(doc.doc for doc in docs.values())


def _row(point):
    import numpy as np

    return np.array([point])
