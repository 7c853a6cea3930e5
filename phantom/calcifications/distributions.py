"""How grains are spread through a breast: diffuse, regional, grouped, linear, segmental.

Operators of their own, independent of what the grains look like: each takes a breast, a seed and
how many, and gives places. Numbers are those of the BI-RADS lexicon (5th edition: grouped is at least
five within 1 cm and at most 2 cm, regional more than 2 cm and not along ducts); densities and
lengths are estimates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.arrays import Floats
from phantom.calcifications import groups
from phantom.calcifications.finding import Distribution
from phantom.calcifications.sites import SHARES, SUSPICIOUS_SHARES, CurvePath, inside, paths, sites, toward
from phantom.errors import NoPlace
from phantom.geometry.view import View
from phantom.recipe.seed import Seed

REGION_MM = 20.0  # what is no wider is a group (BI-RADS, 5th edition)
LINE_MM = 10.0  # no shorter row is called a line (estimate)
_TRIES = 40
_STARTS = 12  # places along a duct from which one in gland is drawn


@dataclass(frozen=True, eq=False)
class Places:
    """Where grains go.

    Attributes
    ----------
    points_mm : (n, 3) array
        In the breast's frame.
    along : (n, 3) array
        Unit vectors: along the duct, or toward the nipple where there is none.
    radius_mm : (n,) array
        Of the duct there; 0 where there is none.
    grouped : bool
        Whether they are one tight group.
    """

    points_mm: Floats
    along: Floats
    radius_mm: Floats
    grouped: bool = False


@dataclass(frozen=True)
class Reach:
    """How far a distribution reaches.

    Attributes
    ----------
    group_mm : float
        Largest distance within a group as the views show it; above 10 only with more than 15 grains.
    region_mm : float
        Diameter of a region; above 20.
    line_mm : float
        Length along a duct.
    sector_mm : float
        How deep a segment reaches from where it starts toward the chest wall.
    gap_mm : float
        No two grains of a group are closer.
    triangular : float
        Probability that a group's envelope is a triangle with its apex to the nipple.
    suspicious : bool
        Whether the quadrants' shares are those of suspicious findings.
    focus : int
        Grains in each lobule, within about 1.5 mm, when diffuse.
    """

    group_mm: float = 8.0
    region_mm: float = 40.0
    line_mm: float = 25.0
    sector_mm: float = 40.0
    gap_mm: float = 0.3
    triangular: float = 0.0
    suspicious: bool = False
    focus: int = 1


def place_grains(name: Distribution, breast: Breast, seed: Seed, count: int, reach: Reach) -> Places:
    """Places for `count` grains.

    Raises
    ------
    NoPlace
        If the breast has no room for such a distribution.
    """
    operators = {"diffuse": diffuse, "regional": regional, "grouped": grouped, "linear": linear, "segmental": segmental}
    return operators[name](breast, seed.rng(), count, reach)


def diffuse(breast: Breast, rng: np.random.Generator, count: int, reach: Reach) -> Places:
    """At random through the parenchyma, none closer than 2 mm to another (hard core), or in lobules so spaced."""
    lobules = -(-count // reach.focus)
    points = _apart(sites(breast, rng, 4 * lobules + 40, 3.0, shares=None), 2.0)[:lobules]
    if len(points) < lobules:
        raise NoPlace(f"no room for {lobules} lobules 2 mm apart")
    if reach.focus > 1:
        points = np.repeat(points, reach.focus, axis=0)[:count]
        points = points + np.clip(rng.normal(0.0, 0.45, points.shape), -1.2, 1.2)
    return _loose(breast, points)


def regional(breast: Breast, rng: np.random.Generator, count: int, reach: Reach) -> Places:
    """In a blob of more than 2 cm that does not follow ducts, denser in its middle and where there is gland."""
    seen = ruler(breast)
    for attempt in range(_TRIES):
        shrink = 1.0 - 0.4 * attempt / _TRIES
        half = 0.5 * max(24.0, reach.region_mm * shrink) * rng.uniform([1.0, 0.7, 0.7], [1.0, 1.0, 1.0])
        turn = groups.random_axes(rng)
        centre = sites(breast, rng, 1, 6.0, _shares(reach))[0]

        def weight(points: Floats, turn: Floats = turn, half: Floats = half, centre: Floats = centre) -> Floats:
            reached = (((points - centre) @ turn / half) ** 2).sum(axis=1)
            out: Floats = np.where(reached < 1.0, (0.05 + breast.gland_weight(points)) * (1.2 - reached), 0.0)
            return out

        try:
            points = sites(breast, rng, 3 * count, 1.5, None, weight)
        except NoPlace:
            continue
        points = _apart(_jitter(rng, points, 1.0), max(0.6, reach.gap_mm))
        points = points[inside(breast, points, 1.0)][:count]
        if len(points) == count and (count < 2 or seen(points) > REGION_MM):
            return _loose(breast, points)
    raise NoPlace(f"no room for a region of more than 2 cm with {count} grains")


def grouped(breast: Breast, rng: np.random.Generator, count: int, reach: Reach) -> Places:
    """In one tight group: a triangle with its apex to the nipple, or an oval, or a few foci."""
    size = min(reach.group_mm, 10.0 if count <= 15 else 20.0)
    seen = ruler(breast)
    for attempt in range(_TRIES):
        size_now = max(0.5 * size, size * (1.0 - 0.02 * max(0, attempt - 10)))
        centre = sites(breast, rng, 1, min(0.5 * size_now, 6.0) + 1.0, _shares(reach))[0]
        apex = toward(centre[None], breast.nipple_mm)[0]
        points = groups.group(rng, count, size_now, apex, reach.triangular, reach.gap_mm)
        points = centre + points * (size_now / max(seen(centre + points), 1e-6))  # a lone grain has no extent
        if inside(breast, points, 0.5).all():
            return Places(points, toward(points, breast.nipple_mm), np.zeros(count), grouped=True)
    raise NoPlace(f"no room for a group of {size:.0f} mm")


def linear(breast: Breast, rng: np.random.Generator, count: int, reach: Reach) -> Places:
    """In a line along one duct, at most half a millimetre off its axis."""
    lines = duct_lines(breast, rng, reach.suspicious)
    length = min(reach.line_mm, max((line[2] - line[1] for line in lines), default=0.0))
    if length < LINE_MM:
        raise NoPlace(f"no duct runs for {LINE_MM:g} mm deep enough below the skin")
    line = next(line for line in lines if line[2] - line[1] >= length)
    first = start_of(breast, line, length, rng, reach.suspicious)
    return _on(line[0], _uneven(rng, first, first + length, count), rng, breast)


def segmental(breast: Breast, rng: np.random.Generator, count: int, reach: Reach) -> Places:
    """On all branches of one lobe's ducts, from an apex toward the nipple."""
    lines = duct_lines(breast, rng, reach.suspicious)
    lobes = [
        lobe for lobe in dict.fromkeys(line[0].lobe for line in lines) if sum(w[0].lobe == lobe for w in lines) >= 2
    ]
    lobes = lobes or list(dict.fromkeys(line[0].lobe for line in lines))
    for lobe in lobes:
        branches = [line for line in lines if line[0].lobe == lobe]
        start = max(min(line[1] for line in branches), 12.0)
        end = min(max(line[2] for line in branches), start + reach.sector_mm)
        if end - start < 18.0:
            continue
        parts = unshared(
            [(path, max(start, a), min(end, b)) for path, a, b in branches if min(end, b) - max(start, a) > 2.0]
        )
        lengths = np.array([b - a for _, a, b in parts])
        shares = rng.multinomial(count, lengths / lengths.sum())
        placed = [
            _on(path, rng.uniform(a, b, n), rng, breast, 0.7)
            for (path, a, b), n in zip(parts, shares, strict=True)
            if n
        ]
        together = Places(
            np.concatenate([p.points_mm for p in placed]),
            np.concatenate([p.along for p in placed]),
            np.concatenate([p.radius_mm for p in placed]),
        )
        if groups.extent(together.points_mm) >= 18.0:
            return together
    raise NoPlace("no lobe whose ducts reach over 18 mm")


