"""One exposure: a breast under the paddle, the machine that takes it, and when."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from phantom.anatomy.breast import Breast
from phantom.anatomy.projected import shadow
from phantom.arrays import F32
from phantom.calcifications.finding import Finding
from phantom.exam import field_of_view
from phantom.exam.field_of_view import Frame
from phantom.exam.preset import Preset
from phantom.exam.scene import Scene
from phantom.geometry.compression import Compression
from phantom.geometry.grid import Grid
from phantom.geometry.view import View
from phantom.recipe.seed import Seed


@dataclass(frozen=True, eq=False)
class Acquisition:
    """One exposure of a breast. Its tissue may serve several.

    Attributes
    ----------
    scene : Scene
        With the findings as they were then.
    view : View
    machine : Preset
        The recipe whose beam, detector and the rest take it.
    pressed : Compression
    frame : Frame
    tissue : ProjectedTissue
    word : str
        What the exposure is called in the variant: empty for the plain view, ``prior2``, ``mag1.8``.
    years_before : int
        Years before the latest examination.
    density : float or None
        The breast's, where the frame holds only a part of it.
    dose : float
        Times what the recipe's exposure gives.
    """

    scene: Scene
    view: View
    machine: Preset
    pressed: Compression
    frame: Frame
    tissue: shadow.ProjectedTissue
    word: str = ""
    years_before: int = 0
    density: float | None = None
    dose: float = 1.0

    @property
    def breast(self) -> Breast:
        """The breast under the paddle."""
        return self.scene.breasts[self.view.laterality]

    def seed_of(self, what: str) -> Seed:
        """The seed of ``noise`` or ``exposure``: every exposure has its own, and all twins share it."""
        root = self.scene.noise if what == "noise" else self.scene.seed
        return root.child(what, self.view.laterality, self.view.name, *([self.word] if self.word else []))


def position_breast(scene: Scene, view: View) -> Acquisition:
    """Compress a breast for the plain view."""
    breast = scene.breasts[view.laterality]
    pressed = breast.compress(view)
    frame = field_of_view.frame(breast, pressed, scene.preset.detector.grid)
    seed = scene.seed.child("texture", view.laterality, view.name)
    return Acquisition(
        scene, view, scene.preset, pressed, frame, shadow.project_tissue(breast, pressed, frame.window, seed)
    )


def prior_exam(contact: Acquisition, years: int) -> Acquisition:
    """The same view so many years earlier: the findings as they were, another day's noise.

    Estimated away: the breast and how it is compressed are taken to be the same.
    """
    return replace(contact, scene=contact.scene.at_prior(years), word=f"prior{years}", years_before=years)


def magnified(contact: Acquisition, finding: Finding, density: float) -> Acquisition | None:
    """A magnification view of the region around a finding; None if the field holds nothing of it.

    The small focus, no grid, and the breast raised from the detector: the air gap takes the grid's
    place. Pixels are smaller at the breast by the magnification. The region alone is irradiated
    (``exam.magnified_mm`` on a side, less where the breast's field ends), with more dose, for the
    gap costs the detector its quanta (``exam.magnified_dose``). The breast stays compressed as it
    was, where a clinic would use a smaller paddle.

    Parameters
    ----------
    contact : Acquisition
        The contact view.
    finding : Finding
    density : float
        The whole breast's.
    """
    exam, preset = contact.scene.preset.exam, contact.machine
    detector = preset.detector.magnified(exam.magnification)
    scatter = replace(preset.scatter, grid=False, air_gap_mm=detector.unit.support_detector_mm)
    machine = replace(preset, detector=detector, scatter=scatter)
    places = contact.pressed.forward(np.array([grain.centre_mm for grain in finding.calcifications], float))
    window, pitch = contact.frame.window, detector.pitch
    held = [
        abs(o + 0.5 * (n - 1) * window.pitch_mm - p) <= 0.5 * n * window.pitch_mm for o, n, p in _axes(window, places)
    ]
    if not all(held):
        return None
    shape, corner = [], []
    for (origin, pixels, place), most in zip(_axes(window, places), detector.grid.shape[::-1], strict=True):
        begin, length = origin - 0.5 * window.pitch_mm, pixels * window.pitch_mm
        size = min(round(exam.magnified_mm / pitch), int(length / pitch), most)
        first = min(max(place - 0.5 * size * pitch, begin), begin + length - size * pitch)
        shape.append(size)
        corner.append(first + 0.5 * pitch)
    region = Grid((shape[1], shape[0]), pitch, (corner[0], corner[1]))
    word = f"mag{exam.magnification:g}"
    return replace(
        contact,
        machine=machine,
        frame=Frame(region, region, (0, 0)),
        word=word,
        density=density,
        dose=exam.magnified_dose,
    )


def _axes(window: Grid, places: F32) -> list[tuple[float, int, float]]:
    """Origin, pixels and the finding's middle, along x and y."""
    middle = 0.5 * (places.min(axis=0) + places.max(axis=0))
    return [(window.origin_mm[k], window.shape[1 - k], float(middle[k])) for k in (0, 1)]
