"""Pages of small images in a real Chromium, for the tests of the viewer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import fakes

from phantom.scoring.lesions import gather
from phantom.scoring.marks import Raw, check
from phantom.viewer.detector import Detector, matched

BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
# as if the browser had no WebGL
WITHOUT_WEBGL = """
const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) { return kind === "webgl2" ? null :
getContext.call(this, kind, ...more); };
"""
# what Chromium's software renderer says about being asked for pixels
HARMLESS = "GPU stall due to ReadPixels"


def exam() -> list[Any]:
    """Both breasts of a woman, with a prior and a twin of one view; another woman with a crowd of grains."""
    out = [
        fakes.rich("000005-L-CC"), fakes.view("000005-L-CC+clean", [], [], (260, 200)),
        fakes.rich("000005-L-CC+prior2"),
        fakes.rich("000005-L-MLO", shift=8), fakes.rich("000005-R-CC"), fakes.rich("000005-R-MLO", shift=5),
        fakes.crowd("000006-L-CC", 20), fakes.view("000006-L-MLO", [], [], (260, 200)),
    ]  # fmt: skip
    return [_completed(image) for image in out]


def _completed(image: Any) -> Any:
    row = replace(
        image.row, split="test" if image.image_id == "000006-L-MLO" else "train",
        years_before=2 * image.image_id.endswith("+prior2"), twin="clean" * image.image_id.endswith("+clean"),
    )  # fmt: skip
    best = {
        f.row.finding_id: max(g.row.dprime for g in image.calcifications if g.row.finding_id == f.row.finding_id)
        for f in image.findings
    }
    findings = (replace(f, row=replace(f.row, dprime=best[f.row.finding_id])) for f in image.findings)
    return replace(image, row=row, findings=tuple(findings))


def detector(images: list[Any], name: str, skip: str, false: int) -> Detector:
    """Finds every calcification of all kinds except `skip`, with falling scores; makes so many false marks an image."""
    raw = []
    for i, view in enumerate(images):
        raw += [
            Raw("", view.image_id, float(g.row.x_px), float(g.row.y_px), round(0.95 - 0.03 * j - 0.01 * i, 4))
            for j, g in enumerate(view.calcifications)
            if g.row.kind != skip
        ]
        raw += [Raw("", view.image_id, 30.0 + 9 * k, 215.0, round(0.3 + 0.05 * k + 0.01 * i, 4)) for k in range(false)]
    truth = gather(images)
    return matched(name, check(raw, truth, name), truth)


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


class Tab:
    """A page opened from disk; what the console says is kept."""

    def __init__(self, browser: Any, width: int, height: int, touch: bool = False, webgl: bool = True) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, has_touch=touch, is_mobile=touch
        )
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self._heard(message.type, message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        if not webgl:
            self.page.add_init_script(WITHOUT_WEBGL)

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and HARMLESS not in text:
            self.errors.append(text)

    def open(self, path: Any, hash_: str = "") -> Tab:
        """The page at a place in it, when it is ready and its images are loaded."""
        self.page.goto("about:blank")
        self.page.goto(path.as_uri() + hash_)
        self.page.wait_for_selector("body[data-ready]")
        return self.loaded()

    def loaded(self) -> Tab:
        """When the images on screen are loaded and drawn."""
        self.page.wait_for_function("phantomView.panes.every(pane => pane.image)")
        self.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self

    def __call__(self, script: str, argument: Any = None) -> Any:
        """The value of a script in the page."""
        return self.page.evaluate(script, argument)

    def grey(self, column: int, row: int, pane: int = 0) -> int:
        """The grey on screen in the middle of a pixel of an image."""
        return int(
            self(
                """([x, y, i]) => {
                  const pane = phantomView.panes[i], t = pane.t, box = pane.ink.getBoundingClientRect();
                  const stage = document.getElementById("panes").getBoundingClientRect(), ratio = devicePixelRatio;
                  phantomView.drawAll();
                  return phantomView.renderer.grey(Math.floor((box.left - stage.left + t.x + (x + 0.5) * t.k) *
                  ratio), Math.floor((box.top - stage.top + t.y + (y + 0.5) * t.k) * ratio));
                }""",
                [column, row, pane],
            )
        )

    def place(self, column: float, row: float, pane: int = 0) -> tuple[float, float]:
        """Where the middle of a pixel is in the window."""
        x, y = self(
            """([x, y, i]) => { const pane = phantomView.panes[i], t = pane.t, box = pane.ink.getBoundingClientRect();
              return [box.left + t.x + (x + 0.5) * t.k, box.top + t.y + (y + 0.5) * t.k]; }""",
            [column, row, pane],
        )
        return float(x), float(y)

    def drag(self, start: tuple[float, float], end: tuple[float, float], button: str = "left") -> None:
        """The mouse from one place to another."""
        self.page.mouse.move(*start)
        self.page.mouse.down(button=button)
        self.page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        self.page.mouse.move(*end)
        self.page.mouse.up(button=button)

    def cards(self) -> int:
        """How many things are listed."""
        return int(self("phantomView.cards.length"))

    def close(self) -> None:
        """Done; nothing may have been complained about."""
        self.context.close()
        assert self.errors == []
