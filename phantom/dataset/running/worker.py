"""What one worker does: make one case, or find that it is there already."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from phantom.dataset.format import hdf5_checks
from phantom.dataset.format.case_writer import write_case
from phantom.dataset.format.files import aside, sha256_of, unwritable
from phantom.dataset.format.layout import CASES, PART, case_name
from phantom.errors import CaseError, DatasetError, PhantomError

if TYPE_CHECKING:
    from phantom.exam.case import Case

_MARK = re.compile(r"(\d{6})\.h5\.(\d+)-[0-9a-f]+" + re.escape(PART))


class Recipe(Protocol):
    """What the runner needs of a preset."""

    @property
    def name(self) -> str:
        """The recipe's name."""
        ...

    def resolved(self) -> dict[str, Any]:
        """Every key with its value, ready for JSON."""
        ...

    def changed(self, sets: Sequence[str]) -> Recipe:
        """The recipe with ``key=value`` changes."""
        ...


# make(preset, seed, index) -> Case; importable, so that it can be sent to another process
CaseFactory = Callable[[Any, int, int], "Case"]


@dataclass(frozen=True)
class Job:
    """What every case of a run has in common; small, for it is sent along with each.

    Attributes
    ----------
    folder : str
    preset : Recipe
    seed : int
    make : callable
        ``make(preset, seed, index) -> Case``.
    about : dict
        Attributes for the root of every case file.
    """

    folder: str
    preset: Any
    seed: int
    make: CaseFactory
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseResult:
    """A case that is on the disk, whole.

    Attributes
    ----------
    index : int
    digest : str
        SHA-256 of its file.
    images : int
        How many images were made; 0 for a case that was there already.
    damaged : bool
        Whether there was a file in its place that was not what it should be.
    """

    index: int
    digest: str
    images: int
    damaged: bool = False


def make_case(job: Job, index: int, known: str | None = None) -> CaseResult:
    """Make a case and write its file, unless the file is there with the checksum `known`.

    While it is under way a file named after the case and this process lies beside its place.

    Raises
    ------
    CaseError, Unwritable
    """
    path = Path(job.folder) / case_name(index)
    there = sha256_of(path)
    if there is not None and there == known and _can_be_read(path):
        return CaseResult(index, there, 0)
    part = aside(path)
    try:
        part.touch()
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        case = job.make(job.preset, job.seed, index)
        digest = write_case(case, path, job.about, part)
    except PhantomError as error:
        if str(path) in str(error):
            raise
        raise CaseError(f"case {index}: {error}") from error
    except MemoryError as error:
        raise CaseError(f"case {index}: not enough memory; try fewer --workers") from error
    except Exception as error:
        raise CaseError(f"case {index} could not be made: {type(error).__name__}: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return CaseResult(index, digest, len(case.views), damaged=there is not None and known is not None)


def _can_be_read(path: Path) -> bool:
    """Whether a case file opens: its checksum fits as well where another version of h5py wrote what none reads."""
    try:
        hdf5_checks.readable(path, path)
    except DatasetError:
        return False
    return True


def marks(folder: Path) -> dict[int, list[int]]:
    """Cases whose making has begun and not ended, with the processes that were at it."""
    found: dict[int, list[int]] = {}
    for path in sorted((folder / CASES).glob(f"*{PART}")):
        found_name = _MARK.fullmatch(path.name)
        if found_name:
            found.setdefault(int(found_name[1]), []).append(int(found_name[2]))
    return found


def remove_leftovers(folder: Path, in_part: Callable[[int], bool]) -> None:
    """Take away what stopped workers left of the cases that are `mine`."""
    for path in (folder / CASES).glob(f"*{PART}"):
        found_name = _MARK.fullmatch(path.name)
        if found_name is None or in_part(int(found_name[1])):
            path.unlink(missing_ok=True)
