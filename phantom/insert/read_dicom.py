"""Mammograms from DICOM files of any vendor: what is read of them, and what is refused."""

from __future__ import annotations

import hashlib
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from phantom.dataset.format.untrusted import is_inflated
from phantom.errors import Unreadable, UsageError, install
from phantom.geometry.view import ViewName
from phantom.insert.picture import Header, Picture

FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.2.1"
MAX_BYTES = 256 << 20  # of a file
MAX_PIXELS = 45_000_000  # digitised film has 34 million
_TOMOSYNTHESIS = {"1.2.840.10008.5.1.4.1.1.13.1.3", "1.2.840.10008.5.1.4.1.1.13.1.4", "1.2.840.10008.5.1.4.1.1.13.1.5"}
VIEW_CODES = {
    "399162004": "CC", "R-10242": "CC", "399368009": "MLO", "R-10226": "MLO", "399260004": "ML", "R-10224": "ML",
}  # fmt: skip
VIEWS: tuple[ViewName, ...] = ("CC", "MLO", "ML")
_MATERIALS = {
    "TUNGSTEN": "W", "MOLYBDENUM": "Mo", "RHODIUM": "Rh", "SILVER": "Ag", "ALUMINUM": "Al", "ALUMINIUM": "Al",
    "COPPER": "Cu", "TITANIUM": "Ti",
}  # fmt: skip
_BINARY = ("OB", "OW", "OD", "OF", "OL", "OV", "UN", "OB or OW")
_MODIFIERS = {
    "399163009": "a magnification view", "R-102D6": "a magnification view", "399055006": "a spot compression view",
    "R-102D7": "a spot compression view", "399209000": "an implant displaced view",
    "R-102D5": "an implant displaced view",
}  # fmt: skip


def read(path: Path, spacing_mm: float | None, view: str | None, laterality: str | None) -> tuple[Picture, str]:
    """A mammogram from a DICOM file, and a key that its woman's other images share.

    What is given in place of None overrides the header.

    Raises
    ------
    Unreadable
        If it is no single 2-D mammogram, or its pixels cannot be read.
    UsageError
        If pydicom is absent.
    """
    ds = dataset(path)
    _refuse(ds)
    pixels, padding = _pixels(ds)
    linear = _is_linear(ds)
    bits = _bits(ds, pixels)
    top = (1 << bits) - 1
    if _is_inverted(ds, linear):
        pixels = (top - np.minimum(pixels, top)).astype(np.uint16)
        padding = None if padding is None else top - padding
    spacing, pixel_mm = _spacing(ds)
    spacing = spacing_mm or spacing
    if spacing is None:
        raise Unreadable("the header gives no pixel spacing: give --spacing-mm")
    seen = view or _view(ds)
    side = laterality or _laterality(ds)
    picture = Picture(
        path.name, pixels, bits, spacing, seen, side, linear, _header(ds, pixel_mm), padding=padding  # type: ignore[arg-type]
    )  # fmt: skip
    woman = "|".join(str(_text(ds, name)) for name in ("PatientID", "PatientName", "StudyInstanceUID"))
    return picture, hashlib.sha256(woman.encode()).hexdigest() if woman.strip("|") else ""


def dataset(path: Path) -> Any:
    """The pydicom dataset of a file.

    Raises
    ------
    Unreadable, UsageError
    """
    try:
        import pydicom
    except ImportError:
        raise UsageError(f"reading DICOM needs pydicom: {install('dicom')}") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if is_inflated(path):
                raise Unreadable("its whole content is deflated, to any size: write it in another syntax")
            if path.stat().st_size > MAX_BYTES:
                raise Unreadable(f"larger than {MAX_BYTES >> 20} MiB, which no single mammogram is")
            return pydicom.dcmread(path)
    except Unreadable:
        raise
    except OSError as why:
        raise Unreadable(f"cannot be read: {why.strerror or why}") from None
    except Exception:  # noqa: BLE001 - a broken file may raise anything
        raise Unreadable("not a DICOM file, or a damaged one") from None


def header_of(path: Path) -> dict[str, Any]:
    """All that a file's header says except pixels, private and binary elements, in DICOM's JSON; empty of other files.

    Raises
    ------
    Unreadable, UsageError
    """
    ds = dataset(path)
    for element in list(ds):
        if element.tag.is_private or element.VR in _BINARY:
            del ds[element.tag]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kept: dict[str, Any] = ds.to_json_dict(suppress_invalid_tags=True)
    except Exception as why:  # noqa: BLE001
        raise Unreadable(f"its header cannot be kept: {type(why).__name__}") from None
    return kept


