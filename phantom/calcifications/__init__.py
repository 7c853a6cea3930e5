"""The atlas: one file per kind of calcification; the folder is the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phantom.lazy import exports

if TYPE_CHECKING:
    from phantom.calcifications.finding import Calcification, Finding
    from phantom.calcifications.kind_base import KindBase, MultiGrainKind
    from phantom.calcifications.label import Label
    from phantom.calcifications.registry import Kind

__all__ = [
    "Calcification",
    "Finding",
    "Kind",
    "KindBase",
    "Label",
    "MultiGrainKind",
]

__getattr__ = exports(
    __name__,
    {
        "Calcification": "finding",
        "Finding": "finding",
        "Kind": "registry",
        "KindBase": "kind_base",
        "Label": "label",
        "MultiGrainKind": "kind_base",
    },
)
