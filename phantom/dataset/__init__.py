"""Datasets on disk: a folder of case files with tables, a manifest and a contact sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phantom.lazy import exports

if TYPE_CHECKING:
    from phantom.dataset.dataset import Dataset, open  # noqa: A004
    from phantom.dataset.format.case_reader import StoredImage
    from phantom.dataset.patch_stream import stream
    from phantom.dataset.running.run import RunOptions, generate

__all__ = [
    "Dataset",
    "RunOptions",
    "StoredImage",
    "generate",
    "open",
    "stream",
]

__getattr__ = exports(
    __name__,
    {
        "Dataset": "dataset",
        "RunOptions": "running.run",
        "StoredImage": "format.case_reader",
        "generate": "running.run",
        "open": "dataset",
        "stream": "patch_stream",
    },
)
