"""The recipe's patient: what may be asked of her, and how her breasts grow."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from scipy.special import ndtr

from phantom.anatomy.breast import Breast, Nipple
from phantom.anatomy.ducts import grow_ducts
from phantom.anatomy.ligaments import grow_fibres, grow_ligaments
from phantom.anatomy.outline import BreastOutline
from phantom.anatomy.outline_fit import fit_outline
from phantom.anatomy.parenchyma import Pattern, grow_parenchyma
from phantom.anatomy.posture import chests, silhouette, silhouettes
from phantom.anatomy.vessels import grow_vessels
from phantom.errors import UsageError
from phantom.geometry.view import Laterality, ViewName
from phantom.recipe.draw import Draw, Within
from phantom.recipe.seed import Seed

# Correlations of (age, density, thickness, area) in a Gaussian copula: density falls with age (Sprague
# 2014) and with thickness (-0.5); thicker breasts are larger (+0.6). The last two are estimates of size.
_TIES = np.array([[1.0, -0.25, 0.05, 0.1], [-0.25, 1.0, -0.5, -0.35], [0.05, -0.5, 1.0, 0.6], [0.1, -0.35, 0.6, 1.0]])
_TRIES = 60
_SMALLER, _FEWER = 0.2, 0.55  # by so much lobules are smaller and strands fewer in fatty breasts (estimates)
_STRANDS = 0.01  # part of the volume that ducts, vessels and strands fill, about


@dataclass(frozen=True)
class Anatomy:
    """A woman's breasts.

    Age, density, thickness and area are drawn together (a Gaussian copula), so that old breasts tend to be
    fatty, thick ones large and fatty. Density is the volume of fibroglandular tissue (parenchyma, ducts,
    ligaments, vessels) over the volume inside the skin, muscle left out: BI-RADS a 0.02-0.065,
    b 0.065-0.155, c 0.155-0.34, d 0.34-0.60. Sources of the defaults: density Yaffe 2009 on the scale without
    skin; thickness Yaffe 2009 and UK screening 2016-19; area Boone 2000; skin Huang 2008; ducts Rusby 2007.
    Shape, folds and muscle are estimates; of the muscle, breasts that reach little forward show less than was drawn.
    """

    age: Annotated[Draw, Within(25, 95, "years"), "the woman's age"] = Draw.normal(57, 10, 40, 85)
    density: Annotated[Draw, Within(0.02, 0.60), "volume of fibroglandular tissue over volume inside the skin"] = (
        Draw.lognormal(0.14, 1.82, 0.02, 0.60)
    )
    thickness_mm: Annotated[Draw, Within(20, 110, "mm"), "compressed thickness in CC"] = Draw.normal(57, 13, 22, 100)
    area_cm2: Annotated[Draw, Within(40, 450, "cm2"), "area of the compressed breast in CC"] = Draw.lognormal(
        146, 1.52, 50, 320
    )
    oblique_extra_mm: Annotated[Draw, Within(-10, 20, "mm"), "how much thicker than CC the breast is in MLO and ML"] = (
        Draw.normal(4.5, 3, -4, 14)
    )
    skin_mm: Annotated[Draw, Within(0.5, 5, "mm"), "mean thickness of the skin"] = Draw.normal(1.44, 0.25, 0.87, 2.34)
    height_to_width: Annotated[Draw, Within(0.5, 1.6), "height of the free breast over the half width of its base"] = (
        Draw.normal(0.99, 0.14, 0.66, 1.4)
    )
    dome: Annotated[Draw, Within(1.2, 3), "exponent of the outline toward the nipple: 2 round, less conical"] = (
        Draw.uniform(1.35, 2.1)
    )
    rim: Annotated[Draw, Within(1.4, 3), "exponent of the outline toward the chest wall: more is boxier"] = (
        Draw.uniform(1.8, 2.5)
    )
    sag: Annotated[Draw, Within(-0.1, 0.8), "how far the nipple hangs below the base's middle, over the height"] = (
        Draw.normal(0.36, 0.12, 0.1, 0.65)
    )
    skew: Annotated[
        Draw, Within(-0.3, 0.3), "how far the nipple lies lateral of the base's middle, over the height"
    ] = Draw.normal(0.05, 0.09, -0.2, 0.28)
    tail: Annotated[Draw, Within(0, 0.5), "how much further the base reaches toward the axilla"] = Draw.uniform(
        0.02, 0.2
    )
    unevenness: Annotated[Draw, Within(0, 0.05), "how uneven the outline is, as a share of its radius"] = Draw.uniform(
        0.003, 0.008
    )
    mound: Annotated[
        Draw, Within(0, 0.1), "how far the areola stands out of the outline, over the half width of the base"
    ] = Draw.uniform(0.004, 0.026)
    nipple_mm: Annotated[Draw, Within(0, 15, "mm"), "how far the nipple stands out of the outline in profile"] = (
        Draw.lognormal(2.2, 1.5, 0.6, 5)
    )
    areola_mm: Annotated[Draw, Within(5, 40, "mm"), "radius of the areola"] = Draw.uniform(12, 22)
    nipple_in_profile: Annotated[Draw, Within(0, 1), "probability that the nipple is seen in profile"] = Draw.constant(
        0.8
    )
    lobes: Annotated[Draw, Within(5, 40), "lobes, each with its duct tree"] = Draw.uniform(15, 25)
    duct_mm: Annotated[Draw, Within(0.3, 4, "mm"), "calibre of the main ducts"] = Draw.uniform(0.7, 1.4)
    arteries: Annotated[Draw, Within(1, 12), "arteries that enter the breast"] = Draw.uniform(3, 5)
    veins: Annotated[Draw, Within(1, 12), "veins that leave it"] = Draw.uniform(3, 6)
    ligaments: Annotated[Draw, Within(0, 3000), "Cooper's ligaments drawn as strands"] = Draw.uniform(250, 500)
    fibres: Annotated[Draw, Within(0, 20000), "finer strands"] = Draw.uniform(7000, 11000)
    lobule_mm: Annotated[Draw, Within(5, 25, "mm"), "size of lobules, each gland or fat as a whole"] = Draw.uniform(
        10, 16
    )
    ligament_mm: Annotated[Draw, Within(10, 60, "mm"), "size of the compartments between Cooper's ligaments"] = (
        Draw.uniform(16, 26)
    )
    part_mm: Annotated[Draw, Within(3, 12, "mm"), "size of a lobule's parts"] = Draw.uniform(4.6, 6.8)
    subcutaneous_mm: Annotated[Draw, Within(2, 40, "mm"), "fat between skin and gland"] = Draw.uniform(6, 13)
    core: Annotated[Draw, Within(0, 5), "how strongly gland keeps to the middle behind the nipple"] = Draw.uniform(
        1.3, 3.0
    )
    cloud: Annotated[Draw, Within(0, 3), "weight of smooth variation in where gland is"] = Draw.uniform(0.9, 1.4)
    cellular: Annotated[Draw, Within(0, 3), "weight of chance in which lobules are gland"] = Draw.uniform(0.8, 1.4)
    wall_mm: Annotated[Draw, Within(0, 3, "mm"), "thickness of the walls between lobules"] = Draw.uniform(0.35, 0.65)
    muscle_mm: Annotated[Draw, Within(0, 100, "mm"), "width of the pectoral muscle at the top of an MLO view"] = (
        Draw.normal(48, 14, 18, 90)
    )
    muscle_length_mm: Annotated[Draw, Within(40, 240, "mm"), "height of the pectoral muscle in an MLO view"] = (
        Draw.normal(132, 25, 75, 200)
    )
    muscle_sagitta_mm: Annotated[Draw, Within(-6, 12, "mm"), "how much the muscle's edge bulges"] = Draw.uniform(2, 11)
    fold_mm: Annotated[
        Draw, Within(0, 90, "mm"), "width of the axillary fold beside the muscle at the top of an MLO view"
    ] = Draw.normal(47, 12, 18, 85)
    inframammary_mm: Annotated[
        Draw, Within(0, 40, "mm"), "width of the abdominal wall below the breast in MLO and ML"
    ] = Draw.normal(8, 7, 0.3, 28)
    muscle_in_cc: Annotated[Draw, Within(0, 1), "probability that CC views show a sliver of the muscle"] = (
        Draw.constant(0.33)
    )
    above_nipple_mm: Annotated[Draw, Within(60, 230, "mm"), "height of the field above the nipple in MLO and ML"] = (
        Draw.normal(158, 18, 112, 205)
    )
    off_centre_mm: Annotated[Draw, Within(-60, 60, "mm"), "how far below the field's middle the breast lies in CC"] = (
        Draw.normal(0, 14, -38, 38)
    )
    roll_off: Annotated[Draw, Within(0.3, 0.7), "width of the compressed edge's rounding over the thickness"] = (
        Draw.uniform(0.42, 0.55)
    )
    fullness: Annotated[Draw, Within(0.3, 1), "part of the gland's lobules that is gland, not specks of fat"] = (
        Draw.uniform(0.72, 1.0)
    )
    fabric_mm: Annotated[Draw, Within(0, 2, "mm"), "sd of the finest fibrous texture in 10 mm of tissue"] = (
        Draw.uniform(0.30, 0.48)
    )
    mottle: Annotated[Draw, Within(0, 0.5), "sd of the gland's unevenness in a slab of 4 mm, as a share"] = (
        Draw.uniform(0.04, 0.10)
    )
    cone: Annotated[Draw, Within(0, 1), "how far gland's middle is a cone that ends behind the nipple"] = Draw.uniform(
        0.3, 0.9
    )
    outer: Annotated[Draw, Within(-2, 3), "how much more gland there is in the upper outer quarter"] = Draw.uniform(
        0.2, 1.6
    )
    retromammary: Annotated[Draw, Within(0.02, 0.6), "fat behind the gland, over the breast's height"] = Draw.uniform(
        0.08, 0.42
    )

    def grow(self, seed: Seed, laterality: Laterality) -> Breast:
        """One breast of the woman that `seed` names; the same seed and the other side give her other breast.

        Raises
        ------
        UsageError
            If thickness, area and the rest cannot belong to one breast.
        """
        shared, side_seed = seed.child("woman").rng(), seed.child("breast", laterality)
        drawn = self.draw(shared)
        body, thickness = drawn.body, drawn.thickness_mm
        age = drawn.values["age"]
        # the other breast is a little different: 3 % in every measure (an estimate)
        jitter = side_seed.child("shape").rng().normal(1, 0.03, 4)
        body = BreastOutline(
            body.height_mm, body.lateral_mm * jitter[0], body.medial_mm * jitter[0], body.upper_mm * jitter[1],
            body.lower_mm * jitter[1], body.rim, body.dome, body.sag_mm * jitter[2], body.skew_mm, body.tail,
        )  # fmt: skip
        v = drawn.values
        pattern = _pattern(v)
        tortuosity = float(np.clip((age - 40) / 30, 0.1, 1.2))
        trees = side_seed.child("trees")
        nipple = side_seed.child("nipple").rng()
        profile = nipple.random() < v["nipple_in_profile"]
        density = float(np.clip(v["density"] * jitter[3], self.density.lo, self.density.hi))
        parenchyma = grow_parenchyma(
            body, pattern, density, _STRANDS, side_seed.child("parenchyma"), seed.child("woman", "parenchyma")
        )
        return Breast(
            laterality=laterality,
            age=age,
            density=density,
            body=body,
            thickness_mm=thickness,
            skin_thickness_mm=v["skin_mm"],
            chest=chests(v, seed.child("woman", "chest").rng(), side_seed.child("chest").rng()),
            silhouettes=silhouettes(v, seed.child("woman", "silhouette").rng(), side_seed.child("silhouette").rng()),
            nipple=Nipple(v["nipple_mm"], *nipple.uniform((4.5, 0.93 * v["areola_mm"]), (6.8, 1.07 * v["areola_mm"]))),
            nipple_in_profile=bool(profile),
            ducts=grow_ducts(body, round(v["lobes"]), 0.5 * v["duct_mm"], trees.child("ducts").rng()),
            arteries=grow_vessels(body, "artery", round(v["arteries"]), tortuosity, trees.child("arteries").rng()),
            veins=grow_vessels(body, "vein", round(v["veins"]), tortuosity, trees.child("veins").rng()),
            ligaments=grow_ligaments(parenchyma, _strands(v["ligaments"], density), trees.child("ligaments").rng()),
            fibres=grow_fibres(parenchyma, _strands(v["fibres"], density), trees.child("fibres").rng()),
            parenchyma=parenchyma,
            texture=side_seed.child("texture"),
            roll_off=v["roll_off"],
            off_centre_mm=v["off_centre_mm"],
        )

    def draw(self, rng: np.random.Generator) -> Drawn:
        """Her numbers, and a body that has them; combinations that no breast has are drawn again."""
        why = ""
        for _ in range(_TRIES):
            tied = np.linalg.cholesky(_TIES) @ rng.standard_normal(4)
            u = ndtr(tied)
            values = {
                name: getattr(self, name).quantile(float(part))
                for name, part in zip(("age", "density", "thickness_mm", "area_cm2"), u, strict=True)
            }
            for name, draw in self.__dict__.items():
                if name not in values:
                    values[name] = draw.sample(rng)
            thickness: dict[ViewName, float] = {"CC": values["thickness_mm"]}
            thickness["MLO"] = thickness["ML"] = max(values["thickness_mm"] + values["oblique_extra_mm"], 20.0)
            try:
                body = fit_outline(
                    values["area_cm2"], thickness["CC"], values["roll_off"], values["height_to_width"], values["dome"],
                    values["rim"], values["sag"], values["skew"], values["tail"], silhouette(values, "CC"),
                )  # fmt: skip
            except ValueError as error:
                why = str(error)
                continue
            return Drawn(values, body, thickness)
        raise UsageError(f"anatomy: {why}; no breast was found in {_TRIES} draws: widen thickness_mm or area_cm2")


def _fatty(density: float) -> float:
    """How fatty a breast is: 1 to a density of 4 %, 0 from 14 %."""
    return float(np.clip(1 - (density - 0.04) / 0.10, 0.0, 1.0))


def _dense(density: float) -> float:
    """How uniform a breast's gland is: 0 to a density of 20 %, 1 from 40 %."""
    return float(np.clip((density - 0.20) / 0.20, 0.0, 1.0))


