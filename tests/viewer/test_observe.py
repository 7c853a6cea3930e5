"""Two-alternative pages and what is made of the answers."""

from __future__ import annotations

import base64
import io
import json
import math
import re

import numpy as np
import pytest
from browser import BROWSER, chromium
from PIL import Image

import phantom
from phantom import cli
from phantom.errors import UsageError
from phantom.imaging import display_window
from phantom.scoring import observed


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("observe") / "data"
    sets = ["detector.binning=8", 'exam.twins=["clean"]', "anatomy.density=0.1"]
    words = [word for key in sets for word in ("--set", key)]
    assert (
        cli.run(
            ["generate", "--preset", "macrocalcifications", "--cases", "2", "--workers", "1", *words, "--out", str(out)]
        )
        == 0
    )
    return out


def page_of(path):
    data = json.loads(re.search(r'id="data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)[1])
    pairs = [[np.array(Image.open(io.BytesIO(base64.b64decode(one)))) for one in pair] for pair in data["pairs"]]
    return data, pairs


def answers(data, choose, reader="a"):
    where = observed.sides(data["token"], len(data["pairs"]))
    answers = [{"pair": k, "side": ("left", "right")[choose(k, side)], "seconds": 1} for k, side in enumerate(where)]
    head = {key: data[key] for key in ("token", "question", "labels")}
    return {"format": observed.FORMAT, "reader": reader, "pairs": len(data["pairs"]), "answers": answers, **head}


def test_what_is_asked_for_stands_where_the_token_says(folder, tmp_path):
    out = tmp_path / "page.html"
    assert cli.run(["observe", str(folder), "--out", str(out), "--patch-px", "96", "--pairs", "8"]) == 0
    data, pairs = page_of(out)
    images = list(phantom.open(folder))
    shades = {
        image.image_id: display_window.eight_bits(
            image.for_presentation, *display_window.limits(image.window_center, image.window_width)
        )
        for image in images
    }
    for pair, side in zip(pairs, observed.sides(data["token"], len(pairs)), strict=True):
        asked, other = pair[side], pair[1 - side]
        assert not np.array_equal(asked, other)
        assert any(_holds(shades[name], asked) for name in shades if "+clean" not in name)
        assert any(_holds(shades[name], other) for name in shades if "+clean" in name)


def _holds(image, patch):
    """Whether a patch is a part of an image."""
    rows, columns = (a - b + 1 for a, b in zip(image.shape, patch.shape, strict=True))
    hits = np.argwhere(
        (image[:rows, :columns] == patch[0, 0]) & (image[40 : 40 + rows, 50 : 50 + columns] == patch[40, 50])
    )
    return any(np.array_equal(image[i : i + patch.shape[0], j : j + patch.shape[1]], patch) for i, j in hits)


def test_the_page_is_the_same_again_and_another_with_another_seed(folder, tmp_path):
    for name, seed in (("a", "0"), ("b", "0"), ("c", "1")):
        assert cli.run(["observe", str(folder), "--out", str(tmp_path / name), "--patch-px", "64", "--seed", seed]) == 0
    one, two, three = ((tmp_path / name).read_bytes() for name in "abc")
    assert one == two != three
    assert b"http" not in one.replace(b"http-equiv", b"")


def test_real_against_grown_shows_the_same_kinds(folder, tmp_path):
    out = tmp_path / "page.html"
    assert cli.run(["observe", str(folder), "--against", str(folder), "--out", str(out), "--patch-px", "64"]) == 0
    data, pairs = page_of(out)
    assert data["question"] == "real"
    assert len(data["labels"]) == len(pairs) > 1


def test_sides_are_even():
    assert 430 < sum(observed.sides("token", 1000)) < 570


def test_a_page_s_answers_are_scored(folder, tmp_path, capsys):
    page, path = tmp_path / "page.html", tmp_path / "answers.json"
    assert cli.run(["observe", str(folder), "--out", str(page), "--patch-px", "64"]) == 0
    data, _ = page_of(page)
    path.write_text(json.dumps(answers(data, lambda k, side: side if k else 1 - side)))
    capsys.readouterr()
    assert cli.run(["observe", "--score", str(path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["answers"], report["right"]) == (len(data["labels"]), len(data["labels"]) - 1)
    assert sum(one["answers"] for one in report["by_kind"].values()) == report["answers"]


def reader(right, count, name="a", token="t"):
    where = observed.sides(token, count)
    chosen = {k: side if k < right else 1 - side for k, side in enumerate(where)}
    return observed.Answers(name, "real", token, count, chosen, ("round",) * count)


def test_one_reader_s_numbers_are_those_of_the_binomial():
    got = observed.score([reader(47, 100)])
    assert got.correct == 0.47
    assert (got.low, got.high) == pytest.approx((0.3694, 0.5724), abs=5e-4)  # Clopper and Pearson's tables
    assert got.p_different == pytest.approx(0.617, abs=2e-3)
    assert not got.equivalent
    # 473 of 1000 lie within 10 points of chance beyond doubt, and 600 of 1000 do not
    assert observed.score([reader(473, 1000)]).equivalent
    assert not observed.score([reader(600, 1000)]).equivalent
    assert observed.score([reader(900, 1000)]).p_different < 1e-9


@pytest.mark.parametrize(("right", "count"), [(50, 100), (47, 100), (237, 500), (109, 200)])
def test_equivalence_is_that_of_sums_of_binomial_terms(right, count):
    """The two one-sided tests of Schuirmann (1987) by hand: each tail is a sum of exact terms."""

    def tail(p, numbers):
        return sum(math.comb(count, k) * p**k * (1 - p) ** (count - k) for k in numbers)

    above = tail(0.4, range(right, count + 1))  # as many right or more, were it 40 %
    below = tail(0.6, range(right + 1))  # as few or fewer, were it 60 %
    got = observed.score([reader(right, count)])
    assert got.p_equivalent == pytest.approx(max(above, below), rel=1e-6)
    assert got.equivalent == (max(above, below) < 0.05)


def test_equivalence_of_several_readers_is_student_s_t_over_pairs():
    """By hand: 20 pairs and two readers, 10 pairs both right, 2 one, 8 none: mean 0.55, sd 0.48395, t of 19 degrees."""
    where = observed.sides("t", 20)
    choices = [
        {k: side if k < right else 1 - side for k, side in enumerate(where)} for right in (12, 10)
    ]  # fmt: skip
    answers = [observed.Answers(n, "real", "t", 20, c, ("round",) * 20) for n, c in zip("ab", choices, strict=True)]
    got = observed.score(answers)
    error = math.sqrt((10 * 0.45**2 + 2 * 0.05**2 + 8 * 0.55**2) / 19 / 20)  # 0.10822
    assert got.correct == pytest.approx(0.55)
    assert (got.high - 0.55) / error == pytest.approx(2.0930, abs=1e-3)  # the table's t of 19 degrees at 0.975
    assert (0.6 - 0.55) / error == pytest.approx(0.4620, abs=1e-3)
    assert got.p_equivalent == pytest.approx(0.3247, abs=5e-4)  # P(t19 > 0.4620)


def test_readers_of_the_same_pairs_are_no_more_pairs():
    alone, twice = observed.score([reader(60, 100)]), observed.score([reader(60, 100, name) for name in "ab"])
    assert (twice.readers, twice.answers, twice.correct) == (2, 200, 0.6)
    assert twice.high - twice.low == pytest.approx(alone.high - alone.low, rel=0.1)
    fewer = observed.score([reader(60, 100), reader(60, 100, "b", "another page")])
    assert fewer.high - fewer.low < 0.8 * (twice.high - twice.low)


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"format": "x"}', '{"format": "phantom-observer-answers"}',
     '{"format":"phantom-observer-answers","reader":"a","question":"real","token":"t","pairs":1,"labels":["a"],"answers":[{"pair":7,"side":"left"}]}'],
)  # fmt: skip
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / "answers.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="not the answers"):
        observed.read(path)
    assert cli.run(["observe", "--score", str(path)]) == 2
    assert cli.run(["observe", "--score", str(tmp_path / "absent.json")]) == 2


def test_wrong_use_is_one_message(folder, tmp_path, capsys):
    assert cli.run(["observe"]) == 2
    words = ["--set", "detector.binning=16", "--cases", "1", "--workers", "1", "--out", str(tmp_path / "plain")]
    assert cli.run(["generate", "--preset", "normal", *words]) == 0
    capsys.readouterr()
    assert cli.run(["observe", str(tmp_path / "plain"), "--out", str(tmp_path / "p.html")]) == 2
    assert "twins" in capsys.readouterr().err
    assert (
        cli.run(["observe", str(tmp_path / "plain"), "--against", str(folder), "--out", str(tmp_path / "p.html")]) == 2
    )
    assert "nothing to compare" in capsys.readouterr().err


@pytest.mark.readers
@pytest.mark.skipif(BROWSER is None, reason="no Chromium")
def test_a_person_clicks_goes_back_and_saves(folder, tmp_path):
    pytest.importorskip("playwright")
    page = tmp_path / "page.html"
    assert cli.run(["observe", str(folder), "--out", str(page), "--patch-px", "64", "--pairs", "3"]) == 0
    with chromium() as browser:
        tab = browser.new_page()
        tab.goto(page.as_uri())
        tab.click("#left")
        tab.keyboard.press("ArrowRight")
        tab.click("#back")
        tab.reload()  # answers stay in the page
        tab.keyboard.press("ArrowRight")
        tab.click("#left")
        assert tab.is_visible("#done")
        tab.fill("#reader", "Dr. B")
        with tab.expect_download() as download:
            tab.click("#save")
        download.value.save_as(tmp_path / "answers.json")
    got = observed.read(tmp_path / "answers.json")
    assert (got.reader, dict(got.chosen)) == ("Dr. B", {0: 0, 1: 1, 2: 0})
