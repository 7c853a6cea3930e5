"""Real mammograms are read and looked at: what is breast, what is not, and what is refused."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates

from phantom import cli
from phantom.errors import Unreadable, UsageError
from phantom.insert import inputs, look, read_image
from phantom.insert.estimate import estimate
from phantom.insert.muscle import muscle_edge
from phantom.insert.picture import Picture
from phantom.insert.segment import segment
from phantom.insert.spectra import spectra

SPACING = 0.28


def breast(shape=(800, 500), level=900, background=0, noise=25.0, seed=1):
    """A half ellipse with a rounded rim, textured; its mask; 12 bits."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]]
    inner = 1 - (x / (0.7 * shape[1])) ** 2 - ((y - 0.5 * shape[0]) / (0.42 * shape[0])) ** 2
    mask = inner > 0
    body = level * np.clip(inner / 0.15, 0.35, 1) + noise * rng.standard_normal(shape)
    out = background + np.where(mask, body, 0.0)
    return np.clip(out, 0, 4095).astype(np.uint16), mask


def picture(pixels, view="CC", linear=False, **more):
    return Picture("p", pixels, 12, SPACING, view, "L", linear, **more)


def overlap(found, mask):
    whole = found.whole(found.breast, mask.shape)
    return np.count_nonzero(whole & mask) / np.count_nonzero(whole | mask)


def with_labels(pixels):
    """Letters of bars in the background, a nipple marker that touches the skin, a white line at the top."""
    out = pixels.copy()
    for k in range(4):
        out[40:90, 380 + 20 * k : 388 + 20 * k] = 4095
    out[40:48, 380:450] = 4095
    y, x = np.ogrid[: out.shape[0], : out.shape[1]]
    out[(y - 400) ** 2 + (x - 356) ** 2 < 8**2] = 4095
    return out


def test_the_breast_is_found():
    pixels, mask = breast()
    assert overlap(segment(picture(pixels)), mask) > 0.98


def test_cells_as_pixels_are_interpolated_between_their_centres():
    """The same in strips as pixel by pixel, for cells that hold all, nothing, an edge and specks."""
    found, rng = segment(picture(breast()[0])), np.random.default_rng(3)
    shape, cells = (800, 500), found.breast.shape
    for held in (found.breast, rng.random(cells) < 0.5, np.ones(cells, bool), np.zeros(cells, bool), found.breast.T):
        smooth = gaussian_filter(held.astype(np.float32), 1.0, mode="nearest")
        sizes = zip(shape, held.shape, strict=True)
        at = [np.clip((np.arange(pixels) + 0.5) / found.step - 0.5, 0, count - 1) for pixels, count in sizes]
        exact = map_coordinates(smooth.astype(float), np.meshgrid(*at, indexing="ij"), order=1, mode="nearest")
        plain = np.abs(exact - 0.5) > 1e-5
        assert np.array_equal(found.whole(held, shape)[plain], exact[plain] >= 0.5)


def test_labels_and_markers_are_no_breast_and_are_marked():
    pixels, mask = breast()
    plain, found = segment(picture(pixels)), segment(picture(with_labels(pixels)))
    assert overlap(found, mask) > 0.97
    labels = found.whole(found.labels, mask.shape)
    assert labels[40:48, 380:450].mean() > 0.9
    assert labels[397:403, 353:359].all()
    assert not plain.labels.any()


@pytest.mark.parametrize("background", [60, 200])
def test_a_background_that_is_not_black_is_no_breast(background):
    pixels, mask = breast(background=background)
    pixels = pixels + np.random.default_rng(3).integers(0, 12, pixels.shape).astype(np.uint16)
    assert overlap(segment(picture(with_labels(pixels))), mask) > 0.96


def test_for_processing_dark_is_dense():
    pixels, mask = breast()
    raw = np.round(4000 * np.exp(pixels / -500.0)).clip(1, 4095).astype(np.uint16)
    assert overlap(segment(picture(raw, linear=True)), mask) > 0.97


