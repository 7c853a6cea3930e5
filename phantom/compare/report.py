"""A comparison as text and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from phantom.compare.comparison import Comparison, Line, Side
from phantom.compare.tell import Separation

NOT_FOR = (
    "Chance is 0.5; a difference that shows is no measure of what a detector trained on one side loses on the other."
)


def as_dict(found: Comparison) -> dict[str, Any]:
    """All numbers, for JSON; None where there is none."""
    return {
        "dataset": _side(found.dataset),
        "reference": _side(found.reference),
        "split_by": found.by,
        "table": [_line(line) for line in found.lines],
        "separation": {scale: _separation(separation) for scale, separation in found.separation.items()},
        "images_unseen": {scale: _separation(separation) for scale, separation in found.images_unseen.items()},
        "controls": {
            scale: {"reference": _separation(reference), "dataset": _separation(dataset)}
            for scale, (reference, dataset) in found.controls.items()
        },
        "network": {scale: _separation(separation) for scale, separation in found.network.items()},
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "place": side.place,
        "women": len(side.women),
        "images": len(side.images),
        "patches": side.patches,
        "for_processing": sum(m.linear for m in side.images),
        "refused": [{"image": name, "reason": why} for name, why in side.refused],
    }


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _line(line: Line) -> dict[str, Any]:
    def span(values: tuple[float, float, float]) -> dict[str, float | None]:
        return dict(zip(("mean", "lowest_woman", "highest_woman"), map(_number, values), strict=True))

    row = line.row
    return {
        "key": row.key,
        "group": row.group,
        "name": row.name,
        "unit": row.unit,
        "reference": span(line.reference),
        "dataset": span(line.dataset),
        "z": _number(line.z),
        "outside": line.outside,
    }


def _separation(separation: Separation) -> dict[str, Any]:
    return {
        "auc": _number(separation.auc),
        "by_left_out": {name: _number(value) for name, value in separation.by_fold.items()},
        "leading": [
            {"feature": f.feature, "weight": _number(f.weight), "auc": _number(f.auc)} for f in separation.leading
        ],
    }


def lines(found: Comparison) -> Iterator[str]:
    """To read in a terminal."""
    for side, name in ((found.dataset, "dataset"), (found.reference, "reference")):
        women = _many(len(side.women), "woman", "women")
        images, patches = _many(len(side.images), "image"), _many(side.patches, "patch", "patches")
        yield f"{name:9}  {women}, {images}, {patches}: {side.place}"
    yield from notes(found)
    yield from _table(found)
    yield ""
    unseen = "women" if found.by == "woman" else "images"
    yield f"How well patches of 18 mm, minus mean, over sd, are told apart (AUC; {unseen} not trained on)"
    for scale, separation in found.separation.items():
        yield f"  {scale:36}{separation.auc:6.3f}   {_by(separation)}"
        yield f"  {'':36}{'':6}   carried by {', '.join(f'{f.feature} ({f.auc:.2f})' for f in separation.leading[:5])}"
        if found.by == "woman":
            yield f"  {'  same women, images not trained on':36}{found.images_unseen[scale].auc:6.3f}"
    for scale, separation in found.network.items():
        yield f"  {'network, ' + scale:36}{separation.auc:6.3f}   {_by(separation)}"
    yield ""
    yield "Control: each woman against the others of her side (images not trained on)"
    for scale, (reference, dataset) in found.controls.items():
        for name, separation in (("reference", reference), ("dataset", dataset)):
            yield f"  {scale + ', ' + name:36}{separation.auc:6.3f}   {_by(separation)}"
    yield ""
    yield NOT_FOR


def notes(found: Comparison) -> Iterator[str]:
    """What a reader of the numbers must know."""
    if found.by == "image":
        yield "Note: a side has only one woman: images, not women, are left out, and the AUC is too high."
    elif min(len(found.reference.women), len(found.dataset.women)) < 4:
        yield "Note: fewer than four women on a side: the AUC may be off by 0.1 or more."
    for side in (found.dataset, found.reference):
        raw = sum(m.linear for m in side.images)
        if raw:
            yield f"Note: {side.place}: {raw} of {len(side.images)} images are for processing: compared as minus ln."


def _table(found: Comparison) -> Iterator[str]:
    group = ""
    for line in found.lines:
        if line.row.group != group:
            group = line.row.group
            yield ""
            yield f"{group:48}{'reference':>10} {'[women]':>20} {'dataset':>10} {'[women]':>20} {'z':>6}"
        name = f"{line.row.name} ({line.row.unit})" if line.row.unit else line.row.name
        a, b = line.reference, line.dataset
        spans = [f"[{_short(low)} {_short(high)}]" for _, low, high in (a, b)]
        z = f"{line.z:.1f}" if math.isfinite(line.z) else "-"
        mark = " outside" if line.outside else ""
        yield f"  {name:46}{_short(a[0]):>10} {spans[0]:>20} {_short(b[0]):>10} {spans[1]:>20} {z:>6}{mark}"


def _short(value: float) -> str:
    return f"{value:.3g}"


def _by(separation: Separation) -> str:
    shown = [f"{Path(name).name} {value:.2f}" for name, value in separation.by_fold.items()]
    return ", ".join(shown) or "too few images"


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count} {one if count == 1 else several or one + 's'}"
