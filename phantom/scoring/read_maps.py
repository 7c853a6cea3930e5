"""Marks from score maps: the local maxima of an image of scores."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from phantom.arrays import Array
from phantom.errors import UsageError
from phantom.scoring.lesions import ImageTruth
from phantom.scoring.marks import Marks, Raw, check

# Maxima closer than this are one mark: the default tolerance of a hit.
SEPARATION_MM = 0.5
MOST = 2000


def read_maps(paths: Sequence[Path], images: Sequence[ImageTruth], source: str) -> Marks:
    """Marks from maps named ``<image_id>.npy`` or ``.png``, of the image's own shape.

    A mark is a local maximum above 0, at least 0.5 mm from a higher one, at the middle of its
    plateau; its score is the map's value there (8 and 16 bit PNGs are scaled to 0 to 1). Of one
    image the 2,000 highest are kept.

    Raises
    ------
    UsageError
        If a map has another shape, is unreadable or holds values that are not finite.
    """
    shapes = {truth.image_id: truth for truth in images}
    notes: list[str] = [f"score maps: local maxima above 0, at least {SEPARATION_MM:g} mm apart"]

    def marks() -> Iterator[Raw]:
        for path in paths:
            truth = shapes.get(path.stem)
            if truth is None:
                yield Raw(str(path), path.stem, 0.0, 0.0, 0.0)
                continue
            peaks = maxima(_load(path, truth.shape), SEPARATION_MM / truth.spacing_mm)
            if len(peaks) > MOST:
                notes.append(f"{path.name}: only the {MOST} highest of {len(peaks)} maxima are kept")
            for x, y, score in peaks[:MOST]:
                yield Raw(path.name, path.stem, float(x), float(y), float(score))

    found = check(marks(), images, source)
    return Marks(found.rows, found.source, (*notes, *found.notes))


def _load(path: Path, shape: tuple[int, int]) -> Array:
    data = _load_npy(path, shape) if path.suffix.lower() == ".npy" else _load_png(path, shape)
    if data.shape != shape:
        raise UsageError(f"{path}: {data.shape} is not the shape of its image, {shape}")
    if not np.isfinite(data).all():
        raise UsageError(f"{path}: it holds values that are not finite")
    return data


def _load_npy(path: Path, shape: tuple[int, int]) -> Array:
    try:
        data = np.load(path, allow_pickle=False, mmap_mode="r")
    except Exception as why:  # a header is Python's own syntax: anything may be wrong with it
        raise UsageError(f"{path}: not a NumPy array file: {str(why)[:200]}") from why
    if not isinstance(data, np.ndarray) or data.dtype.kind not in "fiub":
        raise UsageError(f"{path}: it holds no numbers")
    if data.shape != shape:
        raise UsageError(f"{path}: {str(data.shape)[:60]} is not the shape of its image, {shape}")
    return np.asarray(data, np.float32)


def _load_png(path: Path, shape: tuple[int, int]) -> Array:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=("PNG",)) as image:
                if image.size != (shape[1], shape[0]):
                    raise UsageError(f"{path}: {image.size[::-1]} is not the shape of its image, {shape}")
                deep = image.mode.startswith("I")
                pixels = np.asarray(image if deep or image.mode == "L" else image.convert("L"), np.float32)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as why:
        raise UsageError(f"{path}: not a readable PNG: {why}") from why
    return pixels / np.float32(65535.0 if deep else 255.0)


def maxima(scores: Array, apart_px: float) -> Array:
    """(n, 3): x, y and value of the local maxima above 0, highest first."""
    from scipy import ndimage

    reach = max(round(apart_px), 1)
    top = ndimage.maximum_filter(scores, size=2 * reach + 1, mode="constant", cval=-np.inf)
    labels, n = ndimage.label((scores == top) & (scores > 0), structure=np.ones((3, 3), int))
    if not n:
        return np.zeros((0, 3))
    index = np.arange(1, n + 1)
    middles = np.asarray(ndimage.center_of_mass(labels > 0, labels, index)).reshape(-1, 2)
    values = np.asarray(ndimage.maximum(scores, labels, index), float)
    order = np.lexsort((middles[:, 0], middles[:, 1], -values))
    return np.stack([middles[:, 1], middles[:, 0], values], axis=1)[order]
