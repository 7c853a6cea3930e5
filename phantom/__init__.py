"""Synthetic mammograms with calcifications, and the exact truth about every one of them.

>>> import phantom
>>> from phantom.exam import preset
>>> quick = preset.load("normal", ["detector.binning=16"])  # binned pixels, for a quick look
>>> case = phantom.simulate(quick, seed=7, index=0)  # a Case: no file is written
>>> [view.image_id[9:] for view in case.views]
['CC', 'MLO']
>>> case.views[0].for_presentation.shape
(208, 160)

`phantom.open(folder)` reads a dataset that `phantom generate` has written.
Nothing here is for diagnosis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from phantom.dataset import Dataset, open, stream
    from phantom.exam.case import Case, simulate

__all__ = ["Case", "Dataset", "__version__", "open", "simulate", "stream"]

# what is imported only when it is asked for: `phantom --help` must not wait for NumPy
_LAZY = {
    "Case": "phantom.exam.case",
    "simulate": "phantom.exam.case",
    "Dataset": "phantom.dataset",
    "open": "phantom.dataset",
    "stream": "phantom.dataset",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'phantom' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
