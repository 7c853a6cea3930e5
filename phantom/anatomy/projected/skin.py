"""Skin as path lengths: both faces, and the bright tangential band along the edge."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from phantom.anatomy.breast import Breast
from phantom.arrays import F32
from phantom.geometry.compression import Compression
from phantom.geometry.grid import Grid
from phantom.recipe.seed import Seed

# Along a ray that grazes the edge the dermis is here thinner and there thicker: parts of the ray, the skin's thickness
# there over its mean, and how far that varies about it. The spread leaves no line in the band: it is brightest beside
# the rim and falls off over millimetres, as it does in clinical views (an estimate).
_PARTS = ((0.80, 0.875, 0.36), (0.20, 1.50, 1.15))
_AREOLA = 0.8  # how much thicker the skin is at the nipple's foot, over its mean
_AT_CHEST, _AT_CHEST_MM = 1.1, 13.0  # how much thicker it is where it runs out on the chest, and how far from there
_AT_FOLD, _AT_FOLD_MM, _FOLD_BELOW_MM = 0.6, 30.0, 60.0  # the same toward the fold below, in oblique views
_UNEVEN, _KNOT_MM, _KNOTS = 0.2, 7.0, 80  # how uneven it is along the outline (sd of ln), and over which length
_UNEVEN_IN_MM = 10.0  # and how far in that fades
_STREAKED_MM = 5.0  # from the outline, how far in the skin and what hangs on it is streaked
_STREAKS = np.float32(0.24)
_CELL_MM = (0.8, 0.22)  # of the streaks' texture, along the skin and across
_CELLS = (1024, 64)


def skin_path(pressed: Compression, depth_mm: F32, whole_mm: F32, skin_mm: F32) -> F32:
    """Path in the skin: both faces in the flat part, the bright tangential band at the edge.

    The skin's inner surface is the breast's own shape drawn in by the skin's thickness.

    Parameters
    ----------
    depth_mm : float32
        Distance inward from the outline.
    whole_mm : float32
        Thickness of the whole breast there.
    skin_mm : float32
        Of the skin there.
    """
    thickness = np.float32(pressed.thickness_mm)
    w = np.float32(pressed.roll_off) * thickness
    inner = np.zeros_like(depth_mm)
    for part, times, spread in _PARTS:
        # skin thicker than half the breast is all of it, and thicker than the rounding is wide has no rounding within
        local = np.minimum(np.float32(times) * skin_mm, np.float32(0.5) * thickness)
        within = _soft(depth_mm - local, np.float32(spread / times) * local)
        t = np.clip(1 - within / np.maximum(w - local, np.float32(0.1)), 0, 1)
        inner += np.float32(part) * (thickness - 2 * local) * np.sqrt(1 - t * t)
    return np.asarray(np.clip(whole_mm - inner, 0, whole_mm), np.float32)


def _soft(beyond_mm: F32, spread_mm: F32) -> F32:
    """What is positive of `beyond_mm`, with a parabola for a corner: its mean where it varies by up to `spread_mm`."""
    bent = np.clip(beyond_mm + spread_mm, 0, 2 * spread_mm)
    return np.asarray(np.maximum(beyond_mm - spread_mm, 0) + bent * bent / (4 * spread_mm), np.float32)


def local_skin_mm(breast: Breast, pressed: Compression, plane: Grid, seed: Seed) -> F32:
    """Thickness of the skin over a lattice (rows, columns).

    It is thicker below, medially, at the areola and beside the chest, and a little uneven along the outline.
    """
    x, y = plane.x_mm[None, :], plane.y_mm[:, None]
    x0, y0, bottom, top = pressed.unpress(x, y)
    middle = np.stack([x0, y0, 0.5 * (bottom + top)], axis=-1) @ pressed.view.axes
    t = breast.skin_mm(middle.reshape(-1, 3)).reshape(x0.shape)
    knots = gaussian_filter1d(seed.child("skin", "uneven").rng().standard_normal(_KNOTS), 1.0, mode="wrap")
    at = np.interp(along_mm(pressed, x, y) / _KNOT_MM % _KNOTS, np.arange(_KNOTS + 1), np.append(knots, knots[0]))
    edge = pressed.edge_mm(x, y)
    t = t * np.exp(_UNEVEN * at / knots.std() * np.exp(-np.maximum(edge, 0) / _UNEVEN_IN_MM))
    nipple = pressed.forward(breast.nipple_mm[None])[0]
    away = ((x - nipple[0]) ** 2 + (y - nipple[1]) ** 2) / breast.nipple.areola_mm**2
    t = t * (1 + _AREOLA * np.exp(-2.2 * away))
    if pressed.chest.fold_mm:
        low = np.maximum(pressed.nipple_y_mm + _FOLD_BELOW_MM - y, 0)
        t = t * (1 + _AT_FOLD * np.exp(-np.maximum(x, 0) / _AT_FOLD_MM - low / _AT_FOLD_MM))
    else:
        t = t * (1 + _AT_CHEST * np.exp(-np.maximum(x, 0) / _AT_CHEST_MM) * (edge < 25))
    return np.asarray(t, np.float32)


@lru_cache(maxsize=2)
def _texture(seed: Seed) -> F32:
    """Streaks along the skin, (along, across), of unit variance; they repeat along it."""
    white = seed.child("skin").rng().standard_normal((2, *_CELLS))
    fine = gaussian_filter(white[0], (2.2, 0.9), mode="wrap")
    broad = gaussian_filter(white[1], (4.5, 2.0), mode="wrap")
    # here and there, and not all round
    patchy = gaussian_filter(seed.child("skin", "patchy").rng().standard_normal(_CELLS), (7.0, 4.0), mode="wrap")
    out = (fine / fine.std() + 0.6 * broad / broad.std()) * np.exp(0.7 * patchy / patchy.std())
    # what is on one side deeper is on the other not: they run at a small angle to the skin
    along = gaussian_filter1d(seed.child("skin", "slant").rng().standard_normal(_CELLS[0]), 9.0, mode="wrap")
    slip = np.rint(6.0 * along / along.std()).astype(int)
    out = out[np.arange(_CELLS[0])[:, None], (np.arange(_CELLS[1]) + slip[:, None]) % _CELLS[1]]
    return np.asarray(out / out.std(), np.float32)


def along_mm(pressed: Compression, x_mm: Any, y_mm: Any) -> F32:
    """How far along the outline places lie from its middle direction, as a length."""
    y = np.asarray(y_mm, float)
    phi = np.arctan2(y, np.maximum(x_mm - pressed.shift_mm(y), 1.0))
    arc = np.concatenate([[0.0], np.cumsum(np.diff(pressed.directions) * pressed.outline_mm[1:])])
    return np.asarray(np.interp(phi, pressed.directions, arc), np.float32)


def streak(skin: F32, depth_mm: F32, along: F32, least: F32, seed: Seed) -> None:
    """Make the skin uneven in streaks along the edge, in place.

    Parameters
    ----------
    skin : (rows, columns) float32
        Path in it.
    depth_mm, along : (rows, columns) float32
        Distance inward from the outline, and along it.
    least : (rows, columns) float32
        Path in the skin's two faces, which are not streaked.
    seed : Seed
    """
    near = np.flatnonzero((depth_mm > 0.7) & (depth_mm < _STREAKED_MM))
    if not near.size:
        return
    depth, texture = depth_mm.reshape(-1)[near], _texture(seed)
    u = along.reshape(-1)[near] * np.float32(1 / _CELL_MM[0]) + np.float32(4 * _CELLS[0])
    v = depth * np.float32(1 / _CELL_MM[1])
    i, j = u.astype(np.int32), v.astype(np.int32)
    u -= i
    v -= j
    flat, step = texture.reshape(-1), np.int32(_CELLS[1])
    first = (i % _CELLS[0]) * step + j
    second = ((i + 1) % _CELLS[0]) * step + j
    low = flat[first] + v * (flat[first + 1] - flat[first])
    high = flat[second] + v * (flat[second + 1] - flat[second])
    low += u * (high - low)
    # the dermis itself is even: what hangs on it is not
    face = least.reshape(-1)[near]
    low *= (
        _STREAKS
        * np.clip(depth - np.maximum(np.float32(0.5) * face, np.float32(0.7)), 0, 1)
        * (1 - depth * np.float32(1 / _STREAKED_MM))
    )
    path = skin.reshape(-1)
    path[near] += np.maximum(path[near] - face, 0) * np.clip(low, -0.35, 0.7)