def ruler(breast: Breast) -> Callable[[Floats], float]:
    """Measures points (n, 3): their largest distance as the wider of CC and MLO shows it.

    The lexicon's lengths are those of a picture, and a paddle spreads the breast by up to a half.
    """
    pressed = [
        breast.compress(View("CC", breast.laterality, 0.0)),
        breast.compress(View("MLO", breast.laterality, 45.0)),
    ]
    return lambda points_mm: max(groups.extent(view.forward(points_mm)[:, :2]) for view in pressed)


def stretch(breast: Breast, point_mm: Floats) -> float:
    """How many times larger than it is the views show a body about a point (3,), at most."""
    star = np.array([(x, y, z) for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0) for z in (-1.0, 0.0, 1.0)])
    star *= 4.0 / np.maximum(np.linalg.norm(star, axis=1, keepdims=True), 1.0)
    return max(1.0, ruler(breast)(point_mm + star) / 8.0)


def _shares(reach: Reach) -> tuple[float, ...]:
    return SUSPICIOUS_SHARES if reach.suspicious else SHARES


def duct_lines(
    breast: Breast, rng: np.random.Generator, suspicious: bool = False
) -> list[tuple[CurvePath, float, float]]:
    """Duct lines in random order, each with the lengths from which and to which it lies deep enough.

    What is suspicious begins in lobules: where it is asked for, lines through gland come first.
    """
    found = paths(breast.ducts)
    if not found:
        return []
    # depth below the skin is asked for all at once, at points about 1 mm apart
    rulers = [np.linspace(0.0, path.length_mm, max(2, int(path.length_mm) + 1)) for path in found]
    deep = inside(breast, np.concatenate([path.at(s)[0] for path, s in zip(found, rulers, strict=True)]), 1.5)
    ends = np.cumsum([len(s) for s in rulers]).tolist()
    lines = []
    for path, ruler, end in zip(found, rulers, ends, strict=True):
        good = np.append(deep[end - len(ruler) : end] & (ruler >= 8.0), False)
        first = int(good.argmax())
        if good[first]:
            last = first + int(good[first:].argmin()) - 1
            lines.append((path, float(ruler[first]), float(ruler[last])))
    if not suspicious:
        return [lines[i] for i in rng.permutation(len(lines))]
    order = rng.exponential(1.0, len(lines)) / _in_gland(breast, lines)  # as drawn by these weights
    return [lines[i] for i in np.argsort(order, kind="stable")]


