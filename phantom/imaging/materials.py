"""What things are made of: names, compositions, densities, and how strongly each attenuates."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np

from phantom.arrays import F64
from phantom.errors import UsageError

TissueSet = Literal["hammerstein", "johns-yaffe"]


@dataclass(frozen=True)
class Material:
    """A material by what it is made of.

    Attributes
    ----------
    says : str
        What it is, one line, with the source of its composition.
    density_g_cm3 : float
        As it lies in the breast: the solid's density times the fraction that is solid.
    composition : str or dict
        A chemical formula, mass fractions by element, or, for a mixture, by material name.
    """

    says: str
    density_g_cm3: float
    composition: str | dict[str, float]


_ADIPOSE = {"H": 0.112, "C": 0.619, "N": 0.017, "O": 0.251, "P": 0.001}
_GLANDULAR = {"H": 0.102, "C": 0.184, "N": 0.032, "O": 0.677, "P": 0.005}
_SKIN = {"H": 0.098, "C": 0.178, "N": 0.050, "O": 0.667, "P": 0.007}
_MUSCLE = {"H": 0.102, "C": 0.143, "N": 0.034, "O": 0.710, "Na": 0.001, "P": 0.002, "S": 0.003, "Cl": 0.001, "K": 0.004}
_BLOOD = {
    "H": 0.102,
    "C": 0.110,
    "N": 0.033,
    "O": 0.745,
    "Na": 0.001,
    "P": 0.001,
    "S": 0.002,
    "Cl": 0.003,
    "K": 0.002,
    "Fe": 0.001,
}
_HA = "Ca10P6O26H2"

MATERIALS: dict[str, Material] = {
    # tissues
    "adipose": Material("fat of the breast (Hammerstein et al. 1979)", 0.930, _ADIPOSE),
    "glandular": Material("fibroglandular tissue (Hammerstein et al. 1979)", 1.040, _GLANDULAR),
    "skin": Material("skin (Hammerstein et al. 1979)", 1.090, _SKIN),
    "muscle": Material("skeletal muscle (ICRU report 44)", 1.050, _MUSCLE),
    "blood": Material("whole blood (ICRU report 44)", 1.060, _BLOOD),
    "carcinoma": Material("invasive carcinoma: glandular tissue, slightly denser (estimate)", 1.045, _GLANDULAR),
    "water": Material("water, also the fluid of a cyst", 1.000, "H2O"),
    "oil": Material("free oil of fat necrosis: triolein", 0.915, "C57H104O6"),
    # calcifications
    "calcium_oxalate": Material(
        "anhydrous calcium oxalate at the effective density of small grains (VICTRE)", 1.781, "CaC2O4"
    ),
    "calcium_oxalate_solid": Material("anhydrous calcium oxalate, compact", 2.200, "CaC2O4"),
    "weddellite": Material("calcium oxalate dihydrate, type I, packed to 84 %", 0.84 * 1.940, "CaC2O6H4"),
    "weddellite_solid": Material("calcium oxalate dihydrate, compact", 1.940, "CaC2O6H4"),
    "whewellite_solid": Material("calcium oxalate monohydrate, compact", 2.120, "CaC2O5H2"),
    "hydroxyapatite_packed": Material("hydroxyapatite, type II, packed to 39 %", 0.39 * 3.160, _HA),
    "hydroxyapatite": Material("hydroxyapatite, compact", 3.160, _HA),
    "calcite": Material("calcium carbonate, compact", 2.711, "CaCO3"),
    # things on the skin, implants and markers
    "aluminium_salt": Material("aluminium chlorohydrate of deodorants, grains in bulk (estimate)", 1.600, "Al2ClO5H5"),
    "zinc_oxide": Material(
        "zinc oxide paste: 25 % by mass in an oily base (estimate)", 1.180, {"ZnO": 0.25, "C15H32": 0.75}
    ),
    "zinc_oxide_solid": Material("zinc oxide, compact", 5.610, "ZnO"),
    "titanium_dioxide": Material("titanium dioxide, compact", 4.230, "TiO2"),
    "talc": Material("talc, compact", 2.750, "Mg3Si4O12H2"),
    "aluminium": Material("aluminium", 2.699, "Al"),
    "alumina": Material("aluminium oxide, compact: specks of test objects", 3.950, "Al2O3"),
    "glass": Material("soda-lime glass", 2.500, {"SiO2": 0.73, "Na2O": 0.14, "CaO": 0.09, "MgO": 0.04}),
    "gold": Material("gold", 19.320, "Au"),
    "iron": Material("iron, steel", 7.870, "Fe"),
    "titanium": Material("titanium", 4.510, "Ti"),
    "copper": Material("copper", 8.960, "Cu"),
    "lead": Material("lead", 11.350, "Pb"),
    "silicone": Material("silicone rubber, polydimethylsiloxane", 0.970, "C2H6OSi"),
    # test objects and the machine
    "pmma": Material("polymethyl methacrylate", 1.190, "C5H8O2"),
    "polycarbonate": Material("polycarbonate", 1.200, "C16H14O3"),
    "polystyrene": Material("polystyrene", 1.050, "C8H8"),
    "nylon": Material("nylon 6: fibres of test objects", 1.140, "C6H11NO"),
    "wax": Material("paraffin wax", 0.930, "C25H52"),
    "carbon": Material("carbon fibre of the breast support", 1.750, "C"),
    "beryllium": Material("beryllium", 1.848, "Be"),
    "selenium": Material("amorphous selenium", 4.270, "Se"),
    "caesium_iodide": Material("caesium iodide", 4.510, "CsI"),
    "air": Material("nothing: what it adds to is not displaced", 0.001205, {"N": 0.755, "O": 0.232, "Ar": 0.013}),
}

# The second tissue set: mixtures, by volume, of the first that meet the linear attenuation measured by
# Johns & Yaffe 1987 (fat 0.456, fibrous 0.802 /cm at 20 keV); the script of the tables fits the shares.
_JOHNS_YAFFE = {"adipose": "adipose_johns_yaffe", "glandular": "glandular_johns_yaffe"}
NAMES: tuple[str, ...] = (*MATERIALS, *_JOHNS_YAFFE.values())


@cache
def _table() -> tuple[F64, F64, dict[str, F64]]:
    table = json.loads((files("phantom.imaging") / "data" / "attenuation.json").read_text())
    mu = {name: np.array(values) for name, values in table["mu_per_cm"].items()}
    return np.array(table["energy_kev"]), np.array(table["air_kerma_ugy_per_photon_mm2"]), mu


def energies_kev() -> F64:
    """The middles of the 0.5 keV bins in which attenuation and spectra are tabulated."""
    return _table()[0]


def air_kerma_ugy() -> F64:
    """Air kerma, uGy, of one photon per mm2 of each bin (NIST SRD 126 mass energy absorption of dry air)."""
    return _table()[1]


def tissue(name: str, tissue_set: TissueSet) -> str:
    """The material that stands for ``adipose`` or ``glandular`` in a tissue set; others stand for themselves."""
    return _JOHNS_YAFFE.get(name, name) if tissue_set == "johns-yaffe" else name


def mu_per_cm(name: str) -> F64:
    """Linear attenuation, 1/cm, at `energies_kev` (xraylib's total cross sections).

    Raises
    ------
    UsageError
        If there is no such material.
    """
    try:
        return _table()[2][name]
    except KeyError:
        raise UsageError(f"no such material: {name!r}; there are {', '.join(sorted(NAMES))}") from None


# IUPAC 2021, of the elements that materials with calcium hold
_ATOMIC_WEIGHT = {
    "H": 1.008, "C": 12.011, "O": 15.999, "Na": 22.990, "Si": 28.085, "P": 30.974, "Ca": 40.078,
}  # fmt: skip


def calcium_mg_per_mm3(name: str) -> float:
    """Calcium, the element, in a material as it lies in the breast: anhydrous oxalate has 0.557.

    Raises
    ------
    UsageError
        If there is no such material.
    """
    material = MATERIALS.get(name)
    if material is None:
        if name in NAMES:
            return 0.0
        raise UsageError(f"no such material: {name!r}; there are {', '.join(sorted(NAMES))}")
    return material.density_g_cm3 * _calcium_fraction(material.composition)


@cache
def _calcium_in(formula: str) -> float:
    """The mass fraction of calcium in a chemical formula, or in a material that a mixture names."""
    if formula in MATERIALS:
        return _calcium_fraction(MATERIALS[formula].composition)
    atoms = [(symbol, float(count or 1)) for symbol, count in re.findall(r"([A-Z][a-z]?)(\d*)", formula)]
    if all(symbol != "Ca" for symbol, _ in atoms):
        return 0.0
    masses = [count * _ATOMIC_WEIGHT[symbol] for symbol, count in atoms]
    return sum(mass for mass, (symbol, _) in zip(masses, atoms, strict=True) if symbol == "Ca") / sum(masses)


def _calcium_fraction(composition: str | dict[str, float]) -> float:
    if isinstance(composition, str):
        return _calcium_in(composition)
    return sum(share * _calcium_in(part) for part, share in composition.items())