def _text(ds: Any, name: str) -> str:
    """A header's value as text; empty where there is none or it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = ds.get(name)
        return "" if value is None else str(value).strip()
    except Exception:  # noqa: BLE001
        return ""


def _number(ds: Any, name: str) -> float | None:
    """A header's first number; None where there is none, or it is not finite."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = ds.get(name)
        if value is None or value == "":
            return None
        number = float(value[0] if hasattr(value, "__getitem__") and not isinstance(value, str) else value)
    except Exception:  # noqa: BLE001
        return None
    return number if math.isfinite(number) else None


def _refuse(ds: Any) -> None:
    """Name the first reason for which a file cannot be used."""
    kind, modality = _text(ds, "SOPClassUID"), _text(ds, "Modality")
    words = _text(ds, "ImageType").upper()
    if kind in _TOMOSYNTHESIS or ("TOMO" in words and "GENERATED" not in words):
        raise Unreadable("a tomosynthesis image: only 2-D mammograms can be used")
    if modality != "MG":
        raise Unreadable(f"modality {modality or 'unknown'}, not MG: only mammograms can be used")
    if "PixelData" not in ds:
        raise Unreadable("holds no pixels")
    if (_number(ds, "NumberOfFrames") or 1) > 1:
        raise Unreadable(f"{_text(ds, 'NumberOfFrames')} frames: only single 2-D mammograms can be used")
    photometric = _text(ds, "PhotometricInterpretation")
    if (_number(ds, "SamplesPerPixel") or 1) != 1 or photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise Unreadable(f"a colour image ({photometric or 'unknown'}): only MONOCHROME1 and MONOCHROME2 can be used")
    if _number(ds, "BitsAllocated") not in (8.0, 16.0):
        raise Unreadable(f"{_text(ds, 'BitsAllocated') or 'unknown'} bits allocated: only 8 and 16 can be used")
    if _text(ds, "QualityControlImage") == "YES":
        raise Unreadable("a quality control image, not a breast")
    if _text(ds, "BreastImplantPresent") == "YES":
        raise Unreadable("a breast with an implant: its outline and tissue cannot be told from the implant")
    for code in _modifiers(ds):
        if code in _MODIFIERS:
            raise Unreadable(f"{_MODIFIERS[code]}: only whole contact views can be used")


def _modifiers(ds: Any) -> list[str]:
    try:
        items = ds.ViewCodeSequence[0].get("ViewModifierCodeSequence") or []
        return [str(item.CodeValue) for item in items]
    except Exception:  # noqa: BLE001
        return []


def _pixels(ds: Any) -> tuple[Any, int | None]:
    """The stored values as uint16, and the value that stands for no image."""
    sides = _number(ds, "Rows") or 0, _number(ds, "Columns") or 0
    if sides[0] * sides[1] > MAX_PIXELS:
        raise Unreadable(f"{sides[0]:g} x {sides[1]:g} pixels: at most {MAX_PIXELS} can be used")
    syntax = getattr(getattr(ds, "file_meta", None), "TransferSyntaxUID", None)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stored = ds.pixel_array
    except Exception as why:  # noqa: BLE001
        if syntax is not None and syntax.is_compressed:
            raise Unreadable(
                f"compressed as {syntax.name}, which no decoder that is installed can read: "
                "pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg, or decompress it first"
            ) from None
        raise Unreadable(
            f"its pixels cannot be read: {str(why).splitlines()[0] if str(why) else type(why).__name__}"
        ) from None
    if stored.ndim != 2 or min(stored.shape) < 64:
        raise Unreadable(f"{' x '.join(map(str, stored.shape))} pixels: too few to be a mammogram")
    shift = 0
    if stored.dtype.kind == "i":
        shift = -min(int(stored.min()), 0)
        stored = stored.astype(np.int32) + shift
    if int(stored.max()) > 65535:
        raise Unreadable("values above 65535")
    if int(stored.max()) == int(stored.min()):
        raise Unreadable("all its pixels have the same value")
    padding = _number(ds, "PixelPaddingValue")
    return stored.astype(np.uint16), None if padding is None else int(padding) + shift


