"""Pairs of patches for a person to choose between, and the page that shows them: no server, no network."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from phantom.arrays import U8
from phantom.dataset.dataset import Dataset
from phantom.dataset.format.files import put
from phantom.dataset.format.key import key_of
from phantom.errors import UsageError
from phantom.exam.mammogram import Mammogram
from phantom.imaging import display_window
from phantom.recipe.seed import Seed
from phantom.scoring import observed
from phantom.tables import FindingRow
from phantom.viewer.page import Images

PATCH_PX = 384
_OFF_CENTRE = 0.25  # of the patch: what is asked for does not stand in its middle
QUESTIONS = {
    "calcifications": "In which of the two are there calcifications?",
    "real": "Which of the two is from a real mammogram?",
}


@dataclass(frozen=True, eq=False)
class Pair:
    """Two patches (rows, columns) uint8, the one that is asked for first, and what they show."""

    asked: U8
    other: U8
    label: str


def with_and_without(images: Images, count: int, seed: Seed, size: int = PATCH_PX) -> list[Pair]:
    """Places of findings in images that hold them, and the very same places in their twins without calcifications.

    Raises
    ------
    UsageError
        If the images have no such twins, or no finding of which something is visible.
    """
    numbers = {str(images[i].image_id): i for i in range(len(images))}
    found = [
        (i, numbers[twin], k)
        for name, i in numbers.items()
        if (twin := f"{name}+clean") in numbers
        for k in _visible(images[i])
    ]
    if not any(name.endswith("+clean") for name in numbers):
        raise UsageError(
            "the dataset has no twins without calcifications: make it with --set 'exam.twins=[\"clean\"]', "
            "or compare it with another one (--against)"
        )
    pairs = []
    for number, (i, twin, k) in _chosen(found, count, seed):
        image, row = images[i], images[i].findings[k].row
        place = _place(image, row, size, seed.child("place", number).rng())
        pairs.append(Pair(_patch(image, place, size), _patch(images[twin], place, size), row.kind))
    return _some(pairs)


def real_and_grown(real: Images, grown: Images, count: int, seed: Seed, size: int = PATCH_PX) -> list[Pair]:
    """Findings in real images beside findings of the same kind in grown ones, each kind as often as both allow.

    Raises
    ------
    UsageError
        If they have no kind in common.
    """
    ours, theirs = _by_kind(real), _by_kind(grown)
    kinds = sorted(set(ours) & set(theirs))
    found = [
        (kind, n)
        for kind in kinds
        for n in range(min(len(ours[kind]), len(theirs[kind])))
    ]  # fmt: skip
    pairs = []
    for number, (kind, n) in _chosen(found, count, seed):
        both = []
        for name, images, known in (("real", real, ours), ("grown", grown, theirs)):
            i, k = known[kind][n]
            place = _place(images[i], images[i].findings[k].row, size, seed.child("place", name, number).rng())
            both.append(_patch(images[i], place, size))
        pairs.append(Pair(both[0], both[1], kind))
    return _some(pairs)


def page_of(
    data: Dataset, out: Path | None, other: Dataset | None, count: int, patch_px: int, seed: int
) -> tuple[Path, int, str]:
    """Write the page of a dataset, beside grown images or by itself: where it is, how many pairs it has, what it asks.

    Raises
    ------
    UsageError
        If there is nothing to compare.
    """
    root, question = Seed(seed).child("observe"), "calcifications" if other is None else "real"
    key = key_of(data.manifest)
    if other is None:
        found = with_and_without(data, count, root, patch_px)
    else:
        found, key = real_and_grown(data, other, count, root, patch_px), key + key_of(other.manifest)
    token = hashlib.sha256(f"{key}:{question}:{seed}:{len(found)}:{patch_px}".encode()).hexdigest()[:24]
    place = out or data.folder.with_name(f"{data.folder.resolve().name}-observe.html")
    title = f"phantom observe: {data.manifest.preset}"
    write(found, observed.sides(token, len(found)), place, question, token, title)
    return place, len(found), question


def write(pairs: Sequence[Pair], sides: Sequence[int], path: Path, question: str, token: str, title: str) -> None:
    """Write the page: a file that is opened in a browser, and that gives the answers to download as JSON.

    Parameters
    ----------
    pairs : sequence of Pair
    sides : sequence of int
        Where the patch that is asked for stands: 0 left, 1 right.
    path : Path
    question : str
        One of `QUESTIONS`.
    token : str
        Goes into the answers; the sides follow from it when they are scored.
    title : str
    """
    shown = [[_png(image) for image in _ordered(pair, side)] for pair, side in zip(pairs, sides, strict=True)]
    data = {
        "token": token,
        "question": question,
        "labels": [pair.label for pair in pairs],
        "size": int(pairs[0].asked.shape[0]),
        "pairs": shown,
    }
    page = (files("phantom.viewer") / "pairs.html").read_text("utf-8")
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    for mark, value in {"@TITLE@": _plain(title), "@QUESTION@": _plain(QUESTIONS[question]), "@DATA@": text}.items():
        page = page.replace(mark, value)
    put(path, page.encode())


def _plain(text: str) -> str:
    from html import escape

    return escape(text)


def _ordered(pair: Pair, side: int) -> tuple[Any, Any]:
    return (pair.other, pair.asked) if side else (pair.asked, pair.other)


def _some(pairs: list[Pair]) -> list[Pair]:
    if not pairs:
        raise UsageError("there is nothing to compare: no finding of which a calcification is visible")
    return pairs


def _visible(image: Mammogram) -> Iterator[int]:
    """The findings of an image of which at least one grain can be seen."""
    seen = {grain.row.finding_id for grain in image.calcifications if grain.row.visible}
    for number, finding in enumerate(image.findings):
        if finding.row.finding_id in seen:
            yield number


def _by_kind(images: Images) -> dict[str, list[tuple[int, int]]]:
    out: dict[str, list[tuple[int, int]]] = {}
    for i in range(len(images)):
        if "+" not in str(images[i].image_id):
            for k in _visible(images[i]):
                out.setdefault(images[i].findings[k].row.kind, []).append((i, k))
    return out


def _chosen(found: Sequence[Any], count: int, seed: Seed) -> list[tuple[int, Any]]:
    """So many of what was found, drawn without putting back, in a drawn order."""
    order = seed.child("order").rng().permutation(len(found))[:count]
    return [(number, found[int(k)]) for number, k in enumerate(order)]


def _place(image: Mammogram, row: FindingRow, size: int, rng: np.random.Generator) -> tuple[int, int]:
    """First row and column of a patch that holds a finding's middle somewhere near its own, and lies in the image."""
    rows, columns = image.for_presentation.shape
    off = rng.uniform(-_OFF_CENTRE, _OFF_CENTRE, 2) * size
    top, left = (round(at + o - 0.5 * size) for at, o in zip((row.y_px, row.x_px), off, strict=True))
    return int(np.clip(top, 0, max(rows - size, 0))), int(np.clip(left, 0, max(columns - size, 0)))


def _patch(image: Mammogram, place: tuple[int, int], size: int) -> U8:
    """(size, size) uint8 through the image's own window; black where the image ends."""
    top, left = place
    part = image.for_presentation[top : top + size, left : left + size]
    out = np.zeros((size, size), np.uint8)
    shades = display_window.eight_bits(part, *display_window.limits(image.window_center, image.window_width))
    out[: part.shape[0], : part.shape[1]] = shades
    return out


def _png(pixels: Any) -> str:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=6)
    return base64.b64encode(out.getvalue()).decode()
