"""Exports: what real readers get back is what is in the dataset."""

from __future__ import annotations

import ast
import csv
import gzip
import hashlib
import io
import itertools
import json
import plistlib
import shutil
import subprocess
import tarfile
from pathlib import Path
from xml.etree import ElementTree as ET

import fakes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from phantom import formats, rle
from phantom.errors import PhantomError, UsageError
from phantom.formats import _datacard, _pixels, _tiles
from phantom.formats._export import export, file_name
from phantom.formats._folder import STAGING, STAMP
from phantom.formats._options import Options, settled


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return fakes.write_rich(tmp_path_factory.mktemp("toy") / "data")


@pytest.fixture(scope="module")
def exported(data, tmp_path_factory):
    """The folder of an export, made once."""
    known = {}

    def folder(name, **options):
        key = name, tuple(sorted(options.items()))
        if key not in known:
            known[key] = tmp_path_factory.mktemp(name) / "out"
            export(data, name, known[key], Options(**options))
        return known[key]

    return folder


def units_of(data, name):
    format_ = formats.get(name)
    return format_.units(data, settled(Options(), name, format_.OPTIONS))


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("name", formats.names())
def test_every_format_is_deterministic_and_goes_on_where_it_stopped(data, exported, tmp_path, name):
    pytest.importorskip("pydicom") if name in {"dicom", "inbreast"} else None
    first = content(exported(name))
    again = tmp_path / "again"
    steps = []
    done = export(data, name, again, progress=lambda n, of: steps.append((n, of)))
    assert steps[-1] == (done.written, done.written) == (len(data), len(data))  # images
    assert content(again) == first
    pieces = sorted(path for path in again.rglob("*") if path.is_file() and path.name != STAMP)
    pieces[-1].unlink()
    (again / f"{pieces[-1].name}.4711-0123abcd.part").write_bytes(b"half a file")
    (again / STAGING / "deep").mkdir(parents=True)
    (again / STAGING / "deep" / "half").write_bytes(b"half a file")
    finished = export(data, name, again)
    assert finished.written <= max(unit.images for unit in units_of(data, name))
    assert finished.written + finished.kept == len(data)
    assert content(again) == first


@pytest.mark.parametrize("name", formats.names())
def test_every_format_says_what_it_is(name):
    assert len(formats.describe(name)) > 20
    assert set(formats.get(name).OPTIONS) <= set(vars(Options()))


@pytest.mark.parametrize("name", ["coco", "yolo"])
@pytest.mark.parametrize("done", ["finished", "stopped"])
def test_overwriting_deletes_the_export_and_nothing_else(data, tmp_path, name, done, monkeypatch):
    out = tmp_path / "out"
    if done == "stopped":
        with monkeypatch.context() as patch:
            patch.setattr(formats.get(name), "finish", _stop)
            with pytest.raises(KeyboardInterrupt):
                export(data, name, out)
    else:
        export(data, name, out)
    (out / "images" / "weights.pt").write_text("a week of work")
    with pytest.raises(UsageError, match=r"did not write \(images/weights.pt\)"):
        export(data, name, out, Options(bits=8 if name == "coco" else 16), overwrite=True)
    assert (out / STAMP).exists()
    (out / "images" / "weights.pt").rename(tmp_path / "weights.pt")
    export(data, "png", out, overwrite=True)
    export(data, "png", tmp_path / "fresh")
    assert content(out) == content(tmp_path / "fresh")


def _stop(*_):
    raise KeyboardInterrupt


def test_an_export_that_was_killed_before_its_stamp_was_whole_is_begun_again(data, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f"{STAMP}.4711-0123abcd.part").write_bytes(b"{")
    export(data, "png", tmp_path / "out")
    export(data, "png", tmp_path / "fresh")
    assert content(tmp_path / "out") == content(tmp_path / "fresh")


