"""Named machines: what a detector's data file says, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from phantom.errors import RecipeError, UsageError
from phantom.imaging.spectrum import Converter, TargetFilter
from phantom.recipe import schema, toml
from phantom.recipe.draw import Within
from phantom.recipe.keys import Like
from phantom.recipe.messages import suggestion

_SECTIONS = {"blur": "", "noise": "", "readout": "", "grid": "grid_", "exposure": ""}


@dataclass(frozen=True)
class MammographyUnit:
    """A mammography unit: its detector, grid, geometry and exposure table.

    The blur before sampling is exp(-(f/f0)^n) along each axis, aperture apart. A detector value is offset +
    gain x kerma at the reference beam (28 kV W/Rh, 2 mm Al). The fields are the keys of a data file.
    """

    name: Annotated[str, "the data file's name"]
    says: Annotated[str, Like(r"(?s).+", "a text"), "what it is, in a line"]
    manufacturer: Annotated[str, Like(r"(?s).+", "a text"), "as DICOM has it"]
    model: Annotated[str, Like(r"(?s).+", "a text"), "as DICOM has it"]
    converter: Annotated[Converter, "which table of the beam it uses"]
    pitch_mm: Annotated[float, Within(0.02, 0.5, "mm"), "side of a pixel"]
    rows: Annotated[int, Within(16, 20000), "pixels from top to bottom"]
    columns: Annotated[int, Within(16, 20000), "pixels from the chest wall on"]
    source_detector_mm: Annotated[float, Within(400, 1200, "mm"), "focus to detector"]
    support_detector_mm: Annotated[float, Within(0, 400, "mm"), "breast support to detector"]
    focal_spot_mm: Annotated[float, Within(0, 2, "mm"), "large focus"]
    small_focus_mm: Annotated[float, Within(0, 2, "mm"), "small focus, for magnification"]
    f0_per_mm: Annotated[float, Within(0.5, 200, "cycles/mm"), "where the blur before sampling is down to 1/e"]
    n: Annotated[float, Within(0.5, 4), "exponent of that blur"]
    dqe0: Annotated[float, Within(0.05, 0.95), "detective quantum efficiency at 0 cycles/mm, quantum limited"]
    unblurred_noise_fraction: Annotated[
        float, Within(0, 1), "of the quantum variance, what the blur does not shape (aliasing, Lubberts effect)"
    ]
    electronic_ugy: Annotated[float, Within(0, 20, "uGy"), "kerma where electronic and quantum variance are equal"]
    structure: Annotated[float, Within(0, 0.05), "relative sd of the fixed pattern left after the gain map"]
    dead_share: Annotated[float, Within(0, 0.05), "pixels replaced by the mean of their neighbours"]
    gain_dn_per_ugy: Annotated[float, Within(0.1, 200, "DN/uGy"), "detector value per kerma"]
    offset_dn: Annotated[float, Within(0, 10000, "DN"), "detector value without X-rays"]
    bits: Annotated[int, Within(8, 16), "of a detector value"]
    grid_primary: Annotated[float, Within(0.3, 1), "primary transmission of the grid"]
    grid_factor: Annotated[float, Within(0.2, 3), "scatter transmission relative to a linear 5:1 grid"]
    base_mgy: Annotated[float, Within(0, 5, "mGy"), "mean glandular dose of the automatic exposure at 0 cm"]
    slope_mgy_cm: Annotated[float, Within(0, 1, "mGy/cm"), "its rise per cm of compressed thickness"]
    exposure: Annotated[
        tuple[tuple[float, TargetFilter, float], ...], "up to this thickness in mm: target/filter and tube kV"
    ]

    def __post_init__(self) -> None:
        """Refuse an exposure table without rows.

        Raises
        ------
        ValueError
        """
        if not self.exposure:
            raise ValueError('exposure.table: must hold rows of [thickness mm, "W/Rh", kV]')

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
        If there is no such detector (the message names those there are), or the user's file cannot be read.
    """
    if name.endswith(".toml"):
        path = Path(name)
        if "\0" not in name and path.exists() and not path.is_file():  # whoever wrote the recipe chose it
            raise UsageError(f"{name}: not a plain file, as a detector file must be")
        return toml.read(path, "a detector file")
    if name not in names():
        raise UsageError(f"no such detector: {name!r}; {suggestion(name, names())} (a file of your own ends in .toml)")
    return (files("phantom.imaging") / "detectors" / f"{name}.toml").read_text(encoding="utf-8")


def load(name: str, file_text: str | None = None) -> MammographyUnit:
    """A machine by its name, or by the path of a user's own ``.toml`` file, or by what that file is known to say.

    Raises
    ------
    UsageError
        If there is no such detector, or its file says something wrong: all of it at once.
    """
    return _parse(name, text(name) if file_text is None or not name.endswith(".toml") else file_text)


@cache
def _parse(name: str, text: str) -> MammographyUnit:
    try:
        table = toml.loads(text)
    except ValueError as error:
        raise UsageError(f"{name}: not TOML: {error}") from None
    problems: list[str] = []
    flat = _flatten(table, problems)
    flat["name"] = Path(name).stem if name.endswith(".toml") else name
    if "table" in flat:
        flat["exposure"] = flat.pop("table")
    unit = schema.read(MammographyUnit, flat, "", problems)
    if unit is None or problems:
        raise RecipeError(f"detector {name}", problems)
    return unit


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
