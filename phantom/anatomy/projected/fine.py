"""Structure of the gland too fine to be followed through space: tiles of texture, drawn once for all views of a breast."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import fft

from phantom.anatomy import texture
from phantom.arrays import F32
from phantom.recipe.seed import Seed

PLANE_MM, FINE_MM = 0.42, 0.14  # spacing of the lattice that structure is summed on, and of the one it ends on
_DISTINCT = 5  # independent sheets of fine structure; slabs use them at random offsets
# filaments at 8-24, 3.5-9 and 1.2-3.2 mm, and flecks: strengths in the score (tuned to the published spectra)
_BANDS_MM, _FILAMENTS, _FLECK = ((8.0, 24.0), (3.5, 9.0), (1.2, 3.2)), (0.2, 0.06, 0.03), np.float32(0.03)
_TILE_MM = (216.0, 144.0)  # after which random texture repeats: as much as a field shows of all but the largest breasts


@dataclass(frozen=True, eq=False)
class Fine:
    """Tiles of random texture; each view lays them at random places of its own.

    Attributes
    ----------
    seed : Seed
    """

    seed: Seed

    @cached_property
    def sheets(self) -> tuple[F32, ...]:
        """Fine structure of slabs, at `PLANE_MM`: filaments where three bands of wavelengths cross zero, and flecks."""
        shape, rng = _tile(PLANE_MM), self.seed.child("sheets").rng()
        f = texture.frequencies(shape, PLANE_MM)
        bands = [texture.band(f, shortest, longest) for shortest, longest in _BANDS_MM]
        fleck = texture.power_law(f, 2.6, 6.0)
        out = []
        for _ in range(_DISTINCT):
            white = texture.white(shape, rng)
            sheet = _FLECK * texture.shaped(white, fleck, shape)
            for turn, (band, strength) in enumerate(zip(bands, _FILAMENTS, strict=True)):
                # a turn of all phases makes a field of its own from the same noise, where bands hardly overlap
                field = texture.shaped(white * np.complex64(1j**turn), band, shape)
                sheet += np.float32(strength) * texture.ridges(field, 1.7)
            sheet -= sheet.mean()
            out.append(sheet)
        return tuple(out)

    @cached_property
    def grain(self) -> F32:
        """Texture at `FINE_MM` beyond what `PLANE_MM` can carry, of unit variance: a power law from 0.9 cycles/mm."""
        shape = _tile(FINE_MM)
        f = texture.frequencies(shape, FINE_MM)
        rise = 1 - np.exp(-((f / np.float32(0.9)) ** 4))
        return texture.shaped(texture.white(shape, self.seed.child("grain").rng()), texture.power_law(f, 1.4, 5.0) * rise, shape)


def _tile(pitch_mm: float) -> tuple[int, int]:
    """Points of a tile of random texture: a quick size to transform."""
    rows, columns = (int(fft.next_fast_len(round(side / pitch_mm), real=True)) for side in _TILE_MM)
    return rows, columns
