"""One image of a dataset, with the attributes of a view: read from its case's file when asked for."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from phantom.arrays import U16, Bools, Runs
from phantom.dataset.format import hdf5_checks
from phantom.dataset.format.layout import case_name
from phantom.dataset.format.masks import MAX_MASK
from phantom.errors import DatasetError
from phantom.exam.displayable import Displayable
from phantom.exam.truth import CalcificationTruth, FindingTruth, ObjectTruth
from phantom.tables import CalcificationRow, FindingRow, ImageRow, ObjectRow, Table, rows_of

if TYPE_CHECKING:
    import h5py

_OPEN_FILES = 8


class StoredImage(Displayable):
    """One image of a dataset, with the attributes of `phantom.exam.case.ViewImage`; pixels are read when asked for.

    Attributes
    ----------
    row : ImageRow
        Its row of the images' table.
    image_id : str
    """

    def __init__(self, row: ImageRow, cases: Cases) -> None:
        self.row = row
        self.image_id = row.image_id
        self._case = row.case
        self._cases = cases

    @cached_property
    def for_presentation(self) -> U16:
        """(rows, columns) uint16, 0 to `row.largest` (4095), MONOCHROME2, 0 outside the breast."""
        return self._u16("for_presentation")

    @cached_property
    def for_processing(self) -> U16:
        """(rows, columns) uint16, linear in dose; (0, 0) where the recipe does not keep it."""
        with self._file() as file:
            if "for_processing" not in hdf5_checks.image_group(file, self.image_id):
                return np.zeros((0, 0), np.uint16)
        return self._u16("for_processing")

    @cached_property
    def labels(self) -> U16:
        """(rows, columns) uint16: row number + 1 into `calcifications`, 0 for none; the later row wins."""
        return self._u16("labels")

    @cached_property
    def breast_mask(self) -> Bools:
        """(rows, columns) bool."""
        mask: Bools = self._read("breast_mask").astype(bool)
        mask.flags.writeable = False
        return mask

    @property
    def window_center(self) -> float:
        """The middle of the window to show `for_presentation` with."""
        return self._window[0]

    @property
    def window_width(self) -> float:
        """The width of that window."""
        return self._window[1]

    @cached_property
    def findings(self) -> tuple[FindingTruth, ...]:
        """Its findings, in the order of their ids."""
        with self._file() as file:
            table, hulls = (hdf5_checks.table(file, name, self._case) for name in ("findings", "hulls"))
        places = np.flatnonzero(table["image_id"] == self.image_id)
        points = [hulls[hulls["finding"] == i] for i in places]
        return tuple(
            FindingTruth(row, np.stack([hull["x_px"], hull["y_px"]], axis=1))
            for row, hull in zip(rows_of(FindingRow, table[places]), points, strict=True)
        )

    @cached_property
    def calcifications(self) -> tuple[CalcificationTruth, ...]:
        """Its calcifications, in the order of `labels`."""
        with self._file() as file:
            table, runs = (hdf5_checks.table(file, name, self._case) for name in ("calcifications", "runs"))
        shape = self.row.rows, self.row.columns
        rows = rows_of(CalcificationRow, table[table["image_id"] == self.image_id])
        counted = sum(row.run_count for row in rows)
        if counted > len(runs):  # or few runs, counted again and again, would fill the memory
            raise DatasetError(f"{self.image_id}: calcifications count {counted} runs, but there are {len(runs)}")
        return tuple(CalcificationTruth(row, runs_of(row, runs, shape), shape) for row in rows)

    @cached_property
    def objects(self) -> tuple[ObjectTruth, ...]:
        """The bodies its findings lie in."""
        with self._file() as file:
            table = hdf5_checks.table(file, "objects", self._case)
        return tuple(map(ObjectTruth, rows_of(ObjectRow, table[table["image_id"] == self.image_id])))

    @cached_property
    def scene(self) -> dict[str, Any]:
        """What was grown: the recipe as resolved, the seed's path, the findings with their solids."""
        with self._file() as file:
            return hdf5_checks.scene(file)

    def crop(self, row: int, column: int, rows: int, columns: int, name: str = "for_presentation") -> Any:
        """A window of one of the image's arrays, without reading the rest; it must lie within the image."""
        whole = self.row.rows, self.row.columns
        if min(row, column, rows, columns) < 0 or row + rows > whole[0] or column + columns > whole[1]:
            raise ValueError(f"{self.image_id} is {whole[0]} x {whole[1]} pixels; the window does not lie within it")
        with self._file() as file:
            return self._checked(file, name)[row : row + rows, column : column + columns]

    def __repr__(self) -> str:
        row = self.row
        found = f"{row.n_findings} findings, {row.n_calcifications} calcifications"
        return f"<StoredImage {self.image_id}: {row.rows} x {row.columns}, {found}>"

    @cached_property
    def _window(self) -> tuple[float, float]:
        with self._file() as file:
            return hdf5_checks.window(self._checked(file, "for_presentation"))

    def _u16(self, name: str) -> U16:
        pixels: U16 = self._read(name)
        pixels.flags.writeable = False  # an image is what it is; a copy may be changed
        return pixels

    def _read(self, name: str) -> Any:
        with self._file() as file:
            return self._checked(file, name)[()]

    def _checked(self, file: h5py.File, name: str) -> h5py.Dataset:
        data = hdf5_checks.array(file, self.image_id, name)
        if data.shape != (self.row.rows, self.row.columns):
            raise DatasetError(f"{data.name} is {data.shape}, which is not what images.csv says")
        return data

    def _file(self) -> AbstractContextManager[h5py.File]:
        return self._cases.open(self._case)


