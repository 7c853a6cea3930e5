"""What made a dataset is all in it: a user's detector file, versions and processors of every run and part."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import fakes
import pytest

import phantom
from phantom.dataset.format import environment
from phantom.dataset.format.manifest import read_manifest
from phantom.dataset.merge import merge
from phantom.dataset.rerender import rerender
from phantom.dataset.running import run
from phantom.dataset.running.run import RunOptions, generate
from phantom.dataset.verify import verify
from phantom.errors import DatasetError, FolderError, RecipeError
from phantom.exam import preset as presets
from phantom.exam import scene as scenes
from phantom.imaging import mammography_units

FUJI = "fuji-amulet-innovality"
RECIPE = {
    "name": "own-detector",
    "description": "one view on a detector of the user's own",
    "anatomy": {"ligaments": 20, "fibres": 20},
    "exam": {"views": ["CC"]},
    "detector": {"name": "own.toml", "binning": 16},
}
FAKE = fakes.FakeRecipe(rows=220, columns=120, dots=2)


def dots(preset, seed: int, index: int):
    """What is recorded of a recipe does not depend on its pictures."""
    return fakes.simulate(FAKE, seed, index)


QUICK = RunOptions(workers=1, make=dots)


@pytest.fixture
def detector_file(tmp_path, monkeypatch) -> Path:
    """A user's detector file in the folder that the command runs in."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "own.toml"
    file.write_text(mammography_units.text("ge-senographe-essential"))
    return file


def edited(file: Path) -> None:
    file.write_text(file.read_text().replace("bits = 14", "bits = 12"))
    assert "bits = 12" in file.read_text()


def test_a_detector_file_edited_before_resume_is_refused(detector_file):
    generate(presets.from_dict(RECIPE), 3, 1, "data", QUICK)
    before = detector_file.read_text()
    edited(detector_file)
    with pytest.raises(FolderError, match="another recipe"):
        generate(presets.from_dict(RECIPE), 3, 2, "data", replace(QUICK, resume=True))
    detector_file.write_text(before)
    generate(presets.from_dict(RECIPE), 3, 2, "data", replace(QUICK, resume=True))


def test_recipe_and_scene_hold_the_detector_file(detector_file, tmp_path):
    generate(presets.from_dict(RECIPE), 3, 1, "data", RunOptions(workers=1))
    stored = json.loads(Path("data/manifest.json").read_text())["recipe"]
    assert stored["detector"]["file_text"] == detector_file.read_text()
    scene = phantom.open("data")[0].scene
    assert scene["recipe"] == stored
    edited(detector_file)
    assert presets.from_dataset(stored, "stored").detector.unit.bits == 14
    (tmp_path / "elsewhere").mkdir()
    detector_file.rename(tmp_path / "elsewhere/own.toml")
    rerender("data", tmp_path / "again", workers=1)
    assert Path("again/cases/000000.h5").read_bytes() == Path("data/cases/000000.h5").read_bytes()
    del scene["recipe"]["detector"]["file_text"]  # a reader of datasets opens no file that they name
    with pytest.raises(RecipeError, match="file_text: missing"):
        scenes.without_breasts(scene)


@pytest.mark.slow
def test_a_rerendering_holds_the_file_it_was_made_with(detector_file):
    recipe = {**RECIPE, "detector": {"binning": 16}}
    generate(presets.from_dict(recipe), 3, 1, "data", RunOptions(workers=1))
    rerender("data", "other", detector="own.toml", workers=1)
    stored = read_manifest(Path("other"))
    assert stored.recipe["detector"]["file_text"] == detector_file.read_text()
    rerender("other", "third", detector="fuji-amulet-innovality", workers=1)
    assert phantom.open("third").images["detector"].tolist() == ["fuji-amulet-innovality"]
    edited(detector_file)
    with pytest.raises(FolderError, match="begun with another"):
        rerender("data", "other", detector="own.toml", workers=1, resume=True)


