"""Named machines: what a detector's data file says, read and checked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from phantom.errors import PhantomError, UsageError
from phantom.imaging.spectrum import TARGET_FILTERS, Converter
from phantom.recipe.messages import suggestion

# name -> (lowest, highest) of what a data file may say
_RANGES: dict[str, tuple[float, float]] = {
    "pitch_mm": (0.02, 0.5), "rows": (16, 20000), "columns": (16, 20000), "source_detector_mm": (400, 1200),
    "support_detector_mm": (0, 400), "focal_spot_mm": (0, 2), "small_focus_mm": (0, 2),
    "f0_per_mm": (0.5, 200), "n": (0.5, 4), "dqe0": (0.05, 0.95), "unblurred_noise_fraction": (0, 1),
    "electronic_ugy": (0, 20),
    "structure": (0, 0.05), "dead_share": (0, 0.05), "gain_dn_per_ugy": (0.1, 200), "offset_dn": (0, 10000),
    "bits": (8, 16),
    "grid_primary": (0.3, 1), "grid_factor": (0.2, 3), "base_mgy": (0, 5), "slope_mgy_cm": (0, 1),
}  # fmt: skip
_SECTIONS = {"blur": "", "noise": "", "readout": "", "grid": "grid_", "exposure": ""}


@dataclass(frozen=True)
class MammographyUnit:
    """A mammography unit: its detector, grid, geometry and exposure table.

    Attributes
    ----------
    name, says, manufacturer, model : str
    converter : str
        ``a-Se`` or ``CsI``: which table of the beam it uses.
    pitch_mm, rows, columns
        The pixel and the matrix.
    source_detector_mm, support_detector_mm, focal_spot_mm, small_focus_mm : float
        Focus to detector, breast support to detector, large and small focus.
    f0_per_mm, n : float
        The blur before sampling, exp(-(f/f0)^n) along each axis, aperture apart.
    dqe0 : float
        Detective quantum efficiency at 0 cycles/mm, quantum limited.
    white_share : float
        The share of the quantum variance that the blur does not shape (aliasing, Lubberts effect).
    electronic_ugy : float
        Detector air kerma at which electronic and quantum variance are equal.
    structure : float
        Relative sd of the fixed pattern left after the gain map.
    dead_share : float
        Share of pixels replaced by the mean of their neighbours.
    gain_dn_per_ugy, offset_dn, bits
        Detector value = offset + gain x kerma at the reference beam (28 kV W/Rh, 2 mm Al).
    grid_primary, grid_factor : float
        Primary transmission; scatter transmission relative to a linear 5:1 grid.
    base_mgy, slope_mgy_cm : float
        Mean glandular dose of the automatic exposure: base + slope x thickness in cm.
    exposure : tuple of (float, str, float)
        Up to this thickness in mm: target/filter and tube kV.
    """

    name: str
    says: str
    manufacturer: str
    model: str
    converter: Converter
    pitch_mm: float
    rows: int
    columns: int
    source_detector_mm: float
    support_detector_mm: float
    focal_spot_mm: float
    small_focus_mm: float
    f0_per_mm: float
    n: float
    dqe0: float
    unblurred_noise_fraction: float
    electronic_ugy: float
    structure: float
    dead_share: float
    gain_dn_per_ugy: float
    offset_dn: float
    bits: int
    grid_primary: float
    grid_factor: float
    base_mgy: float
    slope_mgy_cm: float
    exposure: tuple[tuple[float, str, float], ...]

    def technique(self, thickness_mm: float) -> tuple[str, float]:
        """Target/filter and tube kV that the automatic exposure takes for a compressed thickness."""
        for up_to, target_filter, kv in self.exposure:
            if thickness_mm <= up_to:
                return target_filter, kv
        return self.exposure[-1][1:]

    @property
    def largest_dn(self) -> int:
        """The value at which pixels saturate."""
        return (1 << self.bits) - 1


def names() -> list[str]:
    """The detectors that come with phantom."""
    return sorted(p.name[:-5] for p in (files("phantom.imaging") / "detectors").iterdir() if p.name.endswith(".toml"))


def text(name: str) -> str:
    """The data file of a detector, as text.

    Raises
    ------
    UsageError
        If there is no such detector; the message names those there are.
    PhantomError
        If the user's file cannot be read.
    """
    if name.endswith(".toml"):
        try:
            return Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PhantomError(f"cannot read the detector file {name}: {error}") from None
    if name not in names():
        raise UsageError(f"no such detector: {name!r}; {suggestion(name, names())} (a file of your own ends in .toml)")
    return (files("phantom.imaging") / "detectors" / f"{name}.toml").read_text(encoding="utf-8")


def load(name: str) -> MammographyUnit:
    """A machine by its name, or by the path of a user's own ``.toml`` file.

    Raises
    ------
    UsageError
        If there is no such detector, or its file says something wrong: all of it at once.
    """
    return _parse(name, text(name))


@cache
def _parse(name: str, text: str) -> MammographyUnit:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name}: not TOML: {error}") from None
    problems: list[str] = []
    flat = _flatten(table, problems)
    flat["name"] = Path(name).stem if name.endswith(".toml") else name
    exposure = _exposure(flat.pop("table", None), problems)
    wanted = {f.name for f in fields(MammographyUnit)} - {"exposure"}
    problems += [f"{key}: unknown key" for key in sorted(set(flat) - wanted)]
    problems += [f"{key}: missing" for key in sorted(wanted - set(flat))]
    for key, value in flat.items():
        problems += _wrong(key, value)
    if problems:
        raise UsageError(
            f"detector {name}: {len(problems)} problem{'s' * (len(problems) > 1)}\n  " + "\n  ".join(problems)
        )
    return MammographyUnit(**flat, exposure=exposure)


def _flatten(table: dict[str, Any], problems: list[str]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            if key not in _SECTIONS:
                problems.append(f"[{key}]: unknown section")
            flat.update({_SECTIONS.get(key, "") + k: v for k, v in value.items()})
        else:
            flat[key] = value
    return flat


def _exposure(rows: Any, problems: list[str]) -> tuple[tuple[float, str, float], ...]:
    right = isinstance(rows, list) and rows and all(
        isinstance(r, list) and len(r) == 3 and _number(r[0]) and r[1] in TARGET_FILTERS and _number(r[2]) for r in rows
    )  # fmt: skip
    if not right:
        problems.append('exposure.table: must be rows of [thickness mm, "W/Rh", kV] with ' + ", ".join(TARGET_FILTERS))
        return ()
    return tuple((float(r[0]), str(r[1]), float(r[2])) for r in rows)


def _wrong(key: str, value: Any) -> list[str]:
    if key == "converter":
        return [] if value in ("a-Se", "CsI") else [f"converter = {value!r}: must be 'a-Se' or 'CsI'"]
    if key in ("name", "says", "manufacturer", "model"):
        return [] if isinstance(value, str) and value else [f"{key}: must be text"]
    if key not in _RANGES:
        return []
    lo, hi = _RANGES[key]
    if key in ("rows", "columns", "bits") and not isinstance(value, int):
        return [f"{key} = {value!r}: must be a whole number"]
    return [] if _number(value) and lo <= value <= hi else [f"{key} = {value!r}: must lie within {lo:g} and {hi:g}"]


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
