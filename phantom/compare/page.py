"""An HTML page on which a reader tells the sides apart: patches of both, mixed, and a button that reveals them."""

from __future__ import annotations

import base64
import io
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from phantom.arrays import F32
from phantom.compare import report
from phantom.compare.comparison import Comparison, Side
from phantom.dataset.format.files import put
from phantom.imaging import display_window

_EACH = 40


def write(found: Comparison, path: Path, seed: int = 0, each: int = _EACH) -> None:
    """Write the page: at most `each` patches of either side, as many of both, in a random order.

    The page holds patches of the reference: who may see those may see it.

    Raises
    ------
    PhantomError
        If it cannot be written.
    """
    rng = np.random.default_rng(seed)
    count = min(each, found.dataset.patches, found.reference.patches)
    patches = [
        {"side": name, "from": Path(source).name, **_shown(grey)}
        for name, side in (("dataset", found.dataset), ("reference", found.reference))
        for source, grey in _some(side, count, rng)
    ]
    order = rng.permutation(len(patches))
    data = {"patches": [patches[i] for i in order], "report": "\n".join(report.lines(found))}
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    page = files("phantom.compare").joinpath("page.html").read_text("utf-8").replace("@data@", text)
    put(path, page.encode())


def _some(side: Side, count: int, rng: np.random.Generator) -> list[tuple[str, F32]]:
    """So many patches and the names of their images, from every image in turn."""
    turns = [(m.name, m.grey[k], turn) for m in side.images for turn, k in enumerate(rng.permutation(len(m.stored)))]
    turns.sort(key=lambda one: one[2])  # stable: the first of every image, then the second
    return [(name, grey) for name, grey, _ in turns[:count]]


def _shown(grey: F32) -> dict[str, Any]:
    """A patch as a PNG, its mean and standard deviation."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(display_window.eight_bits(grey, 0.0, 1.0)).save(out, "PNG", optimize=True)
    png = base64.b64encode(out.getvalue()).decode()
    return {"png": png, "mean": round(float(grey.mean()), 4), "sd": round(float(grey.std()), 4)}
