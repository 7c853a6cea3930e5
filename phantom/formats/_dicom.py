"""DICOM datasets of one image: Digital Mammography X-Ray (PS3.3 A.27), for presentation or for processing.

All UIDs come from the dataset's recipe, seed and version, all dates are fixed: the same dataset
gives the same files. Every file says that it is synthetic.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from phantom.dataset.format.uids import image_uid, uid
from phantom.exam.mammogram import Mammogram
from phantom.formats import _dicom_header
from phantom.formats._options import Options
from phantom.tables import ImageRow

# The day of the latest examination; earlier years (`years_before`) count back from it.
YEAR = 2000
TIME = "120000"
FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.2"
FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.2.1"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
VIEWS = {
    "CC": ("399162004", "cranio-caudal"),
    "MLO": ("399368009", "medio-lateral oblique"),
    "ML": ("399260004", "medio-lateral"),
}
# Directions of the image's rows and columns (PS3.3 C.7.6.1.1.1): a left breast's rows run to the nipple.
ORIENTATION = {
    ("L", "CC"): ["A", "R"], ("R", "CC"): ["P", "L"], ("L", "MLO"): ["A", "FR"], ("R", "MLO"): ["P", "FL"],
    ("L", "ML"): ["A", "F"], ("R", "ML"): ["P", "F"],
}  # fmt: skip
_MAKER = "phantom (synthetic)"


def code(value: str, scheme: str, meaning: str) -> Any:
    """A code sequence's item."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def study_date(row: ImageRow) -> str:
    """The day an image was taken."""
    return f"{YEAR - row.years_before:04d}0101"


def patient_and_study(ds: Any, key: str, image: Mammogram, options: Options) -> None:
    """What all objects of a case share."""
    row = image.row
    case = row.case
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName = f"SYNTHETIC^PHANTOM^{case:06d}"
    ds.PatientID = f"PHANTOM-{key[:8]}-{case:06d}"
    age_at_latest = row.age + row.years_before
    ds.PatientBirthDate = f"{YEAR - max(round(age_at_latest), 0):04d}0101"
    ds.PatientSex = "F"
    if options.quality_control:
        ds.QualityControlSubject = "YES"
    ds.StudyInstanceUID = uid(key, "study", case, row.years_before)
    ds.StudyDate, ds.StudyTime = study_date(row), TIME
    ds.StudyID, ds.AccessionNumber, ds.ReferringPhysicianName = f"{case}", "", ""
    ds.StudyDescription = "Synthetic mammography"
    ds.Manufacturer, ds.ManufacturerModelName = _MAKER, row.detector
    ds.DeviceSerialNumber, ds.SoftwareVersions = "0", "phantom"
    if options.synthetic_tag:
        ds.SyntheticData = "YES"
    header = _dicom_header.stored(image)
    if header is not None:
        _dicom_header.keep_identity(ds, header)


def mammogram(image: Mammogram, intent: str, key: str, number: int, generator: str, options: Options) -> Any:
    """The image's DICOM dataset; `intent` is ``for_presentation`` or ``for_processing``."""
    from pydicom.dataset import Dataset

    ds = Dataset()
    shown = intent == "for_presentation"
    row = image.row
    ds.SOPClassUID = FOR_PRESENTATION if shown else FOR_PROCESSING
    ds.SOPInstanceUID = image_uid(key, image.image_id, intent)
    patient_and_study(ds, key, image, options)
    ds.SeriesInstanceUID = uid(ds.StudyInstanceUID, "series", intent)
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = "MG", 1 if shown else 2, number
    ds.SeriesDescription = f"Synthetic, {intent.replace('_', ' ')}"
    ds.PresentationIntentType = "FOR PRESENTATION" if shown else "FOR PROCESSING"
    ds.ContentDate, ds.ContentTime = ds.StudyDate, ds.StudyTime
    ds.AcquisitionDate, ds.AcquisitionTime = ds.StudyDate, ds.StudyTime
    ds.ImageType = ["ORIGINAL", "PRIMARY", ""]
    ds.ImageComments = f"Synthetic image {image.image_id}; not a patient; not for diagnosis"
    ds.DerivationDescription = f"Simulated by {generator}"
    ds.BurnedInAnnotation, ds.LossyImageCompression = "NO", "00"
    if options.quality_control:
        ds.QualityControlImage = "YES"
    _geometry(ds, image)
    _technique(ds, row)
    _pixels(ds, image, intent, options)
    return ds


def mark_as_inserted(ds: Any, image: Mammogram, generator: str) -> None:
    """Say that an image is a real mammogram with synthetic calcifications, of a person nobody names unless kept."""
    ds.ImageType = ["DERIVED", "SECONDARY", ""]
    ds.DerivationDescription = f"Synthetic calcifications put into a real mammogram by {generator}"
    ds.ImageComments = "Synthetic calcifications in a real mammogram; not for diagnosis"
    ds.SeriesDescription = ds.SeriesDescription.replace("Synthetic", "Synthetic calcifications")
    ds.BurnedInAnnotation = "YES"  # what is burned into a real picture stays in it, and nobody has read it
    header = _dicom_header.stored(image)
    if header is not None:
        _dicom_header.keep_rest(ds, header)
        return
    ds.StudyDescription = "Mammography with synthetic calcifications"
    ds.PatientName, ds.PatientBirthDate = str(ds.PatientName).replace("SYNTHETIC", "ANONYMOUS"), ""
    ds.PatientIdentityRemoved = "YES"
    ds.DeidentificationMethod = "Only pixels, view, side, spacing, beam and detector were kept"


