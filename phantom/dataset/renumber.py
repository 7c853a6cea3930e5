"""A case file under another number: the same pixels, the same truth, other names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from phantom.dataset.format import hdf5_checks
from phantom.dataset.format.columns import to_disk
from phantom.dataset.format.layout import CASE_FORMAT, FORMAT_VERSION, LIBVER, LICENCE, TABLE_FILES
from phantom.errors import DatasetError
from phantom.tables import Table

if TYPE_CHECKING:
    import h5py

# everything a root or an array says of itself; what others may have added is left behind
_ATTRIBUTES = (
    "PixelSpacing", "ImageLaterality", "ViewPosition", "PhotometricInterpretation", "PixelIntensityRelationship",
    "BitsAllocated", "BitsStored", "CLASS", "WindowCenter", "WindowWidth", "variant",
)  # fmt: skip
_ABOUT = ("generator", "seed", "recipe", "dropped")
MAX_ATTRIBUTE = 1 << 16


def renumbered(path: Path, old: int, new: int) -> bytes:
    """The bytes of the case file at `path`, with every name's case number `old` replaced by `new`.

    Pixels are carried over as they are packed. The number it was made under stays in `/scene`
    and in the root's attribute ``made_as``: the case can still be rendered from there.

    Raises
    ------
    DatasetError
        If the file is not to be trusted.
    """
    import h5py

    with hdf5_checks.translated(path), hdf5_checks.open_case(path) as source, h5py.File(
        f"case-{new}", "w", driver="core", backing_store=False, block_size=1 << 20, libver=LIBVER
    ) as file:  # fmt: skip
        file.attrs.update({"format": CASE_FORMAT, "format_version": FORMAT_VERSION, "case": new, "licence": LICENCE})
        file.attrs.update({"synthetic": True, "made_as": int(source.attrs.get("made_as", old))})
        _copy_attributes(source, file, _ABOUT)
        images = hdf5_checks.table(source, "images")
        for image_id in map(str, images["image_id"]):
            name = _renamed(image_id, old, new)
            group = file.create_group(f"images/{name}")
            _copy_attributes(hdf5_checks.image_group(source, image_id), group, _ATTRIBUTES)
            group.attrs["image_id"] = name
            for array in hdf5_checks.ARRAYS:
                if array in hdf5_checks.image_group(source, image_id):
                    _copy_array(hdf5_checks.array(source, image_id, array), group, array)
        for table in TABLE_FILES:
            rows = hdf5_checks.table(source, table)
            rows["image_id"] = [_renamed(image_id, old, new) for image_id in rows["image_id"].tolist()]
            if table == "images":
                rows["case"] = new
            _put(file, table, to_disk(rows))
        for table in ("runs", "hulls"):
            _put(file, table, hdf5_checks.table(source, table))
        scene = json.dumps(hdf5_checks.scene(source), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        file.create_dataset("scene", data=scene, dtype=h5py.string_dtype("utf-8"), track_times=False)
        file.flush()
        return bytes(file.id.get_file_image())


def read_through(path: Path, case: int) -> None:
    """Opens everything in a case file that is to be copied as it is, except its pixels.

    Raises
    ------
    DatasetError
        If the file is not to be trusted.
    """
    with hdf5_checks.translated(path), hdf5_checks.open_case(path) as file:
        for image_id in map(str, hdf5_checks.table(file, "images")["image_id"]):
            _renamed(image_id, case, case)
            for name in hdf5_checks.ARRAYS:
                if name in hdf5_checks.image_group(file, image_id):
                    hdf5_checks.array(file, image_id, name)
        for table in (*TABLE_FILES, "runs", "hulls"):
            hdf5_checks.table(file, table)
        hdf5_checks.scene(file)


def _renamed(image_id: str, old: int, new: int) -> str:
    if not image_id.startswith(f"{old:06d}-") or "/" in image_id:
        raise DatasetError(f"holds an image named {image_id}, which is not of case {old}")
    return f"{new:06d}{image_id[6:]}"


def _put(file: h5py.File, name: str, table: Table) -> None:
    file.create_dataset(f"truth/{name}", data=table, track_times=False)


def _copy_attributes(source: Any, target: Any, names: tuple[str, ...]) -> None:
    known: Mapping[str, Any] = source.attrs
    for name in names:
        if name not in known:
            continue
        if source.attrs.get_id(name).get_storage_size() > MAX_ATTRIBUTE:
            raise DatasetError(f"its attribute {name} is too large to be true")
        value = known[name]
        if not isinstance(value, (str, np.generic, np.ndarray)) or getattr(value, "dtype", np.dtype("f8")).hasobject:
            raise DatasetError(f"its attribute {name} is neither a text nor a number")
        target.attrs[name] = value


def _copy_array(source: h5py.Dataset, group: h5py.Group, name: str) -> None:
    """The array as it is, chunk by chunk, without unpacking where it is packed as phantom packs."""
    from phantom.dataset.format.case_writer import write_array

    packed = source.chunks is not None and source.compression == "gzip" and source.shuffle
    target = write_array(group, name, np.zeros(source.shape, source.dtype) if packed else source[()])
    _copy_attributes(source, target, _ATTRIBUTES)
    if not packed:
        return
    if source.chunks != target.chunks:
        target[...] = source[()]
        return
    for i in range(source.id.get_num_chunks()):
        place = source.id.get_chunk_info(i)
        mask, data = source.id.read_direct_chunk(place.chunk_offset)
        target.id.write_direct_chunk(place.chunk_offset, data, mask)
