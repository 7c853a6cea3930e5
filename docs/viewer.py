"""Make the pictures of pages again: `python docs/viewer.py` writes docs/viewer.png, viewer-list.png and score.png.

The example detector looks at images of the preset `benchmark` in both breasts; needs Chromium and playwright.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from phantom import cli
from phantom.cli._progress import Bar
from phantom.dataset import generate
from phantom.exam import preset as presets
from phantom.viewer.view import view

ROOT = Path(__file__).parents[1]
CASES, SEED = 3, 5
WIDTH, HEIGHT = 1280, 800
# what is looked at: file, place in the page, keys pressed
PICTURES = [
    ("viewer.png", "#image=000001-L-CC&layout=exam", ""),
    ("viewer-list.png", "#list=marks&marks=false0", ""),
]


def palette_of(shot: Image.Image) -> Image.Image:
    """The picture in 256 colours: greys for the breast, the rest for the few pixels that have a colour."""
    pixels = np.asarray(shot)
    coloured = pixels[np.ptp(pixels.astype(int), axis=2) > 24]
    few = Image.fromarray(coloured.reshape(1, -1, 3)).quantize(128).getpalette() or []
    greys = [value for grey in range(0, 256, 2) for value in (grey, grey, grey)]
    palette = Image.new("P", (1, 1))
    palette.putpalette((greys + few)[: 3 * 256])
    return shot.quantize(palette=palette, dither=Image.Dither.NONE)


def keep(shot: bytes, name: str) -> None:
    palette_of(Image.open(io.BytesIO(shot)).convert("RGB")).save(ROOT / "docs" / name, optimize=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Bar() as bar:
        data, marks = Path(folder) / "benchmark", Path(folder) / "example.csv"
        recipe = presets.load("benchmark", ['exam.breasts=["L","R"]'])
        generate(recipe, seed=SEED, cases=CASES, out=data, progress=bar)
        subprocess.run([sys.executable, ROOT / "examples" / "detector.py", data, marks], check=True)
        page = view(data, marks=[marks])[0]
        report = Path(folder) / "score.html"
        if cli.run(["score", str(data), str(marks), "--target", "suspicious", "--html", str(report)]):
            sys.exit(1)
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            for name, place, keys in PICTURES:
                tab = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
                tab.goto(page.as_uri() + place)
                tab.wait_for_function("document.body.dataset.ready && phantomView.panes.every(pane => pane.image)")
                for key in keys:
                    tab.keyboard.press(key)
                tab.wait_for_timeout(2000)
                keep(tab.screenshot(), name)
            tab = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            tab.goto(report.as_uri())
            keep(tab.screenshot(), "score.png")
            chromium.close()


if __name__ == "__main__":
    main()
