"""A dataset as Python sees it, and what is refused."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import fakes
import h5py
import numpy as np
import pytest

import phantom
from phantom import tables
from phantom.dataset.format.contact_sheet import contact_sheet
from phantom.dataset.merge import merge
from phantom.dataset.rerender import rerender
from phantom.dataset.running.run import RunOptions, generate
from phantom.dataset.verify import verify
from phantom.errors import DatasetError, NoDataset, OtherFormat, PhantomError

RECIPE = fakes.FakeRecipe(rows=220, columns=120, dots=4, raw=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("open") / "d"
    generate(RECIPE, 5, 6, out, options=RunOptions(workers=1, split={"train": 0.7, "test": 0.3}, make=fakes.simulate))
    return out


@pytest.fixture
def copy(folder, tmp_path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "d"))


def test_a_dataset_is_a_sequence_of_images(folder):
    data = phantom.open(folder)
    assert len(data) == 12
    ids = [image.image_id for image in data]
    assert ids == data.images["image_id"].tolist() == sorted(ids)
    assert data[-1].image_id == ids[-1]
    assert data[ids[3]].image_id == ids[3]
    assert [image.image_id for image in data[2:5]] == ids[2:5]
    with pytest.raises(IndexError):
        data[12]
    with pytest.raises(KeyError):
        data["000000-X-CC"]


def six_digits(value):
    return float(f"{value:.6g}") if isinstance(value, float) else value


def test_images_are_what_was_simulated(folder):
    data = phantom.open(str(folder))
    for index in (1, 4):
        for view in fakes.simulate(RECIPE, 5, index).views:
            stored = data[view.image_id]
            for name in ("for_presentation", "for_processing", "labels", "breast_mask"):
                assert np.array_equal(getattr(stored, name), getattr(view, name)), name
                assert getattr(stored, name).dtype == getattr(view, name).dtype
            assert (stored.window_center, stored.window_width) == (view.window_center, view.window_width)
            assert stored.row.as_dict() == {
                **{name: six_digits(value) for name, value in view.row.as_dict().items()}, "split": stored.row.split
            }  # fmt: skip
            assert len(stored.calcifications) == len(view.calcifications)
            for read, made in zip(stored.calcifications, view.calcifications, strict=True):
                assert np.array_equal(read.mask, made.mask)
                assert read.center_px == made.center_px
                assert replace(read.row, run_offset=0) == made.row
            for finding, made in zip(stored.findings, view.findings, strict=True):
                assert finding.row == made.row
                assert np.array_equal(finding.hull_px, made.hull_px)
            assert [one.row for one in stored.objects] == [one.row for one in view.objects]


def test_tables_are_structured_arrays_with_plain_texts(folder):
    data = phantom.open(folder)
    for name in ("findings", "calcifications", "objects"):
        assert getattr(data, name).dtype == tables.dtype_of(name)
    assert set(tables.dtype_of("images").names) <= set(data.images.dtype.names)
    assert len(data.calcifications) == data.images["n_calcifications"].sum()
    assert data.calcifications["visible"].dtype == bool


def test_a_crop_is_a_window_of_the_image(folder):
    image = phantom.open(folder)[0]
    assert np.array_equal(image.crop(100, 30, 20, 10), image.for_presentation[100:120, 30:40])
    assert np.array_equal(image.crop(0, 0, 220, 120, "labels"), image.labels)
    with pytest.raises(ValueError, match="within"):
        image.crop(210, 0, 20, 10)


def test_a_dataset_can_be_pickled_small_and_used_where_it_lands(folder):
    data = phantom.open(folder)
    first = data[0].for_presentation
    packed = pickle.dumps(data)
    assert len(packed) < 1000
    assert np.array_equal(pickle.loads(packed)[0].for_presentation, first)
    again = pickle.loads(pickle.dumps(data[0]))
    assert np.array_equal(again.labels, data[0].labels)


def _sums(data, numbers):
    return [int(data[i].for_presentation.sum()) for i in numbers]


_DATA = None


def _global_sums(numbers):
    sums = _sums(_DATA, numbers)
    assert _DATA._cases._process == os.getpid(), "a forked worker must not read through its parent's handles"
    return sums


def test_workers_read_the_right_images_however_they_were_started(folder):
    global _DATA  # noqa: PLW0603 - what a forked worker finds
    _DATA = phantom.open(folder)
    wanted = _sums(_DATA, range(12))  # the parent has files open now
    with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as forked:
        assert [s for part in forked.map(_global_sums, [range(6), range(6, 12)]) for s in part] == wanted
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as spawned:
        assert [s for part in spawned.map(_sums, [_DATA] * 2, [range(6), range(6, 12)]) for s in part] == wanted


def test_opening_does_not_load_the_renderer(folder):
    code = (
        f"import phantom, sys; d = phantom.open({str(folder)!r}); len(d); sys.exit('phantom.exam.case' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(phantom.__file__).parents[1])}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


# ---- splits


def test_a_split_keeps_the_images_of_a_case_together_and_comes_near_its_shares(folder):
    images = phantom.open(folder).images
    for case in range(6):
        assert len(set(images["split"][images["case"] == case])) == 1
    from phantom.dataset.format.split import parse_split, part_of_case

    shares = parse_split("train=0.8,val=0.1,test=0.1")
    parts = [part_of_case(shares, 3, case) for case in range(1000)]
    for name, share in shares.items():
        for end in (100, 300, 1000):  # the golden section's discrepancy is below 2 log(n) / n
            assert abs(parts[:end].count(name) / end - share) < 2 * np.log(end) / end
    assert parts != [part_of_case(shares, 4, case) for case in range(1000)]


@pytest.mark.parametrize("text", ["train", "train=0.5,test=0.4", "train=1.5", "a=0.5,a=0.5", "=1", "train=nan,test=1"])
def test_a_wrong_split_is_refused(text):
    from phantom.dataset.format.split import parse_split
    from phantom.errors import UsageError

    with pytest.raises(UsageError, match="--split"):
        parse_split(text)


def test_a_split_may_be_added_later_and_changes_no_case(folder, tmp_path):
    out = tmp_path / "d"
    generate(RECIPE, 5, 6, out, options=RunOptions(workers=1, make=fakes.simulate))
    assert "split" not in phantom.open(out).images.dtype.names
    summary = generate(
        RECIPE,
        5,
        6,
        out,
        options=RunOptions(workers=1, resume=True, split={"train": 0.7, "test": 0.3}, make=fakes.simulate),
    )
    assert summary.made == 0
    assert (out / "images.csv").read_bytes() == (folder / "images.csv").read_bytes()
    assert (out / "manifest.json").read_bytes() == (folder / "manifest.json").read_bytes()


# ---- damage and malice


def test_verify_names_each_damage(copy):
    def flip(name: str, at: float = 0.5) -> None:
        data = bytearray((copy / name).read_bytes())
        data[int(len(data) * at)] ^= 1
        (copy / name).write_bytes(data)

    assert verify(copy) == []
    flip("cases/000000.h5", 0.9)
    os.truncate(copy / "cases/000001.h5", 9000)
    (copy / "cases/000002.h5").unlink()
    (copy / "cases/000003.h5").write_bytes(b"")
    (copy / "cases/000099.h5").write_bytes(b"")
    (copy / "notes.txt").write_text("x")
    (copy / "findings.csv").write_text((copy / "findings.csv").read_text().replace("benign", "malign", 1))
    (copy / "objects.csv").unlink()
    problems = "\n".join(verify(copy))
    for name, what in {
        "cases/000000.h5": "damaged", "cases/000001.h5": "truncated", "cases/000002.h5": "missing",
        "cases/000003.h5": "empty", "cases/000099.h5": "foreign", "notes.txt": "foreign", "findings.csv": "damaged",
        "objects.csv": "missing",
    }.items():  # fmt: skip
        assert any(name in line and what in line for line in problems.splitlines()), (name, what, problems)
    assert "000004" not in problems
    named = [line.split(":")[0] for line in problems.splitlines()]
    assert sorted(named) == sorted(set(named)), "each damage once"
    assert str(copy) not in problems


def _forged(copy: Path, case: int, change) -> list[str]:
    """Change a case's file and sign it again in the manifest; what verify finds."""
    from phantom.dataset.format.files import sha256_of

    path = copy / f"cases/{case:06d}.h5"
    with h5py.File(path, "r+") as file:
        change(file)
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"][f"cases/{case:06d}.h5"] = sha256_of(path)
    (copy / "manifest.json").write_text(json.dumps(manifest))
    return verify(copy)


