"""What may be asked of an export, and what each format supports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from phantom.errors import UsageError


@dataclass(frozen=True)
class Options:
    """What is asked of an export; None stands for the format's own default.

    Attributes
    ----------
    bits : 8 or 16
        8 bits show the window; 16 bits hold all values, spread over the full range.
    window : str
        ``image`` (the image's own), ``full`` (0 to 4095, or a real picture's largest value) or ``center,width``;
        for 8 bits.
    tile, overlap : int
        Side and overlap of tiles in pixels; 0 for whole images.
    level : ``calcification`` or ``finding``
        What is annotated.
    keypoints : bool
        COCO: centres as keypoints.
    masks : bool
        Masks beside the images.
    seg, sr, synthetic_tag, quality_control : bool
        DICOM: segmentations and CAD SRs beside the images, and the marks of being synthetic.
    photometric : ``MONOCHROME1`` or ``MONOCHROME2``
        DICOM: of images for processing.
    compress : ``none`` or ``jpeg-ls``
        DICOM: the transfer syntax.
    shard : int
        WebDataset: images a shard.
    nifti : bool
        MONAI: NIfTI files, which keep the spacing, instead of PNG.
    split : str
        ``train=0.8,val=0.2``: parts by woman, instead of those that the dataset was made with.
    """

    bits: int | None = None
    window: str | None = None
    tile: int | None = None
    overlap: int | None = None
    level: str | None = None
    keypoints: bool | None = None
    masks: bool | None = None
    seg: bool | None = None
    sr: bool | None = None
    synthetic_tag: bool | None = None
    quality_control: bool | None = None
    photometric: str | None = None
    compress: str | None = None
    shard: int | None = None
    nifti: bool | None = None
    split: str | None = None


def settled(asked: Options, name: str, supported: Mapping[str, Any]) -> Options:
    """The options with the format's defaults filled in.

    Raises
    ------
    UsageError
        If something is asked that the format does not support, or that cannot be.
    """
    values = {key: value for key, value in vars(asked).items() if value is not None}
    foreign = sorted(values.keys() - supported.keys())
    if foreign:
        words = ", ".join(f"--{key.replace('_', '-')}" for key in foreign)
        raise UsageError(f"{name}: {words} means nothing to this format")
    options = Options(**{**supported, **values})
    if options.tile and not 0 <= (options.overlap or 0) < options.tile:
        raise UsageError(f"{name}: --overlap {options.overlap} must be smaller than --tile {options.tile}")
    if options.window is not None:
        from phantom.formats._pixels import window_of

        window_of(options.window, 2048.0, 4096.0)
    return options
