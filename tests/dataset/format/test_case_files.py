"""A case file holds what the layout promises, in the same bytes every time."""

from __future__ import annotations

import json
import re
import time
import zlib
from dataclasses import replace
from pathlib import Path

import fakes
import h5py
import numpy as np
import pytest
from hostile import HOSTILE, HOSTILE_TABLES, image_group, replaced

from phantom import tables
from phantom.dataset.format import case_writer, hdf5_checks
from phantom.dataset.format.case_writer import encode, write_array, write_case
from phantom.dataset.format.columns import from_csv, pack, to_csv
from phantom.errors import DatasetError, Unwritable
from phantom.tables import ImageRow, rows_of

RECIPE = fakes.FakeRecipe(raw=True)


@pytest.fixture(scope="module")
def case():
    return fakes.simulate(RECIPE, 3, 1)


@pytest.fixture
def path(case, tmp_path):
    write_case(case, tmp_path / "000001.h5", {"seed": "3"})
    return tmp_path / "000001.h5"


def test_the_same_case_gives_the_same_bytes_at_another_time(case):
    first = encode(case)
    time.sleep(1.1)  # HDF5's time stamps have a resolution of one second
    assert encode(case) == first


def test_any_hdf5_reader_finds_the_arrays_as_they_were(case, path):
    with h5py.File(path) as file:
        for view in case.views:
            group = file[f"images/{view.image_id[7:]}"]
            for name in hdf5_checks.ARRAYS:
                wanted = getattr(view, name)
                assert np.array_equal(group[name][()], wanted), name
                assert group[name].chunks == (256, 200)
                assert group[name].compression == "gzip"
                assert group[name].compression_opts == 1
                assert group[name].shuffle
            shown = group["for_presentation"]
            assert shown.attrs["PixelSpacing"].tolist() == [0.28, 0.28]
            assert shown.attrs["PhotometricInterpretation"] == "MONOCHROME2"
            assert shown.attrs["BitsStored"] == 12
            assert shown.attrs["ViewPosition"] == view.row.view
            assert shown.attrs["ImageLaterality"] == view.row.laterality
        assert json.loads(file["scene"][()]) == case.scene
        assert file.attrs["seed"] == "3"


def test_a_case_that_the_installed_h5py_cannot_read_back_never_gets_its_name(case, tmp_path, monkeypatch):
    monkeypatch.setattr(case_writer, "encode", lambda *args: encode(*args)[:-5000])
    with pytest.raises(DatasetError, match=r"000001\.h5: "):
        write_case(case, tmp_path / "000001.h5")
    assert list(tmp_path.iterdir()) == []


def test_large_images_are_stored_in_chunks_of_256_and_only_where_there_is_something(tmp_path):
    recipe = fakes.FakeRecipe(rows=1100, columns=700)
    case = fakes.simulate(recipe, 1, 0)
    write_case(case, tmp_path / "c.h5")
    with h5py.File(tmp_path / "c.h5") as file:
        labels = file[f"images/{case.views[0].image_id[7:]}/labels"]
        assert labels.chunks == (256, 256)
        assert labels.id.get_num_chunks() == 1  # all dots lie within 30 rows of the middle, left of column 90
        assert np.array_equal(labels[()], case.views[0].labels)
        assert np.array_equal(
            file[f"images/{case.views[0].image_id[7:]}/for_presentation"][()], case.views[0].for_presentation
        )


ARRAYS = {
    "noise": lambda rng: rng.normal(1200, 60, (600, 300)),
    "steps": lambda rng: (
        np.add.outer(np.arange(600), np.arange(300)) // 8 * 37
    ),  # low bytes as even as noise's, in runs
    "flat": lambda rng: np.full((600, 300), 16383),
    "flat and noise": lambda rng: np.where(np.arange(300) < 90, 3, rng.normal(9000, 90, (600, 300))),
    "tiny": lambda rng: rng.integers(0, 4096, (3, 5)),
    "two values": lambda rng: rng.integers(0, 2, (600, 300)) * 4095,
}


