"""Two sides are told apart as well as they differ, and no better."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
from breasts import breast, folder, save
from scipy.ndimage import gaussian_filter

from phantom.compare import comparison, page, report, tell
from phantom.compare.features import COARSE, FINE, SCALES
from phantom.compare.measure import Measured, measure_all
from phantom.compare.sides import entries

pytest.importorskip("sklearn", reason="needs the extra 'compare'")
BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)


def side(place):
    found = [one for one in measure_all(entries(place, 0.14), 8, 1) if isinstance(one, Measured)]
    return comparison.Side(str(place), tuple(found))


@pytest.fixture(scope="module")
def some(tmp_path_factory):
    return side(folder(tmp_path_factory.mktemp("some") / "a", 8))


def halves(whole):
    first = whole.women[::2]
    parts = [[m for m in whole.images if (m.woman in first) == chosen] for chosen in (True, False)]
    return [comparison.Side(name, tuple(part)) for name, part in zip("xy", parts, strict=True)]


def test_a_set_split_in_two_is_not_told_apart(some):
    found = comparison.of_sides(*halves(some))
    assert found.by == "woman"
    # 8 women with few patches each: an AUC is off by 0.1 now and then
    assert 0.4 < np.mean([found.separation[scale].auc for scale in SCALES]) < 0.6
    for scale in SCALES:
        assert 0.25 < found.separation[scale].auc < 0.75
        assert set(found.separation[scale].by_fold) == set(halves(some)[1].women)
    # women of one kind: a mean lies beyond all of 4 others now and then
    assert sum(line.outside for line in found.lines) < 0.4 * len(found.lines)
    assert np.median([abs(line.z) for line in found.lines if np.isfinite(line.z)]) < 0.6


def test_a_smoothed_copy_is_told_by_its_fine_structure_alone(some, tmp_path):
    smooth = side(folder(tmp_path / "b", 4, seed=1, change=lambda x: gaussian_filter(x, 0.6)))
    found = comparison.of_sides(smooth, some)
    assert found.separation[FINE].auc > 0.95
    assert found.separation[COARSE].auc < found.separation[FINE].auc - 0.1
    assert found.worst == found.separation[FINE].auc
    assert any(f.feature.startswith("power 2") for f in found.separation[FINE].leading)


@pytest.mark.slow
def test_bright_threads_are_told_with_the_spectrum_flattened_too(some, tmp_path):
    def threads(image):
        rng = np.random.default_rng(int(image.sum()))
        lines = gaussian_filter((rng.random(image.shape) < 0.004).astype(float), (12, 0.7))
        return image + 1.5 * lines * (image > 0)

    found = comparison.of_sides(side(folder(tmp_path / "b", 4, seed=2, change=threads)), some)
    assert found.separation[SCALES[2]].auc > 0.9


def test_each_woman_is_told_from_the_others_where_women_differ(some, tmp_path):
    def framed(image):
        return image + 0.2 * gaussian_filter(
            np.random.default_rng(int(image.sum())).standard_normal(image.shape), 1.5
        ) * (image > 0)

    alike = tell.each_against_the_others(some.images, FINE)
    other = folder(tmp_path / "b", 1, seed=3, change=framed)
    mixed = (*some.images[:6], *side(other).images)
    different = tell.each_against_the_others(mixed, FINE)
    assert set(different.by_fold) == {"a0", "a1", "a2", "b0"}
    assert different.by_fold["b0"] > alike.auc + 0.2


def test_with_one_woman_images_are_left_out_and_the_report_says_so(some):
    one = comparison.Side("one", some.images[:2])
    found = comparison.of_sides(comparison.Side("rest", some.images[2:]), one)
    assert found.by == "image"
    assert set(found.separation[FINE].by_fold) == {m.name for m in one.images}
    assert "only one woman" in "\n".join(report.lines(found))


def test_folds_keep_women_apart_and_leave_everyone_out_once():
    first = np.repeat([f"r{i}" for i in range(11)], 3)
    second = np.repeat([f"d{i}" for i in range(4)], 5)
    parts = tell.folds(first, second)
    assert sum(a.astype(int) for _, a, _ in parts).tolist() == [1] * 33
    assert sum(b.astype(int) for _, _, b in parts).tolist() == [1] * 20
    for _, a, b in parts:
        assert not set(first[a]) & set(first[~a])
        assert not set(second[b]) & set(second[~b])
        assert a.any()
        assert b.any()
    assert tell.folds(first[:3], second) == []


def test_auc_counts_pairs():
    assert tell.auc(np.array([2.0, 3]), np.array([1.0, 0])) == 1
    assert tell.auc(np.array([1.0]), np.array([1.0])) == 0.5
    assert tell.auc(np.array([0.0, 2]), np.array([1.0])) == 0.5


def test_women_weigh_the_same_however_many_patches_they_have():
    weight = tell.weights(np.array(["a"] * 9 + ["b"]))
    assert weight[:9].sum() == pytest.approx(weight[9])


def test_the_same_numbers_again(some):
    first, second = (report.as_dict(comparison.of_sides(*halves(some))) for _ in range(2))
    assert json.dumps(first, allow_nan=False) == json.dumps(second, allow_nan=False)


def test_a_woman_without_a_number_has_no_line_and_spoils_none(some):
    def without(m):
        return replace(m, numbers={**m.numbers, "skin_peak": float("nan")})

    first, second = halves(some)
    partly = comparison.Side("x", (*(without(m) for m in first.images[:2]), *first.images[2:]))
    lines = {line.row.key: line for line in comparison.of_sides(partly, second).lines}
    assert np.isfinite(lines["skin_peak"].dataset[0])
    never = comparison.Side("x", tuple(without(m) for m in first.images))
    assert "skin_peak" not in {line.row.key for line in comparison.of_sides(never, second).lines}
    assert "noise_5_7" not in lines


def test_the_page_mixes_as_many_patches_of_both(some, tmp_path):
    found = comparison.of_sides(*halves(some))
    pages = []
    for seed in (0, 0, 1):
        page.write(found, tmp_path / "page.html", seed, each=10)
        pages.append((tmp_path / "page.html").read_text("utf-8"))
    assert pages[0] == pages[1] != pages[2]
    text = pages[0].partition('id="data">')[2].partition("</script>")[0]
    data = json.loads(text)
    sides = [patch["side"] for patch in data["patches"]]
    assert sides.count("dataset") == sides.count("reference") == 10
    assert sides != sorted(sides)
    assert len({patch["png"] for patch in data["patches"]}) == 20
    assert "http" not in pages[0]
    assert "AUC" in data["report"]


@pytest.mark.readers
@pytest.mark.skipif(BROWSER is None, reason="no Chromium")
def test_a_person_marks_patches_and_reveals_them(some, tmp_path):
    playwright = pytest.importorskip("playwright.sync_api")
    page.write(comparison.of_sides(*halves(some)), tmp_path / "page.html", each=4)
    with playwright.sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        tab = browser.new_page()
        problems = []
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.goto((tmp_path / "page.html").as_uri())
        patches = tab.query_selector_all("#patches button")
        assert len(patches) == 8
        assert not tab.is_visible("#report")
        patches[0].click()
        patches[1].click()
        patches[1].click()
        for _ in range(3):
            patches[2].click()
        assert tab.inner_text("#count") == "2 of 8 marked"
        assert "dataset" in patches[1].inner_text()
        tab.click("#stretch")
        tab.click("#reveal")
        truth = [patch.get_attribute("data-guess") for patch in patches]
        right = (truth[0] == "reference") + (truth[1] == "dataset")
        assert tab.inner_text("#score").startswith(f"{right} of 2 right")
        assert tab.is_visible("#report")
        assert not problems
        browser.close()


@pytest.mark.slow
def test_a_network_tells_a_smoothed_copy(some, tmp_path):
    pytest.importorskip("torch", reason="needs torch")
    from phantom.compare import network

    smooth = side(folder(tmp_path / "b", 3, seed=1, change=lambda x: gaussian_filter(x, 1.0)))
    few = some.images[:6]
    first, second = (network.tell(few, smooth.images, FINE, seed=5) for _ in range(2))
    assert first.auc > 0.9
    assert first.by_fold == second.by_fold


def test_without_scikit_learn_one_message_says_what_to_install(phantom_, tmp_path, monkeypatch):
    folder(tmp_path / "a", 2)
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    code, out, err = phantom_("compare", tmp_path / "a", "--with", tmp_path / "a", "--spacing-mm", 0.14, "--workers", 1)
    assert code == 2
    assert not out
    assert "comparing needs scikit-learn: pip install" in err


@pytest.fixture
def two(tmp_path):
    smooth = folder(tmp_path / "b", 2, seed=1, change=lambda x: gaussian_filter(x, 1.0))
    return folder(tmp_path / "a", 2), smooth, "--spacing-mm", "0.14", "--workers", "1", "--patches", "8"


def test_the_command_prints_both_sides_or_json_and_writes_a_page(phantom_, two, tmp_path):
    first, second, *options = two
    save(first / "nothing_L_CC.png", np.full((300, 300), 0.2))
    code, out, err = phantom_("compare", first, "--with", second, *options, "--page", tmp_path / "p.html")
    assert code == 0
    assert out.count("2 women, 4 images") == 2
    assert "outside" in out
    assert "nothing_L_CC.png: " in err
    assert (tmp_path / "p.html").stat().st_size > 10_000
    code, out, _ = phantom_("compare", first, "--with", second, *options, "--json")
    stored = json.loads(out)
    assert code == 0
    assert stored["dataset"]["refused"][0]["image"].endswith("nothing_L_CC.png")
    assert stored["separation"][FINE]["auc"] > 0.9
    assert {line["key"] for line in stored["table"]} >= {"coherence_2", "grey_mean", "skin_peak"}
    assert set(stored["controls"]) == {FINE, COARSE}


def test_a_limit_that_is_passed_is_a_failure(phantom_, two):
    first, second, *options = two
    code, out, err = phantom_("compare", first, "--with", second, *options, "--at-most", 0.75)
    assert code == 1
    assert "above 0.75" in err
    assert out


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("absent", "no such file or folder"),
        ("empty", "no DICOM, PNG or TIFF"),
        ("one", "at least two"),
        ("small", "no image can be used"),
    ],
)
def test_what_cannot_be_compared_is_refused(phantom_, tmp_path, place, message):
    for name in ("empty", "one", "small"):
        (tmp_path / name).mkdir()
    rng = np.random.default_rng(0)
    save(tmp_path / "one" / "w_L_CC.png", breast(rng))
    save(tmp_path / "small" / "w_L_CC.png", breast(rng, (100, 80)))
    code, out, err = phantom_(
        "compare", folder(tmp_path / "a", 1), "--with", tmp_path / place, "--spacing-mm", 0.14, "--workers", 1
    )
    assert code == 2
    assert not out
    assert message in err


def test_png_files_need_a_spacing(phantom_, tmp_path):
    code, _, err = phantom_("compare", folder(tmp_path / "a", 2), "--with", tmp_path / "a", "--workers", 1)
    assert code == 2
    assert "--spacing-mm" in err