def _geometry(ds: Any, image: Mammogram) -> None:
    row = image.row
    side, view = row.laterality, row.view
    times = row.magnification
    spacing = row.pixel_spacing_mm
    ds.ImagerPixelSpacing = [f"{times * spacing:.10g}"] * 2
    ds.PixelSpacing = [f"{spacing:.10g}"] * 2
    ds.EstimatedRadiographicMagnificationFactor = f"{times:.10g}"
    ds.PixelSpacingCalibrationType = "GEOMETRY"
    ds.PixelSpacingCalibrationDescription = "Parallel beam: spacing at the breast"
    ds.PatientOrientation = ORIENTATION[side, view]
    ds.ImageLaterality, ds.OrganExposed, ds.PositionerType = side, "BREAST", "MAMMOGRAPHIC"
    ds.ViewPosition = view
    ds.AnatomicRegionSequence = [code("76752008", "SCT", "Breast")]
    named = code(VIEWS[view][0], "SCT", VIEWS[view][1])
    named.ViewModifierCodeSequence = [code("399163009", "SCT", "Magnification")] if times > 1 else []
    ds.ViewCodeSequence = [named]
    ds.PositionerPrimaryAngle = f"{row.angle_deg:.6g}"
    ds.FieldOfViewOrigin, ds.FieldOfViewRotation, ds.FieldOfViewHorizontalFlip = ["0", "0"], "0", "NO"
    ds.BreastImplantPresent = "NO"
    ds.PartialView = "YES" if times > 1 or row.patch else "NO"


def _technique(ds: Any, row: ImageRow) -> None:
    """How the image would have been made."""
    target, _, filter_ = row.target_filter.partition("/")
    names = {"W": "TUNGSTEN", "Mo": "MOLYBDENUM", "Rh": "RHODIUM", "Ag": "SILVER", "Al": "ALUMINUM", "Cu": "COPPER"}
    ds.KVP = f"{row.tube_kv:.6g}"
    if target in names:
        ds.AnodeTargetMaterial = names[target]
    if filter_ in names:
        ds.FilterMaterial = names[filter_]
    ds.ExposureInuAs = str(round(row.mas * 1000))
    ds.BodyPartThickness = f"{row.thickness_mm:.6g}"
    ds.OrganDose = f"{row.mgd_mgy / 100:.6g}"  # the standard asks for dGy
    ds.EntranceDoseInmGy = f"{row.entrance_kerma_mgy:.6g}"
    # of the standard's terms, a photoconductor is DIRECT, a scintillator on photodiodes SCINTILLATOR
    ds.DetectorType = "DIRECT" if row.converter == "a-Se" else "SCINTILLATOR"
    ds.DetectorDescription = row.detector
    ds.AcquisitionContextSequence = []


def _pixels(ds: Any, image: Mammogram, intent: str, options: Options) -> None:
    pixels = np.ascontiguousarray(getattr(image, intent), np.uint16)
    stored = image.row.largest.bit_length()
    if intent == "for_processing":
        stored = max(int(pixels.max(initial=0)).bit_length(), min(image.row.bits_stored or 0, 16), 12)
    inverse = intent == "for_processing" and options.photometric == "MONOCHROME1"
    ds.SamplesPerPixel, ds.Rows, ds.Columns = 1, *pixels.shape
    ds.PhotometricInterpretation = "MONOCHROME1" if inverse else "MONOCHROME2"
    ds.PresentationLUTShape = "INVERSE" if inverse else "IDENTITY"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, stored, stored - 1, 0
    # for processing: linear in the dose, more of it the higher; for presentation: dense is bright
    linear = intent == "for_processing"
    ds.PixelIntensityRelationship, ds.PixelIntensityRelationshipSign = ("LIN", 1) if linear else ("LOG", -1)
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    if intent == "for_presentation":
        ds.WindowCenter, ds.WindowWidth = f"{image.window_center:.10g}", f"{image.window_width:.10g}"
        ds.VOILUTFunction = "LINEAR"
    ds.PixelData = pixels.astype("<u2", copy=False).tobytes()
    ds["PixelData"].VR = "OW"


def file_of(ds: Any, compress: str = "none") -> bytes:
    """The dataset as the bytes of a DICOM file."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE)
    meta.ImplementationClassUID = UID(uid("implementation"))
    meta.ImplementationVersionName = "PHANTOM"
    ds.file_meta = meta
    if compress == "jpeg-ls":
        from pydicom.uid import JPEGLSLossless

        ds.compress(JPEGLSLossless, generate_instance_uid=False)
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()
