"""What cannot be made is refused before a folder is: exit code 2, whichever way it was asked for."""

from __future__ import annotations

import pytest

from phantom.errors import RecipeError
from phantom.exam import preset as presets

IMPOSSIBLE = {
    "too thick": (["anatomy.thickness_mm=110", "anatomy.area_cm2=40"], "no breast was found"),
    "too thin": (["anatomy.thickness_mm=20", "anatomy.area_cm2=450"], "no breast was found"),
    "too low a voltage": (["beam.tube_kv=20"], "beam.tube_kv = 20: .* is tabulated from 22"),
    "a voltage that some thickness has no beam for": (
        ["detector.name=siemens-mammomat-inspiration", "beam.tube_kv=39"], "beam.tube_kv = 39"),
    "too low a dose": (["exposure.dose_mgy=0.0001"], "constant image: less than one grey value"),
    "too low a dose by its factor": (["exposure.dose_mgy=0.01", "exposure.dose_factor=[0.01, 1]"], "constant image"),
    "too high a dose": (["exposure.dose_mgy=20", "exposure.dose_factor=[1, 20]"], "constant image: .* saturates"),
    "a long cause": (["finding[0].cause=" + 49 * "x"], "cause = .*at most 48 bytes"),
    "a cause of wide letters": (["finding[0].cause=" + 25 * "é"], "cause = .*at most 48 bytes"),
    "an unknown detector": (["detector.name=hologic"], "no such detector"),
}  # fmt: skip


@pytest.mark.parametrize("what", IMPOSSIBLE)
@pytest.mark.parametrize("dry", [True, False], ids=["dry", "run"])
def test_it_is_refused_before_a_folder_is_made(phantom_, tmp_path, what, dry):
    sets, why = IMPOSSIBLE[what]
    words = [word for change in sets for word in ("--set", change)]
    code, out, err = phantom_(
        "generate", "--preset", "suspicious", *words, "--out", tmp_path / "data", *["--dry-run"][: int(dry)]
    )
    assert (code, out) == (2, "")
    with pytest.raises(RecipeError, match=why):
        presets.load("suspicious", sets)
    assert err.startswith("Error: suspicious: 1 problem\n")
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_into_the_impossible_is_refused_too(phantom_, tmp_path):
    code, _, err = phantom_(
        "generate", "--preset", "density-b", "--sweep", "exposure.dose_mgy=0.0001,1", "--out", tmp_path / "data"
    )
    assert code == 2
    assert "exposure.dose_mgy=0.0001" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sets", [
    ["exposure.dose_mgy=0.05"], ["exposure.dose_mgy=20"], ["exposure.dose_factor=[0.05, 4]"], ["beam.tube_kv=30"],
    ["finding[0].cause=" + 48 * "x"], ["anatomy.thickness_mm=30", "anatomy.area_cm2=[60, 200]"],
])  # fmt: skip
def test_what_can_be_made_is_not_refused(sets):
    presets.load("suspicious", sets)


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_can_be_made_on_every_detector(name):
    from phantom.imaging import mammography_units

    for detector in mammography_units.names():
        presets.load(name, [f"detector.name={detector}"])
