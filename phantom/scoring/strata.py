"""Sensitivity by what the lesions are, at one threshold, and the diameter at which it reaches 50 and 90 %."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from phantom.arrays import Array
from phantom.scoring.lesions import ImageTruth
from phantom.scoring.match import Match

EDGES: dict[str, tuple[float, ...]] = {
    "diameter_mm": (0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0),
    "sdnr": (0.5, 1.0, 2.0, 3.0, 5.0, 10.0),
    "dprime": (2.0, 4.0, 8.0, 16.0, 32.0),
    "dprime_structured": (2.0, 4.0, 8.0, 16.0, 32.0),
}


def lesion_table(match: Match, images: Sequence[ImageTruth]) -> dict[str, Array]:
    """What is known of each lesion: kind, class, view, density, diameter, SDNR, d'."""
    rows = [images[i].calcifications[r] for i, r in zip(match.ratings.lesion_image, match.lesion_row, strict=True)]
    owners = [images[i] for i in match.ratings.lesion_image]
    text = {
        "kind": [str(row["kind"]) for row in rows],
        "view": [truth.row.view for truth in owners],
        "density": [truth.row.birads_density for truth in owners],
    }
    numbers = {name: np.array([float(row[name]) for row in rows]) for name in EDGES}
    return {**{name: np.array(values, "U32") for name, values in text.items()}, **numbers}


def by_stratum(table: dict[str, Array], hit: Array) -> dict[str, list[dict[str, Any]]]:
    """For each property, its values or bins with the number of lesions and the share that is hit."""
    out: dict[str, list[dict[str, Any]]] = {}
    for name, values in table.items():
        labels = _bins(name, values) if name in EDGES else values
        order = _bin_names(name) if name in EDGES else sorted(set(labels.tolist()))
        out[name] = [
            {"value": label, "lesions": int((labels == label).sum()), "sensitivity": float(hit[labels == label].mean())}
            for label in order
            if (labels == label).any()
        ]
    return out


def _bin_names(name: str) -> list[str]:
    edges = [f"{edge:g}" for edge in EDGES[name]]
    return [f"< {edges[0]}", *(f"{a} - {b}" for a, b in itertools.pairwise(edges)), f">= {edges[-1]}"]


def _bins(name: str, values: Array) -> Array:
    return np.array(_bin_names(name))[np.searchsorted(EDGES[name], values, side="right")]


def diameter_at(diameter_mm: Array, hit: Array, share: float) -> float:
    """The diameter at which sensitivity reaches `share`, by logistic regression on its logarithm.

    NaN if the lesions do not show it: all or none are hit, sensitivity does not rise with
    diameter, or the answer lies outside the diameters there are.
    """
    if len(hit) < 10 or hit.all() or not hit.any():
        return float("nan")
    x = np.log(diameter_mm)
    centre, scale = float(x.mean()), float(x.std()) or 1.0
    u = (x - centre) / scale
    a = b = 0.0
    # A weak prior on the slope keeps it finite where hits and misses do not overlap.
    ridge = 0.05
    for _ in range(60):
        p = 1.0 / (1.0 + np.exp(-np.clip(a + b * u, -30, 30)))
        w = p * (1.0 - p) + 1e-9
        ga, gb = float((hit - p).sum()), float(((hit - p) * u).sum()) - ridge * b
        haa, hab, hbb = float(w.sum()), float((w * u).sum()), float((w * u * u).sum()) + ridge
        det = haa * hbb - hab * hab
        da, db = (hbb * ga - hab * gb) / det, (haa * gb - hab * ga) / det
        step = min(1.0, 3.0 / max(abs(da), abs(db), 1e-12))
        a, b = a + step * da, b + step * db
        if max(abs(da), abs(db)) < 1e-9:
            break
    if b <= 0:
        return float("nan")
    answer = float(np.exp(centre + scale * (np.log(share / (1.0 - share)) - a) / b))
    return answer if diameter_mm.min() <= answer <= diameter_mm.max() else float("nan")
