"""Calcifications put into pictures: into our clean twins, which tell what should come out, and as a dataset."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import phantom
from phantom import cli
from phantom.dataset.merge import merge
from phantom.dataset.verify import verify
from phantom.exam import preset as presets
from phantom.exam import scene as scenes
from phantom.exam.acquisition import position_breast
from phantom.exam.case import case_seed
from phantom.exam.render import place_calcifications
from phantom.insert import blend, growth, truth
from phantom.insert.estimate import estimate
from phantom.insert.fit import fitted
from phantom.insert.inputs import Source
from phantom.insert.placing import placed_in
from phantom.insert.unit import named, offset_dn, unit_of
from phantom.recipe.seed import Seed

pytest.importorskip("pydicom")

RECIPE = """
name = "self"
description = "Grown with and without its calcifications."
[anatomy]
density = 0.15
[detector]
name = "{detector}"
binning = {binning}
[exam]
views = {views}
breasts = ["R"]
twins = ["clean"]
keep_for_processing = true
[[finding]]
kind = "round"
distribution = "{distribution}"
[[finding]]
kind = "coarse_heterogeneous"
"""
SEED = 5


@pytest.fixture(scope="session")
def grown(tmp_path_factory):
    """The recipe and the DICOM export of one woman, made once for each machine."""
    known = {}

    def make(detector="hologic-selenia-dimensions", binning=4, views=("CC",), distribution="grouped"):
        key = detector, binning, views, distribution
        if key not in known:
            folder = tmp_path_factory.mktemp("grown")
            recipe = folder / "self.toml"
            given = {"detector": detector, "binning": binning, "views": json.dumps(views), "distribution": distribution}
            recipe.write_text(RECIPE.format(**given))
            arguments = ["--preset", str(recipe), "--cases", "1", "--seed", str(SEED), "--workers", "1"]
            assert cli.run(["generate", *arguments, "--out", str(folder / "data")]) == 0
            assert (
                cli.run(
                    [
                        "export",
                        str(folder / "data"),
                        "--to",
                        "dicom",
                        "--no-seg",
                        "--no-sr",
                        "--out",
                        str(folder / "dcm"),
                    ]
                )
                == 0
            )
            known[key] = recipe, folder / "dcm" / "000000"
        return known[key]

    return make


def laid(recipe, folder, end):
    """The calcifications of the grown scene where they lie in it, and its clean twin ready to take them."""
    preset = presets.load(str(recipe))
    scene = scenes.grow(preset, case_seed(preset.name, SEED, 0), 0)
    (view,) = scene.views
    acquisition = position_breast(scene, view)
    placed = place_calcifications(scene, view, acquisition.pressed, acquisition.frame.field)
    clean, _ = Source(str(folder / f"000000-R-CC+clean{end}")).read()
    name = named(clean.header.manufacturer, clean.header.model)
    found = estimate(clean, offset_dn(name) if clean.linear else 0.0)
    return placed, blend.canvas(clean, found, unit_of(clean, found.thickness_mm, 0.15))


def compared(recipe, folder, end):
    """Mean change over each grain's mask, as inserted into the clean twin and as grown, and where both are centred."""
    placed, on = laid(recipe, folder, end)
    clean, full = on.picture, Source(str(folder / f"000000-R-CC{end}")).read()[0]
    out = blend.blended(on, placed, Seed(1))
    rows = []
    for one in placed:
        shadow = one.shadow
        window = tuple(slice(a, a + n) for a, n in zip((shadow.row, shadow.column), shadow.mask.shape, strict=True))
        was = clean.pixels[window].astype(float)
        ours, theirs = (np.abs(pixels[window] - was) for pixels in (out, full.pixels))
        both = []
        for change in (ours, theirs):
            weight = change * (shadow.coverage > 0)
            i, j = np.indices(weight.shape)
            both.append([(weight * k).sum() / max(weight.sum(), 1e-9) for k in (j, i)])
        mask = shadow.mask
        rows.append([(out[window] - was)[mask].mean(), (full.pixels[window] - was)[mask].mean(), *np.subtract(*both)])
    return np.array(rows), on


def plain(rows):
    """Those that stand out well of the noise that both draw anew."""
    size = np.abs(rows[:, 1])
    return rows[size >= np.percentile(size, 40)]


