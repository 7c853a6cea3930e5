"""One woman's pictures with calcifications in them: a case of a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from phantom.anatomy.patient import birads_density
from phantom.arrays import U16
from phantom.calcifications.finding import Finding
from phantom.dataset.format.layout import INSERTED_SCENE
from phantom.errors import PhantomError
from phantom.exam.case import Case
from phantom.exam.mammogram import ViewImage, highest_class, mirrored
from phantom.exam.preset import Preset
from phantom.exam.render import TWINS, Keep, every, name_of
from phantom.exam.scene import Scene
from phantom.geometry.view import Laterality
from phantom.imaging.quantities import ForProcessing
from phantom.insert import blend, growth, levelled, truth
from phantom.insert.blend import Canvas
from phantom.insert.bodies import bodies_in
from phantom.insert.estimate import estimate
from phantom.insert.fit import FittedBreast, FittedView, fitted
from phantom.insert.inputs import Woman, digest_of, woman_digest
from phantom.insert.picture import Picture
from phantom.insert.placing import placed_in
from phantom.insert.unit import named, offset_dn, unit_of
from phantom.recipe.seed import Seed
from phantom.tables import ImageRow


@dataclass(frozen=True)
class InsertedCases:
    """Makes the case of each woman; small, for it is sent to every worker.

    Attributes
    ----------
    women : tuple of Woman
    per_image : int
        Findings of each breast; 0: as many as the recipe has by chance.
    detector : str or None
        Of all pictures, in place of what headers say.
    contrast : float or None
        Grey values per unit of the logarithm of the exposure, in place of the estimate.
    keep_header : bool
        Whether the case keeps all that the files' headers say, the patient's name among it.
    """

    women: tuple[Woman, ...]
    per_image: int = 1
    detector: str | None = None
    contrast: float | None = None
    keep_header: bool = False

    def __call__(self, preset: Preset, seed: int, index: int) -> Case:
        """The case of one woman: it depends on her pictures, the recipe and the seed, and on no other woman."""
        pictures = [source.read()[0] for source in self.women[index].sources]
        woman_id = woman_digest([digest_of(picture) for picture in pictures])
        if woman_id != self.women[index].digest:
            raise PhantomError(f"{self.women[index].sources[0].path}: has changed since the run began; begin it again")
        case_seed = Seed(seed).child("insert", preset.name, woman_id)
        canvases = [self._canvas(picture) for picture in pictures]
        breasts: dict[Laterality, FittedBreast] = {}
        sides: tuple[Laterality, ...] = ("L", "R")
        for side in sides:
            of_side = [(one.picture, one.found) for one in canvases if one.picture.laterality == side]
            if of_side:
                breasts[side] = fitted(preset.anatomy, case_seed, side, of_side)
        on: dict[tuple[str, str], Canvas] = {(one.picture.laterality, one.picture.view): one for one in canvases}
        grown, dropped = growth.findings(preset, case_seed, breasts, self.per_image, on)
        grown, more = levelled.levelled(grown, breasts, on, case_seed)
        keep_raw = preset.exam.keep_for_processing or any(picture.linear for picture in pictures)
        recipe = replace(preset, exam=replace(preset.exam, keep_for_processing=keep_raw))
        views = tuple(
            image
            for side, breast in breasts.items()
            for view in breast.pictured
            for image in _images(recipe, case_seed, index, on[side, view.view.name], view, grown, woman_id)
        )
        ordered = tuple(view.view for breast in breasts.values() for view in breast.pictured)
        scene = Scene(recipe, case_seed, index, breasts, ordered, grown, (*dropped, *more))
        stored = {**scene.to_dict(), "format": INSERTED_SCENE, "pictures": [_estimates(one) for one in canvases]}
        if self.keep_header:
            for kept, source in zip(stored["pictures"], self.women[index].sources, strict=True):
                kept["header"] = source.header()
        return Case(index, views, stored, scene.dropped)

    def _canvas(self, picture: Picture) -> Canvas:
        name = self.detector or named(picture.header.manufacturer, picture.header.model)
        found = estimate(picture, offset_dn(name) if picture.linear else 0.0)
        return blend.canvas(picture, found, unit_of(picture, found.thickness_mm, 0.15, self.detector), self.contrast)


def _images(
    recipe: Preset, seed: Seed, index: int, on: Canvas, view: FittedView, findings: Sequence[Finding], woman_id: str
) -> Iterator[ViewImage]:
    """The picture with its calcifications, and its twins."""
    placed, bodies = placed_in(findings, view, on.grid), bodies_in(findings, view, on, seed)
    noise = seed.child("noise", on.picture.laterality, view.view.name)
    twins: dict[str, Keep] = {"": every} | {name: TWINS[name] for name in recipe.exam.twins}
    mask = on.found.segmented.whole(on.found.segmented.breast, on.grid.shape)
    for variant, keep in twins.items():
        kept = [one for one in placed if keep(one.finding)]
        around = [body for body in bodies if keep(body.finding)]
        image_id = name_of(index, view.view, variant)
        pixels = blend.blended(on, kept, noise, around)
        found, grains, _ = truth.measured(on, kept, image_id, around)
        objects = truth.objects(on, view, [finding for finding in findings if keep(finding)], image_id)
        shown, raw, center, width = _shown(recipe, on, pixels, mask)
        row = replace(
            _row(on, view, image_id, index, variant, woman_id),
            calcium_mg=sum(grain.row.mass_mg for grain in grains),
            class_=highest_class(finding.row.class_ for finding in found),
            n_findings=len(found),
            n_calcifications=len(grains),
        )
        image = ViewImage(image_id, row, shown, raw, mask, found, grains, objects, center, width)
        yield mirrored(image) if on.picture.laterality == "R" else image


def _shown(recipe: Preset, on: Canvas, pixels: U16, mask: Any) -> tuple[U16, U16, float, float]:
    """For presentation, for processing, and the window: a linear picture is presented as the recipe says."""
    picture = on.picture
    none = np.zeros((0, 0), np.uint16)
    if not picture.linear:
        center, width = picture.header.window or (0.5 * (picture.largest + 1), float(picture.largest + 1))
        return pixels, none, center, width
    shown = recipe.presentation.present(
        ForProcessing(pixels), mask, picture.spacing_mm, on.found.thickness_mm, zero_dn=on.unit.offset_dn,
        air_dn=on.unit.offset_dn + on.under.air, noise=on.depth_noise,
    )  # fmt: skip
    return shown.pixels, pixels, shown.window_center, shown.window_width


def _row(on: Canvas, view: FittedView, image_id: str, index: int, variant: str, woman_id: str) -> ImageRow:
    """The image's row; what nobody knows of a real picture (the woman's age) is 0 or empty."""
    picture, technique = on.picture, on.unit.technique
    density = on.under.density
    response = on.response
    return ImageRow(
        image_id=image_id,
        case=index,
        woman_id=woman_id,
        source="inserted",
        modality="MG",
        variant=variant,
        twin=variant,
        magnification=1.0,
        laterality=picture.laterality,
        view=picture.view,
        rows=picture.pixels.shape[0],
        columns=picture.pixels.shape[1],
        pixel_spacing_mm=picture.spacing_mm,
        detector=on.unit.detector.unit.name if on.unit.known else "unknown",
        converter=on.unit.detector.unit.converter,
        thickness_mm=on.found.thickness_mm,
        density=density,
        birads_density=birads_density(density),
        angle_deg=view.view.angle_deg,
        bits_stored=picture.bits,
        thickness_sd_mm=on.found.thickness_sd_mm,
        target_filter=technique.target_filter,
        tube_kv=technique.tube_kv,
        mas=technique.mas,
        entrance_kerma_mgy=technique.entrance_kerma_mgy,
        detector_kerma_ugy=technique.detector_kerma_ugy,
        mgd_mgy=technique.mgd_mgy,
        grey_per_contrast=0.0 if response is None else float(response.gain(response.at)),
        grey_per_contrast_sd=0.0 if response is None else float(response.gain(response.at)) * response.sd,
        years_before=0,
        patch=False,
        age=0.0,
        calcium_mg=0.0,
        class_="",
        n_findings=0,
        n_calcifications=0,
    )


def _estimates(on: Canvas) -> dict[str, Any]:
    """What was found in a picture, for the case's file."""
    power, response = on.found.spectra, on.response
    out: dict[str, Any] = {
        "laterality": on.picture.laterality,
        "view": on.picture.view,
        "for_processing": on.picture.linear,
        "bits": on.picture.bits,
        "unit_known": on.unit.known,
        "thickness_sd_mm": on.found.thickness_sd_mm,
        "area_cm2": on.found.area_cm2,
        "dense_share": on.found.dense_share,
        "nipple_mm": list(on.found.landmarks.nipple_mm),
        "nipple_in_profile": on.found.landmarks.nipple_in_profile,
        "muscle": bool(on.found.muscle.any()),
        "noise_sd": power.noise_sd,
        "beta": power.beta,
    }
    if response is not None:
        out |= {"noise_gain": response.noise_gain, "levels_gain": response.levels_gain, "gain_sd": response.sd,
                "detail_raised": response.raised}  # fmt: skip
    return out
