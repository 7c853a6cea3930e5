"""Pure rendering: a scene and a view give an image with its truth, and only quantum noise is random here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from phantom.anatomy.patient import birads_density
from phantom.anatomy.projected.soft_tissue_lesions import shadow_points, unit_sphere
from phantom.calcifications.finding import Finding
from phantom.exam.acquisition import Acquisition, position_breast
from phantom.exam.field_of_view import Frame
from phantom.exam.mammogram import ViewImage, highest_class, mirrored
from phantom.exam.measure import Exposed, Placed, measure, object_truth
from phantom.exam.preset import Preset
from phantom.exam.scene import Scene
from phantom.exam.truth import CalcificationTruth, FindingTruth, ObjectTruth
from phantom.geometry.compression import Compression
from phantom.geometry.grid import Grid
from phantom.geometry.view import View
from phantom.imaging import beam as beams
from phantom.imaging.exposure import Technique
from phantom.imaging.projection import shadows
from phantom.imaging.quantities import Coarse, Collapsed, PathLengths, Signal, block_mean
from phantom.imaging.spectrum import Spectrum
from phantom.imaging.stamp_pixels import Windows
from phantom.tables import ImageRow

Keep = Callable[[Finding], bool]


def every(finding: Finding) -> bool:
    """Keep all findings: the plain view."""
    return True


def none(finding: Finding) -> bool:
    """Keep no calcification: the same breast without them, hosts included."""
    return False


def benign(finding: Finding) -> bool:
    """Keep what is not suspicious: benign findings and artefacts."""
    return finding.finding_class != "suspicious"


# what twins of a view keep, by the name of the variant
TWINS: dict[str, Keep] = {"clean": none, "benign": benign}


def render(scene: Scene, view: View, keep: Keep = every, variant: str = "") -> ViewImage:
    """One image of a scene. The same arguments give the same bytes.

    Parameters
    ----------
    scene : Scene
    view : View
        One of the scene's, or another of one of its breasts.
    keep : callable
        Which findings' calcifications are in it; tissue, hosts, scatter and the noise stay the same.
    variant : str
        What to call it if it is not the plain view, such as ``clean``.
    """
    return next(render_acquisition(position_breast(scene, view), {variant: keep}))


@dataclass(frozen=True, eq=False)
class _Twin:
    """What is in an image, and the primary signal where grains that it does not keep are gone."""

    name: str
    variant: str
    image_id: str
    findings: tuple[FindingTruth, ...]
    calcifications: tuple[CalcificationTruth, ...]
    objects: tuple[ObjectTruth, ...]
    where: Any
    primary: Any


def render_acquisition(acquisition: Acquisition, twins: Mapping[str, Keep]) -> Iterator[ViewImage]:
    """The images of one exposure, in the order of the twins.

    The twins share the tissue, the random numbers of the noise and the scatter (that of all grains: what leaving
    some out would change in it is far below the noise). For processing they are equal, bit for bit, except within
    `refilter.REACH` pixels (twice as many when magnified), along rows and columns, of the shadow of a grain that
    is in one and not in the other. The display is set to the first of them and shows the others alike.

    Parameters
    ----------
    acquisition : Acquisition
    twins : mapping of str to callable
        Variant to which findings' calcifications are in the image.
    """
    scene, view, machine, frame = acquisition.scene, acquisition.view, acquisition.machine, acquisition.frame
    placed = place_calcifications(scene, view, acquisition.pressed, frame.window)
    spectrum = machine.beam.at(machine.detector.unit, acquisition.pressed.thickness_mm)
    behind = beams.collapse(assemble(acquisition, placed), spectrum)
    density = behind.density if acquisition.density is None else acquisition.density
    technique = expose(acquisition, spectrum, density)
    mask = behind.thickness_mm > 0
    signal = signal_of(machine, frame, behind, spectrum, technique)
    exposed = Exposed(
        frame.window, frame.offset, frame.field.shape, behind.g_cm, behind.a_cm, signal, ceiling_kev(machine)
    )
    contents = [_twin(acquisition, name, keep, placed, exposed, spectrum, mask) for name, keep in twins.items()]
    del exposed, placed, behind  # what is done with makes room for the next stage: tens of megabytes each
    noise, detector = acquisition.seed_of("noise"), machine.detector
    # a single plain image needs no copy of what the others are made from
    kev = detector.blurred(signal, noise) if any(twin.where.size for twin in contents) or len(contents) > 1 else None
    adapted: object = None
    for twin in contents:
        own_signal, blurred = signal, None
        if twin.where.size and kev is not None:
            own_signal = replace(signal, primary=signal.primary.copy())
            own_signal.primary.reshape(-1)[twin.where] = twin.primary
            blurred = detector.reblurred(own_signal, signal, kev, noise)
        elif kev is not None:  # what is exposed is used up
            blurred = kev.copy() if twin is not contents[-1] else kev
        row = _row(acquisition, twin, technique, density)
        image, adapted = _image(acquisition, twin, own_signal, blurred, mask, row, adapted)
        del own_signal, blurred
        yield image
        del image


def _image(
    acquisition: Acquisition, twin: _Twin, signal: Signal, blurred_kev: Any, mask: Any, row: ImageRow,
    adapted: object,
) -> tuple[ViewImage, object]:  # fmt: skip
    """One twin, exposed, processed and hung; and what the display was set to. `blurred_kev` is used up."""
    detector, frame = acquisition.machine.detector, acquisition.frame
    raw = detector.expose(signal, acquisition.seed_of("noise"), frame.offset, frame.field.shape, blurred_kev)
    shown = acquisition.machine.presentation.present(
        raw,
        mask,
        frame.field.pitch_mm,
        acquisition.pressed.thickness_mm,
        zero_dn=float(detector.dn(0.0)),
        air_dn=float(detector.dn(signal.air_kev)),
        offset=frame.offset,
        noise=partial(detector.depth_noise, air_kev=signal.air_kev, energy_kev=float(signal.energy_kev.values.mean())),
        adapted=adapted,
    )
    image = ViewImage(
        twin.image_id, row, shown.pixels, raw.pixels, frame.whole(mask), twin.findings, twin.calcifications,
        twin.objects, shown.window_center, shown.window_width,
    )  # fmt: skip
    return (mirrored(image) if acquisition.view.laterality == "R" else image), shown.adapted


def _twin(
    acquisition: Acquisition, name: str, keep: Keep, placed: list[Placed], exposed: Exposed, spectrum: Spectrum,
    breast: Any,
) -> _Twin:  # fmt: skip
    """The truth of one twin. Its grains alone are in `exposed` while it is measured, and all are back afterwards."""
    variant = "+".join(word for word in (name, acquisition.word) if word)
    image_id = name_of(acquisition.scene.index, acquisition.view, variant)
    removed = [one for one in placed if not keep(one.finding)]
    where = _under(removed, exposed.grid)
    planes = exposed.g_cm.reshape(-1), exposed.a_cm.reshape(-1)
    before = [plane[where] for plane in planes]
    beams.add([one.stamp for one in removed], spectrum, exposed.g_cm, exposed.a_cm, -1)
    primary = spectrum.primary(planes[0][where], planes[1][where]) if where.size else np.zeros(0, np.float32)
    kept = in_breast([one for one in placed if keep(one.finding)], breast)
    findings, calcifications = measure(image_id, kept, exposed, spectrum, acquisition.machine.detector)
    objects = objects_of(acquisition.scene, acquisition.view, acquisition.pressed, image_id, exposed)
    for plane, values in zip(planes, before, strict=True):
        plane[where] = values
    return _Twin(name, variant, image_id, findings, calcifications, objects, where, primary)


def in_breast(placed: list[Placed], breast: Any) -> list[Placed]:
    """The grains whose masks have a pixel in the breast, (rows, columns) bool of the window: of the others, which lie
    in the skin's rim or in folds that the picture leaves out, it shows nothing, and the truth has no row."""
    if not placed:
        return []
    windows = Windows.around([one.shadow for one in placed])
    mask = windows.mask(np.concatenate([one.shadow.coverage.reshape(-1) for one in placed]))
    seen = np.logical_or.reduceat(mask & breast[windows.row, windows.column], windows.first)
    return [one for one, shown in zip(placed, seen.tolist(), strict=True) if shown]