def test_what_is_inserted_for_processing_is_what_would_have_been_grown(grown):
    rows, on = compared(*grown(), ".raw.dcm")
    some = plain(rows)
    ratio = some[:, 0] / some[:, 1]
    assert on.picture.linear
    assert abs(np.median(ratio) - 1) < 0.03
    assert np.median(np.hypot(some[:, 2], some[:, 3])) < 0.1


def test_what_is_inserted_for_presentation_has_nearly_its_contrast(grown):
    rows, on = compared(*grown(binning=2), ".dcm")
    some = plain(rows)
    assert on.response.sd > 0.05
    # pixels of 0.14 mm show tissue beside the noise at all frequencies: the estimate says itself how unsure it is
    assert abs(np.log(np.median(some[:, 0] / some[:, 1]))) < 1.5 * on.response.sd
    assert np.median(np.hypot(some[:, 2], some[:, 3])) < 0.5


@pytest.mark.slow
@pytest.mark.parametrize(
    "detector", ["hologic-selenia-dimensions", "ge-senographe-essential", "siemens-mammomat-inspiration"]
)
def test_into_ourselves_at_full_resolution(grown, detector):
    recipe, folder = grown(detector, 1)
    rows, _ = compared(recipe, folder, ".raw.dcm")
    some = plain(rows)
    assert abs(np.median(some[:, 0] / some[:, 1]) - 1) < 0.03
    rows, _ = compared(recipe, folder, ".dcm")
    some = plain(rows)
    assert abs(np.median(some[:, 0] / some[:, 1]) - 1) < 0.15
    assert np.median(np.hypot(some[:, 2], some[:, 3])) < 0.5


@pytest.mark.parametrize(("end", "binning"), [(".raw.dcm", 4), (".dcm", 2)])
def test_structured_detectability_is_that_of_the_place(grown, end, binning):
    """As the truth of the grown image has it, noise and display apart.

    Squares of 9 mm have some 20 modes where the spectrum counts, noise hides the finest, and a picture's squares lie
    otherwise than the truth's: within a factor of 1.6 for the middle one of many grains. A display raises grains more
    than broad structure, by how much is not known: within a factor of 2.5.
    """
    recipe, folder = grown(binning=binning, distribution="diffuse")
    placed, on = laid(recipe, folder, end)
    _, grains, structured = truth.measured(on, placed, "x")
    (full,) = (i for i in phantom.open(folder.parent.parent / "data") if i.image_id == "000000-R-CC")
    known = {grain.row.calcification_id: grain.row.dprime_structured for grain in full.calcifications}
    ratio = [seen / known[grain.row.calcification_id] for grain, seen in zip(grains, structured, strict=True)]
    assert abs(np.log(np.median(ratio))) < (np.log(2.5) if on.response else 0.5)
    assert np.median(structured / [grain.row.dprime for grain in grains]) < 0.96


def test_nothing_changes_away_from_the_grains(grown):
    _, folder = grown()
    picture, _ = Source(str(folder / "000000-R-CC+clean.raw.dcm")).read()
    found = estimate(picture)
    on = blend.canvas(picture, found, unit_of(picture, found.thickness_mm, 0.15))
    assert np.array_equal(blend.blended(on, [], Seed(1)), picture.pixels)


def test_lost_quanta_leave_their_noise(grown):
    """A slab that lets half of the primary through: the noise is that of the quanta that are left."""
    _, folder = grown()
    picture, _ = Source(str(folder / "000000-R-CC+clean.raw.dcm")).read()
    found = estimate(picture, offset_dn("hologic-selenia-dimensions"))
    on = blend.canvas(picture, found, unit_of(picture, found.thickness_mm, 0.15))
    lost = np.zeros((200, 200), np.float32)
    lost[40:160, 40:160] = 0.5
    row, column = picture.pixels.shape[0] // 2 - 100, 20
    box = slice(row, row + 200), slice(column, column + 200)
    noise = blend._noise(on, lost, box, Seed(3))[60:140, 60:140]
    i, j = np.indices(noise.shape)
    relative = on.relative_variance(i + row + 60, j + column + 60)
    assert np.mean(noise**2 / (relative * 0.25)) == pytest.approx(1, abs=0.1)  # 6400 pixels: 0.02, correlated a little


# -- datasets ------------------------------------------------------------------------------------------------------


def inserted(folder, out, *more, preset="coarse-heterogeneous"):
    arguments = [
        "insert",
        *map(str, folder if isinstance(folder, list) else [folder]),
        "--preset",
        preset,
        "--out",
        str(out),
    ]
    return cli.run([*arguments, "--workers", "1", *more])


