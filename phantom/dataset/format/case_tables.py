"""What the case files tell: the rows of the dataset's tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from phantom.dataset.format import hdf5_checks
from phantom.dataset.format.columns import INSERTED, to_csv
from phantom.dataset.format.layout import TABLE_FILES, case_name
from phantom.dataset.format.manifest import Manifest
from phantom.dataset.format.split import split_column
from phantom.dataset.format.untrusted import parse_json
from phantom.errors import DatasetError
from phantom.tables import Table, dtype_of

if TYPE_CHECKING:
    import h5py


@dataclass(frozen=True, eq=False)
class CaseTables:
    """The tables of one case as the dataset's CSV files have them, and its findings that found no place."""

    tables: Mapping[str, Table]
    dropped: list[str]

    def texts(self) -> dict[str, str]:
        """Its rows of every CSV file."""
        return {name: to_csv(table, header=False) for name, table in self.tables.items()}


def read_case_tables(folder: Path, case: int, manifest: Manifest) -> CaseTables:
    """Read the tables of one case.

    Raises
    ------
    DatasetError
        If the case's file is missing or not to be trusted.
    """
    path = folder / case_name(case)
    with hdf5_checks.translated(path), hdf5_checks.open_case(path) as file:
        return case_tables(file, case, manifest)


def case_tables(file: h5py.File, case: int, manifest: Manifest) -> CaseTables:
    """`read_case_tables` of a file that is open.

    Raises
    ------
    DatasetError
        If it is not to be trusted.
    """
    tables = hdf5_checks.tables(file, TABLE_FILES, case)
    dropped = parse_json(hdf5_checks.text_attribute(file, "dropped") or "[]")
    if not isinstance(dropped, list) or not all(isinstance(reason, str) for reason in dropped):
        raise DatasetError("its list of dropped findings is no list of texts")
    images = _with_columns(tables["images"], columns_of("images", manifest))
    if manifest.split:
        images["split"] = split_column(manifest, case)
    return CaseTables({**tables, "images": images}, dropped)


def columns_of(table: str, manifest: Manifest) -> np.dtype[Any]:
    """The columns that a table of this dataset has."""
    optional = []
    if table == "images":
        optional = ["sweep", "sweep_value"] * bool(manifest.sweeps) + ["split"] * bool(manifest.split)
        optional += list(INSERTED) * manifest.is_inserted
    return dtype_of(table, optional)


def header(table: str, manifest: Manifest) -> str:
    """The first line of a table's CSV file."""
    return to_csv(np.zeros(0, columns_of(table, manifest)))


def _with_columns(table: Table, dtype: np.dtype[Any]) -> Table:
    if table.dtype == dtype:
        return table
    out = np.zeros(len(table), dtype)
    for name in set(dtype.names or ()) & set(table.dtype.names or ()):
        out[name] = table[name]
    return out
