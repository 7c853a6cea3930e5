"""The main job from the command line, on 16 x 16 binned pixels: made, answer, checked, refused, stopped, finished."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import fakes
import pytest

import phantom
from phantom import cli
from phantom.dataset.running.run import RunOptions, generate
from phantom.errors import PhantomError

ROOT = Path(__file__).parents[2]
JOB = [
    "generate",
    "--preset",
    "normal",
    "--set",
    "finding[0].kind=round",
    "--set",
    "detector.binning=16",
    "--workers",
    "1",
]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """One case, made once."""
    out = tmp_path_factory.mktemp("jobs") / "one"
    assert cli.run([*JOB, "--cases", "1", "--out", str(out)]) == 0
    return out


def bytes_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_the_summary_is_on_stdout_and_progress_on_stderr(phantom_, tmp_path):
    code, out, err = phantom_(*JOB, "--cases", 1, "--out", tmp_path / "d")
    assert code == 0
    assert "2 images of 1 case in " in out
    assert "round" in out
    assert "contact-sheet.png" in out
    assert "1 of 1 cases" in err
    assert "of 1 cases" not in out


def test_the_default_folder_is_the_presets_name(phantom_, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert phantom_(*JOB, "--cases", 1)[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["normal"]


def test_json_is_json(phantom_, tmp_path):
    code, out, _ = phantom_(*JOB, "--cases", 1, "--out", tmp_path / "d", "--json")
    assert code == 0
    assert json.loads(out)["images"] == 2


def test_info_counts_what_is_there(phantom_, dataset):
    data = phantom.open(dataset)
    summary = json.loads(phantom_("info", dataset, "--json")[1])
    assert summary["images"] == len(data) == 2
    assert summary["calcification_views"] == len(data.calcifications)
    assert summary["findings"] == sum(summary["findings_by_kind"].values()) == len(set(data.findings["finding_id"]))
    assert summary["bytes"] == sum(map(len, bytes_of(dataset).values()))
    code, out, _ = phantom_("info", dataset)
    assert code == 0
    assert "208 x 160 at 1.12 mm" in out
    seen = int((data.calcifications["dprime_structured"] >= 4).sum())
    assert f"{seen} of their {len(data.calcifications)} appearances in a view can be seen" in out


def test_info_says_why_findings_were_left_out(phantom_, tmp_path):
    def simulate(recipe, seed, index):
        return replace(fakes.simulate(recipe, seed, index), dropped=("round: no gland there", f"rim: reason {index}"))

    generate(fakes.FakeRecipe(), 0, 12, tmp_path / "d", RunOptions(workers=1, make=simulate))
    code, out, _ = phantom_("info", tmp_path / "d")
    assert code == 0
    assert "left out: 24" in out
    assert "12 x round: no gland there" in out
    assert "and 3 more reasons" in out  # of 13
    left_out = json.loads(phantom_("info", tmp_path / "d", "--json")[1])["left_out"]
    assert sum(left_out.values()) == 24


def test_verify_finds_it_whole_and_names_a_flipped_byte(phantom_, dataset, tmp_path):
    assert phantom_("verify", dataset)[0] == 0
    damaged = tmp_path / "damaged"
    for name, data in bytes_of(dataset).items():
        (damaged / name).parent.mkdir(parents=True, exist_ok=True)
        (damaged / name).write_bytes(data)
    case = damaged / "cases" / "000000.h5"
    content = bytearray(case.read_bytes())
    content[len(content) // 2] ^= 1
    case.write_bytes(content)
    code, out, _ = phantom_("verify", damaged)
    assert code == 1
    assert "000000.h5" in out
    code, out, _ = phantom_("verify", damaged, "--json")
    assert code == 1
    assert not json.loads(out)["whole"]


def test_resume_repairs_and_a_second_run_is_refused(phantom_, dataset, tmp_path):
    again = tmp_path / "again"
    for name, data in bytes_of(dataset).items():
        (again / name).parent.mkdir(parents=True, exist_ok=True)
        (again / name).write_bytes(data)
    code, _, err = phantom_(*JOB, "--cases", 1, "--out", again)
    assert code == 2
    assert "--resume" in err
    (again / "cases" / "000000.h5").write_bytes(b"not a case")
    assert phantom_(*JOB, "--cases", 1, "--out", again, "--resume")[0] == 0
    assert bytes_of(again) == bytes_of(dataset)


def test_overwrite_makes_it_anew_whether_or_not_it_is_there(phantom_, dataset, tmp_path):
    for _ in range(2):
        assert phantom_(*JOB, "--cases", 1, "--out", tmp_path / "d", "--overwrite")[0] == 0
        assert bytes_of(tmp_path / "d") == bytes_of(dataset)


def test_a_folder_with_something_else_in_it_is_refused(phantom_, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    for extra in ([], ["--overwrite"], ["--resume"]):
        code, _, err = phantom_(*JOB, "--out", tmp_path, *extra)
        assert code in (1, 2)
        assert err.startswith("Error: ")
        assert bytes_of(tmp_path) == {"letter.txt": b"dear"}


@pytest.mark.parametrize("command", ["info", "verify"])
def test_what_is_no_dataset_is_refused(phantom_, tmp_path, command):
    (tmp_path / "manifest.json").write_text('{"format": "something else"}')
    for folder, expected in ((tmp_path / "absent", 2), (tmp_path, 1), (tmp_path / "manifest.json", 2)):
        code, out, err = phantom_(command, folder)
        assert code == expected
        assert out + err


def test_a_place_that_cannot_be_written_is_told(phantom_, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = phantom_(*JOB, "--out", tmp_path / "file" / "inside")
    assert code in (1, 2)
    assert err.startswith("Error: ")
    assert len(err.strip().splitlines()) == 1


def test_a_dry_run_says_much_and_writes_nothing(phantom_, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = phantom_("generate", "--preset", "normal", "--cases", 1000, "--workers", 2, "--dry-run")
    assert code == 0
    assert "2000 images of 1000 cases of preset normal" in out
    assert "3328 x 2560" in out
    summary = json.loads(phantom_("generate", "--preset", "normal", "--cases", 3, "--dry-run", "--json")[1])
    assert (summary["images"], summary["rows"], summary["columns"]) == (6, 3328, 2560)
    assert not list(tmp_path.iterdir())


def test_a_dry_run_comes_near_the_size_of_the_real_one(phantom_, dataset):
    real = sum(map(len, bytes_of(dataset).values()))
    summary = json.loads(phantom_(*JOB, "--cases", 1, "--dry-run", "--json")[1])["bytes_about"]
    assert real / 2.5 < summary < 2.5 * real  # of so small a dataset, tables and contact sheet are most


def test_a_dry_run_counts_what_the_options_ask_for(phantom_, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def summary(*more):
        return json.loads(phantom_("generate", "--preset", "normal", "--cases", 10, "--dry-run", "--json", *more)[1])

    plain, part = summary(), summary("--shard", "2/3")
    assert (part["cases"], part["images"]) == (3, 6)
    sweep = summary("--sweep", "anatomy.density=0.1:0.4:4", "--sweep", "detector.binning=1,2")
    assert sweep["images"] == 6 * plain["images"]
    assert 5 * plain["bytes_about"] < sweep["bytes_about"] < 6 * plain["bytes_about"]  # one step has larger pixels
    patches = summary("--set", "exam.patches=8", "--set", "exam.whole_views=false")
    assert patches["images"] == 80
    assert patches["bytes_about"] < plain["bytes_about"]
    for wrong in (["--sweep", "anatomy.densit=1:2:3"], ["--split", "train=0.9"], ["--shard", "4/3"]):
        assert phantom_("generate", "--preset", "normal", "--dry-run", *wrong)[0] == 2
    assert not list(tmp_path.iterdir())


def test_a_dry_run_is_refused_where_the_run_would_be(phantom_, dataset, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("x")
    for out, more, says in (
        (dataset, [], "holds a dataset already"),
        (tmp_path / "other", [], "is not empty"),
        (tmp_path / "other", ["--overwrite"], "is not a phantom dataset"),
        (tmp_path / "other" / "thesis.tex", [], "is not a folder"),
    ):
        dry, real = (phantom_(*JOB, "--out", out, *more, *extra) for extra in (["--dry-run"], []))
        assert dry[0] == real[0] == 2
        assert dry[2] == real[2]
        assert says in dry[2]
    assert phantom_(*JOB, "--out", dataset, "--resume", "--dry-run")[0] == 0


def test_a_recipe_is_an_argument(phantom_, tmp_path):
    (tmp_path / "mine.toml").write_text(phantom_("presets", "normal")[1])
    for recipe in ("normal", str(tmp_path / "mine.toml")):
        answer = json.loads(phantom_("generate", recipe, "--dry-run", "--json", "--out", tmp_path / "d")[1])
        assert answer["preset"] == "normal"


def test_merge_says_what_it_did_and_warns_of_mixed_pixels(phantom_, dataset, tmp_path):
    other = tmp_path / "other"
    assert phantom_(*JOB[:1], "--preset", "normal", "--set", "detector.binning=8", "--workers", 1, "--seed", 5,
                    "--cases", 1, "--out", other)[0] == 0  # fmt: skip
    code, out, _ = phantom_("merge", dataset, other, "--out", tmp_path / "both")
    assert code == 0
    assert out.startswith("2 datasets merged: 4 images of 2 cases in ")
    assert "already" not in out
    assert "Note: pixels of 0.56, 1.12 mm are mixed" in out
    again = json.loads(phantom_("merge", dataset, other, "--out", tmp_path / "json", "--json")[1])
    assert again["merged"] == 2
    assert len(again["notes"]) == 1


@pytest.mark.parametrize("name", ["a folder/with 'spaces'", "-x", "é ü"])
def test_the_next_commands_it_tells_work_as_they_stand(phantom_, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    code, out, _ = phantom_(*JOB, "--cases", 1, f"--out={name}")
    assert code == 0
    for command in re.findall(r"`phantom ([^`]+)`", out):
        assert phantom_(*shlex.split(command))[0] == 0
    assert len(eval(re.search(r"phantom\.open\(.*?\)(?= reads)", out)[0])) == 2


@pytest.mark.parametrize("shard", ["0/0", "0/4", "3", "x/y", "5/4"])
def test_an_impossible_shard_is_refused(phantom_, tmp_path, shard):
    code, _, err = phantom_(*JOB, "--out", tmp_path / "d", "--shard", shard)
    assert code == 2
    assert "--shard" in err


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_stops_with_one_line_and_what_is_done_can_be_finished(dataset, tmp_path, workers):
    out = tmp_path / "stopped"
    command = [sys.executable, str(ROOT / "cli.py"), *JOB[:-1], workers, "--cases", "40", "--out", str(out)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not list(out.glob("cases/000001.h5")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    summary, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert summary == ""
    assert "Traceback" not in err
    assert "--resume" in err.strip().splitlines()[-1]
    assert not (out / "manifest.json").exists()
    assert cli.run(["verify", str(out)]) == 1
    with pytest.raises(PhantomError):
        phantom.open(out)
