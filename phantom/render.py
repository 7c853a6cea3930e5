"""Pure rendering: a scene and a view give an image with its truth, and nothing is drawn but the quantum noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from phantom import framing
from phantom.anatomy import shadow as tissue_shadow
from phantom.anatomy.bodies import shadow_points
from phantom.anatomy.breast import Breast
from phantom.anatomy.woman import birads_density
from phantom.calcifications.calcification import Finding
from phantom.framing import Frame
from phantom.geometry.compression import Compression
from phantom.geometry.grid import Grid
from phantom.geometry.view import View
from phantom.image import ViewImage, highest_class, mirrored
from phantom.imaging import beam as beams
from phantom.imaging.arrays import Coarse, PathLengths, Signal
from phantom.imaging.exposure import Technique
from phantom.imaging.projection import shadow
from phantom.imaging.scatter import block_mean
from phantom.imaging.spectrum import Spectrum
from phantom.preset import Preset
from phantom.scene import Scene
from phantom.truth import Exposed, HostTruth, Placed, host_truth, measure

Keep = Callable[[Finding], bool]


def every(finding: Finding) -> bool:
    """Keep all findings: the plain view."""
    return True


def none(finding: Finding) -> bool:
    """Keep no calcification: the same breast without them, hosts included."""
    return False


def render(scene: Scene, view: View, keep: Keep = every, variant: str = "") -> ViewImage:
    """One image of a scene. The same arguments give the same bytes.

    Parameters
    ----------
    scene : Scene
    view : View
        One of the scene's, or another of one of its breasts.
    keep : callable
        Which findings' calcifications are in it; tissue, hosts and the dice of noise stay the same.
    variant : str
        What to call it if it is not the plain view, such as ``clean``.
    """
    preset, breast = scene.preset, scene.breasts[view.laterality]
    pressed = breast.compress(view)
    frame = framing.frame(breast, pressed, preset.detector.grid)
    placed = place(scene, view, pressed, frame.window, keep)
    paths, density = project(scene, breast, pressed, frame, placed)
    spectrum = preset.beam.at(preset.detector.system, pressed.thickness_mm)
    technique = expose(scene, view, spectrum, pressed.thickness_mm, density)
    g_cm, a_cm = beams.collapse(paths, spectrum)
    mask = paths.thickness_mm > 0
    signal = signal_of(preset, paths, g_cm, a_cm, spectrum, technique)
    del paths  # what is done with makes room for the next stage: tens of megabytes each
    image_id = name_of(scene.index, view, variant)
    exposed = Exposed(frame.window, frame.offset, frame.field.shape, g_cm, a_cm, signal, ceiling_kev(preset))
    findings, calcifications = measure(image_id, placed, exposed, spectrum, preset.detector)
    hosts = hosts_of(scene, view, pressed, image_id, exposed)
    del exposed, placed, g_cm, a_cm
    noise = scene.seed.child("noise", view.laterality, view.name)
    raw = preset.detector.expose(signal, noise, frame.offset, frame.field.shape)
    shown = preset.presentation.present(
        raw,
        mask,
        frame.field.pitch_mm,
        pressed.thickness_mm,
        zero_dn=float(preset.detector.dn(0.0)),
        air_dn=float(preset.detector.dn(signal.air_kev)),
        offset=frame.offset,
    )
    row = {
        "image_id": image_id,
        "case": scene.index,
        "variant": variant,
        "laterality": view.laterality,
        "view": view.name,
        "rows": frame.field.shape[0],
        "columns": frame.field.shape[1],
        "pixel_spacing_mm": frame.field.pitch_mm,
        "detector": preset.detector.system.name,
        "thickness_mm": pressed.thickness_mm,
        "density": density,
        "birads_density": birads_density(density),
        "age": breast.age,
        "angle_deg": view.angle_deg,
        "target_filter": technique.target_filter,
        "tube_kv": technique.tube_kv,
        "mas": technique.mas,
        "entrance_kerma_mgy": technique.entrance_kerma_mgy,
        "detector_kerma_ugy": technique.detector_kerma_ugy,
        "mgd_mgy": technique.mgd_mgy,
        "class": highest_class(finding.row["class"] for finding in findings),
        "n_findings": len(findings),
        "n_calcifications": len(calcifications),
    }
    image = ViewImage(
        image_id, row, shown.pixels, raw.pixels, frame.whole(mask), findings, calcifications, hosts, shown.window_center, shown.window_width
    )
    return mirrored(image) if view.laterality == "R" else image


def name_of(index: int, view: View, variant: str) -> str:
    """The image's id."""
    return f"{index:06d}-{view.laterality}-{view.name}" + (f"+{variant}" if variant else "")


