"""What the commands do, as functions: folders and datasets in, datasets, scores and paths out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phantom.dataset.dataset import Dataset
from phantom.errors import UsageError
from phantom.exam import preset as recipes
from phantom.exam.preset import Preset
from phantom.recipe.messages import suggestion

if TYPE_CHECKING:
    from phantom.dataset.running.progress import Watcher
    from phantom.scoring.result import Result

Progress = Callable[[int, int], None]


def _opened(data: Dataset | str | Path) -> Dataset:
    return data if isinstance(data, Dataset) else Dataset(data)


def generate(
    preset: str | Preset,
    out: str | Path | None = None,
    *,
    cases: int | None = None,
    seed: int = 0,
    split: Mapping[str, float] | None = None,
    workers: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Watcher | None = None,
    **changes: Any,
) -> Dataset:
    """Make a dataset, as `phantom generate` does, and open it.

    Parameters
    ----------
    preset : str or Preset
        A preset's name, a recipe's file, or a recipe that has been read.
    out : path
        The folder; by default the preset's name.
    cases : int
        4 by default; of a dataset that is resumed, as many as it was to have.
    seed : int
    split : mapping of str to float
        Shares by name, such as ``{"train": 0.8, "val": 0.2}``.
    workers, resume, overwrite, progress
        As `phantom.dataset.generate` has them.
    **changes
        Keys of the recipe, as `Preset.with_` takes them: ``**{"detector.binning": 4}``.

    Raises
    ------
    UsageError, RecipeError
        If what is asked for cannot be, or the folder must not be written.
    PhantomError
        If a case cannot be made or written.
    """
    from phantom.dataset.running.run import RunOptions
    from phantom.dataset.running.run import generate as run
    from phantom.recipe import presets as preset_files

    text = preset_files.text(preset) if isinstance(preset, str) else ""
    recipe = _recipe(preset, changes)
    options = RunOptions(workers, resume, overwrite, split=dict(split or {}), preset_text=text)
    folder = Path(out if out is not None else recipe.name)
    run(recipe, seed, cases, folder, options, progress)
    return Dataset(folder)


def _recipe(preset: str | Preset, changes: Mapping[str, Any]) -> Preset:
    recipe = recipes.load(preset) if isinstance(preset, str) else preset
    return recipe.with_(**changes) if changes else recipe


def score(
    data: Dataset | str | Path,
    marks: str | Path,
    *,
    level: str = "calcification",
    target: str = "calcification",
    tolerance_mm: float = 0.5,
    min_dprime: float = 1.0,
    box_iou: float = 0.2,
    trained_on: Sequence[Dataset | str | Path] = (),
) -> Result:
    """Score a detector's marks, as `phantom score` does: `Score.sensitivity`, `.false_marks`, `.as_dict()`, `print`.

    Parameters
    ----------
    data : Dataset or path
    marks : path
        COCO results, a table, a folder of score maps or CAD SRs (docs/scoring.md).
    level : str
        What each mark is meant for: ``calcification`` or ``finding``.
    target : str
        What is to be found: ``calcification``, ``suspicious`` or ``malignant``.
    tolerance_mm, min_dprime, box_iou : float
        `phantom.scoring.match.Rules`.
    trained_on : sequence of Dataset or path
        Refused if they show women of `data`.

    Raises
    ------
    UsageError
        If the marks cannot be read, or are not of these images.
    """
    from phantom.dataset.format.key import key_of
    from phantom.dataset.women import refuse_known
    from phantom.scoring.lesions import gather
    from phantom.scoring.match import Rules
    from phantom.scoring.read import read
    from phantom.scoring.result import Result
    from phantom.scoring.score import score as scored

    _one_of("level", level, ("calcification", "finding"))
    _one_of("target", target, ("calcification", "suspicious", "malignant"))
    opened = _opened(data)
    refuse_known(opened, [_opened(one) for one in trained_on])
    images = gather(opened)
    rules = Rules(tolerance_mm, min_dprime, target, box_iou)  # type: ignore[arg-type]
    return Result.of(scored(read(Path(marks), images, level == "finding", key_of(opened.manifest)), images, rules))


def _one_of(name: str, value: str, words: Sequence[str]) -> None:
    if value not in words:
        raise UsageError(f"{name} = {value!r}: {suggestion(value, words)}")


def export(
    data: Dataset | str | Path,
    to: str,
    out: str | Path | None = None,
    *,
    overwrite: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
    **options: Any,
) -> Path:
    """Write a dataset in another format, as `phantom export` does; `options` are those of `phantom.formats`.

    Returns
    -------
    Path
        The folder; by default the dataset's name with the format's after it.

    Raises
    ------
    UsageError
        If there is no such format, or it does not know an option.
    """
    from phantom.formats._export import export as written
    from phantom.formats._options import Options

    opened = _opened(data)
    known = list(Options.__dataclass_fields__)
    wrong = [name for name in options if name not in known]
    if wrong:
        raise UsageError(f"export has no option '{wrong[0]}'; {suggestion(wrong[0], known)}")
    folder = opened.folder.resolve()
    place = Path(out) if out is not None else folder.with_name(f"{folder.name}-{to}")
    written(opened, to, place, Options(**options), overwrite=overwrite, workers=workers, progress=progress)
    return place


def view(data: Dataset | str | Path, out: str | Path | None = None, marks: Sequence[str | Path] = ()) -> Path:
    """Make the page to look at a dataset with, as `phantom view` does; its path."""
    from phantom.viewer.view import view as written

    return written(_opened(data).folder, out, marks)[0]


def verify(data: Dataset | str | Path) -> list[str]:
    """What is wrong with a dataset, as `phantom verify` finds it; empty if nothing is."""
    from phantom.dataset.verify import verify as checked

    folder = data.folder if isinstance(data, Dataset) else data
    return [str(problem) for problem in checked(folder)]


def info(data: Dataset | str | Path) -> dict[str, Any]:
    """What is in a dataset, as `phantom info --json` tells it."""
    from phantom.dataset.summary import summary

    return summary(_opened(data))


def presets(name: str | None = None) -> Any:
    """The presets' names with a line each; or the `Preset` of a name or a recipe's file.

    Raises
    ------
    UsageError
        If there is no such preset.
    """
    from phantom.recipe import presets as preset_files

    if name is not None:
        return recipes.load(name)
    return {each: preset_files.summary(each) for each in preset_files.names()}


def kinds(name: str | None = None) -> Any:
    """The kinds of calcification with a line each; or the class of one: its fields are its recipe keys.

    Raises
    ------
    UsageError
        If there is no such kind.
    """
    import inspect

    from phantom.calcifications import registry

    known = registry.kinds()
    if name is None:
        return {each: (inspect.getdoc(kind) or "").partition("\n")[0] for each, kind in sorted(known.items())}
    name = registry.spelled(name)
    if name not in known:
        raise UsageError(f"no kind '{name}'; {suggestion(name, known)}")
    return known[name]


def detectors(name: str | None = None) -> Any:
    """The detectors' names with a line each; or what the data file of one says.

    Raises
    ------
    UsageError
        If there is no such detector.
    """
    from phantom.imaging import mammography_units as units

    return units.load(name) if name is not None else {each: units.load(each).says for each in units.names()}


def merge(datasets: Sequence[Dataset | str | Path], out: str | Path, **options: Any) -> Dataset:
    """Put several datasets into a new one, as `phantom merge` does; `options` are those of `dataset.merge.merge`."""
    from phantom.dataset.merge import merge as merged

    merged([_opened(one).folder for one in datasets], out, **options)
    return Dataset(out)


def rerender(
    data: Dataset | str | Path, out: str | Path, *, changes: Mapping[str, Any] | None = None, **options: Any
) -> Dataset:
    """Render a dataset's scenes again, as `phantom rerender` does.

    Parameters
    ----------
    data : Dataset or path
    out : path
    changes : mapping
        Keys of the machine, such as ``{"beam.tube_kv": 30}``.
    **options
        ``detector``, ``dose_factor`` and the others of `phantom.dataset.rerender.rerender`.
    """
    from phantom.dataset.rerender import rerender as rendered
    from phantom.recipe.overrides import as_sets

    rendered(_opened(data).folder, out, sets=as_sets(changes or {}), **options)
    return Dataset(out)


def observe(
    data: Dataset | str | Path,
    out: str | Path | None = None,
    *,
    against: Dataset | str | Path | None = None,
    pairs: int = 60,
    patch_px: int = 384,
    seed: int = 0,
) -> Path:
    """Write the page on which people choose between two patches, as `phantom observe` does; its path."""
    from phantom.viewer.pairs import page_of

    other = None if against is None else _opened(against)
    return page_of(_opened(data), None if out is None else Path(out), other, pairs, patch_px, seed)[0]


def atlas(names: Sequence[str] = (), *, seed: int = 0) -> bytes:
    """The PNG of one finding of each of some kinds, or of all, as `phantom atlas` draws it."""
    from phantom.viewer.atlas import sheet

    return sheet(names, seed, lambda name: None)
