"""The same cases with one thing changed at a time: ``--sweep key=a:b:n``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from phantom.dataset.running.worker import CaseFactory
from phantom.errors import UsageError
from phantom.tables import ImageRow, optional

if TYPE_CHECKING:
    from phantom.exam.case import Case
    from phantom.exam.mammogram import ViewImage

MAX_STEPS = 99  # a step's name has two digits
_HOW = "must be key=a:b:n (n values from a to b), key=a:b:n:log, or key=value,value,…"


@dataclass(frozen=True)
class Step:
    """One value that one key is given.

    Attributes
    ----------
    name : str
        ``sweep01``, ``sweep02``, …: the word its images have in their name and in the column `variant`.
    key, value : str
        As ``--set key=value`` would have them; the columns `sweep` and `sweep_value`.
    """

    name: str
    key: str
    value: str


def parse_sweeps(sweeps: Sequence[str]) -> list[Step]:
    """The steps of several sweeps, one after the other: each changes its own key and leaves the others alone.

    Raises
    ------
    UsageError
        If one is of no known form, or there are more than 99 steps.
    """
    pairs = [(sweep.partition("=")[0].strip(), value) for sweep in sweeps for value in _values(sweep)]
    if len(pairs) > MAX_STEPS:
        raise UsageError(f"--sweep: {len(pairs)} values in all; at most {MAX_STEPS} are possible")
    for key, value in pairs:
        for column, text in (("sweep", key), ("sweep_value", value)):
            if len(text.encode()) > int(optional(ImageRow)[column].dtype[1:]):
                raise UsageError(f"--sweep {key}: {text[:40]}… is too long")
    return [Step(f"sweep{number:02d}", key, value) for number, (key, value) in enumerate(pairs, start=1)]


def _values(sweep: str) -> list[str]:
    key, equals, text = sweep.partition("=")
    if not equals or not key.strip() or not text.strip():
        raise UsageError(f"--sweep {sweep}: {_HOW}")
    words = [word.strip() for word in text.split(":")]
    if len(words) == 1:
        values = [word.strip() for word in text.split(",")]
        if not all(values):
            raise UsageError(f"--sweep {sweep}: {_HOW}")
        return values
    return [_number(value) for value in _range(sweep, words)]


def _range(sweep: str, words: list[str]) -> list[float]:
    try:
        first, last, count = float(words[0]), float(words[1]), int(words[2])
        curved = words[3:] == ["log"]
        if words[3:] not in ([], ["log"], ["lin"]) or not 2 <= count <= MAX_STEPS:
            raise ValueError
        if not (math.isfinite(first) and math.isfinite(last)) or (curved and min(first, last) <= 0):
            raise ValueError
    except (ValueError, IndexError):
        raise UsageError(f"--sweep {sweep}: {_HOW}; n from 2 to {MAX_STEPS}, log only above 0") from None
    shares = [i / (count - 1) for i in range(count)]
    if curved:
        return [first * (last / first) ** share for share in shares]
    return [first + (last - first) * share for share in shares]


def _number(value: float) -> str:
    """Six digits are enough for a step, and read well; whole numbers stay whole."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.6g}"


def swept(preset: Any, sweeps: Sequence[str], make: CaseFactory) -> CaseFactory:
    """A maker whose cases hold every step of the sweeps; raises as `stepped` does."""
    return _Swept(tuple(stepped(preset, sweeps)), make)


def stepped(preset: Any, sweeps: Sequence[str]) -> list[tuple[Step, Any]]:
    """The steps of several sweeps, each with the recipe that it makes.

    Raises
    ------
    UsageError
        If the recipe does not take one of the values: all mistakes at once.
    """
    steps = parse_sweeps(sweeps)
    problems = []
    presets = []
    for step in steps:
        try:
            presets.append(preset.changed([f"{step.key}={step.value}"]))
        except UsageError as error:
            problems.append(f"  {step.key}={step.value}: " + " ".join(str(error).split("\n")[-1].split()))
    if problems:
        raise UsageError("\n".join(["--sweep: the recipe does not take these values", *dict.fromkeys(problems)]))
    return list(zip(steps, presets, strict=True))


def detector_files(preset: Any, sweeps: Sequence[str]) -> dict[str, str]:
    """What the detector files say that the sweeps name, by the name they give them; raises as `stepped` does."""
    sections = [changed.resolved().get("detector", {}) for _, changed in stepped(preset, sweeps)]
    of_recipe = preset.resolved().get("detector", {}).get("file_text")
    texts = {section["name"]: section["file_text"] for section in sections if "file_text" in section}
    return {name: text for name, text in texts.items() if text != of_recipe}


@dataclass(frozen=True)
class _Swept:
    """Makes one case of all steps; every step grows from the same seed, so it is the same woman."""

    steps: tuple[tuple[Step, Any], ...]
    make: CaseFactory

    def __call__(self, preset: Any, seed: int, index: int) -> Case:
        from phantom.exam.case import Case

        views: list[ViewImage] = []
        scenes = []
        dropped: list[str] = []
        for step, changed in self.steps:
            case = self.make(changed, seed, index)
            views += [_as_step(view, step) for view in case.views]
            scenes.append({"variant": step.name, "key": step.key, "value": step.value, "scene": case.scene})
            dropped += [f"{step.name}: {say}" for say in case.dropped]
        return Case(index, tuple(views), {"recipe": preset.resolved(), "sweep": scenes}, tuple(dropped))


def _as_step(view: ViewImage, step: Step) -> ViewImage:
    """The image under the step's name, with the step in its row."""
    image_id = f"{view.image_id}+{step.name}"
    variant = "+".join(word for word in (view.row.variant, step.name) if word)
    return replace(
        view,
        image_id=image_id,
        row=replace(view.row, image_id=image_id, variant=variant, sweep=step.key, sweep_value=step.value),
        findings=tuple(replace(one, row=replace(one.row, image_id=image_id)) for one in view.findings),
        calcifications=tuple(replace(one, row=replace(one.row, image_id=image_id)) for one in view.calcifications),
        objects=tuple(replace(one, row=replace(one.row, image_id=image_id)) for one in view.objects),
    )