def test_an_image_without_a_breast_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(Unreadable, match="no breast"):
        segment(picture(rng.integers(0, 4000, (600, 400)).astype(np.uint16)))


@pytest.mark.parametrize("bulge", [0.0, 25.0])
def test_the_muscle_is_found_where_it_is(bulge):
    pixels, mask = breast((900, 500))
    mask[:450, :180] = True
    pixels[:450, :180] = np.maximum(pixels[:450, :180], 850)
    y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    t = np.clip(y / 500.0, 0, 1)
    edge = 150 * (1 - t) + 4 * bulge * t * (1 - t)
    pixels[(x < edge) & (y < 500)] += 700
    found = muscle_edge(segment(picture(pixels, "MLO")))
    at = np.linspace(20, 380, 30) * SPACING
    true = np.interp(at, y[:, 0] * SPACING, edge[:, 0] * SPACING)
    assert np.abs(np.interp(at, found[:, 1], found[:, 0]) - true).max() < 3.0


def test_no_muscle_is_found_where_there_is_none():
    assert not len(muscle_edge(segment(picture(breast((900, 500))[0], "MLO"))))


def test_the_nipple_is_what_stands_out_else_what_is_marked():
    pixels, _ = breast()
    pixels[340:362, 300:372] = 800
    x, y = estimate(picture(pixels)).landmarks.nipple_mm
    assert abs(y - 351 * SPACING) < 3
    assert x > 340 * SPACING
    marked = with_labels(breast()[0])
    assert abs(estimate(picture(marked)).landmarks.nipple_mm[1] - 400 * SPACING) < 3


def test_noise_and_structure_are_measured():
    rng = np.random.default_rng(5)
    shape, pitch, sd, beta = (1024, 1024), 0.1, 3.0, 3.0
    f = np.hypot(np.fft.fftfreq(shape[0], pitch)[:, None], np.fft.rfftfreq(shape[1], pitch))
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(shape)) / np.maximum(f, 0.02) ** (beta / 2), s=shape)
    values = (100 + field * (6 / field.std()) + sd * rng.standard_normal(shape)).astype(np.float32)
    found = spectra(values, np.ones(shape, bool), pitch)
    assert found.noise_sd == pytest.approx(sd, rel=0.06)  # structure above half the Nyquist frequency adds a little
    assert found.noise_at(2.0) == pytest.approx(sd**2 * pitch**2, rel=0.15)
    assert found.beta == pytest.approx(beta, abs=0.35)  # 24 regions: about 0.1 of one standard error; windows leak more


def test_noise_follows_the_level():
    rng = np.random.default_rng(6)
    level = np.repeat(np.linspace(100, 400, 16), 64)[None, :] * np.ones((1024, 1))
    values = (level + np.sqrt(level) * rng.standard_normal(level.shape)).astype(np.float32)
    found = spectra(values, np.ones(level.shape, bool), 0.1)
    assert found.sd_at(350) / found.sd_at(150) == pytest.approx(np.sqrt(350 / 150), rel=0.12)


# -- files ---------------------------------------------------------------------------------------------------------


def dicom(path, pixels=None, **changes):
    """A mammogram as a vendor might write it; a value of None takes an attribute away."""
    pydicom = pytest.importorskip("pydicom")
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    pixels = breast()[0] if pixels is None else pixels
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1.2", generate_uid(entropy_srcs=[str(path)])
    ds.Modality, ds.PatientID, ds.PatientName, ds.StudyInstanceUID = "MG", "id", "Doe^Jane", "1.2.3"
    ds.ImageLaterality, ds.ViewPosition, ds.PresentationIntentType = "L", "CC", "FOR PRESENTATION"
    ds.ImagerPixelSpacing, ds.KVP, ds.BodyPartThickness = [SPACING, SPACING], "29", "52"
    ds.AnodeTargetMaterial, ds.FilterMaterial = "TUNGSTEN", "RHODIUM"
    ds.PhotometricInterpretation, ds.SamplesPerPixel = "MONOCHROME2", 1
    ds.Rows, ds.Columns = pixels.shape[:2]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = np.ascontiguousarray(pixels, "<u2").tobytes()
    ds["PixelData"].VR = "OW"
    for name, value in changes.items():
        if value is None:
            delattr(ds, name)
        else:
            setattr(ds, name, value)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pydicom.dcmwrite(path, ds, enforce_file_format=True)
    return path


