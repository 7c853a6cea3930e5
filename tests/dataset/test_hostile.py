"""Case files made to harm, with checksums that fit: every command that reads them refuses in one message."""

from __future__ import annotations

import json
import shutil

import fakes
import h5py
import pytest
from hostile import HOSTILE, HOSTILE_TABLES, replaced

import phantom
from phantom import cli
from phantom.dataset.format.files import sha256_of
from phantom.dataset.running.run import RunOptions, generate
from phantom.exam import preset as presets

RECIPE = fakes.FakeRecipe(rows=220, columns=120, dots=4, raw=True)
HARM = {
    **{f"array: {name}": change for name, change in HOSTILE.items()},
    **{f"table: {name}": change for name, change in HOSTILE_TABLES.items()},
    "scene: giant": lambda file: _scene(file, "[" * 200_000),
    "scene: no object": lambda file: _scene(file, "7"),
    "scene: of another kind": lambda file: _replace_scene(file, shape=(1 << 40,), dtype="u1", chunks=(1024,)),
    "calcifications: wrong columns": replaced("calcifications", data=[1, 2, 3]),
}


def _scene(file, text):
    _replace_scene(file, data=text)


def _replace_scene(file, **how):
    del file["scene"]
    file.create_dataset("scene", **how)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("hostile")
    generate(RECIPE, 5, 2, out / "good", options=RunOptions(workers=1, make=fakes.simulate))
    generate(RECIPE, 6, 2, out / "bad", options=RunOptions(workers=1, make=fakes.simulate))
    return out


@pytest.fixture
def both(folder, tmp_path):
    """A dataset, and one that can be spoilt, in a folder in which nothing else is."""
    for name in ("good", "bad"):
        shutil.copytree(folder / name, tmp_path / "in" / name)
    return tmp_path / "in"


def spoil(bad, change):
    path = bad / "cases/000001.h5"
    with h5py.File(path, "r+") as file:
        change(file)
    manifest = json.loads((bad / "manifest.json").read_text())
    manifest["files"]["cases/000001.h5"] = sha256_of(path)
    (bad / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("change", HARM.values(), ids=HARM.keys())
def test_every_command_refuses_what_would_harm_in_one_message(change, both, capsys):
    spoil(both / "bad", change)
    outside = {path: path.read_bytes() for path in both.rglob("*") if path.is_file()}
    good, bad = str(both / "good"), str(both / "bad")
    commands = {
        "verify": ["verify", bad],
        "merge, first": ["merge", bad, good, "--out", str(both.parent / "first")],
        "merge, second": ["merge", good, bad, "--out", str(both.parent / "second")],
    }
    for name, words in commands.items():
        code = cli.run(words)
        printed = capsys.readouterr()
        assert code in (1, 2), f"{name} took it\n{printed.out}"
        assert "Traceback" not in printed.err + printed.out, name
        assert 10 < len(printed.err + printed.out) < 3000, name
    assert {path: path.read_bytes() for path in both.rglob("*") if path.is_file()} == outside
    assert cli.run(["info", bad]) in (0, 1)  # which reads the tables beside the cases alone
    assert "Traceback" not in capsys.readouterr().err
    assert len(phantom.open(both / "good")) == 4


def resigned(folder, name):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = sha256_of(folder / name)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_table_that_names_no_image_of_the_dataset_is_refused(both, capsys):
    text = (both / "bad/findings.csv").read_text()
    (both / "bad/findings.csv").write_text(text.replace("000000-", "../../0-", 1))
    resigned(both / "bad", "findings.csv")
    for command in ("info", "verify"):
        assert cli.run([command, str(both / "bad")]) == 1
        printed = capsys.readouterr()
        assert "findings.csv" in printed.out + printed.err


def test_cases_that_lie_behind_a_link_are_refused(both, tmp_path, capsys):
    (both / "bad/cases").rename(tmp_path / "elsewhere")
    (both / "bad/cases").symlink_to(tmp_path / "elsewhere")
    for words in (["verify", both / "bad"], ["merge", both / "good", both / "bad", "--out", tmp_path / "out"]):
        assert cli.run([str(word) for word in words]) == 1
    assert "link" in capsys.readouterr().err
    with pytest.raises(phantom.errors.PhantomError, match="link"):
        _ = phantom.open(both / "bad")[0].for_presentation


NO_SCENE = {
    "recipe": lambda scene: scene.update(recipe=[1]),
    "detector": lambda scene: scene["recipe"]["detector"].update(name="/etc/passwd"),
    "findings": lambda scene: scene.update(findings=[{"kind": 7}]),
    "seed": lambda scene: scene.pop("seed"),
}


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A dataset whose scenes can be rendered again."""
    small = {"name": "any", "description": "small", "detector": {"binning": 16}, "exam": {"views": ["CC"]}}
    out = tmp_path_factory.mktemp("real") / "data"
    generate(presets.from_dict(small), 1, 2, out, options=RunOptions(workers=1))
    return out


@pytest.mark.parametrize(("what", "workers"), [*((what, 1) for what in NO_SCENE), ("detector", 2)])
def test_a_scene_that_is_none_is_one_message_of_rerender(what, workers, real, tmp_path, capsys):
    """Here and in a worker process alike, whatever kind of error it is."""
    shutil.copytree(real, tmp_path / "in")
    path = tmp_path / "in/cases/000000.h5"
    with h5py.File(path, "r+") as file:
        scene = json.loads(file["scene"][()])
        NO_SCENE[what](scene)
        _scene(file, json.dumps(scene))
    resigned(tmp_path / "in", "cases/000000.h5")
    assert cli.run(["rerender", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--workers", str(workers)]) in (
        1,
        2,
    )
    printed = capsys.readouterr().err
    assert "Error: case 0" in printed
    assert "Traceback" not in printed
    assert "TypeError" not in printed
