"""Marks from Mammography CAD structured reports (TID 4000)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from phantom.dataset.format.uids import image_uid
from phantom.dataset.format.untrusted import is_inflated
from phantom.errors import PhantomError, UsageError, install
from phantom.scoring.lesions import ImageTruth
from phantom.scoring.marks import Marks, Raw, check

# Codes of CID 6014: SNOMED CT's and, before it, SNOMED RT's.
_GRAIN = {"129770007", "F-01775"}
_CLUSTER = {"129769006", "F-01776"}
MAX_BYTES = 6 << 20  # an item of 8 bytes takes 700 once it is read
_CENTER, _OUTLINE = "111010", "111041"
_CERTAINTY, _PROBABILITY = "111012", "111047"


def read_sr(paths: Sequence[Path], images: Sequence[ImageTruth], source: str, key: str) -> Marks:
    """Marks from CAD SRs about DICOM exports of the dataset: individual calcifications, else clusters.

    The score is the probability of cancer if given, else the certainty of the finding, in percent.

    `key` is the dataset's (`phantom.dataset.format.uids.dataset_key`): it names the images' UIDs.

    Raises
    ------
    UsageError
        If a file is no CAD SR.
    """
    try:
        import pydicom  # noqa: F401
    except ImportError as why:
        raise PhantomError(f"reading DICOM needs pydicom: {install('dicom')}") from why
    intents = ("for_presentation", "for_processing")
    names = {image_uid(key, truth.image_id, intent): truth.image_id for truth in images for intent in intents}
    raw = [mark for path in paths for mark in _file(path, names)]
    grains = [mark for mark in raw if not mark.region]
    notes = (
        (f"{len(raw) - len(grains)} clusters left out: single calcifications are given",)
        if 0 < len(grains) < len(raw)
        else ()
    )
    return check(grains or raw, images, source, notes)


def _file(path: Path, names: dict[str, str]) -> list[Raw]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pydicom's, about values that are not what the standard says
        return list(_read(path, names))


def _read(path: Path, names: dict[str, str]) -> Iterator[Raw]:
    from pydicom import dcmread

    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path}: larger than {MAX_BYTES >> 20} MiB, which no CAD SR is")
        if is_inflated(path):
            raise UsageError(f"{path}: its whole content is deflated, to any size: write it in another syntax")
        report = dcmread(path)
        if str(report.get("Modality", "")) != "SR" or "ContentSequence" not in report:
            raise UsageError(f"{path}: not a structured report")
        yield from _findings(path, report, names)
    except UsageError:
        raise
    except Exception as why:  # pydicom meets what is malformed with errors of many kinds, when a value is asked for
        raise UsageError(f"{path}: not a readable Mammography CAD SR: {' '.join(str(why).split())[:200]}") from why


def _findings(path: Path, report: Any, names: dict[str, str]) -> Iterator[Raw]:
    library = dict(_walk(report, (1,)))
    for place, item in library.items():
        if item.ValueType != "CODE" or _code(item) != "111059":
            continue
        kind = item.ConceptCodeSequence[0].CodeValue
        if kind not in _GRAIN | _CLUSTER:
            continue
        where = f"{path.name}, item {'.'.join(map(str, place))}"
        children = list(item.get("ContentSequence", []))
        spot = _region(children, _CENTER) or _region(children, _OUTLINE)
        if spot is None:
            raise UsageError(f"{path}: {where} has neither centre nor outline")
        points, image_uid_ = spot[0], _image_of(spot[1], library)
        x, y = points.mean(axis=0) - 0.5
        outline = _region(children, _OUTLINE)
        box = None
        if outline is not None:
            low, high = outline[0].min(axis=0), outline[0].max(axis=0)
            box = (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
        yield Raw(
            where, names.get(image_uid_, image_uid_), float(x), float(y), _score(children), box, "", kind in _CLUSTER
        )


def _walk(item: Any, place: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Every item of the tree with its place, as references by identifier count it."""
    yield place, item
    for number, child in enumerate(item.get("ContentSequence", []), start=1):
        if "ValueType" in child:
            yield from _walk(child, (*place, number))


def _code(item: Any) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeValue) if "ConceptNameCodeSequence" in item else ""


def _region(children: list[Any], concept: str) -> tuple[Any, Any] | None:
    """Points (n, 2) and the coordinates' item of a centre or an outline; an ellipse by its axes' ends."""
    for child in children:
        if child.get("ValueType") == "SCOORD" and _code(child) == concept:
            return np.asarray(child.GraphicData, float).reshape(-1, 2), child
    return None


def _image_of(coordinates: Any, library: dict[tuple[int, ...], Any]) -> str:
    """The UID of the image that coordinates were selected from, given in place or by reference."""
    for child in coordinates.get("ContentSequence", []):
        if "ReferencedContentItemIdentifier" in child:
            identifier = child.ReferencedContentItemIdentifier
            place = tuple(identifier) if not isinstance(identifier, int) else (identifier,)
            child = library[tuple(int(n) for n in place)]
        if "ReferencedSOPSequence" in child:
            return str(child.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
    raise ValueError("coordinates without an image")


def _score(children: list[Any]) -> float:
    for concept in (_PROBABILITY, _CERTAINTY):
        for child in children:
            if child.get("ValueType") == "NUM" and _code(child) == concept:
                return float(child.MeasuredValueSequence[0].NumericValue)
    return 100.0
