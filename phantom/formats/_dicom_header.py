"""A real picture's own DICOM header on what is exported of it, where `phantom insert --keep-header` stored it."""

from __future__ import annotations

from typing import Any

from phantom.errors import DatasetError

# what says whose image it is, and of which examination and machine: these stay, all that is said of pixels is new
_IDENTITY = (
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "PatientAge", "EthnicGroup",
    "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName",
    "StudyDescription", "InstitutionName", "Manufacturer", "ManufacturerModelName", "DeviceSerialNumber",
    "SoftwareVersions", "SpecificCharacterSet",
)  # fmt: skip
_PIXEL_GROUP, _META_GROUP = 0x0028, 0x0002


def stored(image: Any) -> Any:
    """The pydicom dataset of the header that a case keeps for an image; None if it keeps none.

    Raises
    ------
    DatasetError
        If what is kept is no header.
    """
    from pydicom.dataset import Dataset

    row = image.row
    if row.source != "inserted":
        return None
    for picture in getattr(image, "scene", {}).get("pictures", []):
        if isinstance(picture, dict) and (picture.get("laterality"), picture.get("view")) == (row.laterality, row.view):
            header = picture.get("header")
            if not header:
                return None
            try:
                return Dataset.from_json(header)
            except Exception as why:  # noqa: BLE001 - a damaged header may raise anything
                raise DatasetError(f"{image.image_id}: its stored header is damaged: {type(why).__name__}") from None
    return None


def keep_identity(ds: Any, header: Any) -> None:
    """Patient, examination and machine as the header has them."""
    for name in _IDENTITY:
        if name in header:
            setattr(ds, name, header[name].value)


def keep_rest(ds: Any, header: Any) -> None:
    """What else the header says and the image does not say otherwise, and which image it was derived from."""
    from pydicom.dataset import Dataset

    for element in header:
        if element.tag.group not in (_PIXEL_GROUP, _META_GROUP) and element.tag not in ds:
            ds.add(element)
    if "SOPInstanceUID" in header and "SOPClassUID" in header:
        source = Dataset()
        source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID = header.SOPClassUID, header.SOPInstanceUID
        ds.SourceImageSequence = [source]
    ds.PatientIdentityRemoved = "NO"
    if "DeidentificationMethod" in ds:
        del ds.DeidentificationMethod
