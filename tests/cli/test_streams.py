"""Closed and full standard streams: the right exit code, no traceback, no silence, and no file in their place."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from phantom.dataset.verify import verify

ROOT = Path(__file__).parents[2]
COMMAND = f"{shlex.quote(sys.executable)} {shlex.quote(str(ROOT / 'cli.py'))}"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shells of POSIX")


def shell(line: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", f"{COMMAND} {line}"], capture_output=True, text=True, check=False, cwd=folder
    )


@pytest.mark.parametrize("where", [">&-", "> /dev/full"])
def test_results_that_cannot_be_printed_are_one_message(where):
    if "full" in where and not Path("/dev/full").exists():
        pytest.skip("no such device")
    done = shell(f"presets {where}")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: the results could not be printed: stdout: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("presets --json 2>&-", 0), ("presets nothing 2>&-", 2), ("verify nowhere 2>&-", 2), ("--bad 2>&-", 2),
        ("presets nothing 2>/dev/full", 2), ("presets >&- 2>&-", 1), ("verify nowhere >&- 2>&-", 2),
        ("presets nothing <&- >&- 2>&-", 2), ("presets --json <&- 2>&-", 0),
    ],
)  # fmt: skip
def test_a_closed_or_full_stderr_leaves_the_exit_code_as_it_is(line, code):
    if "full" in line and not Path("/dev/full").exists():
        pytest.skip("no such device")
    done = shell(line)
    assert done.returncode == code
    assert done.stderr == ""
    assert "Traceback" not in done.stdout


def test_nothing_printed_needs_no_stdout():
    done = shell("presets nothing >&-")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: no preset 'nothing'")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full", ">&-", "<&- >&- 2>&-"])
def test_a_dataset_is_whole_whatever_became_of_the_streams(tmp_path, where):
    done = shell(f"generate --preset density-b --set detector.binning=16 --workers 2 --cases 2 --out data {where}",
                 tmp_path)  # fmt: skip
    assert done.returncode == (1 if ">&-" in where.replace("2>&-", "") else 0)
    assert "Traceback" not in done.stderr + done.stdout
    assert verify(tmp_path / "data") == []
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
