"""Any file of marks is read or refused in one message: COCO, CSV, score maps and CAD SRs, damaged in every way."""

from __future__ import annotations

import io
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import damaged
import fakes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import phantom
from phantom.dataset.format.key import key_of
from phantom.dataset.running.run import RunOptions, generate
from phantom.errors import PhantomError
from phantom.formats._export import export
from phantom.scoring.lesions import gather
from phantom.scoring.read import read

MESSAGE = 6000  # all mistakes at once, but not a page for each of a thousand
WORDS = [
    "image_id", "category_id", "bbox", "score", "segmentation", "keypoints", "size", "counts", "annotations", "images",
    "id", "file_name", "000000-L-CC", "000000-R-CC",
]  # fmt: skip
QUICK = settings(max_examples=25, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=1500, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Sound:
    """Good files of marks by their endings, what they are about, and a folder to write damaged ones to."""

    folder: Path
    images: Any
    key: str
    files: dict[str, bytes]

    def read(self, ending: str, data: bytes, stem: str | None = None) -> None:
        """Marks or one message: anything else is raised."""
        path = self.folder / f"{stem or self.images[0].image_id}{ending}"
        path.write_bytes(data)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of pydicom's, about values that are not what the standard says
                marks = read(path, self.images, key=self.key)
        except PhantomError as why:
            assert 10 < len(str(why)) < MESSAGE
            return
        assert np.isfinite(marks.rows["score"]).all()
        assert np.isfinite(marks.rows["x_px"]).all()
        assert np.isfinite(marks.rows["y_px"]).all()


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Sound:
    from PIL import Image

    pytest.importorskip("pydicom")
    folder = tmp_path_factory.mktemp("sound")
    recipe = fakes.FakeRecipe(rows=60, columns=100, dots=3)
    generate(recipe, 1, 1, folder / "data", RunOptions(make=fakes.simulate, workers=1))
    data = phantom.open(folder / "data")
    images = gather(data)
    export(data, "dicom", folder / "dicom")
    written = [path.read_bytes() for path in sorted((folder / "dicom").rglob("*.dcm"))]
    report = next(content for content in written if b"CS\x02\x00SR" in content[:3000])
    name, score = images[0].image_id, np.zeros(images[0].shape, np.float32)
    score[10:12, 20:22] = 0.7
    npy, png = io.BytesIO(), io.BytesIO()
    np.save(npy, score)
    Image.fromarray((score * 255).astype(np.uint8)).save(png, "PNG")
    boxes = [{"image_id": name, "category_id": 1, "bbox": [20, 10, 2, 2], "score": 0.5}] * 2
    files = {
        ".json": json.dumps(boxes).encode(), ".csv": f"image_id,x,y,score\n{name},20,10,0.5\n".encode(),
        ".npy": npy.getvalue(), ".png": png.getvalue(), ".dcm": report,
    }  # fmt: skip
    (folder / "marks").mkdir()
    found = Sound(folder / "marks", images, key_of(data.manifest), files)
    for ending, good in files.items():
        path = found.folder / f"{name}{ending}"
        path.write_bytes(good)
        assert len(read(path, images, key=found.key).rows)
    return found


VALUES = damaged.values(WORDS)
ENDINGS = [".json", ".csv", ".npy", ".png", ".dcm"]


@pytest.mark.parametrize("ending", ENDINGS)
@QUICK
@given(data=st.data())
def test_damaged_marks(sound, ending, data):
    sound.read(ending, data.draw(damaged.edits(sound.files[ending])))


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
@LONG
@given(data=st.data())
def test_damaged_marks_at_length(sound, ending, data):
    sound.read(ending, data.draw(damaged.edits(sound.files[ending])))


@QUICK
@given(value=damaged.values(WORDS))
def test_any_json(sound, value):
    sound.read(".json", json.dumps(value).encode())


@pytest.mark.slow
@LONG
@given(value=damaged.values(WORDS) | st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(WORDS, VALUES))))
def test_any_json_at_length(sound, value):
    sound.read(".json", json.dumps(value).encode())


CELLS = st.one_of(st.sampled_from([*WORDS, "x", "y", "0.5", "20", "nan", "1e999", "-0", '"', ""]), st.text(max_size=6))


@QUICK
@given(rows=st.lists(st.lists(CELLS, max_size=6), max_size=5), mark=st.sampled_from(",;\t"))
def test_any_table(sound, rows, mark):
    text = "\n".join(["image_id,x,y,score".replace(",", mark), *(mark.join(row) for row in rows)])
    sound.read(".csv", text.encode("utf-8", "surrogatepass"))


@pytest.mark.slow
@LONG
@given(rows=st.lists(st.lists(CELLS, max_size=6), max_size=5), mark=st.sampled_from(",;\t"))
def test_any_table_at_length(sound, rows, mark):
    sound.read(".csv", "\n".join(mark.join(row) for row in rows).encode("utf-8", "surrogatepass"))


def rewritten(report: bytes, data: st.DataObject) -> bytes:
    """The report with elements anywhere in its tree deleted, emptied, or given other values."""
    from pydicom import dcmread, dcmwrite

    tree = dcmread(io.BytesIO(report))
    places = []

    def visit(item: Any) -> None:
        for element in item:
            places.append((item, element.tag))
            for child in element.value if element.VR == "SQ" else ():
                visit(child)

    visit(tree)
    for item, tag in data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=4)):
        if tag not in item:
            continue
        how = data.draw(st.sampled_from(["delete", "empty", "other"]))
        if how == "delete":
            del item[tag]
        elif how == "empty" or item[tag].VR == "SQ":
            item[tag].value = [] if item[tag].VR == "SQ" else None
        else:
            numbers = st.sampled_from([float("nan"), 1e30, -1.0, 0.0]) | st.floats(-1e6, 1e6, width=32)
            words = st.sampled_from(["", "nan", "1e99", "129770007", "111010", "x", "1.2.3", "-5"])
            real = item[tag].VR in ("FL", "FD", "UL", "US", "SL", "SS")
            whole = item[tag].VR in ("UL", "US", "SL", "SS")
            some = st.integers(0, 60000) if whole else numbers if real else words
            item[tag].value = data.draw(some | st.lists(some, max_size=5))
    out = io.BytesIO()
    dcmwrite(out, tree, enforce_file_format=False)
    return out.getvalue()


def rewriting(sound: Sound, data: st.DataObject) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            report = rewritten(sound.files[".dcm"], data)
        except Exception:  # noqa: BLE001 (what pydicom does not write cannot be read either)
            return
    sound.read(".dcm", report)


@QUICK
@given(data=st.data())
def test_rewritten_reports(sound, data):
    rewriting(sound, data)


@pytest.mark.slow
@LONG
@given(data=st.data())
def test_rewritten_reports_at_length(sound, data):
    rewriting(sound, data)
