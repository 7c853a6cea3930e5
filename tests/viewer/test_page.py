"""What is written of the page, without a browser, and the contact sheets."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import json
import re
import zlib
from dataclasses import replace
from importlib.resources import files

import fakes
import numpy as np
import pytest
from PIL import Image

from phantom.scoring.froc import froc
from phantom.scoring.lesions import gather
from phantom.scoring.marks import Raw, check
from phantom.scoring.match import Rules, match
from phantom.scoring.score import score
from phantom.viewer import crops, payload
from phantom.viewer.columns import Table
from phantom.viewer.detector import FATES, matched, packed
from phantom.viewer.page import write
from phantom.viewer.sheets import CLOSE_UP, close_up, sheets


@pytest.fixture(scope="module")
def views():
    return fakes.rich_views(20)


def index_of(path):
    return json.loads(re.search(r'id="index">(.*?)</script>', path.read_text("utf-8"), re.S)[1])


def column(table, name):
    cells = table["columns"][name]
    return [cells["words"][code] for code in cells["codes"]] if isinstance(cells, dict) else cells


def marks_of(views, name="a"):
    """Every second calcification found, and a false mark in every image."""
    raw = []
    for view in views:
        raw += [
            Raw("", view.image_id, float(g.row.x_px), float(g.row.y_px), 0.9 - 0.02 * i)
            for i, g in enumerate(view.calcifications[::2])
        ]
        raw.append(Raw("", view.image_id, 30.0, 40.0, 0.3))
    images = gather(views)
    return matched(name, check(raw, images, name), images), match(check(raw, images, name), images, Rules())


def test_the_page_is_one_file_without_a_network(views, tmp_path):
    assert write(views, tmp_path / "page.html", "<a & b>") == [tmp_path / "page.html"]
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "<title>&lt;a &amp; b&gt;</title>" in page
    assert not re.search(r"<[^>]+(src|href)=[\"']?(https?:)?//", page)
    assert not re.search(r"@(title|css|js|d3|licence|index|payloads)@", page)
    assert column(index_of(tmp_path / "page.html")["images"], "image_id") == [view.image_id for view in views]
    write(views, tmp_path / "again.html", "<a & b>")
    assert (tmp_path / "again.html").read_text("utf-8") == page


def test_the_library_comes_with_its_licence_and_as_it_was_published(views, tmp_path):
    write(views[:1], tmp_path / "page.html", "one")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "Copyright 2010-2026 Mike Bostock" in page
    assert "permission notice appear in all copies" in page
    vendor = files("phantom.viewer").joinpath("vendor")
    recorded = json.loads(vendor.joinpath("package.json").read_text("utf-8"))
    for name, digest in recorded["phantom"]["sha256"].items():
        assert hashlib.sha256(vendor.joinpath(name).read_bytes()).hexdigest() == digest


def test_many_images_lie_beside_the_page(views, tmp_path):
    written = write(views, tmp_path / "page.html", "many", most_pixels=1000)
    assert written == [tmp_path / "page.html", tmp_path / "page-files"]
    for name, ending in (("truth", "js"), ("pixels", "js"), ("thumbnails", "jpg")):
        assert len(list((tmp_path / "page-files" / name).glob(f"*.{ending}"))) == len(views)
    findings = sum(len(view.findings) for view in views)
    assert len(list((tmp_path / "page-files" / "findings").glob("*.jpg"))) == findings
    index = index_of(tmp_path / "page.html")
    assert index["pictures"] == {}
    assert len(json.dumps(index)) < 1000 * len(views)


def test_pixels_come_back_as_they_were(views):
    planes = zlib.decompress(base64.b64decode(payload.pixels(views[2])))
    low, high = np.frombuffer(planes, np.uint8).reshape(2, -1).astype(np.uint16)
    assert np.array_equal((low | high << 8).reshape(views[2].for_presentation.shape), views[2].for_presentation)


def test_the_breast_is_what_is_shown(views):
    x, y, w, h = payload.breast_box(views[0])
    inside = np.zeros(views[0].for_presentation.shape, bool)
    inside[y : y + h, x : x + w] = True
    assert not views[0].for_presentation[~inside].any()
    assert views[0].for_presentation[y, x : x + w].any()
    assert views[0].for_presentation[y : y + h, x + w - 1].any()


def test_words_from_the_data_cannot_break_out_of_the_page(tmp_path):
    view = fakes.rich("000001-L-CC")
    finding, grain = view.findings[0], view.calcifications[0]
    finding = replace(finding, row=replace(finding.row, cause="</script><script>alert(1)</script><!--"))
    grain = replace(grain, row=replace(grain.row, material="</script><script>alert(2)</script>"))
    view = replace(view, findings=(finding,), calcifications=(grain,))
    write([view], tmp_path / "page.html", "hostile")
    assert "<script>alert" not in (tmp_path / "page.html").read_text("utf-8")


def test_columns_are_by_name_and_what_is_not_there_is_left_out():
    table = Table(("kind", "extent_mm", "woman_id"))
    table.add({"kind": "rim", "extent_mm": np.float64("nan"), "other": 3})
    table.add({"kind": "rim", "extent_mm": 1.23456789})
    assert table.packed() == {
        "length": 2,
        "columns": {"kind": {"words": ["rim"], "codes": [0, 0]}, "extent_mm": [None, 1.234568]},
    }


def test_a_detector_is_shown_as_it_is_scored(views):
    detector, found = marks_of(views)
    index = packed(detector, lambda image, finding: 100 * image + finding)
    fates = np.array([FATES[fate] for fate in index["marks"]["fate"]])
    assert (fates == "false").sum() == len(found.ratings.fp_rating)
    assert (fates == "ignored").sum() == found.dont_care
    assert len(fates) == len(found.mark_rows)
    rated = [rating for rating in index["lesions"]["rating"] if rating is not None]
    assert sorted(rated) == pytest.approx(sorted(found.ratings.lesion_rating[found.ratings.lesion_rating > -1]))
    curve = froc(found.ratings)
    assert index["curve"]["false"] == pytest.approx(curve.false, rel=1e-8)
    assert index["curve"]["sensitivity"] == pytest.approx(curve.sensitivity, rel=1e-8)
    assert index["start"] == pytest.approx(curve.at(1.0)[1])
    # each lesion is of the finding its calcification belongs to
    images = gather(views)
    for row, i, grain in zip(index["lesions"]["finding"], found.ratings.lesion_image, found.lesion_row, strict=True):
        assert row == 100 * i + images[i].calcifications["finding_id"][grain]


def test_a_detector_of_findings_is_shown_as_it_is_scored(views):
    raw = []
    for view in views:
        for i, f in enumerate(view.findings):
            box = tuple(float(getattr(f.row, name)) for name in ("box_x_px", "box_y_px", "box_w_px", "box_h_px"))
            raw.append(Raw("", view.image_id, f.row.x_px, f.row.y_px, 0.9 - 0.1 * i, box, region=True))
        raw.append(Raw("", view.image_id, 20.0, 210.0, 0.2, (10.0, 202.0, 16.0, 16.0), region=True))
    images = gather(views)
    marks = check(raw, images, "boxes")
    detector, main = matched("boxes", marks, images), score(marks, images).main
    index = packed(detector, lambda image, finding: 100 * image + finding)
    assert index["lesion"] == "findings"
    assert index["marks"]["fate"].count(FATES.index("false")) == len(main.ratings.fp_rating)
    assert sorted(c for c in column({"columns": index["marks"]}, "cause") if c) == sorted(main.causes)
    assert len(index["lesions"]["rating"]) == main.ratings.lesions
    asked = [f for view in views for f in view.findings if f.row.class_ != "artefact"]
    assert index["marks"]["fate"].count(FATES.index("hit")) == len(asked)
    surest = index["marks"]["box"][index["marks"]["image"].index(2)]
    assert surest[2:] == [getattr(views[2].findings[0].row, name) for name in ("box_w_px", "box_h_px")]
    assert [len(crops.of_marks(views[2], detector, crops.surest_false(detector, 2)))] == [2]  # residue, background


def test_the_surest_false_marks_are_pictured(views):
    detector, _ = marks_of(views)
    for number in range(len(views)):
        chosen = crops.surest_false(detector, number)
        assert 1 <= len(chosen) <= crops.MOST_FALSE
        assert all(detector.marks["image"][i] == number for i in chosen)
        assert all(FATES[detector.marks["fate"][i]] == "false" for i in chosen)


def test_a_crop_is_about_its_place():
    view = fakes.view("000001-L-CC", [], [], (600, 500))
    pixels = view.for_presentation.copy()
    pixels[300, 200] = 4095
    view = dataclasses.replace(view, for_presentation=pixels)
    picture = np.asarray(Image.open(io.BytesIO(crops.crop(view, 200.0, 300.0, 10.0))))
    assert picture.shape == (crops.CROP_PX, crops.CROP_PX)
    row, column = np.unravel_index(picture.argmax(), picture.shape)
    assert abs(row - crops.CROP_PX // 2) <= 1
    assert abs(column - crops.CROP_PX // 2) <= 1


def test_contact_sheets_hold_every_image_and_finding(views, tmp_path):
    names = [path.name for path in sheets(views, tmp_path)]
    findings = sum(len(view.findings) for view in views)
    assert names == ["sheet-000.png", *(f"close-ups-{i:03d}.png" for i in range(-(-findings // 12)))]
    part = close_up(views[2], 100.0, 100.0)
    assert part.shape == (CLOSE_UP, CLOSE_UP)
    grey = ((views[2].for_presentation[100, 90] - 1699.5) / 2199 + 0.5) * 255  # the window of DICOM PS3.3 C.11.2.1.2.1
    assert part[CLOSE_UP // 2, CLOSE_UP // 2 - 10] == np.rint(np.clip(grey, 0, 255))
    assert part[0].max() == 0


def test_the_command(tmp_path, phantom_):
    fakes.write_rich(tmp_path / "data")
    for name, sure in (("a", 0.9), ("b", 0.8)):
        text = f"image_id,x,y,score\n000001-L-CC,70,100,{sure}\n000001-L-CC,100,200,0.4\n"
        (tmp_path / f"{name}.csv").write_text(text)
    marks = [tmp_path / "a.csv", tmp_path / "b.csv"]
    code, out, _ = phantom_("view", tmp_path / "data", "--marks", marks[0], "--marks", marks[1])
    assert code == 0
    assert out.split() == [str(tmp_path / "data-view.html")]
    detectors = index_of(tmp_path / "data-view.html")["detectors"]
    assert [one["name"] for one in detectors] == ["a", "b"]
    assert [sorted(FATES[fate] for fate in one["marks"]["fate"]) for one in detectors] == [["false", "hit"]] * 2
    code, out, _ = phantom_("view", tmp_path / "data", "--png", "--json")
    assert code == 0
    assert str(tmp_path / "data-sheets" / "sheet-000.png") in json.loads(out)["written"]
    assert (tmp_path / "data-sheets" / "sheet-000.png").is_file()


def test_three_detectors_are_too_many(tmp_path, phantom_):
    code, _, err = phantom_("view", tmp_path, *["--marks", tmp_path / "a.csv"] * 3)
    assert code == 2
    assert "at most 2" in err