def read(path, **more):
    return inputs.Source(str(path), **more).read()[0]


def test_a_dicom_file_is_read_as_it_is(tmp_path):
    pixels, _ = breast()
    got = read(dicom(tmp_path / "a.dcm", pixels))
    assert np.array_equal(got.pixels, pixels)
    assert (got.view, got.laterality, got.bits, got.linear, got.spacing_mm) == ("CC", "L", 12, False, SPACING)
    assert (got.header.thickness_mm, got.header.tube_kv, got.header.target_filter) == (52.0, 29.0, "W/Rh")
    assert "Doe" not in repr(got.header)


def test_polarity_and_side_do_not_matter(tmp_path):
    pixels, _ = breast()
    turned = read(dicom(tmp_path / "a.dcm", 4095 - pixels, PhotometricInterpretation="MONOCHROME1"))
    assert np.array_equal(turned.pixels, pixels)
    right = read(dicom(tmp_path / "b.dcm", pixels[:, ::-1], ImageLaterality="R"))
    assert right.mirrored
    assert np.array_equal(right.pixels, pixels)


def test_for_processing_more_x_ray_is_more(tmp_path):
    raw = np.round(4000 * np.exp(breast()[0] / -500.0)).astype(np.uint16)
    attributes = {
        "PresentationIntentType": "FOR PROCESSING",
        "PixelIntensityRelationship": "LIN",
        "PixelIntensityRelationshipSign": 1,
    }
    one = read(dicom(tmp_path / "a.dcm", raw, PhotometricInterpretation="MONOCHROME1", **attributes))
    other = read(dicom(tmp_path / "b.dcm", 4095 - raw, **(attributes | {"PixelIntensityRelationshipSign": -1})))
    assert one.linear
    assert np.array_equal(one.pixels, raw)
    assert np.array_equal(other.pixels, raw)


def test_the_spacing_at_the_breast_comes_first(tmp_path):
    assert read(dicom(tmp_path / "a.dcm", PixelSpacing=[0.25, 0.25])).spacing_mm == 0.25
    path = dicom(tmp_path / "b.dcm", EstimatedRadiographicMagnificationFactor="1.12")
    assert read(path).spacing_mm == pytest.approx(SPACING / 1.12)
    assert read(path, spacing_mm=0.3).spacing_mm == 0.3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Modality": "CT"}, "modality CT, not MG"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.13.1.3"}, "tomosynthesis"),
        ({"ImageType": ["DERIVED", "PRIMARY", "TOMOSYNTHESIS"]}, "tomosynthesis"),
        ({"NumberOfFrames": "40"}, "40 frames"),
        ({"PhotometricInterpretation": "RGB"}, "colour"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "colour"),
        ({"BitsAllocated": 32}, "32 bits"),
        ({"PixelData": None}, "no pixels"),
        ({"PixelData": b"\0\0"}, "pixels cannot be read"),
        ({"ViewPosition": "XCCL"}, "view XCCL"),
        ({"ViewPosition": None}, "--view"),
        ({"ImageLaterality": None}, "--laterality"),
        ({"ImagerPixelSpacing": None}, "--spacing-mm"),
        ({"ImagerPixelSpacing": [0.1, 0.2]}, "square"),
        ({"ImagerPixelSpacing": [7.0, 7.0]}, "0.02 to 1 mm"),
        ({"BreastImplantPresent": "YES"}, "implant"),
        ({"QualityControlImage": "YES"}, "quality control"),
    ],
)
def test_what_cannot_be_used_is_refused_with_one_reason(tmp_path, changes, words):
    with pytest.raises(Unreadable, match=words):
        read(dicom(tmp_path / "a.dcm", **changes))


