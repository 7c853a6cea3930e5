"""Our words in other people's: CBIS-DDSM's tables, INbreast's annotations, DICOM's codes.

CBIS-DDSM's are those of its case-description tables (``calc type``, ``calc distribution``), INbreast's
the names of its regions, the codes those of DICOM PS3.16 CID 6010 and 6011 (SNOMED CT and DCM).
"""

from __future__ import annotations

from dataclasses import dataclass

Code = tuple[str, str, str]


@dataclass(frozen=True)
class Word:
    """One of our words elsewhere.

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


DESCRIPTORS: dict[str, Word] = {
    "skin": Word("SKIN", "Calcification", ("129757003", "SCT", "Skin calcification")),
    "vascular": Word("VASCULAR", "Calcification", ("129759000", "SCT", "Vascular calcification")),
    "coarse or popcorn-like": Word("COARSE", "Calcification", ("129749001", "SCT", "Popcorn calcification")),
    "large rod-like": Word("LARGE_RODLIKE", "Calcification", ("129752009", "SCT", "Large rod-like calcification")),
    "round": Word("ROUND_AND_REGULAR", "Calcification", ("129756007", "SCT", "Round calcification")),
    "punctate": Word("PUNCTATE", "Calcification", ("129755006", "SCT", "Punctate calcification")),
    "rim": Word("EGGSHELL", "Calcification", ("129751002", "SCT", "Eggshell calcification")),
    "lucent-centered": Word("LUCENT_CENTERED", "Calcification", ("129754005", "SCT", "Lucent-centered calcification")),
    "dystrophic": Word("DYSTROPHIC", "Calcification", ("129750001", "SCT", "Dystrophic calcification")),
    "milk of calcium": Word("MILK_OF_CALCIUM", "Calcification", ("129753004", "SCT", "Milk of calcium calcification")),
    # DDSM has sutures; CBIS-DDSM took none over
    "suture": Word("N/A", "Calcification", ("129758008", "SCT", "Suture calcification")),
    "amorphous": Word("AMORPHOUS", "Calcification", ("129760005", "SCT", "Amorphous calcification")),
    "coarse heterogeneous": Word(
        "PLEOMORPHIC", "Calcification", ("129763007", "SCT", "Coarse heterogeneous calcification")
    ),
    "fine pleomorphic": Word("PLEOMORPHIC", "Calcification", ("111344", "DCM", "Fine pleomorphic calcification")),
    "fine linear": Word("FINE_LINEAR_BRANCHING", "Calcification", ("129761009", "SCT", "Fine, linear calcification")),
    "fine linear branching": Word(
        "FINE_LINEAR_BRANCHING", "Calcification", ("129762002", "SCT", "Fine, linear, branching calcification")
    ),
    "none": Word("N/A", "", None),
}

DISTRIBUTIONS: dict[str, Word] = {
    "diffuse": Word("DIFFUSELY_SCATTERED", "Calcification", ("129764001", "SCT", "Diffuse calcification distribution")),
    "regional": Word("REGIONAL", "Calcification", ("129767008", "SCT", "Regional calcification distribution")),
    "grouped": Word("CLUSTERED", "Cluster", ("129766004", "SCT", "Grouped calcification distribution")),
    "linear": Word("LINEAR", "Calcification", ("129765000", "SCT", "Linear calcification distribution")),
    "segmental": Word("SEGMENTAL", "Calcification", ("129768003", "SCT", "Segmental calcification distribution")),
    "none": Word("N/A", "Calcification", None),
}
