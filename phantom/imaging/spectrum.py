"""A beam's spectrum as the detector sees it: read from the table, with what follows from it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Literal, get_args

import numpy as np

from phantom.arrays import F32, Floats
from phantom.errors import UsageError
from phantom.imaging import materials

Converter = Literal["a-Se", "CsI"]

# Thickness, cm, times the solid fraction of the two converters the tables are made for.
_CONVERTERS = {"a-Se": ("selenium", 0.0200), "CsI": ("caesium_iodide", 0.0080)}
TargetFilter = Literal["W/Rh", "W/Ag", "W/Al", "Mo/Mo", "Mo/Rh", "Rh/Rh", "Rh/Ag"]
TARGET_FILTERS: tuple[str, ...] = get_args(TargetFilter)
TABLE_DISTANCE_MM = 650.0
_PIECE = 1 << 15


@dataclass(frozen=True, eq=False)
class Spectrum:
    """One beam on one converter, behind the paddle and nothing else.

    The signal behind g cm of glandular tissue and a cm of adipose tissue is a sum of four exponentials
    (an energy quadrature), S/S0 = sum_k w_k exp(-mu_g(E_k) g - mu_a(E_k) a), within `error` of the whole
    spectrum up to 10.5 cm. Every other material is a pair of lengths of these two (Alvarez & Macovski 1976).

    Attributes
    ----------
    target_filter, tube_kv, converter, tissue_set
        What it is.
    photons : (n,) float64
        Photons per mm2 and mAs at 650 mm from the focus in each bin of `materials.energies_kev`, no paddle.
    node_kev, weight, second_kev : (4,) float64
        The exponentials' energies, their weights in the signal, and in its second moment (keV).
    error : float
        Largest relative error of the signal.
    behind_cm : float
        Breast thickness behind which materials are matched to the two tissues.
    """

    target_filter: str
    tube_kv: float
    converter: Converter
    tissue_set: materials.TissueSet
    photons: Floats
    node_kev: Floats
    weight: Floats
    second_kev: Floats
    error: float
    behind_cm: float = 4.5

    @cached_property
    def behind_paddle(self) -> Floats:
        """Photons per mm2 and mAs in each bin behind the 2.5 mm polycarbonate paddle, 650 mm from the focus."""
        return self.photons * np.exp(-materials.mu_per_cm("polycarbonate") * _paddle_mm() / 10)

    @cached_property
    def efficiency(self) -> Floats:
        """The share of photons of each bin that the converter absorbs."""
        material, thickness = _CONVERTERS[self.converter]
        return -np.expm1(-materials.mu_per_cm(material) * thickness)

    @cached_property
    def node_mu(self) -> Floats:
        """(2, 4): linear attenuation of glandular and adipose tissue at the nodes, 1/cm."""
        log_e, at = np.log(materials.energies_kev()), np.log(self.node_kev)
        return np.stack([np.exp(np.interp(at, log_e, np.log(self.mu(name)))) for name in ("glandular", "adipose")])

    def mu(self, material: str) -> Floats:
        """Linear attenuation, 1/cm, in each bin, with this beam's tissue set."""
        return materials.mu_per_cm(materials.tissue(material, self.tissue_set))

    @cached_property
    def kev_per_photon(self) -> float:
        """Energy absorbed per photon of the open beam (behind the paddle)."""
        spectrum = self.behind_paddle
        return float(np.sum(spectrum * self.efficiency * materials.energies_kev()) / np.sum(spectrum))

    @cached_property
    def photons_per_ugy(self) -> float:
        """Photons per mm2 and uGy of air kerma, behind the paddle."""
        return float(np.sum(self.behind_paddle) / _kerma_ugy(self.behind_paddle))

    @cached_property
    def ugy_per_mas(self) -> float:
        """Air kerma per mAs at 650 mm from the focus, behind the paddle."""
        return _kerma_ugy(self.behind_paddle)

    @cached_property
    def mean_kev(self) -> float:
        """Mean photon energy behind the paddle."""
        return float(np.sum(self.behind_paddle * materials.energies_kev()) / np.sum(self.behind_paddle))

    @cached_property
    def hvl_mm_al(self) -> float:
        """First half-value layer of air kerma behind the paddle, mm of aluminium."""
        return half_value_layer_mm(self.behind_paddle)

    def transmitted(self, **path_mm: float) -> Floats:
        """Photons per mm2 and mAs in each bin behind the paddle and mm of materials, such as ``aluminium=2``."""
        path = sum((self.mu(name) * mm / 10 for name, mm in path_mm.items()), np.zeros_like(self.photons))
        return self.behind_paddle * np.exp(-path)

    def signal(self, **path_mm: float) -> float:
        """S/S0 by the whole spectrum (slow and exact): what `primary` approximates."""
        absorbs = self.efficiency * materials.energies_kev()
        return float(np.sum(self.transmitted(**path_mm) * absorbs) / np.sum(self.behind_paddle * absorbs))

    def kerma_ratio(self, **path_mm: float) -> float:
        """Air kerma behind mm of materials over that of the open beam."""
        return _kerma_ugy(self.transmitted(**path_mm)) / self.ugy_per_mas

    def coefficients(self, material: str) -> tuple[float, float]:
        """(c_g, c_a): cm of glandular and of adipose tissue that attenuate like 1 cm of a material.

        Least squares over the spectrum behind the breast; either may be negative.
        """
        if material in ("glandular", "adipose"):
            return (1.0, 0.0) if material == "glandular" else (0.0, 1.0)
        if material not in self._coefficients:
            self._coefficients[material] = self._fit(material)
        return self._coefficients[material]

    @cached_property
    def _coefficients(self) -> dict[str, tuple[float, float]]:
        return {}

    def _fit(self, material: str) -> tuple[float, float]:
        g, a, m = self.mu("glandular"), self.mu("adipose"), self.mu(material)
        behind = self.behind_paddle * np.exp(-(0.2 * g + 0.8 * a) * self.behind_cm)
        w = behind * self.efficiency * materials.energies_kev()
        gg, ga, aa, gm, am = (float(np.sum(w * p * q)) for p, q in ((g, g), (g, a), (a, a), (g, m), (a, m)))
        det = gg * aa - ga * ga
        return (aa * gm - ga * am) / det, (gg * am - ga * gm) / det

    def primary(self, g_cm: F32, a_cm: F32) -> F32:
        """S/S0 behind lengths of the two tissues, float32 of their shape."""
        return self._sum(self.weight, g_cm, a_cm)

    def energy_kev(self, g_cm: F32, a_cm: F32) -> F32:
        """<E^2>/<E> of the energy absorbed behind lengths of the two tissues: the variance a unit of signal carries."""
        return self._sum(self.second_kev, g_cm, a_cm) / self._sum(self.weight, g_cm, a_cm)

    def _sum(self, weights: Floats, g_cm: F32, a_cm: F32) -> F32:
        """The sum of exponentials, in pieces that stay in the processor's cache."""
        w32, (mu_g, mu_a) = weights.astype(np.float32), -self.node_mu.astype(np.float32)
        g, a = np.ascontiguousarray(g_cm, np.float32).reshape(-1), np.ascontiguousarray(a_cm, np.float32).reshape(-1)
        out = np.empty(g.shape, np.float32)
        term, other = np.empty(_PIECE, np.float32), np.empty(_PIECE, np.float32)
        open_beam = np.float32(weights.sum())
        for start in range(0, g.size, _PIECE):
            gp, ap, total = (v[start : start + _PIECE] for v in (g, a, out))
            if not gp.any() and not ap.any():
                total[:] = open_beam
                continue
            t, o = term[: gp.size], other[: gp.size]
            for k in range(w32.size):
                np.multiply(gp, mu_g[k], out=t)
                np.multiply(ap, mu_a[k], out=o)
                t += o
                np.exp(t, out=t)
                t *= w32[k]
                if k:
                    total += t
                else:
                    total[:] = t
        return out.reshape(np.shape(g_cm))


