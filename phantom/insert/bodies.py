"""The soft-tissue bodies that findings live in, laid on a picture: cysts, masses and scars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phantom.anatomy.breast import Host
from phantom.anatomy.projected import strokes
from phantom.anatomy.projected.lattices import lattice, on_grid, seen_on
from phantom.anatomy.projected.soft_tissue_lesions import host_path, spicules
from phantom.arrays import F32
from phantom.calcifications.finding import Finding
from phantom.geometry.grid import Grid
from phantom.insert.blend import Canvas
from phantom.insert.fit import FittedView
from phantom.insert.placing import Body, shown_in
from phantom.recipe.seed import Seed

_FINE_MM, _PLANE_MM = 0.14, 0.28  # lattices that strands are drawn on, as in grown breasts
_STRANDS = 3.0  # a scar's strands reach so many of its radii
_MOST = 0.98  # of the thickness of tissue: a body leaves no less


def bodies_in(findings: Sequence[Finding], view: FittedView, on: Canvas, seed: Seed) -> list[Body]:
    """The bodies of the findings that a picture shows, as far as it holds them.

    A body takes the place of gland and fat in the proportion in which the picture shows them there, and no more than
    lies under a pixel. `seed` is the case's: it names what makes their edges uneven.
    """
    found = [
        (finding, host)
        for finding in shown_in(findings, view.view.laterality, view.view.name)
        for host in finding.hosts
    ]
    bodies = (_body(finding, host, view, on, seed) for finding, host in found)
    return [body for body in bodies if body is not None]


def _body(finding: Finding, host: Host, view: FittedView, on: Canvas, seed: Seed) -> Body | None:
    laid = host_path(host, view, on.grid, seed)
    if laid is None:
        return None
    (rows, columns), path = laid
    strands = spicules(host, seed)
    if strands:
        margin = int(_STRANDS * max(host.radii_mm) / on.grid.pitch_mm)
        wide = (
            slice(max(rows.start - margin, 0), min(rows.stop + margin, on.shape[0])),
            slice(max(columns.start - margin, 0), min(columns.stop + margin, on.shape[1])),
        )
        whole = np.zeros((wide[0].stop - wide[0].start, wide[1].stop - wide[1].start), np.float32)
        top, left = rows.start - wide[0].start, columns.start - wide[1].start
        whole[top : top + path.shape[0], left : left + path.shape[1]] = path
        (rows, columns), path = wide, whole
    i, j = np.arange(rows.start, rows.stop)[:, None], np.arange(columns.start, columns.stop)[None, :]
    g0, a0 = on.at(on.under.g_cm, i, j), on.at(on.under.a_cm, i, j)
    inside = on.at(on.found.segmented.breast, i, j)
    room = np.maximum(g0 + a0, np.float32(0))
    share = np.clip(g0 / np.maximum(room, np.float32(1e-6)), 0, 1)
    path_cm = np.minimum(path / np.float32(10), np.float32(_MOST) * room) * inside
    cg, ca = (np.float32(c) for c in on.unit.spectrum.coefficients(host.material))
    g, a = path_cm * (cg - share), path_cm * (ca - (1 - share))
    if strands:  # of glandular tissue, in place of the fat that the body leaves
        window = on.grid.window(rows.start, columns.start, rows.stop - rows.start, columns.stop - columns.start)
        drawn = np.minimum(_drawn(strands, view, window) / np.float32(10), np.float32(_MOST) * room) * inside
        more = drawn * (1 - share) * (1 - path_cm / np.maximum(room, np.float32(1e-6)))
        g, a = g + more, a - more
    return Body(finding, host, (rows, columns), np.asarray(g, np.float32), np.asarray(a, np.float32))


def _drawn(strands: Sequence[tuple[F32, F32, float]], view: FittedView, window: Grid) -> F32:
    """mm of strands under each pixel of a window."""
    fine, plane = lattice(window, _FINE_MM, 2), lattice(window, _PLANE_MM)
    sharp, broad = strokes.draw(strands, view, fine, plane)
    sharp += seen_on(broad, plane, fine)
    return np.asarray(on_grid(np.maximum(sharp, 0), fine, window).rows(0, window.shape[0], slice(0, window.shape[1])))