@pytest.mark.parametrize("damage", [b"", b"no DICOM at all" * 99, None])
def test_damaged_files_are_refused(tmp_path, damage):
    path = dicom(tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[:5000] if damage is None else damage)
    with pytest.raises(Unreadable, match="not a DICOM file|cannot be read"):
        read(path)


def test_an_unknown_compression_is_named(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    path = dicom(tmp_path / "a.dcm")
    ds = pydicom.dcmread(path)
    ds.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000
    ds.PixelData = pydicom.encaps.encapsulate([b"\xff\x4f\xff\x51 no real stream "])
    ds["PixelData"].VR = "OB"
    ds.save_as(path)
    with pytest.raises(Unreadable, match="JPEG 2000"):
        read(path)


def test_lossless_jpeg_is_read(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    path = dicom(tmp_path / "a.dcm")
    ds = pydicom.dcmread(path)
    ds.compress(pydicom.uid.RLELossless)
    ds.save_as(path)
    assert np.array_equal(read(path).pixels, breast()[0])


def test_png_needs_its_spacing_and_reads_its_name(tmp_path):
    pixels = breast()[0]
    Image.fromarray(pixels).save(tmp_path / "w7_R_MLO.png")
    with pytest.raises(Unreadable, match="--spacing-mm"):
        read(tmp_path / "w7_R_MLO.png")
    got = read(tmp_path / "w7_R_MLO.png", spacing_mm=0.1)
    assert (got.view, got.laterality, got.bits, got.linear) == ("MLO", "R", 12, False)
    Image.fromarray(pixels).save(tmp_path / "unnamed.tif")
    with pytest.raises(Unreadable, match="--view"):
        read(tmp_path / "unnamed.tif", spacing_mm=0.1)
    Image.fromarray(np.zeros((90, 90, 3), np.uint8)).save(tmp_path / "L_CC.png")
    with pytest.raises(Unreadable, match="colour"):
        read(tmp_path / "L_CC.png", spacing_mm=0.1)
    (tmp_path / "R_CC.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(Unreadable, match="not an image"):
        read(tmp_path / "R_CC.png", spacing_mm=0.1)


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("w2_L_CC", ("CC", "L", "w2")), ("0017RMLO", ("MLO", "R", "0017")), ("p3-MLO-left", ("MLO", "L", "p3")),
        ("case12_LCC", ("CC", "L", "case12")), ("scan", ("", "", "")), ("accord", ("", "", "")),
    ],
)  # fmt: skip
def test_view_and_side_are_read_from_names(stem, expected):
    assert read_image.from_name(stem) == expected


def test_images_are_grouped_by_woman(tmp_path):
    for number, (patient, side, view) in enumerate(
        [("a", "L", "CC"), ("a", "L", "MLO"), ("b", "R", "CC"), ("a", "L", "CC")]
    ):
        dicom(
            tmp_path / f"{number}.dcm",
            breast(seed=number)[0],
            PatientID=patient,
            ImageLaterality=side,
            ViewPosition=view,
        )
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "copy.dcm").write_bytes((tmp_path / "2.dcm").read_bytes())
    got = inputs.grouped(inputs.sources([tmp_path]))
    assert [woman.names for woman in got.women] == [(("L", "CC"), ("L", "MLO")), (("R", "CC"),), (("L", "CC"),)]
    assert [(Path(file).name, why.split(" as ")[0]) for file, why in got.refused] == [("copy.dcm", "the same pixels")]


