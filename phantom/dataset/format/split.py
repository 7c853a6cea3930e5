"""Parts of a dataset for training and testing, by case: all images of a case are in one part."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from phantom.dataset.format.untrusted import SPLIT_NAME
from phantom.errors import UsageError
from phantom.recipe.seed import Seed

if TYPE_CHECKING:
    from phantom.dataset.format.manifest import Manifest

_GOLDEN = (math.sqrt(5) - 1) / 2


def parse_split(text: str) -> dict[str, float]:
    """``train=0.8,val=0.1,test=0.1`` as shares by name.

    Raises
    ------
    UsageError
        If it is not of that form, or the shares do not add up to 1.
    """
    shares: dict[str, float] = {}
    for piece in text.split(","):
        name, _, value = (word.strip() for word in piece.partition("="))
        try:
            share = float(value)
        except ValueError:
            share = math.nan
        if not SPLIT_NAME.fullmatch(name) or name in shares or not 0 < share <= 1:
            raise UsageError(f"--split {text}: must look like train=0.8,val=0.1,test=0.1")
        shares[name] = share
    if abs(sum(shares.values()) - 1) > 1e-6:
        raise UsageError(f"--split {text}: the shares add up to {sum(shares.values()):g}, not to 1")
    return shares


def part_of_case(shares: Mapping[str, float], seed: int, case: int) -> str:
    """The part a case belongs to; adding cases or asking again changes nothing.

    Cases walk round the circle in steps of the golden section (a low-discrepancy sequence),
    from a place that the seed decides: every run of cases, long or short, comes close to
    the shares asked for, closer than independent draws would.
    """
    if not shares:
        return ""
    start = float(Seed(seed).child("split").rng().random())
    place = math.fmod(start + case * _GOLDEN, 1.0)
    reached = 0.0
    for name, share in shares.items():
        reached += share
        if place < reached:
            return name
    return list(shares)[-1]


def source_of(manifest: Manifest, case: int) -> Mapping[str, Any] | None:
    """What a merged dataset tells of the one that a case came from; None in a dataset that was not merged."""
    for source in manifest.sources:
        first = int(source["first_case"])
        if first <= case < first + int(source["cases"]):
            return source
    return None


def split_column(manifest: Manifest, case: int) -> str:
    """What the column `split` says of a case; of a merged dataset, what it said where the case came from."""
    source = source_of(manifest, case)
    if source is not None:
        place = case - int(source["first_case"]) + int(source["begins_at"])
        return part_of_case(source["split"], int(source["seed"]), place)
    return part_of_case(manifest.split, manifest.seed, case)
