"""What is drawn, conditioned on being seen: findings that a reader could mark, and findings that nobody sees.

A labelled finding of a real data set was seen first. So a finding's grains are drawn, by default, from their
distributions given that most of them can be seen, not from those of the microscope, which counts particles that
no mammogram shows.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np

from phantom.arrays import Floats
from phantom.calcifications.finding import Calcification, Finding
from phantom.errors import NoPlace
from phantom.geometry.solids.clouds import GaussianBlob
from phantom.geometry.solids.ellipsoids import Ellipsoid
from phantom.geometry.solids.scaled import Scaled
from phantom.geometry.solids.shapes import Shape

Visibility = Literal["visible", "any", "occult"]

_SURE = 7.0  # expected d' that makes a rendered one of 5 nearly certain
_CLEAR = 14.0  # raised grains are spread, evenly in the logarithm, from _SURE to this
_SHARE, _LEAST = 0.65, 7  # of a finding's grains are seen; no fewer than this many, or all
_HAZE = 16.0  # of a haze as a whole
_GRAIN_OF_HAZE = 3.2  # d' of a middling grain in it: at the edge of seeing
_UNSEEN = 1.8
_POWER = 2.3  # a small grain's d' grows as this power of its size
_LARGEST_MM = 0.42  # a raised grain, as a ball of its volume: the lexicon's fine ones end at half a millimetre
_DENSITY = 1.7  # a raised grain is at most so dense
_THINNEST, _SMALLEST = 0.3, 0.35  # factors of density and size, at most, that hide a grain


def seen_by_a_reader(finding: Finding, expected: Floats, rng: np.random.Generator) -> Finding:
    """The finding with enough of its grains expected to be seen in the view that shows it best.

    Of those that fall short, so many are made larger, and those that may not be larger denser, that two thirds and
    at least seven (or all) can be seen. Grains of a haze come to the edge of seeing, and the haze is seen.

    Parameters
    ----------
    finding : Finding
    expected : (views, grains) array
        The structured d' each grain is expected to have.
    """
    best = expected[int((expected >= _SURE).sum(axis=1).argmax())] if len(expected) else np.zeros(0)
    if not len(best):
        return finding
    if finding.descriptor == "amorphous":
        return _haze(finding, expected[int(np.median(expected, axis=1).argmax())])
    wanted = min(len(best), max(_LEAST, math.ceil(_SHARE * len(best))))
    short = np.flatnonzero(best < _SURE)
    missing = wanted - (len(best) - len(short))
    if missing <= 0:
        return finding
    raised = rng.permutation(short)[:missing]
    goal = np.exp(rng.uniform(math.log(_SURE), math.log(_CLEAR), missing))
    grains = list(finding.calcifications)
    for i, target in zip(raised.tolist(), goal.tolist(), strict=True):
        grains[i] = _raised(grains[i], target / best[i])
    return replace(finding, calcifications=tuple(grains))


def seen_by_nobody(finding: Finding, expected: Floats) -> Finding:
    """The finding with every grain so thin, then so small, that no view is expected to show it.

    Raises
    ------
    NoPlace
        If its grains are too large for that.
    """
    most = expected.max(axis=0) if len(expected) else np.zeros(0)
    grains = []
    for grain, seen in zip(finding.calcifications, most.tolist(), strict=True):
        factor = min(1.0, _UNSEEN / max(seen, 1e-9))
        density = max(factor, _THINNEST)
        size = (factor / density) ** (1 / _POWER)
        if size < _SMALLEST:
            raise NoPlace("its grains are too large to be occult")
        grains.append(rescaled(replace(grain, relative_density=grain.relative_density * density), size))
    return replace(finding, calcifications=tuple(grains))


def _haze(finding: Finding, expected: Floats) -> Finding:
    """Its grains denser, then larger, until a middling one is at the edge of seeing and all together are seen."""
    factor = max(1.0, _GRAIN_OF_HAZE / float(np.median(expected)), _HAZE / math.sqrt(float((expected**2).sum())))
    grains = tuple(_raised(grain, min(factor, 6.0)) for grain in finding.calcifications)
    return replace(finding, calcifications=grains)


def _raised(grain: Calcification, factor: float) -> Calcification:
    """The grain with so many times the d': larger, and where that is not enough denser."""
    diameter = (6.0 / math.pi * grain.shape.volume_mm3) ** (1 / 3)
    size = min(factor ** (1 / _POWER), max(1.0, _LARGEST_MM / diameter))
    density = min(max(1.0, factor / size**_POWER), max(1.0, _DENSITY / grain.relative_density))
    return rescaled(replace(grain, relative_density=grain.relative_density * density), size)


def rescaled(grain: Calcification, factor: float) -> Calcification:
    """The grain with all lengths times a factor; the fade of an edge stays as wide."""
    shape = grain.shape
    if factor == 1.0:
        return grain
    larger: Shape
    if isinstance(shape, Ellipsoid):
        a, b, c = (factor * radius for radius in shape.radii_mm)
        larger = replace(shape, radii_mm=(a, b, c))
    elif isinstance(shape, GaussianBlob):
        a, b, c = (factor * sigma for sigma in shape.sigma_mm)
        larger = replace(shape, sigma_mm=(a, b, c))
    else:
        larger = Scaled(shape, factor)
    return replace(grain, shape=larger)
