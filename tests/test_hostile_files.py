"""Files that are no datasets, from anyone: refused in one message, for little memory, without waiting."""

from __future__ import annotations

import io
import os
import struct
import zlib

import fakes
import pytest

from phantom.errors import Unreadable, UsageError
from phantom.exam import preset as presets
from phantom.imaging import mammography_units
from phantom.insert import inputs, read_dicom, read_image
from phantom.scoring import observed
from phantom.scoring.lesions import gather
from phantom.scoring.read import read

DEFLATED = "1.2.840.10008.1.2.1.99"


@pytest.fixture(scope="module")
def images():
    return gather(fakes.rich_views())


def dicom(syntax: str, body: bytes) -> bytes:
    pytest.importorskip("pydicom")
    from pydicom.dataset import FileMetaDataset
    from pydicom.filewriter import write_file_meta_info

    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPInstanceUID = syntax, "1.2.3"
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.50"
    out = io.BytesIO(b"\0" * 128 + b"DICM")
    out.seek(0, os.SEEK_END)
    write_file_meta_info(out, meta)
    return out.getvalue() + body


def inflating(mib: int = 64) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"".join(packer.compress(b"\0" * (1 << 20)) for _ in range(mib)) + packer.flush()


def test_dicom_that_would_inflate_to_any_size_is_refused(images, tmp_path):
    path = tmp_path / "a.dcm"
    path.write_bytes(dicom(DEFLATED, inflating()))
    with pytest.raises(UsageError, match="deflated"):
        read(path, images)
    with pytest.raises(Unreadable, match="deflated"):
        read_dicom.read(path, None, None, None)


def test_a_report_of_millions_of_items_is_refused(images, tmp_path):
    items = struct.pack("<HHI", 0xFFFE, 0xE000, 0) * 1_000_000
    (tmp_path / "a.dcm").write_bytes(dicom("1.2.840.10008.1.2", struct.pack("<HHI", 0x40, 0xA730, len(items)) + items))
    with pytest.raises(UsageError, match="6 MiB"):
        read(tmp_path / "a.dcm", images)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [7000, 11000, 60000])  # below and above where Pillow warns, and where it refuses
def test_a_picture_of_more_pixels_than_a_mammogram_is_refused_unread(side, tmp_path):
    (tmp_path / "17_L_CC.png").write_bytes(png(side, side))
    with pytest.raises(Unreadable, match=r"at most 45000000|too large"):
        read_image.read(tmp_path / "17_L_CC.png", 0.07, None, None)


def test_dicom_of_more_pixels_than_a_mammogram_is_refused_unread(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    picture = pydicom.Dataset()
    picture.Modality, picture.Rows, picture.Columns, picture.BitsAllocated = "MG", 40000, 40000, 16
    picture.PhotometricInterpretation, picture.PixelData = "MONOCHROME2", b"\0\0"
    with pytest.raises(Unreadable, match="at most 45000000"):
        read_dicom._pixels(picture)


def test_a_header_of_long_names_is_told_in_a_short_message(images, tmp_path):
    (tmp_path / "a.csv").write_text("z" * 100_000 + ",x\n")
    with pytest.raises(UsageError, match="header must name") as why:
        read(tmp_path / "a.csv", images)
    assert len(str(why.value)) < 2000


def test_marks_of_a_million_unknown_images_are_told_at_once(images, tmp_path):
    """Near names are looked for only where they are shown: 40,000 marks took half a minute."""
    (tmp_path / "a.csv").write_text("image_id,x,y,score\n" + "L-CX,1,1,0.5\n" * 40_000)
    looked, real = [], __import__("difflib").get_close_matches
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("difflib.get_close_matches", lambda *a, **k: looked.append(a) or real(*a, **k))
        with pytest.raises(UsageError, match="40000 problems"):
            read(tmp_path / "a.csv", images)
    assert len(looked) < 10


def test_a_list_of_results_is_read_mark_by_mark(images, tmp_path):
    name = images[0].image_id
    marks = f'[{{"image_id": "{name}", "category_id": 1, "bbox": [1, 1, 2, 2], "score": 0.5}}, {"[]," * 100_000} 1]'
    (tmp_path / "a.json").write_text(marks)
    with pytest.raises(UsageError, match="mark 1 is no object"):
        read(tmp_path / "a.json", images)
    (tmp_path / "a.json").write_text('["\U0001f600' + "x" * (1 << 26) + '"]', "utf-8")
    with pytest.raises(UsageError, match="beyond ASCII"):
        read(tmp_path / "a.json", images)


# ---- pipes, and other things in the place of a file: none is waited for


@pytest.fixture
def pipe(tmp_path):
    def make(name):
        os.mkfifo(tmp_path / name)
        return tmp_path / name

    return make


def test_no_pipe_is_waited_for(pipe):
    with pytest.raises(UsageError, match="plain file"):
        observed.read(pipe("answers.json"))
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        inputs.sources([pipe("normals.csv")])
    with pytest.raises(UsageError, match="plain file"):
        mammography_units.text(str(pipe("unit.toml")))


@pytest.mark.parametrize("name", ["a\0.toml", "absent.toml", "folder.toml", "large.toml", "latin.toml"])
def test_a_detector_file_that_is_none_is_one_message(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "large.toml").write_bytes(b"#" * 1_000_001)
    (tmp_path / "latin.toml").write_bytes(b"says = '\xe9'")
    with pytest.raises(UsageError) as why:
        presets.from_dict({"name": "a", "description": "b", "detector": {"name": name}})
    assert why.value.exit_code == 2
    assert "1 problem" in str(why.value)
    assert 10 < len(str(why.value)) < 400
