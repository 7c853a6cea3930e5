"""How far one set of mammograms is from another, and how well a classifier tells them apart: `phantom.compare(…)`."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Room(ModuleType):
    """The room is the function too: ``phantom.compare(dataset, reference)``."""

    def __call__(self, dataset: Any, reference: Any, **options: Any) -> Any:
        """`phantom.compare.comparison.compare`, of datasets that are open or folders."""
        from pathlib import Path

        from phantom.compare.comparison import compare

        folders = (Path(getattr(one, "folder", one)) for one in (dataset, reference))
        return compare(*folders, **options)


sys.modules[__name__].__class__ = _Room
