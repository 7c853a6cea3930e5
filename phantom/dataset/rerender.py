"""The stored scenes of a dataset through another machine: the same breasts and calcifications, nothing drawn again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phantom.dataset.format import hdf5_checks
from phantom.dataset.format.files import sha256_of
from phantom.dataset.format.layout import MANIFEST, case_name
from phantom.dataset.format.manifest import Manifest, is_unfinished, must_be_dataset, read_manifest
from phantom.dataset.running.progress import Summary, Watcher
from phantom.dataset.running.run import RunOptions, generate, generator
from phantom.errors import DatasetError, FolderError, UsageError
from phantom.recipe import toml
from phantom.recipe.draw import Draw

if TYPE_CHECKING:
    from phantom.exam.case import Case

_MACHINE = ("beam", "exposure", "scatter", "detector", "presentation")
_EXAM = ("keep_for_processing", "twins", "magnification", "magnified_mm", "magnified_dose",
         "patches", "patch_px", "patches_on_findings", "whole_views")  # fmt: skip
_DRAWN = {
    "anatomy": "the breasts are grown",
    "finding": "the calcifications are grown",
    "mix": "the findings are chosen",
}


def rerender(
    source: str | Path,
    out: str | Path,
    *,
    detector: str | None = None,
    dose_factor: float | None = None,
    dose_mgy: float | None = None,
    sets: Sequence[str] = (),
    new_noise: int | None = None,
    workers: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Watcher | None = None,
) -> Summary:
    """Render the scenes of a dataset again, and measure their truth again.

    Parameters
    ----------
    source : path
        A whole dataset of this version; it is only read.
    out : path
        Where to, as for `phantom.dataset.running.run.generate`, as are `workers`, `resume`, `overwrite` and `progress`.
    detector : str
        A detector's name, or the file of one.
    dose_factor : float
        Times the dose that the dataset had.
    dose_mgy : float
        Mean glandular dose of every image, mGy.
    sets : sequence of str
        ``key=value`` of the machine's sections, and of ``exam`` what says which images are made of a scene.
    new_noise : int
        The root of another draw of the quantum noise; by default it stays as it was.

    Raises
    ------
    UsageError
        If something is to be changed that is grown, or the recipe does not take it.
    DatasetError
        If the dataset is damaged, unfinished, of another version, merged or swept.
    """
    folder, target = Path(source), Path(out)
    manifest = _readable(folder)
    if folder.resolve() in (target.resolve(), *target.resolve().parents):
        raise FolderError(f"{target}: lies in the dataset that is rendered again; choose another --out")
    if new_noise is not None and not 0 <= new_noise < 1 << 128:
        raise UsageError(f"--new-noise {new_noise}: must not be negative, nor have more than 128 bits")
    changes = _changes(manifest, detector, dose_factor, dose_mgy, sets)
    recipe = _recipe(manifest).changed(changes)
    if recipe.detector.file_text is not None:  # of every case the same, whatever becomes of the file meanwhile
        changes.append(f"detector.file_text={toml.value(recipe.detector.file_text)}")
    how: dict[str, Any] = {"manifest_sha256": sha256_of(folder / MANIFEST) or "", "changes": list(changes)}
    if new_noise is not None:
        how["noise_seed"] = str(new_noise)
    return generate(
        recipe,
        manifest.seed,
        manifest.cases,
        target,
        progress=progress,
        options=RunOptions(
            preset_text=manifest.preset_text,
            workers=workers,
            resume=resume,
            overwrite=overwrite,
            split=manifest.split,
            make=_Again(str(folder.absolute()), tuple(changes), new_noise, dict(manifest.files)),
            rendered=how,
        ),
    )


@dataclass(frozen=True)
class _Again:
    """Makes a case from its stored scene."""

    folder: str
    changes: tuple[str, ...]
    new_noise: int | None
    files: Mapping[str, str]

    def __call__(self, preset: Any, seed: int, index: int) -> Case:
        from phantom.exam import preset as presets
        from phantom.exam import scene as scenes
        from phantom.exam.case import render_case

        path = Path(self.folder) / case_name(index)
        if not path.is_symlink() and sha256_of(path) != self.files.get(case_name(index)):
            raise DatasetError(f"{path}: missing or damaged; repair it first (generate --resume)")
        with hdf5_checks.translated(path), hdf5_checks.open_case(path) as file:
            stored = hdf5_checks.scene(file)
        recipe = presets.from_dataset(stored.get("recipe", {}), str(path)).changed(self.changes)
        scene = scenes.from_dict({**stored, "recipe": recipe.resolved()}, index)
        return render_case(scene if self.new_noise is None else replace(scene, noise_root=self.new_noise))


def _readable(folder: Path) -> Manifest:
    """The manifest of a dataset whose scenes can be rendered again."""
    must_be_dataset(folder)
    if is_unfinished(folder):
        raise DatasetError(f"{folder}: unfinished; the command that began it, with --resume, finishes it")
    manifest = read_manifest(folder)
    if manifest.inserted:
        raise DatasetError(f"{folder}: calcifications in real pictures, which no scene renders; insert them again")
    if manifest.sources:
        raise DatasetError(f"{folder}: merged from several datasets; render each of them again, and merge those")
    if manifest.sweeps:
        raise DatasetError(f"{folder}: a sweep already; render the cases of one recipe again")
    if manifest.generator != generator():
        raise DatasetError(
            f"{folder}: was made by {manifest.generator}; {generator()} may grow other breasts from its scenes: use "
            f"that version"
        )
    return manifest


def _recipe(manifest: Manifest) -> Any:
    from phantom.exam import preset as presets

    return presets.from_dataset(manifest.recipe, f"the recipe in {MANIFEST}")


def _changes(
    manifest: Manifest, detector: str | None, dose_factor: float | None, dose_mgy: float | None, sets: Sequence[str]
) -> list[str]:
    """Everything asked for as ``key=value``, once it is sure that it changes nothing that is grown."""
    if dose_factor is not None and dose_mgy is not None:
        raise UsageError("--dose-factor and --dose-mgy exclude each other")
    changes = []
    if detector is not None:
        changes.append(f"detector.name={json.dumps(detector)}")
    if dose_factor is not None:
        if not dose_factor > 0:
            raise UsageError(f"--dose-factor {dose_factor:g}: must be positive")
        drawn = _times(_recipe(manifest).exposure.dose_factor, dose_factor)
        changes.append(f"exposure.dose_factor={toml.value(drawn.to_plain())}")
    if dose_mgy is not None:
        changes += [f"exposure.dose_mgy={dose_mgy!r}", "exposure.dose_factor=1"]
    for change in sets:
        _refuse_grown(change.partition("=")[0].strip())
        changes.append(change)
    return changes


def _refuse_grown(key: str) -> None:
    section, _, name = key.partition(".")
    section = section.partition("[")[0]
    if section in _MACHINE or (section == "exam" and name in _EXAM):
        return
    if section == "exam":
        raise UsageError(f"--set {key}: the views are drawn already; of exam may be changed {', '.join(_EXAM)}")
    why = _DRAWN.get(section, "only the machine can be another one")
    raise UsageError(f"--set {key}: {why} already; rerender changes {', '.join(_MACHINE)}, and generate the rest")


def _times(draw: Draw, factor: float) -> Draw:
    """The draw of so many times the number: the same random numbers give the same value, times the factor."""
    if draw.form in ("constant", "uniform", "choices", "normal"):
        values = tuple(factor * value for value in draw.values)
    else:  # of a lognormal the second is a ratio
        values = (factor * draw.values[0], *draw.values[1:])
    return replace(draw, values=values, lo=factor * draw.lo, hi=factor * draw.hi)