@pytest.mark.parametrize("dtype", ["u2", "u1"])
@pytest.mark.parametrize("name", ARRAYS)
def test_whatever_is_in_an_array_any_reader_gets_it_back_and_it_is_as_small_as_plain_deflate_makes_it(name, dtype):
    array = ARRAYS[name](np.random.default_rng(1)).astype(dtype)
    chunk = min(256, array.shape[0]), min(256, array.shape[1])
    with h5py.File("any", "w", driver="core", backing_store=False) as file:
        ours = write_array(file.create_group("ours"), "array", array)
        plain = file.create_dataset(
            "plain", data=array, chunks=chunk, shuffle=True, compression="gzip", compression_opts=1
        )
        assert np.array_equal(ours[()], array)
        # or nearly: what repeats, except runs, is not looked for
        assert ours.id.get_storage_size() <= max(1.02 * plain.id.get_storage_size() + 2000, 0.4 * array.nbytes)


def test_a_recipe_that_does_not_keep_the_image_for_processing_has_none(tmp_path):
    case = fakes.simulate(fakes.FakeRecipe(raw=False), 3, 1)
    write_case(case, tmp_path / "c.h5")
    with h5py.File(tmp_path / "c.h5") as file:
        assert "for_processing" not in file[f"images/{case.views[0].image_id[7:]}"]


def test_tables_are_compound_with_the_columns_of_the_contract(case, path):
    with h5py.File(path) as file:
        for name in tables.TABLES:
            stored = file[f"truth/{name}"]
            assert stored.dtype.names == tables.dtype_of(name).names
            assert not stored.dtype.hasobject
        grains = file["truth/calcifications"][()]
        runs = file["truth/runs"][()]
        assert runs.dtype.names == ("start", "length")
        listed = [grain for view in sorted(case.views, key=lambda v: v.image_id) for grain in view.calcifications]
        assert len(listed) == len(grains) == 24
        for record, grain in zip(grains, listed, strict=True):
            found = runs[record["run_offset"] : record["run_offset"] + record["run_count"]]
            assert np.array_equal(np.stack([found["start"], found["length"]], 1), grain.runs)
            assert record["image_id"].decode() == grain.row.image_id[7:]
            assert record["contrast"] == grain.row.contrast


@pytest.mark.parametrize("name", tables.TABLES)
def test_a_table_survives_hdf5_to_the_last_bit_and_csv_to_six_digits(name, case, path):
    with hdf5_checks.open_case(path) as file:
        table = hdf5_checks.table(file, name, 1)
    assert table.dtype == tables.dtype_of(name)
    if name in ("images", "objects"):
        rows = [view.row for view in case.views] if name == "images" else [o.row for v in case.views for o in v.objects]
        assert table.tolist() == pack(tables.ROWS[name], rows).tolist()
    text = to_csv(table)
    again = from_csv(name, text)
    assert again.dtype == table.dtype
    for column in table.dtype.names:
        if table.dtype[column].kind == "f":
            assert again[column] == pytest.approx(table[column], rel=5e-6), column
        else:
            assert again[column].tolist() == table[column].tolist(), column
    assert to_csv(again) == text
    digits = [re.sub(r"e.*|\D", "", cell).lstrip("0") for line in text.splitlines()[1:] for cell in line.split(",")
              if re.fullmatch(r"-?[\d.]+(e[-+]\d+)?", cell) and "." in cell]  # fmt: skip
    assert max(map(len, digits), default=0) <= 6