def test_another_name_takes_the_text_away():
    recipe = presets.from_dict({**RECIPE, "detector": {"name": "a.toml", "file_text": mammography_units.text(FUJI)}})
    assert recipe.changed([f"detector.name={FUJI}"]).detector.file_text is None
    assert recipe.changed(["detector.binning=2"]).detector.file_text == mammography_units.text(FUJI)


def test_the_files_that_a_sweep_names_are_in_the_manifest(detector_file):
    recipe = presets.from_dict({**RECIPE, "detector": {"binning": 16}})
    sweep = replace(QUICK, sweeps=("detector.name=hologic-selenia-dimensions,own.toml",))
    generate(recipe, 3, 1, "data", sweep)
    assert read_manifest(Path("data")).detectors == {"own.toml": detector_file.read_text()}
    edited(detector_file)
    with pytest.raises(FolderError, match="another detectors"):
        generate(recipe, 3, 2, "data", replace(sweep, resume=True))


def test_a_text_goes_with_a_file_of_the_users_own():
    with pytest.raises(RecipeError, match="file_text goes with"):
        presets.from_dict({**RECIPE, "detector": {"file_text": "bits = 12"}})
    with pytest.raises(RecipeError, match="bits"):
        presets.from_dict({**RECIPE, "detector": {"name": "any.toml", "file_text": "bits = 99"}})


# ---- versions and processors


@pytest.fixture
def on_another_machine(monkeypatch):
    """From now on NumPy and the processor are others."""

    def change(numpy: str) -> None:
        versions = {**environment.versions(), "numpy": numpy}
        monkeypatch.setattr(run, "versions", lambda: versions)
        monkeypatch.setattr(run, "processor", lambda: {"machine": numpy, "simd": []})

    return change


def fake(out, cases=3, **options):
    return generate(FAKE, 7, cases, out, RunOptions(make=fakes.simulate, workers=1, **options))


def made_in(folder) -> set[tuple[str, str]]:
    data = json.loads((folder / "manifest.json").read_text())
    found = [{key: data[key] for key in ("packages", "processor")}, *data["other_environments"]]
    return {(one["packages"]["numpy"], one["processor"]["machine"]) for one in found}


def test_a_resumed_dataset_names_every_machine_it_was_made_on(tmp_path, on_another_machine):
    for number, numpy in enumerate(("1", "2", "1", "3"), start=1):
        on_another_machine(numpy)
        fake(tmp_path / "data", number, resume=number > 1)
    assert made_in(tmp_path / "data") == {("1", "1"), ("2", "2"), ("3", "3")}
    assert verify(tmp_path / "data") == []


def test_shards_of_several_machines_are_all_named_whatever_their_order(tmp_path, on_another_machine):
    for number in (1, 2, 3):
        on_another_machine(str(number))
        fake(tmp_path / f"s{number}", shard=(number, 3))
    folders = [tmp_path / f"s{number}" for number in (1, 2, 3)]
    merge(folders, tmp_path / "one")
    merge(folders[::-1], tmp_path / "two")
    assert made_in(tmp_path / "one") == {("1", "1"), ("2", "2"), ("3", "3")}
    assert (tmp_path / "one/manifest.json").read_bytes() == (tmp_path / "two/manifest.json").read_bytes()


def test_a_merged_dataset_tells_what_each_part_was_made_with(tmp_path, on_another_machine):
    for number in (1, 2):
        on_another_machine(str(number))
        generate(FAKE, number, 1, tmp_path / f"d{number}", RunOptions(make=fakes.simulate, workers=1))
    merge([tmp_path / "d1", tmp_path / "d2"], tmp_path / "both")
    sources = read_manifest(tmp_path / "both").sources
    assert [[one["packages"]["numpy"] for one in each["environments"]] for each in sources] == [["1"], ["2"]]
    assert verify(tmp_path / "both") == []


@pytest.mark.parametrize("wrong", ["x", [1], [{"packages": {}}], [{"packages": {"a": 1}, "processor": {}}]])
def test_environments_that_are_none_are_refused(tmp_path, wrong):
    fake(tmp_path / "data", 1)
    path = tmp_path / "data/manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "other_environments": wrong}))
    with pytest.raises(DatasetError, match="other_environments"):
        read_manifest(tmp_path / "data")
