"""A case: one woman's breast or breasts, grown and imaged, with the truth. No file is written here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from phantom.exam import preset as presets
from phantom.exam import scene as scenes
from phantom.exam.difficulty import match_detectability
from phantom.exam.images import images
from phantom.exam.mammogram import ViewImage
from phantom.exam.preset import Preset
from phantom.recipe.seed import Seed

__all__ = ["Case", "ViewImage", "case_seed", "render_case", "simulate", "simulate_for_dataset"]


@dataclass(frozen=True, eq=False)
class Case:
    """All images of one case, and the scene they can be rendered from again.

    Attributes
    ----------
    index : int
    views : tuple of ViewImage
    scene : dict
        What was grown, ready for JSON: the recipe as resolved, the seed path, the findings with their solids.
    dropped : tuple of str
        Findings that found no place, in words.
    """

    index: int
    views: tuple[ViewImage, ...]
    scene: dict[str, Any]
    dropped: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Case {self.index}: {', '.join(view.image_id for view in self.views)}>"


def simulate(preset: str | Preset, seed: int = 0, index: int = 0, **changes: Any) -> Case:
    """Grow one case and make its images.

    Parameters
    ----------
    preset : str or Preset
        A preset's name, a recipe file's path, or a recipe that has been read.
    seed : int
        The dataset's, 0 or larger.
    index : int
        The case's. It is the same whatever other cases are made.
    **changes
        Keys of the recipe, as `Preset.with_` takes them: ``**{"detector.binning": 4}``.

    Raises
    ------
    UsageError
        If there is no such preset, or the recipe has mistakes.
    """
    recipe = presets.load(preset) if isinstance(preset, str) else preset
    return render_case(_scene(recipe.with_(**changes) if changes else recipe, seed, index))


def simulate_for_dataset(preset: str | Preset, seed: int = 0, index: int = 0) -> Case:
    """`simulate` for a dataset: images for processing are freed immediately where the recipe does not keep them."""
    scene = _scene(preset, seed, index)
    return render_case(scene, raw=scene.preset.exam.keep_for_processing)


def _scene(preset: str | Preset, seed: int, index: int) -> scenes.Scene:
    recipe = presets.load(preset) if isinstance(preset, str) else preset
    return match_detectability(scenes.grow(recipe, case_seed(recipe.name, seed, index), index))


def case_seed(recipe: str, seed: int, index: int) -> Seed:
    """The place of a case in the tree of seeds: recipes of other names grow other women from the same seed."""
    return Seed(seed).child("case", recipe, index)


def render_case(scene: scenes.Scene, *, raw: bool = True) -> Case:
    """All images of a scene, with those for processing or without. Only quantum noise is random here."""
    none = np.zeros((0, 0), np.uint16)
    views = tuple(view if raw else replace(view, for_processing=none) for view in images(scene))
    return Case(scene.index, views, scene.to_dict(), scene.dropped)