def test_a_table_says_what_files_do_not(tmp_path):
    Image.fromarray(breast()[0]).save(tmp_path / "x.png")
    (tmp_path / "t.csv").write_text("file,spacing_mm,view,laterality,thickness_mm,woman\nx.png,0.1,MLO,R,44,anna\n")
    (source,) = inputs.sources([tmp_path / "t.csv"])
    got, woman = source.read()
    assert (got.view, got.laterality, got.spacing_mm, got.header.thickness_mm, woman) == ("MLO", "R", 0.1, 44.0, "anna")
    for line, words in (
        ("y.png,0.1,,,,", "no file"),
        ("x.png,9,,,,", "spacing_mm"),
        ("x.png,0.1,AP,,,", "view"),
        (",,,,,", "names no file"),
    ):
        (tmp_path / "t.csv").write_text(f"file,spacing_mm,view,laterality,thickness_mm,woman\n{line}\n")
        with pytest.raises(UsageError, match=words):
            inputs.sources([tmp_path / "t.csv"])


@pytest.mark.parametrize("check", [True, False])
def test_a_breast_of_unlikely_size_is_a_warning_that_the_spacing_may_be_wrong(tmp_path, capsys, check):
    Image.fromarray(breast()[0]).save(tmp_path / "a_L_CC.png")
    more = ["--check"] if check else ["--preset", "round", "--workers", "1"]
    words = ["insert", str(tmp_path / "a_L_CC.png"), *more]
    assert cli.run([*words, "--spacing-mm", str(SPACING), "--out", str(tmp_path / "right")]) == 0
    assert "is the spacing right?" not in capsys.readouterr().err
    assert cli.run([*words, "--spacing-mm", "0.1", "--out", str(tmp_path / "wrong")]) == 0
    assert "with pixels of 0.1 mm: is the spacing right?" in capsys.readouterr().err


def test_a_picture_of_another_format_is_named_as_such(tmp_path, capsys):
    Image.fromarray((breast()[0] // 16).astype(np.uint8)).save(tmp_path / "a_L_CC.jpg")
    assert cli.run(["insert", str(tmp_path / "a_L_CC.jpg"), "--preset", "round", "--spacing-mm", "0.28"]) == 2
    assert "a .jpg image: only DICOM, PNG and TIFF can be used" in capsys.readouterr().err


def test_check_writes_sheets_and_touches_nothing(tmp_path, capsys):
    source = dicom(tmp_path / "a.dcm", with_labels(breast()[0]), BurnedInAnnotation="YES")
    dicom(tmp_path / "b.dcm", Modality="US")
    before = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()}
    assert cli.run(["insert", str(tmp_path), "--check", "--out", str(tmp_path / "out" / "sheets")]) == 0
    printed = capsys.readouterr()
    assert "L CC" in printed.out
    assert "b.dcm: modality US" in printed.err
    assert "burned-in" in printed.err
    (sheet,) = (tmp_path / "out" / "sheets").iterdir()
    with Image.open(sheet) as image:
        assert image.size[1] == 900
    assert {name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in before} == before
    assert cli.run(["insert", str(source), "--check", "--json", "--out", str(tmp_path / "again")]) == 0
    assert '"thickness_mm": 52.0' in capsys.readouterr().out


def test_nothing_usable_is_one_message(tmp_path, capsys):
    dicom(tmp_path / "b.dcm", Modality="US")
    dicom(tmp_path / "c.dcm", Modality="MR")
    assert cli.run(["insert", str(tmp_path), "--check"]) == 2
    assert "none of 2 files can be used" in capsys.readouterr().err
    assert cli.run(["insert", str(tmp_path / "absent"), "--check"]) == 2


def test_what_is_found_depends_on_nothing_else(tmp_path):
    dicom(tmp_path / "a.dcm")
    one, two = (look.check([tmp_path / "a.dcm"], tmp_path / name) for name in ("one", "two"))
    assert one.found[0] == two.found[0]
    assert (tmp_path / "one" / one.found[0]["sheet"]).read_bytes() == (
        tmp_path / "two" / two.found[0]["sheet"]
    ).read_bytes()
