"""A run gives the same bytes however it is worked, stopped and taken up again."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import resource
import shlex
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import fakes
import pytest

from phantom.dataset.format.files import folder_size
from phantom.dataset.merge import merge
from phantom.dataset.running import pool, run
from phantom.dataset.running.lock import folder_lock
from phantom.dataset.running.run import RunOptions, generate, parse_shard
from phantom.dataset.verify import verify
from phantom.errors import CaseError, DatasetError, FolderError, Stopped, Unwritable, UsageError

RECIPE = fakes.FakeRecipe(rows=220, columns=120, dots=4)
TESTS = Path(__file__).parents[2]


def made(out: Path, cases: int = 6, recipe: fakes.FakeRecipe = RECIPE, **options):
    progress = options.pop("progress", None)
    options = {"workers": 1, **options}
    return generate(recipe, 7, cases, out, RunOptions(make=fakes.simulate, **options), progress)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, bytes]:
    """Six cases, made in one go by one worker."""
    folder = tmp_path_factory.mktemp("whole") / "data"
    made(folder)
    assert verify(folder) == []
    return content(folder)


def test_a_case_whose_checksum_fits_but_which_cannot_be_read_is_made_again(whole, tmp_path):
    made(tmp_path / "data")
    path, bad = tmp_path / "data/cases/000002.h5", b"written by another version"
    path.write_bytes(bad)
    manifest = json.loads((tmp_path / "data/manifest.json").read_text())
    manifest["files"]["cases/000002.h5"] = hashlib.sha256(bad).hexdigest()
    (tmp_path / "data/manifest.json").write_text(json.dumps(manifest))
    assert made(tmp_path / "data", resume=True).repaired == 1
    assert content(tmp_path / "data") == whole


def test_a_finished_folder_holds_what_the_layout_says_and_nothing_else(whole):
    names = [f"cases/{i:06d}.h5" for i in range(6)]
    tables = ["images.csv", "findings.csv", "calcifications.csv", "objects.csv"]
    assert sorted(whole) == sorted([*names, *tables, "contact-sheet.png", "manifest.json"])
    manifest = json.loads(whole["manifest.json"])
    assert manifest["format"] == "phantom-dataset"
    assert manifest["licence"] == "CC0-1.0"
    assert sorted(manifest["files"]) == sorted(set(whole) - {"manifest.json"})
    assert manifest["recipe"] == RECIPE.resolved()
    assert (manifest["seed"], manifest["cases"]) == (7, 6)


def test_processes_give_the_same_bytes_as_one(whole, tmp_path):
    made(tmp_path / "d", workers=2)
    assert content(tmp_path / "d") == whole


def test_any_executor_gives_the_same_bytes(whole, tmp_path):
    with ThreadPoolExecutor(3) as threads:
        made(tmp_path / "d", executor=threads)
    assert content(tmp_path / "d") == whole


def test_fresh_processes_replace_old_ones(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "CASES_PER_WORKER", 3)
    made(tmp_path / "d", cases=3)
    made(tmp_path / "d", workers=2, resume=True)
    assert content(tmp_path / "d") == whole


def test_no_more_than_the_window_is_handed_out(tmp_path):
    class Counting(Executor):
        most = open_ = 0

        def __init__(self):
            self.inner = ThreadPoolExecutor(1)

        def submit(self, *args, **kwargs):
            self.open_ += 1
            self.most = max(self.most, self.open_)
            future = self.inner.submit(*args, **kwargs)
            future.add_done_callback(lambda _: setattr(self, "open_", self.open_ - 1))
            return future

    executor = Counting()
    made(tmp_path / "d", cases=30, executor=executor, workers=2)
    assert executor.most <= 4


def test_workers_run_one_thread_each_and_the_parent_is_left_as_it_was(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "5")
    generate(RECIPE, 7, 2, tmp_path / "d", options=RunOptions(workers=2, make=fakes.tells_threads))
    assert "OMP_NUM_THREADS" not in os.environ
    assert os.environ["MKL_NUM_THREADS"] == "5"


def test_more_cases_leave_the_first_ones_as_they_are(whole, tmp_path):
    made(tmp_path / "d", cases=3)
    before = {name: (tmp_path / "d" / name).stat().st_mtime_ns for name in content(tmp_path / "d")}
    summary = made(tmp_path / "d", cases=6, resume=True)
    assert (summary.kept, summary.made) == (3, 3)
    assert content(tmp_path / "d") == whole
    for i in range(3):
        assert (tmp_path / "d" / f"cases/{i:06d}.h5").stat().st_mtime_ns == before[f"cases/{i:06d}.h5"]


def test_resume_of_a_whole_dataset_touches_nothing(whole, tmp_path):
    made(tmp_path / "d")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "d").rglob("*") if path.is_file()}
    summary = made(tmp_path / "d", cases=None, resume=True)
    assert (summary.kept, summary.made) == (6, 0)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "d").rglob("*") if path.is_file()} == before


DAMAGES = {
    "a flipped byte": lambda d: _flip(d / "cases/000002.h5"),
    "a truncated case": lambda d: os.truncate(d / "cases/000003.h5", 1000),
    "a missing case": lambda d: (d / "cases/000001.h5").unlink(),
    "an edited table": lambda d: (d / "findings.csv").write_text("image_id\n"),
    "a missing sheet": lambda d: (d / "contact-sheet.png").unlink(),
    "an empty manifest": lambda d: (d / "manifest.json").write_text(""),
    "a missing manifest": lambda d: (d / "manifest.json").unlink(),
    "remains of a killed worker": lambda d: (d / "cases/000001.h5.123-abc.part").write_bytes(b"half"),
}


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_resume_repairs_what_is_damaged(damage, whole, tmp_path):
    made(tmp_path / "d")
    damage(tmp_path / "d")
    assert verify(tmp_path / "d") != []
    summary = made(tmp_path / "d", resume=True)
    assert content(tmp_path / "d") == whole
    assert summary.made in (0, 1, 6)


def test_resume_makes_only_the_damaged_case_again(tmp_path):
    made(tmp_path / "d")
    _flip(tmp_path / "d" / "cases/000002.h5")
    summary = made(tmp_path / "d", resume=True)
    assert (summary.made, summary.kept, summary.repaired) == (1, 5, 1)


def test_a_failing_case_is_named_and_the_others_are_kept(whole, tmp_path):
    bad = replace(RECIPE, trouble="raise:3")
    with pytest.raises(CaseError, match="case 3.*the table was too small"):
        made(tmp_path / "d", recipe=bad)
    assert not (tmp_path / "d" / "manifest.json").exists()
    assert verify(tmp_path / "d") != []
    assert (tmp_path / "d" / "cases/000002.h5").exists()
    assert not list((tmp_path / "d").rglob("*.part"))


def test_a_killed_worker_is_one_message_that_names_the_case(tmp_path):
    flag = tmp_path / "flag"
    recipe = replace(RECIPE, trouble=f"kill-once:3:{flag}", slow_s=0.02)
    with pytest.raises(CaseError, match=r"was making case 3 was killed") as caught:
        made(tmp_path / "d", recipe=recipe, workers=2)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "d").rglob("*.part"))
    made(tmp_path / "d", recipe=recipe, workers=2, resume=True)
    assert verify(tmp_path / "d") == []


def test_ctrl_c_keeps_what_is_done(whole, tmp_path):
    def stop(progress):
        if progress.cases_done == 2:
            raise KeyboardInterrupt

    with pytest.raises(Stopped, match="2 of 6 cases") as caught:
        made(tmp_path / "d", progress=stop)
    assert caught.value.exit_code == 130
    summary = made(tmp_path / "d", resume=True)
    assert (summary.kept, summary.made) == (2, 4)
    assert content(tmp_path / "d") == whole


# ---- folders that must not be written


def test_folders_that_are_not_empty_are_refused(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "thesis.txt").write_text("years of work")
    for options in ({}, {"resume": True}, {"overwrite": True}):
        with pytest.raises(FolderError, match=str(tmp_path / "d")):
            made(tmp_path / "d", **options)
    assert content(tmp_path / "d") == {"thesis.txt": b"years of work"}


def test_a_dataset_is_not_written_over_unless_asked(whole, tmp_path):
    made(tmp_path / "d", recipe=replace(RECIPE, dots=3), cases=7)
    with pytest.raises(FolderError, match="--resume"):
        made(tmp_path / "d")
    made(tmp_path / "d", overwrite=True)
    assert content(tmp_path / "d") == whole


def test_overwrite_spares_a_dataset_with_foreign_files(tmp_path):
    made(tmp_path / "d")
    (tmp_path / "d" / "cases" / "notes.txt").write_text("mine")
    before = content(tmp_path / "d")
    with pytest.raises(FolderError, match=r"notes\.txt"):
        made(tmp_path / "d", overwrite=True)
    assert content(tmp_path / "d") == before


def test_another_recipe_seed_or_fewer_cases_are_refused_on_resume(tmp_path):
    made(tmp_path / "d")
    before = content(tmp_path / "d")
    with pytest.raises(FolderError, match="another recipe"):
        made(tmp_path / "d", recipe=replace(RECIPE, dots=5), resume=True)
    with pytest.raises(FolderError, match="another seed"):
        generate(RECIPE, 8, 6, tmp_path / "d", options=RunOptions(workers=1, resume=True, make=fakes.simulate))
    with pytest.raises(FolderError, match="has 6 cases"):
        made(tmp_path / "d", cases=5, resume=True)
    (tmp_path / "d" / "manifest.json").unlink()
    with pytest.raises(FolderError, match="another recipe or seed"):
        made(tmp_path / "d", recipe=replace(RECIPE, dots=5), resume=True)
    del before["manifest.json"]
    assert content(tmp_path / "d") == before


def test_a_path_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "d").write_text("x")
    with pytest.raises(UsageError, match="not a folder"):
        made(tmp_path / "d")
    with pytest.raises(Unwritable):
        made(tmp_path / "d" / "below")


def test_a_second_run_is_refused_and_a_dead_ones_lock_is_not(whole, tmp_path):
    folder = tmp_path / "d"
    folder.mkdir()
    with folder_lock(folder), pytest.raises(FolderError, match="another run is writing"):
        made(folder)
    assert content(folder) == {}
    (folder / ".lock").write_text("1 elsewhere\n")  # left by a process that was killed
    made(folder)
    assert content(folder) == whole


# ---- full and read-only disks, in a process of their own

SCRIPT = """
import os, sys
sys.path.insert(0, {tests!r})
import fakes
from phantom.dataset.running.run import RunOptions, generate
from phantom.errors import PhantomError
from pathlib import Path
{before}
if __name__ == "__main__":
    try:
        options = RunOptions(workers={workers}, resume={resume}, make=fakes.simulate)
        generate({recipe!r}, 7, {cases}, {out!r}, options)
    except PhantomError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