def start_of(
    breast: Breast, line: tuple[CurvePath, float, float], length_mm: float, rng: np.random.Generator, suspicious: bool
) -> float:
    """Where a stretch of a line begins: anywhere, or where it runs through gland if it is suspicious."""
    path, first, last = line
    room = max(first, last - length_mm)  # last - (last - first) may round below first
    if not suspicious:
        return float(rng.uniform(first, room))
    starts = rng.uniform(first, room, _STARTS)
    weights = _in_gland(breast, [(path, start, start + length_mm) for start in starts])
    return float(starts[int(rng.choice(_STARTS, p=weights / weights.sum()))])


def _in_gland(breast: Breast, stretches: Sequence[tuple[CurvePath, float, float]]) -> Floats:
    """(n,): how glandular the middle half of each stretch of a path is, never nothing."""
    middles = [
        path.at(np.linspace(0.75 * start + 0.25 * end, 0.25 * start + 0.75 * end, 5))[0]
        for path, start, end in stretches
    ]
    weight = breast.gland_weight(np.concatenate([np.empty((0, 3)), *middles]))  # asked for all at once
    return np.asarray(1e-3 + weight.reshape(-1, 5).mean(axis=1))


def unshared(lines: list[tuple[CurvePath, float, float]]) -> list[tuple[CurvePath, float, float]]:
    """The lines, each from where it leaves those before it: branches that share a stem have it once."""
    from scipy.spatial import cKDTree

    kept: list[tuple[CurvePath, float, float]] = []
    taken: dict[int, Floats] = {}
    for path, start, end in lines:
        ruler = np.arange(start, end, 0.5)
        points = path.at(ruler)[0] if ruler.size else np.empty((0, 3))
        before = taken.get(path.lobe)
        if ruler.size and before is not None:
            near = cKDTree(before).query(points)[0] < 0.6
            first = int(np.nonzero(near)[0][-1]) + 1 if near.any() else 0
            ruler, points = ruler[first:], points[first:]
        if ruler.size > 3:
            kept.append((path, float(ruler[0]), end))
            taken[path.lobe] = points if before is None else np.concatenate([before, points])
    return kept


def _on(path: CurvePath, s_mm: Floats, rng: np.random.Generator, breast: Breast, lateral_mm: float = 0.5) -> Places:
    points, lines, radii = path.at(s_mm)
    # off the axis, but in the duct where the duct is wide
    off = (
        groups.across(rng, lines) * (np.minimum(lateral_mm, np.maximum(radii, 0.15)) * rng.random(len(radii)))[:, None]
    )
    return Places(points + off, -lines, radii)


def _uneven(rng: np.random.Generator, start: float, end: float, count: int) -> Floats:
    """Lengths along a line, in order, in steps that differ a good deal."""
    steps = rng.gamma(2.0, 1.0, count + 1)
    out: Floats = start + (end - start) * np.cumsum(steps)[:-1] / steps.sum()
    return out


def _loose(breast: Breast, points: Floats) -> Places:
    return Places(points, toward(points, breast.nipple_mm), np.zeros(len(points)))


def _jitter(rng: np.random.Generator, points: Floats, size_mm: float) -> Floats:
    out: Floats = points + rng.normal(0.0, size_mm, points.shape)
    return out


def _apart(points: Floats, gap_mm: float) -> Floats:
    """The points that keep their distance from all kept before them."""
    kept: list[Floats] = []
    for point in points:
        if not kept or ((np.array(kept) - point) ** 2).sum(axis=1).min() >= gap_mm * gap_mm:
            kept.append(point)
    return np.array(kept)
