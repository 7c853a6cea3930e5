"""Real mammograms: read, looked at, and calcifications put into them; `phantom.insert(…)` does it."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Room(ModuleType):
    """The room is the function too: ``phantom.insert(normals, preset, out)``."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """`phantom.insert.run.into_dataset`."""
        from phantom.insert.run import into_dataset

        return into_dataset(*arguments, **options)


sys.modules[__name__].__class__ = _Room
