"""Faults at every system call by which Python changes or reads files of a folder: the n-th one fails, or kills.

Calls are counted where Python makes them (`os.open`, `os.replace`, …, and the methods of files made by `os.fdopen` and
`open`), if they are about something in the folder. `attempt` runs a command in a child of this process, so that a kill
is a real one.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from phantom import cli

KILL = "kill"
FAULTS = (KILL, "EIO", "ENOSPC")
BY_PATH = ("open", "mkdir", "rmdir", "unlink", "replace", "rename", "scandir", "listdir")
BY_HANDLE = ("fsync", "close")
NEED_SPACE = ("open", "mkdir", "write", "flush", "fsync", "close", "replace")  # what a full disk can refuse


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (negative for a signal), its messages, and the calls that were counted."""

    code: int
    messages: str
    calls: tuple[str, ...]


class Shim:
    """Counts calls about a folder, and lets the n-th one (from 1) fail."""

    def __init__(self, folder: Path, at: int = 0, fault: str = KILL) -> None:
        self.folder, self.at, self.fault = str(folder.resolve()), at, fault
        self.calls: list[str] = []
        self.handles: set[int] = set()
        self._real = {name: getattr(os, name) for name in (*BY_PATH, *BY_HANDLE, "fdopen")}
        self._real_open = builtins.open

    def count(self, name: str) -> None:
        """One call more."""
        self.calls.append(name)
        if len(self.calls) != self.at:
            return
        if self.fault == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(getattr(errno, self.fault), os.strerror(getattr(errno, self.fault)))

    def is_here(self, path: Any) -> bool:
        """Whether a path lies in the folder, or a handle is one of a file in it."""
        if isinstance(path, int):
            return path in self.handles
        try:
            return str(Path(path).absolute()).startswith(self.folder)
        except TypeError:
            return False

    def install(self) -> None:
        for name in BY_PATH:
            setattr(os, name, self._by_path(name))
        for name in BY_HANDLE:
            setattr(os, name, self._by_handle(name))
        os.fdopen = self._fdopen  # type: ignore[assignment]
        builtins.open = io.open = self._open  # type: ignore[assignment]

    def _by_path(self, name: str) -> Callable[..., Any]:
        def call(path: Any = ".", *rest: Any, **more: Any) -> Any:
            inside = self.is_here(path)
            if inside:
                self.count(name)
            made = self._real[name](path, *rest, **more)
            if inside and name == "open":
                self.handles.add(made)
            return made

        return call

    def _by_handle(self, name: str) -> Callable[..., Any]:
        def call(handle: int) -> Any:
            inside = self.is_here(handle)
            if name == "close":
                self.handles.discard(handle)
                self._real[name](handle)  # a close that fails has closed
                if inside:
                    self.count(name)
                return None
            if inside:
                self.count(name)
            return self._real[name](handle)

        return call

    def _fdopen(self, handle: int, *rest: Any, **more: Any) -> Any:
        file = self._real["fdopen"](handle, *rest, **more)
        return _File(file, self, handle) if self.is_here(handle) else file

    def _open(self, file: Any, *rest: Any, **more: Any) -> Any:
        if isinstance(file, int) or not self.is_here(file):
            return self._real_open(file, *rest, **more)
        self.count("open")
        return _File(self._real_open(file, *rest, **more), self, -1)


class _File:
    """A file whose reads, writes, flushes and closes are counted."""

    def __init__(self, file: Any, shim: Shim, handle: int) -> None:
        self._file, self._shim, self._handle = file, shim, handle

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Any:
        return iter(self._file)

    def read(self, *size: int) -> Any:
        self._shim.count("read")
        return self._file.read(*size)

    def readinto(self, buffer: Any) -> Any:
        self._shim.count("read")
        return self._file.readinto(buffer)

    def write(self, data: Any) -> Any:
        self._shim.count("write")
        return self._file.write(data)

    def flush(self) -> None:
        self._shim.count("flush")
        self._file.flush()

    def close(self) -> None:
        if not self._file.closed:
            self._file.close()
            self._shim.handles.discard(self._handle)
            self._shim.count("close")


def attempt(arguments: Sequence[str], folder: Path, at: int = 0, fault: str = KILL) -> Ended:
    """How a command line ends with a fault at its n-th call about the folder; 0: with none."""
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as counted:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # threads of libraries, which the child does not use
            child = os.fork()
        if child == 0:
            code = 99
            try:
                os.dup2(printed.fileno(), 1)
                os.dup2(printed.fileno(), 2)
                sys.stdout, sys.stderr = io.StringIO(), io.TextIOWrapper(os.fdopen(2, "wb", closefd=False))
                shim = Shim(folder, at, fault)
                shim.install()
                code = cli.run([str(one) for one in arguments])
                sys.stderr.flush()
                os.write(counted.fileno(), "\n".join(shim.calls).encode())
            except BaseException:  # noqa: BLE001 (what the command line did not catch is what is looked for)
                os.write(2, traceback.format_exc().encode())
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        printed.seek(0)
        counted.seek(0)
        code = os.waitstatus_to_exitcode(status)
        return Ended(code, printed.read().decode(), tuple(counted.read().decode().split()))
