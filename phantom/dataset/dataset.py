"""A dataset as Python sees it: a sequence of images with their truth, read when they are asked for."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Self, overload

from phantom.dataset.format.case_reader import Cases, StoredImage
from phantom.dataset.format.columns import from_csv
from phantom.dataset.format.files import sha256_of
from phantom.dataset.format.layout import TABLE_FILES
from phantom.dataset.format.manifest import Manifest, is_unfinished, must_be_dataset, read_manifest
from phantom.dataset.format.untrusted import open_plain, read_plain
from phantom.dataset.selection import Selectable
from phantom.errors import DatasetError
from phantom.tables import ImageRow, Table, rows_of

MAX_TABLE_BYTES = 1 << 33  # the calcifications of a million cases; a table must have the manifest's checksum too


def open(folder: str | Path) -> Dataset:  # noqa: A001 - phantom.open reads as it should
    """The dataset in a folder.

    Raises
    ------
    NoDataset
        If there is none.
    DatasetError
        If it is unfinished, damaged or not to be trusted.
    """
    return Dataset(folder)


class Dataset(Selectable):
    """The images of a dataset, in the order of its tables: ``len()``, ``data[i]``, ``data["000012-L-CC"]``, iteration.

    ``"000012-L-CC" in data``, slices, ``data.filter(kind="vascular")``, ``data.to_pandas()``, and
    ``with phantom.open(…) as data`` work as they do elsewhere in Python.

    Pixels are read when they are asked for. A dataset may be pickled and used in several
    processes, however they were started: each opens the files for itself. It has what a
    map-style dataset of PyTorch needs.

    Attributes
    ----------
    folder : Path
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        must_be_dataset(self.folder)
        if is_unfinished(self.folder):
            raise DatasetError(f"{self.folder}: unfinished; the command that began it, with --resume, finishes it")
        self._cases = Cases(self.folder)
        _ = self.manifest  # a dataset that cannot be trusted is refused at once

    @cached_property
    def manifest(self) -> Manifest:
        """What the dataset is and what made it (`phantom.dataset.format.manifest.Manifest`)."""
        return read_manifest(self.folder)

    @cached_property
    def images(self) -> Table:
        """The images' table (`phantom.tables.IMAGES`): a structured array, one record an image."""
        table = self._table("images")
        if len(table) and int(table["case"].max()) >= self.manifest.cases:
            raise DatasetError(f"{self.folder}: images.csv names a case that the manifest does not know")
        return table

    @cached_property
    def findings(self) -> Table:
        """The findings' table (`phantom.tables.FINDINGS`): one record a finding and image."""
        return self._table("findings")

    @cached_property
    def calcifications(self) -> Table:
        """The calcifications' table (`phantom.tables.CALCIFICATIONS`): one record a calcification and image."""
        return self._table("calcifications")

    @cached_property
    def objects(self) -> Table:
        """The objects' table (`phantom.tables.OBJECTS`): cysts, masses and the like that findings lie in."""
        return self._table("objects")

    def __len__(self) -> int:
        return len(self.images)

    @overload
    def __getitem__(self, which: int | str) -> StoredImage: ...
    @overload
    def __getitem__(self, which: slice) -> list[StoredImage]: ...
    def __getitem__(self, which: int | str | slice) -> StoredImage | list[StoredImage]:
        if isinstance(which, slice):
            return [self._image(i) for i in range(*which.indices(len(self)))]
        if isinstance(which, str):
            if which not in self._places:
                raise KeyError(which)
            return self._image(self._places[which])
        number = operator.index(which)
        if not -len(self) <= number < len(self):
            raise IndexError(f"image {number} of {len(self)}")
        return self._image(number % len(self))

    def __iter__(self) -> Iterator[StoredImage]:
        return (self._image(i) for i in range(len(self)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __contains__(self, which: object) -> bool:
        return getattr(which, "image_id", which) in self._places

    def __repr__(self) -> str:
        return f"<Dataset {str(self.folder)!r}: {len(self)} images of {self.manifest.cases} cases>"

    def __getstate__(self) -> dict[str, Any]:
        # a worker reads the tables for itself: they may be far larger than what is asked of it
        return {"folder": self.folder}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._cases = Cases(self.folder)

    def close(self) -> None:
        """Close the files this process has open; they open again when needed."""
        self._cases.close()

    def _image(self, number: int) -> StoredImage:
        return StoredImage(rows_of(ImageRow, self.images[number : number + 1])[0], self._cases)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.images["image_id"].tolist())}

    def table_bytes(self, name: str) -> bytes:
        """The file of one of the tables, byte for byte as it was written.

        Raises
        ------
        DatasetError
            If it is missing, a link, or another than the manifest tells of.
        """
        return read_plain(self._table_file(name), MAX_TABLE_BYTES)

    def _table_file(self, name: str) -> Path:
        """Where the file of a table is, once it is known to be the one that was written."""
        path = self.folder / TABLE_FILES[name]
        digest = sha256_of(path)
        if digest is None:
            raise DatasetError(f"{path}: missing")
        if digest != self.manifest.files.get(path.name):
            raise DatasetError(f"{path}: not as it was written; `phantom verify` tells what else is wrong")
        return path

    def _table(self, name: str) -> Table:
        path = self._table_file(name)
        with os.fdopen(open_plain(path), encoding="utf-8", newline="") as file:
            table = from_csv(name, file)
        table.flags.writeable = False
        if name != "images" and not set(table["image_id"].tolist()) <= set(self._places):
            raise DatasetError(f"{path}: names an image that images.csv does not")
        return table
