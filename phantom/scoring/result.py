"""A score that tells itself: in one line, as the command prints it, and as a dictionary."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phantom.scoring import brief, report
from phantom.scoring.score import Score


@dataclass(frozen=True, eq=False, repr=False)
class Result(Score):
    """A `Score` as `phantom.score` gives it: `print` shows what the command prints."""

    @classmethod
    def of(cls, score: Score) -> Result:
        """The same score."""
        return cls(score.levels, score.images, score.marks, score.rules, score.notes)

    def as_dict(self, at: float = 1.0, resamples: int = 1000, seed: int = 0) -> dict[str, Any]:
        """Everything, as `phantom score --json` has it.

        Parameters
        ----------
        at : float
            False marks per image at which kinds, sizes and causes are reported.
        resamples, seed : int
            Resamples of the cases for the intervals, and their seed.
        """
        return report.as_dict(self, None, at, resamples, seed)

    def __str__(self) -> str:
        return brief.text(self.as_dict()).rpartition("\n\n")[0]  # without what only the command can do

    def __repr__(self) -> str:
        return f"<Score of {Path(self.marks.source).name}: {brief.headline(self.as_dict())}>"