def _bits(ds: Any, pixels: Any) -> int:
    """Bits that the values need, and at least as many as the header says are stored."""
    stated = int(_number(ds, "BitsStored") or 8)
    return min(16, max(stated, int(pixels.max()).bit_length(), 8))


def _is_linear(ds: Any) -> bool:
    """Whether the image is for processing, and linear in the exposure."""
    intent = _text(ds, "PresentationIntentType").upper()
    raw = intent == "FOR PROCESSING" or (not intent and _text(ds, "SOPClassUID") == FOR_PROCESSING)
    return raw and _text(ds, "PixelIntensityRelationship").upper() != "LOG"


def _is_inverted(ds: Any, linear: bool) -> bool:
    """Whether values must be turned: for processing less X-ray, for presentation less density is the larger one."""
    if linear:
        return (_number(ds, "PixelIntensityRelationshipSign") or 1) < 0
    return _text(ds, "PhotometricInterpretation") == "MONOCHROME1"


def _spacing(ds: Any) -> tuple[float | None, float | None]:
    """Side of a pixel at the breast and at the detector, mm."""
    pairs = {}
    for name in ("PixelSpacing", "ImagerPixelSpacing"):
        try:
            pair = [float(v) for v in ds.get(name) or []]
        except Exception:  # noqa: BLE001
            pair = []
        if len(pair) == 2 and min(pair) > 0 and all(map(math.isfinite, pair)):
            if abs(pair[0] / pair[1] - 1) > 0.005:
                raise Unreadable(f"pixels of {pair[0]:g} x {pair[1]:g} mm: only square ones can be used")
            pairs[name] = pair[0]
    at_detector = pairs.get("ImagerPixelSpacing")
    times = _number(ds, "EstimatedRadiographicMagnificationFactor") or 1.0
    times = times if 0.9 <= times <= 2.2 else 1.0
    at_breast = pairs.get("PixelSpacing") or (at_detector / times if at_detector else None)
    if at_breast is not None and not 0.02 <= at_breast <= 1.0:
        raise Unreadable(f"pixels of {at_breast:g} mm: they must be 0.02 to 1 mm (or give --spacing-mm)")
    return at_breast, at_detector


def _view(ds: Any) -> str:
    try:
        code = VIEW_CODES.get(str(ds.ViewCodeSequence[0].CodeValue))
    except Exception:  # noqa: BLE001
        code = None
    stated = code or _text(ds, "ViewPosition").upper()
    if stated in VIEWS:
        return stated
    raise Unreadable(
        f"view {stated}: only CC, MLO and ML can be used" if stated else "the header gives no view: give --view"
    )


def _laterality(ds: Any) -> str:
    for name in ("ImageLaterality", "Laterality", "FrameLaterality"):
        stated = _text(ds, name).upper()
        if stated in ("L", "R"):
            return stated
    raise Unreadable("the header gives no laterality: give --laterality")


def _header(ds: Any, pixel_mm: float | None) -> Header:
    target = _MATERIALS.get(_text(ds, "AnodeTargetMaterial").upper(), "")
    filtered = _MATERIALS.get(_text(ds, "FilterMaterial").upper(), "")
    center, width = _number(ds, "WindowCenter"), _number(ds, "WindowWidth")
    micro = _number(ds, "ExposureInuAs")
    dose = _number(ds, "OrganDose")
    return Header(
        thickness_mm=_within(_number(ds, "BodyPartThickness"), 10, 150),
        tube_kv=_within(_number(ds, "KVP"), 15, 60),
        target_filter=f"{target}/{filtered}" if target and filtered else "",
        manufacturer=_text(ds, "Manufacturer"),
        model=_text(ds, "ManufacturerModelName"),
        angle_deg=_within(_number(ds, "PositionerPrimaryAngle"), -180, 180),
        exposure_mas=_number(ds, "Exposure") if micro is None else micro / 1000,
        organ_dose_mgy=None if dose is None else 100 * dose,
        entrance_mgy=_number(ds, "EntranceDoseInmGy"),
        relationship=_text(ds, "PixelIntensityRelationship").upper(),
        window=(center, width) if center is not None and width is not None and width > 0 else None,
        voi_function=_text(ds, "VOILUTFunction").upper() or "LINEAR",
        burned_in=_text(ds, "BurnedInAnnotation") == "YES",
        pixel_mm=pixel_mm,
    )


def _within(value: float | None, low: float, high: float) -> float | None:
    return value if value is not None and low <= value <= high else None
