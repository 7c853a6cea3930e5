"""Patches without end, for training: nothing is written to the disk."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from phantom.dataset.running.worker import CaseFactory
from phantom.errors import UsageError
from phantom.exam.patch import cut, place_patch

if TYPE_CHECKING:
    from phantom.exam.mammogram import ViewImage

MAX_PER_CASE = 99  # a patch's name has two digits


def stream(
    preset: Any,
    seed: int = 0,
    *,
    size: int = 512,
    per_case: int = 16,
    on_findings: float = 0.5,
    worker: int = 0,
    workers: int = 1,
    first_case: int = 0,
    start: int = 0,
    make: CaseFactory | None = None,
) -> Iterator[ViewImage]:
    """Patches of case after case, endlessly, each an image with its truth clipped to it.

    Patch ``000012-L-CC+patch03`` of a preset and seed is always the same, however many workers
    share the work: worker w of n makes the cases w, w + n, w + 2n, … Growing and imaging a
    case costs most of the time, so its patches come one after the other; shuffle them in a buffer.

    Parameters
    ----------
    preset : str or Preset
        A preset's name, a recipe's file, or a recipe that has been read.
    size : int
        Pixels on a side.
    per_case : int
        Patches of each case, up to 99, from its views in turn.
    on_findings : float
        The share of patches that hold a calcification on purpose, 0 to 1; the others lie anywhere in the breast.
    worker, workers : int
        Which of how many workers this is, counted from 0.
    first_case : int
        Which case is the first: to keep clear of a dataset made with the same seed.
    start : int
        How many patches to pass over, counted from the first case's first, all workers together: after a restart.

    Raises
    ------
    UsageError
        If there is no such preset, or a number is out of its range.

    Examples
    --------
    >>> from itertools import islice
    >>> for patch in islice(stream("benign", seed=7), 100):  # doctest: +SKIP
    ...     train(patch.for_presentation, patch.labels > 0)
    """
    if not 0 <= worker < workers:
        raise UsageError(f"worker {worker} of {workers}: must lie within 0 and {workers - 1}")
    if not 1 <= per_case <= MAX_PER_CASE or not 0 <= on_findings <= 1 or size < 1 or min(first_case, start) < 0:
        raise UsageError("per_case must lie within 1 and 99, on_findings within 0 and 1; size must be positive")
    if isinstance(preset, str):
        from phantom.exam.preset import load

        preset = load(preset)
    if hasattr(preset, "exam"):  # windows are cut from plain views: nothing else need be made
        exam = replace(preset.exam, twins=(), prior_years=(), magnification=0.0, patches=0, whole_views=True)
        preset = replace(preset, exam=exam)
    cases = itertools.dropwhile(
        lambda case: (case + 1 - first_case) * per_case <= start, itertools.count(first_case + worker, workers)
    )
    return _patches(preset, seed, size, per_case, on_findings, cases, start + first_case * per_case, make)


def _patches(
    preset: Any, seed: int, size: int, per_case: int, on_findings: float, cases: Iterator[int], first: int,
    make: CaseFactory | None,
) -> Iterator[ViewImage]:  # fmt: skip
    from phantom.exam.case import case_seed, simulate

    for case in cases:
        views = (make or simulate)(preset, seed, case).views
        for number in range(max(0, first - case * per_case), per_case):
            view = views[number % len(views)]
            corner = place_patch(view, size, case_seed(preset.name, seed, case).child("patch", number), on_findings)
            yield cut(view, *corner, size, f"patch{number:02d}")
