"""Files and names of a dataset are hostile until they have passed the gate."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import damaged
import fakes
import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantom import cli
from phantom.dataset.format.columns import BLOCK, from_csv, to_csv
from phantom.dataset.format.files import sha256_of
from phantom.dataset.format.untrusted import (
    IMAGE_ID,
    MAX_ITEM,
    SPLIT_NAME,
    open_plain,
    parse_items,
    parse_json,
    read_plain,
)
from phantom.dataset.running.run import RunOptions, generate
from phantom.dataset.verify import verify
from phantom.errors import DatasetError, PhantomError

RECIPE = fakes.FakeRecipe(rows=220, columns=120, dots=4)
MIB = 1 << 20


def made(out, **options):
    options = {"workers": 1, "make": fakes.simulate, **options}
    return generate(RECIPE, 7, 2, out, RunOptions(**options))


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    out = tmp_path_factory.mktemp("good") / "data"
    made(out, split={"train": 0.5, "test": 0.5})
    return out


@pytest.fixture
def data(good, tmp_path):
    return Path(shutil.copytree(good, tmp_path / "data"))


def manifest_with(data, change):
    manifest = json.loads((data / "manifest.json").read_text())
    change(manifest)
    for name in manifest["files"]:
        manifest["files"][name] = sha256_of(data / name) or manifest["files"][name]
    (data / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("name", [".lock", "journal.jsonl"])
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_resume_touches_nothing_outside_the_folder_and_does_not_wait(name, kind, data, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("weights")
    (data / "cases/000001.h5").unlink()
    if kind == "link":
        (data / name).symlink_to(precious)
    else:
        os.mkfifo(data / name)
    with pytest.raises(PhantomError, match=r"link to another place|not a plain file"):
        made(data, resume=True)
    assert precious.read_text() == "weights"


@pytest.mark.parametrize("name", ["manifest.json", "images.csv", "cases/000000.h5"])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_whatever_stands_in_a_file_s_place_is_named(name, kind, data, tmp_path):
    path = data / name
    if kind == "link":
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.unlink()
        os.mkfifo(path) if kind == "pipe" else path.mkdir()
    assert any(name in problem for problem in verify(data))


def test_a_plain_file_is_opened_and_measured(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_plain(tmp_path / "a", 5) == b"12345"
    with pytest.raises(DatasetError, match="at most 4 "):
        read_plain(tmp_path / "a", 4)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with pytest.raises(DatasetError, match="link"):
        open_plain(tmp_path / "link", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with pytest.raises(DatasetError, match="missing"):
        open_plain(tmp_path / "absent")


HARMLESS = ["000012-L-CC", "L-MLO", "000000-R-ML+clean", "000001-L-CC+benign+prior2+mag1.8+patch03"]
HARMFUL = [
    "../../x",
    "/etc/000000-L-CC",
    "000000-L-CC/..",
    "000000-L-CC+..",
    "000000-L-CC\n",
    "000000-L-CC+a\x1b[2J",
    "",
]


def test_names_that_become_paths_have_a_strict_form():
    assert all(IMAGE_ID.fullmatch(name) for name in HARMLESS)
    assert not any(IMAGE_ID.fullmatch(name) for name in HARMFUL)
    assert not any(SPLIT_NAME.fullmatch(name) for name in ("../x", "", "a b", "x" * 17, "1st", "train/"))


@pytest.mark.parametrize("image_id", HARMFUL)
def test_every_reader_of_tables_refuses_other_image_ids(image_id, good):
    import phantom

    table = phantom.open(good).images.copy()
    table["image_id"][0] = image_id
    with pytest.raises(DatasetError, match="image_id"):
        from_csv("images", to_csv(table))


@pytest.mark.parametrize("share", ["../../x", "a/b", ".", "x" * 17])
def test_a_split_that_would_be_another_folder_is_refused_by_export(share, data, tmp_path, capsys):
    manifest_with(data, lambda manifest: manifest.update(split={share: 1.0}))
    assert cli.run(["export", str(data), "--to", "yolo", "--out", str(tmp_path / "out" / "yolo")]) == 1
    assert "split must give shares" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_split_in_the_table_alone_is_refused_too(data, tmp_path, capsys):
    text = (data / "images.csv").read_text()
    (data / "images.csv").write_text(text.replace(",train\n", ",../../x\n").replace(",test\n", ",../../x\n"))
    manifest_with(data, lambda manifest: None)
    assert cli.run(["export", str(data), "--to", "imagefolder", "--out", str(tmp_path / "out")]) == 1
    assert "split" in capsys.readouterr().err


NO_TEXT = {
    "half a surrogate pair": lambda manifest: manifest.update(preset="\ud800"),
    "control characters": lambda manifest: manifest.update(format="\x1b]0;x\x07"),
    "a version of control characters": lambda manifest: manifest.update(version="\x1b[2J"),
}


@pytest.mark.parametrize("change", NO_TEXT.values(), ids=NO_TEXT.keys())
@pytest.mark.parametrize("command", ["info", "verify"])
def test_what_is_no_text_is_one_message_that_a_terminal_does_not_obey(change, command, data, capfd):
    manifest_with(data, change)
    assert cli.run([command, str(data)]) == 1
    printed = capfd.readouterr()
    assert "manifest.json" in printed.out + printed.err
    assert not set(printed.out + printed.err) & {"\x1b", "\x07"}


def test_json_is_measured_before_it_is_parsed():
    assert parse_json('{"a": [1, 2], "b": "\\ud83d\\ude00"}') == {"a": [1, 2], "b": "\U0001f600"}
    for bad in ("[" + "[]," * 6_000_000 + "[]]", '"\\ud800"', "[NaN]", "{", b"\xff"):
        with pytest.raises(ValueError, match=r".") as why:
            parse_json(bad)
        assert len(str(why.value)) < 300


def _spoil(change):
    def spoil(data):
        with h5py.File(data / "cases/000000.h5", "r+", libver=("v108", "v110")) as file:
            change(file)
        manifest_with(data, lambda manifest: None)

    return spoil


def _image(file, side):
    for group in file["images"].values():
        for name, kind in (("for_presentation", "u2"), ("labels", "u2"), ("breast_mask", "u1")):
            del group[name]
            group.create_dataset(name, (side, side), kind, chunks=(256, 256), compression="gzip", shuffle=True)


def _table(file, name, rows):
    old = file[f"truth/{name}"][:1]
    del file[f"truth/{name}"]
    table = np.zeros(rows, old.dtype)
    table[:] = old
    file.create_dataset(f"truth/{name}", data=table, chunks=(min(4096, rows),), compression="gzip")


def _scene(file, text):
    del file["scene"]
    file.create_dataset("scene", data=text, dtype=h5py.string_dtype("utf-8"))


def _many_chunks(file):
    group = next(iter(file["images"].values()))
    del group["labels"]
    group.create_dataset("labels", data=np.ones((1100, 1000), "u2"), chunks=(8, 8), compression="gzip", shuffle=True)


def _window(file):
    next(iter(file["images"].values()))["for_presentation"].attrs["WindowCenter"] = np.nan


def _empty_run(file):
    runs = file["truth/runs"][()]
    runs["length"][0] = 0
    file["truth/runs"][...] = runs


def _counted_again(runs, grains):
    def change(file):
        _table(file, "calcifications", grains)
        _table(file, "runs", runs)
        rows = file["truth/calcifications"][()]
        rows["calcification_id"], rows["run_offset"], rows["run_count"] = np.arange(grains), 0, runs
        file["truth/calcifications"][...] = rows
        table = file["truth/runs"][()]
        table["start"], table["length"] = 2 * np.arange(runs), 0 if runs > 100_000 else 1
        file["truth/runs"][...] = table

    return change


COSTLY = {
    "runs without a pixel, counted again and again": _counted_again(4_000_000, 100),
    "runs counted again and again": _counted_again(13_000, 5_000),
    "a scene of many keys": lambda file: _scene(file, "{" + ",".join(f'"{i:x}":1' for i in range(4_000_000)) + "}"),
    "a scene of wide letters": lambda file: _scene(file, "[" + '"\U0001f600",' * 5_900_000 + "1]"),
    "a format of 400 MB": lambda file: file.attrs.create("format", "x" * (400 << 20), dtype=h5py.string_dtype()),
    "16384 x 16384 pixels": lambda file: _image(file, 16384),
    "four million rows": lambda file: _table(file, "calcifications", 1 << 22),
    "sixty-four million runs": lambda file: _table(file, "runs", 1 << 26),
    "a scene of 90 MB": lambda file: _scene(file, "[" + "[]," * 30_000_000 + "[]]"),
    "a scene of 24 MB": lambda file: _scene(file, "[" + "[]," * 8_000_000 + "[]]"),
    "an attribute of 400 MB": lambda file: file.attrs.create("dropped", "x" * (400 << 20), dtype=h5py.string_dtype()),
    "17,000 chunks": _many_chunks,
    "a run without a pixel": _empty_run,
}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("change", COSTLY.values(), ids=COSTLY.keys())
def test_what_is_refused_costs_little_memory_and_names_its_limit(change, data):
    _spoil(change)(data)
    code = "import sys; from phantom.dataset.verify import verify; found = verify(sys.argv[1]);"
    code += "print('\\n'.join(found));"
    code += (
        "print(next(int(line.split()[1]) // 1024 for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    out = subprocess.run([sys.executable, "-c", code, data], capture_output=True, text=True, check=True).stdout
    *problems, peak_mib = out.splitlines()
    assert any("cases/000000.h5" in problem for problem in problems)
    assert int(peak_mib) < 512 + 150  # beside what Python and its packages take themselves


def test_a_window_that_is_not_a_number_is_one_message(data, tmp_path, capsys):
    _spoil(_window)(data)
    assert cli.run(["export", str(data), "--to", "webdataset", "--out", str(tmp_path / "out")]) == 1
    assert "window is not a number" in capsys.readouterr().err


def _attribute(value):
    def change(file):
        attributes = next(iter(file["images"].values()))["for_presentation"].attrs
        del attributes["WindowCenter"]
        attributes["WindowCenter"] = value

    return change


@pytest.mark.parametrize("value", [[1.0, 2.0], "abc", np.inf], ids=str)
def test_a_window_is_one_number(value, data, capsys, tmp_path):
    _spoil(_attribute(value))(data)
    assert cli.run(["export", str(data), "--to", "coco", "--out", str(tmp_path / "out")]) == 1
    message = capsys.readouterr().err
    assert "its window is not a number" in message or "WindowCenter is a list" in message
    assert any("000000.h5: " in problem for problem in verify(data))


def test_a_seed_that_is_a_list_is_refused(data):
    def change(file):
        del file.attrs["seed"]
        file.attrs["seed"] = ["7", "7"]

    _spoil(change)(data)
    assert any("attribute seed is a list" in problem for problem in verify(data))


@pytest.mark.parametrize("kind", ["link", "pipe", "other"])
def test_tables_go_into_an_export_through_the_gate_only(kind, data, tmp_path, capsys):
    (tmp_path / "precious").write_text("a secret")
    table = data / "findings.csv"
    table.unlink()
    if kind == "link":
        table.symlink_to(tmp_path / "precious")
    elif kind == "pipe":
        os.mkfifo(table)
    else:
        table.write_text("a secret")
    assert cli.run(["export", str(data), "--to", "png", "--out", str(tmp_path / "out")]) == 1
    assert "findings.csv: " in capsys.readouterr().err
    assert not (tmp_path / "out/findings.csv").exists()


def test_as_much_memory_is_asked_for_as_the_file_has_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    tracemalloc.start()
    assert read_plain(tmp_path / "a", 1 << 30) == b"12345"
    assert tracemalloc.get_traced_memory()[1] < MIB
    tracemalloc.stop()


def test_a_manifest_of_wide_letters_is_refused_before_it_is_parsed(data):
    (data / "manifest.json").write_bytes(b'{"a": "' + b"x" * (100 << 20) + "\U0001f600".encode() + b'"}')
    (problem,) = verify(data)
    assert "at most 448 MiB are allowed" in problem


ITEMS = ["[]", "[ ]", "[1]", ' [1 , "]", {"a": [1, 2]}\n, 12345]\n', '["' + "x" * 3000 + '", ' + "1" * 4000 + "]"]


@pytest.mark.parametrize("text", ITEMS, ids=range(len(ITEMS)))
def test_the_items_of_a_list_one_by_one(text):
    assert list(parse_items(text)) == json.loads(text)


@pytest.mark.parametrize(
    "text", ["[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1] 2", "[NaN]", '["\\ud800"]', '["' + "x" * MAX_ITEM + '"]']
)
def test_what_is_no_list_is_refused_as_a_whole_text_is(text):
    with pytest.raises(ValueError, match=r"."):
        list(parse_items(text))


@given(damaged.values(["a", "b"]), st.sampled_from([None, 0, 1, "\t"]))
def test_items_of_any_list_are_those_of_the_whole(value, indent):
    text = json.dumps([value, value], indent=indent)
    if "NaN" in text or "Infinity" in text:
        return
    try:
        whole = parse_json(text)
    except ValueError:
        with pytest.raises(ValueError, match="surrogate"):
            list(parse_items(text))
    else:
        assert list(parse_items(text)) == whole


@pytest.mark.parametrize(
    "text", [b"x" * (8 << 20), b"\n" * (8 << 20), b"\xff" * (8 << 20)], ids=["one line", "no row", "no text"]
)
def test_a_table_that_is_none_is_not_read_whole(text, data):
    import phantom

    (data / "findings.csv").write_bytes((data / "findings.csv").read_bytes().partition(b"\n")[0] + b"\n" + text)
    manifest_with(data, lambda manifest: None)
    opened = phantom.open(data)
    tracemalloc.start()
    with pytest.raises(DatasetError, match=r"findings\.csv(, line \d|: not UTF-8)"):
        _ = opened.findings
    assert tracemalloc.get_traced_memory()[1] < MIB
    tracemalloc.stop()


def test_a_table_of_many_rows_is_what_its_lines_say(data):
    import phantom

    table = phantom.open(data).calcifications
    many = np.concatenate([table] * (BLOCK // len(table) + 2))
    assert len(many) > BLOCK
    assert np.array_equal(from_csv("calcifications", to_csv(many)), many)