def test_a_folder_that_holds_something_else_is_refused(data, tmp_path):
    export(data, "png", tmp_path / "out")
    with pytest.raises(UsageError, match="other options or other data"):
        export(data, "png", tmp_path / "out", Options(bits=8))
    export(data, "png", tmp_path / "out", Options(bits=8), overwrite=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="is not empty"):
            export(data, "png", tmp_path / "mine", overwrite=overwrite)
    assert (tmp_path / "mine" / "thesis.tex").exists()
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="not a folder"):
        export(data, "png", tmp_path / "file")


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("cocco", {}, "did you mean 'coco'"), ("png", {"tile": 512}, "--tile means nothing"), ("coco", {"tile": 64,
        "overlap": 64}, "smaller than"),
        ("coco", {"window": "wide"}, "--window must be"), ("coco", {"window": "1,0"}, "width of at least 1"), ("coco",
        {"window": "nan,5"}, "finite"),
    ],
)  # fmt: skip
def test_wrong_wishes_are_refused_before_anything_is_written(data, tmp_path, name, options, says):
    with pytest.raises(UsageError, match=says):
        export(data, name, tmp_path / "out", Options(**options))
    assert not (tmp_path / "out").exists()


def test_an_unwritable_place_is_one_message(data, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(PhantomError):
        export(data, "png", tmp_path / "file" / "out")


def test_the_command(data, tmp_path, capsys):
    from phantom.cli import run

    assert (
        run(["export", str(data.folder), "--to", "coco", "--out", str(tmp_path / "c"), "--bits", "16", "--json"]) == 0
    )
    assert json.loads(capsys.readouterr().out)["written"] == 8
    assert run(["export", str(data.folder), "--to", "coco", "--out", str(tmp_path / "c"), "--bits", "16"]) == 0
    assert "8 were there" in capsys.readouterr().out
    assert run(["export", str(data.folder), "--to", "pdf", "--out", str(tmp_path / "p")]) == 2
    assert run(["export", "--list"]) == 0
    assert "nnunet" in capsys.readouterr().out


# pixels


def test_sixteen_bits_fill_the_range_and_give_the_values_back():
    values = np.arange(4096, dtype=np.uint16)
    wide = _pixels.sixteen_bits(values)
    assert (wide[0], wide[-1]) == (0, 65535)
    assert np.array_equal(wide >> 4, values)
    assert (np.diff(wide.astype(int)) > 0).all()


def test_eight_bits_show_the_window():
    low, high = _pixels.window_of("1700,2200", 0, 0)
    shown = _pixels.eight_bits(np.array([0, 600, 601, 1700, 2799, 4095], np.uint16), low, high)
    assert shown[0] == shown[1] == 0
    assert shown[4] == shown[5] == 255
    # DICOM's linear window: ((x - (c - 0.5)) / (w - 1) + 0.5) * 255
    assert shown[3] == round(((1700 - 1699.5) / 2199 + 0.5) * 255)


@given(st.integers(1, 500), st.integers(1, 200), st.data())
def test_tiles_cover_everything_and_lie_inside(size, tile, draw):
    overlap = draw.draw(st.integers(0, tile - 1))
    starts = _tiles.starts(size, tile, overlap)
    side = min(tile, size)
    covered = np.zeros(size, int)
    for start in starts:
        assert 0 <= start <= size - side
        covered[start : start + side] += 1
    assert covered.min() >= 1
    assert (np.diff(starts) <= side - overlap).all()


@pytest.mark.parametrize("bits", [8, 16])
def test_png_images_and_labels(data, exported, bits):
    folder = exported("png", bits=bits, window="full")
    for image in data:
        pixels = np.asarray(Image.open(folder / "images" / f"{file_name(image.image_id)}.png"))
        if bits == 16:
            assert np.array_equal(pixels >> 4, image.for_presentation)
        else:
            assert np.abs(pixels.astype(float) * 4095 / 255 - image.for_presentation).max() <= 4095 / 255 / 2 + 1e-6
        labels = np.asarray(Image.open(folder / "labels" / f"{file_name(image.image_id)}.png"))
        assert np.array_equal(labels, image.labels)


# COCO

# pycocotools 2.0.11 hands NumPy 2 an array interface without the newest keyword
old_interface = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def size_of(path):
    with Image.open(path) as picture:
        return picture.size


def quiet(function, *arguments):
    import contextlib

    with contextlib.redirect_stdout(io.StringIO()):
        return function(*arguments)


@old_interface
def test_coco_masks_come_back_equal(data, exported):
    coco = quiet(pytest.importorskip("pycocotools.coco").COCO, str(exported("coco") / "annotations.json"))
    assert sorted(coco.getImgIds()) == list(range(1, len(data) + 1))
    for number, image in enumerate(data, start=1):
        stored = coco.loadImgs(number)[0]
        assert stored["image_id"] == image.image_id
        assert size_of(exported("coco") / stored["file_name"]) == (stored["width"], stored["height"])
        found = coco.loadAnns(coco.getAnnIds(number))
        assert len(found) == len(image.calcifications)
        for annotation, grain in zip(found, image.calcifications, strict=True):
            assert np.array_equal(coco.annToMask(annotation).astype(bool), grain.mask)
            assert annotation["bbox"] == list(grain.row.box_px)
            assert annotation["area"] == grain.mask.sum()
    assert coco.getAnnIds(1) == []
    assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == ["benign", "suspicious", "artefact"]
    assert {a["category_id"] for a in coco.loadAnns(coco.getAnnIds())} == set(coco.getCatIds())  # no dead class
    assert "year" not in coco.dataset["info"]


@old_interface
def test_coco_tiles_hold_the_same_pixels_and_masks(data, exported):
    folder = exported("coco", tile=100, overlap=30)
    coco = quiet(pytest.importorskip("pycocotools.coco").COCO, str(folder / "annotations.json"))
    whole = {image.image_id: image for image in data}
    seen = {
        image_id: np.zeros((len(image.calcifications), *image.for_presentation.shape), bool)
        for image_id, image in whole.items()
    }
    for stored in coco.loadImgs(coco.getImgIds()):
        image, x, y = whole[stored["image_id"]], stored["tile_x"], stored["tile_y"]
        ids = [grain.row.calcification_id for grain in image.calcifications]
        for annotation in coco.loadAnns(coco.getAnnIds(stored["id"])):
            number = ids.index(annotation["calcification_id"])
            mask = coco.annToMask(annotation).astype(bool)
            assert mask.any()
            assert np.array_equal(mask, image.calcifications[number].mask[y : y + 100, x : x + 100])
            seen[stored["image_id"]][number, y : y + 100, x : x + 100] |= mask
    for image_id, image in whole.items():
        assert np.array_equal(
            seen[image_id], np.array([g.mask for g in image.calcifications]).reshape(seen[image_id].shape)
        )


@old_interface
def test_coco_findings_and_keypoints(data, exported):
    coco = quiet(
        pytest.importorskip("pycocotools.coco").COCO, str(exported("coco", level="finding") / "annotations.json")
    )
    for number, image in enumerate(data, start=1):
        for annotation, finding in zip(coco.loadAnns(coco.getAnnIds(number)), image.findings, strict=True):
            assert annotation["bbox"] == list(finding.row.box_px)
            inside = coco.annToMask(annotation)
            assert inside.sum() == pytest.approx(annotation["area"], rel=0.25)
    points = json.loads((exported("coco", keypoints=True) / "annotations.json").read_text())
    grain = data[2].calcifications[0]
    assert points["annotations"][0]["keypoints"] == [grain.row.x_px + 0.5, grain.row.y_px + 0.5, 2]


def test_the_export_of_the_truth_scores_perfectly(data, exported, tmp_path):
    from phantom.scoring.lesions import gather
    from phantom.scoring.read import read
    from phantom.scoring.score import score

    images = gather(data)
    for options in ({}, {"tile": 100, "overlap": 30}):
        document = json.loads((exported("coco", **options) / "annotations.json").read_text())
        if not options:
            keys = ("image_id", "category_id", "bbox", "segmentation")
            results = [{**{key: a[key] for key in keys}, "score": 0.9} for a in document["annotations"]]
            (tmp_path / "r.json").write_text(json.dumps(results))
        else:
            scored = [{**a, "score": 0.9} for a in document["annotations"]]
            (tmp_path / "r.json").write_text(json.dumps({**document, "annotations": scored}))
        found = score(read(tmp_path / "r.json", images), images)
        if options:  # a mask cut by a tile's border has its middle elsewhere, but lies in the whole one
            assert found.sensitivity(0.125) >= 0.95
        else:
            assert found.sensitivity(0.125) == 1.0
            assert found.false_marks() == 0


# DICOM


def test_dicom_images_come_back_bit_equal_and_say_what_they_are(data, exported):
    pydicom = pytest.importorskip("pydicom")
    folder = exported("dicom")
    uids = set()
    for image in data:
        path = folder / f"{image.row.case:06d}" / f"{file_name(image.image_id)}.dcm"
        shown, raw = pydicom.dcmread(path), pydicom.dcmread(path.with_suffix(".raw.dcm"))
        assert np.array_equal(shown.pixel_array, image.for_presentation)
        assert np.array_equal(raw.pixel_array, image.for_processing)
        assert (shown.PresentationIntentType, raw.PresentationIntentType) == ("FOR PRESENTATION", "FOR PROCESSING")
        assert (shown.PhotometricInterpretation, raw.PhotometricInterpretation) == ("MONOCHROME2", "MONOCHROME1")
        assert shown.SyntheticData == "YES"
        assert str(shown.PatientName).startswith("SYNTHETIC")
        assert [float(s) for s in shown.PixelSpacing] == [image.row.pixel_spacing_mm] * 2
        assert shown.ImageLaterality == image.row.laterality
        assert shown.PatientOrientation[0] == {"L": "A", "R": "P"}[shown.ImageLaterality]
        uids |= {shown.SOPInstanceUID, raw.SOPInstanceUID}
    assert len(uids) == 2 * len(data)


def test_dicom_in_jpeg_ls_is_lossless(data, exported):
    pydicom = pytest.importorskip("pydicom")
    pytest.importorskip("jpeg_ls")
    folder = exported("dicom", compress="jpeg-ls", seg=False, sr=False)
    path = folder / "000002" / "000002-R-CC.dcm"
    assert np.array_equal(pydicom.dcmread(path).pixel_array, data["000002-R-CC"].for_presentation)


def test_highdicom_reads_the_segmentation(data, exported):
    highdicom = pytest.importorskip("highdicom")
    for image in data:
        path = exported("dicom") / f"{image.row.case:06d}" / f"{file_name(image.image_id)}.seg.dcm"
        if not image.findings:
            assert not path.exists()
            continue
        seg = highdicom.seg.segread(path)
        frames = np.atleast_3d(seg.pixel_array.reshape(-1, *image.for_presentation.shape))
        for number, finding in enumerate(image.findings):
            own_masks = [g.mask for g in image.calcifications if g.row.finding_id == finding.row.finding_id]
            assert np.array_equal(frames[number].astype(bool), np.any(own_masks, axis=0))
            assert seg.get_segment_description(number + 1).segment_label.endswith(finding.row.kind)


def test_the_cad_report_of_the_truth_scores_perfectly(data, exported, tmp_path):
    pytest.importorskip("pydicom")
    from phantom.dataset.format.key import key_of
    from phantom.scoring.lesions import gather
    from phantom.scoring.read import read
    from phantom.scoring.score import score

    for path in sorted(exported("dicom").rglob("cad.dcm")):
        shutil.copy(path, tmp_path / f"{path.parent.name}.dcm")
    images = gather(data)
    found = score(read(tmp_path, images, key=key_of(data.manifest)), images)
    assert found.sensitivity(0.125) == 1.0
    assert found.false_marks() == 0
    with pytest.raises(UsageError, match="is not in the dataset"):
        read(tmp_path, images, key="another")
    (tmp_path / "bad.dcm").write_bytes(b"no DICOM")
    with pytest.raises(UsageError, match="not a readable Mammography CAD SR"):
        read(tmp_path / "bad.dcm", images)
    image = next(exported("dicom").rglob("000001-L-CC.dcm"))
    with pytest.raises(UsageError, match="not a structured report"):
        read(image, images)


@pytest.mark.readers
@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy is not installed")
@pytest.mark.parametrize("tagged", [False, True])
def test_dciodvfy_finds_no_error(exported, tagged):
    pytest.importorskip("pydicom")
    for path in sorted(exported("dicom", synthetic_tag=tagged, quality_control=not tagged).rglob("*.dcm")):
        result = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False).stderr
        errors = [line for line in result.splitlines() if line.startswith("Error")]
        # the validator is too old to know Synthetic Data (0008,001C)
        assert all("0x0008,0x001c" in line.lower() for line in errors), (path, errors)
        assert len(errors) == tagged, (path, errors)


