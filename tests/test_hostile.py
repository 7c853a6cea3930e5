"""Case files made to harm, with checksums that fit: every command that reads them refuses in one message."""

from __future__ import annotations

import json
import shutil

import fakes
import h5py
import pytest
from test_store import HOSTILE, HOSTILE_TABLES, _replaced

import phantom
from phantom import cli
from phantom.dataset.files import sha256_of
from phantom.dataset.run import generate

RECIPE = fakes.FakeRecipe(rows=220, columns=120, dots=4, raw=True)
HARM = {
    **{f"array: {name}": change for name, change in HOSTILE.items()},
    **{f"table: {name}": change for name, change in HOSTILE_TABLES.items()},
    "scene: giant": lambda file: _scene(file, "[" * 200_000),
    "scene: no object": lambda file: _scene(file, "7"),
    "scene: of another kind": lambda file: _replace_scene(file, shape=(1 << 40,), dtype="u1", chunks=(1024,)),
    "calcifications: wrong columns": _replaced("calcifications", data=[1, 2, 3]),
}


def _scene(file, text):
    _replace_scene(file, data=text)


def _replace_scene(file, **how):
    del file["scene"]
    file.create_dataset("scene", **how)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("hostile")
    generate(RECIPE, 5, 2, out / "good", workers=1, make=fakes.simulate)
    generate(RECIPE, 6, 2, out / "bad", workers=1, make=fakes.simulate)
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
    told = json.loads((bad / "manifest.json").read_text())
    told["files"]["cases/000001.h5"] = sha256_of(path)
    (bad / "manifest.json").write_text(json.dumps(told))


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
        said = capsys.readouterr()
        assert code in (1, 2), f"{name} took it\n{said.out}"
        assert "Traceback" not in said.err + said.out, name
        assert 10 < len(said.err + said.out) < 3000, name
    assert {path: path.read_bytes() for path in both.rglob("*") if path.is_file()} == outside
    assert cli.run(["info", bad]) in (0, 1)  # which reads the tables beside the cases alone
    assert "Traceback" not in capsys.readouterr().err
    assert len(phantom.open(both / "good")) == 4
