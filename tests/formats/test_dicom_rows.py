"""Every DICOM value that comes from a row, against the row."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from phantom.formats._dicom import mammogram
from phantom.formats._options import Options
from phantom.imaging import mammography_units
from phantom.tables import ImageRow

pytest.importorskip("pydicom")

ROW = ImageRow(
    image_id="000012-R-MLO+clean+prior2", case=12, woman_id="0123456789abcdef", source="grown",
    modality="MG", variant="clean+prior2", twin="clean", years_before=2, magnification=1.0,
    patch=False, laterality="R", view="MLO", rows=30, columns=20, pixel_spacing_mm=0.07,
    detector="hologic-selenia-dimensions", converter="a-Se", thickness_mm=53.25, density=0.2,
    birads_density="c", age=58.4, angle_deg=47.5, target_filter="W/Rh", tube_kv=29.0, mas=81.25,
    entrance_kerma_mgy=4.5, detector_kerma_ugy=94.0, mgd_mgy=1.375, class_="normal", n_findings=0,
    n_calcifications=0, calcium_mg=0.0,
)  # fmt: skip


def written(intent="for_presentation", **row):
    pixels = np.arange(600, dtype=np.uint16).reshape(30, 20)
    image = SimpleNamespace(
        image_id=ROW.image_id, row=replace(ROW, **row), for_presentation=pixels, for_processing=pixels * 20,
        window_center=1700.0, window_width=2200.0,
    )  # fmt: skip
    return mammogram(image, intent, "key", 3, "phantom 1", Options(synthetic_tag=True, photometric="MONOCHROME2"))


# keyword, changes of the row, the value
VALUES = [
    ("Modality", {}, "MG"),
    ("ImageLaterality", {}, "R"),
    ("ImageLaterality", {"laterality": "L"}, "L"),
    ("ViewPosition", {}, "MLO"),
    ("ViewPosition", {"view": "CC"}, "CC"),
    ("PatientOrientation", {}, ["P", "FL"]),
    ("PatientOrientation", {"view": "CC", "laterality": "L"}, ["A", "R"]),
    ("StudyDate", {}, "19980101"),
    ("StudyDate", {"years_before": 0}, "20000101"),
    ("PatientBirthDate", {}, "19400101"),  # 58.4 years old two years before 2000
    ("PatientBirthDate", {"years_before": 0, "age": 60.4}, "19400101"),
    ("StudyID", {}, "12"),
    ("ManufacturerModelName", {}, "hologic-selenia-dimensions"),
    ("DetectorDescription", {}, "hologic-selenia-dimensions"),
    ("DetectorType", {}, "DIRECT"),
    ("DetectorType", {"converter": "CsI"}, "SCINTILLATOR"),
    ("Rows", {}, 30),
    ("Columns", {}, 20),
    ("PixelSpacing", {}, [0.07, 0.07]),
    ("ImagerPixelSpacing", {}, [0.07, 0.07]),
    ("ImagerPixelSpacing", {"magnification": 1.8, "pixel_spacing_mm": 0.05}, [0.09, 0.09]),
    ("EstimatedRadiographicMagnificationFactor", {}, 1),
    ("EstimatedRadiographicMagnificationFactor", {"magnification": 1.8}, 1.8),
    ("PartialView", {}, "NO"),
    ("PartialView", {"patch": True}, "YES"),
    ("PartialView", {"magnification": 1.8}, "YES"),
    ("PositionerPrimaryAngle", {}, 47.5),
    ("AnodeTargetMaterial", {}, "TUNGSTEN"),
    ("FilterMaterial", {}, "RHODIUM"),
    ("AnodeTargetMaterial", {"target_filter": "Mo/Ag"}, "MOLYBDENUM"),
    ("FilterMaterial", {"target_filter": "Mo/Ag"}, "SILVER"),
    ("KVP", {}, 29),
    ("ExposureInuAs", {}, 81250),
    ("BodyPartThickness", {}, 53.25),
    ("OrganDose", {}, 0.01375),  # dGy
    ("EntranceDoseInmGy", {}, 4.5),
    ("WindowCenter", {}, 1700),
    ("WindowWidth", {}, 2200),
    ("InstanceNumber", {}, 3),
]


@pytest.mark.parametrize(("keyword", "changes", "value"), VALUES)
def test_a_dicom_value_is_that_of_the_row(keyword, changes, value):
    found = written(**changes)[keyword].value
    if isinstance(value, list):
        found = [type(value[0])(one) for one in found]
    elif not isinstance(value, str):
        found = type(value)(found)
    else:
        found = str(found)
    assert found == (pytest.approx(value, rel=1e-6) if not isinstance(value, (str, list)) else value)


@pytest.mark.parametrize(("intent", "kind", "sign"), [("for_presentation", "LOG", -1), ("for_processing", "LIN", 1)])
def test_pixels_say_how_they_follow_the_dose(intent, kind, sign):
    found = written(intent)
    assert (found.PixelIntensityRelationship, found.PixelIntensityRelationshipSign) == (kind, sign)


def test_nothing_is_read_from_the_names_of_images_and_variants():
    plain, named = written(), written(variant="prior7+mag1.5+patch03")
    named.ImageComments = plain.ImageComments
    assert named == plain


def test_the_view_of_a_magnified_image_says_so():
    codes = [one.CodeValue for one in written(magnification=1.8).ViewCodeSequence[0].ViewModifierCodeSequence]
    assert codes == ["399163009"]
    assert not written().ViewCodeSequence[0].ViewModifierCodeSequence
    assert written().ViewCodeSequence[0].CodeMeaning == "medio-lateral oblique"


def test_examinations_of_one_woman_are_studies_of_one_patient():
    now, before = written(years_before=0, age=60.4), written()
    assert (now.PatientID, now.PatientBirthDate) == (before.PatientID, before.PatientBirthDate)
    assert now.StudyInstanceUID != before.StudyInstanceUID


@pytest.mark.parametrize("name", mammography_units.names())
def test_each_detector_is_called_what_it_is(name):
    """Selenium converts at once; caesium iodide glows (General Electric's units)."""
    unit = mammography_units.load(name)
    wanted = "SCINTILLATOR" if name.startswith("ge-") else "DIRECT"
    assert written(detector=name, converter=unit.converter).DetectorType == wanted