@pytest.mark.readers
@pytest.mark.skipif(shutil.which("dsrdump") is None, reason="dcmtk is not installed")
def test_dcmtk_reads_the_report(exported):
    pytest.importorskip("pydicom")
    for path in sorted(exported("dicom").rglob("cad.dcm")):
        result = subprocess.run(["dsrdump", str(path)], capture_output=True, text=True, check=True)
        assert "Mammography CAD SR Document" in result.stdout
        assert "E:" not in result.stderr


# the other formats


def test_yolo_boxes(data, exported):
    folder = exported("yolo", tile=120, overlap=20)
    yaml = (folder / "data.yaml").read_text()
    assert "0: benign" in yaml
    assert "path:" not in yaml  # then everything is looked for beside the file, from wherever it is read
    empties = 0
    for picture in sorted((folder / "images" / "train").glob("*.png")):
        width, height = size_of(picture)
        lines = (folder / "labels" / "train" / f"{picture.stem}.txt").read_text().splitlines()
        empties += not lines
        name, _, y = picture.stem.rpartition("_y")
        image_id, _, x = name.rpartition("_x")
        labels = data[image_id.replace("1p8", "1.8")].labels[int(y) : int(y) + height, int(x) : int(x) + width]
        covered = np.zeros((height, width), bool)
        for line in lines:
            cls, *sides = line.split()
            cx, cy, w, h = (float(side) for side in sides)
            assert cls in "012"
            x0, y0, x1, y1 = (
                round(v, 4)
                for v in ((cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height)
            )
            assert all(side == round(side) for side in (x0, y0, x1, y1))
            covered[int(y0) : int(y1), int(x0) : int(x1)] = True
        assert covered[labels > 0].all()
    assert empties


def test_nnunet_files_fit_together(data, exported):
    folder = exported("nnunet") / "Dataset501_Phantom"
    stored = json.loads((folder / "dataset.json").read_text())
    assert sorted(stored["labels"].values()) == [0, 1, 2, 3]
    assert stored["numTraining"] == len(list((folder / "imagesTr").glob("*_0000.png"))) == len(data)
    order = {"benign": 1, "suspicious": 2, "artefact": 3}
    for image in data:
        labels = np.asarray(Image.open(folder / "labelsTr" / f"{file_name(image.image_id)}.png"))
        assert np.array_equal(labels > 0, image.labels > 0)
        classes = {finding.row.finding_id: finding.row.class_ for finding in image.findings}
        for grain in image.calcifications:
            labelled = set(np.unique(labels[grain.mask]).tolist())
            assert order[classes[grain.row.finding_id]] in labelled


def test_imagefolder_lines(data, exported):
    folder = exported("imagefolder")
    lines = [json.loads(line) for line in (folder / "train" / "metadata.jsonl").read_text().splitlines()]
    assert [line["image_id"] for line in lines] == [image.image_id for image in data]
    for line, image in zip(lines, data, strict=True):
        assert next(iter(line)) == "file_name"
        assert (folder / "train" / line["file_name"]).is_file()
        assert len(line["objects"]["bbox"]) == len(line["objects"]["categories"]) == len(image.calcifications)
    assert "license: cc0-1.0" in (folder / "README.md").read_text()


def test_imagefolder_has_a_card_for_people_and_for_machines(data, tmp_path):
    export(data, "imagefolder", tmp_path / "out", Options(split="train=0.5,val=0.5"))
    card = (tmp_path / "out" / "README.md").read_text()
    assert "license: cc0-1.0" in card
    assert "  - split: validation\n    path: validation/**\n" in card
    assert "| congruence | not measured; `phantom compare" in card
    known = json.loads((tmp_path / "out" / "scorecard.json").read_text())
    assert set(known["data_quality_evaluation"]) == {
        "congruence", "coverage", "completeness", "consistency", "comprehension", "constraint", "compliance"
    }  # fmt: skip
    quality = known["data_quality_evaluation"]
    assert quality["coverage"]["view"]["counts"] == {"CC": 5, "MLO": 3}
    assert quality["constraint"] | {"more": ""} == {
        "measured": True, "calcifications": len(data.calcifications), "constraint_violation_rate": 0.0, "more": ""
    }  # fmt: skip
    shares = quality["consistency"]["visible_calcifications_by_density"]
    assert quality["consistency"]["maximum_minimum_difference"] == pytest.approx(
        max(shares.values()) - min(shares.values()), abs=1e-5
    )


def test_the_datacard_has_the_names_of_the_fdas_dictionary(data, exported):
    text = (exported("imagefolder") / "datacard.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert set(rows[0]) <= FDA_NAMES
    assert set(rows[0]) | set(_datacard.NO_PERSON) >= FDA_CORE
    assert [row["Image ID"] for row in rows] == data.images["image_id"].tolist()
    assert all(value for row in rows for value in row.values())
    assert [row["BIRADS"] for row in rows] == ["1", "1", "4B", "4B", "4B", "4B", "2", "4B"]


# of dm_metadata_dictionary.json, DIDSR/DataCard-Metadata (public domain)
FDA_CORE = {
    "Patient ID", "Patient Birth Date/Age", "Patient Sex", "History/Prior", "Race", "Ethnicity", "History/Family",
    "Marital status", "ZIP Code", "Study ID", "Study Date", "Study Time", "Modality", "Breast Orientation",
    "Laterality", "Image Type", "Image ID", "Image Dimension", "Resolution", "File Format", "Compression Type",
    "Bits Stored", "Pixel Spacing", "Manufacturer", "Manufacturer/Model",
    "Manufacturer/Year", "Manufacturer/Regulatory",
}  # fmt: skip
FDA_NAMES = FDA_CORE | {
    "Photometric Interpretation", "Pixel Padding Value", "Pixel Padding Range Limit", "Window Center", "Window Width",
    "Rescale Intercept", "Rescale Slope", "Window Center & Width Explanation", "Breast Density", "BIRADS", "Findings",
    "Finding location",
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_croissant_names_files_that_are_as_it_says(exported):
    folder = exported("imagefolder")
    known = json.loads((folder / "croissant.json").read_text())
    assert known["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    for entry in known["distribution"]:
        if entry["@type"] == "cr:FileObject":
            content = (folder / entry["contentUrl"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert sum(key.startswith("rai:") for key in known) > 10
    assert not any(" " in field["@id"] for records in known["recordSet"] for field in records["field"])


def inbreast_mask(path, shape):
    """The algorithm of the public loaders of INbreast's XML."""
    polygon = pytest.importorskip("skimage.draw").polygon
    masks = []
    content = plistlib.loads(path.read_bytes())["Images"][0]
    assert content["NumberOfROIs"] == len(content["ROIs"])
    for region in content["ROIs"]:
        points = [tuple(float(n) for n in point.strip("()").split(",")) for point in region["Point_px"]]
        assert region["NumberOfPoints"] == len(points)
        mask = np.zeros(shape, bool)
        if len(points) <= 2:
            for x, y in points:
                mask[int(y), int(x)] = True
        else:
            mask[polygon(np.array([y for _, y in points]), np.array([x for x, _ in points]), shape=shape)] = True
        masks.append(mask)
    return masks


def sibling(element, key):
    """The value after a key, as readers do that know XML but no property lists."""
    children = list(element)
    return next(value for name, value in itertools.pairwise(children) if name.text == key)


def by_elements(path):
    """Every outline's points."""
    image = sibling(ET.parse(path).getroot().find("dict"), "Images").find("dict")
    regions = list(sibling(image, "ROIs"))
    assert int(sibling(image, "NumberOfROIs").text) == len(regions)
    assert all(sibling(region, "Name").text == "Calcification" for region in regions)
    return [[point.text for point in sibling(region, "Point_px")] for region in regions]


@pytest.mark.parametrize(
    "number",
    [
        ast.literal_eval,  # public readers evaluate a point as Python, or take it apart in one of these ways
        lambda point: tuple(float(n) for n in point.strip("()").split(",")),
        lambda point: tuple(float(n) for n in point.strip("()").split(", ")),
        lambda point: (float(point.split(",")[0][1:]), float(point.split(",")[1][:-1])),
    ],
)
def test_however_public_readers_parse_inbreasts_points_they_get_the_same(data, exported, number):
    for path, image in zip(sorted((exported("inbreast") / "AllXML").glob("*.xml")), data, strict=True):
        regions = by_elements(path)
        assert len(regions) == len(image.calcifications)
        for points, grain in zip(regions, image.calcifications, strict=True):
            expected = rle.outline(grain.runs, image.row.columns)
            assert np.allclose([number(point) for point in points], expected, atol=1e-6)


def test_inbreast_loaders_get_the_masks_exactly(data, exported):
    folder = exported("inbreast")
    rows = list(csv.DictReader(io.StringIO((folder / "INbreast.csv").read_text()), delimiter=";"))
    assert [row["Bi-Rads"] for row in rows] == ["1", "1", "4b", "4b", "4b", "4b", "2", "4b"]
    for row, image in zip(rows, data, strict=True):
        number = row["File Name"]
        dicom = list((folder / "AllDICOMs").glob(f"{number}_*_MG_{row['Laterality']}_*_ANON.dcm"))
        assert len(dicom) == 1
        masks = inbreast_mask(folder / "AllXML" / f"{number}.xml", image.for_presentation.shape)
        for mask, grain in zip(masks, image.calcifications, strict=True):
            assert np.array_equal(mask, grain.mask)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 11)), min_size=1, max_size=60))
def test_any_mask_is_one_polygon(places):
    mask = np.zeros((12, 14), bool)
    for y, x in places:
        mask[y + 1, x + 1] = True
    points = np.array(rle.outline(rle.from_pixels(np.flatnonzero(mask)), 14))
    v, u = np.mgrid[:12, :14]
    inside = np.zeros(mask.shape, bool)
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
        if y0 != y1:  # even-odd rule
            crosses = (y0 > v) != (y1 > v)
            inside ^= crosses & (u < (x1 - x0) * (v - y0) / (y1 - y0) + x0)
    assert np.array_equal(inside, mask)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("bits", [8, 16])
def test_webdataset_shards(data, exported, bits):
    folder = exported("webdataset", shard=3, bits=bits)
    names = []
    for shard in sorted(folder.glob("*.tar")):
        with tarfile.open(shard) as archive:
            names += archive.getnames()
            assert all(entry.mtime == 0 for entry in archive)
    keys = list(dict.fromkeys(name.split(".")[0] for name in names))
    assert keys == [file_name(image.image_id) for image in data]
    webdataset = pytest.importorskip("webdataset")
    shards = [str(path) for path in sorted(folder.glob("*.tar"))]
    for sample, image in zip(webdataset.WebDataset(shards, shardshuffle=False), data, strict=True):
        assert np.array_equal(np.load(io.BytesIO(gzip.decompress(sample["labels.npy.gz"]))), image.labels)
        if bits == 16:
            assert np.array_equal(np.load(io.BytesIO(sample["image.npy"])), image.for_presentation)
        assert json.loads(sample["json"])["n_calcifications"] == len(image.calcifications)


def test_monai_lists(data, exported):
    folder = exported("monai")
    pairs = json.loads((folder / "datalist.json").read_text())["training"]
    boxes = json.loads((folder / "detection.json").read_text())["training"]
    for pair, stored, image in zip(pairs, boxes, data, strict=True):
        assert (folder / pair["image"]).is_file()
        assert (folder / pair["label"]).is_file()
        assert len(stored["box"]) == len(stored["label"]) == len(image.calcifications)
        for box, grain in zip(stored["box"], image.calcifications, strict=True):
            rows, columns = np.nonzero(grain.mask)
            assert box == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_nifti_files_keep_values_and_spacing(data, tmp_path):
    nibabel = pytest.importorskip("nibabel")
    export(data, "monai", tmp_path / "out", Options(nifti=True))
    for pair, image in zip(json.loads((tmp_path / "out" / "datalist.json").read_text())["training"], data, strict=True):
        there = nibabel.load(tmp_path / "out" / pair["image"])
        labels = nibabel.load(tmp_path / "out" / pair["label"])
        assert np.array_equal(np.asarray(there.dataobj)[:, :, 0].T, image.for_presentation)
        assert np.array_equal(np.asarray(labels.dataobj)[:, :, 0].T > 0, image.labels > 0)
        assert there.header.get_zooms()[:2] == pytest.approx([image.row.pixel_spacing_mm] * 2)
        assert there.header.get_xyzt_units()[0] == "mm"


def test_a_split_is_kept(tmp_path):
    import phantom
    from phantom.dataset.running.run import RunOptions, generate

    generate(
        fakes.RICH,
        cases=4,
        out=tmp_path / "data",
        options=RunOptions(workers=1, make=fakes.make_rich, split={"train": 0.5, "val": 0.25, "test": 0.25}),
    )
    split = phantom.open(tmp_path / "data")
    of = dict(zip(split.images["image_id"].tolist(), split.images["split"].tolist(), strict=True))
    export(split, "yolo", tmp_path / "yolo")
    for image_id, part in of.items():
        assert list((tmp_path / "yolo" / "images" / part).glob(f"{file_name(image_id)}_x*.png"))
    export(split, "coco", tmp_path / "coco")
    for part in set(of.values()) if len(set(of.values())) > 1 else ():
        stored = json.loads((tmp_path / "coco" / f"annotations-{part}.json").read_text())
        assert {image["image_id"] for image in stored["images"]} == {i for i, p in of.items() if p == part}


@pytest.mark.parametrize(
    ("split", "val", "note"),
    [
        ("", "train", "nothing is held out"),
        ("train=0.5,val=0.5", "val", None),
        ("train=0.5,test=0.5", "test", "the part `test` stands for it"),
        ("train=1", "train", "nothing is held out"),
    ],
)
def test_yolo_says_what_it_validates_with(data, tmp_path, split, val, note):
    done = export(data, "yolo", tmp_path / "out", Options(split=split or None))
    yaml = (tmp_path / "out" / "data.yaml").read_text()
    assert f"\nval: images/{val}\n" in yaml
    assert ("nothing is held out" in yaml) == (val == "train")
    assert bool(done.notes) == bool(note)
    assert not note or note in done.notes[0]


def test_a_split_can_be_made_at_the_door_woman_by_woman(data, tmp_path):
    export(data, "coco", tmp_path / "out", Options(split="train=0.5,val=0.5"))
    women = []
    for part in ("train", "val"):
        stored = json.loads((tmp_path / "out" / f"annotations-{part}.json").read_text())
        women.append({data[image["image_id"]].row.woman_id for image in stored["images"]})
    assert all(women)
    assert not women[0] & women[1]
    with pytest.raises(UsageError, match="4 women are too few, b would be empty"):
        export(data, "coco", tmp_path / "none", Options(split="a=0.98,b=0.01,c=0.01"))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["coco", "webdataset"])
def test_any_number_of_workers_writes_the_same_files(data, exported, tmp_path, name):
    steps = []
    export(data, name, tmp_path / "two", Options(shard=3) if name == "webdataset" else None, workers=2,
           progress=lambda n, of: steps.append((n, of)))  # fmt: skip
    assert content(tmp_path / "two") == content(exported(name, shard=3) if name == "webdataset" else exported(name))
    assert steps[-1][0] == steps[-1][1] == len(data)


def test_paths_stay_inside(exported):
    for name in ("png", "coco", "yolo"):
        assert all(Path(path).parts[0] != ".." for path in content(exported(name)))


def many(preset, seed, index):
    from phantom.exam.case import Case

    return Case(
        0, (fakes.crowd("000000-R-MLO", 2000, (700, 500)), fakes.rich("000000-R-CC+mag1.8")),
        {"recipe": preset.resolved()},
    )  # fmt: skip


@pytest.mark.slow
@old_interface
def test_two_thousand_grains_come_back_equal(tmp_path):
    import phantom
    from phantom.dataset.running.run import RunOptions, generate

    generate(fakes.RICH, cases=1, out=tmp_path / "data", options=RunOptions(workers=1, make=many))
    crowded = phantom.open(tmp_path / "data")
    coco = pytest.importorskip("pycocotools.coco")
    highdicom = pytest.importorskip("highdicom")
    for name in ("coco", "dicom", "inbreast"):
        export(crowded, name, tmp_path / name)
    read = quiet(coco.COCO, str(tmp_path / "coco" / "annotations.json"))
    image = crowded["000000-R-MLO"]
    number = crowded.images["image_id"].tolist().index(image.image_id) + 1
    for annotation, grain in zip(read.loadAnns(read.getAnnIds(number)), image.calcifications, strict=True):
        assert np.array_equal(read.annToMask(annotation).astype(bool), grain.mask)
    seg = highdicom.seg.segread(tmp_path / "dicom" / "000000" / "000000-R-MLO.seg.dcm")
    assert np.array_equal(np.squeeze(seg.pixel_array).astype(bool), image.labels > 0)
    xml = sorted((tmp_path / "inbreast" / "AllXML").glob("*.xml"))[number - 1]
    for mask, grain in zip(inbreast_mask(xml, image.for_presentation.shape), image.calcifications, strict=True):
        assert np.array_equal(mask, grain.mask)
