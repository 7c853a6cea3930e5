"""One run per folder: a lock that the system takes back when its process dies.

A whole run holds ``.lock`` alone. Parts of one job share it, and each holds its own
``.lock-i-of-n`` alone. Where the file system has no locks, the files' existence counts, and
the process named in them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from pathlib import Path
from types import ModuleType
from typing import Self

from phantom.dataset.format.files import unwritable
from phantom.dataset.format.layout import lock_name
from phantom.errors import FolderError

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


class FolderLock:
    """``with FolderLock(folder, part):`` — nobody else writes there meanwhile, except other parts of the same job.

    Parameters
    ----------
    folder : Path
        Must exist.
    part : (int, int) or None
        Part i of n, or None for a whole run.

    Raises
    ------
    FolderError
        On entering, if another run holds it; the message names its process.
    Unwritable
        If the folder cannot be written.
    """

    def __init__(self, folder: Path, part: tuple[int, int] | None = None) -> None:
        self.folder, self.part = folder, part
        self._held: list[tuple[Path, int]] = []

    def __enter__(self) -> Self:
        try:
            if fcntl is not None:
                try:
                    self._take(self.folder / lock_name(None), shared=self.part is not None)
                    if self.part is not None:
                        self._take(self.folder / lock_name(self.part), shared=False)
                    return self
                except OSError as error:
                    if error.errno not in _NO_LOCKS:
                        raise
                    self._release()
            self._take_by_name()
        except OSError as error:
            self._release()
            raise unwritable(self.folder, error) from error
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._release()

    def _take(self, path: Path, shared: bool) -> None:
        assert fcntl is not None
        while True:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                raise _refused(self.folder, path) from None
            except BaseException:
                os.close(handle)
                raise
            # its last holder may have taken the file away between our opening and our locking it
            if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
                break
            os.close(handle)
        self._held.append((path, handle))
        if not shared:
            os.ftruncate(handle, 0)
            os.write(handle, _me())

    def _take_by_name(self) -> None:
        """Without the system's locks: the file is the lock."""
        lock_path = self.folder / lock_name(self.part)
        others = [lock_path] if self.part else sorted(self.folder.glob(".lock*"))
        for path in [self.folder / lock_name(None), *others]:
            if path.exists():
                if not _is_dead(path):
                    raise _refused(self.folder, path)
                path.unlink(missing_ok=True)
        handle = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        self._held.append((lock_path, handle))
        os.write(handle, _me())

    def _release(self) -> None:
        for path, handle in reversed(self._held):
            with contextlib.suppress(OSError):
                if fcntl is not None:  # other parts may still share it: then it stays
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
            os.close(handle)
        self._held = []


def _me() -> bytes:
    return f"{os.getpid()} {socket.gethostname()}\n".encode()


def _holder(path: Path) -> tuple[int, str] | None:
    """Process and host that a lock's file names."""
    with contextlib.suppress(OSError, ValueError):
        pid, _, host = path.read_text("utf-8").strip().partition(" ")
        return int(pid), host
    return None


def _refused(folder: Path, path: Path) -> FolderError:
    holder = _holder(path)
    who = f" (process {holder[0]} on {holder[1]})" if holder else ""
    return FolderError(f"{folder}: another run{who} is writing into this folder; wait for it, or choose another --out")


def _is_dead(path: Path) -> bool:
    """Whether the process that left the lock is known to be gone."""
    holder = _holder(path)
    if holder is None or holder[1] != socket.gethostname():
        return False
    try:
        os.kill(holder[0], 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