@pytest.fixture(scope="session")
def pictures(grown, tmp_path_factory):
    """Two clean displayed views of one woman, as files."""
    _, folder = grown(binning=8, views=("CC", "MLO"))
    out = tmp_path_factory.mktemp("pictures")
    for name in ("000000-R-CC+clean.dcm", "000000-R-MLO+clean.dcm"):
        shutil.copy(folder / name, out / name)
    return out


def test_the_result_is_a_dataset_like_any_other(pictures, tmp_path):
    before = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in pictures.iterdir()}
    assert inserted(pictures, tmp_path / "out", "--set", 'exam.twins=["clean"]') == 0
    assert not verify(tmp_path / "out")
    data = phantom.open(tmp_path / "out")
    assert [image.image_id for image in data] == [
        f"000000-R-{view}{twin}" for view in ("CC", "MLO") for twin in ("", "+clean")
    ]
    assert (data.images["grey_per_contrast"] > 300).all()
    assert (data.images["grey_per_contrast_sd"] / data.images["grey_per_contrast"] < 0.6).all()
    assert (data.images["bits_stored"] == 12).all()
    cc, clean, mlo, _ = data
    assert {c.row.calcification_id for c in cc.calcifications} & {
        c.row.calcification_id for c in mlo.calcifications
    }
    source, _ = Source(str(pictures / "000000-R-CC+clean.dcm")).read()
    assert np.array_equal(clean.for_presentation[:, ::-1], source.pixels)
    for grain in cc.calcifications:
        change = cc.for_presentation.astype(int) - clean.for_presentation
        if grain.dprime > 10:
            assert change[grain.mask].mean() > 0
    assert before == {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in pictures.iterdir()}


