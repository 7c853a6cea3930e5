"""The page in a real Chromium: pixels, tools, hanging, lists, detectors, small screens."""

from __future__ import annotations

from dataclasses import replace

import fakes
import numpy as np
import pytest

pytest.importorskip("playwright.sync_api")

from browser import BROWSER, Tab, chromium, detector, exam

from phantom.viewer.page import write

pytestmark = [pytest.mark.readers, pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")]


@pytest.fixture(scope="module")
def browser():
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def images():
    return exam()


@pytest.fixture(scope="module")
def detectors(images):
    return [detector(images, "first", "vascular", 2), detector(images, "second", "fine_pleomorphic", 1)]


@pytest.fixture(scope="module")
def pages(images, detectors, tmp_path_factory):
    """The same images as one file, with a folder, and with two detectors."""
    folder = tmp_path_factory.mktemp("pages and more")
    write(images, folder / "one.html", "one file")
    write(images, folder / "beside.html", "with a folder", most_pixels=0)
    write(images, folder / "marked.html", "two detectors", detectors)
    return folder


@pytest.fixture
def tab(browser):
    tabs = []

    def new(width=1440, height=900, **more):
        tabs.append(Tab(browser, width, height, **more))
        return tabs[-1]

    yield new
    for one in tabs:
        one.close()


def shown(value, center=1700.0, width=2200.0):
    """The grey of a value through a linear window (DICOM PS3.3 C.11.2.1.2.1)."""
    return round(255 * min(max((float(value) - (center - 0.5)) / (width - 1) + 0.5, 0), 1))


@pytest.mark.parametrize("name", ["one", "beside"])
def test_every_pixel_arrives(tab, pages, images, name):
    page = tab().open(pages / f"{name}.html")
    for n, image in enumerate(images):
        values = np.array(page("async n => Array.from((await phantomView.load(n)).values)", n))
        assert np.array_equal(values.reshape(image.for_presentation.shape), image.for_presentation)


@pytest.mark.parametrize("webgl", [True, False])
def test_grey_follows_the_window(tab, pages, images, webgl):
    page, pixels = tab(webgl=webgl).open(pages / "one.html", "#image=000005-L-CC"), images[0].for_presentation
    assert page("phantomView.renderer.constructor.name") == ("GpuRenderer" if webgl else "CpuRenderer")
    page("phantomView.panes[0].lookAt(100, 130, 3)")
    page.page.keyboard.press("x")  # pixels as squares: no mixing
    places = [(70, 100), (60, 72), (20, 130), (95, 100), (150, 150)]
    for x, y in places:
        assert page.grey(x, y) == pytest.approx(shown(pixels[y, x]), abs=1)
    x, y = page.place(60, 60)
    page.page.keyboard.press("w")
    page.drag((x, y), (x + 40, y + 30))
    assert page("[phantomView.panes[0].center, phantomView.panes[0].width]") == [1700 + 4 * 30, 2200 + 8 * 40]
    for u, v in places:
        assert page.grey(u, v) == pytest.approx(shown(pixels[v, u], 1820, 2520), abs=1)
    page.page.keyboard.press("v")
    page.drag((x, y), (x, y - 50), button="right")  # the right button is the window, whatever the tool
    assert page("phantomView.panes[0].center") == 1820 - 4 * 50
    page.page.keyboard.press("0")
    plain = page.grey(70, 100)
    page.page.keyboard.press("i")
    assert plain + page.grey(70, 100) == 255


@pytest.mark.slow
@pytest.mark.parametrize("webgl", [True, False])
@pytest.mark.parametrize(("scale", "within"), [(0.93, 1), (0.6, 1), (0.37, 25), (0.13, 15)])
def test_made_smaller_is_the_mean_of_what_is_covered(tab, webgl, scale, within, tmp_path):
    rows, columns = np.mgrid[:700, :600]
    # a grid of single bright pixels: drawn by picking pixels it beats into a coarse pattern, from black to white
    pixels = np.where((rows % 3 == 0) & (columns % 3 == 0), 3700, 1000).astype(np.uint16)
    view = replace(fakes.view("000001-L-CC", [], [], (700, 600)), for_presentation=pixels)
    write([view], tmp_path / "page.html", "grid")
    page = tab(webgl=webgl).open(tmp_path / "page.html", "#image=000001-L-CC")
    page("scale => phantomView.panes[0].lookAt(300.3, 350.7, scale)", scale)
    page("new Promise(done => setTimeout(done, 400))")  # at rest
    greys, (x0, y0) = page(
        """(() => { const pane = phantomView.panes[0], t = pane.t, greys = [];
               const x = Math.round(pane.w / 2), y = Math.round(pane.h / 2);
          phantomView.drawAll();
          for (let i = 0; i < 40; i++) greys.push(phantomView.renderer.grey(x + i - 20, y + (7 * i) % 31));
          return [greys, [(x - 20 - t.x) / t.k, (y - t.y) / t.k]]; })()"""
    )
    off = []
    for i, grey in enumerate(greys):
        off.append(grey - shown(mean(pixels, x0 + i / scale, y0 + (7 * i) % 31 / scale, 1 / scale)))
    # exact at the first level; below it, what is cut is a mean already. Picking pixels is off by about 100
    assert np.sqrt(np.mean(np.square(off))) <= within


def mean(pixels, x, y, side):
    """The mean over a square of which pixels may lie partly within."""
    across, down = (
        np.clip(np.minimum(np.arange(n) + 1, at + side) - np.maximum(np.arange(n), at), 0, None)
        for n, at in ((pixels.shape[1], x), (pixels.shape[0], y))
    )
    return down @ pixels.astype(float) @ across / side**2


def test_wheel_zooms_about_the_pointer_and_drags_move(tab, pages):
    page = tab().open(pages / "one.html", "#image=000005-L-CC")
    where = page.place(70, 100)
    page.page.mouse.move(*where)
    before = page("phantomView.panes[0].t.k")
    page.page.mouse.wheel(0, -400)
    page.loaded()
    assert page("phantomView.panes[0].t.k") > 1.5 * before
    assert page.place(70, 100) == pytest.approx(where, abs=1)
    page.drag((where[0], where[1]), (where[0] + 60, where[1] - 25))
    assert page.place(70, 100) == pytest.approx((where[0] + 60, where[1] - 25), abs=1)
    page.page.keyboard.press("ArrowLeft")
    assert page.place(70, 100) == pytest.approx((where[0] + 120, where[1] - 25), abs=1)
    page.page.keyboard.press("1")
    assert page("phantomView.panes[0].t.k") == pytest.approx(1)
    page.page.keyboard.press("f")
    breast = page(
        "(() => { const p = phantomView.panes[0]; return [p.breast.w * p.t.k / p.w, p.breast.h * p.t.k / p.h]; })()"
    )
    assert max(breast) == pytest.approx(0.95, abs=0.01)


def test_ruler_and_scale_bar_are_true(tab, pages):
    page = tab().open(pages / "one.html", "#image=000005-L-CC")
    page.page.keyboard.press("r")
    page.drag(page.place(30, 100), page.place(60, 140))  # 50 pixels of 0.1 mm
    assert page("document.getElementById('status').textContent").endswith("ruler 5.00 mm")
    bar = page(
        "(() => { const p = phantomView.panes[0]; return [p.bar.px / p.t.k * 0.1, p.bar.mm, p.bar.px / p.w]; })()"
    )
    assert bar[0] == pytest.approx(bar[1])
    assert bar[2] < 0.5


def test_the_magnifier_enlarges_what_is_under_the_pointer(tab, pages, images):
    page = tab().open(pages / "one.html", "#image=000005-L-CC")
    for key in "omx":  # no outlines, magnifier, pixels as squares
        page.page.keyboard.press(key)
    page.page.keyboard.press("1")
    page("phantomView.panes[0].lookAt(100, 130, 1)")
    page.page.mouse.move(*page.place(74, 111))
    page.loaded()
    pixels, k = images[0].for_presentation, 4
    for dx, dy in ((0, 0), (3, 2), (-5, 4), (8, -6)):
        # a step of `k` on screen is one pixel of the image under the lens
        assert page.grey(74 + k * dx, 111 + k * dy) == pytest.approx(shown(pixels[111 + dy, 74 + dx]), abs=2)


def test_facts_under_the_pointer(tab, pages, images):
    page = tab().open(pages / "one.html", "#image=000005-L-CC")
    page.page.mouse.move(*page.place(70, 100))
    value = int(images[0].for_presentation[100, 70])
    assert page("phantomView.pointed") == {"image_id": "000005-L-CC", "column": 70, "row": 100, "value": value}
    assert "fine pleomorphic" in page.page.inner_text("#under")
    assert "calcium oxalate" in page.page.inner_text("#under")
    facts = page.page.inner_text("#image-facts")
    assert "28 kV" in facts
    assert "0.1 mm" in facts


def boxes(page):
    """The panes by image, as left, top, width and height."""
    return page(
        """Object.fromEntries(phantomView.panes.map(pane => { const b = pane.ink.getBoundingClientRect();
          return [phantomView.images.get("image_id", pane.n), [b.left, b.top, b.width, b.height]]; }))"""
    )


def test_right_and_left_hang_back_to_back_cc_above_mlo(tab, pages):
    page = tab().open(pages / "one.html", "#image=000005-L-CC&layout=exam")
    there = boxes(page)
    assert set(there) == {f"000005-{side}-{view}" for side in "LR" for view in ("CC", "MLO")}
    for view in ("CC", "MLO"):
        assert there[f"000005-R-{view}"][0] < there[f"000005-L-{view}"][0]
    for side in "LR":
        assert there[f"000005-{side}-CC"][1] < there[f"000005-{side}-MLO"][1]
    # the chest walls meet: the right breast's last column, the left one's first
    order = page("phantomView.panes.map(pane => phantomView.images.get('image_id', pane.n))")
    wall = there["000005-L-CC"][0]
    assert page.place(199.5, 130, order.index("000005-R-CC"))[0] == pytest.approx(wall, abs=4)
    assert page.place(-0.5, 130, order.index("000005-L-CC"))[0] == pytest.approx(wall, abs=4)
    # one scale, and the same place mirrored
    page.page.mouse.move(*page.place(70, 100, order.index("000005-L-CC")))
    page.page.mouse.wheel(0, -500)
    page.loaded()
    assert len(set(page("phantomView.panes.map(pane => pane.t.k.toFixed(6))"))) == 1
    x, y = page.place(70, 100, order.index("000005-L-CC"))
    u, v = page.place(199 - 70, 100, order.index("000005-R-CC"))
    middle = [there[f"000005-{side}-CC"][0] + there[f"000005-{side}-CC"][2] / 2 for side in "LR"]
    assert (x - middle[0], y) == pytest.approx((middle[1] - u, v), abs=1.5)


def test_prior_and_twin_hang_beside_and_move_together(tab, pages):
    page = tab().open(pages / "one.html", "#image=000005-L-CC&layout=compare")
    there = boxes(page)
    assert set(there) == {"000005-L-CC", "000005-L-CC+prior2", "000005-L-CC+clean"}
    assert there["000005-L-CC+prior2"][0] < there["000005-L-CC"][0]
    assert there["000005-L-CC+clean"][1] > there["000005-L-CC"][1]
    page.page.mouse.move(*page.place(70, 100))
    page.page.mouse.wheel(0, -600)
    page.loaded()
    places = page("phantomView.panes.map(pane => pane.at(pane.w / 2, pane.h / 2))")
    assert places[1] == pytest.approx(places[0], abs=0.5)
    assert places[2] == pytest.approx(places[0], abs=0.5)
    page.page.keyboard.press("y")  # no longer linked
    page.page.keyboard.press("+")
    assert len(set(page("phantomView.panes.map(pane => pane.t.k.toFixed(4))"))) == 2


def test_findings_are_jumped_to_and_pinned_in_every_view(tab, pages):
    page = tab().open(pages / "one.html", "#image=000005-L-CC&layout=views")
    page.page.click('[data-finding="2"]')
    assert "finding=2" in page.page.url or page("phantomView.query.finding") == "2"
    middle = page("phantomView.panes.map(pane => pane.at(pane.w / 2, pane.h / 2))")
    assert middle[0] == pytest.approx([60.5, 60.5], abs=1)
    assert middle[1] == pytest.approx([68.5, 60.5], abs=1)  # the MLO is shifted by 8
    assert "rim" in page.page.inner_text("#finding-facts")
    page.page.keyboard.press("f")
    page.page.mouse.click(*page.place(52, 163))
    assert page("phantomView.query.finding") == "1"
    assert max(page("phantomView.panes.map(p => p.breast.h * p.t.k / p.h)")) < 1  # what is pointed at does not jump
    assert "vascular" in page.page.inner_text("#finding-facts")
    assert page.page.get_attribute('[data-finding="1"]', "aria-pressed") == "true"
    page.page.keyboard.press(".")
    assert page("phantomView.query.finding") == "2"


def test_the_back_button_and_links_work(tab, pages):
    page = tab().open(pages / "one.html", "#kind=vascular")
    listed = page.cards()
    page.page.click('#cards [data-image="000005-R-CC"]')
    page.loaded()
    assert not page.page.is_visible("#gallery")
    link = page.page.url
    assert "image=000005-R-CC" in link
    page.page.go_back()
    page.page.wait_for_selector("#gallery", state="visible")
    assert page.cards() == listed
    assert page.page.input_value("#f-kind") == "vascular"
    page.page.go_forward()
    page.page.wait_for_selector("#desk", state="visible")
    other = tab().open(pages / "one.html", link[link.index("#") :] + "&finding=1&layout=exam")
    assert len(boxes(other)) == 4
    assert "vascular" in other.page.inner_text("#finding-facts")
    other.page.keyboard.press("Escape")
    assert other.page.is_visible("#gallery")
    nowhere = tab().open(pages / "one.html", "#image=000099-L-CC&layout=nonsense&size=a..b&sort=no")
    assert nowhere.page.is_visible("#gallery")


def test_filters_are_those_of_the_tables(tab, pages, images):
    page = tab().open(pages / "one.html")
    rows = [finding.row for image in images for finding in image.findings]
    assert page.cards() == len(images)
    page.page.select_option("#f-kind", "vascular")
    assert page.cards() == sum(any(f.row.kind == "vascular" for f in image.findings) for image in images)
    page.page.click("#clear")
    page.page.select_option("#f-split", "test")
    assert page.cards() == 1
    page.page.click("#clear")
    page.page.fill("#f-q", "r-mlo")
    assert page.cards() == 1
    page.page.click("#clear")
    page.page.select_option("#f-variant", "plain")
    assert page.cards() == sum(not image.row.variant for image in images)
    page.page.click("#clear")
    page.page.click('[data-list="findings"]')
    assert page.cards() == len(rows)
    page.page.fill("#f-size-from", "2.5")
    page.page.fill("#f-size-to", "3")
    assert page.cards() == sum(2.5 <= row.extent_mm <= 3 for row in rows) > 0
    page.page.click("#clear")
    page.page.select_option("#f-pathology", "malignant")
    page.page.select_option("#f-class", "suspicious")
    assert page.cards() == sum(row.pathology == "malignant" for row in rows)
    page.page.click("#clear")
    page.page.select_option("#f-sort", "large")
    sizes = page("phantomView.cards.map(row => phantomView.findings.get('extent_mm', row))")
    assert sizes == sorted(sizes, reverse=True)
    page.page.fill("#f-dprime-from", "20")
    assert page.cards() == sum(row.kind == "rim" for row in rows)


def test_hits_misses_and_false_marks_at_the_score(tab, pages, images, detectors):
    page = tab().open(pages / "marked.html", "#list=findings&s0=0.0001&s1=0.0001")
    first, second = detectors
    kinds = [f.row.kind for image in images for f in image.findings if f.row.class_ != "artefact"]
    page.page.select_option("#f-marks", "missed0")
    assert page.cards() == kinds.count("vascular")
    page.page.select_option("#f-marks", "hit0-missed1")
    assert page.cards() == kinds.count("fine_pleomorphic")
    page.page.select_option("#f-marks", "missed0-hit1")
    assert page.cards() == kinds.count("vascular")
    page.page.click('[data-list="marks"]')
    page.page.select_option("#f-marks", "false0")
    false = first.marks[first.marks["fate"] == 1]
    assert page.cards() == len(false)
    cause = str(false["cause"][0])
    page.page.select_option("#f-cause", cause)
    assert page.cards() == (false["cause"] == cause).sum()
    page.page.click("#clear")
    page.page.click('[data-list="images"]')
    page("phantomView.go({ marks: 'false1', s1: '0.345' })")
    there = second.marks[(second.marks["fate"] == 1) & (second.marks["score"] >= 0.345)]
    assert page.cards() == len(set(there["image"]))


def test_the_operating_point_is_on_the_curve_and_tied_to_the_slider(tab, pages, detectors):
    page = tab().open(pages / "marked.html")
    curve = detectors[0].curve
    for corner in (0, 3, len(curve.threshold) // 2, len(curve.threshold) - 1):
        page("corner => { const s = document.getElementById('score0'); s.value = corner; s.oninput(); }", corner)
        sentence = page.page.inner_text("#sentence0")
        assert f"{round(100 * curve.sensitivity[corner])} %" in sentence
        point = page("[phantomView.detectors[0].point.false, phantomView.detectors[0].point.sensitivity]")
        assert point == pytest.approx([curve.false[corner], curve.sensitivity[corner]])
        y = float(page.page.get_attribute("#froc circle.point", "cy"))
        top, bottom = 12, 230 - 40
        assert y == pytest.approx(bottom - curve.sensitivity[corner] * (bottom - top), abs=0.01)
        # what the list counts is what the curve says
        hits = page(
            "phantomView.detectors[0].lesions.rating"
            ".filter(r => r !== null && r >= phantomView.detectors[0].threshold).length"
        )
        assert hits == round(curve.sensitivity[corner] * len(detectors[0].lesions))
    box = page.page.locator("#froc").bounding_box()
    x = 44 + (340 - 10 - 44) * np.log(1.0 / (1 / 16)) / np.log(16 / (1 / 16))
    page.page.mouse.click(box["x"] + (x + 1.5) / 340 * box["width"], box["y"] + box["height"] / 2)
    for d, one in enumerate(detectors):
        at = page(f"[phantomView.detectors[{d}].point.false, phantomView.detectors[{d}].threshold]")
        assert at[0] <= 1.06
        assert at[1] == pytest.approx(one.curve.at(1.06)[1])
    # the score is part of the link, and of the way back
    page.page.click("#cards .card")
    at = page("phantomView.detectors[0].corner")
    page("phantomView.go({ s0: 'none' })")
    assert page("phantomView.detectors[0].corner") == 0
    page.page.go_back()
    page.page.wait_for_selector("#gallery", state="visible")
    assert page("phantomView.detectors[0].corner") == at
    # even where the next step follows at once
    page("phantomView.go({ s0: '0.91' }); document.querySelector('#cards .card').click()")
    page.page.go_back()
    page.page.wait_for_selector("#gallery", state="visible")
    assert page("phantomView.query.s0") == "0.91"
    score = page("phantomView.query.s0")
    again = tab().open(pages / "marked.html", f"#s0={score}")
    assert again("phantomView.detectors[0].threshold") == pytest.approx(float(score))


def test_no_mark_is_shown_above_every_score(tab, pages):
    page = tab().open(pages / "marked.html", "#list=marks&s0=none&s1=none")
    assert page.cards() == 0
    assert page.page.is_visible("#empty")


def test_misses_and_false_marks_are_gone_through_one_by_one(tab, pages, detectors):
    page = tab().open(pages / "marked.html", "#list=findings&marks=missed0&s0=0.0001&sort=faint")
    count = page.cards()
    assert count > 2
    page.page.click("#cards .card")
    for number in range(count):
        page.loaded()
        assert page.page.inner_text("#where") == f"{number + 1} of {count} findings"
        assert "vascular" in page.page.inner_text("#finding-facts")
        page.page.keyboard.press("n")
    assert page.page.inner_text("#where") == f"1 of {count} findings"
    page = tab().open(pages / "marked.html", "#list=marks&marks=false1&s1=0.0001")
    marks = np.sort(detectors[1].marks[detectors[1].marks["fate"] == 1], order="score")[::-1]
    page.page.click("#cards .card")
    for mark in marks[:3]:
        page.loaded()
        middle = page("(() => { const p = phantomView.panes[0]; return p.at(p.w / 2, p.h / 2); })()")
        assert middle == pytest.approx([mark["x_px"] + 0.5, mark["y_px"] + 0.5], abs=0.1)
        page.page.keyboard.press("n")


# small screens, keys, colours, many images


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(390, 844), (820, 1180), (1440, 900)])
@pytest.mark.parametrize(
    "hash_", ["", "#list=findings", "#list=marks", "#image=000005-L-CC", "#image=000005-L-CC&layout=exam"]
)
def test_it_fits_the_screen(tab, pages, width, height, hash_):
    page = tab(width, height, touch=width < 1000).open(pages / "marked.html", hash_)
    assert page("document.documentElement.scrollWidth") <= width
    if "image" in hash_:
        fills = page("phantomView.panes.map(p => Math.max(p.breast.w * p.t.k / p.w, p.breast.h * p.t.k / p.h))")
        assert max(fills) > 0.9
        if width < 400 and "exam" not in hash_:
            assert page("phantomView.panes[0].breast.w * phantomView.panes[0].t.k") > 0.8 * width
    else:
        first = page("document.querySelector('#cards .card').getBoundingClientRect().top")
        assert first < height / 2  # the list is not below what it is filtered with
    small = page(
        """[...document.querySelectorAll("button, select, input:not([type=range])")].filter(e => e.offsetParent &&
        e.offsetHeight < 24)
           .map(e => e.textContent || e.id)"""
    )
    assert small == []


