"""Heavy readers and judges, where they are installed: MONAI, picai_eval, torchvision, datasets, Orthanc."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time

import fakes
import numpy as np
import pytest

from phantom.formats._export import export, file_name
from phantom.formats._options import Options
from phantom.scoring import froc
from phantom.scoring.ratings import MISSED, Ratings

pytestmark = [
    pytest.mark.readers,
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning", "ignore::ResourceWarning"
    ),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return fakes.write_rich(tmp_path_factory.mktemp("toy") / "data")


def random_ratings(seed, images=12, lesions=30, false=50):
    rng = np.random.default_rng(seed)
    rating = np.where(rng.random(lesions) < 0.7, rng.random(lesions).round(2), MISSED)
    where = np.sort(rng.integers(0, images, lesions))
    return Ratings(
        np.arange(images).astype(str), np.arange(images), np.ones(images), np.isin(np.arange(images), where),
        np.zeros(images, bool),
        where, rating, rng.integers(0, images, false), rng.random(false).round(2),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_froc_is_monais(seed):
    monai = pytest.importorskip("monai.metrics")
    ratings = random_ratings(seed)
    hit = ratings.lesion_rating[np.isfinite(ratings.lesion_rating)]
    rates, sensitivity = monai.compute_froc_curve_data(ratings.fp_rating, hit, ratings.lesions, ratings.images)
    ours = froc.froc(ratings)
    # MONAI leaves its lowest threshold out and adds the origin; all its other points are ours
    assert np.allclose(rates[::-1], ours.false[:-1])
    assert np.allclose(sensitivity[::-1], ours.sensitivity[:-1])


@pytest.mark.parametrize("seed", range(3))
def test_froc_is_picai_evals(seed):
    pytest.importorskip("picai_eval")
    from picai_eval.metrics import Metrics

    ratings = random_ratings(seed)
    results = {}
    for image, name in enumerate(ratings.image_ids):
        found = [
            (1, float(r) if np.isfinite(r) else 0.0, 1.0) for r in ratings.lesion_rating[ratings.lesion_image == image]
        ]
        found += [(0, float(r), 0.0) for r in ratings.fp_rating[ratings.fp_image == image]]
        results[str(name)] = found
    metrics = Metrics(
        lesion_results=results, case_target={str(n): int(p) for n, p in zip(ratings.image_ids, ratings.positive,
        strict=True)},
        case_pred={str(n): max(0.0, float(h)) for n, h in zip(ratings.image_ids, ratings.highest(), strict=True)},
    )  # fmt: skip
    for rate in (0.5, 1.0, 2.0):
        assert float(metrics.lesion_TPR_at_FPR(rate)) == pytest.approx(froc.froc(ratings).at(rate)[0])
    assert metrics.auroc == pytest.approx(froc.roc(ratings)) or not froc.normals(ratings).any()


def test_torchvision_reads_coco(data, tmp_path):
    try:
        import torchvision
    except (ImportError, RuntimeError) as why:  # the latter where it was built for another torch
        pytest.skip(f"no torchvision: {why}")
    pytest.importorskip("pycocotools")
    export(data, "coco", tmp_path / "coco")
    plain = torchvision.datasets.CocoDetection(str(tmp_path / "coco"), str(tmp_path / "coco" / "annotations.json"))
    wrapped = torchvision.datasets.wrap_dataset_for_transforms_v2(plain, target_keys=("boxes", "masks", "labels"))
    for (_, target), image in zip((wrapped[i] for i in range(len(wrapped))), data, strict=True):
        if not image.calcifications:
            assert "boxes" not in target  # as docs/formats.md warns
            continue
        masks = np.array([grain.mask for grain in image.calcifications])
        assert np.array_equal(target["masks"].numpy().astype(bool), masks)
        assert set(target["labels"].tolist()) <= {1, 2, 3}


def test_monai_reads_its_lists(data, tmp_path):
    pytest.importorskip("monai")
    from monai.data import load_decathlon_datalist
    from monai.transforms import LoadImage

    export(data, "monai", tmp_path / "monai")
    pairs = load_decathlon_datalist(str(tmp_path / "monai" / "datalist.json"), data_list_key="training")
    read = LoadImage(image_only=True, reader="PILReader", reverse_indexing=False)
    for pair, image in zip(pairs, data, strict=True):
        assert np.array_equal(np.asarray(read(pair["image"])).astype(np.uint16) >> 4, image.for_presentation)
        assert np.array_equal(np.asarray(read(pair["label"])) > 0, image.labels > 0)


def test_hugging_face_reads_the_folder(data, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    datasets = pytest.importorskip("datasets")
    for bits in (8, 16):
        export(data, "imagefolder", tmp_path / f"hf{bits}", Options(bits=bits, window="full"))
        found = datasets.load_dataset(
            "imagefolder", data_dir=str(tmp_path / f"hf{bits}"), cache_dir=str(tmp_path / "cache")
        )["train"]
        assert found["image_id"] == data.images["image_id"].tolist()
        for row, image in zip(found, data, strict=True):
            assert len(row["objects"]["bbox"]) == len(image.calcifications)
            if bits == 16:
                assert np.array_equal(np.asarray(row["image"]).astype(np.uint16) >> 4, image.for_presentation)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.skipif(shutil.which("Orthanc") is None, reason="Orthanc is not installed")
def test_orthanc_gives_them_back_bit_equal(data, tmp_path):
    pytest.importorskip("pynetdicom")
    import urllib.request

    from pydicom import dcmread
    from pynetdicom import AE

    export(data, "dicom", tmp_path / "dicom")
    http, dicom = free_port(), free_port()
    settings = {
        "Name": "phantom", "StorageDirectory": str(tmp_path / "store"), "IndexDirectory": str(tmp_path / "store"),
        "Plugins": [],
        "HttpPort": http, "DicomPort": dicom, "DicomAet": "ORTHANC", "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
    }  # fmt: skip
    (tmp_path / "orthanc.json").write_text(json.dumps(settings))
    with subprocess.Popen(
        ["Orthanc", str(tmp_path / "orthanc.json")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            url = f"http://127.0.0.1:{http}"
            for _ in range(100):
                try:
                    urllib.request.urlopen(f"{url}/system", timeout=2).close()
                    break
                except OSError:
                    time.sleep(0.2)
            files = sorted((tmp_path / "dicom").rglob("*.dcm"))
            entity = AE()
            for kind in {dcmread(path, stop_before_pixels=True).SOPClassUID for path in files}:
                entity.add_requested_context(kind, "1.2.840.10008.1.2.1")
            link = entity.associate("127.0.0.1", dicom)
            assert link.is_established
            for path in files:
                assert link.send_c_store(dcmread(path)).Status == 0, path
            link.release()
            with urllib.request.urlopen(f"{url}/instances", timeout=10) as answer:
                ids = json.load(answer)
            assert len(ids) == len(files)
            back = {}
            for name in ids:
                with urllib.request.urlopen(f"{url}/instances/{name}/file", timeout=10) as answer:
                    stored = dcmread(__import__("io").BytesIO(answer.read()))
                back[stored.SOPInstanceUID] = stored
            for path in files:
                sent = dcmread(path)
                got = back[sent.SOPInstanceUID]
                assert got.get("PixelData") == sent.get("PixelData")
                assert got.get("ContentSequence") == sent.get("ContentSequence")
            with urllib.request.urlopen(f"{url}/instances/{ids[0]}/tags?simplify", timeout=10) as answer:
                assert json.load(answer)["PatientName"].startswith("SYNTHETIC")
        finally:
            server.terminate()


def test_names_are_files(data):
    assert file_name("000003-L-CC+mag1.8") == "000003-L-CC+mag1p8"
