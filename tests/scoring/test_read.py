"""Marks from files: every form reads back as it was meant, and malformed ones are refused in plain words."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import fakes
import numpy as np
import pytest
from fakes import of_truth

from phantom import rle
from phantom.errors import PhantomError, UsageError
from phantom.scoring import plot, rjafroc, xlsx
from phantom.scoring.lesions import gather
from phantom.scoring.read import LARGEST_BYTES, read
from phantom.scoring.score import score


@pytest.fixture(scope="module")
def images():
    return gather(fakes.rich_views())


def put(path, value):
    path.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
    return path


def coco(images, by_id=True, **keys):
    """Results as pycocotools reads them: a mark a calcification of the truth, without the artefacts."""
    out = []
    for i, truth in enumerate(images, start=1):
        artefacts = truth.findings["finding_id"][truth.findings["class"] == "artefact"]
        for c, runs in zip(truth.calcifications, truth.runs, strict=True):
            if c["finding_id"] in artefacts:
                continue
            mark = {"image_id": truth.image_id if by_id else i, "category_id": 1, "score": 0.5}
            if "segmentation" in keys:
                counts = rle.coco_counts(runs, truth.shape)
                mark["segmentation"] = {
                    "size": list(truth.shape),
                    "counts": rle.coco_text(counts) if keys["segmentation"] else counts,
                }
            elif "keypoints" in keys:
                mark["keypoints"] = [c["x_px"] + 0.5, c["y_px"] + 0.5, 2]
            else:
                mark["bbox"] = [int(c[f"box_{k}_px"]) for k in "xywh"]
            out.append(mark)
    return out


@pytest.mark.parametrize("by_id", [True, False])
@pytest.mark.parametrize("keys", [{}, {"segmentation": True}, {"segmentation": False}, {"keypoints": True}])
def test_coco_results_of_the_truth_are_perfect(images, tmp_path, by_id, keys):
    found = score(read(put(tmp_path / "marks.json", coco(images, by_id, **keys)), images), images)
    assert found.sensitivity(0.125) == 1.0
    assert found.false_marks() == 0


def test_csv_in_its_forms(images, tmp_path):
    name = images[2].image_id
    tables = [
        "image_id,x,y,score\n{0},70,100,0.5\n",
        "file_name;xmin;ymin;xmax;ymax;confidence\n{0}.png;69;99;72;102;0.5\n",
        "case_id\tbox_x\tbox_y\tbox_w\tbox_h\tscore\tlabel\n{0}\t69\t99\t3\t3\t0.5\tSuspicious\n",
    ]
    for i, table in enumerate(tables):
        rows = read(put(tmp_path / f"{i}.csv", table.format(name)), images).rows
        assert rows[["image", "x_px", "y_px", "score"]].tolist() == [(2, 70.0, 100.0, 0.5)]
    assert rows["label"].tolist() == ["suspicious"]


def test_score_maps_give_their_maxima(images, tmp_path):
    from PIL import Image

    truth = images[2]
    values = np.zeros(truth.shape, np.float32)
    values[100, 70], values[163, 52:55], values[163, 56], values[10, 10] = 0.9, 0.5, 0.4, -1.0
    np.save(tmp_path / f"{truth.image_id}.npy", values)
    rows = read(tmp_path, images).rows
    # the plateau's middle; the lower value 0.2 mm away is no mark of its own
    assert rows[["image", "x_px", "y_px"]].tolist() == [(2, 70.0, 100.0), (2, 53.0, 163.0)]
    assert rows["score"].tolist() == pytest.approx([0.9, 0.5])
    (tmp_path / f"{truth.image_id}.npy").unlink()
    Image.fromarray((np.clip(values, 0, 1) * 65535).astype(np.uint16)).save(tmp_path / f"{truth.image_id}.png")
    assert read(tmp_path, images).rows["score"].tolist() == pytest.approx([0.9, 0.5], abs=2e-5)


BAD_COCO = {
    "nan": ('[{"image_id": 1, "score": NaN, "bbox": [1, 1, 2, 2]}]', "NaN is not a number"),
    "negative": ([{"image_id": 1, "score": 1, "bbox": [10, 10, -2, 2]}], "negative size"),
    "unknown id": ([{"image_id": 99, "score": 1, "bbox": [1, 1, 2, 2]}], "'99' is not in the dataset"),
    "unknown name": ([{"image_id": "000001-R-CC", "score": 1, "bbox": [1, 1, 2, 2]}], "did you mean"),
    "no score": ([{"image_id": 1, "bbox": [1, 1, 2, 2]}], "score must be a number"),
    "text score": ([{"image_id": 1, "score": "high", "bbox": [1, 1, 2, 2]}], "score must be a number"),
    "short box": ([{"image_id": 1, "score": 1, "bbox": [1, 2, 3]}], "bbox must be"),
    "no place": ([{"image_id": 1, "score": 1}], "neither bbox"),
    "outside": ([{"image_id": 1, "score": 1, "bbox": [5000, 1, 2, 2]}], "lies outside"),
    "infinite": ('[{"image_id": 1, "score": 1e999, "bbox": [1, 1, 2, 2]}]', "not finite"),
    "huge number": ('[{"image_id": 1, "score": 1' + "0" * 400 + ', "bbox": [1, 1, 2, 2]}]', "too large"),
    "nested": ("[" * 200_000, "nested"),
    "not json": ("{oops", "not JSON"),
    "no list": ({"hello": 1}, "list of marks"),
    "no object": ([[1, 2]], "is no object"),
    "bad mask": (
        [{"image_id": 1, "score": 1, "segmentation": {"size": [260, 200], "counts": "zzz\x01"}}],
        "segmentation",
    ),
    "other mask": ([{"image_id": 1, "score": 1, "segmentation": {"size": [26, 20], "counts": [520]}}], "with size"),
    "huge mask": (
        [{"image_id": 1, "score": 1, "segmentation": {"size": [260, 200], "counts": [10**15, 1]}}],
        "do not fill",
    ),
    "empty mask": ([{"image_id": 1, "score": 1, "segmentation": {"size": [260, 200], "counts": [52000]}}], "is empty"),
}


@pytest.mark.parametrize("name", BAD_COCO)
def test_malformed_coco_is_refused_in_plain_words(images, tmp_path, name):
    text, says = BAD_COCO[name]
    with pytest.raises(UsageError, match=says) as why:
        read(put(tmp_path / "marks.json", text), images)
    assert why.value.exit_code == 2
    assert str(tmp_path) in str(why.value)


BAD_CSV = {
    "nan": ("image_id,x,y,score\n000001-L-CC,1,2,nan\n", "not finite"),
    "header": ("a,b\n1,2\n", "the header must name"),
    "empty": ("", "the header must name"),
    "short": ("image_id,x,y,score\n000001-L-CC,1\n", "fewer than the header"),
    "text": ("image_id,x,y,score\n000001-L-CC,left,2,1\n", "x must be a number"),
    "box": ("image_id,xmin,ymin,xmax,ymax,score\n000001-L-CC,50,50,40,60,1\n", "negative size"),
}


@pytest.mark.parametrize("name", BAD_CSV)
def test_malformed_tables_are_refused_in_plain_words(images, tmp_path, name):
    text, says = BAD_CSV[name]
    with pytest.raises(UsageError, match=says):
        read(put(tmp_path / "marks.csv", text), images)


def test_all_mistakes_come_at_once(images, tmp_path):
    rows = "".join(f"00000{i}-X-CC,1,2,1\n" for i in range(8))
    with pytest.raises(UsageError, match="8 problems") as why:
        read(put(tmp_path / "marks.csv", "image_id,x,y,score\n" + rows), images)
    assert "and 3 more" in str(why.value)


def test_other_files_are_refused(images, tmp_path):
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(1 << 30)
    assert LARGEST_BYTES < 1 << 30
    np.save(tmp_path / f"{images[0].image_id}.npy", np.zeros((3, 3)))
    (tmp_path / "empty").mkdir()
    (tmp_path / "noise.json").write_bytes(bytes(range(256)))
    (tmp_path / "noise.csv").write_bytes(bytes(range(128, 256)))
    for path, says in [
        (huge, "too large for marks"), (tmp_path / "none.json", "there is no such"), (tmp_path / "empty",
        "no score map"),
        (tmp_path / f"{images[0].image_id}.npy", "not the shape"), (tmp_path / "noise.json", "not JSON"),
        (tmp_path / "noise.csv", "not UTF-8"),
    ]:  # fmt: skip
        with pytest.raises(UsageError, match=says):
            read(path, images)
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY garbage")
    with pytest.raises(UsageError, match="is not in the dataset"):
        read(tmp_path / "a.npy", images)
    (tmp_path / f"{images[1].image_id}.npy").write_bytes(b"\x93NUMPY garbage")
    with pytest.raises(UsageError, match="not a NumPy array"):
        read(tmp_path / f"{images[1].image_id}.npy", images)


@pytest.mark.parametrize("name", ["ratings.xlsx", "ratings"])
def test_rjafroc_tables_come_back(images, tmp_path, name):
    rng = np.random.default_rng(1)
    whole = of_truth(images).grains
    whole["score"] = rng.random(len(whole))
    shifted = whole.copy()
    shifted["x_px"] += rng.uniform(-12, 12, len(whole))
    shifted["box"] = np.nan
    marks = type(of_truth(images))(shifted, "shifted")
    found = score(marks, images).main.ratings
    assert 0 < np.isfinite(found.lesion_rating).sum() < found.lesions
    rjafroc.write(tmp_path / name, {("1", "1"): found})
    back = rjafroc.read(tmp_path / name)[("1", "1")]
    # a workbook keeps 15 digits
    assert back.lesion_rating == pytest.approx(found.lesion_rating, rel=1e-14)
    assert sorted(back.fp_rating) == pytest.approx(sorted(found.fp_rating), rel=1e-14)
    assert back.positive.sum() == found.positive.sum()
    from phantom.scoring import froc

    assert froc.summary(back) == pytest.approx(froc.summary(found))


def test_workbooks_come_back_and_foreign_ones_are_refused(tmp_path):
    tables = {"Truth": [["CaseID", "a & b"], [1, 0.25]]}
    assert xlsx.unpack(xlsx.pack(tables)) == {"Truth": [["CaseID", "a & b"], ["1", "0.25"]]}
    (tmp_path / "no.xlsx").write_bytes(b"PK nothing")
    with pytest.raises(UsageError, match="not RJafroc's tables"):
        rjafroc.read(tmp_path / "no.xlsx")
    (tmp_path / "other.xlsx").write_bytes(xlsx.pack(tables))
    with pytest.raises(UsageError, match="has no column LesionID"):
        rjafroc.read(tmp_path / "other.xlsx")


def test_a_plot_shows_the_curve_and_is_the_same_again():
    curve = SimpleNamespace(false=np.array([0.0, 0.5, 40.0]), sensitivity=np.array([0.25, 0.75, 1.0]))
    false, sensitivity = plot.steps(curve)
    assert false.tolist() == [1 / 16, 1 / 16, 0.5, 16]
    assert sensitivity.tolist() == [0, 0.25, 0.75, 0.75]
    none = np.zeros(0)
    plain = {"a": plot.Drawn(curve, none, none, none)}
    assert plot.svg(plain) == plot.svg(plain)
    assert plot.svg(plain).startswith("<svg")
    assert plot.picture(plain, "png").startswith(b"\x89PNG")
    assert 'id="band"' not in plot.svg(plain)


def test_a_plot_has_a_band_a_title_and_an_operating_point():
    pytest.importorskip("matplotlib")
    images = gather(fakes.rich_views())
    whole = of_truth(images)
    found = score(type(whole)(whole.grains, whole.source), images)
    drawn = plot.drawn({"a": found.main.ratings}, at=2.0, resamples=20)
    assert drawn["a"].low.shape == drawn["a"].rates.shape
    assert (drawn["a"].high >= drawn["a"].low).all()
    picture = plot.svg(drawn, "finds all of it")
    for part in ('id="band"', 'id="point"', "finds all of it"):
        assert part in picture


@pytest.mark.parametrize(
    ("module", "use"),
    [("matplotlib", lambda: plot.picture({}, "png")), ("openpyxl", lambda: xlsx.pack({"a": []}))],
)
def test_what_an_absent_extra_is_needed_for_and_how_to_get_it(monkeypatch, module, use):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(PhantomError, match=rf"{module}: pip install "):
        use()


def test_the_command(tmp_path):
    from click.testing import CliRunner

    from phantom.cli import run
    from phantom.cli.score import command

    fakes.write_rich(tmp_path / "data")
    marks = put(tmp_path / "marks.json", coco(gather(fakes.rich_views()), by_id=False))
    worse = put(tmp_path / "worse.csv", "image_id,x,y,score\n000001-L-CC,70,100,0.5\n")
    out = CliRunner().invoke(
        command,
        [str(tmp_path / "data"), str(marks), "--against", str(worse), "--json", "--bootstrap", "20", "--plot",
        str(tmp_path / "f.svg"),
         "--rjafroc", str(tmp_path / "r.xlsx")],
    )  # fmt: skip
    assert out.exit_code == 0, out.output
    report = json.loads(out.stdout)
    assert [p["sensitivity"] for p in report["levels"]["calcification"]["froc_per_image"]] == [1.0] * 7
    drawn = (tmp_path / "f.svg").read_text()
    assert all(name in drawn for name in ("false marks per image", "marks.json", "worse.csv"))
    assert set(rjafroc.read(tmp_path / "r.xlsx")) == {("1", "1"), ("2", "1")}
    shown = CliRunner().invoke(
        command, [str(tmp_path / "data"), str(worse), "--plot", str(tmp_path / "f.png"), "--bootstrap", "20"]
    )
    assert shown.exit_code == 0
    assert "7 of 8 images have no mark" in shown.stdout
    brief = shown.stdout.splitlines()
    assert "finds 1 % of calcifications (0 to 3) at 1 false mark per image" in brief[0]
    assert len(brief) < 30
    assert max(map(len, brief[1:])) <= 110
    assert "95 % interval" not in shown.stdout
    full = CliRunner().invoke(
        command, [str(tmp_path / "data"), str(worse), "--full", "--bootstrap", "20", "--html", str(tmp_path / "s.html")]
    )
    assert full.exit_code == 0, full.output
    for part in ("95 % interval", "by diameter_mm", "COCO's average precision", "note: "):
        assert part in full.stdout
    page = (tmp_path / "s.html").read_text("utf-8")
    assert "<svg" in page
    assert page.count("<img") == 24  # the plainest misses; there is no false mark
    assert "There are none." in page
    assert brief[0].partition(": ")[2] in page
    assert 'src="http' not in page
    assert "<script" not in page
    put(worse, "image_id,x,y,score\n000009-L-CC,70,100,0.5\n")
    assert run(["score", str(tmp_path / "data"), str(worse)]) == 2
    assert run(["score", str(tmp_path / "nothing"), str(worse)]) == 2


def test_rle_is_pycocotools_own(images):
    mask_tools = pytest.importorskip("pycocotools.mask")
    for truth in images:
        for runs in truth.runs:
            counts = rle.coco_counts(runs, truth.shape)
            theirs = mask_tools.encode(np.asfortranarray(rle.mask(runs, truth.shape), np.uint8))
            assert theirs["counts"].decode() == rle.coco_text(counts)
            assert rle.from_coco_text(rle.coco_text(counts)) == counts
            assert np.array_equal(rle.from_coco_counts(counts, truth.shape), runs)


def test_coco_ap_is_no_measure_for_specks():
    """What the report says of it: a perfect detector off by one pixel."""
    coco_tools = pytest.importorskip("pycocotools.coco")
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    import contextlib
    import io

    rng = np.random.default_rng(0)
    boxes = [[float(x), float(y), 3.0, 3.0] for x, y in rng.integers(0, 900, (30, 2))]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco_tools.COCO()
        truth.dataset = {
            "images": [{"id": 1, "width": 1000, "height": 1000}], "categories": [{"id": 1, "name": "calcification"}],
            "annotations": [{"id": i + 1, "image_id": 1, "category_id": 1, "bbox": b, "area": 9.0,
            "iscrowd": 0} for i, b in enumerate(boxes)],
        }  # fmt: skip
        truth.createIndex()
        marks = truth.loadRes(
            [{"image_id": 1, "category_id": 1, "bbox": [b[0] + 1, b[1] + 1, 3.0, 3.0], "score": 0.9} for b in boxes]
        )
        judge = evaluation.COCOeval(truth, marks, "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    assert judge.stats[0] < 0.01


@pytest.mark.parametrize(
    ("categories", "labels"), [([1, 1], ["", ""]), ([None, None], ["", ""]), ([1, 2], ["benign", "suspicious"])]
)
def test_coco_results_of_one_category_are_meant_for_any_calcification(images, tmp_path, categories, labels):
    marks = [
        {"image_id": images[2].image_id, "bbox": [60, 90, 4, 4], "score": 0.5, **({"category_id": c} if c else {})}
        for c in categories
    ]
    (tmp_path / "r.json").write_text(json.dumps(marks))
    assert read(tmp_path / "r.json", images).rows["label"].tolist() == labels
