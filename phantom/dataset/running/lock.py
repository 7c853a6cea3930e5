"""One run per folder: a lock that the system takes back when its process dies (filelock)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from phantom.dataset.format.files import unwritable
from phantom.dataset.format.layout import LOCK
from phantom.dataset.format.untrusted import must_be_plain
from phantom.errors import FolderError


@contextlib.contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """``with folder_lock(folder):`` — no other run writes there meanwhile.

    Parameters
    ----------
    folder : Path
        Must exist.

    Raises
    ------
    FolderError
        If another run holds it.
    DatasetError
        If the lock is a link or a pipe.
    Unwritable
        If the folder cannot be written.
    """
    path = folder / LOCK
    must_be_plain(path)
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise FolderError(
            f"{folder}: another run is writing into this folder; wait for it, or choose another --out "
            "(shards that run at the same time each need their own)"
        ) from None
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)  # while it is held: nobody can have taken it meanwhile
        lock.release()
