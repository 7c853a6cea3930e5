"""The truth measured: each calcification alone is sent through the same projector, beam and detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from phantom import rle
from phantom.anatomy.breast import Host
from phantom.arrays import F32, Bools, Floats, Points
from phantom.calcifications.finding import Calcification, Finding
from phantom.exam.together import dprime_together
from phantom.exam.truth import CalcificationTruth, FindingTruth, ObjectTruth
from phantom.geometry import hull
from phantom.geometry.grid import Grid
from phantom.imaging import beam, materials, structure
from phantom.imaging.observer import DetectorResponse, Difference, detectability_in
from phantom.imaging.projection import Shadow
from phantom.imaging.quantities import Coarse, Signal, Stamp
from phantom.imaging.stamp_pixels import Windows
from phantom.imaging.structure import Structure
from phantom.tables import CalcificationRow, FindingRow, ObjectRow

VISIBLE_DPRIME = 4.0  # a human needs about 1/0.65 of the ideal observer's 2.6 (92 % right of four choices)


@dataclass(frozen=True, eq=False)
class Placed:
    """A calcification in a view: the finding it belongs to, its shadow on the window's grid, its height."""

    finding: Finding
    calcification: Calcification
    shadow: Shadow
    z_mm: float

    @property
    def stamp(self) -> Stamp:
        """Its shadow as the machine takes it."""
        grain = self.calcification
        return self.shadow.stamp(grain.material, grain.relative_density, grain.displaces)


class Optics(beam.Basis, Protocol):
    """The beam, as the truth needs it (`phantom.imaging.spectrum.Spectrum`)."""

    def primary(self, g_cm: F32, a_cm: F32) -> F32:
        """Signal behind these lengths of glandular and adipose tissue, over that of the open beam."""
        ...


@dataclass(frozen=True, eq=False)
class Exposed:
    """A window of the noiseless image, all calcifications in it.

    Attributes
    ----------
    grid : Grid
        The window's.
    offset : (int, int)
        Its first row and column in the image.
    image_shape : (int, int)
    g_cm, a_cm : (rows, columns) float32
        Glandular and adipose lengths that everything in the beam is worth.
    signal : Signal
        What reaches the converter.
    ceiling_kev : float
        The energy per pixel at which the detector saturates: what lies above is not seen.
    """

    grid: Grid
    offset: tuple[int, int]
    image_shape: tuple[int, int]
    g_cm: F32
    a_cm: F32
    signal: Signal
    ceiling_kev: float = np.inf


def measure(
    image_id: str,
    placed: Sequence[Placed],
    exposed: Exposed,
    optics: Optics,
    converter: DetectorResponse,
    tissue: Structure | None = None,
) -> tuple[tuple[FindingTruth, ...], tuple[CalcificationTruth, ...]]:
    """The truth of every calcification and finding in one image.

    Parameters
    ----------
    image_id : str
    placed : sequence of Placed
        What the window holds, in the order of the ids.
    exposed : Exposed
        The noiseless image.
    optics, converter
        The beam and the detector that made it.
    tissue : Structure or None
        The structure around each, where it is known; None to measure it in the image.

    Returns
    -------
    findings, calcifications : tuples
        Rows, masks and hulls. Places are in pixels of the whole image.
    """
    if not placed:
        return (), ()
    windows = Windows.around([one.shadow for one in placed])
    mask = windows.mask(np.concatenate([one.shadow.coverage.reshape(-1) for one in placed]))
    contrast, differences = _differences(placed, windows, mask, exposed, optics)
    if tissue is None:
        tissue = _tissue(placed, windows, exposed, optics)
    pitch_mm = exposed.grid.pitch_mm
    sdnr, dprime, structured = detectability_in(differences, tissue, pitch_mm, converter)
    measured = {"contrast": contrast, "sdnr": sdnr, "dprime": dprime, "dprime_structured": structured}
    calcifications = _calcifications(image_id, placed, windows, mask, exposed, measured)
    members: dict[int, list[int]] = {}
    for i, one in enumerate(placed):
        members.setdefault(one.finding.finding_id, []).append(i)
    groups = [which for _, which in sorted(members.items())]
    corners = [(one.shadow.row, one.shadow.column) for one in placed]
    together = dprime_together(groups, differences, corners, structured, tissue, pitch_mm, converter)
    findings = tuple(
        _finding(
            image_id, placed[which[0]].finding, [calcifications[i] for i in which],
            [placed[i].shadow for i in which], exposed, seen,
        )
        for which, seen in zip(groups, together.tolist(), strict=True)
    )  # fmt: skip
    return findings, calcifications


