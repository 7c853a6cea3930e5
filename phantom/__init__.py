"""Synthetic mammograms with calcifications, and the exact truth about every one of them.

>>> import phantom
>>> quick = {"detector.binning": 16}  # binned pixels, for a quick look
>>> case = phantom.simulate("normal", seed=7, index=0, **quick)  # a Case: no file is written
>>> [view.image_id[9:] for view in case.views]
['CC', 'MLO']
>>> case.views[0].for_presentation.shape
(208, 160)

There is a function for every command: `phantom.generate` makes a dataset, `phantom.open` reads one, `phantom.score`
scores a detector's marks, and so on. Nothing here is for diagnosis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from phantom import compare, insert
    from phantom.api import (
        atlas,
        detectors,
        export,
        generate,
        info,
        kinds,
        merge,
        observe,
        presets,
        rerender,
        score,
        verify,
        view,
    )
    from phantom.dataset import Dataset, open, stream
    from phantom.exam.case import Case, simulate
    from phantom.exam.preset import Preset

__all__ = [
    "Case", "Dataset", "Preset", "__version__", "atlas", "compare", "detectors", "export", "generate", "info", "insert",
    "kinds", "merge", "observe", "open", "presets", "rerender", "score", "simulate", "stream", "verify", "view",
]  # fmt: skip

# what is imported only when it is asked for: `phantom --help` must not wait for NumPy
_LAZY = {
    "Case": "phantom.exam.case",
    "simulate": "phantom.exam.case",
    "Preset": "phantom.exam.preset",
    "Dataset": "phantom.dataset",
    "open": "phantom.dataset",
    "stream": "phantom.dataset",
}
_ROOMS = ("compare", "insert")  # packages that are functions too


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _ROOMS:
        return import_module(f"phantom.{name}")
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    if name in __all__:
        return getattr(import_module("phantom.api"), name)
    raise AttributeError(f"module 'phantom' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
