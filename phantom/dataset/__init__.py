"""Datasets on disk: a folder of case files with tables, a manifest and a contact sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from phantom.dataset.dataset import Dataset, open  # noqa: A004
    from phantom.dataset.format.case_reader import StoredImage
    from phantom.dataset.patch_stream import stream
    from phantom.dataset.running.run import RunOptions, generate

__all__ = ["Dataset", "RunOptions", "StoredImage", "generate", "open", "stream"]

_LAZY = {
    "Dataset": "dataset",
    "StoredImage": "format.case_reader",
    "RunOptions": "running.run",
    "generate": "running.run",
    "open": "dataset",
    "stream": "patch_stream",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'phantom.dataset' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"phantom.dataset.{_LAZY[name]}"), name)
