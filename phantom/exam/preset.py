"""The composed recipe: every stage of a case, read from one TOML file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Annotated, Any, Literal, cast

from phantom.anatomy.patient import Anatomy
from phantom.calcifications import registry
from phantom.calcifications.finding import Category, Distribution
from phantom.calcifications.registry import Kind
from phantom.calcifications.visibility import Visibility
from phantom.errors import RecipeError
from phantom.exam import feasible
from phantom.geometry.view import Laterality, ViewName
from phantom.imaging.beam import Beam
from phantom.imaging.detector import Detector
from phantom.imaging.exposure import Exposure
from phantom.imaging.presentation import Presentation
from phantom.imaging.scatter import Scatter
from phantom.recipe import overrides, presets, schema, toml
from phantom.recipe.draw import Draw, Within
from phantom.recipe.messages import dotted, quote, suggestion
from phantom.recipe.presets import names, text
from phantom.recipe.schema import Like
from phantom.recipe.seed import Seed
from phantom.tables import dtype_of

__all__ = ["Exam", "FindingEntry", "Mix", "Preset", "RecipeError", "from_dict", "load", "names", "text"]


_CAUSE_BYTES = dtype_of("findings")["cause"].itemsize // 4  # what its column holds


@dataclass(frozen=True)
class Exam:
    """Which images are made of a woman."""

    views: Annotated[tuple[ViewName, ...], "the views of each breast"] = ("CC", "MLO")
    breasts: Annotated[Literal["drawn"] | tuple[Laterality, ...], "sides to image; 'drawn' is one of the two"] = "drawn"
    keep_for_processing: Annotated[bool, "whether the dataset also keeps the for-processing images"] = False
    mlo_angle_deg: Annotated[Draw, Within(30, 60, "degrees"), "positioner angle of the MLO view"] = Draw.normal(
        48, 6, 30, 60
    )
    twins: Annotated[
        tuple[Literal["clean", "benign"], ...], "each image also without calcifications, or without suspicious ones"
    ] = ()
    prior_years: Annotated[tuple[int, ...], Within(1, 20, "years"), "the same views also so many years earlier"] = ()
    magnification: Annotated[
        float, Within(0, 2), "a magnified image of one finding, 1.5 or 1.8 times as a rule; 0: none"
    ] = 0.0
    magnified_mm: Annotated[float, Within(10, 120, "mm"), "side of what it shows"] = 60.0
    magnified_dose: Annotated[float, Within(0.1, 5), "its dose, in doses of the plain view (estimate)"] = 1.5
    patches: Annotated[int, Within(0, 99), "windows to cut from a case's plain views"] = 0
    patch_px: Annotated[int, Within(16, 4096, "pixels"), "side of a window"] = 512
    patches_on_findings: Annotated[float, Within(0, 1), "share of windows laid about a calcification"] = 0.5
    whole_views: Annotated[bool, "whether the views that windows are cut from are kept too"] = True

    def __post_init__(self) -> None:
        for name, chosen in (("views", self.views), ("breasts", self.breasts)):
            if not chosen or (len(set(chosen)) < len(chosen) and chosen != "drawn"):
                raise ValueError(f"{name} must name at least one, and none twice")
        for name, several in (("twins", self.twins), ("prior_years", self.prior_years)):
            if len(set(several)) < len(several):
                raise ValueError(f"{name} must name none twice")
        if self.magnification and self.magnification < 1.2:
            raise ValueError(f"magnification = {self.magnification:g}: must lie within 1.2 and 2, or be 0")
        if not self.whole_views and not self.patches:
            raise ValueError("whole_views = false leaves no image; say how many patches")

    def images(self, sides: int) -> int:
        """How many images a case of so many breasts has, at most."""
        views, versions = sides * len(self.views), 1 + len(self.twins)
        whole = views * (self.whole_views + len(self.prior_years)) + len(self.views) * bool(self.magnification)
        return (whole + self.patches) * versions


@dataclass(frozen=True)
class Mix:
    """How the findings of a case are chosen among the recipe's entries."""

    findings: Annotated[
        Draw | None, Within(0, 100), "how many entries a case draws, by weight; left out: each by its own probability"
    ] = None


