"""What a dataset was made with, as far as it has a say in the bytes: versions of packages, and the processor."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from typing import Any

Environment = Mapping[str, Any]  # {"packages": {name: version}, "processor": {"machine": …, "simd": […]}}


def environment() -> dict[str, Any]:
    """That of this process."""
    return {"packages": versions(), "processor": processor()}


def each_once(environments: Iterable[Environment]) -> list[dict[str, Any]]:
    """Every environment once, in the order in which they come."""
    found: list[dict[str, Any]] = []
    for one in environments:
        if dict(one) not in found:
            found.append(dict(one))
    return found


def wrong_environments(data: Any) -> bool:
    """Whether this is anything but a list of environments."""
    return not isinstance(data, list) or not all(
        isinstance(one, dict)
        and set(one) == {"packages", "processor"}
        and isinstance(one["packages"], dict)
        and isinstance(one["processor"], dict)
        and all(isinstance(version, str) for version in one["packages"].values())
        for one in data
    )


def versions() -> dict[str, str]:
    """Versions of everything that has a say in the bytes."""
    import zlib

    import h5py
    import numba
    import numpy as np
    import PIL
    import scipy

    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "h5py": h5py.__version__,
        "hdf5": h5py.version.hdf5_version,
        "numba": numba.__version__,
        "pillow": PIL.__version__,
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }


def processor() -> dict[str, Any]:
    """The kind of processor, as far as it decides about last bits: its family and NumPy's instruction sets."""
    import numpy as np

    found: Any = np.show_config(mode="dicts")
    simd = found.get("SIMD Extensions", {}) if isinstance(found, dict) else {}
    return {"machine": platform.machine(), "simd": sorted({*simd.get("baseline", []), *simd.get("found", [])})}