def present_in(finding: Finding, view: View) -> bool:
    """Whether a finding lies in the breast of a view, and was there when it was taken."""
    return finding.laterality == view.laterality and (not finding.views or view.name in finding.views)


def place(scene: Scene, view: View, pressed: Compression, window: Grid, keep: Keep = every) -> list[Placed]:
    """Every calcification that the window holds, where and how it lies in the view, in the order of the ids."""
    grains = [
        (finding, grain)
        for finding in scene.findings
        if present_in(finding, view) and keep(finding)
        for grain in finding.calcifications
    ]
    poses = pressed.poses(np.array([grain.centre_mm for _, grain in grains], float).reshape(-1, 3))
    shadows = [shadow(grain.shape, pose, window) for (_, grain), pose in zip(grains, poses, strict=True)]
    return [
        Placed(finding, grain, cast, float(pose.centre_mm[2]))
        for (finding, grain), pose, cast in zip(grains, poses, shadows, strict=True)
        if cast is not None
    ]


def project(
    scene: Scene, breast: Breast, pressed: Compression, frame: Frame, placed: list[Placed]
) -> tuple[PathLengths, float]:
    """Path lengths of tissue and calcifications under the window, and the breast's density."""
    seed = scene.seed.child("texture", pressed.view.laterality, pressed.view.name)
    tissue = tissue_shadow.project(breast, pressed, frame.window, seed)
    stamps = tuple(
        one.shadow.stamp(one.calcification.material, one.calcification.packing, one.calcification.displaces) for one in placed
    )
    paths = PathLengths(frame.window, frame.offset, tissue.materials, tissue.thickness_mm, frame.field.shape, stamps)
    return paths, tissue.density


def expose(scene: Scene, view: View, spectrum: Spectrum, thickness_mm: float, density: float) -> Technique:
    """The exposure of one view."""
    preset, seed = scene.preset, scene.seed.child("exposure", view.laterality, view.name)
    return preset.exposure.at(spectrum, preset.detector.system, thickness_mm, density, seed, grid=preset.scatter.grid)


def signal_of(preset: Preset, paths: PathLengths, g_cm: Any, a_cm: Any, spectrum: Spectrum, technique: Technique) -> Signal:
    """What reaches the converter: primary, scatter, and how noisy each keV is."""
    system, grid = preset.detector.system, paths.grid
    primary = spectrum.primary(g_cm, a_cm)
    veil = preset.scatter.veil(
        primary, paths.thickness_mm, grid.pitch_mm, spectrum.target_filter, grid_factor=system.grid_factor
    )
    energy = spectrum.energy_kev(block_mean(g_cm, veil.step), block_mean(a_cm, veil.step))
    coarse = np.arange(energy.shape[1]), np.arange(energy.shape[0])
    x_mm = grid.origin_mm[0] + (coarse[0] * veil.step + 0.5 * (veil.step - 1)) * grid.pitch_mm
    row = paths.offset[0] + coarse[1] * veil.step + 0.5 * (veil.step - 1) - 0.5 * (paths.full_shape[0] - 1)
    flux = preset.beam.flux(x_mm.astype(np.float32)[None, :], (row * grid.pitch_mm).astype(np.float32)[:, None], system)
    return Signal(primary, veil, Coarse(energy / flux, veil.step, grid.shape), technique.air_kev(spectrum, preset.detector.pixel_mm))


def ceiling_kev(preset: Preset) -> float:
    """Energy per pixel at which the detector saturates."""
    detector, zero = preset.detector, float(preset.detector.dn(0.0))
    return (detector.system.largest_dn - zero) / (float(detector.dn(1.0)) - zero)


def hosts_of(scene: Scene, view: View, pressed: Compression, image_id: str, exposed: Exposed) -> tuple[HostTruth, ...]:
    """The rows of the bodies that findings live in."""
    sphere = _sphere(200)
    rows = []
    for finding in scene.findings:
        if finding.laterality == view.laterality:
            for host in finding.hosts:
                surface = shadow_points(host, pressed, sphere)
                rows.append(host_truth(image_id, finding.finding_id, host, surface, exposed))
    return tuple(row for row in rows if row is not None)


def _sphere(count: int) -> Any:
    """(count, 3): points spread evenly over the unit sphere (a Fibonacci spiral)."""
    k = np.arange(count) + 0.5
    z, turn = 1 - 2 * k / count, np.pi * (1 + np.sqrt(5)) * k
    flat = np.sqrt(1 - z * z)
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), z], axis=1)
