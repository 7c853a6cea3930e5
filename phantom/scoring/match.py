"""Which mark hits which calcification: by its mask, or within a distance of its centre.

A mark hits a calcification if its pixel lies in the mask, if it lies within the tolerance of the
centre of mass, or if its box overlaps the mask's box by half (the middle of a ring or of a curved
cast lies neither in the mask nor near its centre of mass). Marks are taken in order of falling
score; each hits at most one calcification, each calcification is hit once, and further marks on a hit calcification are
neither hits nor false. Calcifications below a structured d' do not count: neither their hits nor their
misses. The radius is a convention and is reported with every result (Chakraborty 2017,
"Observer Performance Methods for Diagnostic Imaging").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from phantom import rle
from phantom.arrays import Array
from phantom.scoring.lesions import ImageTruth, Target, is_target
from phantom.scoring.marks import Marks
from phantom.scoring.ratings import MISSED, Ratings

# A false mark this close to the end of the breast is put down to the skin line, and one this
# close to a calcification to its surroundings. Estimates: the roll-off and a few blur widths.
SKIN_LINE_MM = 3.0
NEIGHBOURHOOD_MM = 2.0
# Overlap at which a box hits a calcification, the usual one of box detectors.
BOX_HIT_IOU = 0.5
_CHUNK = 512
_NO_HIT = 9
_BOX = ("box_x_px", "box_y_px", "box_w_px", "box_h_px")
# Not a lesion: too faint to count, or of a finding the detector is not asked for.
LESION, FAINT, OTHER = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Rules:
    """How marks and truth meet.

    Attributes
    ----------
    tolerance_mm : float
        Largest distance of a mark from the centre of what it hits.
    min_dprime : float
        Calcifications below this detectability, structured d', do not count.
    target : str
        What the detector is asked for.
    box_iou : float
        Overlap that the box rule asks of a finding's box.
    group_mm : float
        Marks closer than this belong to one group.
    """

    tolerance_mm: float = 0.5
    min_dprime: float = 1.0
    target: Target = "calcification"
    box_iou: float = 0.2
    group_mm: float = 10.0


@dataclass(frozen=True, eq=False)
class Match:
    """Every mark's and every calcification's fate.

    Attributes
    ----------
    ratings : Ratings
    lesion_row : (lesions,) int
        Row of each lesion in its image's calcifications.
    distance_mm : (lesions,) float
        From the mark to the centre of what it hit; NaN where there is no hit.
    fp_cause : (false,) str
        What is there: a kind, ``near a calcification``, ``skin line``, ``outside the breast`` or ``background``.
    mark_rows : structured array
        The marks that took part, in the order of the next two.
    mark_lesion : (marks,) int
        Row of the calcification (hit now or before), -1 for a false mark, -2 for one that does not count.
    mark_cause : (marks,) str
        The cause of a false mark, empty for others.
    duplicates, dont_care : int
        Marks on what was hit before, and marks on calcifications that do not count.
    """

    ratings: Ratings
    lesion_row: Array
    distance_mm: Array
    fp_cause: Array
    mark_rows: Array
    mark_lesion: Array
    mark_cause: Array
    duplicates: int
    dont_care: int


def wanted(rows: Array, target: Target) -> Array:
    """The marks whose own label does not say that they are not meant for the target."""
    foreign = ("artefact",) if target == "calcification" else ("artefact", "benign")
    return np.asarray(rows[~np.isin(rows["label"], foreign)])


def standing(truth: ImageTruth, rules: Rules) -> Array:
    """(calcifications,): LESION, FAINT or OTHER."""
    ids = truth.findings["finding_id"][is_target(truth.findings, rules.target)]
    asked = np.isin(truth.calcifications["finding_id"], ids)
    faint = truth.calcifications["dprime_structured"] < rules.min_dprime
    return np.where(~asked, OTHER, np.where(faint, FAINT, LESION))


def match(marks: Marks, images: Sequence[ImageTruth], rules: Rules) -> Match:
    """Match marks to calcifications in every image."""
    rows = wanted(marks.grains, rules.target)
    rows = rows[np.lexsort((rows["y_px"], rows["x_px"], -rows["score"], rows["image"]))]
    starts = np.searchsorted(rows["image"], np.arange(len(images) + 1))
    parts = [_image(rows[starts[i] : starts[i + 1]], truth, rules) for i, truth in enumerate(images)]
    status = [standing(truth, rules) for truth in images]
    lesion_rows = [np.flatnonzero(s == LESION) for s in status]
    lesions = np.concatenate(lesion_rows)
    image_of = np.repeat(np.arange(len(images)), [len(x) for x in lesion_rows])
    mark_lesion = np.concatenate([p.lesion for p in parts])
    mark_cause = np.concatenate([p.cause for p in parts])
    false = mark_lesion == -1
    positive = np.array([bool((s == LESION).any()) for s in status])
    undecided = np.array([bool((s == FAINT).any()) for s in status]) & ~positive
    ratings = Ratings(
        np.array([t.image_id for t in images]), np.array([t.case for t in images]),
        np.array([t.breast_cm2 for t in images]), positive, undecided, image_of,
        np.concatenate([p.rating[r] for p, r in zip(parts, lesion_rows, strict=True)]),
        rows["image"][false].astype(np.int64), rows["score"][false].astype(np.float64),
    )  # fmt: skip
    distance = np.concatenate([p.distance[r] for p, r in zip(parts, lesion_rows, strict=True)])
    return Match(
        ratings, lesions, distance, mark_cause[false], rows, mark_lesion, mark_cause,
        sum(p.duplicates for p in parts), sum(p.dont_care for p in parts),
    )  # fmt: skip


@dataclass(eq=False)
class _Part:
    """One image's matching, as it goes on."""

    rating: Array
    distance: Array
    lesion: Array
    cause: Array
    duplicates: int = 0
    dont_care: int = 0


