"""The types of arrays, each under one name."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
"""Of any type."""
F32 = np.ndarray[Any, np.dtype[np.float32]]
"""Images and path lengths: single precision keeps their memory small."""
F64 = np.ndarray[Any, np.dtype[np.float64]]
Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]
"""Of either precision: coordinates, lengths, profiles."""
Points = F64
"""(n, 2) or (n, 3) coordinates."""
U8 = np.ndarray[Any, np.dtype[np.uint8]]
"""Greys of a picture to look at."""
U16 = np.ndarray[Any, np.dtype[np.uint16]]
"""Pixels of an image as it is stored."""
Runs = np.ndarray[Any, np.dtype[np.uint32]]
"""(n, 2): first pixel and length of each run of a mask, row by row."""
Ints = np.ndarray[Any, np.dtype[np.int64]]
Indices = np.ndarray[Any, np.dtype[np.intp]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
