"""The standard streams, closed or full: one message if results cannot be printed, and no file in their place."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any, TextIO

STDIN, STDOUT, STDERR = 0, 1, 2


def hold() -> None:
    """Make sure that all three are there, so that no file that is opened later takes the number of one that is closed.

    What is written to a closed stdout fails when it is flushed; a closed stderr takes everything in silence.
    """
    for number in (STDIN, STDOUT, STDERR):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_WRONLY if number == STDERR else os.O_RDONLY)  # takes the lowest free number
    if sys.stdout is None:
        sys.stdout = _text(STDOUT)
    if sys.stderr is None:
        sys.stderr = _text(STDERR)
    sys.stdout, sys.stderr = Remembering(sys.stdout), Forgiving(sys.stderr)


def lose(number: int) -> None:
    """Let what is still to be written to a stream go nowhere: Python must not complain about it once more at exit."""
    with contextlib.suppress(OSError):
        handle = os.open(os.devnull, os.O_WRONLY)
        os.dup2(handle, number)
        os.close(handle)


def printing_failed() -> OSError | None:
    """Why results could not be printed; None if they could."""
    try:
        sys.stdout.flush()
    except OSError as why:
        return why
    return getattr(sys.stdout, "failure", None)


class _Stream:
    """A stream behind this one: everything that is not done here is done there."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Remembering(_Stream):
    """A stream of results: it remembers that it could not take them (unbuffered, it has nothing left to flush)."""

    failure: OSError | None = None

    def write(self, text: str) -> int:
        """Write, or remember why not."""
        try:
            return self._stream.write(text)
        except OSError as why:
            self.failure = why
            raise


class Forgiving(_Stream):
    """A stream of messages: what it cannot take is lost, and the work goes on."""

    def write(self, text: str) -> int:
        """Write, or not."""
        try:
            return self._stream.write(text)
        except OSError:
            lose(STDERR)
            return len(text)

    def flush(self) -> None:
        """Flush, or not."""
        try:
            self._stream.flush()
        except OSError:
            lose(STDERR)


def _text(number: int) -> TextIO:
    return open(number, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