def test_nothing_inside_a_case_file_depends_on_the_cases_number(case):
    later = fakes.simulate(replace(RECIPE, dots=3), 7, 41)
    rows = [replace(view.row, image_id=f"000002-{view.image_id[7:]}", case=2) for view in later.views]
    moved = replace(later, index=2, views=tuple(
        replace(view, image_id=row.image_id, row=row, **{
            name: tuple(replace(one, row=replace(one.row, image_id=row.image_id)) for one in getattr(view, name))
            for name in ("findings", "calcifications", "objects")
        })
        for view, row in zip(later.views, rows, strict=True)
    ))  # fmt: skip
    assert encode(moved) == encode(later)
    assert len(later.views[0].calcifications) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"density": float("nan")}, "density"),
        ({"view": "OBLIQUE"}, "view"),
        ({"rows": -1}, "rows"),
        ({"tube_kv": float("inf")}, "tube_kv"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_and_not_cut(case, change, message):
    with pytest.raises(ValueError, match=message):
        pack(ImageRow, [replace(case.views[0].row, **change)])


def test_an_optional_column_is_there_for_every_row_or_for_none(case):
    rows = [view.row for view in case.views]
    assert "sweep" not in pack(ImageRow, rows).dtype.names
    swept = [replace(row, sweep="dose", sweep_value="2") for row in rows]
    assert pack(ImageRow, swept)["sweep_value"].tolist() == ["2", "2"]
    with pytest.raises(ValueError, match=r"images\.sweep"):
        pack(ImageRow, [swept[0], *rows[1:]])


def test_pixels_beyond_12_bits_are_refused(case):
    view = case.views[0]
    bad = replace(view, for_presentation=view.for_presentation + np.uint16(4000))
    with pytest.raises(ValueError, match="4095"):
        encode(replace(case, views=(bad,)))


def test_a_folder_that_is_not_there_is_named_and_nothing_is_left(case, tmp_path):
    with pytest.raises(Unwritable, match="nowhere"):
        write_case(case, tmp_path / "nowhere" / "c.h5")
    assert list(tmp_path.iterdir()) == []


def _hostile(tmp_path: Path, change) -> Path:
    path = tmp_path / "hostile.h5"
    write_case(fakes.simulate(RECIPE, 3, 1), path)
    with h5py.File(path, "r+") as file:
        change(file)
    return path


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_arrays_are_refused_before_they_are_read(change, tmp_path):
    path = _hostile(tmp_path, change)
    with hdf5_checks.translated(path), hdf5_checks.open_case(path) as file:
        image_id = next(iter(file["images"]))
        with pytest.raises(DatasetError):
            _ = [hdf5_checks.array(file, f"000001-{image_id}", name) for name in hdf5_checks.ARRAYS]


@pytest.mark.parametrize("change", HOSTILE_TABLES.values(), ids=HOSTILE_TABLES.keys())
def test_hostile_tables_are_refused_before_they_are_read(change, tmp_path):
    path = _hostile(tmp_path, change)
    with hdf5_checks.open_case(path) as file, pytest.raises(DatasetError):
        hdf5_checks.table(file, "runs", 1)


def test_a_table_with_texts_of_any_length_is_refused(tmp_path):
    wide = np.dtype([("image_id", h5py.string_dtype())])
    path = _hostile(tmp_path, replaced("images", data=np.array([("x",)], wide)))
    with hdf5_checks.open_case(path) as file, pytest.raises(DatasetError):
        hdf5_checks.table(file, "images", 1)


def test_a_chunk_that_inflates_without_bound_is_refused(tmp_path):
    def bomb(file: h5py.File) -> None:
        data = image_group(file)["for_presentation"]
        data.id.write_direct_chunk((0, 0), zlib.compress(b"\0" * (1 << 24), 0))

    path = _hostile(tmp_path, bomb)
    with hdf5_checks.open_case(path) as file, pytest.raises(DatasetError, match="larger than its pixels"):
        hdf5_checks.array(file, f"000001-{next(iter(file['images']))}", "for_presentation")


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "not an HDF5"), (b"hello" * 100, "not an HDF5"), (None, "truncated")],
    ids=["empty", "text", "truncated"],
)
def test_what_is_no_case_file_is_named_for_what_it_is(data, message, path):
    path.write_bytes(path.read_bytes()[:-5000] if data is None else data)
    with pytest.raises(DatasetError, match=message) as caught:
        hdf5_checks.open_case(path)
    assert str(path) in str(caught.value)


def test_links_and_missing_files_are_refused(path):
    link = path.with_name("link.h5")
    link.symlink_to(path)
    with pytest.raises(DatasetError, match="link"):
        hdf5_checks.open_case(link)
    with pytest.raises(DatasetError, match="missing"):
        hdf5_checks.open_case(path.with_name("none.h5"))


def test_rows_become_plain_values(case):
    (row,) = rows_of(ImageRow, pack(ImageRow, [case.views[0].row]))
    assert row == case.views[0].row
    assert {type(v) for v in row.as_dict().values()} <= {str, int, float, bool}
    assert row.as_dict()["class"] == row.class_
