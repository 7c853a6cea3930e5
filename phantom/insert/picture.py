"""A mammogram as it came, hung like a left breast: pixels, and the few things of its header that are used."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from phantom.arrays import F32, U16
from phantom.geometry.view import Laterality, ViewName


@dataclass(frozen=True)
class Header:
    """What is used of a file's header; None or empty where it says nothing. Nothing of it names the patient.

    Attributes
    ----------
    thickness_mm, tube_kv : float or None
    target_filter : str
        Such as ``W/Rh``.
    manufacturer, model : str
    angle_deg : float or None
        Of the positioner.
    exposure_mas, organ_dose_mgy, entrance_mgy : float or None
    relationship : str
        DICOM's pixel intensity relationship: ``LIN``, ``LOG``, ``DISP``.
    window : (float, float) or None
        Centre and width.
    voi_function : str
        ``LINEAR``, ``LINEAR_EXACT`` or ``SIGMOID``.
    burned_in : bool
        Whether the header says that there is burned-in text.
    pixel_mm : float or None
        Side of a pixel at the detector, where it differs from that at the breast.
    """

    thickness_mm: float | None = None
    tube_kv: float | None = None
    target_filter: str = ""
    manufacturer: str = ""
    model: str = ""
    angle_deg: float | None = None
    exposure_mas: float | None = None
    organ_dose_mgy: float | None = None
    entrance_mgy: float | None = None
    relationship: str = ""
    window: tuple[float, float] | None = None
    voi_function: str = "LINEAR"
    burned_in: bool = False
    pixel_mm: float | None = None


@dataclass(frozen=True, eq=False)
class Picture:
    """One mammogram, chest wall at the left edge.

    Attributes
    ----------
    name : str
        The file's, for messages and check sheets; it is stored nowhere.
    pixels : (rows, columns) uint16
        For processing: more X-ray is the larger value. For presentation: dense is bright (MONOCHROME2).
    bits : int
        Bits stored: values lie within 0 and 2**bits - 1.
    spacing_mm : float
        Side of a pixel at the breast.
    view, laterality
    linear : bool
        Whether it is for processing and linear in the exposure.
    header : Header
    mirrored : bool
        Whether the file has the chest wall at the right edge.
    padding : int or None
        The value that stands for no image.
    """

    name: str
    pixels: U16
    bits: int
    spacing_mm: float
    view: ViewName
    laterality: Laterality
    linear: bool
    header: Header = field(default_factory=Header)
    mirrored: bool = False
    padding: int | None = None

    @property
    def largest(self) -> int:
        """The largest value a pixel can have."""
        return (1 << self.bits) - 1

    def brightness(self, every: int = 1) -> F32:
        """(rows, columns) float32: more where less X-ray came through, 0 to 1 over what the image holds.

        For processing it is the negative logarithm of the value. Of every so many rows and columns, if that is asked.
        """
        pixels = self.pixels[::every, ::every]
        if not self.linear:
            return np.asarray(pixels * np.float32(1 / self.largest), np.float32)
        table = -np.log(np.maximum(np.arange(self.largest + 1, dtype=np.float32), 1.0))
        table -= table[-1]
        table /= max(float(table[0]), 1.0)
        return looked_up(table, pixels)


def looked_up(table: F32, pixels: U16) -> F32:
    """The table's value for every pixel; the last one for those beyond it."""
    return np.take(table, pixels, mode="clip")


def chest_wall_left(picture: Picture) -> bool:
    """Whether there is more breast at the left edge of a picture than at the right."""
    few = picture.brightness(max(1, min(picture.pixels.shape) // 200))
    columns = few.shape[1]
    low, high = np.percentile(few, [5, 99])
    inside = few > low + 0.15 * (high - low)
    third = max(1, columns // 4)
    return bool(inside[:, :third].mean() >= inside[:, -third:].mean())
