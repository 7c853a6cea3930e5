"""Datasets for PyTorch: torchvision's detection format, and patches without end.

`phantom.open` itself works in a `DataLoader` and needs no torch; this module, which does, turns its
images into tensors and targets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

try:
    import torch
    from torch.utils.data import Dataset as _Dataset
    from torch.utils.data import IterableDataset, get_worker_info
except ImportError as why:
    raise ImportError("phantom.torch needs PyTorch: pip install torch") from why

from phantom.dataset.dataset import Dataset
from phantom.errors import UsageError
from phantom.formats._boxes import BOX_CLASSES, boxes
from phantom.formats._tiles import Tile, grains_in, tiles
from phantom.tables import ImageRow, rows_of

Target = dict[str, Any]
Sample = tuple[Any, Target]
Transform = Callable[[Any, Target], Sample]


class Detection(_Dataset):  # type: ignore[misc,type-arg,unused-ignore]
    """A dataset in torchvision's detection format: ``image, target`` a sample, images without findings too.

    The image is (1, rows, columns) float32, 0 to 1. The target has ``boxes`` (n, 4) float32 as x1 y1
    x2 y2, half-open, ``labels`` (n,) int64 (1 benign, 2 suspicious, 3 artefact), ``area``, ``iscrowd``,
    ``image_id``, ``dprime`` (n,) float32 at the level of calcifications, and ``masks`` (n, rows,
    columns) uint8 if asked for. n may be 0: all of these are then there and empty.

    Parameters
    ----------
    data : Dataset or path
    tile, overlap : int
        Cut the images into tiles of this side; 0 for whole images. A sample is then a tile, of
        which no more than itself is read.
    level : ``calcification`` or ``finding``
    masks : bool
        A full-field mask takes 8.5 MB a calcification: better with tiles.
    transforms : callable
        ``transforms(image, target) -> image, target``, as torchvision's v2 transforms.
    """

    def __init__(
        self, data: Dataset | str | Path, *, tile: int = 0, overlap: int = 128,
        level: Literal["calcification", "finding"] = "calcification", masks: bool = False,
        transforms: Transform | None = None,
    ) -> None:  # fmt: skip
        if tile and not 0 <= overlap < tile:
            raise UsageError(f"overlap {overlap} must be smaller than tile {tile}")
        if masks and level == "finding":
            raise UsageError("findings have no masks; ask for the calcifications'")
        self.data = data if isinstance(data, Dataset) else Dataset(data)
        self.level, self.masks, self.transforms = level, masks, transforms
        self.samples: list[tuple[int, Tile]] = [
            (number, part)
            for number, row in enumerate(rows_of(ImageRow, self.data.images))
            for part in tiles(row.image_id, (row.rows, row.columns), tile, overlap)
        ]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, number: int) -> Sample:
        which, part = self.samples[number]
        image = self.data[which]
        pixels = image.crop(part.row, part.column, part.rows, part.columns)
        sample = _tensor(pixels, image.row.largest), {"image_id": number, **target(image, part, self.level, self.masks)}
        return self.transforms(*sample) if self.transforms else sample


class Stream(IterableDataset):  # type: ignore[misc,type-arg,unused-ignore]
    """Patches without end, made as they are asked for, in the same format as `Detection`.

    Each worker of a `DataLoader` makes cases of its own: case i's patches are the same for any
    number of workers. Parameters are those of `phantom.stream`.
    """

    def __init__(
        self, preset: Any, seed: int = 0, *, masks: bool = True, transforms: Transform | None = None, **more: Any
    ) -> None:
        self.preset, self.seed, self.masks, self.transforms, self.more = preset, seed, masks, transforms, more

    def __iter__(self) -> Iterator[Sample]:
        from phantom.dataset.patch_stream import stream

        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        for patch in stream(self.preset, self.seed, worker=worker, workers=workers, **self.more):
            part = Tile(patch.image_id, 0, 0, *patch.for_presentation.shape)
            sample = (
                _tensor(patch.for_presentation, patch.row.largest),
                {"image_id": patch.image_id, **target(patch, part, "calcification", self.masks)},
            )
            yield self.transforms(*sample) if self.transforms else sample


def target(image: Any, part: Tile, level: str, masks: bool) -> Target:
    """What is in a tile, as tensors."""
    there = boxes(part, image, level)
    corners = np.array([(b.x, b.y, b.x + b.w, b.y + b.h) for b in there], np.float32).reshape(-1, 4)
    out: Target = {
        "boxes": torch.from_numpy(corners),
        "labels": torch.tensor([BOX_CLASSES.index(b.label) + 1 for b in there], dtype=torch.int64),
        "area": torch.from_numpy((corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])),
        "iscrowd": torch.zeros(len(there), dtype=torch.int64),
    }
    if level == "calcification":
        out["dprime"] = torch.tensor([b.row.dprime for b in there], dtype=torch.float32)
    if masks:
        out["masks"] = torch.from_numpy(_masks(image, part, len(there)))
    return out


def _masks(image: Any, part: Tile, count: int) -> Any:
    from phantom import rle

    out = np.zeros((count, part.rows * part.columns), np.uint8)
    for number, (_, runs) in enumerate(grains_in(part, image)):
        out[number, rle.pixels(runs)] = 1
    return out.reshape(count, part.rows, part.columns)


def _tensor(pixels: Any, largest: int) -> Any:
    return torch.from_numpy(np.asarray(pixels, np.float32) / np.float32(largest))[None]
