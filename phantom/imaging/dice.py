"""Normal deviates for noise, quickly: the quantiles of 65,536 equal chances, drawn by sixteen random bits."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from phantom.imaging.arrays import F32

_BITS = 16


class Normal:
    """A stream of deviates of mean 0 and variance 1, within 4.3 either way; several times as quick as an exact one.

    Parameters
    ----------
    rng : numpy Generator
        Its raw 64-bit words are used up, four deviates a word.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._words = rng.bit_generator

    def fill(self, out: F32) -> F32:
        """Fill a contiguous float32 array, and return it."""
        words: Any = self._words.random_raw(-(-out.size // 4))
        # every index fits the table: 'wrap' only spares numpy the check
        np.take(_quantiles(), words.view(np.uint16)[: out.size].reshape(out.shape), out=out, mode="wrap")
        return out


@cache
def _quantiles() -> F32:
    from scipy.special import ndtri

    table = ndtri((np.arange(1 << _BITS) + 0.5) / (1 << _BITS))
    return np.asarray(table / table.std(), np.float32)
