"""What grows: a calcification, and a finding made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from phantom.anatomy.breast import Host
from phantom.geometry.solids.shapes import Shape

Distribution = Literal["diffuse", "regional", "grouped", "linear", "segmental", "none"]
Category = Literal["1", "2", "3", "4A", "4B", "4C", "5"]
FindingClass = Literal["normal", "artefact", "benign", "suspicious"]
Pathology = Literal["benign", "malignant", "none"]
Tissue = Literal["glandular", "adipose", "skin", "air"]


@dataclass(frozen=True, eq=False)
class Calcification:
    """One solid grain, in mm, before the breast is compressed.

    Attributes
    ----------
    shape : Shape
        Its form, in the breast's axes, about its centre.
    centre_mm : (float, float, float)
        In the breast's frame.
    kind : str
        The kind that made it, as ``phantom kinds`` lists it.
    material : str
        What it is made of (a name of `phantom.imaging.materials`).
    relative_density : float
        Its density relative to the material's own, about 1 (jitter between grains).
    displaces : str
        The tissue it takes the place of; ``air`` for what lies on the skin.
    calcification_id : int
        Unique within a case, the same in all views; -1 until the case numbers it.
    """

    shape: Shape
    centre_mm: tuple[float, float, float]
    kind: str
    material: str = "calcium_oxalate"
    relative_density: float = 1.0
    displaces: Tissue = "glandular"
    calcification_id: int = -1


@dataclass(frozen=True, eq=False)
class Finding:
    """Calcifications that a radiologist would report as one thing, with their labels.

    Attributes
    ----------
    kind, cause, descriptor : str
        The kind's name, the cause in the words of the patient page, the BI-RADS descriptor.
    distribution : str
        ``diffuse``, ``regional``, ``grouped``, ``linear``, ``segmental``, or ``none``.
    category : str
        BI-RADS assessment: 1, 2, 3, 4A, 4B, 4C or 5.
    pathology : str
        Sampled with the descriptor's predictive value: ``benign``, ``malignant``, ``none`` (artefacts).
    calcifications : tuple of Calcification
    hosts : tuple of Host
        Bodies that the kind needs around it (a cyst, a mass).
    laterality : str
        ``L`` or ``R``: the breast it lies in.
    finding_id : int
        Unique within a case, the same in all views; -1 until the case numbers it.
    views : tuple of str
        Views it is present in; empty for all (residue on the skin may be wiped off between two).
    asked : (str, float) or None
        The median over its grains that the recipe asked for: ``dprime`` or ``sdnr``, and how much.
    length_mm, calcified_share : float
        Of calcified arteries: their calcified length, and the share of the wall that is covered over it; else 0.
    """

    kind: str
    cause: str
    descriptor: str
    distribution: Distribution
    category: Category
    pathology: Pathology
    calcifications: tuple[Calcification, ...]
    hosts: tuple[Host, ...] = field(default=())
    laterality: Literal["L", "R"] = "L"
    finding_id: int = -1
    views: tuple[str, ...] = ()
    asked: tuple[str, float] | None = None
    length_mm: float = 0.0
    calcified_share: float = 0.0

    @property
    def finding_class(self) -> FindingClass:
        """The class, from the category and never from a preset's name: 4A and above is suspicious."""
        if self.pathology == "none":
            return "artefact"
        return "suspicious" if self.category in ("4A", "4B", "4C", "5") else "benign"
