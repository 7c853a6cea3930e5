"""Coded words for calcifications (DICOM PS3.16 CID 6010 to 6014, SNOMED CT)."""

from __future__ import annotations

Code = tuple[str, str, str]

GRAIN: Code = ("129770007", "SCT", "Individual Calcification")
CLUSTER: Code = ("129769006", "SCT", "Calcification Cluster")

TYPES: dict[str, Code] = {
    "popcorn": ("129749001", "SCT", "Popcorn calcification"),
    "coarse": ("129749001", "SCT", "Popcorn calcification"),
    "dystrophic": ("129750001", "SCT", "Dystrophic calcification"),
    "rim": ("129751002", "SCT", "Eggshell calcification"),
    "large rod-like": ("129752009", "SCT", "Large rod-like calcification"),
    "milk of calcium": ("129753004", "SCT", "Milk of calcium calcification"),
    "lucent-centered": ("129754005", "SCT", "Lucent-centered calcification"),
    "punctate": ("129755006", "SCT", "Punctate calcification"),
    "round": ("129756007", "SCT", "Round calcification"),
    "skin": ("129757003", "SCT", "Skin calcification"),
    "suture": ("129758008", "SCT", "Suture calcification"),
    "vascular": ("129759000", "SCT", "Vascular calcification"),
    "amorphous": ("129760005", "SCT", "Amorphous calcification"),
    "fine linear": ("129761009", "SCT", "Fine, linear calcification"),
    "fine linear branching": ("129762002", "SCT", "Fine, linear, branching calcification"),
    "fine linear or fine linear branching": ("129762002", "SCT", "Fine, linear, branching calcification"),
    "coarse heterogeneous": ("129763007", "SCT", "Coarse heterogeneous calcification"),
    "fine pleomorphic": ("111344", "DCM", "Fine pleomorphic calcification"),
}
DISTRIBUTIONS: dict[str, Code] = {
    "diffuse": ("129764001", "SCT", "Diffuse calcification distribution"),
    "linear": ("129765000", "SCT", "Linear calcification distribution"),
    "grouped": ("129766004", "SCT", "Grouped calcification distribution"),
    "regional": ("129767008", "SCT", "Regional calcification distribution"),
    "segmental": ("129768003", "SCT", "Segmental calcification distribution"),
}


def type_of(descriptor: str) -> Code | None:
    """The code of a BI-RADS descriptor; None where the standard has none (residue on the skin)."""
    word = descriptor.replace("_", " ").strip().lower()
    if word in TYPES:
        return TYPES[word]
    near = [name for name in TYPES if word.startswith(name) or name.startswith(word)]
    return TYPES[max(near, key=len)] if near and word else None
