"""Workflows do what the project's own files know how to do."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
yaml = pytest.importorskip("yaml")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.M))


def read(path):
    return yaml.safe_load(path.read_text("utf-8"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_what_they_make_can_be_made(path):
    jobs = read(path)["jobs"]
    lines = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    for line in lines:
        if line.startswith("make "):
            assert set(line.split()[1:]) <= TARGETS, line
    assert all(job["timeout-minutes"] <= 180 for job in jobs.values())
    assert read(path)["permissions"] == {"contents": "read"}


def test_every_system_and_every_python_that_is_promised_is_tried():
    matrix = read(ROOT / ".github" / "workflows" / "tests.yml")["jobs"]["quick"]["strategy"]["matrix"]
    assert {name.split("-")[0] for name in matrix["system"]} == {"ubuntu", "macos", "windows"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    promised = {line.rsplit(" ", 1)[1] for line in project["classifiers"] if re.search(r":: 3\.\d+$", line)}
    assert promised <= set(matrix["python"])
    assert project["requires-python"].removeprefix(">=") == matrix["python"][0]


def test_nothing_locks_or_opens_files_in_a_way_that_one_system_alone_knows():
    for path in (ROOT / "phantom").rglob("*.py"):
        text = path.read_text("utf-8")
        assert not re.search(r"^\s*(import|from) (fcntl|msvcrt|resource|pwd|grp|termios)\b", text, flags=re.M), path
        posix = r"\bos\.(O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC|O_DIRECTORY|fork|getuid|mkfifo|symlink)\b"
        for name in re.findall(posix, text):
            pytest.fail(f"{path}: os.{name} is not there on Windows; ask for it with getattr")
