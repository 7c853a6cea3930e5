"""Findings as they are stored in a scene, and read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from phantom.anatomy.breast import Host
from phantom.calcifications.finding import Calcification, Finding
from phantom.geometry.solids import json as solids

_FINDING_WORDS = ("kind", "cause", "descriptor", "distribution", "category", "pathology", "laterality", "finding_id")
_GRAIN_WORDS = ("kind", "material", "relative_density", "displaces", "calcification_id")


def finding_to_dict(finding: Finding) -> dict[str, Any]:
    """A finding with its solids and hosts, ready for JSON."""
    return {
        **{word: getattr(finding, word) for word in _FINDING_WORDS},
        "views": list(finding.views),
        "asked": list(finding.asked) if finding.asked else None,
        "length_mm": finding.length_mm,
        "calcified_share": finding.calcified_share,
        "calcifications": [
            {
                **{word: getattr(grain, word) for word in _GRAIN_WORDS},
                "centre_mm": [float(v) for v in grain.centre_mm],
                "solid": solids.to_dict(grain.shape),
            }
            for grain in finding.calcifications
        ],
        "hosts": [
            {
                "host_id": host.host_id,
                "kind": host.kind,
                "centre_mm": [float(v) for v in host.centre_mm],
                "radii_mm": [float(v) for v in host.radii_mm],
                "material": host.material,
                "roughness": host.roughness,
            }
            for host in finding.hosts
        ],
    }


def finding_from_dict(stored: Mapping[str, Any]) -> Finding:
    """The finding that `finding_to_dict` wrote; a KeyError, TypeError or ValueError if it is none."""
    grains = tuple(
        Calcification(
            shape=solids.from_dict(grain["solid"]),
            centre_mm=_triple(grain["centre_mm"]),
            **{word: grain[word] for word in _GRAIN_WORDS},
        )
        for grain in stored["calcifications"]
    )
    hosts = tuple(
        Host(**{**host, "centre_mm": _triple(host["centre_mm"]), "radii_mm": _triple(host["radii_mm"])})
        for host in stored["hosts"]
    )
    words = {word: stored[word] for word in _FINDING_WORDS}
    asked = (str(stored["asked"][0]), float(stored["asked"][1])) if stored.get("asked") else None
    return Finding(
        **words, calcifications=grains, hosts=hosts, views=tuple(stored["views"]), asked=asked,
        length_mm=float(stored.get("length_mm", 0)), calcified_share=float(stored.get("calcified_share", 0)),
    )  # fmt: skip


def _triple(values: Any) -> tuple[float, float, float]:
    x, y, z = values
    return float(x), float(y), float(z)


def past_to_dict(then: Finding, findings: Sequence[Finding]) -> dict[str, Any]:
    """A finding as it was: mostly some of its grains of today, which are told by their ids."""
    known = {g.calcification_id: g for now in findings if now.finding_id == then.finding_id for g in now.calcifications}
    if all(known.get(grain.calcification_id) is grain for grain in then.calcifications):
        return {"finding_id": then.finding_id, "kept": [grain.calcification_id for grain in then.calcifications]}
    return finding_to_dict(then)


def past_from_dict(stored: Mapping[str, Any], findings: Sequence[Finding]) -> Finding:
    """The finding as it was that `past_to_dict` wrote, from today's findings."""
    if "kept" not in stored:
        return finding_from_dict(stored)
    now = next((finding for finding in findings if finding.finding_id == stored["finding_id"]), None)
    if now is None:
        raise ValueError(f"there is no finding {stored['finding_id']!r} that has a past")
    kept = set(stored["kept"])
    return replace(now, calcifications=tuple(g for g in now.calcifications if g.calcification_id in kept))
