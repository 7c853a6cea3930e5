"""The progress bar of every command that takes long, on stderr: how many are done, images per second, time left."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from phantom.dataset.running.progress import Progress

_QUIET_S = 10.0  # where there is no terminal, one line now and then is enough


class Bar:
    """``with Bar() as bar: generate(..., progress=bar)``. Nothing reaches stdout.

    Where stderr is no terminal, such as in a job's log, a line comes every ten seconds.

    Parameters
    ----------
    what : str
        What is counted.
    """

    def __init__(self, what: str = "cases") -> None:
        self._what, self._note = what, ""
        self._bar: ProgressBar[None] | None = None
        self._shown_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.render_finish()

    def __call__(self, progress: Progress) -> None:
        """Show how far a run is."""
        pace = f"{progress.images_per_second:.2f} images/s" if progress.images_made else ""
        left = f"{duration(progress.seconds_left)} left" if progress.seconds_left else ""
        self.show(progress.cases_done, progress.cases, ", ".join(word for word in (pace, left) if word))

    def show(self, done: int, total: int, note: str = "") -> None:
        """Show that `done` of `total` are done, and a few words after it."""
        if not sys.stderr.isatty():
            if done >= total or time.monotonic() - self._shown_at > _QUIET_S:
                click.echo(f"{done} of {total} {self._what}" + (f", {note}" if note else ""), err=True)
                self._shown_at = time.monotonic()
            return
        self._note = note
        if self._bar is None:
            self._bar = click.progressbar(
                length=total, label=self._what, file=sys.stderr, show_eta=False, show_pos=True, show_percent=False,
                item_show_func=lambda _: self._note,
            )  # fmt: skip
        self._bar.length = total
        self._bar.update(done - self._bar.pos)
        self._bar.render_progress()


def duration(seconds: float) -> str:
    """A time in the units that suit it: ``45 s``, ``3 min``, ``2.5 h``."""
    if seconds < 99.5:
        return f"{max(seconds, 0):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
