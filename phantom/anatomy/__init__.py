"""The patient: one breast, or both, grown from a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phantom.lazy import exports

if TYPE_CHECKING:
    from phantom.anatomy.breast import Breast, Host
    from phantom.anatomy.patient import Anatomy, birads_density

__all__ = [
    "Anatomy",
    "Breast",
    "Host",
    "birads_density",
]

__getattr__ = exports(
    __name__,
    {
        "Anatomy": "patient",
        "Breast": "breast",
        "Host": "breast",
        "birads_density": "patient",
    },
)
