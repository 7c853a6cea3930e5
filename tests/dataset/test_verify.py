"""`verify` names every damage: of the manifest as well, and of truth that contradicts itself or the scene."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import h5py
import pytest

from phantom.dataset.format.files import sha256, sha256_of
from phantom.dataset.merge import merge
from phantom.dataset.running.run import RunOptions, generate
from phantom.dataset.verify import verify
from phantom.errors import UsageError
from phantom.exam import preset as presets

SMALL = {
    "name": "any", "description": "small", "detector": {"binning": 16}, "exam": {"views": ["CC"]},
    "finding": [{"kind": "popcorn"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    out = tmp_path_factory.mktemp("verify") / "data"
    generate(presets.from_dict(SMALL), 1, 1, out, RunOptions(workers=1, preset_text="a recipe"))
    return out


@pytest.fixture
def data(good, tmp_path):
    return Path(shutil.copytree(good, tmp_path / "data"))


def signed(data, change=lambda manifest: None):
    """The manifest changed, with every checksum made to fit."""
    manifest = json.loads((data / "manifest.json").read_text())
    change(manifest)
    manifest["files"] = {name: sha256_of(data / name) for name in manifest["files"]}
    manifest.pop("digest")
    text = json.dumps({**manifest, "digest": ""}, indent=1, ensure_ascii=False) + "\n"
    (data / "manifest.json").write_text(text.replace('"digest": ""', f'"digest": "{sha256(text.encode())}"'))


@pytest.mark.parametrize(("name", "flips"), [
    ("manifest.json", 30), ("cases/000000.h5", 30),
    *(pytest.param(name, 300, marks=pytest.mark.slow) for name in ("manifest.json", "cases/000000.h5", "images.csv")),
])  # fmt: skip
def test_every_flipped_bit_is_named(name, flips, data):
    path, rng = data / name, random.Random(5)
    whole = path.read_bytes()
    assert verify(data) == []
    for _ in range(flips):
        at = rng.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1 :])
        assert any(name in problem for problem in verify(data)), at


CHANGES = {
    "seed": lambda manifest: manifest.update(seed=2),
    "recipe": lambda manifest: manifest["recipe"]["anatomy"].update(density=0.3),
    "generator": lambda manifest: manifest.update(generator="phantom 0.0.1"),
    "licence": lambda manifest: manifest.update(licence="mine"),
    "synthetic": lambda manifest: manifest.update(synthetic=False),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_the_manifest_says_must_be_what_the_cases_say(name, data):
    signed(data)
    assert verify(data) == []
    signed(data, CHANGES[name])
    assert any(name in problem for problem in verify(data))


def _column(table, name, value):
    def change(file):
        rows = file[f"truth/{table}"][()]
        rows[name][0] = value(rows[name][0]) if callable(value) else value
        file[f"truth/{table}"][...] = rows

    return change


def _scene(change):
    def spoil(file):
        scene = json.loads(file["scene"][()])
        change(scene)
        del file["scene"]
        file.create_dataset("scene", data=json.dumps(scene), dtype=h5py.string_dtype())

    return spoil


def test_a_manifest_of_many_cases_that_are_not_there_is_a_page_of_problems(data):
    signed(data, lambda manifest: manifest.update(cases=50_000))
    problems = verify(data)
    assert len(problems) < 1100
    assert "manifest.json: does not name 48999 more files" in problems


WRONG = {
    "centre": (_column("calcifications", "x_px", lambda x: x + 400), "centre lies outside"),
    "extent": (_column("calcifications", "extent_mm", 0.001), "twice a circle"),
    "thickness": (_column("calcifications", "thickness_mm", -1.0), "not that of a solid"),
    "area": (_column("calcifications", "area_mm2", 0.0), "not that of a solid"),
    "hull": (_column("hulls", "x_px", float("nan")), "hull is not a number"),
    "kind": (_scene(lambda scene: scene["findings"][0].update(category="5")), "another in /scene"),
    "no format": (_scene(lambda scene: scene.pop("format")), "/scene"),
    "an empty scene": (_scene(lambda scene: scene.clear()), "/scene"),
    "no scene": (_scene(lambda scene: scene.pop("seed")), "/scene"),
    "solids": (_scene(lambda scene: scene["findings"][0]["calcifications"].clear()), "/scene"),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG.keys())
def test_truth_that_contradicts_itself_or_the_scene_is_named(change, message, data):
    with h5py.File(data / "cases/000000.h5", "r+") as file:
        change(file)
    signed(data)
    assert any(message in problem for problem in verify(data)), verify(data)


def test_a_merge_into_one_of_its_sources_is_refused(good, data):
    before = sorted(data.rglob("*"))
    with pytest.raises(UsageError, match="inside one of the datasets"):
        merge([good, data], data / "cases" / "both")
    assert sorted(data.rglob("*")) == before


def test_a_merged_dataset_is_compared_with_what_it_was_merged_from(good, tmp_path):
    generate(presets.from_dict(SMALL), 9, 1, tmp_path / "other", RunOptions(workers=1))
    merge([good, tmp_path / "other"], tmp_path / "both")
    assert verify(tmp_path / "both") == []
    signed(tmp_path / "both", lambda manifest: manifest["sources"][1].update(seed=10))
    assert any("another seed" in problem for problem in verify(tmp_path / "both"))
