"""The page, in a real browser where there is one, and the contact sheets."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
import toy
from PIL import Image

from phantom.viewer.page import Overlay, Shown, write
from phantom.viewer.sheets import CLOSE_UP, close_up, sheets

BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
in_browser = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")


@pytest.fixture(scope="module")
def views():
    return toy.views(20)


def test_the_page_is_one_file_without_a_network(views, tmp_path):
    assert write(views, tmp_path / "page.html", "<a & b>") == [tmp_path / "page.html"]
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "<title>&lt;a &amp; b&gt;</title>" in page
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
    assert not re.search(r"@(title|css|js|index|payloads|froc)@", page)
    index = json.loads(re.search(r'id="index">(.*?)</script>', page, re.S)[1])
    assert [image["image_id"] for image in index["images"]] == [view.image_id for view in views]
    write(views, tmp_path / "again.html", "<a & b>")
    assert (tmp_path / "again.html").read_text("utf-8").replace("again-files", "page-files") == page


def test_many_images_lie_beside_the_page(views, tmp_path):
    written = write(views, tmp_path / "page.html", "many", most_pixels=1000)
    assert written == [tmp_path / "page.html", tmp_path / "page-files"]
    assert len(list((tmp_path / "page-files").glob("*.js"))) == len(views)
    assert (tmp_path / "page.html").stat().st_size < 300_000


def test_words_from_the_data_cannot_break_out_of_the_page(tmp_path):
    view = toy.rich("000001-L-CC")
    view.findings[0].row["cause"] = "</script><script>alert(1)</script><!--"
    write([view], tmp_path / "page.html", "hostile")
    assert "<script>alert" not in (tmp_path / "page.html").read_text("utf-8")


def test_contact_sheets_hold_every_image_and_finding(views, tmp_path):
    names = [path.name for path in sheets(views, tmp_path)]
    findings = sum(len(view.findings) for view in views)
    assert names == ["sheet-000.png", *(f"close-ups-{i:03d}.png" for i in range(-(-findings // 12)))]
    part = close_up(views[2], 100.0, 100.0)
    assert part.shape == (CLOSE_UP, CLOSE_UP)
    grey = (views[2].for_presentation[100, 90] - 600) / 2200 * 255
    assert part[CLOSE_UP // 2, CLOSE_UP // 2 - 10] == int(np.clip(grey, 0, 255))
    assert part[0].max() == 0


def test_the_command(tmp_path, capsys):
    from phantom.cli import run

    toy.write(tmp_path / "data")
    (tmp_path / "marks.csv").write_text("image_id,x,y,score\n000001-L-CC,70,100,0.9\n000001-L-CC,100,200,0.4\n")
    assert run(["view", str(tmp_path / "data"), "--marks", str(tmp_path / "marks.csv")]) == 0
    page = (tmp_path / "data-view.html").read_text("utf-8")
    assert '"fate":"hit"' in page
    assert '"fate":"false"' in page
    assert "false marks per image" in page
    capsys.readouterr()
    assert run(["view", str(tmp_path / "data"), "--png", "--json"]) == 0
    assert str(tmp_path / "data-sheets" / "sheet-000.png") in json.loads(capsys.readouterr().out)["written"]
    assert (tmp_path / "data-sheets" / "sheet-000.png").is_file()


DRIVER = """
<script>
const wait = ms => new Promise(done => setTimeout(done, ms));
const point = (pane, type, x, y, more = {}) => {
  const box = pane.canvas.getBoundingClientRect();
  const at = { clientX: box.left + pane.x + (x + 0.5) * pane.zoom, clientY: box.top + pane.y + (y + 0.5) * pane.zoom };
  pane.canvas.dispatchEvent(new PointerEvent(type, { ...at, pointerId: 1, bubbles: true, ...more }));
};
const key = k => document.dispatchEvent(new KeyboardEvent("keydown", { key: k, bubbles: true }));
const grey = (pane, x, y) => pane.ink.getImageData(x, y, 1, 1).data[0];
(async () => {
  const out = {};
  try {
    const view = window.phantomView;
    out.cards = document.querySelectorAll("#gallery [data-n]").length;
    const select = document.getElementById("kind");
    select.value = "vascular"; select.onchange();
    out.vascular = document.querySelectorAll("#gallery [data-n]").length;
    select.value = ""; select.onchange();
    await view.open(2);
    let pane = view.panes[0];
    out.values = PLACES.map(([x, y]) => pane.value(x, y));
    let sum = 0; for (const v of pane.data.values) sum += v; out.sum = sum;
    point(pane, "pointermove", 70, 100);
    out.pointed = view.pointed;
    out.table = document.getElementById("under").innerText;
    out.before = [pane.center, pane.width, grey(pane, 70, 100)];
    const box = pane.canvas.getBoundingClientRect();
    const drag = (type, dx, dy, more) => pane.canvas.dispatchEvent(new PointerEvent(type, { clientX: box.left + 50 + dx, clientY: box.top + 50 + dy, pointerId: 1, ...more }));
    drag("pointerdown", 0, 0); drag("pointermove", 40, 30); drag("pointerup", 40, 30);
    await wait(300);
    out.after = [pane.center, pane.width, grey(pane, 70, 100)];
    const x = pane.x;
    drag("pointerdown", 0, 0, { shiftKey: true }); drag("pointermove", 25, 0); drag("pointerup", 25, 0);
    out.panned = pane.x - x;
    key("w"); await wait(300);
    out.plain = grey(pane, 70, 100);
    key("i"); await wait(300);
    out.inverted = grey(pane, 70, 100);
    key("i"); key("o"); out.outlines = view.on.outlines; key("o"); key("l"); key("m");
    const zoom = pane.zoom; key("+"); out.zoomed = pane.zoom / zoom;
    key("1"); out.full = pane.zoom;
    await view.act.pair(); await wait(500);
    out.pair = view.panes.map(p => p.row.image_id);
    pane = view.panes[0]; key("f");
    point(pane, "pointerdown", 70, 100); point(pane, "pointerup", 70, 100);
    out.lit = view.lit;
    key("n"); await wait(500); out.next = view.panes[0].row.image_id;
    key("Escape"); out.closed = document.getElementById("desk").hidden;
    out.buttons = [...document.querySelectorAll("button, select, input, canvas")].every(e => e.tabIndex >= 0);
  } catch (why) { out.error = String(why && why.stack || why); }
  const pre = document.createElement("pre"); pre.id = "result"; pre.textContent = JSON.stringify(out); document.body.append(pre);
})();
</script>
"""
PLACES = [(70, 100), (0, 130), (199, 0), (60, 72), (10, 129)]


def browse(page, tmp_path, *more):
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1300,900", f"--user-data-dir={tmp_path / 'profile'}",
               "--virtual-time-budget=20000", "--force-device-scale-factor=1", *more, page.as_uri()]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


@pytest.mark.readers
@in_browser
@pytest.mark.parametrize("beside", [False, True])
def test_in_a_real_browser(views, tmp_path, beside):
    marks = {"000001-L-CC": [Shown(70.0, 100.0, 0.9, "hit"), Shown(100.0, 200.0, 0.2, "false")]}
    write(views, tmp_path / "page.html", "toys", Overlay(marks, "<svg></svg>"), most_pixels=0 if beside else 10**9)
    driver = DRIVER.replace("PLACES", json.dumps(PLACES))
    page = (tmp_path / "page.html").read_text("utf-8").replace("</body>", driver + "</body>")
    (tmp_path / "page.html").write_text(page, "utf-8")
    dom = browse(tmp_path / "page.html", tmp_path, "--dump-dom")
    out = json.loads(html.unescape(re.search(r'<pre id="result">(.*?)</pre>', dom, re.S)[1]))
    assert "error" not in out, out["error"]
    image = views[2].for_presentation
    assert out["cards"] == len(views)
    assert out["vascular"] == sum(any(f.row["kind"] == "vascular" for f in view.findings) for view in views)
    assert out["values"] == [int(image[y, x]) for x, y in PLACES]
    assert out["sum"] == int(image.astype(np.int64).sum())
    assert out["pointed"] == {"image_id": "000001-L-CC", "column": 70, "row": 100, "value": int(image[100, 70])}
    assert "fine_pleomorphic" in out["table"]
    assert out["before"][:2] == [1700.0, 2200.0]
    assert out["after"][:2] == [1700.0 + 4 * 30, 2200.0 + 8 * 40]

    def grey(center, width):
        return round(255 * min(max((float(image[100, 70]) - (center - 0.5)) / (width - 1) + 0.5, 0), 1))

    assert out["before"][2] == grey(1700, 2200)
    assert out["after"][2] == grey(*out["after"][:2])
    assert out["panned"] == 25
    assert out["plain"] + out["inverted"] == 255
    assert out["outlines"] is False
    assert out["zoomed"] == pytest.approx(1.25)
    assert out["full"] == pytest.approx(1.0)
    assert out["pair"] == ["000001-L-CC", "000001-L-MLO"]
    assert out["lit"] == 0
    assert out["next"] == "000001-L-CC"  # the pair of the next image, the MLO
    assert out["closed"]
    assert out["buttons"]


@pytest.mark.readers
@in_browser
def test_it_looks_like_something(views, tmp_path):
    write(views, tmp_path / "page.html", "toys")
    browse(tmp_path / "page.html", tmp_path, f"--screenshot={tmp_path / 'gallery.png'}")
    shot = np.asarray(Image.open(tmp_path / "gallery.png").convert("L"))
    assert shot.shape[1] == 1300
    assert (shot[120:400, 20:900] > 60).mean() > 0.1  # the breasts on the cards
