"""Mammography CAD structured report of one case (PS3.16 TID 4000): the truth as a perfect CAD would tell it."""

from __future__ import annotations

from typing import Any

import numpy as np

from phantom.formats._dicom import FOR_PRESENTATION, ORIENTATION, TIME, VIEWS, code, patient_and_study, study_date
from phantom.formats._dicom_codes import CLUSTER, DISTRIBUTIONS, GRAIN, type_of
from phantom.formats._options import Options
from phantom.uids import image_uid, uid

CAD_SR = "1.2.840.10008.5.1.4.1.1.88.50"


def report(images: list[Any], key: str, generator: str, options: Options) -> Any:
    """The report's dataset on all images of a case; `images` must not be empty."""
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
    ds.CurrentRequestedProcedureEvidenceSequence = [_evidence(ds, images, key)]
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = [code("111036", "DCM", "Mammography CAD Report")]
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = "DCMR", "4000"
    ds.ContentTemplateSequence = [template]
    language = _item("HAS CONCEPT MOD", "CODE", ("121049", "DCM", "Language of Content Item and Descendants"))
    language.ConceptCodeSequence = [code("eng", "RFC5646", "English")]
    findings = [
        child for number, image in enumerate(images, start=1) for child in _image_findings(image, number, generator)
    ]
    ds.ContentSequence = [
        language,
        _library(images, key),
        _summary(findings),
        *_performed(images, generator),
    ]
    return ds


def _item(relation: str, value_type: str, name: tuple[str, str, str] | None = None) -> Any:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.RelationshipType, item.ValueType = relation, value_type
    if name is not None:
        item.ConceptNameCodeSequence = [code(*name)]
    return item


def _code_item(
    relation: str, name: tuple[str, str, str], value: tuple[str, str, str], children: list[Any] | None = None
) -> Any:
    item = _item(relation, "CODE", name)
    item.ConceptCodeSequence = [code(*value)]
    if children:
        item.ContentSequence = children
    return item


def _text(relation: str, name: tuple[str, str, str], value: str) -> Any:
    item = _item(relation, "TEXT", name)
    item.TextValue = value
    return item


def _number(relation: str, name: tuple[str, str, str], value: float, unit: tuple[str, str, str]) -> Any:
    from pydicom.dataset import Dataset

    item, measured = _item(relation, "NUM", name), Dataset()
    measured.NumericValue = f"{value:.6g}"
    measured.MeasurementUnitsCodeSequence = [code(*unit)]
    item.MeasuredValueSequence = [measured]
    return item


def _image_reference(image: Any, key: str) -> Any:
    from pydicom.dataset import Dataset

    reference = Dataset()
    reference.ReferencedSOPClassUID = FOR_PRESENTATION
    reference.ReferencedSOPInstanceUID = image_uid(key, image.image_id, "for_presentation")
    return reference


def _evidence(ds: Any, images: list[Any], key: str) -> Any:
    from pydicom.dataset import Dataset

    study, series = Dataset(), Dataset()
    series.SeriesInstanceUID = uid(ds.StudyInstanceUID, "series", "for_presentation")
    series.ReferencedSOPSequence = [_image_reference(image, key) for image in images]
    study.StudyInstanceUID, study.ReferencedSeriesSequence = ds.StudyInstanceUID, [series]
    return study


# The library is the report's second item, and image i the library's i-th: what 1.2.i refers to.
def _library(images: list[Any], key: str) -> Any:
    library = _item("CONTAINS", "CONTAINER", ("111028", "DCM", "Image Library"))
    library.ContinuityOfContent = "SEPARATE"
    library.ContentSequence = [_library_entry(image, key) for image in images]
    return library


def _library_entry(image: Any, key: str) -> Any:
    row = image.row
    entry = _item("CONTAINS", "IMAGE")
    entry.ReferencedSOPSequence = [_image_reference(image, key)]
    side = ("80248007", "SCT", "Left breast") if row["laterality"] == "L" else ("73056007", "SCT", "Right breast")
    view = VIEWS[str(row["view"])]
    spacing = float(row["pixel_spacing_mm"])
    laterality, position = ("111027", "DCM", "Image Laterality"), ("111031", "DCM", "Image View")
    date = _item("HAS ACQ CONTEXT", "DATE", ("111060", "DCM", "Study Date"))
    date.Date = study_date(row)
    time = _item("HAS ACQ CONTEXT", "TIME", ("111061", "DCM", "Study Time"))
    time.Time = TIME
    micrometre = ("um", "UCUM", "micrometer")
    orientation = ORIENTATION[str(row["laterality"]), str(row["view"])]
    entry.ContentSequence = [
        _code_item("HAS ACQ CONTEXT", laterality, side),
        _code_item("HAS ACQ CONTEXT", position, (view[0], "SCT", view[1])),
        _text("HAS ACQ CONTEXT", ("111044", "DCM", "Patient Orientation Row"), orientation[0]),
        _text("HAS ACQ CONTEXT", ("111043", "DCM", "Patient Orientation Column"), orientation[1]),
        date,
        time,
        _number("HAS ACQ CONTEXT", ("111026", "DCM", "Horizontal Pixel Spacing"), 1000 * spacing, micrometre),
        _number("HAS ACQ CONTEXT", ("111066", "DCM", "Vertical Pixel Spacing"), 1000 * spacing, micrometre),
    ]
    return entry


