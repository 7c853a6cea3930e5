"""Findings hit by regions: Kallergi's rule and a box rule, from boxes or from grouped marks.

Kallergi's rule (Kallergi et al. 1999, Med Phys 26:267): the region covers at least half of the
finding, is at most four times as large, and holds at least three of its calcifications (or all,
if it has fewer). Boxes stand for outlines. The box rule asks for an overlap over union. Both
widen truth and mark by the tolerance, so that a single grain has an outline too.

Where the marks are single calcifications, they are grouped: at each of a ladder of thresholds
the marks on a finding's grains, with the false ones linked to them within 10 mm, are its region,
and three or more linked false marks away from it are a false region. A finding keeps the highest
threshold at which it was hit, a false region the one at which it appeared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from phantom.arrays import Array
from phantom.scoring.lesions import ImageTruth, is_target
from phantom.scoring.marks import Marks
from phantom.scoring.match import LESION, Match, Rules, box_iou, standing, wanted
from phantom.scoring.ratings import MISSED, Ratings

Rule = Literal["kallergi", "box"]

COVERED = 0.5
LARGEST = 4.0
GRAINS = 3
_LADDER = 24
_MANY = 300


class _Image:
    """One image's findings: which count, their widened boxes, their grains that count."""

    def __init__(self, truth: ImageTruth, rules: Rules, least: int) -> None:
        self.truth = truth
        self.pad = rules.tolerance_mm / truth.spacing_mm
        counts = standing(truth, rules) == LESION
        findings = truth.findings
        self.asked = is_target(findings, rules.target)
        self.grains = [
            np.flatnonzero(counts & (truth.calcifications["finding_id"] == f)) for f in findings["finding_id"]
        ]
        self.counts = self.asked & np.array([len(g) >= least for g in self.grains], bool)
        sides = [findings[name].astype(float) for name in ("box_x_px", "box_y_px", "box_w_px", "box_h_px")]
        self.boxes = self.widen(np.stack(sides, axis=1))
        self.rating = np.full(len(findings), MISSED)
        self.false: list[tuple[float, str]] = []

    def widen(self, boxes: Array) -> Array:
        """Boxes made wider by the tolerance on every side."""
        return np.asarray(boxes + np.array([-self.pad, -self.pad, 2 * self.pad, 2 * self.pad]))

    def holds(self, box: Array, finding: int) -> int:
        """How many of the finding's grains have their centre in the (widened) box."""
        table = self.truth.calcifications[self.grains[finding]]
        u, v = table["x_px"] + 0.5 - box[0], table["y_px"] + 0.5 - box[1]
        return int(((u >= 0) & (v >= 0) & (u <= box[2]) & (v <= box[3])).sum())

    def passes(self, box: Array, finding: int, rule: Rule, rules: Rules) -> bool:
        """Whether a (widened) box hits the finding."""
        finding_box = self.boxes[finding]
        if rule == "box":
            return bool(box_iou(box[None], finding_box[None])[0, 0] >= rules.box_iou)
        low, high = (
            np.maximum(box[:2], finding_box[:2]),
            np.minimum(box[:2] + box[2:], finding_box[:2] + finding_box[2:]),
        )
        covered = np.clip(high - low, 0, None).prod() >= COVERED * finding_box[2:].prod()
        small = box[2:].prod() <= LARGEST * finding_box[2:].prod() * (1 + 1e-9)
        return bool(covered and small and self.holds(box, finding) >= min(GRAINS, len(self.grains[finding])))

    def touched(self, box: Array) -> Array:
        """The findings whose box the (widened) box overlaps, most first."""
        overlap = box_iou(box[None], self.boxes)[0] if len(self.boxes) else np.zeros(0)
        return np.argsort(-overlap, kind="stable")[: int((overlap > 0).sum())]


