"""The table of statistics: what each number is called, in what order, and what of it is taken from patches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phantom.arrays import F64, Bools
from phantom.compare import spectra
from phantom.compare.features import COARSE, FINE
from phantom.compare.framed import Framed
from phantom.compare.patches import Patches

# pixels up to which noise is seen
_FINE_MM = 0.1


@dataclass(frozen=True)
class Row:
    """A line of the table: its key in JSON, its heading, its name and unit."""

    key: str
    group: str
    name: str
    unit: str = ""


def _of_bands() -> list[Row]:
    names = {
        "laplacian": "Laplacian fraction",
        "kurtosis": "ln kurtosis over Gaussian",
        "skewness": "skewness",
        "peaks": "ln energy, 95 % over median",
        "clumping": "ln sd of ln local energy",
    }
    return [
        Row(f"{key}_{f:g}", "Distribution of responses", f"{name}, {f:g} c/mm")
        for key, name in names.items()
        for f in (0.25, 0.5, 1, 2)
    ]


_DIRECTIONS = "Directions and strands"
_SPECTRUM = "Spectrum, as shown"
_SIZE = "Size and grey levels"
ROWS = (
    Row("coherence_2", _DIRECTIONS, "orientation coherence, 2 c/mm"),
    Row("direction_2", _DIRECTIONS, "strongest direction over mean, 2 c/mm"),
    Row("length_0.5", _DIRECTIONS, "strand length, 0.5 c/mm", "ln periods"),
    Row("length_2", _DIRECTIONS, "strand length, 2 c/mm", "ln periods"),
    Row("straightness_1", _DIRECTIONS, "straightness, 1 c/mm"),
    Row("bright_share_0.5", _DIRECTIONS, "bright share of strongest, 0.5 c/mm"),
    Row("nodes_0.5", _DIRECTIONS, "nodes, 0.5 c/mm", "a cm²"),
    Row("nodes_1", _DIRECTIONS, "nodes, 1 c/mm", "a cm²"),
    Row("amplitude_1_2", _SPECTRUM, "amplitude 1-2 c/mm, less noise", "full scale"),
    Row("amplitude_2_3.5", _SPECTRUM, "amplitude 2-3.5 c/mm, less noise", "full scale"),
    Row("noise_5_7", _SPECTRUM, "noise 5-7 c/mm", "full scale"),
    Row("noise_ratio", _SPECTRUM, "noise P(5-7) / P(2-3.5)"),
    Row("exponent_0.2_0.7", _SPECTRUM, "exponent 0.2-0.7 c/mm"),
    Row("exponent_1_4", _SPECTRUM, "exponent 1-4 c/mm"),
    Row("log_p1_p05", _SPECTRUM, "log10 P(1) / P(0.5)"),
    Row("follows_grey_1", _SPECTRUM, "energy against grey level, 1 c/mm"),
    *_of_bands(),
    Row("skin_peak", "Skin", "peak over interior"),
    Row("skin_peak_mm", "Skin", "place of the peak", "mm"),
    Row("skin_rise_mm", "Skin", "rise 10-90 %", "mm"),
    Row("area_cm2", _SIZE, "breast area in the field", "cm²"),
    Row("dense_share", _SIZE, "share of dense tissue (estimate)"),
    Row("grey_mean", _SIZE, "mean of the breast", "full scale"),
    *(Row(f"grey_p{p}", _SIZE, f"{p} % of the breast below", "full scale") for p in (5, 25, 50, 75, 95, 99)),
    Row("clipped", _SIZE, "share at full white"),
    Row("patch_sd", _SIZE, "sd within a patch", "full scale"),
)


def of_breast(framed: Framed) -> dict[str, float]:
    """Area (cm²) and grey levels of the breast."""
    step = max(round(0.2 / framed.pitch_mm), 1)
    usable: Bools = framed.usable[::step, ::step]
    inside = framed.image[::step, ::step][usable]
    if not inside.size:
        return {}
    shares = (5, 25, 50, 75, 95, 99)
    return {
        "area_cm2": float(np.count_nonzero(framed.breast) * framed.pitch_mm**2 / 100),
        "grey_mean": float(inside.mean()),
        **{f"grey_p{p}": float(v) for p, v in zip(shares, np.percentile(inside, shares), strict=True)},
        "clipped": float((framed.image[framed.breast] > 0.995).mean()),
    }


def of_patches(patches: Patches, found: dict[str, dict[str, F64]]) -> dict[str, float]:
    """Means over patches of spectra on the picture's pixels, and of features at the scales."""
    power = spectra.rings(patches.fine, patches.pitch_mm)
    seen = patches.pitch_mm <= _FINE_MM
    unseen = np.full(len(power), np.nan)
    floor = spectra.mean_in(power, 5, 7) if seen else unseen
    fine, coarse = found[FINE], found[COARSE]
    numbers = {
        "coherence_2": fine["coherence at 2"],
        "direction_2": fine["direction at 2"],
        "length_0.5": fine["length at 0.5"],
        "length_2": fine["length at 2"],
        "straightness_1": fine["straightness at 1"],
        "bright_share_0.5": fine["bright_share at 0.5"],
        # 100 square periods are 400 mm² at 0.5 c/mm, 100 mm² at 1 c/mm
        "nodes_0.5": fine["nodes at 0.5"] / 4,
        "nodes_1": fine["nodes at 1"],
        "amplitude_1_2": spectra.sd_in(power, 1, 2, floor),
        "amplitude_2_3.5": spectra.sd_in(power, 2, 3.5, floor),
        "noise_5_7": spectra.sd_in(power, 5, 7) if seen else unseen,
        "noise_ratio": floor / spectra.mean_in(power, 2, 3.5),
        "exponent_0.2_0.7": spectra.exponent(power, 0.2, 0.7),
        "exponent_1_4": spectra.exponent(power, 1, 4) if seen else unseen,
        "log_p1_p05": np.log10(spectra.mean_in(power, 0.8, 1.2) / spectra.mean_in(power, 0.4, 0.6)),
        "follows_grey_1": fine["follows_grey at 1"],
        "patch_sd": patches.grey.std((1, 2)),
    }
    for what in ("laplacian", "kurtosis", "skewness", "peaks", "clumping"):
        for f, source in ((0.25, coarse), (0.5, fine), (1, fine), (2, fine)):
            numbers[f"{what}_{f:g}"] = source[f"{what} at {f:g}"]
    return {name: float(np.mean(values)) for name, values in numbers.items()}
