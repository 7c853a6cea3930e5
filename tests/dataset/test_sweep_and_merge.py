"""Experiments and many machines: sweeps, merging, a real scheduler."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import fakes
import numpy as np
import pytest

import phantom
from phantom import cli
from phantom.dataset.format.files import sha256_of
from phantom.dataset.merge import merge
from phantom.dataset.running.pool import executor_at
from phantom.dataset.running.run import RunOptions, generate
from phantom.dataset.running.sweep import parse_sweeps
from phantom.dataset.verify import verify
from phantom.errors import DatasetError, UsageError

RECIPE = fakes.FakeRecipe(rows=220, columns=120, dots=4, raw=True)
TESTS = Path(__file__).parents[1]


def made(out: Path, cases: int = 3, seed: int = 7, recipe: fakes.FakeRecipe = RECIPE, **options):
    return generate(recipe, seed, cases, out, options=RunOptions(workers=1, make=fakes.simulate, **options))


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---- sweeps


def values(text: str) -> list[str]:
    return [step.value for step in parse_sweeps([text])]


def test_sweeps_are_linear_logarithmic_or_listed():
    assert values("a.b=0:1:5") == ["0", "0.25", "0.5", "0.75", "1"]
    assert values("a.b=1:100:3:log") == ["1", "10", "100"]
    assert values("a.b=2:1:2") == ["2", "1"]
    assert values("detector.name=x,y-z") == ["x", "y-z"]
    names = [step.name for step in parse_sweeps(["a=0:1:2", "b=1,2"])]
    assert names == ["sweep01", "sweep02", "sweep03", "sweep04"]


@pytest.mark.parametrize("text", ["a", "a=", "=1:2:3", "a=1:2", "a=1:2:1", "a=0:1:3:log", "a=1:2:x", "a=1:nan:3",
"a=1:2:100", "a=1,,2", "a=1:2:3:cubic"])  # fmt: skip
def test_a_wrong_sweep_is_refused(text):
    with pytest.raises(UsageError, match="--sweep"):
        parse_sweeps([text])


def test_a_value_the_recipe_does_not_take_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(UsageError, match=r"fake\.dots=200") as caught:
        made(tmp_path / "d", sweeps=["fake.dots=2,200", "fake.spots=1:2:2"])
    assert "fake.spots=1" in str(caught.value)
    assert not (tmp_path / "d").exists()


def test_a_sweep_holds_the_same_case_at_every_step_and_says_which(tmp_path):
    made(tmp_path / "d", sweeps=["fake.dots=1:9:3"])
    assert verify(tmp_path / "d") == []
    data = phantom.open(tmp_path / "d")
    assert len(data) == 3 * 2 * 3
    for number, dots in enumerate([1, 5, 9], start=1):
        chosen = data.images[data.images["sweep_value"] == str(dots)]
        assert set(chosen["variant"]) == {f"sweep{number:02d}"}
        assert set(chosen["sweep"]) == {"fake.dots"}
        assert (chosen["n_calcifications"] == dots).all()
        alone = fakes.simulate(replace(RECIPE, dots=dots), 7, 1).views[0]
        stored = data[f"{alone.image_id}+sweep{number:02d}"]
        assert np.array_equal(stored.for_presentation, alone.for_presentation)
        assert [g.row.calcification_id for g in stored.calcifications] == list(range(dots))
        assert len(stored.scene["sweep"]) == 3


def test_a_dataset_without_the_sweep_is_not_continued_with_one(tmp_path):
    made(tmp_path / "d")
    with pytest.raises(UsageError, match="sweep"):
        made(tmp_path / "d", sweeps=["fake.dots=1,2"], resume=True)


# ---- what it costs


@pytest.fixture
def costs():
    spec = importlib.util.spec_from_file_location("scale_costs", TESTS.parent / "benchmarks/scale.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["scale_costs"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["scale_costs"]


def test_the_page_has_the_figures_as_the_command_writes_them(costs):
    text = costs.PAGE.read_text("utf-8")
    page = text.partition(costs.START)[2].partition(costs.END)[0].strip().splitlines()
    made = costs.table("benign", costs.Cost(1.0, 0.1, 0.01, 4e6, 300.0, 8.5)).strip().splitlines()
    assert [re.sub(r"[\d.]+", "", line)[:24] for line in page] == [re.sub(r"[\d.]+", "", line)[:24] for line in made]
    assert "| 1.00 s | 12 core-hours |" in "\n".join(made)  # 45,000 s are 12.5 h
    assert "| 4.0 MB | 180 GB |" in "\n".join(made)


def test_estimates_part_what_an_image_costs_from_what_its_pixels_do(costs):
    def cost(megapixels):
        return costs.Cost(0.5 + 0.06 * megapixels, 0, 0, 8e4 + 0.4 * 1e6 * megapixels, 0, megapixels)

    assert costs.estimates(cost(8.5), cost(0.5)).splitlines() == [
        "_SECONDS_PER_IMAGE, _SECONDS_PER_MEGAPIXEL = 0.50, 0.060",
        "_BYTES_PER_IMAGE, _BYTES_PER_PIXEL = 8.0e+04, 0.40",
    ]  # fmt: skip


# ---- merging


def test_a_merged_dataset_holds_every_case_once_and_passes_verify(tmp_path):
    other = replace(RECIPE, dots=7, name="other")
    shares = {"train": 0.5, "test": 0.5}
    made(tmp_path / "a", 3, split=shares)
    made(tmp_path / "b", 4, recipe=other, split=shares)
    before = {name: content(tmp_path / name) for name in "ab"}
    summary = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    assert summary.cases == 7
    assert verify(tmp_path / "c") == []
    assert {name: content(tmp_path / name) for name in "ab"} == before
    a, b, c = (phantom.open(tmp_path / name) for name in "abc")
    assert len(c) == len(a) + len(b)
    for case in range(3):
        assert sha256_of(tmp_path / f"a/cases/{case:06d}.h5") == sha256_of(tmp_path / f"c/cases/{case:06d}.h5")
    for image in b:
        there = c[f"{int(image.image_id[:6]) + 3:06d}{image.image_id[6:]}"]
        for name in ("for_presentation", "for_processing", "labels", "breast_mask"):
            assert np.array_equal(getattr(there, name), getattr(image, name))
        assert there.row.split == image.row.split
        assert there.scene == image.scene
        assert there.window_center == image.window_center
        assert [g.runs.tolist() for g in there.calcifications] == [g.runs.tolist() for g in image.calcifications]
        assert [f.row.kind for f in there.findings] == [f.row.kind for f in image.findings]
    manifest = json.loads((tmp_path / "c/manifest.json").read_text())
    sources = [(source["preset"], source["first_case"], source["cases"]) for source in manifest["sources"]]
    assert sources == [("fake", 0, 3), ("other", 3, 4)]


def test_merging_again_gives_the_same_bytes_and_merges_nest(tmp_path):
    for name, seed in zip("abc", (1, 2, 3), strict=True):
        made(tmp_path / name, 2, seed, split={"train": 0.6, "test": 0.4})
    merge([tmp_path / "a", tmp_path / "b", tmp_path / "c"], tmp_path / "abc")
    merge([tmp_path / "a", tmp_path / "b"], tmp_path / "ab")
    merge([tmp_path / "ab", tmp_path / "c"], tmp_path / "ab-c")
    merge([tmp_path / "a", tmp_path / "b"], tmp_path / "again")
    assert content(tmp_path / "again") == content(tmp_path / "ab")
    assert content(tmp_path / "ab-c") == content(tmp_path / "abc")
    assert verify(tmp_path / "abc") == []


def test_the_same_cases_twice_are_refused(tmp_path):
    made(tmp_path / "a", 2)
    made(tmp_path / "b", 3)
    with pytest.raises(UsageError, match="same cases"):
        merge([tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    with pytest.raises(UsageError, match="at least two"):
        merge([tmp_path / "a"], tmp_path / "c")
    with pytest.raises(UsageError, match="choose another"):
        merge([tmp_path / "a", tmp_path / "b"], tmp_path / "b")
    assert not (tmp_path / "c").exists()


def test_women_of_two_datasets_are_refused_unless_they_are_paired_on_purpose(tmp_path, monkeypatch):
    other = replace(RECIPE, dots=7)  # one name, one seed: the same women
    made(tmp_path / "a", 2, split={"train": 0.5, "test": 0.5})
    made(tmp_path / "b", 3, recipe=other, split={"train": 0.5, "test": 0.5})
    made(tmp_path / "c", 3, recipe=other, split={"test": 0.5, "train": 0.5})
    made(tmp_path / "d", 2, recipe=replace(other, name="another"))
    with pytest.raises(UsageError, match=r"2 women stand in both .*--seed.*--paired"):
        merge([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    with pytest.raises(UsageError, match="two parts of the split"):
        merge([tmp_path / "a", tmp_path / "c"], tmp_path / "out", paired=True)
    assert not (tmp_path / "out").exists()
    plain = fakes.cases.woman
    monkeypatch.setattr(fakes.cases, "woman", lambda root: plain(root)[:12] + "ffff")
    made(tmp_path / "e", 2, recipe=replace(other, dots=8))  # the same women with another anatomy
    one, variant = (set(phantom.open(tmp_path / name).images["woman_id"]) for name in "ae")
    assert not one & variant
    with pytest.raises(UsageError, match=r"2 women stand in both"):
        merge([tmp_path / "a", tmp_path / "e"], tmp_path / "out")
    merge([tmp_path / "a", tmp_path / "b"], tmp_path / "out", paired=True)
    images = phantom.open(tmp_path / "out").images
    assert len(set(images["woman_id"].tolist())) == 3
    assert verify(tmp_path / "out") == []
    merge([tmp_path / "a", tmp_path / "d"], tmp_path / "other")
    assert len(set(phantom.open(tmp_path / "other").images["woman_id"].tolist())) == 4


def test_a_detector_is_not_tested_on_women_it_was_trained_on(tmp_path, capsys):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        made(tmp_path / name, 1, seed)
    (tmp_path / "marks.csv").write_text("image_id,x,y,score\n")
    score = ["score", str(tmp_path / "a"), str(tmp_path / "marks.csv"), "--bootstrap", "2", "--trained-on"]
    assert cli.run([*score, str(tmp_path / "c")]) == 0
    assert cli.run([*score, str(tmp_path / "c"), "--trained-on", str(tmp_path / "b")]) == 2
    assert "one woman stands in both" in capsys.readouterr().err


def test_a_damaged_source_is_named_and_the_result_does_not_look_whole(tmp_path):
    made(tmp_path / "a", 2, 1)
    made(tmp_path / "b", 2, 2)
    os.truncate(tmp_path / "b/cases/000001.h5", 5000)
    with pytest.raises(DatasetError, match=r"b/cases/000001\.h5"):
        merge([tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    assert verify(tmp_path / "c") != []
    made(tmp_path / "b", 2, 2, resume=True)
    merge([tmp_path / "a", tmp_path / "b"], tmp_path / "c", overwrite=True)
    assert verify(tmp_path / "c") == []


# ---- a cluster


@pytest.mark.parametrize("address", ["dask", "dask://", "http://x:1", "dask://127.0.0.1:1"])
def test_an_address_where_no_scheduler_answers_is_one_message(address, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("phantom.dataset.running.pool.CONNECT_S", 0.5)
    with pytest.raises(UsageError, match="--executor"), executor_at(address):
        pass


def test_without_the_extra_the_message_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install .distributed"), executor_at("dask://127.0.0.1:1"):
        pass


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_dask_scheduler_with_two_workers_gives_the_same_bytes(tmp_path):
    pytest.importorskip("distributed")
    made(tmp_path / "a", 12)
    environment = {**os.environ, "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}", "OMP_NUM_THREADS": "1"}
    place = tmp_path / "scheduler.json"
    common = {"env": environment, "cwd": tmp_path, "stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
             "--no-dashboard", "--scheduler-file", str(place)], **common),
    ]  # fmt: skip
    try:
        processes += [
            subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(place), "--nthreads", "1",
                 "--no-dashboard", "--host", "127.0.0.1", "--name", f"w{i}"], **common)
            for i in range(2)
        ]  # fmt: skip
        deadline = time.monotonic() + 60
        while not place.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        address = json.loads(place.read_text())["address"].replace("tcp://", "dask://")
        made(tmp_path / "b", 12, executor=address)
        assert content(tmp_path / "b") == content(tmp_path / "a")
        bad = replace(RECIPE, trouble="raise:3")
        with pytest.raises(phantom.errors.PhantomError, match="case 3"):
            made(tmp_path / "c", 6, recipe=bad, executor=address)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)