def _under(placed: list[Placed], grid: Grid) -> Any:
    """(n,) int64: flat indices of the pixels that the grains' shadows fall on."""
    if not placed:
        return np.zeros(0, np.int64)
    under = Windows.around([one.shadow for one in placed])
    return np.unique((under.row * grid.shape[1] + under.column)[under.path_mm != 0])


def _row(acquisition: Acquisition, twin: _Twin, technique: Technique, density: float) -> ImageRow:
    """The image's row of the images table."""
    view, field = acquisition.view, acquisition.frame.field
    return ImageRow(
        image_id=twin.image_id,
        case=acquisition.scene.index,
        woman_id=acquisition.scene.woman_id,
        source="grown",
        modality="MG",
        variant=twin.variant,
        twin=twin.name,
        years_before=acquisition.years_before,
        magnification=acquisition.machine.detector.magnification,
        patch=False,
        laterality=view.laterality,
        view=view.name,
        rows=field.shape[0],
        columns=field.shape[1],
        pixel_spacing_mm=field.pitch_mm,
        detector=acquisition.machine.detector.unit.name,
        converter=acquisition.machine.detector.unit.converter,
        thickness_mm=acquisition.pressed.thickness_mm,
        density=density,
        birads_density=birads_density(density),
        age=acquisition.breast.age - acquisition.years_before,
        angle_deg=view.angle_deg,
        target_filter=technique.target_filter,
        tube_kv=technique.tube_kv,
        mas=technique.mas,
        entrance_kerma_mgy=technique.entrance_kerma_mgy,
        detector_kerma_ugy=technique.detector_kerma_ugy,
        mgd_mgy=technique.mgd_mgy,
        calcium_mg=sum(grain.row.mass_mg for grain in twin.calcifications),
        class_=highest_class(finding.row.class_ for finding in twin.findings),
        n_findings=len(twin.findings),
        n_calcifications=len(twin.calcifications),
    )