@dataclass(frozen=True)
class FindingEntry:
    """One ``[[finding]]`` of a recipe: a kind, how often it comes, and the kind's own keys."""

    kind: Annotated[str, "the kind, as `phantom kinds` lists it"]
    probability: Annotated[float, Within(0, 1), "chance that a case has it (without [mix] findings)"] = 1.0
    weight: Annotated[float, Within(0, 1e6), "share among the entries (with [mix] findings)"] = 1.0
    count: Annotated[Draw, Within(0, 100), "how many such findings, when it comes"] = Draw.constant(1)
    distribution: Annotated[Distribution | None, "how its grains are spread; left out: the kind's own choice"] = None
    cause: Annotated[str | None, "cause to record instead of the kind's"] = None
    category: Annotated[Category | None, "BI-RADS category to record instead of the kind's"] = None
    ages: Annotated[
        tuple[float, float] | None, Within(0, 120, "years"), "the woman's age, from and below; left out: any"
    ] = None
    visibility: Annotated[
        Visibility,
        "'visible': drawn so that a reader could mark it in at least one view; 'any': from the kind's distributions as "
        "they are, as a microscope would count; 'occult': only what nobody sees",
    ] = "visible"
    dprime: Annotated[
        Draw | None, Within(0.2, 1000), "median d' of its grains in the first view that shows it; left out: as it comes"
    ] = None
    sdnr: Annotated[Draw | None, Within(0.05, 200), "the same of SDNR, instead of d'"] = None
    # what makes it, never absent: `from_recipe` reads the entry first
    grows: Kind = field(default=cast("Kind", None), metadata={"recipe": False})

    def __post_init__(self) -> None:
        if self.dprime is not None and self.sdnr is not None:
            raise ValueError("dprime and sdnr exclude each other")
        if self.cause is not None and len(self.cause.encode()) > _CAUSE_BYTES:
            raise ValueError(f"cause = {quote(self.cause)}: must be at most {_CAUSE_BYTES} bytes of text")
        if self.ages is not None and self.ages[0] >= self.ages[1]:
            raise ValueError(f"ages must end after they begin, not {list(self.ages)}")

    def asks(self, seed: Seed) -> tuple[str, float] | None:
        """How hard to see one finding shall be: the measure, and a drawn value of it."""
        for name, draw in (("dprime", self.dprime), ("sdnr", self.sdnr)):
            if draw is not None:
                return name, draw.sample(seed.rng())
        return None

    def suits(self, age: float) -> bool:
        """Whether a woman of this age may have it."""
        return self.ages is None or self.ages[0] <= age < self.ages[1]

    @staticmethod
    def from_recipe(table: Mapping[str, Any], where: str, problems: list[str]) -> FindingEntry | None:
        """An entry and its kind from one table; None after all mistakes have been added."""
        before, common, kinds = len(problems), schema.keys_of(FindingEntry), registry.kinds()
        if isinstance(table.get("kind"), str):
            table = {**table, "kind": registry.spelled(table["kind"])}
        name = table.get("kind")
        kind = kinds.get(name) if isinstance(name, str) else None
        if isinstance(name, str) and kind is None:
            problems.append(f"{dotted(where, 'kind')} = {quote(name)}: no such kind; {suggestion(name, kinds)}")
        kind_keys = schema.keys_of(kind) if kind else {}
        if kind:
            known = [*kind_keys, *common]
            problems += [f"{dotted(where, k)}: unknown key; {suggestion(k, known)}" for k in table if k not in known]
        entry = schema.read_fields(FindingEntry, {k: v for k, v in table.items() if k in common}, where, problems)
        grows = schema.read(kind, {k: v for k, v in table.items() if k in kind_keys}, where, problems) if kind else None
        if entry is None or grows is None or len(problems) > before:
            return None
        if entry.distribution is not None and entry.distribution not in grows.label.distribution_weights:
            label, asked = grows.label, f"{dotted(where, 'distribution')} = '{entry.distribution}'"
            why = f": {label.exclusion_reason}" if label.exclusion_reason else ""
            problems.append(f"{asked}: {name} cannot be that{why}; it may be {', '.join(label.distribution_weights)}")
            return None
        return replace(entry, grows=grows)

    def as_recipe(self) -> dict[str, Any]:
        """The table `from_recipe` reads."""
        return {**schema.fields_to_table(self), **schema.to_table(self.grows)}