def test_the_same_pictures_give_the_same_files_whoever_works_and_wherever_it_stops(pictures, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    files = sorted(pictures.iterdir())
    assert inserted(files[:1], one) == 0
    assert inserted(files[:1], two, "--workers", "2") == 0
    digest = {path.name: path.read_bytes() for path in one.rglob("*") if path.is_file()}
    assert digest == {path.name: path.read_bytes() for path in two.rglob("*") if path.is_file()}
    (two / "cases" / "000000.h5").write_bytes(b"stopped here")
    (two / "manifest.json").rename(two / "unfinished.json")
    assert inserted(files[:1], two, "--resume") == 0
    assert digest["000000.h5"] == (two / "cases" / "000000.h5").read_bytes()
    assert inserted(files, two, "--resume") == 2  # other pictures


def test_for_processing_stays_for_processing(grown, tmp_path):
    _, folder = grown(binning=8, views=("CC", "MLO"))
    source = folder / "000000-R-CC+clean.raw.dcm"
    assert inserted([source], tmp_path / "out", preset="fibroadenoma") == 0
    assert not verify(tmp_path / "out")
    (image,) = phantom.open(tmp_path / "out")
    assert [host.row.kind for host in image.objects] == ["fibroadenoma"]
    source, _ = Source(str(source)).read()
    change = image.for_processing[:, ::-1].astype(int) - source.pixels
    assert np.count_nonzero(change) < 0.2 * change.size
    assert change.min() < -3
    assert image.for_presentation.max() <= 4095


def test_a_linear_picture_is_shown_with_its_noise_known(grown, tmp_path):
    """As the unit shows it, which knows its detector's noise: noise is not raised as if it were structure."""
    recipe, folder = grown()
    assert inserted([folder / "000000-R-CC+clean.raw.dcm"], tmp_path / "out") == 0
    shown, clean = phantom.open(tmp_path / "out")[0], phantom.open(recipe.parent / "data")["000000-R-CC+clean"]
    fine = []
    for image in (shown, clean):
        pixels = image.for_presentation.astype(float)
        fine.append((pixels - gaussian_filter(pixels, 2.0))[clean.breast_mask].std())
    assert fine[0] == pytest.approx(fine[1], rel=0.06)


def test_a_requested_difficulty_is_met(grown, tmp_path):
    _, folder = grown()
    recipe = tmp_path / "asked.toml"
    recipe.write_text('name = "asked"\ndescription = "faint"\n[[finding]]\nkind = "round"\ndprime = 6\n')
    assert inserted([folder / "000000-R-CC+clean.raw.dcm"], tmp_path / "out", preset=str(recipe)) == 0
    (image,) = phantom.open(tmp_path / "out")
    assert np.median([grain.dprime for grain in image.calcifications]) == pytest.approx(6, rel=0.05)


def test_what_is_inserted_is_as_visible_as_the_recipe_says(grown, tmp_path):
    _, on = laid(*grown(), ".raw.dcm")
    side, seen = on.picture.laterality, {}
    breast = fitted(presets.load("normal").anatomy, Seed(3), side, [(on.picture, on.found)])
    for visibility in ("visible", "any", "occult"):
        recipe = tmp_path / f"{visibility}.toml"
        recipe.write_text(
            f'name = "seen"\ndescription = "dust"\n[[finding]]\nkind = "punctate"\ndistribution = "grouped"\n'
            f'visibility = "{visibility}"\nsize_mm = [0.15, 0.3]\n'
        )
        found, dropped = growth.findings(presets.load(str(recipe)), Seed(3), {side: breast}, 1, {(side, "CC"): on})
        assert not dropped
        seen[visibility] = truth.measured(on, placed_in(found, breast.pictured[0], on.grid), "x")[2]
    assert len(seen["visible"]) == len(seen["any"]) == len(seen["occult"])
    # two thirds are drawn to a d' of 7 or more; what is measured after a grain has grown is within 25 % of that
    assert np.mean(seen["visible"] >= 5) >= 0.6
    assert np.mean(seen["any"] >= 5) < 0.3
    assert seen["occult"].max() < 4


def test_stated_contrast_counts(grown):
    """Twice the gain, twice the change: over a twentieth of the scale the curve bends by less than a tenth."""
    placed, on = laid(*grown(binning=2), ".dcm")
    changes = []
    for contrast in (400.0, 800.0):
        stated = blend.canvas(on.picture, on.found, on.unit, contrast)
        assert stated.response.gain(stated.response.at) == pytest.approx(contrast, rel=1e-6)
        change = blend.blended(stated, placed, Seed(1)).astype(float) - on.picture.pixels
        windows = [
            tuple(slice(a, a + n) for a, n in zip((s.row, s.column), s.mask.shape, strict=True))
            for s in (one.shadow for one in placed)
        ]
        changes.append([change[at][one.shadow.mask].mean() for at, one in zip(windows, placed, strict=True)])
    low, high = np.array(changes)
    faint = (high > 20) & (high < 0.05 * on.picture.largest)
    assert faint.sum() >= 5
    # of grains of a few pixels each, in which the noise of lost quanta and rounding make up to a quarter
    assert np.median(high[faint] / low[faint]) == pytest.approx(2, rel=0.1)


def test_a_display_raises_faint_detail_more_than_plain_detail(grown):
    """The inside of a large calcification keeps its structure: its height is not raised as that of a speck is."""
    _, on = laid(*grown(binning=2), ".dcm")
    on = replace(on, under=replace(on.under, response=replace(on.response, raised=2.0)))
    added = []
    for depth in (0.01, 0.1, 1.2):
        lost = np.zeros((101, 101), np.float32)
        lost[30:71, 30:71] = 1 - np.exp(-depth)
        added.append(blend._raised(on, lost, np.zeros_like(lost))[50, 50] / depth)
    assert added[0] == pytest.approx(1, rel=0.01)
    assert added[1] > 0.95
    assert 0.2 < added[2] < 0.5


def test_exported_again_it_says_what_it_is(pictures, tmp_path):
    import pydicom

    assert inserted(sorted(pictures.iterdir())[:1], tmp_path / "out") == 0
    assert (
        cli.run(
            ["export", str(tmp_path / "out"), "--to", "dicom", "--no-seg", "--no-sr", "--out", str(tmp_path / "dcm")]
        )
        == 0
    )
    (path,) = (tmp_path / "dcm").rglob("*.dcm")
    ds, (source,), (image,) = pydicom.dcmread(path), sorted(pictures.iterdir())[:1], phantom.open(tmp_path / "out")
    was = pydicom.dcmread(source)
    assert np.array_equal(ds.pixel_array, image.for_presentation)
    assert ds.ImageType[:2] == ["DERIVED", "SECONDARY"]
    assert "real mammogram" in ds.DerivationDescription
    assert (ds.SyntheticData, ds.BurnedInAnnotation, ds.PatientBirthDate) == ("YES", "YES", "")
    for name in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "PatientID", "PatientName"):
        assert getattr(ds, name) != getattr(was, name)
    assert (ds.ViewPosition, ds.ImageLaterality, ds.KVP) == (was.ViewPosition, was.ImageLaterality, was.KVP)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--detector", "nobody"), "no such detector"),
        (("--set", "exam.prior_years=[2]"), "no earlier years"),
        (("--set", "exam.patches=3"), "patches"),
        (("--resume", "--overwrite"), "exclude each other"),
    ],
)
def test_wrong_use_is_one_message(pictures, tmp_path, capsys, more, words):
    assert inserted(pictures, tmp_path / "out", *more) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_picture_without_a_breast_is_left_out_and_the_others_are_used(pictures, tmp_path, capsys):
    from PIL import Image

    noise = np.random.default_rng(1).integers(0, 255, (300, 300)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "x_L_CC.png")
    files = [tmp_path / "x_L_CC.png", pictures / "000000-R-CC+clean.dcm"]
    assert inserted(files, tmp_path / "out", "--spacing-mm", "0.56") == 0
    assert "x_L_CC.png: no breast is found" in capsys.readouterr().err
    assert len(phantom.open(tmp_path / "out")) == 1
    assert inserted(files[:1], tmp_path / "none", "--spacing-mm", "0.56") == 2


