"""What cannot be made, known from the recipe alone: refused before a folder is made, in place of every case failing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Protocol

import numpy as np

from phantom.anatomy.patient import Anatomy
from phantom.errors import UsageError
from phantom.imaging import spectrum
from phantom.imaging.beam import Beam
from phantom.imaging.detector import Detector
from phantom.imaging.exposure import Exposure
from phantom.imaging.scatter import Scatter
from phantom.recipe.draw import Draw
from phantom.recipe.seed import Seed


class Stages(Protocol):
    """The stages of a recipe that decide whether an image can be made."""

    @property
    def anatomy(self) -> Anatomy:
        """The patient."""
        ...

    @property
    def beam(self) -> Beam:
        """Target, filter and voltage."""
        ...

    @property
    def exposure(self) -> Exposure:
        """The dose."""
        ...

    @property
    def scatter(self) -> Scatter:
        """The grid."""
        ...

    @property
    def detector(self) -> Detector:
        """The machine."""
        ...


def problems(preset: Stages) -> list[str]:
    """One line for each thing that no case of the recipe can be made with, by full name."""
    try:
        preset.anatomy.draw(np.random.default_rng(0))
    except UsageError as why:
        return [str(why)]
    return list(_voltages(preset)) or list(_doses(preset))


def _voltages(preset: Stages) -> Iterator[str]:
    """A voltage outside the table of a beam that the unit takes for a thickness which the recipe may draw."""
    beam, unit = preset.beam, preset.detector.unit
    if not beam.tube_kv or beam.target_filter != "auto":
        return
    least, most = preset.anatomy.thickness_mm.bounds
    most = max(most, most + preset.anatomy.oblique_extra_mm.bounds[1])
    thicknesses = {least, most, *(up_to for up_to, *_ in unit.exposure if least <= up_to <= most)}
    for thickness in sorted(thicknesses):
        name, _ = unit.technique(thickness)
        lo, hi = spectrum.tube_range_kv(name)
        if not lo <= beam.tube_kv <= hi:
            yield (
                f"beam.tube_kv = {beam.tube_kv:g}: {name}, which {unit.name} takes at {thickness:g} mm, is tabulated "
                f"from {lo:g} to {hi:g} kV; choose another, or a beam.target_filter"
            )
            return


def _doses(preset: Stages) -> Iterator[str]:
    """Doses of which a breast of middling thickness and density shows nothing: no signal, or a saturated detector."""
    unit, exposure = preset.detector.unit, preset.exposure
    thickness, density = (getattr(preset.anatomy, name).quantile(0.5) for name in ("thickness_mm", "density"))
    beam = preset.beam.at(unit, thickness)
    for dose, factor in product(sorted(set(exposure.dose_mgy.bounds)), sorted(set(exposure.dose_factor.bounds))):
        asked = type(exposure)(Draw.constant(dose), Draw.constant(factor))
        technique = asked.at(beam, unit, thickness, density, Seed(0), grid=preset.scatter.grid)
        signal = technique.detector_kerma_ugy * unit.gain_dn_per_ugy
        found = f"exposure: {technique.mgd_mgy:.3g} mGy (dose_mgy = {dose:g}, dose_factor = {factor:g})"
        if signal < 1:
            yield f"{found} give a constant image: less than one grey value of {unit.name} behind the breast; more dose"
            return
        if unit.offset_dn + signal >= unit.largest_dn:
            yield f"{found} give a constant image: {unit.name} saturates behind the breast; less dose"
            return