@dataclass(frozen=True)
class Preset:
    """A whole recipe. Its sections are the stages of a case, in order."""

    name: Annotated[str, Like(r"[a-z0-9]+(-[a-z0-9]+)*", "lower-case words joined by hyphens"), "the recipe's name"]
    description: Annotated[str, Like(r"(?s).*\S.*", "a sentence"), "what it is for"]
    anatomy: Anatomy = field(default_factory=Anatomy)
    exam: Exam = field(default_factory=Exam)
    beam: Beam = field(default_factory=Beam)
    exposure: Exposure = field(default_factory=Exposure)
    scatter: Scatter = field(default_factory=Scatter)
    detector: Detector = field(default_factory=Detector)
    presentation: Presentation = field(default_factory=Presentation)
    mix: Mix = field(default_factory=Mix)
    finding: tuple[FindingEntry, ...] = ()

    def __post_init__(self) -> None:
        if self.exam.patches and min(self.detector.grid.shape) < self.exam.patch_px:
            rows, columns = self.detector.grid.shape
            raise ValueError(f"exam.patch_px = {self.exam.patch_px}: the images have {rows} x {columns} pixels")
        if self.mix.findings is not None and self.mix.findings.hi > 0 and not any(e.weight for e in self.finding):
            raise ValueError("mix.findings asks for findings, but no [[finding]] has a weight above 0")

    def __repr__(self) -> str:
        return f"<Preset {self.name}: {self.description}>"

    def resolved(self) -> dict[str, Any]:
        """The recipe with every default written out, ready for JSON; `from_dict` gives the same preset."""
        return schema.to_table(self)

    def changed(self, sets: Sequence[str]) -> Preset:
        """The recipe with ``key=value`` changes, as `load` takes them.

        Raises
        ------
        RecipeError
            If it has mistakes: all of them.
        """
        table, problems = self.resolved(), list[str]()
        _apply(table, sets, problems)
        return _made(table, self.name, problems)

    def with_(self, **changes: Any) -> Preset:
        """The recipe with other values: ``preset.with_(anatomy={"density": 0.3})``.

        A keyword is a section with a mapping of its keys, or a dotted key: ``**{"detector.binning": 4}``,
        ``**{"finding[0].kind": "rim"}``.

        Raises
        ------
        RecipeError
            If the recipe then has mistakes: all of them.
        """
        table, problems = self.resolved(), list[str]()
        before = _detector(table).get("name")
        for number, entry in enumerate(table["finding"]):
            if f"finding[{number}].kind" in changes:  # another kind has other keys
                shared = schema.keys_of(FindingEntry)
                table["finding"][number] = {key: value for key, value in entry.items() if key in shared}
        overrides.write(table, changes, problems)
        detector = _detector(table)
        if detector.get("name") != before and "file_text" not in str(changes):
            detector.pop("file_text", None)
        return _made(table, self.name, problems)

    def toml(self) -> str:
        """The recipe with every default written out, as TOML."""
        return toml.dumps(self.resolved())


def load(name: str, sets: Sequence[str] = ()) -> Preset:
    """A preset by its name, or a recipe by its file's path, with ``key=value`` changes.

    Raises
    ------
    UsageError
        If there is no such preset or file, or it is not TOML.
    RecipeError
        If it has mistakes: all of them.
    """
    table, problems = presets.table(name), list[str]()
    _apply(table, sets, problems)
    return _made(table, name, problems)


def _apply(table: dict[str, Any], sets: Sequence[str], problems: list[str]) -> None:
    """Write the changes into the table; what another detector's file says goes with its name."""
    before = _detector(table).get("name")
    overrides.apply(table, sets, problems)
    detector = _detector(table)
    if detector.get("name") != before and not any(_sets_text(change) for change in sets):
        detector.pop("file_text", None)


def _sets_text(change: str) -> bool:
    return change.partition("=")[0].strip() == "detector.file_text"


def _detector(table: Mapping[str, Any]) -> dict[str, Any]:
    section = table.get("detector")
    return section if isinstance(section, dict) else {}


def from_dict(table: Mapping[str, Any], source: str = "recipe") -> Preset:
    """The preset a table says, as `Preset.resolved` or a TOML reader gives it.

    Raises
    ------
    RecipeError
        If it has mistakes: all of them, under the name `source`.
    """
    return _made(table, source, [])


def from_dataset(table: Any, source: str) -> Preset:
    """The preset that a dataset holds: all of it stands in the table, and no file that it names is read.

    Raises
    ------
    RecipeError
        If it has mistakes: all of them.
    """
    detector = _detector(table) if isinstance(table, Mapping) else {}
    if str(detector.get("name", "")).endswith(".toml") and "file_text" not in detector:
        raise RecipeError(source, ["detector.file_text: missing; without it, nobody knows what the detector was"])
    return _stored(json.dumps(table), source)


@lru_cache(maxsize=32)  # the cases of a dataset have the same recipe
def _stored(table: str, source: str) -> Preset:
    return _made(json.loads(table), source, [])


def _made(table: Mapping[str, Any], source: str, problems: list[str]) -> Preset:
    made = schema.read(Preset, table, "", problems)
    if made is not None and not problems:
        problems += feasible.problems(made)
    if made is None or problems:
        raise RecipeError(source, problems)
    return made
