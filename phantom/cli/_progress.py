"""A progress bar on stderr: images done, images per second, time left."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

_WIDTH = 30
_QUIET_S = 10.0  # where there is no terminal, one line now and then is enough


class Progress:
    """``with Progress(8) as bar: bar.add(2)``. Nothing reaches stdout.

    Parameters
    ----------
    total : int
        How many there will be.
    unit : str
        What is counted.
    """

    def __init__(self, total: int, unit: str = "images") -> None:
        self.total, self.unit, self.done, self.made = total, unit, 0, 0
        self._start = self._last = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def __enter__(self) -> Self:
        if self._terminal:
            self._show("\r")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._terminal:
            sys.stderr.write("\n")
        elif kind is None and self.total:
            self._show("")

    def add(self, count: int, made: bool = True) -> None:
        """So many more are there; `made` says whether they were made now or found from before."""
        self.done += count
        self.made += count if made else 0
        now = time.monotonic()
        if self._terminal and (now - self._last > 0.1 or self.done >= self.total):
            self._last = now
            self._show("\r")
        elif not self._terminal and now - self._last > _QUIET_S:
            self._last = now
            self._show("")

    def line(self) -> str:
        """The bar as text."""
        share = min(self.done / self.total, 1.0) if self.total else 1.0
        filled = int(share * _WIDTH)
        rate = self.made / max(time.monotonic() - self._start, 1e-3)
        pace = f"{rate:.2f} {self.unit}/s, {duration((self.total - self.done) / rate)} left" if rate else "starting"
        return f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {self.done} of {self.total} {self.unit}, {pace}"

    def _show(self, start: str) -> None:
        sys.stderr.write(f"{start}{self.line()}\x1b[K" if start else f"{self.line()}\n")
        sys.stderr.flush()


def duration(seconds: float) -> str:
    """A time in the units that suit it: ``45 s``, ``3 min``, ``2.5 h``."""
    if seconds < 99.5:
        return f"{max(seconds, 0):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
