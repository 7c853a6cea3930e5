"""How well a whole finding is seen: the detectability of all its calcifications together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phantom.arrays import Floats
from phantom.imaging.observer import DetectorResponse, Difference, detectability_in
from phantom.imaging.structure import Structure

_CELL_MM = 6.0  # grains of one cell are looked at as one picture; cells are taken to be independent


def dprime_together(
    groups: Sequence[Sequence[int]],
    differences: Sequence[Difference],
    corners: Sequence[tuple[int, int]],
    alone: Floats,
    tissue: Structure,
    pitch_mm: float,
    converter: DetectorResponse,
) -> Floats:
    """Structured d' of each group of differences together, (groups,).

    The difference that all grains of one cell of 6 mm make together, overlaps included, is shown to the observer
    at once; cells add as their squares do.

    Parameters
    ----------
    groups : sequence of sequences of int
        Which differences each finding has.
    corners : sequence of (int, int)
        First row and column of each difference's window in the image.
    alone : (n,) array
        Structured d' of each difference by itself.
    tissue : Structure
        Around each.
    """
    cell_px = max(1, round(_CELL_MM / pitch_mm))
    squares, crowds, owner = np.zeros(len(groups)), list[list[int]](), list[int]()
    for number, which in enumerate(groups):
        cells: dict[tuple[int, int], list[int]] = {}
        for i in which:
            row, column = corners[i]
            rows, columns = differences[i].signal_kev.shape
            cells.setdefault(((row + rows // 2) // cell_px, (column + columns // 2) // cell_px), []).append(i)
        for members in cells.values():
            if len(members) == 1:
                squares[number] += alone[members[0]] ** 2
            else:
                crowds.append(members)
                owner.append(number)
    if crowds:
        pictures = [_picture(members, differences, corners) for members in crowds]
        around = [tissue.mean_of(members) for members in crowds]
        shared = Structure(*(np.concatenate([getattr(a, k) for a in around]) for k in ("at_one", "slope")))
        seen = detectability_in(pictures, shared, pitch_mm, converter)[2]
        np.add.at(squares, owner, seen**2)
    return np.sqrt(squares)


def _picture(
    members: Sequence[int], differences: Sequence[Difference], corners: Sequence[tuple[int, int]]
) -> Difference:
    """The differences of some grains as one."""
    top, left = (min(corners[i][k] for i in members) for k in (0, 1))
    end = [max(corners[i][k] + differences[i].signal_kev.shape[k] for i in members) for k in (0, 1)]
    signal = np.zeros((end[0] - top, end[1] - left), np.float32)
    for i in members:
        (row, column), one = corners[i], differences[i].signal_kev
        signal[row - top : row - top + one.shape[0], column - left : column - left + one.shape[1]] += one
    mean, energy, primary = (
        float(np.mean([getattr(differences[i], name) for i in members]))
        for name in ("mean_kev", "energy_kev", "primary_kev")
    )
    return Difference(signal, signal != 0, mean, energy, primary)