def match_regions(
    marks: Marks, grains: Match | None, images: Sequence[ImageTruth], rules: Rules, rule: Rule
) -> tuple[Ratings, Array, Array]:
    """Ratings per finding, the causes of its false regions, and the row of each lesion in its image's findings.

    Marks for whole findings are used where there are any, grouped single marks otherwise.
    """
    boxes = len(marks.regions) > 0 or grains is None
    least = 1 if boxes else GRAINS
    parts = [_Image(truth, rules, least) for truth in images]
    if boxes:
        rows = wanted(marks.regions, rules.target)
        for row in rows[np.lexsort((rows["y_px"], rows["x_px"], -rows["score"]))]:
            _box_mark(parts[row["image"]], row, rule, rules)
    elif grains is not None:
        starts = np.searchsorted(grains.mark_rows["image"], np.arange(len(images) + 1))
        for i, part in enumerate(parts):
            some = slice(starts[i], starts[i + 1])
            _grouped(part, grains.mark_rows[some], grains.mark_lesion[some], grains.mark_cause[some], rule, rules)
    lesion_rows = [np.flatnonzero(p.counts) for p in parts]
    false = [len(p.false) for p in parts]
    positive = np.array([p.counts.any() for p in parts], bool)
    ratings = Ratings(
        np.array([t.image_id for t in images]), np.array([t.case for t in images]),
        np.array([t.breast_cm2 for t in images]), positive,
        np.array([p.asked.any() for p in parts], bool) & ~positive,
        np.repeat(np.arange(len(parts)), [len(r) for r in lesion_rows]),
        np.concatenate([p.rating[r] for p, r in zip(parts, lesion_rows, strict=True)]),
        np.repeat(np.arange(len(parts)), false), np.array([s for p in parts for s, _ in p.false], float),
    )  # fmt: skip
    return ratings, np.array([c for p in parts for _, c in p.false], "U32"), np.concatenate(lesion_rows)


def region_fates(
    marks: Marks, images: Sequence[ImageTruth], rules: Rules, rule: Rule = "kallergi"
) -> tuple[Array, Array, Array]:
    """What becomes of every mark for a whole finding.

    Returns
    -------
    rows : structured array
        The marks, by image, the surest first.
    hits : (marks,) int
        1 for a hit, -1 for a false mark, -2 for one on a finding that does not count.
    causes : (marks,) str
        The cause of a false mark, empty for others.
    """
    parts = [_Image(truth, rules, 1) for truth in images]
    rows = wanted(marks.regions, rules.target)
    rows = rows[np.lexsort((rows["y_px"], rows["x_px"], -rows["score"], rows["image"]))]
    fates = [_box_mark(parts[row["image"]], row, rule, rules) for row in rows]
    return rows, np.array([hit for hit, _ in fates], int), np.array([cause for _, cause in fates], "U32")


def _box_mark(part: _Image, row: Any, rule: Rule, rules: Rules) -> tuple[int, str]:
    """One box of a detector of findings: it hits what it passes for (1), is false (-1), or does not count (-2)."""
    box = row["box"] if np.isfinite(row["box"]).all() else np.array([row["x_px"] + 0.5, row["y_px"] + 0.5, 0.0, 0.0])
    box = part.widen(box)
    touched = part.touched(box)
    hits = [f for f in touched if part.asked[f] and part.passes(box, f, rule, rules)]
    if not hits and len(touched) and part.asked[touched[0]] and not part.counts[touched[0]]:
        return -2, ""
    for finding in hits:
        part.rating[finding] = max(part.rating[finding], row["score"])
    if hits:
        return 1, ""
    cause = _cause(part, touched)
    part.false.append((float(row["score"]), cause))
    return -1, cause


def _cause(part: _Image, touched: Array) -> str:
    if not len(touched):
        return "background"
    return "loose outline" if part.asked[touched[0]] else str(part.truth.findings["kind"][touched[0]])


