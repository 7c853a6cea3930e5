"""One HTML page that shows a dataset: no server, no network, nothing to install.

A small dataset's images are in the page itself; those of a larger one lie in a folder beside it, as
scripts, which a page opened from disk may load.
"""

from __future__ import annotations

import base64
import io
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from phantom import rle
from phantom.dataset.format.files import replace

# About nine full-field images; a page with more of them in it opens slowly.
MOST_PIXELS = 80_000_000
_THUMBNAIL = 200
_ROW = (
    "image_id",
    "case",
    "variant",
    "laterality",
    "view",
    "birads_density",
    "class",
    "n_calcifications",
    "rows",
    "columns",
)
_FINDING = ("finding_id", "kind", "cause", "descriptor", "distribution", "category", "class", "pathology",
            "box_x_px", "box_y_px", "box_w_px", "box_h_px")  # fmt: skip
_GRAIN = ("finding_id", "calcification_id", "kind", "material", "z_mm", "box_x_px", "box_y_px", "box_w_px", "box_h_px",
          "diameter_mm", "thickness_mm", "contrast", "sdnr", "dprime")  # fmt: skip


class Images(Protocol):
    """A sequence of images: a dataset, or a list of simulated views."""

    def __len__(self) -> int:
        """How many."""
        ...

    def __getitem__(self, number: int, /) -> Any:
        """One of them."""
        ...


@dataclass(frozen=True)
class Shown:
    """A detector's mark to draw: its pixel, its score, and ``hit``, ``false`` or ``ignored``."""

    x: float
    y: float
    score: float
    fate: str


@dataclass(frozen=True)
class Overlay:
    """What a detector adds to the page: marks by image id, its FROC curve as SVG, and the score to show marks from."""

    marks: Mapping[str, Sequence[Shown]]
    froc: str = ""
    start: float = 0.0


def write(
    images: Images, path: Path, title: str, overlay: Overlay | None = None, most_pixels: int = MOST_PIXELS
) -> list[Path]:
    """Write the page, and, if the images are many, the folder ``<page>-files`` beside it.

    Returns
    -------
    list of Path
        What was written: the page, and the folder if there is one.

    Raises
    ------
    PhantomError
        If it cannot be written.
    """
    total = sum(int(images[i].row["rows"]) * int(images[i].row["columns"]) for i in range(len(images)))
    inside = total <= most_pixels
    folder = path.with_name(f"{path.stem}-files")
    index, payloads = [], []
    for number in range(len(images)):
        image = images[number]
        payload = _payload(image, overlay.marks.get(str(image.image_id), ()) if overlay else ())
        index.append(_entry(image))
        if inside:
            payloads.append(f'<script type="application/json" id="payload-{number}">{_json(payload)}</script>')
        else:
            folder.mkdir(parents=True, exist_ok=True)
            replace(folder / f"{number:06d}.js", f"phantomLoad({number}, {_json(payload)});\n".encode())
    about: dict[str, Any] = {"images": index, "files": folder.name}
    if overlay:
        scores = [mark.score for marks in overlay.marks.values() for mark in marks] or [0.0, 1.0]
        about["marks"] = {
            "low": min(scores),
            "high": max(scores),
            "start": min(max(overlay.start, min(scores)), max(scores)),
        }
    parts = {
        "title": escape(title), "css": _asset("page.css"), "js": _asset("page.js"), "index": _json(about),
        "payloads": "\n".join(payloads), "froc": overlay.froc if overlay else "",
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, _filled(_asset("page.html"), parts).encode())
    return [path] if inside else [path, folder]


def _filled(template: str, parts: Mapping[str, str]) -> str:
    """The template with @name@ replaced; what is put in is not looked at again."""
    out, rest = [], template
    while "@" in rest:
        before, _, after = rest.partition("@")
        name, mark, beyond = after.partition("@")
        if mark and name in parts:
            out += [before, parts[name]]
            rest = beyond
        else:
            out.append(before + "@")
            rest = after
    return "".join([*out, rest])


def _asset(name: str) -> str:
    return files("phantom.viewer").joinpath(name).read_text("utf-8")


def _json(value: Any) -> str:
    """JSON that may stand in a script element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
    return text.replace("<", "\\u003c")


def _plain(value: Any) -> Any:
    return value.item()  # a NumPy scalar


def _entry(image: Any) -> dict[str, Any]:
    return {
        **{name: image.row[name] for name in _ROW},
        "kinds": sorted({str(finding.row["kind"]) for finding in image.findings}),
        "window": [image.window_center, image.window_width],
        "thumbnail": _thumbnail(image),
    }


def _thumbnail(image: Any) -> str:
    from PIL import Image

    pixels, step = image.for_presentation, max(1, int(image.row["rows"]) // _THUMBNAIL)
    rows, columns = pixels.shape[0] // step * step, pixels.shape[1] // step * step
    small = pixels[:rows, :columns].reshape(rows // step, step, columns // step, step).mean(axis=(1, 3))
    low = image.window_center - image.window_width / 2
    grey = np.clip((small - low) / max(image.window_width, 1.0) * 255.0, 0.0, 255.0).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(grey).save(out, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


def _payload(image: Any, marks: Iterable[Shown]) -> dict[str, Any]:
    columns = int(image.row["columns"])
    classes = {finding.row["finding_id"]: str(finding.row["class"]) for finding in image.findings}
    pixels = np.ascontiguousarray(image.for_presentation, np.uint16)
    planes = (pixels >> 8).astype(np.uint8).tobytes() + (pixels & 255).astype(np.uint8).tobytes()
    return {
        "findings": [{name: finding.row[name] for name in _FINDING} for finding in image.findings],
        "calcifications": [
            {
                **{name: grain.row[name] for name in _GRAIN}, "class": classes.get(grain.row["finding_id"], ""),
                "outline": [number for point in rle.outline(grain.runs, columns) for number in point],
                "runs": np.asarray(grain.runs).ravel().tolist(),
            }
            for grain in image.calcifications
        ],
        "marks": [vars(mark) for mark in marks],
        "pixels": base64.b64encode(zlib.compress(planes, 1)).decode(),
    }  # fmt: skip
