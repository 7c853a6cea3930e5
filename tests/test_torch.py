"""PyTorch: the same boxes and masks in tensors, in loaders with workers."""

from __future__ import annotations

import subprocess
import sys

import fakes
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.readers,
    # torch is slow to follow Python's and NumPy's own deprecations, and leaves its queues to the collector
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return fakes.write_rich(tmp_path_factory.mktemp("toy") / "data")


def first(batch):
    return batch[0]


def test_targets_are_the_truth(data):
    from phantom.torch import Detection

    for (image, target), stored in zip(Detection(data, masks=True), data, strict=False):
        assert image.shape == (1, *stored.for_presentation.shape)
        assert np.array_equal(np.rint(image[0].numpy() * 4095).astype(int), stored.for_presentation)
        assert target["boxes"].shape == (len(stored.calcifications), 4)
        assert target["masks"].shape[0] == target["labels"].shape[0] == len(stored.calcifications)
        for mask, grain in zip(target["masks"].numpy().astype(bool), stored.calcifications, strict=True):
            assert np.array_equal(mask, grain.mask)
    assert len(Detection(data)[0][1]["boxes"]) == 0
    assert len(Detection(data, level="finding")[2][1]["boxes"]) == 4


def test_tiles_read_no_more_than_themselves(data):
    from phantom.torch import Detection

    samples = Detection(data, tile=100, overlap=20, masks=True)
    assert len(samples) > len(data)
    for image, target in (samples[i] for i in range(len(samples))):
        assert image.shape == (1, 100, 100)
        for box, mask in zip(target["boxes"], target["masks"], strict=True):
            rows, columns = np.nonzero(mask.numpy())
            assert box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_loaders_with_workers(data, start):
    from phantom.torch import Detection

    loader = torch.utils.data.DataLoader(
        Detection(data), num_workers=2, collate_fn=first, multiprocessing_context=start
    )
    sums = [int(image.mul(4095).round().double().sum()) for image, _ in loader]
    assert sums == [int(image.for_presentation.astype(int).sum()) for image in data]


def test_the_plain_dataset_works_in_a_loader_too(data):
    loader = torch.utils.data.DataLoader(data, num_workers=2, collate_fn=first, multiprocessing_context="fork")
    assert [image.image_id for image in loader] == data.images["image_id"].tolist()


def make(preset, seed, case):
    return fakes.rich_cases()[1 + case % 2]


def test_a_stream_is_shared_out_by_case():
    from itertools import islice

    from phantom.torch import Stream

    samples = Stream(fakes.RICH, size=64, per_case=4, make=make)
    alone = {target["image_id"]: image for image, target in islice(iter(samples), 8)}
    loader = torch.utils.data.DataLoader(samples, batch_size=None, num_workers=2)
    shared = {target["image_id"]: image for image, target in islice(iter(loader), 8)}
    assert alone.keys() == shared.keys()
    assert all(torch.equal(alone[name], shared[name]) for name in alone)


def test_torchvisions_detector_trains_on_it(data):
    try:
        import torchvision
    except (ImportError, RuntimeError) as why:  # the latter where it was built for another torch
        pytest.skip(f"no torchvision: {why}")
    from phantom.torch import Detection

    model = torchvision.models.detection.ssdlite320_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=4
    ).train()
    samples = [Detection(data)[i] for i in (0, 2)]  # one without findings
    losses = model([image.expand(3, -1, -1) for image, _ in samples], [target for _, target in samples])
    assert all(torch.isfinite(loss) for loss in losses.values())


def test_nothing_else_imports_torch():
    rooms = "phantom, phantom.dataset.dataset, phantom.formats._export, phantom.scoring.score"
    code = f"import sys, {rooms}; sys.exit('torch' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, env={"PYTHONPATH": ":".join(sys.path)}).returncode
        == 0
    )