def _image(rows: Array, truth: ImageTruth, rules: Rules) -> _Part:
    n = len(truth.calcifications)
    part = _Part(np.full(n, MISSED), np.full(n, np.nan), np.full(len(rows), -1), np.full(len(rows), "", "U32"))
    status = standing(truth, rules)
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        distance, rank = _candidates(chunk, truth, rules.tolerance_mm)
        for m, mark in enumerate(chunk):
            near = np.flatnonzero(rank[m] < _NO_HIT)
            near = near[np.lexsort((distance[m, near], rank[m, near]))]
            _judge(part, start + m, mark, near, distance[m], status, truth)
    return part


def _judge(part: _Part, m: int, mark: Any, near: Array, distance: Array, status: Array, truth: ImageTruth) -> None:
    """Decide one mark's fate among the calcifications within its reach."""
    lesions = near[status[near] == LESION]
    free = lesions[np.isneginf(part.rating[lesions])]
    if len(free):
        row = free[0]
        part.rating[row], part.distance[row], part.lesion[m] = mark["score"], distance[row], row
    elif len(lesions):
        part.lesion[m] = lesions[0]
        part.duplicates += 1
    elif len(near) and status[near[0]] == FAINT:
        part.lesion[m] = -2
        part.dont_care += 1
    else:
        part.cause[m] = truth.calcifications["kind"][near[0]] if len(near) else _cause(mark, distance, truth)


def _candidates(rows: Array, truth: ImageTruth, tolerance_mm: float) -> tuple[Array, Array]:
    """(marks, calcifications) distances in mm, and how good a hit each is: 0 the best, `_NO_HIT` none.

    What a mark lies on exactly goes first, so that the truth hits itself whatever overlaps it; what
    it hits by the mask goes before what is only near.
    """
    table, columns = truth.calcifications, truth.shape[1]
    dx = rows["x_px"][:, None] - table["x_px"][None]
    dy = rows["y_px"][:, None] - table["y_px"][None]
    pixels = np.hypot(dx, dy)
    overlap = np.zeros(pixels.shape)
    boxes = np.flatnonzero(np.isfinite(rows["box"]).all(axis=1))
    if len(boxes):
        overlap[boxes] = box_iou(rows["box"][boxes], np.stack([table[name] for name in _BOX], axis=1).astype(float))
    x, y = np.rint(rows["x_px"]).astype(np.int64), np.rint(rows["y_px"]).astype(np.int64)
    u, v = x[:, None] - table["box_x_px"][None], y[:, None] - table["box_y_px"][None]
    boxed = (u >= 0) & (u < table["box_w_px"]) & (v >= 0) & (v < table["box_h_px"])
    within = np.zeros_like(boxed)
    for g in np.flatnonzero(boxed.any(axis=0)):
        some = np.flatnonzero(boxed[:, g])
        within[some, g] = rle.inside(truth.runs[g], y[some] * columns + x[some])
    distance = pixels * truth.spacing_mm
    rank = np.full(distance.shape, _NO_HIT, np.int8)
    rank[(distance <= tolerance_mm) | (overlap >= BOX_HIT_IOU)] = 2
    rank[within] = 1
    rank[(pixels <= 0.5) | (overlap >= 0.9)] = 0
    return distance, rank


def box_iou(a: Array, b: Array) -> Array:
    """(n, m) overlap over union of boxes (first column, first row, columns, rows); 0 where a box is missing."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, :2] + a[:, None, 2:], b[None, :, :2] + b[None, :, 2:])
    shared = np.clip(high - low, 0.0, None).prod(axis=2)
    union = a[:, 2:].prod(axis=1)[:, None] + b[:, 2:].prod(axis=1)[None] - shared
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nan_to_num(shared / union, nan=0.0, posinf=0.0))


def _cause(mark: Any, distance: Array, truth: ImageTruth) -> str:
    if len(distance) and distance.min() <= NEIGHBOURHOOD_MM:
        return "near a calcification"
    if truth.near_skin(float(mark["x_px"]), float(mark["y_px"]), 0.0):
        return "outside the breast"
    return "skin line" if truth.near_skin(float(mark["x_px"]), float(mark["y_px"]), SKIN_LINE_MM) else "background"