def _image(file):
    return next(iter(file["images"].values()))


def _label(file):
    _image(file)["labels"][100, 60] = 3


def _run(file):
    table = file["truth/runs"][()]
    table["length"][0] += 1
    file["truth/runs"][...] = table


def _far_run(file):
    table = file["truth/runs"][()]
    table["start"][0] = 2**32 - 1
    file["truth/runs"][...] = table


def _count(file):
    table = file["truth/images"][()]
    table["n_calcifications"][0] += 1
    file["truth/images"][...] = table


def _class(file):
    table = file["truth/images"][()]
    table["class"][0] = b"normal"
    file["truth/images"][...] = table


def _nan(file):
    table = file["truth/calcifications"][()]
    table["contrast"][0] = np.nan
    file["truth/calcifications"][...] = table


def _bright(file):
    _image(file)["for_presentation"][100, 20] = 5000


def _outside(file):
    _image(file)["for_presentation"][0, 119] = 5


@pytest.mark.parametrize("change", [_label, _run, _far_run, _count, _class, _nan, _bright, _outside])
def test_verify_counts_again_and_does_not_trust_checksums(change, copy):
    problems = _forged(copy, 1, change)
    assert problems
    assert all("000001" in line or ".csv" in line or "manifest.json" in line for line in problems)
    assert any("cases/000001.h5" in line for line in problems)


