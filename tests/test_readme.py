"""The README is true: its table is current, its commands run as written, its Python runs, its recipe loads."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from phantom import cli
from phantom.calcifications import registry
from phantom.exam import preset
from phantom.recipe import toml

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, flags=re.M | re.S)
QUICK = ["--set", "detector.binning=8"]


def commands():
    """The lines of the README's shell blocks that call phantom or Python, with the file that takes their output."""
    for language, text in BLOCKS:
        for line in text.splitlines() if language == "sh" else ():
            command, _, target = line.partition(" > ")
            words = shlex.split(command, comments=True)
            if words[:1] == ["phantom"]:
                yield words[1:], target.strip()
            elif words[:1] == ["python"]:
                yield words, target.strip()


def run_all(capsys, quick):
    for words, target in commands():
        if words[0] == "python":
            subprocess.run(
                [sys.executable, ROOT / words[1], *words[2:]], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
            )
            continue
        extra = QUICK if quick and words[0] == "generate" and QUICK[1] not in words else []
        code = cli.run([*words, *extra])
        out, err = capsys.readouterr()
        assert code == 0, f"phantom {shlex.join(words)}\n{err}"
        if target:
            Path(target).write_text(out, "utf-8")


def run_python(capsys):
    for language, text in BLOCKS:
        if language == "python" and "def test_" not in text:
            exec(compile(text, "README.md", "exec"), {"__name__": "readme"})
    capsys.readouterr()


def test_commands_are_found():
    assert ["generate", "benign"] in [words for words, _ in commands()]


def test_its_detector_tests_are_those_of_the_example():
    """Which `test_testing.py` runs."""
    (shown,) = [text for language, text in BLOCKS if language == "python" and "def test_" in text]
    tests = shown.partition("\n\n\n")[2]
    assert tests.count("def test_") == 2
    assert tests in (ROOT / "examples" / "test_detector.py").read_text("utf-8")


@pytest.mark.slow
def test_commands_and_python_run_on_binned_pixels(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run_all(capsys, quick=True)
    load = preset.load
    monkeypatch.setattr(preset, "load", lambda name: load(name, QUICK[1:]))
    run_python(capsys)


@pytest.mark.slow
def test_commands_and_python_run_as_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run_all(capsys, quick=False)
    run_python(capsys)


def test_the_recipe_loads(tmp_path):
    recipes = [text for language, text in BLOCKS if language == "toml"]
    assert recipes
    for text in recipes:
        assert preset.from_dict(toml.loads(text)).description


def test_the_messages_are_those_of_the_reader():
    """The example of three problems is what the reader says."""
    table = {
        "name": "mine",
        "description": "x",
        "anatomy": {"thicknes_mm": 5},
        "detector": {"pitch_mm": 7},
        "finding": [{"kind": "popcron"}],
    }
    with pytest.raises(preset.RecipeError) as caught:
        preset.from_dict(table, "mine.toml")
    shown = next(text for text in re.findall(r"^```\n(Error: .*?)^```$", README, flags=re.M | re.S))
    assert shown.strip() == f"Error: {caught.value}"


def test_the_table_of_kinds_is_current():
    update = runpy.run_path(str(ROOT / "docs" / "update.py"))["updated"]
    assert update(README) == README, "run `python docs/update.py`"


def test_the_table_of_false_marks_is_that_of_its_script():
    """Its numbers are made by `python docs/example.py`; here it is only asked whether it is there, and adds up."""
    start, end = (runpy.run_path(str(ROOT / "docs" / "example.py"))[name] for name in ("START", "END"))
    shown = README.partition(start)[2].partition(end)[0]
    assert "suspicious calcifications" in " ".join(shown.split())
    rows = re.findall(r"^\| ([a-z ]+) \| (\d+) \| (\d+) % \|$", shown, flags=re.M)
    known = {name.replace("_", " ") for name in registry.kinds()}
    assert {name for name, _, _ in rows} <= known | {"background", "skin line", "near a calcification"}
    total = sum(int(count) for _, count, _ in rows)
    assert [int(share) for _, _, share in rows] == [round(100 * int(count) / total) for _, count, _ in rows]


@pytest.mark.parametrize("page", ["map", "recipe", "commands", "tables"])
def test_derived_pages_are_current(page):
    make = runpy.run_path(str(ROOT / "docs" / "update.py"))[f"{page}_page"]
    assert make() == (ROOT / "docs" / f"{page}.md").read_text("utf-8"), "run `python docs/update.py`"


def test_the_notebook_is_current():
    make = runpy.run_path(str(ROOT / "docs" / "update.py"))["notebook"]
    assert make() == (ROOT / "docs" / "tutorial.ipynb").read_text("utf-8"), "run `python docs/update.py`"


def test_the_map_names_every_file_and_every_room_of_the_house():
    listed = re.findall(r"^## (\S+)$|^\| `(\w+\.py)` \|", (ROOT / "docs" / "map.md").read_text("utf-8"), flags=re.M)
    files, room = set(), ""
    for title, file in listed:
        room = title or room
        files |= {f"{room}/{file}"} if file else set()
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / "phantom").rglob("*.py")}
    inner = {name for name in there if name.count("/") > 1 and name.endswith("/__init__.py")}
    assert files == there - inner
    rooms = {path.name for path in (ROOT / "phantom").iterdir() if path.is_dir() and path.name != "__pycache__"}
    contributing = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert not {name for name in rooms if f"`{name}/`" not in contributing}


def test_files_that_are_named_are_there():
    """Paths in the text of README, CONTRIBUTING and docs lead to a file of the project."""
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        for name in re.findall(
            r"`((?:phantom|tests|docs|benchmarks|examples|tools)/[\w/.-]+\.(?:py|md|toml|png))`",
            page.read_text("utf-8"),
        ):
            assert (ROOT / name).exists() or Path(name).name in ("needle.py", "boxes.py"), f"{page.name}: {name}"


def test_local_links_lead_somewhere():
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_version_is_said_once():
    import phantom

    assert f"version: {phantom.__version__}" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert json.loads((ROOT / ".zenodo.json").read_text("utf-8"))["version"] == phantom.__version__
    assert f"## {phantom.__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
