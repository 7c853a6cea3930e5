"""A pytest plugin: let a detector's own test suite say how well it must do on which presets.

    def test_finds_specks(phantom_score):
        found = phantom_score(detect, "suspicious", cases=8)
        assert found.sensitivity(fp_per_image=0.5) >= 0.8

    def test_leaves_vessels_alone(phantom_score):
        found = phantom_score(detect, "vascular", target="suspicious")
        assert found.false_marks("vascular") == 0

`detect(pixels, spacing_mm)` gets an image as a radiologist sees it, (rows, columns) uint16, and the
side of a pixel, and gives its marks: rows of x (column), y (row), score, or a mapping with `boxes`
(x1, y1, x2, y2; half-open), `scores` and, if it tells classes, `labels` (``benign``,
``suspicious``, …). Images are simulated once a session, in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from phantom.exam.mammogram import ViewImage
    from phantom.scoring.lesions import ImageTruth, Target
    from phantom.scoring.marks import Raw
    from phantom.scoring.score import Score

Detector = Callable[[Any, float], Any]
Images = tuple["ViewImage", ...]


def simulated(preset: str, cases: int = 4, seed: int = 0, sets: Sequence[str] = ()) -> Images:
    """The images of the first cases of a preset, with their truth; `sets` changes keys (``detector.binning=4``)."""
    from phantom.exam import preset as presets
    from phantom.exam.case import simulate

    recipe = presets.load(preset, tuple(sets))
    return tuple(view for index in range(cases) for view in simulate(recipe, seed, index).views)


def score_detector(
    detect: Detector, images: Mapping[str, Iterable[ViewImage]] | Iterable[ViewImage], *,
    target: Target = "calcification",
    tolerance_mm: float = 0.5, min_dprime: float = 1.0, regions: bool = False,
) -> Score:  # fmt: skip
    """Run a detector on images and score its marks.

    Parameters
    ----------
    detect : callable
        As the module says.
    images : iterable of images, or mapping of a name to such
        Simulated views or images of a dataset; several sets are told apart by their names.
    regions : bool
        Whether the detector marks whole findings and not single calcifications.

    Raises
    ------
    UsageError
        If a mark is malformed; the message says which and why.
    """
    from phantom.scoring.marks import check
    from phantom.scoring.match import Rules
    from phantom.scoring.score import score

    sets = images if isinstance(images, Mapping) else {"": images}
    truths: list[ImageTruth] = []
    raw: list[Raw] = []
    for number, (name, views) in enumerate(sets.items()):
        for view in views:
            truth = _named(view, name, number)
            truths.append(truth)
            raw += _marks(detect(view.for_presentation, truth.spacing_mm), truth.image_id, regions)
    label = getattr(detect, "__name__", type(detect).__name__)
    return score(check(raw, truths, label), truths, Rules(tolerance_mm, min_dprime, target))


def _named(view: ViewImage, name: str, number: int) -> ImageTruth:
    """The truth of an image, with ids and cases that no other set has."""
    from phantom.scoring.lesions import of_image

    truth = of_image(view)
    if not name:
        return truth
    return replace(
        truth, image_id=f"{name}/{truth.image_id}", row=replace(truth.row, case=truth.case + number * 1_000_000)
    )


def _marks(found: Any, image_id: str, regions: bool) -> Iterator[Raw]:
    from phantom.scoring.marks import Raw

    if isinstance(found, Mapping):
        labels = found.get("labels")
        names = [str(label) for label in labels] if labels is not None else [""] * len(found["scores"])
        for i, (corners, score, name) in enumerate(zip(found["boxes"], found["scores"], names, strict=True)):
            x1, y1, x2, y2 = (float(corner) for corner in corners)
            box = (x1, y1, x2 - x1, y2 - y1)
            yield Raw(
                f"{image_id}, mark {i}",
                image_id,
                (x1 + x2 - 1) / 2,
                (y1 + y2 - 1) / 2,
                float(score),
                box,
                name,
                regions,
            )
        return
    for i, row in enumerate(found):
        x, y, score = (float(number) for number in row)
        yield Raw(f"{image_id}, mark {i}", image_id, x, y, score, region=regions)


@pytest.fixture(scope="session")
def phantom_images() -> Callable[..., Images]:
    """``phantom_images(preset, cases=4, seed=0, sets=())``: images with their truth, made once a session."""
    known: dict[Any, Images] = {}

    def images(preset: str, cases: int = 4, seed: int = 0, sets: Sequence[str] = ()) -> Images:
        key = preset, cases, seed, tuple(sets)
        if key not in known:
            known[key] = simulated(*key)
        return known[key]

    return images


@pytest.fixture
def phantom_score(phantom_images: Callable[..., Images]) -> Callable[..., Score]:
    """``phantom_score(detect, presets, cases=4, seed=0, sets=(), **rules)``: the detector's `Score` on one or more
    presets."""

    def scored(
        detect: Detector,
        presets: str | Sequence[str],
        cases: int = 4,
        seed: int = 0,
        sets: Sequence[str] = (),
        **rules: Any,
    ) -> Score:
        names = [presets] if isinstance(presets, str) else list(presets)
        return score_detector(detect, {name: phantom_images(name, cases, seed, sets) for name in names}, **rules)

    return scored
