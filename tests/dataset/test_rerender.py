"""The same breasts on another machine: nothing is drawn again, and nothing that is grown may be changed."""

from __future__ import annotations

import json
import shutil

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

import phantom
from phantom.cli import commands, run
from phantom.dataset.format.key import key_of
from phantom.dataset.rerender import _times, rerender
from phantom.dataset.running.run import RunOptions, generate
from phantom.dataset.verify import verify
from phantom.errors import PhantomError, UsageError
from phantom.exam import preset as presets
from phantom.recipe.draw import Draw

RECIPE = {
    "name": "seen-again",
    "description": "a scene for two machines",
    "anatomy": {"ligaments": 20, "fibres": 20, "area_cm2": [90, 130]},
    "exam": {"views": ["CC"], "prior_years": [2], "keep_for_processing": True},
    "exposure": {"dose_factor": [0.8, 1.2]},
    "detector": {"binning": 8},
    "finding": [{"kind": "fine_pleomorphic"}, {"kind": "round"}],
}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source") / "data"
    generate(
        presets.from_dict(RECIPE),
        seed=4,
        cases=2,
        out=folder,
        options=RunOptions(workers=1, split={"train": 0.5, "test": 0.5}),
    )
    return folder


def test_unchanged_it_is_the_same_to_the_byte(source, tmp_path):
    rerender(source, tmp_path / "same", workers=1)
    assert verify(tmp_path / "same") == []
    for name in ("images.csv", "calcifications.csv", "findings.csv", "cases/000000.h5", "cases/000001.h5"):
        assert (tmp_path / "same" / name).read_bytes() == (source / name).read_bytes(), name


def test_another_detector_sees_the_same_breasts(source, tmp_path):
    rerender(source, tmp_path / "ge", detector="ge-senographe-essential", workers=1)
    assert verify(tmp_path / "ge") == []
    before, after = phantom.open(source), phantom.open(tmp_path / "ge")
    assert before.images["image_id"].tolist() == after.images["image_id"].tolist()
    assert set(after.images["detector"].tolist()) == {"ge-senographe-essential"}
    assert np.array_equal(before.images["thickness_mm"], after.images["thickness_mm"])
    assert np.allclose(before.images["density"], after.images["density"], atol=0.003)
    known = {(r["image_id"], r["calcification_id"]): r for r in before.calcifications}
    for row in after.calcifications:
        other = known[row["image_id"], row["calcification_id"]]
        assert row["diameter_mm"] == pytest.approx(other["diameter_mm"], rel=0.1)  # on other pixels
        assert row["z_mm"] == pytest.approx(other["z_mm"], abs=1e-6)
        assert row["dprime"] != other["dprime"]
    stored = json.loads((tmp_path / "ge" / "manifest.json").read_text())
    assert stored["rendered"]["changes"] == ['detector.name="ge-senographe-essential"']
    assert len(stored["rendered"]["manifest_sha256"]) == 64
    assert after.manifest.split == before.manifest.split
    assert key_of(after.manifest) != key_of(before.manifest)


def test_dose_counts_from_what_it_was_and_d_prime_follows_its_root(source, tmp_path):
    rerender(source, tmp_path / "low", dose_factor=0.25, workers=1)
    before, after = phantom.open(source), phantom.open(tmp_path / "low")
    assert after.images["mgd_mgy"] == pytest.approx(0.25 * before.images["mgd_mgy"], rel=1e-5)  # six digits
    # electronic noise and structure take a little off the root of the dose
    ratio = after.calcifications["dprime"] / before.calcifications["dprime"]
    assert 0.42 < np.median(ratio) <= 0.51
    with h5py.File(source / "cases/000000.h5") as one, h5py.File(tmp_path / "low/cases/000000.h5") as two:
        assert json.loads(one["scene"][()])["findings"] == json.loads(two["scene"][()])["findings"]


def test_new_noise_is_all_that_is_new(source, tmp_path):
    rerender(source, tmp_path / "again", new_noise=9, workers=1)
    before, after = phantom.open(source), phantom.open(tmp_path / "again")
    assert before.calcifications.tobytes() == after.calcifications.tobytes()
    one, two = (
        data["000000-" + before.images["laterality"][0] + "-CC"].for_processing.astype(int) for data in (before, after)
    )
    assert not np.array_equal(one, two)
    inside = before[0].breast_mask
    assert abs(float((one - two)[inside].mean())) < 1.0  # the mean of 10^5 pixels of some tens of values of noise
    assert key_of(after.manifest) != key_of(before.manifest)


