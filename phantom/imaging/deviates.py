"""Random values for noise, quickly: from a table of 65,536 equal chances, drawn by sixteen random bits."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from phantom.arrays import F32

_BITS = 16


class Deviates:
    """A stream of random values; several times as quick as exact normal deviates.

    Parameters
    ----------
    rng : numpy Generator
        Its raw 64-bit words are used up, four values a word.
    table : (65536,) array
        The values, equally likely; by default normal deviates (`quantiles`).
    """

    def __init__(self, rng: np.random.Generator, table: Any = None) -> None:
        self._words = rng.bit_generator
        self._table = quantiles() if table is None else table

    def fill(self, out: Any) -> Any:
        """Fill a contiguous array of the table's type, and return it."""
        words: Any = self._words.random_raw(-(-out.size // 4))
        # every index fits the table: 'wrap' only spares numpy the check
        np.take(self._table, words.view(np.uint16)[: out.size].reshape(out.shape), out=out, mode="wrap")
        return out


@cache
def quantiles() -> F32:
    """(65536,) float32: equally likely values of a normal deviate of mean 0 and variance 1, within 4.3 either way."""
    from scipy.special import ndtri

    table = ndtri((np.arange(1 << _BITS) + 0.5) / (1 << _BITS))
    return np.asarray(table / table.std(), np.float32)
