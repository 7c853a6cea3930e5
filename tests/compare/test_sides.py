"""Images come to the comparison as a display shows them, whatever they are stored as."""

from __future__ import annotations

import numpy as np
import pytest
from breasts import breast, folder, save
from fakes import FakeRecipe, simulate

from phantom.compare.framed import woman_in
from phantom.compare.measure import Measured, measure_all
from phantom.compare.sides import Filed, entries, spread, windowed
from phantom.dataset.running.run import RunOptions, generate
from phantom.errors import UsageError
from phantom.insert import inputs
from phantom.insert.picture import Header, Picture


@pytest.mark.parametrize(("name", "woman"), [("w1_L_CC.png", "w1"), ("a-b_CC.tif", "a"), ("17.png", "17")])
def test_a_woman_is_what_stands_before_the_first_underscore_or_hyphen(name, woman):
    assert woman_in(name) == woman


def test_left_and_right_and_both_bit_depths_measure_the_same(tmp_path):
    from PIL import Image

    image = breast(np.random.default_rng(0))
    save(tmp_path / "a_L_CC.png", image)
    save(tmp_path / "b_R_CC.png", image[:, ::-1])
    Image.fromarray(np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)).save(tmp_path / "c_L_CC.tif")
    first, mirrored, shallow = measure_all(entries(tmp_path, 0.14), 6, 1)
    for key, value in first.numbers.items():
        assert mirrored.numbers[key] == pytest.approx(value, rel=1e-6, nan_ok=True), key
        assert shallow.numbers[key] == pytest.approx(value, rel=0.03, abs=0.06, nan_ok=True), key


def test_a_file_needs_no_view_in_its_name(tmp_path):
    save(tmp_path / "x.png", breast(np.random.default_rng(0)))
    (found,) = entries(tmp_path, 0.14)
    assert found.read()[1] == "x"


def test_a_table_names_files_and_women(tmp_path):
    save(tmp_path / "x.png", breast(np.random.default_rng(0)))
    (tmp_path / "t.csv").write_text("file,spacing_mm,woman\nx.png,0.1,Eve\n")
    (found,) = entries(tmp_path / "t.csv", 0.14)
    picture, woman = found.read()
    assert woman == "Eve"
    assert picture.spacing_mm == 0.1


def test_a_dataset_is_read_as_its_images_for_presentation(tmp_path):
    generate(FakeRecipe(), 1, 3, tmp_path / "d", options=RunOptions(workers=1, make=simulate))
    found = entries(tmp_path / "d", None)
    assert len(found) == 6
    picture, woman = found[0].read()
    assert woman
    assert picture.bits == 12
    assert picture.pixels[:, 0].any()
    assert not picture.pixels[:, -1].any()


def test_at_most_so_many_images_evenly_spread(tmp_path):
    found = entries(folder(tmp_path / "a", 5), 0.14)
    assert [e.name for e in spread(found, 3)] == [found[i].name for i in (0, 4, 9)]
    assert list(spread(found, 99)) == found


def picture(**header):
    return Picture("p", np.arange(4096, dtype=np.uint16).reshape(64, 64), 12, 0.1, "CC", "L", False, Header(**header))


def test_a_linear_window_is_that_of_the_standard():
    shown = windowed(picture(window=(2000.0, 1001.0)), False).pixels.ravel().astype(int)
    assert shown[1499] == 0
    assert shown[2500] == 4095
    assert shown[2000] == pytest.approx(2048, abs=3)
    exact = windowed(picture(window=(2000.0, 1000.0), voi_function="LINEAR_EXACT"), False).pixels.ravel()
    assert exact[1500] == 0 < exact[1501]
    assert exact[2500] == 4095 > exact[2499]
    sigmoid = windowed(picture(window=(2000.0, 800.0), voi_function="SIGMOID"), False).pixels.ravel().astype(int)
    assert sigmoid[2000] == pytest.approx(2048, abs=1)
    assert sigmoid[2400] / 4095 == pytest.approx(1 / (1 + np.exp(-2)), abs=1e-3)


def test_an_inverted_file_shows_the_same():
    plain = picture(window=(1500.0, 1000.0))
    turned = picture(window=(4095 - 1500.0 + 1, 1000.0))
    difference = windowed(plain, False).pixels.astype(int) - windowed(turned, True).pixels.astype(int)
    assert np.abs(difference).max() <= 5


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_dicom_files_are_shown_under_their_window(tmp_path, photometric):
    pydicom = pytest.importorskip("pydicom")
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    image = np.round(breast(np.random.default_rng(0)) * 2000).astype(np.uint16)
    ds = pydicom.Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1.2", generate_uid()
    ds.Modality, ds.PresentationIntentType, ds.PatientID = "MG", "FOR PRESENTATION", "p7"
    ds.PhotometricInterpretation = photometric
    inverted = photometric == "MONOCHROME1"
    stored = 4095 - image if inverted else image
    ds.Rows, ds.Columns = image.shape
    ds.SamplesPerPixel, ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 1, 16, 12, 11, 0
    ds.WindowCenter, ds.WindowWidth = (3095 + 1 if inverted else 1000), 2000
    ds.PixelSpacing = [0.14, 0.14]
    ds.PixelData = stored.tobytes()
    ds.save_as(tmp_path / "x.dcm", enforce_file_format=True)
    shown, woman = Filed(inputs.Source(str(tmp_path / "x.dcm"))).read()
    assert woman
    assert "p7" not in woman
    np.testing.assert_allclose(shown.brightness(), np.clip(image / 2000, 0, 1), atol=2e-3)


def test_a_dataset_that_is_none_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        entries(tmp_path / "absent", None)


@pytest.mark.slow
def test_several_processes_measure_the_same(tmp_path):
    found = entries(folder(tmp_path / "a", 2), 0.14)
    first, second = (list(measure_all(found, 6, workers)) for workers in (1, 2))
    for one, other in zip(first, second, strict=True):
        assert isinstance(one, Measured)
        assert one.name == other.name
        np.testing.assert_equal(one.numbers, other.numbers)