def _grouped(part: _Image, rows: Array, lesion: Array, cause: Array, rule: Rule, rules: Rules) -> None:
    """Regions made of single marks, at a ladder of thresholds from the highest score down."""
    use = lesion != -2
    rows, lesion, cause = rows[use], lesion[use], cause[use]
    owner = np.array([part.truth.finding_of(int(one)) if one >= 0 else -1 for one in lesion], int)
    place = np.stack([rows["x_px"], rows["y_px"]], axis=1)
    reach = rules.group_mm / part.truth.spacing_mm
    seen = np.zeros(len(rows), bool)
    for threshold in _ladder(rows["score"]):
        above = rows["score"] >= threshold
        false = np.flatnonzero(above & (owner < 0))
        groups = _linked(place[false], reach)
        size = np.bincount(groups)
        absorbed = np.zeros(len(size), bool)
        for finding in np.unique(owner[above & (owner >= 0)]):
            hits = np.flatnonzero(above & (owner == finding))
            joined = np.unique(groups[_near(place[false], place[hits], reach)])
            absorbed[joined] = True
            members = np.concatenate([hits, false[np.isin(groups, joined)]])
            _hit(part, int(finding), _around(place[members], rows["box"][members]), float(threshold), rule, rules)
        known = np.bincount(groups, weights=seen[false], minlength=len(size)) > 0
        for group in np.flatnonzero(~absorbed & ~known & (size >= GRAINS)):
            part.false.append((float(threshold), _most_frequent(cause[false[groups == group]])))
        seen[false] |= (absorbed | (size >= GRAINS))[groups]


def _ladder(scores: Array) -> Array:
    """The thresholds to group at, from the highest score down: every score, or some evenly spread where there are
    many."""
    steps = np.unique(scores)[::-1]
    return np.asarray(steps[np.unique(np.linspace(0, len(steps) - 1, min(_LADDER, len(steps))).round().astype(int))])


def _hit(part: _Image, finding: int, box: Array, threshold: float, rule: Rule, rules: Rules) -> None:
    """A finding is hit at the first threshold at which the region about its marks passes the rule."""
    waits = part.counts[finding] and np.isneginf(part.rating[finding])
    if waits and part.passes(part.widen(box), finding, rule, rules):
        part.rating[finding] = threshold


def _most_frequent(causes: Array) -> str:
    names, counts = np.unique(causes, return_counts=True)
    return str(names[counts.argmax()])


def _around(place: Array, boxes: Array) -> Array:
    """The box around marks: around their boxes where they have them, else around their pixels."""
    low = np.where(np.isnan(boxes[:, :2]), place, boxes[:, :2]).min(axis=0)
    high = np.where(np.isnan(boxes[:, :2]), place + 1.0, boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    return np.concatenate([low, high - low])


def _near(places: Array, others: Array, reach: float) -> Array:
    """(places,): whether one of the others is within reach."""
    from scipy.spatial import cKDTree

    if not len(places):
        return np.zeros(0, bool)
    return np.asarray(np.isfinite(cKDTree(others).query(places, distance_upper_bound=reach)[0]))


def _linked(place: Array, reach: float) -> Array:
    """(marks,): the number of each mark's group by single linkage."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if not len(place):
        return np.zeros(0, int)
    spots, where = np.unique(place, axis=0, return_inverse=True)
    pairs = _pairs(spots, reach)
    graph = coo_matrix((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(spots), len(spots)))
    return np.asarray(connected_components(graph, directed=False)[1])[where.ravel()]


def _pairs(spots: Array, reach: float) -> Array:
    """(n, 2): enough of the pairs within reach to tell the groups.

    Of many spots, the sides of their Delaunay triangles will do: they hold the shortest tree.
    """
    from scipy.spatial import Delaunay, QhullError, cKDTree

    if len(spots) > _MANY:
        try:
            corners = Delaunay(spots).simplices
        except QhullError:  # all on one line
            pass
        else:
            sides = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
            return np.asarray(sides[np.hypot(*(spots[sides[:, 0]] - spots[sides[:, 1]]).T) <= reach])
    return np.asarray(cKDTree(spots).query_pairs(reach, output_type="ndarray"))
