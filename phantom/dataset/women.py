"""Women who stand on both sides: in two datasets, or in two parts of a split.

A woman here is who was grown from the same random numbers, with whatever anatomy: a variant of her with half the
gland has the same ducts, and a detector that was trained on one has seen the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from phantom.dataset.dataset import Dataset
from phantom.errors import UsageError
from phantom.tables import WOMAN_DIGITS, Table


def women_of(images: Table) -> set[str]:
    """Who is in a table of images; what has no `woman_id` counts for nobody."""
    return {who(woman_id) for woman_id in np.unique(images["woman_id"]).tolist()} - {""}


def who(woman_id: str) -> str:
    """The part of a `woman_id` that her variants of another anatomy share."""
    return woman_id[:WOMAN_DIGITS]


def in_several_parts(tables: Iterable[Table]) -> list[str]:
    """Women with images in more than one part of a split, in order."""
    parts: dict[str, set[str]] = {}
    for images in tables:
        if "split" in (images.dtype.names or ()):
            for woman, part in np.unique(images[["woman_id", "split"]]).tolist():
                parts.setdefault(who(woman), set()).add(part)
    return sorted(woman for woman, found in parts.items() if woman and len(found - {""}) > 1)


def refuse_shared(datasets: Sequence[Dataset], paired: bool) -> None:
    """Refuse to put datasets together whose women repeat.

    Parameters
    ----------
    paired : bool
        Whether it is wanted, such as to compare detectors on the same breasts; even then nobody may come to stand
        in two parts of a split.

    Raises
    ------
    UsageError
        With how to fix it.
    """
    first: dict[str, Path] = {}
    for data in datasets:
        women = women_of(data.images)
        shared = sorted(women & first.keys())
        if shared and not paired:
            raise UsageError(
                f"merge: {_count(shared)} in both {first[shared[0]]} and {data.folder} (woman_id {shared[0]}…); make "
                "one of them with another --seed, or give --paired if the same breasts are wanted twice"
            )
        first |= dict.fromkeys(women - first.keys(), data.folder)
    several = in_several_parts(data.images for data in datasets)
    if several:
        raise UsageError(
            f"merge: {_count(several)} in two parts of the split (woman_id {several[0]}…): training and test would "
            "share her; give all datasets the same --split and --seed, or none"
        )


def refuse_known(tested: Dataset, trained: Sequence[Dataset]) -> None:
    """Refuse to test a detector on women that it was trained on.

    Raises
    ------
    UsageError
    """
    for data in trained:
        shared = sorted(women_of(tested.images) & women_of(data.images))
        if shared:
            raise UsageError(
                f"score: {_count(shared)} in both {tested.folder} and {data.folder}, which the detector was trained on "
                f"(woman_id {shared[0]}…); test it on a dataset of another --seed"
            )


def _count(women: Sequence[str]) -> str:
    return f"{len(women)} women stand" if len(women) > 1 else "one woman stands"
