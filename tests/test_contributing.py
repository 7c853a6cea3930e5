"""CONTRIBUTING's examples work as written: the kind grows, the format exports, the detector images, names are there."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import fakes
import pytest

import phantom
from phantom import cli, formats
from phantom.exam import preset
from phantom.formats._export import export
from phantom.recipe import schema, toml
from phantom.recipe.seed import Seed

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def block(language, section="Add a kind of calcification"):
    text = TEXT.split(f"## {section}\n")[1].split("\n## ")[0]
    return re.search(rf"^```{language}\n(.*?)^```$", text, flags=re.M | re.S)[1]


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


def test_the_example_of_a_format_exports(tmp_path, monkeypatch):
    path = tmp_path / "boxes.py"
    path.write_text(block("python", "Add a format"), "utf-8")
    spec = importlib.util.spec_from_file_location("phantom.formats.boxes", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, spec.name, module)
    monkeypatch.setattr(formats, "names", lambda: ["boxes"])
    data = fakes.write_rich(tmp_path / "data")
    export(data, "boxes", tmp_path / "out")
    for image in data:
        lines = (tmp_path / "out" / f"{image.image_id.replace('.', 'p')}.txt").read_text().splitlines()
        assert [int(line.split()[1]) for line in lines] == [grain.row.box_x_px for grain in image.calcifications]


def test_the_example_of_a_detector_images(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    copy, make = block("sh", "Add a detector").splitlines()
    assert cli.run(copy.split()[1:3]) == 0
    Path("mine.toml").write_text(capsys.readouterr().out)
    words = [*make.split()[1:], "--set", "detector.binning=16", "--cases", "1", "--workers", "1"]
    assert cli.run(words) == 0
    assert set(phantom.open("mine").images["detector"].tolist()) == {"mine"}


def test_files_and_names_that_the_recipes_speak_of_are_there():
    """Of every file the sections "Add …" name, one is there; of every name in backquotes, some file has it."""
    sections = [part for part in TEXT.split("\n## ") if part.startswith("Add a")]
    assert len(sections) >= 6
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "phantom").rglob("*.*")}
    prose = re.sub(r"^```.*?^```$", "", "\n".join(sections), flags=re.M | re.S)
    for name in re.findall(r"`([\w/]+\.(?:py|toml))`", prose):
        if name not in ("phantom/calcifications/kinds/needle.py", "phantom/formats/boxes.py"):  # what is to be added
            assert any(file.endswith(name) for file in files) or (ROOT / name).is_file(), name
    for folder in re.findall(r"`([\w/]+/)`", prose):
        assert any(f"/{folder}" in f"/{file}" for file in files) or (ROOT / folder).is_dir(), folder