def test_the_dataset_does_not_lie_among_the_pictures(pictures, capsys):
    assert inserted(pictures, pictures / "out") == 2
    assert "outside" in capsys.readouterr().err


def test_nothing_of_the_patient_is_kept(tmp_path, pictures):
    import pydicom

    ds = pydicom.dcmread(pictures / "000000-R-CC+clean.dcm")
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = "Zanzibar^Quentine", "MRN-778899", "19550203"
    ds.InstitutionName, ds.StudyDate, ds.StudyInstanceUID = "Marvellous Hospital", "20190506", "1.2.826.77.88"
    (tmp_path / "in").mkdir()
    ds.save_as(tmp_path / "in" / "private-name.dcm")
    assert inserted(tmp_path / "in", tmp_path / "out") == 0
    secrets = (b"Zanzibar", b"778899", b"19550203", b"Marvellous", b"20190506", b"1.2.826.77", b"private-name")
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [secret for secret in secrets if secret in content], path


def test_a_header_is_kept_when_that_is_asked_for(tmp_path, pictures):
    import pydicom

    was = pydicom.dcmread(pictures / "000000-R-CC+clean.dcm")
    was.PatientName, was.PatientID, was.PatientBirthDate = "Zanzibar^Quentine", "MRN-778899", "19550203"
    was.InstitutionName, was.StudyDate, was.StudyInstanceUID = "Marvellous Hospital", "20190506", "1.2.826.77.88"
    was.OperatorsName, was.WindowCenter = "Nemo", 77
    was.add_new(0x00091001, "LO", "private")
    was.save_as(tmp_path / "one.dcm")
    assert inserted(tmp_path / "one.dcm", tmp_path / "out", "--keep-header") == 0
    assert not verify(tmp_path / "out")
    assert cli.run(["export", str(tmp_path / "out"), "--to", "dicom", "--out", str(tmp_path / "dcm")]) == 0
    files = {path.name: pydicom.dcmread(path) for path in (tmp_path / "dcm").rglob("*.dcm")}
    assert set(files) == {"000000-R-CC.dcm", "000000-R-CC.seg.dcm", "cad.dcm"}
    for ds in files.values():
        for name in ("PatientName", "PatientID", "PatientBirthDate", "StudyInstanceUID", "StudyDate"):
            assert getattr(ds, name) == getattr(was, name), name
        assert ds.SOPInstanceUID != was.SOPInstanceUID
        assert ds.SeriesInstanceUID != was.SeriesInstanceUID
        assert 0x00091001 not in ds
    ds = files["000000-R-CC.dcm"]
    assert (ds.OperatorsName, ds.InstitutionName, ds.PatientIdentityRemoved) == ("Nemo", "Marvellous Hospital", "NO")
    assert ds.ImageType[:2] == ["DERIVED", "SECONDARY"]
    assert (ds.SyntheticData, ds.WindowCenter) == ("YES", phantom.open(tmp_path / "out")[0].window_center)
    assert ds.SourceImageSequence[0].ReferencedSOPInstanceUID == was.SOPInstanceUID