"""


def script(
    out: Path, cases: int = 6, workers: int = 1, resume: bool = False, recipe=RECIPE, before: str = ""
) -> list[str]:
    text = SCRIPT.format(
        tests=str(TESTS), before=before, recipe=recipe, cases=cases, out=str(out), workers=workers, resume=resume
    ).replace("FakeRecipe(", "fakes.FakeRecipe(")
    path = out.parent / f"script-{out.name}.py"
    path.write_text(text)
    return [sys.executable, str(path)]


def started(command: list[str], **options) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, **options)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_is_one_message_and_can_be_finished(workers, whole, tmp_path):
    # files may not grow beyond 20 kB: the third case of 30 kB or so does not fit
    limit = max(len(data) for name, data in whole.items() if name.startswith("cases/")) - 1000

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    process = started(script(tmp_path / "d", workers=workers), preexec_fn=limited)
    printed = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "could not be written" in printed
    assert "cases/" in printed
    assert printed.count("\n") == 1
    assert "Traceback" not in printed
    assert not list((tmp_path / "d").rglob("*.part"))
    assert not (tmp_path / "d" / "manifest.json").exists()
    made(tmp_path / "d", resume=True)
    assert content(tmp_path / "d") == whole


def test_a_small_disk_that_is_really_full_can_be_finished_once_it_is_larger(whole, tmp_path):
    mount = "mount -t tmpfs -o size=100k none small"
    (tmp_path / "small").mkdir()
    if subprocess.run(["unshare", "-rm", "sh", "-c", mount], cwd=tmp_path, check=False, capture_output=True).returncode:
        pytest.skip("this machine lets no disk be mounted")
    out = tmp_path / "small" / "d"
    first, again = script(out), script(out)
    (tmp_path / "small" / "script-d.py").rename(tmp_path / "first.py")
    script(out, resume=True)
    (tmp_path / "small" / "script-d.py").rename(tmp_path / "again.py")
    first[1], again[1] = str(tmp_path / "first.py"), str(tmp_path / "again.py")
    leftovers = "find small -name '*.part' -o -name manifest.json"
    before = f"{mount} && ({shlex.join(first)}; echo $? && {leftovers}) > said"
    after = f"mount -o remount,size=4m small && {shlex.join(again)} && cp -r small/d finished"
    steps = f"{before} && {after}"
    process = started(["unshare", "-rm", "sh", "-c", steps], cwd=tmp_path)
    printed = process.communicate(timeout=120)[1]
    assert process.returncode == 0, printed
    assert (tmp_path / "said").read_text() == "1\n"
    assert "the disk is full" in printed
    assert "Traceback" not in printed
    assert content(tmp_path / "finished") == whole


@pytest.mark.parametrize(
    "file", ["manifest.json", "images.csv", "journal.jsonl", "unfinished.json", "contact-sheet.png"]
)
def test_a_disk_that_fills_at_any_file_leaves_nothing_that_looks_whole(file, whole, tmp_path, monkeypatch):
    import builtins

    real = os.fsync

    def full(handle: int) -> None:
        name = Path(f"/proc/self/fd/{handle}").readlink().name
        if name.startswith(file):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    def full_write(self, *args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    if file == "journal.jsonl":
        monkeypatch.setattr("phantom.dataset.running.resume.Journal._write", full_write)
    with pytest.raises(Unwritable, match="the disk is full"):
        made(tmp_path / "d")
    monkeypatch.undo()
    assert not list((tmp_path / "d").rglob("*.part"))
    assert verify(tmp_path / "d") != []
    made(tmp_path / "d", resume=True)
    assert content(tmp_path / "d") == whole
    assert builtins.open is open


def _no_override() -> None:
    """As root, give up the right to write where the mode forbids it (PR_CAPBSET_DROP of CAP_DAC_OVERRIDE)."""
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(24, 1, 0, 0, 0)


def test_a_read_only_folder_is_one_message(tmp_path):
    folder = tmp_path / "d"
    folder.mkdir(mode=0o555)
    process = started(script(folder), preexec_fn=_no_override)
    printed = process.communicate(timeout=60)[1]
    if process.returncode == 0 and os.geteuid() == 0:
        pytest.skip("this root may write everywhere")
    assert process.returncode == 1
    assert "could not be written" in printed
    assert printed.count("\n") == 1
    assert list(folder.iterdir()) == []


# ---- a real process, killed


def _killed_until_done(
    folder: Path, draws: random.Random, kills: int, cases: int, recipe, workers: int, span_s: float
) -> int:
    """Start the run again and again, killing it at random moments; how many kills hit a live run."""
    hit = 0
    while hit < kills:
        command = script(folder, cases=cases, workers=workers, resume=True, recipe=recipe)
        process = started(command, start_new_session=True)
        while process.poll() is None and not (folder / "unfinished.json").exists():
            time.sleep(0.005)
        time.sleep(draws.uniform(0, span_s))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            hit += 1
        process.communicate()
        if (folder / "manifest.json").exists() and not (folder / "unfinished.json").exists():
            break
        assert verify(folder) != [], "an unfinished dataset must not look whole"
    return hit


def test_killed_and_resumed_it_is_byte_identical(tmp_path):
    recipe = replace(RECIPE, slow_s=0.05)
    made(tmp_path / "a", cases=12, recipe=recipe)
    hit = _killed_until_done(tmp_path / "b", random.Random(1), 3, 12, recipe, 1, 0.25)
    assert hit >= 2
    made(tmp_path / "b", cases=12, recipe=recipe, resume=True)
    assert content(tmp_path / "b") == content(tmp_path / "a")


@pytest.mark.slow
def test_killed_thirty_times_it_is_byte_identical(tmp_path):
    recipe = replace(RECIPE, slow_s=0.3)  # so slow that no machine is done before the last kill
    made(tmp_path / "a", cases=200, recipe=recipe, workers=2)
    hit = _killed_until_done(tmp_path / "b", random.Random(2), 32, 200, recipe, 2, 2.0)
    assert hit >= 30
    made(tmp_path / "b", cases=200, recipe=recipe, resume=True, workers=2)
    assert content(tmp_path / "b") == content(tmp_path / "a")


def test_workers_do_not_outlive_their_killed_parent(tmp_path):
    recipe = replace(RECIPE, slow_s=0.3)
    folder = tmp_path / "d"
    process = started(script(folder, cases=40, workers=2, recipe=recipe), start_new_session=True)
    deadline = time.monotonic() + 30
    while not list(folder.glob("cases/*.part")) and time.monotonic() < deadline:
        time.sleep(0.01)
    pids = {int(path.name.split(".")[2].split("-")[0]) for path in folder.glob("cases/*.part")}
    assert pids
    process.kill()
    process.wait()
    process.stderr.close()  # its workers hold the other end
    while any(_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in pids)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_two_runs_at_once_the_second_is_refused(tmp_path):
    recipe = replace(RECIPE, slow_s=0.2)
    folder = tmp_path / "d"
    first = started(script(folder, cases=8, recipe=recipe))
    deadline = time.monotonic() + 30
    while not (folder / "unfinished.json").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    with pytest.raises(FolderError, match="another run is writing"):
        made(folder, cases=8, recipe=recipe, resume=True)
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert verify(folder) == []


# ---- shards


def test_damage_to_what_a_killed_run_made_is_noticed(tmp_path):
    """The journal outlives the process, so that the next run tells a case that is whole from one that was changed."""
    folder, recipe = tmp_path / "d", replace(RECIPE, trouble=f"kill-once:3:{tmp_path / 'killed'}")
    killed = started(script(folder, recipe=recipe))
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    noted = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    assert noted == [
        {"case": i, "sha256": hashlib.sha256((folder / f"cases/{i:06d}.h5").read_bytes()).hexdigest()} for i in range(3)
    ]
    (folder / "cases/000001.h5").write_bytes(b"damaged")
    assert made(folder, recipe=recipe, resume=True).repaired == 1
    assert verify(folder) == []


def test_a_case_is_in_the_journal_before_the_next_is_begun(whole, tmp_path):
    """Seen by whoever reads the folder meanwhile, as a run that is killed leaves it."""
    seen = []

    def make(preset, seed, index):
        seen.append([json.loads(line)["case"] for line in (tmp_path / "d/journal.jsonl").read_text().splitlines()])
        return fakes.simulate(preset, seed, index)

    generate(RECIPE, 7, 3, tmp_path / "d", RunOptions(make=make, workers=1))
    assert seen == [[], [0], [0, 1]]


def test_shards_in_folders_of_their_own_are_joined_by_merge(whole, tmp_path):
    folders = [tmp_path / str(i) for i in (1, 2, 3)]
    for i, folder in enumerate(folders, start=1):
        summary = made(folder, shard=(i, 3))
        assert (summary.count, summary.made) == (None, 2)
        assert "phantom merge" in summary.text()
        assert verify(folder) != []
    with pytest.raises(UsageError, match="2 of 6 cases"):
        merge(folders[:2], tmp_path / "two")
    merge(folders, tmp_path / "all")
    assert content(tmp_path / "all") == whole


def test_a_lost_shard_is_finished_by_resume(whole, tmp_path):
    made(tmp_path / "a", shard=(1, 2))
    made(tmp_path / "b", shard=(2, 2))
    (tmp_path / "b" / "cases/000002.h5").unlink()
    with pytest.raises(DatasetError, match="missing or damaged"):
        merge([tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    assert made(tmp_path / "b", shard=(2, 2), resume=True).made == 1
    merge([tmp_path / "a", tmp_path / "b"], tmp_path / "c", overwrite=True)
    assert content(tmp_path / "c") == whole


def test_shards_one_after_another_in_one_folder_finish_the_dataset(whole, tmp_path):
    folder = tmp_path / "d"
    made(folder, shard=(1, 3))
    with pytest.raises(FolderError, match="--resume"):
        made(folder, shard=(3, 3))
    made(folder, shard=(3, 3), resume=True)
    assert made(folder, shard=(2, 3), resume=True).count is not None
    assert content(folder) == whole


def test_a_run_without_shards_finishes_what_a_shard_began(whole, tmp_path):
    made(tmp_path / "d", shard=(2, 3))
    summary = made(tmp_path / "d", resume=True)
    assert (summary.kept, summary.made) == (2, 4)
    assert content(tmp_path / "d") == whole


def test_a_shard_repairs_its_own_cases_of_a_whole_dataset(whole, tmp_path):
    made(tmp_path / "d")
    _flip(tmp_path / "d" / "cases/000001.h5")
    made(tmp_path / "d", shard=(1, 2), resume=True)
    assert content(tmp_path / "d") == whole


def test_two_shards_at_once_in_one_folder_are_refused(tmp_path):
    folder = tmp_path / "d"
    made(folder, shard=(2, 2))
    with folder_lock(folder), pytest.raises(FolderError, match="shards .* each need their own"):
        made(folder, shard=(1, 2), resume=True)


def test_shards_of_different_jobs_do_not_mix(tmp_path):
    folder = tmp_path / "d"
    made(folder, shard=(1, 2), split={"train": 0.5, "test": 0.5})
    with pytest.raises(FolderError, match="2 shard"):
        made(folder, shard=(2, 3), resume=True)
    with pytest.raises(FolderError, match="2 shard"):
        made(folder, shard=(2, 2), cases=8, resume=True)
    other = tmp_path / "other"
    made(other, shard=(2, 2), split={"train": 0.2, "test": 0.8})
    with pytest.raises(UsageError, match="another job"):
        merge([folder, other], tmp_path / "both")


def test_a_run_killed_in_its_first_moment_leaves_nothing_in_the_way(whole, tmp_path):
    """The file that says what a run is going to hold is written aside first."""
    folder = tmp_path / "d"
    (folder / "cases").mkdir(parents=True)
    (folder / "unfinished.json.1234-0a0b0c0d.part").write_text("{")
    made(folder)
    assert content(folder) == whole


@pytest.mark.parametrize("text", ["", "1", "0/4", "3/2", "-1/2", "a/b", "1/0", "1/2/3"])
def test_a_wrong_shard_is_refused(text):
    with pytest.raises(UsageError, match="--shard"):
        parse_shard(text)


def test_shards_are_counted_from_one():
    assert parse_shard("4/4") == (4, 4)
    assert parse_shard("3/64") == (3, 64)


def test_where_no_executor_answers_nothing_is_begun(tmp_path):
    with pytest.raises(UsageError, match="--executor"):
        made(tmp_path / "d", executor="ssh://somewhere")
    assert not (tmp_path / "d").exists()


# ---- small things


def test_a_folder_is_measured_while_others_write_into_it(tmp_path):
    (tmp_path / "kept").write_bytes(b"1234")
    stop = threading.Event()

    def come_and_go():
        while not stop.is_set():
            for number in range(20):
                (tmp_path / f"{number}.part").touch()
                (tmp_path / f"{number}.part").unlink()

    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        assert all(folder_size(tmp_path) == 4 for _ in range(300))
    finally:
        stop.set()
        other.join()


def test_progress_counts_images_and_time(tmp_path):
    seen = []
    made(tmp_path / "d", progress=seen.append)
    assert [p.cases_done for p in seen] == list(range(7))
    assert seen[-1].images_made == 12
    assert seen[-1].images_per_second > 0
    assert seen[-1].seconds_left == 0
    assert seen[0].seconds_left is None


def test_the_summary_speaks_plainly(tmp_path):
    summary = made(tmp_path / "d")
    assert "12 images of 6 cases" in summary.text()
    assert "round" in summary.text()
    assert json.loads(json.dumps(summary.as_dict()))["findings_by_kind"] == {"round": 5}


@pytest.mark.parametrize("wrong", [{"cases": 0}, {"cases": 10**7}, {"workers": 0}, {"resume": True, "overwrite": True}])
def test_wrong_use_is_refused(wrong, tmp_path):
    with pytest.raises(UsageError):
        made(tmp_path / "d", **wrong)
    assert not (tmp_path / "d").exists()


def test_the_default_maker_is_simulate(monkeypatch, tmp_path):
    monkeypatch.setattr(run, "_simulate", fakes.simulate)
    generate(RECIPE, 7, 1, tmp_path / "d", options=RunOptions(workers=1))
    assert verify(tmp_path / "d") == []
