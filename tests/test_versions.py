"""What the versions of the packages decide about: a case from recipe to export and back, on whatever is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import phantom
from phantom.dataset.running.run import RunOptions, generate
from phantom.dataset.verify import verify
from phantom.exam import preset as presets

TOOL = Path(__file__).parents[1] / "tools" / "lowest.py"
SMALL = {
    "name": "any", "description": "small", "detector": {"binning": 16}, "exam": {"views": ["CC"]},
    "finding": [{"kind": "popcorn"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    out = tmp_path_factory.mktemp("versions") / "data"
    generate(presets.from_dict(SMALL), 1, 1, out, RunOptions(workers=1))
    return out


def test_a_case_is_written_read_and_verified(data):
    assert verify(data) == []
    image = phantom.open(data)[0]
    assert image.for_presentation.max() > 0
    assert image.labels.max() == len(image.calcifications)


@pytest.mark.parametrize("name", ["coco", "dicom", "png"])
def test_exports_are_written(name, data, tmp_path):
    if name == "dicom":
        pytest.importorskip("highdicom")
    from phantom.formats._export import export

    assert export(phantom.open(data), name, tmp_path / name).written


def test_every_dependency_has_a_lower_bound_and_the_tool_lists_them(tmp_path):
    spec = importlib.util.spec_from_file_location("lowest", TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    names = {one.partition("==")[0] for one in tool.lowest()}
    assert {"click", "h5py", "numba", "numpy", "pillow", "scipy", "pydicom", "highdicom", "pytest"} <= names
    loose = tmp_path / "pyproject.toml"
    loose.write_text(TOOL.parents[1].joinpath("pyproject.toml").read_text().replace("h5py>=", "h5py<"))
    with pytest.raises(ValueError, match="h5py"):
        tool.lowest(loose)