def _summary(findings: list[Any]) -> Any:
    processed = ("111017", "DCM", "CAD Processing and Findings Summary")
    value = ("111242", "DCM", "All algorithms succeeded; with findings") if findings else (
        "111241", "DCM", "All algorithms succeeded; without findings")  # fmt: skip
    summary = _code_item("CONTAINS", processed, value)
    if findings:
        impression = _code_item(
            "INFERRED FROM",
            ("111034", "DCM", "Individual Impression/Recommendation"), ("111034", "DCM", "Individual Impression/Recommendation"),
        )  # fmt: skip
        impression = _item("INFERRED FROM", "CONTAINER", ("111034", "DCM", "Individual Impression/Recommendation"))
        impression.ContinuityOfContent = "SEPARATE"
        impression.ContentSequence = [_rendering("HAS CONCEPT MOD"), *findings]
        summary.ContentSequence = [impression]
    return summary


def _rendering(relation: str) -> Any:
    intent = ("111056", "DCM", "Rendering Intent")
    return _code_item(
        relation, intent, ("111150", "DCM", "Presentation Required: Rendering device is expected to present")
    )


def _algorithm(generator: str) -> list[Any]:
    return [
        _text("HAS PROPERTIES", ("111001", "DCM", "Algorithm Name"), "truth"),
        _text("HAS PROPERTIES", ("111003", "DCM", "Algorithm Version"), generator),
    ]


def _image_findings(image: Any, number: int, generator: str) -> list[Any]:
    """A cluster a finding of three or more grains, holding them; single calcifications by themselves."""
    out = []
    for finding in image.findings:
        if finding.row["class"] == "artefact":
            continue
        grains = [
            _grain(g, finding, image, number, generator)
            for g in image.calcifications
            if g.row["finding_id"] == finding.row["finding_id"]
        ]
        out += [_cluster(finding, grains, number, generator)] if len(grains) >= 3 else grains
    for item in out:
        item.RelationshipType = "CONTAINS"
    return out


def _single(kind: tuple[str, str, str], children: list[Any], finding: Any, generator: str) -> Any:
    named = type_of(str(finding.row["descriptor"]))
    common = [_rendering("HAS CONCEPT MOD"), *_algorithm(generator)]
    certainty = _number("HAS PROPERTIES", ("111012", "DCM", "Certainty of Finding"), 100.0, ("%", "UCUM", "Percent"))
    typed = [_code_item("HAS PROPERTIES", ("111009", "DCM", "Calcification Type"), named)] if named else []
    return _code_item(
        "INFERRED FROM", ("111059", "DCM", "Single Image Finding"), kind, [*common, certainty, *children, *typed]
    )


def _grain(grain: Any, finding: Any, image: Any, number: int, generator: str) -> Any:
    x, y, w, h = (float(grain.row[f"box_{k}_px"]) for k in "xywh")
    # DICOM's coordinates start at a pixel's corner
    centre = _points(
        "HAS PROPERTIES",
        ("111010", "DCM", "Center"),
        "POINT",
        [(grain.row["x_px"] + 0.5, grain.row["y_px"] + 0.5)],
        number,
    )
    outline = _points("HAS PROPERTIES", ("111041", "DCM", "Outline"), "POLYLINE", _corners(x, y, w, h), number)
    return _single(GRAIN, [centre, outline], finding, generator)


def _cluster(finding: Any, grains: list[Any], number: int, generator: str) -> Any:
    x, y, w, h = (float(finding.row[f"box_{k}_px"]) for k in "xywh")
    children = [
        _points("HAS PROPERTIES", ("111010", "DCM", "Center"), "POINT", [(x + w / 2, y + h / 2)], number),
        _points("HAS PROPERTIES", ("111041", "DCM", "Outline"), "POLYLINE", _corners(x, y, w, h), number),
    ]
    spread = DISTRIBUTIONS.get(str(finding.row["distribution"]))
    if spread:
        children.append(_code_item("HAS PROPERTIES", ("111008", "DCM", "Calcification Distribution"), spread))
    count = _number(
        "HAS PROPERTIES", ("111038", "DCM", "Number of calcifications"), float(len(grains)), ("1", "UCUM", "no units")
    )  # fmt: skip
    item = _single(CLUSTER, [*children, count], finding, generator)
    item.ContentSequence.extend(grains)
    return item


def _corners(x: float, y: float, w: float, h: float) -> list[tuple[float, float]]:
    return [(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)]


def _points(
    relation: str, name: tuple[str, str, str], kind: str, points: list[tuple[float, float]], number: int
) -> Any:
    """Coordinates in image `number` of the library."""
    from pydicom.dataset import Dataset

    item = _item(relation, "SCOORD", name)
    item.GraphicType = kind
    item.GraphicData = [float(np.float32(value)) for point in points for value in point]
    selected = Dataset()
    selected.RelationshipType, selected.ReferencedContentItemIdentifier = "SELECTED FROM", [1, 2, number]
    item.ContentSequence = [selected]
    return item


def _performed(images: list[Any], generator: str) -> list[Any]:
    """What was looked for, and that it went well; nothing was analysed."""
    detections = _code_item("CONTAINS", ("111064", "DCM", "Summary of Detections"), ("111222", "DCM", "Succeeded"))
    detections.ContentSequence = [_detections(images, generator)]
    return [
        detections,
        _code_item("CONTAINS", ("111065", "DCM", "Summary of Analyses"), ("111225", "DCM", "Not Attempted")),
    ]


def _detections(images: list[Any], generator: str) -> Any:
    from pydicom.dataset import Dataset

    container = _item("INFERRED FROM", "CONTAINER", ("111063", "DCM", "Successful Detections"))
    container.ContinuityOfContent = "SEPARATE"
    performed = _code_item("CONTAINS", ("111022", "DCM", "Detection Performed"), GRAIN)
    references = []
    for number in range(1, len(images) + 1):
        reference = Dataset()
        reference.RelationshipType, reference.ReferencedContentItemIdentifier = "HAS PROPERTIES", [1, 2, number]
        references.append(reference)
    performed.ContentSequence = [*_algorithm(generator), *references]
    container.ContentSequence = [performed]
    return container