def runs_of(row: CalcificationRow, runs: Table, shape: tuple[int, int]) -> Runs:
    """The runs (n, 2) of one row of the calcifications' table.

    Raises
    ------
    DatasetError
        If they are not in the table of runs, or leave the image.
    """
    first, count = row.run_offset, row.run_count
    mask_runs = runs[first : first + count]
    if len(mask_runs) != count:
        raise DatasetError(f"calcification {row.calcification_id}: its runs are not in the table of runs")
    ends = mask_runs["start"].astype(np.int64) + mask_runs["length"]
    area = int(mask_runs["length"].sum(dtype=np.int64))
    if area > MAX_MASK or (mask_runs["length"] == 0).any():
        raise DatasetError(
            f"calcification {row.calcification_id}: has a run without a pixel, or more than {MAX_MASK} pixels"
        )
    if count and (int(ends.max()) > shape[0] * shape[1] or int((ends[:-1] > mask_runs["start"][1:]).sum())):
        raise DatasetError(f"calcification {row.calcification_id}: its runs overlap or leave the image")
    return np.stack([mask_runs["start"], mask_runs["length"]], axis=1)


class Cases:
    """The case files of a folder, a few of them open; each process opens them for itself.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._reset()

    @contextmanager
    def open(self, case: int) -> Iterator[h5py.File]:
        """A case's file for the length of a ``with``, checked (`phantom.dataset.format.hdf5_checks`)."""
        if self._process != os.getpid():  # after a fork the parent's handles are not ours to use
            self._reset()
        path = self.folder / case_name(case)
        with self._lock, hdf5_checks.translated(path):
            if case not in self._files:
                while len(self._files) >= _OPEN_FILES:
                    self._files.popitem(last=False)[1].close()
                self._files[case] = hdf5_checks.open_case(path)
            self._files.move_to_end(case)
            yield self._files[case]

    def close(self) -> None:
        """Close them all; they open again when needed."""
        if self._process == os.getpid():
            with self._lock:
                for file in self._files.values():
                    file.close()
                self._files.clear()

    def images(self, case: int) -> list[StoredImage]:
        """The images of a case."""
        with self.open(case) as file:
            table = hdf5_checks.table(file, "images", case)
        return [StoredImage(row, self) for row in rows_of(ImageRow, table)]

    def _reset(self) -> None:
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._files: OrderedDict[int, h5py.File] = OrderedDict()

    def __getstate__(self) -> dict[str, Path]:
        return {"folder": self.folder}

    def __setstate__(self, state: dict[str, Path]) -> None:
        self.folder = state["folder"]
        self._reset()
