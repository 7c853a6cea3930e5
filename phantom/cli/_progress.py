"""A progress bar on stderr: cases done, images per second, time left."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from phantom.dataset.running.progress import Progress

_WIDTH = 30
_QUIET_S = 10.0  # where there is no terminal, one line now and then is enough


class Bar:
    """``with Bar() as bar: generate(..., progress=bar)``. Nothing reaches stdout."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._shown_at = -_QUIET_S if self._terminal else time.monotonic()
        self._open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open:
            sys.stderr.write("\n")
            sys.stderr.flush()

    def __call__(self, progress: Progress) -> None:
        """Show how far it is."""
        now, last = time.monotonic(), progress.cases_done >= progress.cases
        if self._terminal and (last or now - self._shown_at > 0.1):
            sys.stderr.write(f"\r{line(progress)}\x1b[K")
            self._open = True
        elif not self._terminal and (last or now - self._shown_at > _QUIET_S):
            sys.stderr.write(f"{line(progress)}\n")
        else:
            return
        sys.stderr.flush()
        self._shown_at = now


def line(progress: Progress) -> str:
    """How far it is, as one line."""
    filled = _WIDTH * progress.cases_done // max(progress.cases, 1)
    pace = f", {progress.images_per_second:.2f} images/s" if progress.images_made else ""
    left = f", {duration(progress.seconds_left)} left" if progress.seconds_left else ""
    return f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {progress.cases_done} of {progress.cases} cases{pace}{left}"


def duration(seconds: float) -> str:
    """A time in the units that suit it: ``45 s``, ``3 min``, ``2.5 h``."""
    if seconds < 99.5:
        return f"{max(seconds, 0):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