def load(
    target_filter: str,
    tube_kv: float,
    converter: Converter = "a-Se",
    tissue_set: materials.TissueSet = "hammerstein",
    thickness_mm: float = 45.0,
) -> Spectrum:
    """A beam of the table; between its whole kilovolts, interpolated.

    Raises
    ------
    UsageError
        If there is no such beam, or the voltage lies outside its table; the message gives the range.
    """
    table = _beams()
    if target_filter not in table:
        raise UsageError(f"no such target/filter: {target_filter!r}; there are {', '.join(table)}")
    lo, hi = tube_range_kv(target_filter)
    if not lo <= tube_kv <= hi:
        raise UsageError(f"tube_kv = {tube_kv:g}: {target_filter} is tabulated from {lo:g} to {hi:g} kV")
    below = min(int(tube_kv), int(hi) - 1) if hi > lo else int(lo)
    share = tube_kv - below
    rows = [(1 - share, table[target_filter][str(below)]), (share, table[target_filter][str(below + 1)])]
    rows = [(s, row) for s, row in rows if s > 0]
    key = f"{converter}/{tissue_set}"

    def mix(of: Any) -> Floats:
        return np.asarray(sum(s * np.array(of(row)) for s, row in rows), float)

    # Weights of two sums of exponentials add exactly when the nodes of both are kept.
    dose = [s * _absorbed(row["photons_per_mm2_mas"], converter) for s, row in rows]
    parts = [d / sum(dose) for d in dose]
    fits = [row["nodes"][key] for _, row in rows]
    return Spectrum(
        target_filter, float(tube_kv), converter, tissue_set,
        mix(lambda row: row["photons_per_mm2_mas"]),
        np.concatenate([f["energy_kev"] for f in fits]),
        np.concatenate([p * np.array(f["weight"]) for p, f in zip(parts, fits, strict=True)]),
        np.concatenate([p * np.array(f["second_kev"]) for p, f in zip(parts, fits, strict=True)]),
        max(f["error"] for f in fits), thickness_mm / 10,
    )  # fmt: skip