def _edited(key, value):
    def change(manifest):
        manifest[key] = value

    return change


def _file(name, digest="0" * 64):
    def change(manifest):
        manifest["files"][name] = digest

    return change


HOSTILE = {
    "leaves the folder": _file("../../etc/passwd"),
    "absolute": _file("/etc/passwd"),
    "far case": _file("cases/999999.h5"),
    "odd digits": _file("cases/00000١.h5"),
    "no checksum": _file("cases/000000.h5", 7),
    "too many cases": _edited("cases", 10**12),
    "no cases": _edited("cases", 0),
    "cases is true": _edited("cases", True),
    "cases is text": _edited("cases", "6"),
    "files is a list": _edited("files", []),
    "recipe is text": _edited("recipe", "x"),
    "seed is negative": _edited("seed", -1),
    "split is text": _edited("split", {"train": "1"}),
    "dropped": _edited("dropped", {"000001": 3}),
    "other format": _edited("format", "zip"),
    "later version": _edited("version", 3),
    "earlier version": _edited("version", 1),
    "no version": _edited("version", "2\n"),
    "no preset": lambda manifest: manifest.pop("preset"),
    "sources": _edited("sources", [1]),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_manifest_is_refused_with_one_message(change, copy):
    manifest = json.loads((copy / "manifest.json").read_text())
    change(manifest)
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DatasetError, match=r"manifest\.json"):
        phantom.open(copy)
    (problem,) = verify(copy)
    assert "manifest.json" in problem
    assert len(problem) < 600
    before = sorted(path for path in copy.parent.rglob("*"))
    for use in (lambda out: merge([copy, copy], out), lambda out: rerender(copy, out, workers=1)):
        with pytest.raises(PhantomError, match=r"manifest\.json"):
            use(copy.parent / "out")
    assert sorted(path for path in copy.parent.rglob("*")) == before


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "null", '{"a": NaN}', "[" * 100_000, '{"cases": ' + "9" * 5000 + "}", "\x00\xff"]
)
def test_a_manifest_that_is_no_json_object_is_refused(text, copy):
    (copy / "manifest.json").write_text(text, "latin-1")
    with pytest.raises(DatasetError, match=r"manifest\.json"):
        phantom.open(copy)
    assert len(verify(copy)) == 1