def _tissue(placed: Sequence[Placed], windows: Windows, exposed: Exposed, optics: Optics) -> Structure:
    """The structure around each calcification; all of them are out of the image while it is measured."""
    where = np.unique(windows.row * exposed.grid.shape[1] + windows.column)
    planes = exposed.g_cm.reshape(-1), exposed.a_cm.reshape(-1)
    before = [plane[where] for plane in planes]
    per_mm = np.array([beam.stamp_basis(one.stamp, optics) for one in placed], np.float32)[windows.of]
    under = windows.row * exposed.grid.shape[1] + windows.column
    for plane, worth in zip(planes, per_mm.T, strict=True):
        np.subtract.at(plane, under, windows.path_mm * worth)
    at = np.stack(exposed.grid.px(*np.array([one.shadow.centre_mm for one in placed]).T), axis=1)
    found = structure.around(at, exposed.g_cm, exposed.a_cm, optics.primary, exposed.grid.pitch_mm)
    for plane, values in zip(planes, before, strict=True):
        plane[where] = values
    return found


def _differences(
    placed: Sequence[Placed], windows: Windows, mask: Bools, exposed: Exposed, optics: Optics
) -> tuple[Floats, list[Difference]]:
    """Primary contrast of each calcification, and the difference it makes to the signal."""
    # one call of the beam for all windows
    with_it, without = _primaries(placed, windows, exposed, optics)
    contrast = 1 - with_it / without
    centre = np.stack(exposed.grid.px(*np.array([one.shadow.centre_mm for one in placed]).T), axis=1)
    scatter, energy = _read(exposed.signal.scatter, centre)[windows.of], _read(exposed.signal.energy_kev, centre)
    air, ceiling = np.float32(exposed.signal.air_kev), np.float32(exposed.ceiling_kev)
    background = np.minimum((without + scatter) * air, ceiling)
    signal = background - np.minimum((with_it + scatter) * air, ceiling)
    pixels = np.add.reduceat(mask, windows.first, dtype=np.int64)
    mean = np.add.reduceat(np.where(mask, background, 0.0), windows.first) / pixels
    primary = np.add.reduceat(np.where(mask, without * air, 0.0), windows.first) / pixels
    numbers = (mean.tolist(), energy.tolist(), primary.tolist())
    differences = [
        Difference(signal[first:end].reshape(shape), mask[first:end].reshape(shape), *means)
        for first, end, shape, *means in zip(
            windows.first.tolist(), windows.end.tolist(), windows.shapes, *numbers, strict=True
        )
    ]
    return _largest(contrast, windows), differences


def _primaries(
    placed: Sequence[Placed], windows: Windows, exposed: Exposed, optics: Optics
) -> tuple[Floats, Floats]:
    """(pixels,) each: the primary signal under the windows, with each window's calcification and without it."""
    under = (windows.row, windows.column)
    per_mm = np.array([beam.stamp_basis(one.stamp, optics) for one in placed], np.float32)[windows.of]
    g, a = exposed.g_cm[under], exposed.a_cm[under]
    with_it = optics.primary(g, a)
    return with_it, optics.primary(g - windows.path_mm * per_mm[:, 0], a - windows.path_mm * per_mm[:, 1])


def _largest(contrast: Floats, windows: Windows) -> Floats:
    """(n,): of each window the contrast farthest from 0, negative for what is brighter than its surroundings."""
    highest, lowest = np.maximum.reduceat(contrast, windows.first), np.minimum.reduceat(contrast, windows.first)
    return np.asarray(np.where(highest >= -lowest, highest, lowest))


def _read(coarse: Coarse, at: Points) -> F32:
    """A smooth map at places (n, 2) x, y in pixels, bilinearly."""
    (rows, columns), step = coarse.values.shape, coarse.step
    x, y = (np.clip((at[:, k] + 0.5) / step - 0.5, 0, size - 1) for k, size in ((0, columns), (1, rows)))
    i, j = np.minimum(y.astype(int), max(rows - 2, 0)), np.minimum(x.astype(int), max(columns - 2, 0))
    down, along = (y - i).astype(np.float32), (x - j).astype(np.float32)
    i1, j1 = np.minimum(i + 1, rows - 1), np.minimum(j + 1, columns - 1)
    v = coarse.values
    out: F32 = (1 - down) * ((1 - along) * v[i, j] + along * v[i, j1]) + down * (
        (1 - along) * v[i1, j] + along * v[i1, j1]
    )
    return out


