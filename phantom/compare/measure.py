"""One image measured: numbers of the whole, and features of each of its patches at each scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from phantom.arrays import F32, F64
from phantom.compare import table
from phantom.compare.features import SCALES, features
from phantom.compare.framed import frame
from phantom.compare.patches import PATCH_MM, PITCH_MM, cut
from phantom.compare.sides import Entry
from phantom.compare.skin import skin
from phantom.errors import Unreadable
from phantom.insert.estimate import estimate
from phantom.insert.picture import Picture

_COARSEST_MM = 1.3 * PITCH_MM


@dataclass(frozen=True, eq=False)
class Measured:
    """One image.

    Attributes
    ----------
    name, woman : str
    linear : bool
        Whether it is for processing.
    numbers : dict of float
        Of the image, by the keys of `phantom.compare.table.ROWS`.
    features : dict of dict of (patches,) float64
        By scale and name.
    stored : (patches, SIZE, SIZE) float16
        The patches, shares of full scale.
    """

    name: str
    woman: str
    linear: bool
    numbers: dict[str, float]
    features: dict[str, dict[str, F64]]
    stored: Any

    @property
    def grey(self) -> F32:
        """(patches, SIZE, SIZE) float32."""
        return np.asarray(self.stored, np.float32)


def measure(picture: Picture, woman: str, most: int) -> Measured:
    """Measure a picture, at most so many patches of it.

    Raises
    ------
    Unreadable
        If no breast is found, its pixels are too large, or no patch lies within the breast.
    """
    if picture.spacing_mm > _COARSEST_MM:
        raise Unreadable(f"pixels of {picture.spacing_mm:g} mm: they must be {_COARSEST_MM:.2f} mm or smaller")
    framed = frame(picture)
    patches = cut(framed, most)
    if not len(patches.grey):
        raise Unreadable(f"no patch of {PATCH_MM:.0f} mm lies within the breast")
    found = {scale: features(patches.grey, scale) for scale in SCALES}
    numbers = {
        **table.of_breast(framed),
        **skin(framed),
        "dense_share": _dense_share(picture),
        **table.of_patches(patches, found),
    }
    return Measured(picture.name, woman, picture.linear, numbers, found, patches.grey.astype(np.float16))


def _dense_share(picture: Picture) -> float:
    try:
        return estimate(picture).dense_share
    except Unreadable:  # a crop
        return float("nan")


def measured(entry: Entry, most: int) -> Measured | tuple[str, str]:
    """An entry measured, or its name and why it cannot be used."""
    try:
        picture, woman = entry.read()
        # files in different folders may bear the same name
        return replace(measure(picture, woman, most), name=entry.name)
    except Unreadable as why:
        return entry.name, str(why)


def measure_all(entries: Sequence[Entry], most: int, workers: int) -> Iterator[Measured | tuple[str, str]]:
    """All of them, in order, in so many processes."""
    if workers == 1 or len(entries) == 1:
        yield from (measured(entry, most) for entry in entries)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(min(workers, len(entries)), get_context("spawn")) as pool:
        yield from pool.map(measured, entries, [most] * len(entries))