def test_a_dataset_of_format_1_is_refused_with_the_command_that_makes_it_again(copy):
    manifest = json.loads((copy / "manifest.json").read_text()) | {"version": 1, "preset": "suspicious"}
    (copy / "manifest.json").write_text(json.dumps(manifest))
    (copy / "objects.csv").rename(copy / "hosts.csv")
    seed, cases = manifest["seed"], manifest["cases"]
    command = f"phantom generate --preset suspicious --seed {seed} --cases {cases} --out ANOTHER-FOLDER"
    with pytest.raises(OtherFormat, match=command) as why:
        phantom.open(copy)
    assert "version 1" in str(why.value)
    assert "\n" not in str(why.value)
    with pytest.raises(OtherFormat, match=command):
        generate(RECIPE, 5, 6, copy, RunOptions(workers=1, make=fakes.simulate, resume=True))
    generate(RECIPE, 5, 2, copy, RunOptions(workers=1, make=fakes.simulate, overwrite=True))
    assert verify(copy) == []


def test_links_out_of_the_folder_are_not_followed(copy, tmp_path):
    moved = tmp_path / "elsewhere.h5"
    (copy / "cases/000000.h5").rename(moved)
    (copy / "cases/000000.h5").symlink_to(moved)
    assert any("link" in line for line in verify(copy))
    with pytest.raises(DatasetError, match="link"):
        _ = phantom.open(copy)[0].for_presentation


def test_edited_tables_and_damaged_cases_are_refused_on_reading(copy):
    (copy / "findings.csv").write_text((copy / "findings.csv").read_text().replace("benign", "malign", 1))
    data = phantom.open(copy)
    with pytest.raises(DatasetError, match="verify"):
        _ = data.findings
    os.truncate(copy / "cases/000001.h5", 9000)
    with pytest.raises(DatasetError, match="truncated"):
        _ = data[2].for_presentation


def test_folders_that_hold_no_dataset_are_named(tmp_path):
    with pytest.raises(DatasetError, match="no such folder"):
        phantom.open(tmp_path / "none")
    with pytest.raises(DatasetError, match="holds no dataset"):
        phantom.open(tmp_path)
    for folder in (tmp_path / "none", tmp_path):
        with pytest.raises(NoDataset):
            verify(folder)


def test_an_unfinished_dataset_is_not_opened(copy):
    (copy / "unfinished.json").write_bytes((copy / "manifest.json").read_bytes())
    with pytest.raises(DatasetError, match="--resume"):
        phantom.open(copy)


# ---- the contact sheet


def test_the_sheet_outlines_findings_and_is_the_same_from_disk_and_from_memory(folder):
    import io

    from PIL import Image

    data = phantom.open(folder)
    stored = (folder / "contact-sheet.png").read_bytes()
    assert contact_sheet(data[:8]) == stored
    views = [
        view for index in range(4) for view in sorted(fakes.simulate(RECIPE, 5, index).views, key=lambda v: v.image_id)
    ]
    assert contact_sheet(views) == stored
    assert len(stored) < 300_000
    colours = {rgb for _, rgb in Image.open(io.BytesIO(stored)).convert("RGB").getcolors(1 << 16)}
    assert (90, 200, 255) in colours


def test_a_full_size_sheet_stays_small():
    recipe = fakes.FakeRecipe(rows=3328, columns=2560)
    views = fakes.simulate(recipe, 1, 0).views
    assert len(contact_sheet(views * 4)) < 300_000
