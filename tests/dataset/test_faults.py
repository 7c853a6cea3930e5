"""A fault at every system call: what is written ends whole, is finished by the same command, or is one message."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import fakes
import faults
import pytest

from phantom import formats
from phantom.dataset.format.layout import LOCK
from phantom.dataset.running.run import RunOptions, generate
from phantom.dataset.verify import verify
from phantom.viewer import page

RECIPE = fakes.FakeRecipe(rows=220, columns=120, dots=3)
COMMANDS = {
    "merge": ("merge", "one", "two", "--out", "out"),
    "view": ("view", "one", "--out", "out/page.html"),
    "sheets": ("view", "one", "--png", "--out", "out"),
    **{name: ("export", "one", "--to", name, "--out", "out") for name in formats.names()},
}

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def content(folder: Path) -> dict[str, bytes]:
    """Every file but the lock: a run killed after its end leaves it, and nobody minds it."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if name != LOCK}


@pytest.fixture
def sources(tmp_path, monkeypatch) -> Path:
    """Two datasets of one case; a page puts its images into a folder beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(page.write, "__defaults__", ((), 0, *page.write.__defaults__[2:]))
    for seed, name in enumerate(("one", "two")):
        generate(RECIPE, seed, 1, tmp_path / name, RunOptions(make=fakes.simulate, workers=1))
    return tmp_path


def again(arguments, phantom_, folder: Path) -> None:
    """The same command, undisturbed; a merge that was at its end already is left alone."""
    code, _, err = phantom_(*arguments)
    assert code == 0 or (arguments[0] == "merge" and "holds a dataset already" in err and not verify(folder)), err


def errors(messages: str) -> list[str]:
    """The lines of an output, except what a progress bar writes."""
    return [line for line in messages.splitlines() if not re.match(r"Writing |\d+ of \d+ ", line)]


@pytest.mark.slow
@pytest.mark.parametrize("fault", faults.FAULTS)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_fault_at_every_call(sources, phantom_, name, fault):
    arguments, out = COMMANDS[name], sources / "out"
    for package in getattr(formats.get(name), "NEEDS", ()) if name in formats.names() else ():
        pytest.importorskip(package)
    undisturbed = faults.attempt(arguments, sources)
    assert undisturbed.code == 0, undisturbed.messages
    whole, before = content(out), content(sources / "one")
    assert len(undisturbed.calls) > 15
    for at, call in enumerate(undisturbed.calls, start=1):
        if fault == "ENOSPC" and call not in faults.NEED_SPACE:
            continue
        shutil.rmtree(out)
        ended = faults.attempt(arguments, sources, at, fault)
        where = f"{fault} at {at} ({call}): {ended.messages}"
        if fault == faults.KILL:
            assert ended.code < 0, where
        elif ended.code == 0:
            assert content(out) == whole, where
        else:
            assert ended.code in (1, 2), where
            assert len(errors(ended.messages)) == 1, where
            assert errors(ended.messages)[0].startswith("Error: "), where
        again(arguments, phantom_, out)
        assert content(out) == whole, where
        assert content(sources / "one") == before, where


@pytest.mark.parametrize(("name", "call", "number"), [
    ("merge", "replace", 2), ("view", "replace", 3), ("sheets", "replace", 1), ("coco", "replace", 2),
])  # fmt: skip
def test_a_kill_is_finished_by_the_same_command(sources, phantom_, name, call, number):
    arguments, out = COMMANDS[name], sources / "out"
    undisturbed = faults.attempt(arguments, sources)
    whole = content(out)
    calls = [at for at, one in enumerate(undisturbed.calls, start=1) if one == call]
    shutil.rmtree(out)
    assert faults.attempt(arguments, sources, calls[number]).code < 0
    assert any(name.endswith(".part") for name in content(out))
    again(arguments, phantom_, out)
    assert content(out) == whole


@pytest.mark.parametrize("name", ["merge", "coco", "sheets"])
def test_a_file_that_cannot_be_closed_is_one_message(sources, name):
    undisturbed = faults.attempt(COMMANDS[name], sources)
    calls = " ".join(undisturbed.calls).partition(" close replace ")[0].split()
    assert calls[-1] == "fsync"
    shutil.rmtree(sources / "out")
    ended = faults.attempt(COMMANDS[name], sources, len(calls) + 1, "EIO")
    assert ended.code == 1
    assert len(errors(ended.messages)) == 1
    assert "could not be written: Input/output error" in ended.messages