def test_merged_with_grown_ones_real_pictures_stay_what_they_are(tmp_path, pictures, grown):
    import pydicom
    from PIL import Image

    ds = pydicom.dcmread(pictures / "000000-R-CC+clean.dcm")
    for number, name in enumerate(("a", "b")):  # of more bits than grown images have, and two women
        pixels = np.roll(np.round(ds.pixel_array * 4.0), number, axis=0).astype(np.uint16)
        (tmp_path / name).mkdir()
        Image.fromarray(pixels).save(tmp_path / name / "1_R_CC.png")
        assert inserted(tmp_path / name, tmp_path / f"{name}-in", "--spacing-mm", str(ds.PixelSpacing[0])) == 0
    grown_data = grown(binning=8, views=("CC", "MLO"))[1].parent.parent / "data"
    merge([grown_data, tmp_path / "a-in", tmp_path / "b-in"], tmp_path / "all")
    assert verify(tmp_path / "all") == []
    data = phantom.open(tmp_path / "all")
    for name in ("a", "b"):
        one = json.loads((tmp_path / f"{name}-in" / "manifest.json").read_text())
        assert one["inserted"] in [source.get("inserted") for source in data.manifest.sources]
        assert one["licence"] == "that of the pictures"  # nobody but their owner can give them away
    assert data.manifest.licence == "that of the pictures"
    assert phantom.open(grown_data).manifest.licence == "CC0-1.0"
    for image in data:
        assert image.row.largest == (4095 if image.row.source == "grown" else (1 << 14) - 1)
        assert (image.row.grey_per_contrast > 0) == (image.row.source == "inserted")
    assert cli.run(["export", str(tmp_path / "all"), "--to", "coco", "--out", str(tmp_path / "coco")]) == 0
    coco = json.loads((tmp_path / "coco" / "annotations.json").read_text())
    assert [one["name"] for one in coco["licenses"]] == ["that of the pictures"]


@pytest.mark.parametrize("bits", [8, 14, 16])
def test_a_displayed_picture_keeps_its_depth(tmp_path, pictures, bits):
    import pydicom
    from PIL import Image

    ds = pydicom.dcmread(pictures / "000000-R-CC+clean.dcm")
    pixels = np.round(ds.pixel_array / 4095 * ((1 << bits) - 1)).astype(np.uint8 if bits == 8 else np.uint16)
    Image.fromarray(pixels).save(tmp_path / "1_R_CC.png")
    more = ("--spacing-mm", str(ds.PixelSpacing[0]), "--set", 'exam.twins=["clean"]')
    assert inserted(tmp_path / "1_R_CC.png", tmp_path / "out", *more) == 0
    assert not verify(tmp_path / "out")
    image, clean = phantom.open(tmp_path / "out")
    assert image.row.largest == (1 << bits) - 1
    assert np.array_equal(clean.for_presentation, pixels)
    change = image.for_presentation.astype(int) - clean.for_presentation
    assert change[image.labels > 0].mean() > 0.01 * image.row.largest
    export = ["export", str(tmp_path / "out"), "--to"]
    assert cli.run([*export, "dicom", "--no-seg", "--no-sr", "--out", str(tmp_path / "dcm")]) == 0
    again = pydicom.dcmread(tmp_path / "dcm" / "000000" / "000000-R-CC.dcm")
    assert (again.BitsStored, again.HighBit) == (bits, bits - 1)
    assert np.array_equal(again.pixel_array, image.for_presentation)
    assert cli.run([*export, "png", "--out", str(tmp_path / "png")]) == 0
    (path,) = (path for path in (tmp_path / "png").rglob("*clean*.png") if "labels" not in str(path))
    assert np.asarray(Image.open(path)).max() > 0.9 * 65535 * pixels.max() / ((1 << bits) - 1)


@pytest.mark.parametrize(
    ("manufacturer", "model", "expected"),
    [
        ("HOLOGIC, Inc.", "Selenia Dimensions", "hologic-selenia-dimensions"),
        ("GE MEDICAL SYSTEMS", "Senographe Essential VERSION ADS_55", "ge-senographe-essential"),
        ("GE HEALTHCARE", "Senographe Pristina", "ge-senographe-pristina"),
        ("SIEMENS", "Mammomat Inspiration", "siemens-mammomat-inspiration"),
        ("LORAD", "Lorad Selenia", None),
        ("", "", None),
    ],
)
def test_units_are_known_by_their_headers(manufacturer, model, expected):
    assert named(manufacturer, model) == expected