def _calcifications(
    image_id: str,
    placed: Sequence[Placed],
    windows: Windows,
    mask: Bools,
    exposed: Exposed,
    measured: dict[str, Floats],
) -> tuple[CalcificationTruth, ...]:
    """The rows and masks, of what was measured of each."""
    of, row, column = windows.of[mask], windows.row[mask] + exposed.offset[0], windows.column[mask] + exposed.offset[1]
    runs = rle.of_masks(of, row, column, len(placed), exposed.image_shape[1])
    first = np.searchsorted(of, np.arange(len(placed)))
    top, left = np.minimum.reduceat(row, first), np.minimum.reduceat(column, first)
    x, y = exposed.grid.px(*np.array([one.shadow.centre_mm for one in placed]).T)
    numbers = {
        "x_px": x + exposed.offset[1],
        "y_px": y + exposed.offset[0],
        "box_x_px": left,
        "box_y_px": top,
        "box_w_px": np.maximum.reduceat(column, first) - left + 1,
        "box_h_px": np.maximum.reduceat(row, first) - top + 1,
        **measured,
        "visible": measured["dprime_structured"] >= VISIBLE_DPRIME,
    }
    rows = zip(*(values.tolist() for values in numbers.values()), strict=True)
    return tuple(
        CalcificationTruth(
            CalcificationRow(
                image_id=image_id,
                finding_id=one.finding.finding_id,
                calcification_id=one.calcification.calcification_id,
                kind=one.calcification.kind,
                material=one.calcification.material,
                z_mm=one.z_mm,
                area_mm2=one.shadow.area_mm2,
                diameter_mm=one.shadow.diameter_mm,
                extent_mm=one.shadow.extent_mm,
                thickness_mm=one.shadow.thickness_mm,
                mass_mg=_calcium_mg(one, exposed.grid.pitch_mm),
                run_count=len(mask_runs),
                **dict(zip(numbers, row, strict=True)),
            ),
            mask_runs,
            exposed.image_shape,
        )
        for one, mask_runs, row in zip(placed, runs, rows, strict=True)
    )


def _calcium_mg(one: Placed, pitch_mm: float) -> float:
    grain = one.calcification
    volume = float(one.shadow.path_mm.sum(dtype=np.float64)) * pitch_mm**2
    return volume * grain.relative_density * materials.calcium_mg_per_mm3(grain.material)


def _finding(
    image_id: str,
    finding: Finding,
    grains: Sequence[CalcificationTruth],
    shadows: Sequence[Shadow],
    exposed: Exposed,
    dprime: float,
) -> FindingTruth:
    boxes = np.array([grain.row.box_px for grain in grains])
    (x, y), (x_end, y_end) = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    hull_mm = hull.convex_hull(np.concatenate([s.outline_mm for s in shadows]))
    hx, hy = exposed.grid.px(hull_mm[:, 0], hull_mm[:, 1])
    row = FindingRow(
        image_id=image_id,
        finding_id=finding.finding_id,
        kind=finding.kind,
        cause=finding.cause,
        descriptor=finding.descriptor,
        distribution=finding.distribution,
        category=finding.category,
        class_=finding.finding_class,
        pathology=finding.pathology,
        n_calcifications=len(grains),
        x_px=0.5 * float(x + x_end - 1),
        y_px=0.5 * float(y + y_end - 1),
        box_x_px=int(x),
        box_y_px=int(y),
        box_w_px=int(x_end - x),
        box_h_px=int(y_end - y),
        extent_mm=hull.extent(hull_mm),
        hull_area_mm2=hull.area(hull_mm),
        calcium_mg=sum(grain.row.mass_mg for grain in grains),
        length_mm=finding.length_mm,
        calcified_share=finding.calcified_share,
        dprime=dprime,
        n_visible=sum(grain.row.visible for grain in grains),
    )
    return FindingTruth(row, np.stack([hx + exposed.offset[1], hy + exposed.offset[0]], axis=1))


def object_truth(
    image_id: str, finding_id: int, host: Host, surface_mm: Floats, exposed: Exposed
) -> ObjectTruth | None:
    """A host's row; None if the image holds nothing of it.

    `surface_mm` (n, 2 or more): x, y of points on its surface in the view plane.
    """
    x, y = exposed.grid.px(surface_mm[:, 0], surface_mm[:, 1])
    x_lo, x_hi = _clipped(x + exposed.offset[1], exposed.image_shape[1])
    y_lo, y_hi = _clipped(y + exposed.offset[0], exposed.image_shape[0])
    if x_lo >= x_hi or y_lo >= y_hi:
        return None
    row = ObjectRow(
        image_id=image_id,
        object_id=host.host_id,
        finding_id=finding_id,
        kind=host.kind,
        x_mm=float(host.centre_mm[0]),
        y_mm=float(host.centre_mm[1]),
        z_mm=float(host.centre_mm[2]),
        size_mm=2 * float(max(host.radii_mm)),
        box_x_px=x_lo,
        box_y_px=y_lo,
        box_w_px=x_hi - x_lo,
        box_h_px=y_hi - y_lo,
    )
    return ObjectTruth(row)


def _clipped(at: Any, size: int) -> tuple[int, int]:
    """First pixel and the one after the last that points reach, within 0 to size."""
    return max(0, int(np.floor(at.min() + 0.5))), min(size, int(np.floor(at.max() + 0.5)) + 1)
