"""Python as people expect it: a function for every command, images and datasets that behave."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import phantom
from phantom.dataset import selection
from phantom.errors import RecipeError, UsageError

QUICK = {"detector.binning": 16}
COMMANDS = {path.stem for path in (Path(phantom.__file__).parent / "cli").glob("[a-z]*.py")}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    halves = {"train": 0.5, "val": 0.5}
    return phantom.generate("vascular", folder / "data", cases=2, seed=3, workers=1, split=halves, **QUICK)


@pytest.mark.parametrize("name", sorted(COMMANDS - {"qa", "schema"}))
def test_every_command_has_a_function(name):
    assert callable(getattr(phantom, name))
    assert name in phantom.__all__


def test_kinds_take_hyphens_and_lists(data):
    known = {name: len(data.filter(kind=name)) for name in ("vascular", "fine-linear")}
    assert known == {"vascular": len(set(data.findings["image_id"])), "fine-linear": 0}
    assert len(data.filter(kind=["fine-linear", "vascular"])) == known["vascular"]
    assert selection._spelled("fine-linear") == selection._spelled(["fine_linear"]) == ["fine_linear"]


def test_completion_shows_what_is_public_and_nothing_else():
    code = "import phantom; print(*dir(phantom)); import phantom.insert.run, phantom.compare; print(*dir(phantom))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    first, second = (set(line.split()) for line in out.splitlines())
    assert first == second == set(phantom.__all__)


def test_a_room_that_is_imported_is_still_the_function():
    import phantom.compare.report
    import phantom.insert.run

    assert callable(phantom.insert)
    assert callable(phantom.compare)
    with pytest.raises(UsageError, match="no such file"):
        phantom.insert("nowhere", "round")
    with pytest.raises(UsageError, match="did you mean 'spacing_mm'"):
        phantom.insert("nowhere", "round", spacing=0.1)


def test_a_dataset_is_made_and_opened(data):
    assert len(data) == 4
    assert (data[0].pixel_spacing_mm, data[0].view) == (pytest.approx(16 * 0.07), "CC")
    assert data[0].laterality in "LR"
    assert phantom.verify(data) == []
    assert phantom.info(data)["images"] == 4


def test_a_dataset_behaves_as_a_collection(data):
    name = data[1].image_id
    assert name in data
    assert data[1] in data
    assert "000099-L-CC" not in data
    assert [image.image_id for image in data[1:3]] == [data[1].image_id, data[2].image_id]
    with phantom.open(data.folder) as again:
        assert len(again) == 4
    assert repr(data).count("\n") == 0


def test_some_of_a_dataset(data):
    cc = data.filter(view="CC")
    assert [image.view for image in cc] == ["CC", "CC"]
    assert len(data.filter(view=["CC", "MLO"])) == 4
    assert len(data.filter(kind="vascular")) == len(set(data.findings["image_id"]))
    assert len(data.filter(kind="rim")) == len(data.filter(kind="vascular", class_="suspicious")) == 0
    train, val = (data.filter(split=name) for name in ("train", "val"))
    assert len(train) == len(val) == 2
    assert set(train.calcifications["image_id"]) <= {image.image_id for image in train}
    assert len(train.filter(view="CC")) == 1
    assert train[0].image_id in train
    assert val[0] not in train
    with pytest.raises(UsageError, match="did you mean 'view'"):
        data.filter(vew="CC")


def test_tables_go_to_pandas(data):
    pytest.importorskip("pandas")
    table = data.filter(view="CC").to_pandas("images")
    assert list(table["view"]) == ["CC", "CC"]
    assert data.to_pandas().shape[0] == len(data.calcifications)
    with pytest.raises(UsageError, match="did you mean 'findings'"):
        data.to_pandas("finding")


def test_nothing_is_changed_by_accident(data):
    image = data[0]
    made = phantom.simulate("normal", seed=1, **QUICK, **{"exam.views": ["CC"]}).views[0]
    for pixels in (image.for_presentation, image.labels, image.breast_mask, made.for_presentation, made.breast_mask):
        with pytest.raises(ValueError, match="read-only"):
            pixels[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        data.images["age"] = 3
    changed = image.for_presentation.copy()
    changed[0, 0] = 1


def test_truth_tells_its_kind_and_box(data):
    image = next(image for image in data if image.findings)
    finding, grain = image.findings[0], image.calcifications[0]
    assert finding.kind == grain.kind == "vascular"
    x, y, w, h = grain.box
    rows, columns = np.nonzero(grain.mask)
    assert (x, y, w, h) == (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
    for one in (image, finding, grain, data, data.manifest, phantom.presets("round")):
        assert len(repr(one)) < 400 or one is data.manifest


def test_an_image_shows_itself_in_a_notebook(data):
    import io

    from PIL import Image

    image = next(image for image in data if image.findings)
    picture = np.asarray(Image.open(io.BytesIO(image._repr_png_())))
    assert picture.shape == (*image.for_presentation.shape, 3)
    coloured = picture.min(axis=2) != picture.max(axis=2)
    assert coloured.any()  # the outlines; the image itself is grey
    assert image.image_id in image._repr_html_()
    assert "data:image/png;base64," in image._repr_html_()


def test_an_image_is_plotted_in_millimetres(data):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    image = next(image for image in data if image.findings)
    axes = image.plot(Figure().add_subplot())
    left, right = axes.get_xlim()
    assert right - left == pytest.approx(image.row.columns * image.pixel_spacing_mm)
    assert len(axes.lines) == len(image.findings)
    assert axes.get_title() == image.image_id


def test_recipes_are_changed_by_keywords():
    plain = phantom.presets("round")
    changed = plain.with_(anatomy={"density": 0.3}, **{"detector.binning": 4, "finding[0].kind": "rim"})
    assert (changed.anatomy.density.lo, changed.detector.binning) == (0.3, 4)
    assert (changed.finding[0].kind, plain.finding[0].kind) == ("rim", "round")
    with pytest.raises(RecipeError, match="did you mean 'density'"):
        plain.with_(anatomy={"densty": 0.3})
    with pytest.raises(RecipeError, match=r"exam\.views"):
        phantom.simulate("round", **{"exam.views": ["XX"]})


def test_marks_are_scored(data, tmp_path):
    lines = ["image_id,x,y,score"]
    for image in data:
        lines += [f"{image.image_id},{g.center_px[0]},{g.center_px[1]},1" for g in image.calcifications]
    (tmp_path / "marks.csv").write_text("\n".join(lines) + "\n")
    found = phantom.score(data, tmp_path / "marks.csv")
    assert found.sensitivity(1.0) > 0.8
    assert repr(found).startswith("<Score of marks.csv: finds ")
    assert "marks.csv: finds " in str(found)
    assert "--full" not in str(found)
    assert len(str(found).splitlines()) < 40
    assert found.as_dict()["levels"]["calcification"]["operating_point"]["sensitivity"] == found.sensitivity(1.0)
    with pytest.raises(UsageError, match="did you mean 'finding'"):
        phantom.score(data, tmp_path / "marks.csv", level="findings")


def test_the_rest_is_there_too(data, tmp_path):
    assert (phantom.export(data, "coco", tmp_path / "coco") / "annotations.json").is_file()
    with pytest.raises(UsageError, match="did you mean 'bits'"):
        phantom.export(data, "coco", bit=8)
    assert phantom.view(data, tmp_path / "page.html").is_file()
    assert "round" in phantom.presets()
    assert "rim" in phantom.kinds()
    assert phantom.kinds("rim").__doc__
    assert phantom.detectors("ge-senographe-pristina").pitch_mm == 0.1
    again = phantom.rerender(data, tmp_path / "again", dose_factor=2, workers=1, changes={"exam.twins": ["clean"]})
    assert len(again) == 8
    both = phantom.merge([data, again], tmp_path / "both", paired=True)
    assert len(both) == 12
    with pytest.raises(UsageError, match="nothing to compare"):  # of so large pixels no grain is visible
        phantom.observe(again, tmp_path / "observe.html", pairs=4)
