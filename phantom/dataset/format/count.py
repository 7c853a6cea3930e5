"""What is in a dataset, counted: for `phantom info` and for the words after `phantom generate` and `merge`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from phantom.tables import Table


@dataclass
class Count:
    """What is in some cases; a finding or a calcification that several views show counts once."""

    images: int = 0
    calcifications: int = 0
    calcification_views: int = 0
    visible_calcification_views: int = 0
    findings_by_kind: Counter[str] = field(default_factory=Counter)
    findings_by_class: Counter[str] = field(default_factory=Counter)
    findings_by_pathology: Counter[str] = field(default_factory=Counter)
    images_by_class: Counter[str] = field(default_factory=Counter)
    images_by_view: Counter[str] = field(default_factory=Counter)
    images_by_density: Counter[str] = field(default_factory=Counter)

    def add(self, tables: Mapping[str, Table]) -> None:
        """Count one whole case, or several."""
        images, findings, grains = (tables[name] for name in ("images", "findings", "calcifications"))
        case_of = dict(zip(images["image_id"].tolist(), images["case"].tolist(), strict=True))
        self.images += len(images)
        self.images_by_class.update(images["class"].tolist())
        self.images_by_view.update(images["view"].tolist())
        self.images_by_density.update(images["birads_density"].tolist())
        first = _first_of_each(case_of, findings, "finding_id")
        self.findings_by_kind.update(findings["kind"][first].tolist())
        self.findings_by_class.update(findings["class"][first].tolist())
        self.findings_by_pathology.update(findings["pathology"][first].tolist())
        self.calcifications += len(_first_of_each(case_of, grains, "calcification_id"))
        self.calcification_views += len(grains)
        self.visible_calcification_views += int(grains["visible"].sum())

    @property
    def findings(self) -> int:
        """How many findings there are."""
        return self.findings_by_kind.total()

    def as_dict(self) -> dict[str, Any]:
        """The counts, ready for JSON, the most frequent first."""
        return {
            "images": self.images,
            "images_by_class": _in_order(self.images_by_class),
            "images_by_view": _in_order(self.images_by_view),
            "images_by_density": _in_order(self.images_by_density),
            "findings": self.findings,
            "findings_by_kind": _in_order(self.findings_by_kind),
            "findings_by_class": _in_order(self.findings_by_class),
            "findings_by_pathology": _in_order(self.findings_by_pathology),
            "calcifications": self.calcifications,
            "calcification_views": self.calcification_views,
            "visible_calcification_views": self.visible_calcification_views,
        }


def _first_of_each(case_of: Mapping[str, int], table: Table, name: str) -> Any:
    """(n,): the first row of each different id; ids are unique within a case."""
    cases = np.array([case_of[image_id] for image_id in table["image_id"].tolist()], np.int64)
    _, first = np.unique(np.stack([cases, table[name].astype(np.int64)], axis=1), axis=0, return_index=True)
    return np.sort(first)


def _in_order(counts: Counter[str]) -> dict[str, int]:
    """The most frequent first, and by name among equals."""
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))
