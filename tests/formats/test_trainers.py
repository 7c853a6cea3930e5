"""Exports as trainers use them: from the folder of the export and from elsewhere, by the programs themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import fakes
import numpy as np
import pytest

from phantom.formats._export import export
from phantom.formats._options import Options

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.readers, pytest.mark.slow]
places = pytest.mark.parametrize("place", ["export", "elsewhere"])


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return fakes.write_rich(tmp_path_factory.mktemp("toy") / "data")


@pytest.fixture
def run_in(tmp_path):
    """Run a script in the folder of an export or in another one; what it prints."""

    def run(script, out, place, *arguments, **environment):
        """The name that `out` has from there is the script's first argument."""
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        cwd = out if place == "export" else elsewhere
        done = subprocess.run(
            [sys.executable, "-c", script, os.path.relpath(out, cwd), *map(str, arguments)], cwd=cwd, text=True,
            capture_output=True, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf"),
                 **environment},
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def needs(*packages):
    missing = [name for name in packages if find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed")


YOLO = """
import sys
from ultralytics import YOLO
model = YOLO("yolov8n.yaml")
model.train(data=sys.argv[1] + "/data.yaml", epochs=1, imgsz=64, batch=4, workers=0, device="cpu", plots=False,
            amp=False, save=False, project=sys.argv[2], verbose=False)
counts = model.trainer.train_loader.dataset.im_files, model.trainer.test_loader.dataset.im_files
names = [{p.rsplit("/", 1)[1].split("-")[0] for p in files} for files in counts]
assert names[0] and names[1] and not names[0] & names[1], names
assert sum(len(label["cls"]) for label in model.trainer.train_loader.dataset.labels)
print("epoch of", len(counts[0]), "and", len(counts[1]))
"""


@needs("ultralytics")
@places
def test_ultralytics_trains_an_epoch(data, tmp_path, run_in, place):
    export(data, "yolo", tmp_path / "yolo", Options(split="train=0.5,val=0.5", tile=128, overlap=32))
    printed = run_in(
        YOLO, tmp_path / "yolo", place, tmp_path / "runs", YOLO_CONFIG_DIR=str(tmp_path / "home"), YOLO_OFFLINE="1"
    )
    assert "epoch of" in printed


NNUNET = """
import sys
from nnunetv2.experiment_planning.verify_dataset_integrity import verify_dataset_integrity
if __name__ == "__main__":
    verify_dataset_integrity(sys.argv[1] + "/Dataset501_Phantom", num_processes=1)
    print("verified")
"""


@needs("nnunetv2")
@places
def test_nnunet_verifies_the_dataset(data, tmp_path, run_in, place):
    export(data, "nnunet", tmp_path / "out")
    assert "verified" in run_in(NNUNET, tmp_path / "out", place, nnUNet_raw=str(tmp_path / "out"))


HUGGING_FACE = """
import os, sys
import datasets
for folder in (dict(path="imagefolder", data_dir=sys.argv[1]), dict(path=os.path.abspath(sys.argv[1]))):
    found = datasets.load_dataset(**folder)
    assert set(found) == {"train", "validation"}, found
    row = next(row for row in found["train"] if row["objects"]["bbox"])
    print(len(found["train"]), len(found["validation"]), row["image_id"], row["image"].size)
"""


@needs("datasets")
@places
def test_hugging_face_loads_the_folder_with_or_without_the_name_of_its_builder(data, tmp_path, run_in, place):
    export(data, "imagefolder", tmp_path / "out", Options(split="train=0.5,val=0.5"))
    printed = run_in(HUGGING_FACE, tmp_path / "out", place).splitlines()
    assert len(printed) == 2
    assert printed[0] == printed[1]


@needs("mlcroissant")
@pytest.mark.filterwarnings("ignore")
def test_mlcroissant_validates_the_description_and_reads_the_records(data, tmp_path):
    import mlcroissant

    export(data, "imagefolder", tmp_path / "out", Options(split="train=0.5,val=0.5"))
    read = mlcroissant.Dataset(jsonld=str(tmp_path / "out" / "croissant.json"))
    assert not read.metadata.ctx.issues.errors
    assert {str(issue).rsplit("/", 1)[-1] for issue in read.metadata.ctx.issues.warnings} == {
        'datePublished" is recommended, but does not exist.'  # who publishes it knows
    }
    ids = [row[f"{part}/image_id"].decode() for part in ("train", "validation") for row in read.records(part)]
    assert sorted(ids) == sorted(data.images["image_id"].tolist())
    assert len(list(read.records("datacard"))) == len(data)
    assert read.metadata.data_limitations


TORCHVISION = """
import sys
import torch, torchvision
from torchvision.transforms import v2
torch.manual_seed(0)
torch.set_num_threads(1)
to = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.RGB()])
plain = torchvision.datasets.CocoDetection(sys.argv[1], sys.argv[1] + "/annotations.json", transforms=to)
data = torchvision.datasets.wrap_dataset_for_transforms_v2(plain, target_keys=("boxes", "labels"))
samples = [data[i] for i in range(len(data)) if "boxes" in data[i][1]][:2]
classes = len(plain.coco.cats) + 1
model = torchvision.models.detection.fasterrcnn_mobilenet_v3_large_320_fpn(
    weights=None, weights_backbone=None, num_classes=classes, min_size=128, max_size=160)
step = torch.optim.SGD(model.parameters(), lr=1e-3)
for _ in range(2):
    loss = sum(model([s[0] for s in samples], [s[1] for s in samples]).values())
    step.zero_grad(); loss.backward(); step.step()
    assert torch.isfinite(loss)
print("two steps with", classes, "classes")
"""


@needs("torchvision", "pycocotools")
@places
def test_a_torchvision_detector_trains_two_steps(data, tmp_path, run_in, place):
    export(data, "coco", tmp_path / "out")
    assert "two steps with 4 classes" in run_in(TORCHVISION, tmp_path / "out", place)


@needs("webdataset")
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("decoder", ["l", "l8", "pil", None])
def test_webdatasets_decoders_leave_sixteen_bits_whole(data, tmp_path, decoder):
    import webdataset

    export(data, "webdataset", tmp_path / "out", Options(bits=16, shard=3))
    shards = [str(path) for path in sorted((tmp_path / "out").glob("*.tar"))]
    samples = webdataset.WebDataset(shards, shardshuffle=False)
    samples = samples.decode(decoder) if decoder else samples.decode()
    for sample, image in zip(samples, data, strict=True):
        assert np.array_equal(sample["image.npy"], image.for_presentation)
        assert np.array_equal(sample["labels.npy.gz"], image.labels)
        assert sample["json"]["n_calcifications"] == len(image.calcifications)


MONAI = """
import sys
import numpy as np
from monai.data import load_decathlon_datalist
from monai.transforms import Compose, EnsureChannelFirstd, LoadImaged, Orientationd
pairs = load_decathlon_datalist(sys.argv[1] + "/datalist.json", data_list_key="training")
load = Compose([LoadImaged(["image", "label"]), EnsureChannelFirstd(["image", "label"])])
for pair in pairs:
    there = load(pair)
    assert there["image"].shape == there["label"].shape and there["image"].shape[0] == 1
    print(there["image"].shape[1:3], float(there["image"].max()), int((there["label"] > 0).sum()),
          [round(float(s), 4) for s in there["image"].pixdim[:2]])
"""


@needs("monai", "nibabel")
@places
def test_monai_loads_nifti_with_its_spacing(data, tmp_path, run_in, place):
    export(data, "monai", tmp_path / "out", Options(nifti=True))
    lines = run_in(MONAI, tmp_path / "out", place).splitlines()
    lines = [line for line in lines if line.startswith("torch.Size")]
    for line, image in zip(lines, data, strict=True):
        rows, columns = image.for_presentation.shape
        spacing = image.row.pixel_spacing_mm
        assert line == (
            f"torch.Size([{columns}, {rows}]) {float(image.for_presentation.max())} {int((image.labels > 0).sum())} "
            f"[{spacing}, {spacing}]"
        )