def tube_range_kv(target_filter: str) -> tuple[float, float]:
    """The lowest and highest tube voltage of a beam's table."""
    volts = [int(kv) for kv in _beams()[target_filter]]
    return float(min(volts)), float(max(volts))


def half_value_layer_mm(photons: Floats) -> float:
    """First half-value layer, mm of aluminium, of the air kerma of a spectrum on `materials.energies_kev`."""
    mu, half = materials.mu_per_cm("aluminium"), 0.5 * _kerma_ugy(photons)
    lo, hi = 0.0, 5.0
    for _ in range(40):
        mid = 0.5 * (lo + hi)
        lo, hi = (mid, hi) if _kerma_ugy(photons * np.exp(-mu * mid / 10)) > half else (lo, mid)
    return 0.5 * (lo + hi)


def _absorbed(photons: Any, converter: Converter) -> float:
    material, thickness = _CONVERTERS[converter]
    efficiency = -np.expm1(-materials.mu_per_cm(material) * thickness)
    paddle = np.exp(-materials.mu_per_cm("polycarbonate") * _paddle_mm() / 10)
    return float(np.sum(np.array(photons) * paddle * efficiency * materials.energies_kev()))


def _kerma_ugy(photons: Floats) -> float:
    return float(np.sum(photons * materials.air_kerma_ugy()))


def _paddle_mm() -> float:
    return float(_file()["paddle_mm"])


def _beams() -> dict[str, Any]:
    return dict(_file()["beams"])


@cache
def _file() -> dict[str, Any]:
    table: dict[str, Any] = json.loads((files("phantom.imaging") / "data" / "beams.json").read_text())
    return table