def _strands(count: float, density: float) -> int:
    """Of strands asked for, how many a breast has: fewer where it is fatty."""
    return round(count * (1 - _FEWER * _fatty(density)))


def _pattern(v: Mapping[str, float]) -> Pattern:
    """How her parenchyma is built: smaller lobules in fat, uniform gland where there is little fat (estimates)."""
    density = v["density"]
    return Pattern(
        lobule_mm=v["lobule_mm"] * (1 - _SMALLER * _fatty(density)),
        part_mm=v["part_mm"],
        ligament_mm=v["ligament_mm"],
        cloud=v["cloud"],
        cellular=v["cellular"],
        wall_mm=v["wall_mm"],
        core=v["core"],
        cone=v["cone"],
        outer=v["outer"],
        retromammary=v["retromammary"],
        subcutaneous_mm=v["subcutaneous_mm"],
        fullness=1 - (1 - v["fullness"]) * (1 - _dense(density)),
        fabric_mm=v["fabric_mm"],
        mottle=v["mottle"] * (1 - 0.5 * _dense(density)),
        level=(0.75 + 0.17 * _dense(density), 0.95 + 0.05 * _dense(density)),
    )


@dataclass(frozen=True, eq=False)
class Drawn:
    """A woman's numbers by recipe key, the body that has them, and its thickness in each view."""

    values: Mapping[str, float]
    body: BreastOutline
    thickness_mm: Mapping[ViewName, float]


def birads_density(density: float) -> str:
    """The BI-RADS letter of a volumetric density: a below 6.5 %, b below 15.5 %, c below 34 %, d from there."""
    return "abcd"[sum(density >= cut for cut in (0.065, 0.155, 0.34))] if math.isfinite(density) else "a"
