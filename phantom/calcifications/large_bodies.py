"""What kinds share that are a few large bodies, each in a place of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from phantom.anatomy.breast import Breast, Host
from phantom.arrays import Floats
from phantom.calcifications.distributions import REGION_MM, Reach, place_grains, ruler
from phantom.calcifications.finding import Distribution
from phantom.calcifications.sites import SHARES, sites
from phantom.errors import NoPlace
from phantom.recipe.seed import Seed

_REGIONS, _WIDER = 8, 1.15  # a region whose bodies lie too close together is drawn again, so many times wider


def apart(
    breast: Breast, seed: Seed, radii_mm: Floats, distribution: Distribution, region_mm: float = 40.0, fat: bool = False
) -> tuple[Floats, Floats]:
    """Centres (n, 3) for bodies of these radii (n,), none in another; and the radii that there was room for.

    Parameters
    ----------
    distribution : str
        ``none`` and ``diffuse`` anywhere; ``regional`` within a blob of `region_mm`; else as spread.
    fat : bool
        Prefer the fat under the skin to the gland.

    Raises
    ------
    NoPlace
        If there is no room even for bodies half as large.
    """
    rng = seed.rng()
    if distribution != "regional":
        return _apart(breast, rng, radii_mm, None, region_mm, fat)
    seen = ruler(breast)
    for _ in range(_REGIONS):
        centres, radii = _apart(breast, rng, radii_mm, sites(breast, rng, 1, 10.0, SHARES)[0], region_mm, fat)
        if len(centres) < 2 or seen(centres) > REGION_MM:
            return centres, radii
        region_mm *= _WIDER
    raise NoPlace(f"no room for a region of more than {REGION_MM / 10:g} cm with {len(radii_mm)} bodies")


def _apart(
    breast: Breast, rng: np.random.Generator, radii_mm: Floats, middle: Floats | None, region_mm: float, fat: bool
) -> tuple[Floats, Floats]:
    """`apart`, about a middle (3,) where there is one."""

    def weight(points: Floats) -> Floats:
        out: Floats
        if fat:
            depth = breast.depth_mm(points)
            out = np.where(depth < 22.0, 1.0, 0.15) * (1.15 - breast.gland_weight(points))
        else:
            out = 0.05 + breast.gland_weight(points)
        if middle is not None:
            out = np.where(np.linalg.norm(points - middle, axis=1) < 0.5 * region_mm, out, 0.0)
        return out

    for shrink in (1.0, 0.85, 0.7, 0.5):
        radii = shrink * radii_mm
        kept: list[Floats] = []
        for radius in radii.tolist():
            try:
                candidates = sites(breast, rng, 12, radius + 1.0, None, weight)
            except NoPlace:
                break
            for point in candidates:
                clear = [np.linalg.norm(point - q) > radius + r + 1.0 for q, r in zip(kept, radii, strict=False)]
                if all(clear):
                    kept.append(point)
                    break
            else:
                break
        if len(kept) == len(radii):
            return np.array(kept), radii
    raise NoPlace(f"no room for {len(radii_mm)} bodies of up to {2 * float(radii_mm.max()):.0f} mm")


def bed_of(
    breast: Breast, seed: Seed, rng: np.random.Generator, extent_mm: float, share: float, kind: Any
) -> tuple[Floats, float, tuple[Host, ...]]:
    """Centre (3,), radius and new host of a scar or surgical bed: the one there is, or a new one.

    Findings that grow later in the same breast, once it has the host, find the same bed.

    Parameters
    ----------
    extent_mm, share : float
        Diameter of the place, and the part of it that a new bed is wide.
    kind : str
        The host's; ``none`` for a place without one.
    """
    if kind == "none":
        return sites(breast, rng, 1, min(8.0, 0.3 * extent_mm))[0], 0.5 * extent_mm, ()
    for host in breast.hosts:
        if host.kind in ("scar", "surgical_bed"):
            return np.array(host.centre_mm), max(host.radii_mm), ()
    centres, radii = apart(breast, seed, np.array([0.5 * share * extent_mm]), "none")
    bed_rng = seed.child("bed").rng()
    radius = float(radii[0])
    a, b, c = (float(radius * bed_rng.uniform(0.55, 1.0)) for _ in range(3))
    x, y, z = (float(v) for v in centres[0])
    host = Host(0, kind, (x, y, z), (a, b, c), "glandular", float(bed_rng.uniform(0.6, 1.0)))
    return centres[0], radius, (host,)


def around(
    breast: Breast, seed: Seed, distribution: Distribution, count: int, extent_mm: float, gap_mm: float
) -> Floats:
    """Places (count, 3) of a group or region of a given extent."""
    reach = Reach(group_mm=extent_mm, region_mm=max(24.0, extent_mm), gap_mm=gap_mm)
    return place_grains(distribution, breast, seed, count, reach).points_mm