def test_one_finger_moves_and_two_zoom(tab, pages):
    page = tab(390, 844, touch=True).open(pages / "one.html", "#image=000005-L-CC")
    touch = page.context.new_cdp_session(page.page)

    def fingers(kind, *points):
        spots = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

    x, y = page.place(70, 100)
    fingers("touchStart", (x, y))
    for step in (10, 20, 30):
        fingers("touchMove", (x + step, y + step / 2))
    fingers("touchEnd")
    assert page.place(70, 100) == pytest.approx((x + 30, y + 15), abs=1)
    scale, (x, y) = page("phantomView.panes[0].t.k"), page.place(70, 100)
    fingers("touchStart", (x - 30, y), (x + 30, y))
    for step in (40, 50, 60):
        fingers("touchMove", (x - step, y), (x + step, y))
    fingers("touchEnd")
    assert page("phantomView.panes[0].t.k") == pytest.approx(2 * scale, rel=0.02)
    assert page.place(70, 100) == pytest.approx((x, y), abs=2)


CONTRAST = r"""() => {
  const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) /
  1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const parse = text => { const v = text.match(/[\d.]+/g).map(Number); return v.length > 3 && v[3] === 0 ? null :
  v.slice(0, 3); };
  const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c)
  return c; } return [21, 24, 27]; };
  const out = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.getClientRects().length || ["SCRIPT", "STYLE", "OPTION"].includes(e.tagName)) continue;
    const style = getComputedStyle(e), front = parse(e instanceof SVGElement ? style.fill : style.color);
    if (!front) continue;
    const [a, b] = [light(front), light(ground(e))].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
    out.push([ratio, e.tagName + " " + e.textContent.trim().slice(0, 30)]);
  }
  return out;
}"""


