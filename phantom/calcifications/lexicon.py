"""Whether a finding is spread as its word says, as a view shows it."""

from __future__ import annotations

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.calcifications.distributions import LINE_MM, REGION_MM, ruler
from phantom.calcifications.finding import Finding
from phantom.calcifications.kind_base import LEAST_OF_A_GROUP

_DIFFUSE_MM = 40.0  # what is no wider does not fill a breast (estimate)


def spread_as_named(finding: Finding, breast: Breast) -> bool:
    """Whether CC or MLO shows it as wide as BI-RADS (5th edition) says: a group within 2 cm, a region or what is
    diffuse wider, a line long enough to be one.

    Kinds see to it in the breast as it is; a paddle turns and spreads it. Few grains have no extent to speak of.
    """
    count = len(finding.calcifications)
    if count < 2 or finding.distribution == "none":
        return True
    points = np.array([grain.centre_mm for grain in finding.calcifications], float)
    widest = ruler(breast)(points)
    if finding.distribution == "grouped":
        return widest <= REGION_MM
    if finding.distribution == "regional":
        # a smear on the skin is as long as it is
        return count < LEAST_OF_A_GROUP or widest > REGION_MM or finding.kind == "residue"
    if finding.distribution == "diffuse":
        return count < 2 * LEAST_OF_A_GROUP or widest > _DIFFUSE_MM
    return widest > LINE_MM
