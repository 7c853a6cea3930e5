"""BI-RADS terms in other vocabularies: CBIS-DDSM's tables, INbreast's annotations, DICOM's codes.

CBIS-DDSM's are those of its case-description tables (``calc type``, ``calc distribution``), INbreast's
the names of its regions, the codes those of DICOM PS3.16 CID 6010 to 6014 (SNOMED CT and DCM).
"""

from __future__ import annotations

from dataclasses import dataclass

Code = tuple[str, str, str]  # value, coding scheme, meaning


GRAIN: Code = ("129770007", "SCT", "Individual Calcification")
CLUSTER: Code = ("129769006", "SCT", "Calcification Cluster")


@dataclass(frozen=True)
class Terms:
    """A BI-RADS term in other vocabularies.

    Attributes
    ----------
    cbis : str
        In CBIS-DDSM's tables; ``N/A`` where it has none.
    inbreast : str
        INbreast's name of the region.
    dicom : (str, str, str) or None
        Code value, coding scheme and meaning.
    """

    cbis: str
    inbreast: str
    dicom: Code | None


DESCRIPTORS: dict[str, Terms] = {
    "skin": Terms("SKIN", "Calcification", ("129757003", "SCT", "Skin calcification")),
    "vascular": Terms("VASCULAR", "Calcification", ("129759000", "SCT", "Vascular calcification")),
    "coarse or popcorn-like": Terms("COARSE", "Calcification", ("129749001", "SCT", "Popcorn calcification")),
    "large rod-like": Terms("LARGE_RODLIKE", "Calcification", ("129752009", "SCT", "Large rod-like calcification")),
    "round": Terms("ROUND_AND_REGULAR", "Calcification", ("129756007", "SCT", "Round calcification")),
    "punctate": Terms("PUNCTATE", "Calcification", ("129755006", "SCT", "Punctate calcification")),
    "rim": Terms("EGGSHELL", "Calcification", ("129751002", "SCT", "Eggshell calcification")),
    "lucent-centered": Terms("LUCENT_CENTERED", "Calcification", ("129754005", "SCT", "Lucent-centered calcification")),
    "dystrophic": Terms("DYSTROPHIC", "Calcification", ("129750001", "SCT", "Dystrophic calcification")),
    "milk of calcium": Terms("MILK_OF_CALCIUM", "Calcification", ("129753004", "SCT", "Milk of calcium calcification")),
    # DDSM has sutures; CBIS-DDSM took none over
    "suture": Terms("N/A", "Calcification", ("129758008", "SCT", "Suture calcification")),
    "amorphous": Terms("AMORPHOUS", "Calcification", ("129760005", "SCT", "Amorphous calcification")),
    "coarse heterogeneous": Terms(
        "PLEOMORPHIC", "Calcification", ("129763007", "SCT", "Coarse heterogeneous calcification")
    ),
    "fine pleomorphic": Terms("PLEOMORPHIC", "Calcification", ("111344", "DCM", "Fine pleomorphic calcification")),
    "fine linear": Terms("FINE_LINEAR_BRANCHING", "Calcification", ("129761009", "SCT", "Fine, linear calcification")),
    "fine linear branching": Terms(
        "FINE_LINEAR_BRANCHING", "Calcification", ("129762002", "SCT", "Fine, linear, branching calcification")
    ),
    "none": Terms("N/A", "", None),
}

DISTRIBUTIONS: dict[str, Terms] = {
    "diffuse": Terms(
        "DIFFUSELY_SCATTERED", "Calcification", ("129764001", "SCT", "Diffuse calcification distribution")
    ),
    "regional": Terms("REGIONAL", "Calcification", ("129767008", "SCT", "Regional calcification distribution")),
    "grouped": Terms("CLUSTERED", "Cluster", ("129766004", "SCT", "Grouped calcification distribution")),
    "linear": Terms("LINEAR", "Calcification", ("129765000", "SCT", "Linear calcification distribution")),
    "segmental": Terms("SEGMENTAL", "Calcification", ("129768003", "SCT", "Segmental calcification distribution")),
    "none": Terms("N/A", "Calcification", None),
}


def code_of_descriptor(descriptor: str) -> Code | None:
    """DICOM's code of a BI-RADS descriptor; None where the standard has none (residue on the skin)."""
    terms = DESCRIPTORS.get(descriptor)
    return terms.dicom if terms else None


def code_of_distribution(distribution: str) -> Code | None:
    """DICOM's code of a distribution; None for a finding that has none."""
    terms = DISTRIBUTIONS.get(distribution)
    return terms.dicom if terms else None
