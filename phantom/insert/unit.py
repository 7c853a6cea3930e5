"""The unit that took a picture: detector and beam by the header, else as stated."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from phantom.errors import UsageError
from phantom.imaging import exposure, mammography_units
from phantom.imaging import spectrum as spectra
from phantom.imaging.beam import Beam
from phantom.imaging.detector import Detector
from phantom.imaging.exposure import Exposure, Technique
from phantom.imaging.scatter import Scatter
from phantom.imaging.spectrum import TARGET_FILTERS, Spectrum
from phantom.insert.picture import Picture
from phantom.recipe.seed import Seed

# One of these stands for a unit that is not known: the one with such pixels, else the first (the commonest; estimate).
_STAND_INS = (
    "hologic-selenia-dimensions", "ge-senographe-essential", "siemens-mammomat-inspiration", "fuji-amulet-innovality",
)  # fmt: skip
_SAME_PITCH = 0.03  # relative
_ENTRANCE_MGY = (0.5, 40.0)
_DOSE_MGY = (0.2, 10.0)
_DOSE_SD = 0.2  # relative, of dose that no header gives (estimate: spread of units' automatic exposures)
_HEADER_SD = 0.1  # relative, of dose that one does


@dataclass(frozen=True, eq=False)
class Unit:
    """What took a picture.

    Attributes
    ----------
    detector : Detector
        With the picture's pixels.
    known : bool
        Whether the header, or the user, names it.
    spectrum : Spectrum
    scatter : Scatter
    technique : Technique
    dose_sd : float
        Relative uncertainty of the dose.
    """

    detector: Detector
    known: bool
    spectrum: Spectrum
    scatter: Scatter
    technique: Technique
    dose_sd: float

    @property
    def air_kev(self) -> float:
        """Energy absorbed per pixel in the open beam."""
        return self.technique.air_kev(self.spectrum, self.detector.pixel_mm)

    @property
    def offset_dn(self) -> float:
        """Detector value at no dose, where the unit is known; else 0."""
        return self.detector.unit.offset_dn if self.known else 0.0


def offset_dn(name: str | None) -> float:
    """Detector value at no dose of a unit; 0 where it is not known."""
    return mammography_units.load(name).offset_dn if name is not None else 0.0


def named(manufacturer: str, model: str) -> str | None:
    """The detector whose data file names this manufacturer and model; None if there is none.

    All words of the file's model must stand in the header's, and the manufacturer's first word; a picture that
    phantom itself exported has the detector's name as its model.
    """
    names = mammography_units.names()
    if model in names:
        return model
    header = _words(f"{manufacturer} {model}")
    best, found = 0, None
    for name in names:
        unit = mammography_units.load(name)
        words = _words(unit.model)
        if words <= header and _words(unit.manufacturer.split()[0]) <= header and len(words) > best:
            best, found = len(words), name
    return found


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", text.lower()))


def unit_of(picture: Picture, thickness_mm: float, density: float, detector: str | None = None) -> Unit:
    """The unit of a picture.

    Parameters
    ----------
    picture : Picture
    thickness_mm, density : float
        Of the breast.
    detector : str or None
        As the user states it, in place of the header.

    Raises
    ------
    UsageError
        If there is no such detector.
    """
    header = picture.header
    name = detector or named(header.manufacturer, header.model)
    pitch = header.pixel_mm or picture.spacing_mm
    magnified = pitch / picture.spacing_mm
    of = Detector(name or _stand_in(pitch), pitch_mm=min(max(pitch, 0.02), 0.5))
    if magnified < 1.1 and pitch != picture.spacing_mm:  # a contact view: parallel rays, pixels at the breast
        of = replace(of, pitch_mm=picture.spacing_mm)
    system = of.unit
    spectrum = _beam(picture, thickness_mm, of)
    scatter, entrance = Scatter(), _entrance(picture)
    if entrance is not None:
        technique = exposure.technique(
            spectrum, system, entrance, thickness_mm, density, _mgd(picture, entrance), grid=True
        )
    elif picture.header.organ_dose_mgy and _DOSE_MGY[0] <= picture.header.organ_dose_mgy <= _DOSE_MGY[1]:
        dose = picture.header.organ_dose_mgy
        entrance = dose / exposure.dose_per_kerma(spectrum, thickness_mm, density)
        technique = exposure.technique(spectrum, system, entrance, thickness_mm, density, dose, grid=True)
    else:
        technique = Exposure().at(
            spectrum, system, thickness_mm, density, Seed(0)
        )  # nothing is drawn: the unit's table
    sd = _HEADER_SD if entrance is not None else _DOSE_SD
    return Unit(of, name is not None, spectrum, scatter, technique, sd)


def _stand_in(pitch_mm: float) -> str:
    """The detector that stands for one that is not known."""
    alike = (name for name in _STAND_INS if abs(mammography_units.load(name).pitch_mm / pitch_mm - 1) < _SAME_PITCH)
    return next(alike, _STAND_INS[0])


def _entrance(picture: Picture) -> float | None:
    value = picture.header.entrance_mgy
    return value if value is not None and _ENTRANCE_MGY[0] <= value <= _ENTRANCE_MGY[1] else None


def _mgd(picture: Picture, entrance_mgy: float) -> float:
    dose = picture.header.organ_dose_mgy
    return dose if dose is not None and _DOSE_MGY[0] <= dose <= _DOSE_MGY[1] else 0.0 * entrance_mgy


def _beam(picture: Picture, thickness_mm: float, detector: Detector) -> Spectrum:
    """The header's beam where it is tabulated; what it does not say is as the unit's automatic exposure takes it."""
    header = picture.header
    target_filter = header.target_filter if header.target_filter in TARGET_FILTERS else "auto"
    kv = header.tube_kv or 0.0
    if kv:
        chosen = target_filter if target_filter != "auto" else detector.unit.technique(thickness_mm)[0]
        lo, hi = spectra.tube_range_kv(chosen)
        kv = min(max(kv, lo), hi)
    try:
        return Beam(target_filter=target_filter, tube_kv=kv).at(detector.unit, thickness_mm)  # type: ignore[arg-type]
    except (UsageError, ValueError):
        return Beam().at(detector.unit, thickness_mm)