def test_twins_may_be_asked_for_afterwards(source, tmp_path):
    rerender(source, tmp_path / "twins", sets=['exam.twins=["clean"]'], workers=1)
    before, after = phantom.open(source), phantom.open(tmp_path / "twins")
    assert len(after) == 2 * len(before)
    name = before[0].image_id
    assert np.array_equal(after[name].for_processing, before[name].for_processing)
    assert verify(tmp_path / "twins") == []


@pytest.mark.parametrize(
    "given",
    [
        "anatomy.density=0.3",
        "finding[0].count=2",
        "mix.findings=1",
        "exam.views=['ML']",
        "exam.prior_years=[3]",
        "name=x",
    ],
)
def test_what_is_grown_may_not_be_changed(source, tmp_path, given):
    with pytest.raises(UsageError, match="already"):
        rerender(source, tmp_path / "no", sets=[given])
    assert not (tmp_path / "no").exists()


def test_wrong_use_says_what_to_do(source, tmp_path):
    with pytest.raises(UsageError, match="exclude"):
        rerender(source, tmp_path / "no", dose_factor=2, dose_mgy=1)
    with pytest.raises(UsageError, match="choose another"):
        rerender(source, source / "inside")
    with pytest.raises(UsageError, match="no such detector"):
        rerender(source, tmp_path / "no", detector="kodak")
    with pytest.raises(PhantomError, match="no such folder"):
        rerender(tmp_path / "nowhere", tmp_path / "no")
    rerender(source, tmp_path / "done", dose_factor=0.5, workers=1)
    with pytest.raises(UsageError, match="--resume"):
        rerender(source, tmp_path / "done", dose_factor=0.5)
    with pytest.raises(UsageError, match="another"):
        rerender(source, tmp_path / "done", dose_factor=0.5, new_noise=1, resume=True)
    assert rerender(source, tmp_path / "done", dose_factor=0.5, resume=True, workers=1).made == 0


@pytest.mark.parametrize("damage", ["scene", "text", "bytes", "years"])
def test_damaged_cases_are_refused_in_words(source, tmp_path, damage):
    bad = tmp_path / "bad"
    shutil.copytree(source, bad)
    path = bad / "cases/000000.h5"
    if damage == "bytes":
        path.write_bytes(path.read_bytes()[:5000])
    else:
        with h5py.File(path, "r+") as file:
            stored = json.loads(file["scene"][()])
            del file["scene"]
            if damage == "scene":
                stored["findings"][0]["calcifications"][0]["solid"] = {"shape": "Klein"}
            elif damage == "years":
                stored["past"] = [1]
            else:
                stored = ["nothing"]
            file["scene"] = json.dumps(stored)
        import hashlib

        manifest = json.loads((bad / "manifest.json").read_text())
        manifest["files"]["cases/000000.h5"] = hashlib.sha256(path.read_bytes()).hexdigest()
        (bad / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PhantomError) as why:
        rerender(bad, tmp_path / "out", workers=1)
    assert "000000" in str(why.value) or "case 0" in str(why.value)


def test_the_command_does_it_and_its_mistakes_are_one_message(source, tmp_path, capsys):
    out = tmp_path / "cli"
    done = CliRunner().invoke(
        commands, ["rerender", str(source), "--out", str(out), "--dose-mgy", "1.5", "--workers", "1", "--json"]
    )
    assert done.exit_code == 0, done.output
    assert phantom.open(out).images["mgd_mgy"] == pytest.approx(1.5)
    assert run(["rerender", str(source), "--out", str(tmp_path / "no"), "--set", "anatomy.density=0.3"]) == 2
    assert run(["rerender", str(tmp_path), "--out", str(tmp_path / "no")]) == 2
    given = capsys.readouterr().err
    assert "the breasts are grown already" in given
    assert "Traceback" not in given


@pytest.mark.parametrize("given", [0.7, [0.5, 2.0], {"normal": [1, 0.2], "within": [0.5, 2]},
                                  {"lognormal": [1, 1.3], "within": [0.5, 2]}, {"choices": [1, 2]}])  # fmt: skip
def test_a_draw_times_a_factor_falls_alike(given):
    draw = Draw.parse(given)
    draws = (np.random.default_rng(3) for _ in range(2))
    assert _times(draw, 3.0).samples(next(draws), 50) == pytest.approx(3.0 * draw.samples(next(draws), 50))
    assert Draw.parse(_times(draw, 3.0).to_plain()) == _times(draw, 3.0)
