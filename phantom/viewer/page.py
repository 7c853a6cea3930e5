"""One HTML page that shows a dataset: no server, no network, nothing to install.

A small dataset's images are in the page itself; those of a larger one lie in a folder beside it, as
scripts and pictures: what a page opened from disk may load. (It may not read other files, and what
it draws from a picture file it may not read back, so the pixels come as scripts.)
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Protocol

import numpy as np

from phantom.dataset.format.files import clear_drafts, make_folder, put, replace
from phantom.exam.mammogram import Mammogram
from phantom.viewer import crops, payload
from phantom.viewer.columns import BREAST_BOX, FINDING_COLUMNS, IMAGE_COLUMNS, Table
from phantom.viewer.detector import Detector, packed
from phantom.viewer.payload import to_json

# About nine full-field images; a page with more of them in it opens slowly.
MOST_PIXELS = 80_000_000
# in the order they stand in the page: each uses what comes before it
SCRIPTS = (
    "data", "load", "gpu", "cpu", "state", "detectors", "pane", "tools", "overlay", "facts", "legend", "froc",
    "filters", "gallery", "desk", "main",
)  # fmt: skip


class Images(Protocol):
    """A sequence of images: a dataset, or a list of simulated views."""

    def __len__(self) -> int:
        """How many."""
        ...

    def __getitem__(self, number: int, /) -> Mammogram:
        """One of them."""
        ...


def write(
    images: Images,
    path: Path,
    title: str,
    detectors: Sequence[Detector] = (),
    most_pixels: int = MOST_PIXELS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Path]:
    """Write the page, and, if the images are many, the folder ``<page>-files`` beside it.

    Parameters
    ----------
    images : sequence of images
    path : Path
        The page.
    title : str
    detectors : sequence of Detector
        Whose marks to show; their images are numbered as in `images`.
    most_pixels : int
        A dataset with more goes into a folder.
    progress : callable
        Gets the numbers of images done and of all, after each.

    Returns
    -------
    list of Path
        What was written: the page, and the folder if there is one.

    Raises
    ------
    PhantomError
        If it cannot be written.
    """
    total = sum(images[i].row.rows * images[i].row.columns for i in range(len(images)))
    folder = None if total <= most_pixels else path.with_name(f"{path.stem}-files")
    attachments = _Attachments(folder)
    image_table = Table((*IMAGE_COLUMNS, "window_center", "window_width", *BREAST_BOX))
    finding_table = Table((*FINDING_COLUMNS, "image"))
    pictured = [np.full(len(one.marks), -1) for one in detectors]
    for number in range(len(images)):
        image = images[number]
        box = payload.breast_box(image)
        window = {"window_center": image.window_center, "window_width": image.window_width}
        image_table.add(image.row.as_dict(), **window, **dict(zip(BREAST_BOX, box, strict=True)))
        for finding, picture in zip(image.findings, crops.of_findings(image), strict=True):
            attachments.picture("findings", len(finding_table), picture)
            finding_table.add(finding.row.as_dict(), image=number)
        for d, (detector, places) in enumerate(zip(detectors, pictured, strict=True)):
            chosen = crops.surest_false(detector, number)
            for mark, picture in zip(chosen, crops.of_marks(image, detector, chosen), strict=True):
                places[mark] = places.max(initial=-1) + 1
                attachments.picture(f"marks{d}", int(places[mark]), picture)
        attachments.picture("thumbnails", number, payload.thumbnail(image, box))
        attachments.script("truth", number, to_json(payload.truth(image)))
        attachments.script("pixels", number, to_json(payload.pixels(image)))
        progress(number + 1, len(images))
    rows = {
        (int(i), int(f)): row
        for row, (i, f) in enumerate(zip(finding_table.cells("image"), finding_table.cells("finding_id"), strict=True))
    }
    packs = [packed(one, lambda i, f: rows.get((i, f), -1)) for one in detectors]
    for pack, places in zip(packs, pictured, strict=True):
        pack["marks"]["crop"] = places.tolist()
    index = {
        "images": image_table.packed(),
        "findings": finding_table.packed(),
        "folder": folder.name if folder else "",
        "pictures": attachments.pictures,
        "detectors": packs,
    }
    content = page(title, to_json(index), attachments.scripts)
    put(path, content.encode())
    return [path] if folder is None else [path, folder]


class _Attachments:
    """Where pictures and scripts go: into the page itself, or as files into the folder beside it."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.pictures: dict[str, list[str]] = {}
        self.scripts: list[str] = []
        self._begun: set[str] = set()

    def picture(self, name: str, number: int, content: bytes) -> None:
        """The pictures of one name come in the order of their numbers, from 0."""
        if self.folder is None:
            self.pictures.setdefault(name, []).append("data:image/jpeg;base64," + base64.b64encode(content).decode())
        else:
            self._put(name, f"{number:06d}.jpg", content)

    def script(self, name: str, number: int, text: str) -> None:
        if self.folder is None:
            self.scripts.append(f'<script type="application/json" id="{name}-{number}">{text}</script>')
        else:
            self._put(name, f"{number:06d}.js", f'phantomLoad("{name}",{number},{text});\n'.encode())

    def _put(self, name: str, file: str, content: bytes) -> None:
        if self.folder is None:
            return
        if name not in self._begun:
            make_folder(self.folder / name)
            clear_drafts(self.folder / name)
            self._begun.add(name)
        replace(self.folder / name / file, content)


def page(title: str, index: str, payloads: Sequence[str] = ()) -> str:
    """The page's HTML around an index, with the programs it needs and their licence."""
    parts = {
        "title": escape(title),
        "css": _asset("page.css"),
        "licence": _asset("vendor/d3.LICENSE"),
        "d3": _asset("vendor/d3.min.js"),
        "js": "\n".join(_asset(f"js/{name}.js") for name in SCRIPTS),
        "index": index,
        "payloads": "\n".join(payloads),
    }
    return _filled(_asset("page.html"), parts)


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
