"""Mammograms from PNG and TIFF files, with what the file does not say given beside it."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from phantom.errors import Unreadable
from phantom.insert.picture import Picture
from phantom.insert.read_dicom import MAX_PIXELS, VIEWS

SUFFIXES = (".png", ".tif", ".tiff")
_VIEW = re.compile(r"(?<![a-z])(?:([lr])[\s_.-]*)?(cc|mlo|ml)(?:[\s_.-]*([lr]))?(?![a-z])", re.IGNORECASE)
_SIDE = re.compile(r"(?<![a-z])(left|right|l|r)(?![a-z])", re.IGNORECASE)


def read(path: Path, spacing_mm: float | None, view: str | None, laterality: str | None) -> tuple[Picture, str]:
    """A mammogram from a PNG or TIFF of 8 or 16 bits, and a key that its woman's other images share.

    View and side that are not given are read from the file's name (``17_L_CC.png``); what is left of the
    name then pairs the images of one woman.

    Raises
    ------
    Unreadable
        If the file is no greyscale image, or something is neither given nor in its name.
    """
    if spacing_mm is None:
        raise Unreadable("a PNG or TIFF gives no pixel spacing: give --spacing-mm, or a CSV with the column spacing_mm")
    named_view, named_side, woman = from_name(path.stem)
    seen, side = view or named_view, laterality or named_side
    if seen not in VIEWS:
        raise Unreadable("neither --view nor the file's name gives the view (CC, MLO or ML)")
    if side not in ("L", "R"):
        raise Unreadable("neither --laterality nor the file's name gives the side (L or R)")
    pixels, bits = _pixels(path)
    return Picture(path.name, pixels, bits, spacing_mm, seen, side, False), woman  # type: ignore[arg-type]


def from_name(stem: str) -> tuple[str, str, str]:
    """View, side (empty where the name has none) and the rest of a file's name."""
    found = _VIEW.search(stem)
    if found is None:
        return "", "", ""
    side = (found[1] or found[3] or "").upper()
    rest = stem[: found.start()] + "_" + stem[found.end() :]
    if not side:
        word = _SIDE.search(rest)
        if word:
            side = word[1][0].upper()
            rest = rest[: word.start()] + "_" + rest[word.end() :]
    return found[2].upper(), side, re.sub(r"[\s_.-]+", "_", rest).strip("_")


def _pixels(path: Path) -> tuple[Any, int]:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes, which are looked at here
            opened = Image.open(path, formats=("PNG", "TIFF"))
        with opened as image:
            if image.width * image.height > MAX_PIXELS:
                raise Unreadable(f"{image.height} x {image.width} pixels: at most {MAX_PIXELS} can be used")
            mode, frames = image.mode, getattr(image, "n_frames", 1)
            if frames > 1:
                raise Unreadable(f"{frames} frames: only single images can be used")
            if mode not in ("L", "I;16", "I;16B", "I;16L", "I"):
                raise Unreadable(f"a colour or unusual image ({mode}): only grey ones of 8 or 16 bits can be used")
            values = np.asarray(image)
    except UnidentifiedImageError:
        raise Unreadable("not an image, or a damaged one") from None
    except OSError as why:
        raise Unreadable(f"cannot be read: {why.strerror or why}") from None
    except Image.DecompressionBombError:
        raise Unreadable("too large to be a mammogram") from None
    if min(values.shape) < 64:
        raise Unreadable(f"{values.shape[0]} x {values.shape[1]} pixels: too few to be a mammogram")
    if int(values.min()) < 0 or int(values.max()) > 65535:
        raise Unreadable("values outside 0 to 65535")
    if int(values.min()) == int(values.max()):
        raise Unreadable("all its pixels have the same value")
    deep = (8,) if mode == "L" else (10, 12, 14, 16)
    return values.astype(np.uint16), next(bits for bits in deep if int(values.max()) < 1 << bits)
