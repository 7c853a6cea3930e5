"""Mammography CAD structured report of one case (PS3.16 TID 4000): the truth as a perfect CAD would tell it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from phantom.calcifications.codes import CLUSTER, GRAIN, Code, code_of_descriptor, code_of_distribution
from phantom.dataset.format.uids import image_uid, uid
from phantom.exam.mammogram import Mammogram
from phantom.exam.truth import CalcificationTruth, FindingTruth
from phantom.formats import _dicom_items as sr
from phantom.formats._dicom import (
    FOR_PRESENTATION,
    ORIENTATION,
    TIME,
    VIEWS,
    code,
    file_of,
    patient_and_study,
    study_date,
)
from phantom.formats._options import Options
from phantom.tables import BoxedRow

CAD_SR = "1.2.840.10008.5.1.4.1.1.88.50"
_UM: Code = ("um", "UCUM", "micrometer")
_PERCENT: Code = ("%", "UCUM", "Percent")
_RENDERED = sr.coded(
    "HAS CONCEPT MOD", ("111056", "DCM", "Rendering Intent"),
    ("111150", "DCM", "Presentation Required: Rendering device is expected to present"),
)  # fmt: skip
_CENTER: Code = ("111010", "DCM", "Center")
_OUTLINE: Code = ("111041", "DCM", "Outline")
Points = list[tuple[float, float]]


def report(images: Sequence[Mammogram], key: str, generator: str, options: Options) -> bytes:
    """The report on all images of a case as a DICOM file; `images` must not be empty."""
    header = file_of(_header(images, key, options))
    language: Code = ("121049", "DCM", "Language of Content Item and Descendants")
    findings = [item for number, image in enumerate(images, start=1) for item in _findings(image, number, generator)]
    # the content sequence has the highest tag of the report, so that it may follow the rest
    return header + sr.content([
        sr.coded("HAS CONCEPT MOD", language, ("eng", "RFC5646", "English")),
        _library(images, key),
        _summary(findings),
        sr.coded(
            "CONTAINS", ("111064", "DCM", "Summary of Detections"), ("111222", "DCM", "Succeeded"),
            [_detections(len(images), generator)]
        ),
        sr.coded("CONTAINS", ("111065", "DCM", "Summary of Analyses"), ("111225", "DCM", "Not Attempted")),
    ])  # fmt: skip


def _header(images: Sequence[Mammogram], key: str, options: Options) -> Any:
    from pydicom.dataset import Dataset

    ds = Dataset()
    ds.SOPClassUID = CAD_SR
    patient_and_study(ds, key, images[0], options)
    ds.SOPInstanceUID = uid(ds.StudyInstanceUID, "cad")
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = "SR", 4, 1
    ds.SeriesInstanceUID = uid(ds.StudyInstanceUID, "series", "cad")
    ds.SeriesDescription = "Truth as a CAD report"
    ds.ReferencedPerformedProcedureStepSequence = []
    ds.PerformedProcedureCodeSequence = []
    ds.ContentDate, ds.ContentTime = ds.StudyDate, ds.StudyTime
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "UNVERIFIED"
    study, series = Dataset(), Dataset()
    series.SeriesInstanceUID = uid(ds.StudyInstanceUID, "series", "for_presentation")
    series.ReferencedSOPSequence = []
    for image in images:
        reference = Dataset()
        reference.ReferencedSOPClassUID = FOR_PRESENTATION
        reference.ReferencedSOPInstanceUID = image_uid(key, image.image_id, "for_presentation")
        series.ReferencedSOPSequence.append(reference)
    study.StudyInstanceUID, study.ReferencedSeriesSequence = ds.StudyInstanceUID, [series]
    ds.CurrentRequestedProcedureEvidenceSequence = [study]
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = [code("111036", "DCM", "Mammography CAD Report")]
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = "DCMR", "4000"
    ds.ContentTemplateSequence = [template]
    return ds


# The library is the report's second item, and image i the library's i-th.
def _place(number: int) -> tuple[int, ...]:
    return 1, 2, number


def _library(images: Sequence[Mammogram], key: str) -> bytes:
    return sr.container("CONTAINS", ("111028", "DCM", "Image Library"), [_entry(image, key) for image in images])


def _entry(image: Mammogram, key: str) -> bytes:
    row, context = image.row, "HAS ACQ CONTEXT"
    side: Code = ("80248007", "SCT", "Left breast") if row.laterality == "L" else ("73056007", "SCT", "Right breast")
    value, meaning = VIEWS[row.view]
    micrometres = 1000 * row.pixel_spacing_mm
    along_row, along_column = ORIENTATION[row.laterality, row.view]
    return sr.image("CONTAINS", FOR_PRESENTATION, image_uid(key, image.image_id, "for_presentation"), [
        sr.coded(context, ("111027", "DCM", "Image Laterality"), side),
        sr.coded(context, ("111031", "DCM", "Image View"), (value, "SCT", meaning)),
        sr.text(context, ("111044", "DCM", "Patient Orientation Row"), along_row),
        sr.text(context, ("111043", "DCM", "Patient Orientation Column"), along_column),
        sr.date(context, ("111060", "DCM", "Study Date"), study_date(row)),
        sr.time(context, ("111061", "DCM", "Study Time"), TIME),
        sr.number(context, ("111026", "DCM", "Horizontal Pixel Spacing"), micrometres, _UM),
        sr.number(context, ("111066", "DCM", "Vertical Pixel Spacing"), micrometres, _UM),
    ])  # fmt: skip


def _summary(findings: list[bytes]) -> bytes:
    name: Code = ("111017", "DCM", "CAD Processing and Findings Summary")
    if not findings:
        return sr.coded("CONTAINS", name, ("111241", "DCM", "All algorithms succeeded; without findings"))
    impression = sr.container(
        "INFERRED FROM", ("111034", "DCM", "Individual Impression/Recommendation"), [_RENDERED, *findings]
    )
    return sr.coded("CONTAINS", name, ("111242", "DCM", "All algorithms succeeded; with findings"), [impression])


def _algorithm(generator: str) -> list[bytes]:
    return [
        sr.text("HAS PROPERTIES", ("111001", "DCM", "Algorithm Name"), "truth"),
        sr.text("HAS PROPERTIES", ("111003", "DCM", "Algorithm Version"), generator),
    ]


def _findings(image: Mammogram, number: int, generator: str) -> list[bytes]:
    """A cluster a finding of three or more grains, inferred from them; single calcifications by themselves."""
    out: list[bytes] = []
    for finding in image.findings:
        if finding.row.class_ == "artefact":
            continue
        members = [grain for grain in image.calcifications if grain.row.finding_id == finding.row.finding_id]
        named = code_of_descriptor(finding.row.descriptor)
        if len(members) < 3:
            out += [_grain("CONTAINS", grain, number, named, generator) for grain in members]
            continue
        grains = [_grain("INFERRED FROM", grain, number, named, generator) for grain in members]
        out.append(_cluster(finding, grains, number, named, generator))
    return out


def _single(
    relation: str, kind: Code, named: Code | None, generator: str, items: list[bytes], below: list[bytes]
) -> bytes:
    certainty = sr.number("HAS PROPERTIES", ("111012", "DCM", "Certainty of Finding"), 100.0, _PERCENT)
    typed = [sr.coded("HAS PROPERTIES", ("111009", "DCM", "Calcification Type"), named)] if named else []
    children = [_RENDERED, *_algorithm(generator), certainty, *items, *typed, *below]
    return sr.coded(relation, ("111059", "DCM", "Single Image Finding"), kind, children)


def _grain(relation: str, grain: CalcificationTruth, number: int, named: Code | None, generator: str) -> bytes:
    # DICOM's coordinates start at a pixel's corner
    centre = grain.row.x_px + 0.5, grain.row.y_px + 0.5
    return _single(relation, GRAIN, named, generator, _shape(grain.row, centre, number), [])


def _cluster(finding: FindingTruth, grains: list[bytes], number: int, named: Code | None, generator: str) -> bytes:
    x, y, w, h = finding.row.box_px
    items = _shape(finding.row, (x + w / 2, y + h / 2), number)
    spread = code_of_distribution(finding.row.distribution)
    if spread:
        items.append(sr.coded("HAS PROPERTIES", ("111008", "DCM", "Calcification Distribution"), spread))
    count: Code = ("111038", "DCM", "Number of calcifications")
    items.append(sr.number("HAS PROPERTIES", count, float(len(grains)), ("1", "UCUM", "no units")))
    return _single("CONTAINS", CLUSTER, named, generator, items, grains)


def _shape(row: BoxedRow, centre: tuple[float, float], number: int) -> list[bytes]:
    """Centre and outline (the box) of what a row describes."""
    x, y, w, h = row.box_px
    corners: Points = [(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)]
    return [
        sr.points("HAS PROPERTIES", _CENTER, "POINT", [centre], _place(number)),
        sr.points("HAS PROPERTIES", _OUTLINE, "POLYLINE", corners, _place(number)),
    ]


def _detections(images: int, generator: str) -> bytes:
    seen = [sr.refer("HAS PROPERTIES", _place(number)) for number in range(1, images + 1)]
    performed = sr.coded("CONTAINS", ("111022", "DCM", "Detection Performed"), GRAIN, [*_algorithm(generator), *seen])
    return sr.container("INFERRED FROM", ("111063", "DCM", "Successful Detections"), [performed])
