"""How far a run is, and what it has come to, in plain words."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phantom.dataset.format.count import Count
from phantom.dataset.running.worker import CaseResult


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes
    ----------
    cases_done, cases : int
        Cases on the disk, and of how many.
    images_made : int
        Images made since the run began; those that were there already are not counted.
    images_per_second : float
        Since the run began; 0 until the first case is made.
    seconds_left : float or None
        None while nothing is known.
    """

    cases_done: int
    cases: int
    images_made: int
    images_per_second: float
    seconds_left: float | None


Watcher = Callable[[Progress], None]


class Stopwatch:
    """Counts cases and time, and tells a watcher."""

    def __init__(self, cases: int, watcher: Watcher | None) -> None:
        self.cases, self.watcher = cases, watcher
        self.done = self.made = self.images = self.repaired = 0
        self._begin = time.monotonic()
        self._tell()

    def count(self, done: CaseResult) -> None:
        """One more case."""
        self.done += 1
        self.made += done.images > 0
        self.repaired += done.damaged
        self.images += done.images
        self._tell()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._begin

    def _tell(self) -> None:
        if self.watcher is None:
            return
        seconds = self.seconds
        left = seconds / self.made * (self.cases - self.done) if self.made else None
        rate = self.images / seconds if seconds > 0 else 0.0
        self.watcher(Progress(self.done, self.cases, self.images, rate, left))


@dataclass(frozen=True)
class Summary:
    """What a run has come to.

    Attributes
    ----------
    folder : Path
    cases : int
        Cases in the dataset.
    made, kept, repaired : int
        Cases made now, found there already, and made again because their files were damaged.
    count : Count or None
        What is in the dataset; None while other shards are missing.
    dropped : dict of str to list of str
        Findings that found no place, by case.
    size : int
        Bytes of all files of the dataset.
    seconds : float
    shard : (int, int) or None
        Which part of the dataset was made.
    merged : int
        From how many datasets it was put together; 0 where it was made.
    notes : tuple of str
        What its reader must know.
    """

    folder: Path
    cases: int
    made: int
    kept: int
    repaired: int
    count: Count | None
    dropped: dict[str, list[str]]
    size: int
    seconds: float
    shard: tuple[int, int] | None = None
    merged: int = 0
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        counts: dict[str, Any] = {
            "folder": str(self.folder), "cases": self.cases, "made": self.made, "kept": self.kept,
            "repaired": self.repaired, "seconds": round(self.seconds, 3), "bytes": self.size,
            "shard": list(self.shard) if self.shard else None, "dropped": self.dropped,
        }  # fmt: skip
        if self.merged:
            counts |= {"merged": self.merged, "notes": list(self.notes)}
        return {**counts, **(self.count.as_dict() if self.count else {})}

    def text(self) -> str:
        """The same in plain words, several lines."""
        if self.count is None:
            number, of = self.shard or (1, 1)
            return (
                f"Shard {number} of {of} is done: {self.made} {_plural(self.made, 'case')} made, {_were(self.kept)} "
                f"there already, in {self.folder}.\nOnce all shards are done, `phantom merge` joins their folders."
            )
        count = self.count
        cases = f"{self.cases} {_plural(self.cases, 'case')}"
        lines = [f"{count.images} images of {cases} in {self.folder} ({size_text(self.size)})."]
        if self.merged:
            lines[0] = f"{self.merged} {_plural(self.merged, 'dataset')} merged: {lines[0]}"
        elif self.kept or self.repaired:
            again = f", {self.repaired} of them because their files were damaged" if self.repaired else ""
            lines.append(f"{_were(self.kept, ' case')} there already, {self.made} made now{again}.")
        lines.append(findings_text(count))
        if self.dropped:
            number = sum(map(len, self.dropped.values()))
            lines.append(
                f"{number} {_plural(number, 'finding')} found no place: left out, the manifest tells which and why."
            )
        return "\n".join([*lines, *(f"Note: {note}." for note in self.notes)])


def findings_text(count: Count) -> str:
    """The findings of a dataset in one sentence."""
    if not count.findings:
        return "No findings: every image is normal."
    kinds = ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in count.findings_by_kind.most_common())
    grains = f"{count.calcifications} {_plural(count.calcifications, 'calcification')}"
    return f"{count.findings} {_plural(count.findings, 'finding')} ({kinds}) with {grains}."


def size_text(size: int) -> str:
    """Bytes in the unit people use: 12.3 MB."""
    amount = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def _plural(number: int, word: str) -> str:
    return word if number == 1 else f"{word}s"


def _were(number: int, word: str = "") -> str:
    return f"{number}{word and _plural(number, word)} {'was' if number == 1 else 'were'}"
