"""Make the machine's tables: phantom/imaging/data/attenuation.json and beams.json.

Needs the extra ``physics`` (SpekPy and xraylib), which nothing needs at run time:

    python tools/make_tables.py [--only W/Rh:28 ...] [--out FOLDER]

Spectra: SpekPy 'kqp', anode 16 degrees, 0.8 mm beryllium, the filter, 65 cm of air. Attenuation: xraylib's
total cross sections. Air kerma: mass energy-absorption of dry air, NIST SRD 126 (xraylib's own energy-absorption
function is not used: below 40 keV it is up to 34 % below NIST's).
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import spekpy
import xraylib
from scipy.optimize import minimize

from phantom.imaging.materials import MATERIALS

ENERGY = np.arange(5.25, 40.0, 0.5)
PADDLE_MM = 2.5
# target/filter -> filter element, its thickness in mm, lowest and highest kV (clinical ranges of the vendors)
BEAMS = {
    "W/Rh": ("W", "Rh", 0.050, 22, 36),
    "W/Ag": ("W", "Ag", 0.050, 22, 40),
    "W/Al": ("W", "Al", 0.700, 22, 40),
    "Mo/Mo": ("Mo", "Mo", 0.030, 22, 36),
    "Mo/Rh": ("Mo", "Rh", 0.025, 22, 36),
    "Rh/Rh": ("Rh", "Rh", 0.025, 22, 40),
    "Rh/Ag": ("Rh", "Ag", 0.030, 22, 40),
}
# converter -> material, thickness in cm times its solid fraction
CONVERTERS = {"a-Se": ("selenium", 0.0200), "CsI": ("caesium_iodide", 0.0100 * 0.8)}
SETS = {"hammerstein": ("glandular", "adipose"), "johns-yaffe": ("glandular_johns_yaffe", "adipose_johns_yaffe")}
# NIST SRD 126, dry air: keV, mu_en/rho in cm2/g
AIR_MU_EN = [
    (5, 39.31), (6, 22.70), (8, 9.446), (10, 4.742), (15, 1.334), (20, 0.5389), (30, 0.1537), (40, 0.06833), (50,
    0.04098),
]  # fmt: skip
# Johns & Yaffe 1987: keV, fat, fibrous tissue, 1/cm
JOHNS_YAFFE = [(18.0, 0.558, 1.028), (20.0, 0.456, 0.802), (25.0, 0.322, 0.506), (30.0, 0.264, 0.378)]


def attenuation() -> dict[str, Any]:
    """Linear attenuation of every material, and air kerma per photon, on the grid of energies."""
    mu = {name: _mu(name, ENERGY) for name in MATERIALS}
    at = np.array([row[0] for row in JOHNS_YAFFE])
    basis = np.stack([_mu("adipose", at), _mu("glandular", at)], axis=1)
    shares = {}
    for column, name in ((1, "adipose_johns_yaffe"), (2, "glandular_johns_yaffe")):
        target = np.array([row[column] for row in JOHNS_YAFFE])
        share, *_ = np.linalg.lstsq(basis / target[:, None], np.ones(len(at)), rcond=None)
        shares[name] = [round(float(s), 5) for s in share]
        mu[name] = share[0] * mu["adipose"] + share[1] * mu["glandular"]
    energy, mu_en = np.array(AIR_MU_EN).T
    en = np.exp(np.interp(np.log(ENERGY), np.log(energy), np.log(mu_en)))
    # uGy per photon/mm2: keV cm2/g -> 1.602e-16 J, 1e3 g/kg, 1e2 mm2/cm2, 1e6 uGy
    return {
        "provenance": f"xraylib {xraylib.__version__} CS_Total; NIST SRD 126; see tools/make_tables.py",
        "energy_kev": ENERGY.tolist(),
        "air_kerma_ugy_per_photon_mm2": _short(ENERGY * en * 1.602177e-16 * 1e3 * 1e2 * 1e6),
        "johns_yaffe_shares_of_adipose_glandular": shares,
        "mu_per_cm": {name: _short(values) for name, values in mu.items()},
    }


def photons(name: str, kv: int) -> np.ndarray[Any, Any]:
    """Photons per mm2 and mAs in each bin, 65 cm from the focus, without the paddle."""
    target, element, thickness, _, _ = BEAMS[name]
    spek = spekpy.Spek(kvp=kv, th=16, dk=0.5, targ=target, physics="kqp", z=65)
    for what, mm in (("Be", 0.8), (element, thickness), ("Air", 650.0)):
        spek.filter(what, mm)
    energy, fluence = spek.get_spectrum(edges=False, diff=False)
    return np.interp(ENERGY, energy, fluence, left=0.0, right=0.0) / 100.0


def nodes(spectrum: np.ndarray[Any, Any], mu: dict[str, Any], converter: str, tissues: str) -> dict[str, Any]:
    """The four exponentials that stand for the whole spectrum, and how well they do.

    S/S0 = sum_k w_k exp(-mu_g(E_k) g - mu_a(E_k) a) over 0 <= g <= 9, 0 <= a <= 10, g + a <= 10.5 cm, and the
    second moment V/S0 = sum_k v_k exp(...). Energies by several starts; weights by least squares of the relative
    error, sharpened towards the smallest maximum (Lawson's reweighting).
    """
    material, thickness = CONVERTERS[converter]
    gland, fat = (np.array(mu[n]) for n in SETS[tissues])
    absorbed = (
        spectrum
        * np.exp(-np.array(mu["polycarbonate"]) * PADDLE_MM / 10)
        * -np.expm1(-np.array(mu[material]) * thickness)
    )
    g, a = np.array([(g, a) for g, a in product(np.linspace(0, 9, 19), np.linspace(0, 10, 21)) if g + a <= 10.5]).T
    paths = np.exp(-np.outer(g, gland) - np.outer(a, fat))
    signal = paths @ (absorbed * ENERGY)
    second = paths @ (absorbed * ENERGY**2) / (absorbed @ ENERGY)
    signal = signal / (absorbed @ ENERGY)
    log_e = np.log(ENERGY)

    def design(energy: Any) -> Any:
        mu_g = np.exp(np.interp(np.log(energy), log_e, np.log(gland)))
        mu_a = np.exp(np.interp(np.log(energy), log_e, np.log(fat)))
        return np.exp(-np.outer(g, mu_g) - np.outer(a, mu_a))

    def weights(matrix: Any, target: Any, lawson: Any) -> Any:
        scaled = matrix / target[:, None] * lawson[:, None]
        # the row of ones keeps the sum at its value in the open beam
        rows = np.vstack([scaled, 1e3 * np.ones(matrix.shape[1])])
        return np.linalg.lstsq(rows, np.append(lawson, 1e3 * target[0]), rcond=None)[0]

    def misfit(energy: Any, lawson: Any) -> float:
        if np.any(np.diff(energy) < 0.3) or energy[0] < 8 or energy[-1] > ENERGY[-1]:
            return 1e3
        matrix = design(energy)
        w = weights(matrix, signal, lawson)
        return float(np.sum((lawson * (matrix @ w / signal - 1)) ** 2)) + 1e2 * float(np.sum(np.minimum(w, 0) ** 2))

    cumulative = np.cumsum(absorbed * ENERGY) / (absorbed @ ENERGY)
    best: tuple[float, Any, Any] | None = None
    for quantiles in ((0.05, 0.3, 0.7, 0.96), (0.02, 0.2, 0.6, 0.99), (0.1, 0.4, 0.8, 0.995)):
        energy = np.interp(quantiles, cumulative, ENERGY)
        lawson = np.ones(len(g))
        for _ in range(3):
            found = minimize(
                misfit,
                energy,
                args=(lawson,),
                method="Nelder-Mead",
                options={"xatol": 1e-4, "fatol": 1e-14, "maxiter": 600},
            )
            energy = found.x
            matrix = design(energy)
            w = weights(matrix, signal, lawson)
            error = np.abs(matrix @ w / signal - 1)
            if best is None or error.max() < best[0]:
                best = float(error.max()), energy.copy(), w
            lawson = np.sqrt(lawson**2 * (0.1 + error / error.max()))
    assert best is not None
    matrix = design(best[1])
    v = weights(matrix, second, np.ones(len(g)))
    return {
        "energy_kev": _short(best[1], 6), "weight": _short(best[2], 7), "second_kev": _short(v, 7),
        "error": float(f"{best[0]:.2g}"), "second_error": float(f"{np.abs(matrix @ v / second - 1).max():.2g}"),
    }  # fmt: skip


def beam(name: str, kv: int, mu: dict[str, Any]) -> dict[str, Any]:
    """One beam's row of the table."""
    spectrum = photons(name, kv)
    fits = {f"{c}/{t}": nodes(spectrum, mu, c, t) for c in CONVERTERS for t in SETS}
    return {"photons_per_mm2_mas": _short(spectrum, 6), "nodes": fits}


def _mu(name: str, energy: Any) -> np.ndarray[Any, Any]:
    material = MATERIALS[name]
    parts = {material.composition: 1.0} if isinstance(material.composition, str) else material.composition
    total = sum(parts.values())
    per_gram = [sum(share * _cross_section(part, float(e)) for part, share in parts.items()) / total for e in energy]
    return np.array(per_gram) * material.density_g_cm3


def _cross_section(part: str, energy: float) -> float:
    return float(xraylib.CS_Total_CP(part, energy))


def _short(values: Any, digits: int = 6) -> list[float]:
    return [float(f"{v:.{digits}g}") for v in values]


def _dump(path: Path, arguments: dict[str, Any]) -> None:
    """JSON, one innermost list a line, so that a change can be read."""
    text = json.dumps(arguments, indent=1)
    out, depth = [], 0
    for line in text.splitlines():
        inside = depth > 0
        depth += line.count("[") - line.count("]")
        out.append(line.strip() if inside else "\n" + line)
    path.write_text("".join(out).lstrip("\n").replace(",", ", ").replace(",  ", ", ").replace(", \n", ",\n") + "\n")


def main() -> None:
    """Make all tables, or print some beams of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", nargs="*", default=[], metavar="W/Rh:28", help="print these beams; write nothing")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "phantom" / "imaging" / "data")
    arguments = parser.parse_args()
    table = attenuation()
    if arguments.only:
        for name, kv in (text.split(":") for text in arguments.only):
            print(json.dumps({name: {kv: beam(name, int(kv), table["mu_per_cm"])}}))
        return
    _dump(arguments.out / "attenuation.json", table)
    beams = {n: {str(kv): beam(n, kv, table["mu_per_cm"]) for kv in range(b[3], b[4] + 1)} for n, b in BEAMS.items()}
    provenance = f"SpekPy {spekpy.__version__} kqp, 16 degrees, 0.8 mm Be, 65 cm air; see tools/make_tables.py"
    _dump(
        arguments.out / "beams.json",
        {"provenance": provenance, "paddle_mm": PADDLE_MM, "distance_mm": 650.0, "beams": beams},
    )


if __name__ == "__main__":
    main()
