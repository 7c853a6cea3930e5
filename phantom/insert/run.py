"""`phantom insert`: a dataset of real pictures with calcifications in them."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from phantom.dataset.dataset import Dataset
from phantom.dataset.running.progress import Summary, Watcher
from phantom.dataset.running.run import RunOptions, generate
from phantom.errors import FolderError, UsageError
from phantom.exam import preset as presets
from phantom.imaging import mammography_units
from phantom.insert.inputs import Grouped, grouped, sources
from phantom.insert.look import unusable
from phantom.insert.maker import InsertedCases
from phantom.recipe.messages import suggestion
from phantom.recipe.overrides import as_sets


@dataclass(frozen=True)
class Options:
    """How calcifications are put into pictures.

    Attributes
    ----------
    per_image : int
        Findings of each breast, the same in all its views; 0: as many as the recipe has by chance.
    spacing_mm, view, laterality : optional
        What the files do not say.
    detector : str or None
        Of all pictures, in place of what headers say.
    contrast : float or None
        Of displayed pictures: grey values per unit of the natural logarithm of the exposure.
    keep_header : bool
        Whether cases keep the headers of DICOM files, with all that they say of the patient, for exports.
    """

    per_image: int = 1
    spacing_mm: float | None = None
    view: str | None = None
    laterality: str | None = None
    detector: str | None = None
    contrast: float | None = None
    keep_header: bool = False

    def texts(self) -> list[str]:
        """What of it changes the images, for the manifest."""
        is_file = self.detector is not None and self.detector.endswith(".toml")
        values = {
            "per_image": self.per_image, "detector": self.detector, "contrast": self.contrast,
            "keep_header": self.keep_header or None,
            "detector_text": mammography_units.text(self.detector or "") if is_file else None,
        }  # fmt: skip
        return [f"{name}={value}" for name, value in values.items() if value is not None]


def insert(
    normals: Sequence[str | Path],
    preset: str,
    out: str | Path | None = None,
    options: Options | None = None,
    *,
    seed: int = 0,
    sets: Sequence[str] = (),
    workers: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Watcher | None = None,
) -> tuple[Summary, Grouped]:
    """Put calcifications into real mammograms; the result is a dataset like any other.

    A case is a woman: her pictures that were taken together. All views of a side show the same findings. The same
    pictures, recipe and seed give the same files, whatever the number of workers. The files are only read.

    Parameters
    ----------
    normals : sequence of path
        DICOM, PNG or TIFF files, folders or CSV tables of them (`phantom.insert.inputs`).
    preset : str
        A preset's name, or a recipe's file.
    out : path
        As for `phantom.dataset.running.run.generate`, as are `seed`, `workers`, `resume`, `overwrite` and `progress`;
        by default ``<preset>-inserted``.
    options : Options
    sets : sequence of str
        ``key=value`` changes of the recipe.

    Returns
    -------
    Summary, Grouped
        What was made, and which files could not be used.

    Raises
    ------
    UsageError
        If nothing can be used, or the recipe has mistakes.
    PhantomError
        As `generate`.
    """
    options = options or Options()
    recipe = presets.load(preset, sets)
    if options.detector is not None:
        mammography_units.load(options.detector)
    _supported(recipe)
    folder = Path(out if out is not None else f"{recipe.name}-inserted")
    found = sources(normals, options.spacing_mm, options.view, options.laterality)
    for given in normals:
        if Path(given).is_dir() and Path(given).resolve() in (folder.resolve(), *folder.resolve().parents):
            raise FolderError(f"{folder}: lies among the pictures; choose an --out outside {given}")
    women = grouped(found)
    if not women.women:
        raise UsageError(unusable(women.refused))
    digest = hashlib.sha256("".join(woman.digest for woman in women.women).encode()).hexdigest()
    maker = InsertedCases(women.women, options.per_image, options.detector, options.contrast, options.keep_header)
    run_options = RunOptions(
        workers=workers, resume=resume, overwrite=overwrite, preset_text=presets.text(preset), make=maker,
        inserted={"pictures_sha256": digest, "options": options.texts()},
    )  # fmt: skip
    summary = generate(recipe, seed, len(women.women), folder, run_options, progress)
    return summary, women


def into_dataset(
    normals: str | Path | Sequence[str | Path],
    preset: str,
    out: str | Path | None = None,
    *,
    seed: int = 0,
    changes: Mapping[str, Any] | None = None,
    workers: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Watcher | None = None,
    **options: Any,
) -> Dataset:
    """Put calcifications into real mammograms, and open the dataset; what cannot be used is a warning.

    Parameters
    ----------
    normals : path, or sequence of path
        As for `insert`, as are the others that are not named here.
    changes : mapping
        Keys of the recipe, such as ``{"exam.twins": ["clean"]}``.
    **options
        Of `Options`: ``per_image``, ``spacing_mm``, ``view``, ``laterality``, ``detector``, ``contrast``,
        ``keep_header``.
    """
    known = list(Options.__dataclass_fields__)
    wrong = [name for name in options if name not in known]
    if wrong:
        raise UsageError(f"insert has no option '{wrong[0]}'; {suggestion(wrong[0], known)}")
    named = [normals] if isinstance(normals, str | Path) else list(normals)
    summary, women = insert(
        named, preset, out, Options(**options), seed=seed, sets=as_sets(changes or {}), workers=workers, resume=resume,
        overwrite=overwrite, progress=progress,
    )  # fmt: skip
    for file, why in women.refused:
        warnings.warn(f"left out: {file}: {why}", stacklevel=3)
    for text in women.warnings:
        warnings.warn(text, stacklevel=3)
    return Dataset(summary.folder)


def _supported(recipe: presets.Preset) -> None:
    """Refuse what real pictures cannot have."""
    exam, plain = recipe.exam, replace(recipe.exam, prior_years=(), magnification=0.0, patches=0, whole_views=True)
    if exam != plain:
        wrong = [
            name
            for name in ("prior_years", "magnification", "patches", "whole_views")
            if getattr(exam, name) != getattr(plain, name)
        ]
        raise UsageError(
            f"{recipe.name}: exam.{', exam.'.join(wrong)}: real pictures have no earlier years, magnified views or "
            "patches; choose another preset, or --set it away"
        )