def test_words_stand_out_from_their_ground(tab, pages):
    page = tab().open(pages / "marked.html", "#list=findings&s0=none")
    found = page(CONTRAST)
    page.page.click("#cards .card")
    page.loaded()
    found += page(CONTRAST)
    page.page.keyboard.press("?")
    found += page(CONTRAST)
    assert len(found) > 150
    assert [words for ratio, words in found if ratio < 4.5] == []


def test_the_colour_blind_tell_colours_apart(tab, pages):
    page = tab().open(pages / "one.html")
    colours = page("COLOUR")
    # Machado, Oliveira & Fernandes 2009, severity 1: protanopia, deuteranopia, tritanopia
    eyes = {
        "usual": np.eye(3),
        "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    }
    for eye in eyes.values():
        for a, b in [
            ("suspicious", "benign"),
            ("suspicious", "artefact"),
            ("benign", "artefact"),
            ("hit", "false"),
            ("missed", "hit"),
        ]:
            assert np.linalg.norm(lab(colours[a], eye) - lab(colours[b], eye)) > 15, (a, b)


def lab(colour, eye):
    """CIE L*a*b* of a colour as an eye sees it."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(eye) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen
    f = np.cbrt(xyz / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_everything_is_reached_by_keys_in_order(tab, pages):
    page = tab().open(pages / "marked.html", "#image=000005-L-CC&layout=views")
    wanted = page(
        """[...document.querySelectorAll(
             "#desk button, #desk select, #desk input, #desk canvas[tabindex], #desk summary")]
           .filter(e => e.getClientRects().length && !e.disabled).length"""
    )
    page.page.focus('[data-do="close"]')
    order = []
    for number in range(wanted):
        if number:
            page.page.keyboard.press("Tab")
        order.append(
            page(
                """(() => { const e = document.activeElement, all = [...document.querySelectorAll("*")];
                  return [all.indexOf(e), getComputedStyle(e).outlineStyle !== "none", e.tabIndex]; })()"""
            )
        )
    assert [place for place, _, _ in order] == sorted(place for place, _, _ in order)
    assert len({place for place, _, _ in order}) == wanted
    assert all(outlined for _, outlined, _ in order[1:])
    assert all(index == 0 for _, _, index in order)
    page.page.keyboard.press("?")
    assert page("document.getElementById('help').open")
    assert page("document.querySelectorAll('#keys tr').length") > 20
    page.page.keyboard.press("Escape")
    assert page.page.is_visible("#desk")


def test_names_of_everything_that_acts(tab, pages):
    page = tab().open(pages / "marked.html", "#image=000005-L-CC")
    nameless = page(
        """[...document.querySelectorAll("button, select, input, canvas[tabindex], svg[role]")].filter(e =>
        !(e.textContent.trim() ||
           e.getAttribute("aria-label") || (e.labels && e.labels.length))).map(e => e.outerHTML.slice(0, 80))"""
    )
    assert nameless == []


CONTRAST = """() => {
  const parts = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
  const ground = (e) => {
    const layers = [];
    for (; e; e = e.parentElement) layers.push(parts(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [0, 0, 0]);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return [...document.querySelectorAll("body *")].filter(e => e.getClientRects().length
      && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())).map(e => {
    const below = ground(e), style = getComputedStyle(e);
    const text = over(parts(e instanceof SVGElement ? style.fill : style.color), below);
    const [low, high] = [light(text), light(below)].sort((a, b) => a - b);
    return [(high + 0.05) / (low + 0.05), e.outerHTML.slice(0, 90)];
  });
}"""


@pytest.mark.parametrize("place", ["", "#image=000005-L-CC&layout=views"])
def test_every_text_stands_out_from_what_is_behind_it(tab, pages, place):
    """4.5 to 1 at least: WCAG 2.2, success criterion 1.4.3."""
    found = tab().open(pages / "marked.html", place).page.evaluate(CONTRAST)
    assert len(found) > 20
    assert [(round(ratio, 2), text) for ratio, text in found if ratio < 4.5] == []


@pytest.mark.slow
def test_ten_thousand_images_ask_for_no_more_than_what_is_seen(tab, images, tmp_path):
    from phantom.viewer.columns import FINDING_COLUMNS, IMAGE_COLUMNS, Table
    from phantom.viewer.page import page as html
    from phantom.viewer.payload import to_json

    table, found, count = (
        Table((*IMAGE_COLUMNS, "window_center", "window_width")),
        Table((*FINDING_COLUMNS, "image")),
        10_000,
    )
    for n in range(count):
        row = {**images[0].row.as_dict(), "image_id": f"{n:06d}-L-CC", "case": n}
        table.add(row, window_center=1700, window_width=2200)
        for finding in images[0].findings:
            found.add({**finding.row.as_dict(), "dprime": n % 50}, image=n)
    index = {"images": table.packed(), "findings": found.packed(), "folder": "files", "pictures": {}, "detectors": []}
    (tmp_path / "many.html").write_text(html("many", to_json(index)), "utf-8")
    (tmp_path / "files" / "thumbnails").mkdir(parents=True)
    from phantom.viewer import payload

    picture = payload.thumbnail(images[0], payload.breast_box(images[0]))
    for n in range(count):
        (tmp_path / "files" / "thumbnails" / f"{n:06d}.jpg").write_bytes(picture)
    page = tab().open(tmp_path / "many.html")
    assert page.cards() == count
    assert page("document.querySelectorAll('#cards .card').length") < 60
    assert sum("thumbnails" in url for url in page.requests) < 60
    page("document.getElementById('list').scrollTop = 1e9")
    page.page.wait_for_selector('[data-image="009999-L-CC"]')
    assert page("document.querySelectorAll('#cards .card').length") < 60
    page.page.select_option("#f-sort", "faint")
    assert page("phantomView.cards.slice(0, 3)") == [0, 50, 100]


@pytest.mark.slow
def test_it_looks_like_something(tab, pages):
    from io import BytesIO

    from PIL import Image

    page = tab().open(pages / "marked.html", "#image=000005-L-CC&layout=exam")
    shot = np.asarray(Image.open(BytesIO(page.page.screenshot())).convert("RGB")).astype(int)
    panes = shot[60:, :1060]
    assert (panes.max(axis=2) > 60).mean() > 0.15  # the breasts
    coloured = np.ptp(panes, axis=2) > 60
    assert 0.0005 < coloured.mean() < 0.1  # outlines and marks, and not more
