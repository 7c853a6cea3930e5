"""DICOM Segmentation of one image: a binary segment a finding (PS3.3 A.51)."""

from __future__ import annotations

from typing import Any

import numpy as np

from phantom import rle
from phantom.calcifications.codes import code_of_descriptor
from phantom.dataset.format.uids import image_uid, uid
from phantom.exam.mammogram import Mammogram
from phantom.exam.truth import FindingTruth
from phantom.formats._dicom import ORIENTATION, code, patient_and_study
from phantom.formats._options import Options

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.2"


def segmentation(image: Mammogram, key: str, number: int, options: Options) -> Any:
    """The segmentation's dataset: segment i is the finding in row i - 1, named by id and kind.

    One segment a finding and not a calcification: a full-field frame takes a megabyte. Pixels
    of two findings are in both segments.
    """
    from pydicom.dataset import Dataset

    ds = Dataset()
    shape = image.row.rows, image.row.columns
    ds.SOPClassUID = SEGMENTATION
    ds.SOPInstanceUID = uid(image_uid(key, image.image_id, "for_presentation"), "segmentation")
    patient_and_study(ds, key, image, options)
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = "SEG", 3, number
    ds.SeriesInstanceUID = uid(ds.StudyInstanceUID, "series", "segmentation")
    ds.SeriesDescription = "Truth: calcifications by finding"
    ds.PatientOrientation = ORIENTATION[image.row.laterality, image.row.view]
    ds.ContentDate, ds.ContentTime = ds.StudyDate, ds.StudyTime
    ds.ContentLabel, ds.ContentDescription, ds.ContentCreatorName = "CALCIFICATIONS", "The exact truth", "PHANTOM^"
    ds.ImageType = ["DERIVED", "PRIMARY"]
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.Rows, ds.Columns = shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 1, 1, 0
    ds.LossyImageCompression, ds.BurnedInAnnotation = "00", "NO"
    ds.SegmentationType = "BINARY"
    ds.SegmentsOverlap = "YES"
    findings = image.findings
    ds.NumberOfFrames = len(findings)
    ds.SegmentSequence = [_segment(i, finding) for i, finding in enumerate(findings, start=1)]
    _references(ds, image, key)
    _frames(ds, len(findings))
    ds.PixelData = _packed(image, shape)
    ds["PixelData"].VR = "OB"
    return ds


def _segment(number: int, finding: FindingTruth) -> Any:
    from pydicom.dataset import Dataset

    item = Dataset()
    named = code_of_descriptor(finding.row.descriptor)
    item.SegmentNumber = number
    item.SegmentLabel = f"{finding.row.finding_id} {finding.row.kind}"[:64]
    item.SegmentDescription = f"{finding.row.cause}, BI-RADS {finding.row.category}"[:64]
    item.SegmentAlgorithmType, item.SegmentAlgorithmName = "AUTOMATIC", "phantom"
    item.SegmentedPropertyCategoryCodeSequence = [code("49755003", "SCT", "Morphologically Altered Structure")]
    item.SegmentedPropertyTypeCodeSequence = [code(*named) if named else code("36222008", "SCT", "Calcification")]
    item.TrackingID = f"finding {finding.row.finding_id}"
    item.TrackingUID = uid(finding.row.image_id, "finding", finding.row.finding_id)
    return item


def _references(ds: Any, image: Mammogram, key: str) -> None:
    from pydicom.dataset import Dataset

    series, instance = Dataset(), Dataset()
    instance.ReferencedSOPClassUID = FOR_PRESENTATION
    instance.ReferencedSOPInstanceUID = image_uid(key, image.image_id, "for_presentation")
    series.SeriesInstanceUID = uid(ds.StudyInstanceUID, "series", "for_presentation")
    series.ReferencedInstanceSequence = [instance]
    ds.ReferencedSeriesSequence = [series]
    source = Dataset()
    source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID = FOR_PRESENTATION, instance.ReferencedSOPInstanceUID
    source.PurposeOfReferenceCodeSequence = [code("121322", "DCM", "Source image for image processing operation")]
    source.SpatialLocationsPreserved = "YES"
    derivation = Dataset()
    derivation.SourceImageSequence = [source]
    derivation.DerivationCodeSequence = [code("113076", "DCM", "Segmentation")]
    shared = Dataset()
    shared.DerivationImageSequence = [derivation]
    ds.SharedFunctionalGroupsSequence = [shared]


def _frames(ds: Any, count: int) -> None:
    from pydicom.dataset import Dataset

    organisation = Dataset()
    organisation.DimensionOrganizationUID = uid(ds.SOPInstanceUID, "dimensions")
    ds.DimensionOrganizationSequence = [organisation]
    index = Dataset()
    index.DimensionOrganizationUID = organisation.DimensionOrganizationUID
    index.DimensionIndexPointer, index.FunctionalGroupPointer = 0x0062000B, 0x0062000A
    index.DimensionDescriptionLabel = "Segment Number"
    ds.DimensionIndexSequence = [index]
    frames = []
    for number in range(1, count + 1):
        frame, segment, content = Dataset(), Dataset(), Dataset()
        segment.ReferencedSegmentNumber = number
        content.DimensionIndexValues = [number]
        frame.SegmentIdentificationSequence = [segment]
        frame.FrameContentSequence = [content]
        frames.append(frame)
    ds.PerFrameFunctionalGroupsSequence = frames


def _packed(image: Mammogram, shape: tuple[int, int]) -> bytes:
    """All frames' bits, one after the other, the first pixel in the lowest bit."""
    size = shape[0] * shape[1]
    bits = np.zeros(len(image.findings) * size, np.uint8)
    for number, finding in enumerate(image.findings):
        for grain in image.calcifications:
            if grain.row.finding_id == finding.row.finding_id:
                bits[number * size + rle.pixels(grain.runs)] = 1
    packed = np.packbits(bits, bitorder="little").tobytes()
    return packed + b"\0" * (len(packed) % 2)