def name_of(index: int, view: View, variant: str) -> str:
    """The image's id."""
    return f"{index:06d}-{view.laterality}-{view.name}" + (f"+{variant}" if variant else "")


def present_in(finding: Finding, view: View) -> bool:
    """Whether a finding lies in the breast of a view, and was there when it was taken."""
    return finding.laterality == view.laterality and (not finding.views or view.name in finding.views)


def place_calcifications(
    scene: Scene, view: View, pressed: Compression, window: Grid, keep: Keep = every
) -> list[Placed]:
    """Every calcification that the window holds, where and how it lies in the view, in the order of the ids."""
    grains = [
        (finding, grain)
        for finding in scene.findings
        if present_in(finding, view) and keep(finding)
        for grain in finding.calcifications
    ]
    poses = pressed.poses(np.array([grain.centre_mm for _, grain in grains], float).reshape(-1, 3))
    casts = shadows([grain.shape for _, grain in grains], poses, window)
    return [
        Placed(finding, grain, cast, float(pose.centre_mm[2]))
        for (finding, grain), pose, cast in zip(grains, poses, casts, strict=True)
        if cast is not None
    ]


def assemble(acquisition: Acquisition, placed: list[Placed]) -> PathLengths:
    """Tissue and calcifications under the frame's window."""
    window = acquisition.frame.window
    return PathLengths(window, acquisition.tissue.window(window), tuple(one.stamp for one in placed))


def expose(acquisition: Acquisition, spectrum: Spectrum, density: float) -> Technique:
    """The exposure's technique."""
    machine, thickness_mm = acquisition.machine, acquisition.pressed.thickness_mm
    grid = machine.scatter.grid
    set_by_it = machine.exposure.at(
        spectrum, machine.detector.unit, thickness_mm, density, acquisition.seed_of("exposure"), grid=grid
    )
    return set_by_it.times(acquisition.dose) if acquisition.dose != 1 else set_by_it


def signal_of(preset: Preset, frame: Frame, behind: Collapsed, spectrum: Spectrum, technique: Technique) -> Signal:
    """What reaches the converter: primary, scatter, and how noisy each keV is."""
    unit, grid, times = preset.detector.unit, frame.window, np.float32(preset.detector.magnification)
    primary = spectrum.primary(behind.g_cm, behind.a_cm)
    scatter_signal = preset.scatter.scatter_signal(
        primary, behind.thickness_mm, grid.pitch_mm, spectrum.target_filter, grid_factor=unit.grid_factor,
        collimated=preset.detector.magnification > 1,
    )  # fmt: skip
    energy = spectrum.energy_kev(
        block_mean(behind.g_cm, scatter_signal.step), block_mean(behind.a_cm, scatter_signal.step)
    )
    coarse = np.arange(energy.shape[1]), np.arange(energy.shape[0])
    x_mm = grid.origin_mm[0] + (coarse[0] * scatter_signal.step + 0.5 * (scatter_signal.step - 1)) * grid.pitch_mm
    row = (
        frame.offset[0]
        + coarse[1] * scatter_signal.step
        + 0.5 * (scatter_signal.step - 1)
        - 0.5 * (frame.field.shape[0] - 1)
    )
    at = x_mm.astype(np.float32)[None, :] * times, (row * grid.pitch_mm).astype(np.float32)[:, None] * times
    flux = preset.beam.flux(*at, unit)
    return Signal(
        primary,
        scatter_signal,
        Coarse(energy / flux, scatter_signal.step, grid.shape),
        technique.air_kev(spectrum, preset.detector.pixel_mm),
    )


def ceiling_kev(preset: Preset) -> float:
    """Energy per pixel at which the detector saturates."""
    detector, zero = preset.detector, float(preset.detector.dn(0.0))
    return (detector.unit.largest_dn - zero) / (float(detector.dn(1.0)) - zero)


def objects_of(
    scene: Scene, view: View, pressed: Compression, image_id: str, exposed: Exposed
) -> tuple[ObjectTruth, ...]:
    """The rows of the soft-tissue lesions that findings live in."""
    sphere = unit_sphere(200)
    rows = []
    for finding in scene.findings:
        if finding.laterality == view.laterality:
            for host in finding.hosts:
                surface = shadow_points(host, pressed, sphere)
                rows.append(object_truth(image_id, finding.finding_id, host, surface, exposed))
    return tuple(row for row in rows if row is not None)
