"""The two sides of a comparison: the images of a dataset, or DICOM, PNG and TIFF files, one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from phantom.arrays import U16
from phantom.compare.framed import woman_in
from phantom.dataset import open as open_dataset
from phantom.dataset.women import who
from phantom.errors import UsageError
from phantom.exam.mammogram import Mammogram
from phantom.insert import inputs, read_dicom, read_image
from phantom.insert.picture import Picture, chest_wall_left
from phantom.tables import ImageRow, rows_of

_SHADES = 4096


class Entry(Protocol):
    """One image that can be read when it is its turn; it may be pickled."""

    @property
    def name(self) -> str:
        """For messages."""
        ...

    def read(self) -> tuple[Picture, str]:
        """The picture as displayed, chest wall at the left, and its woman.

        Raises
        ------
        Unreadable
            If it cannot be used.
        """
        ...


def displayed(image: Mammogram) -> Picture:
    """An image for presentation, chest wall at the left."""
    row = image.row
    name, view, side = row.image_id, row.view, row.laterality
    picture = Picture(name, image.for_presentation, 12, row.pixel_spacing_mm, view, side, False)
    if chest_wall_left(picture):
        return picture
    return replace(picture, pixels=np.ascontiguousarray(picture.pixels[:, ::-1]), mirrored=True)


@dataclass(frozen=True)
class Stored:
    """An image of a dataset."""

    folder: str
    name: str
    woman: str

    def read(self) -> tuple[Picture, str]:
        """The image for presentation."""
        picture = displayed(open_dataset(self.folder)[self.name])
        return picture, self.woman


@dataclass(frozen=True)
class Filed:
    """A DICOM, PNG or TIFF file."""

    source: inputs.Source

    @property
    def name(self) -> str:
        """The file's path."""
        return self.source.path

    def read(self) -> tuple[Picture, str]:
        """What the file shows under its window; a for-processing image as minus ln of its values."""
        source = self.source
        path = Path(source.path)
        # neither view nor side is needed: what says neither is no reason to leave it out
        picture, key = replace(source, view=source.view or "CC", laterality=source.laterality or "L").read()
        if source.woman or path.suffix.lower() in read_image.SUFFIXES:
            return picture, source.woman or woman_in(path.name)
        if not picture.linear and picture.header.window is not None:
            picture = windowed(picture, _is_inverted(path))
        return picture, key[:8] or woman_in(path.name)


def _is_inverted(path: Path) -> bool:
    return str(read_dicom.dataset(path).get("PhotometricInterpretation")) == "MONOCHROME1"


def windowed(picture: Picture, inverted: bool) -> Picture:
    """What a display shows under the header's window (PS3.3 C.11.2.1), in 12 bits.

    Parameters
    ----------
    picture
        With dense bright; `inverted` says that the file has it dark (MONOCHROME1), where the window counts.
    """
    assert picture.header.window is not None
    center, width = picture.header.window
    x = np.arange(picture.largest + 1, dtype=np.float64)
    stored = picture.largest - x if inverted else x
    if picture.header.voi_function == "SIGMOID":
        shown = 1 / (1 + np.exp(np.clip(-4 * (stored - center) / width, -60, 60)))
    elif picture.header.voi_function == "LINEAR_EXACT":
        shown = np.clip((stored - center) / width + 0.5, 0, 1)
    else:
        shown = np.clip((stored - (center - 0.5)) / max(width - 1, 1) + 0.5, 0, 1)
    shown = 1 - shown if inverted else shown
    table = np.round(shown * (_SHADES - 1)).astype(np.uint16)
    pixels: U16 = table[picture.pixels]
    return replace(picture, pixels=pixels, bits=12, padding=None)


def entries(place: Path, spacing_mm: float | None) -> list[Entry]:
    """The images of a dataset, the files of a folder or those that a CSV names.

    Raises
    ------
    UsageError
        If nothing is there.
    DatasetError
        If a dataset cannot be trusted.
    """
    if (place / "manifest.json").exists():
        data = open_dataset(place)
        rows = rows_of(ImageRow, data.images)
        found: list[Entry] = [Stored(str(place), row.image_id, who(row.woman_id) or str(row.case)) for row in rows]
    else:
        found = [Filed(source) for source in inputs.sources([place], spacing_mm)]
    if not found:
        raise UsageError(f"{place}: holds no image")
    return found


def spread(found: Sequence[Entry], most: int) -> Iterator[Entry]:
    """At most so many of them, evenly spread."""
    if len(found) <= most:
        yield from found
    else:
        for i in np.linspace(0, len(found) - 1, most).round().astype(int):
            yield found[i]
