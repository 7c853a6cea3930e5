"""One case as one HDF5 file: the same case gives the same bytes.

The file is built in memory (a case of two full-field views takes about 10 MB), so that it
can be checked and written in one go, and a full disk is an ordinary error.
"""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from phantom.arrays import Array
from phantom.dataset.format import hdf5_checks
from phantom.dataset.format.columns import HULL, RUN, pack, to_disk
from phantom.dataset.format.files import replace, sha256
from phantom.dataset.format.layout import CASE_FORMAT, FORMAT_VERSION, LIBVER, LICENCE, PICTURES_LICENCE, within_case
from phantom.tables import CalcificationRow, FindingRow, ImageRow, ObjectRow

if TYPE_CHECKING:
    import h5py

    from phantom.arrays import U16
    from phantom.exam.case import Case
    from phantom.exam.mammogram import ViewImage

CHUNK = 256
MAX_LABELS = 65535


def write_case(case: Case, path: Path, about: Mapping[str, Any] | None = None, part: Path | None = None) -> str:
    """Write the case to `path` in one step, and return the file's SHA-256.

    Parameters
    ----------
    about : mapping
        Attributes for the file's root, such as the seed and the recipe's checksum.
    part : Path
        The name to write under until the file is whole.

    Raises
    ------
    Unwritable
        If the disk is full or the folder cannot be written.
    DatasetError
        If the installed h5py cannot read what it has just made; nothing is written then.
    ValueError
        If the case does not fit the layout (`phantom.tables`).
    """
    data = encode(case, about)
    hdf5_checks.readable(data, path)
    replace(path, data, part)
    return sha256(data)


def encode(case: Case, about: Mapping[str, Any] | None = None) -> bytes:
    """The case as the bytes of an HDF5 file (readable by HDF5 1.8 and later, no time stamps).

    Raises
    ------
    ValueError
        If the case does not fit the layout (`phantom.tables`).
    """
    import h5py

    views = sorted(case.views, key=lambda view: view.image_id)
    if len({view.image_id for view in views}) != len(views) or not views:
        raise ValueError(f"case {case.index}: needs at least one image, and no two of one image_id")
    with h5py.File(
        f"case-{case.index}", "w", driver="core", backing_store=False, block_size=1 << 20, libver=LIBVER
    ) as file:
        file.attrs.update({"format": CASE_FORMAT, "format_version": FORMAT_VERSION})
        is_inserted = any(view.row.source == "inserted" for view in views)
        licence = PICTURES_LICENCE if is_inserted else LICENCE
        file.attrs.update({"licence": licence, "synthetic": True, **(about or {})})
        file.attrs["dropped"] = json.dumps(list(case.dropped), ensure_ascii=False)
        for view in views:
            _write_image(file.create_group(f"images/{within_case(view.image_id)}"), view, _keeps_raw(case))
        _write_truth(file, views)
        scene = json.dumps(case.scene, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
        file.create_dataset("scene", data=scene, dtype=h5py.string_dtype("utf-8"), track_times=False)
        file.flush()
        return bytes(file.id.get_file_image())


def _write_image(group: h5py.Group, view: ViewImage, raw_too: bool) -> None:
    row = view.row
    shape = view.for_presentation.shape
    if shape != (row.rows, row.columns) or view.breast_mask.shape != shape:
        raise ValueError(f"{view.image_id}: the arrays are not of the shape its row says")
    if view.for_presentation.max(initial=0) > row.largest:
        raise ValueError(f"{view.image_id}: for_presentation must lie within 0 and {row.largest}")
    if len(view.calcifications) > MAX_LABELS:
        raise ValueError(f"{view.image_id}: {len(view.calcifications)} calcifications; labels can tell {MAX_LABELS}")
    common = {
        "PixelSpacing": np.array([row.pixel_spacing_mm] * 2),
        "ImageLaterality": row.laterality,
        "ViewPosition": row.view,
    }
    group.attrs.update({**common, "image_id": within_case(view.image_id), "variant": row.variant})
    shown = write_array(group, "for_presentation", view.for_presentation)
    shown.attrs.update({**common, "PhotometricInterpretation": "MONOCHROME2", "PixelIntensityRelationship": "LOG"})
    shown.attrs.update({"BitsAllocated": 16, "BitsStored": 12, "CLASS": "IMAGE"})
    shown.attrs.update({"WindowCenter": float(view.window_center), "WindowWidth": float(view.window_width)})
    if raw_too:
        raw = write_array(group, "for_processing", view.for_processing)
        raw.attrs.update({**common, "PhotometricInterpretation": "MONOCHROME1", "PixelIntensityRelationship": "LIN"})
        raw.attrs.update({"BitsAllocated": 16, "BitsStored": max(12, int(view.for_processing.max()).bit_length())})
    _write_labels(group, view)
    write_array(group, "breast_mask", view.breast_mask.view(np.uint8))


def _keeps_raw(case: Case) -> bool:
    """Whether the recipe keeps the images for processing (`exam.keep_for_processing`)."""
    exam = case.scene.get("recipe", {}).get("exam", {})
    return bool(exam.get("keep_for_processing", False))


def write_array(group: h5py.Group, name: str, array: Array) -> h5py.Dataset:
    """Store an image in chunks of 256 x 256, shuffled and deflated; chunks of zeros are not stored, and read as 0.

    The chunks are deflated here, looking for runs only and storing low bytes that are noise: any
    reader takes them, they are a few per cent smaller than zlib's own level 1 makes them, and take
    half its time.
    """
    return _write_bands(
        group, name, array.shape, array.dtype, ((row, array[row : row + CHUNK]) for row in range(0, len(array), CHUNK))
    )


def _write_labels(group: h5py.Group, view: ViewImage) -> None:
    """The view's labels: only bands of rows that a calcification lies in are painted."""
    shape, (flat, number) = view.for_presentation.shape, view.labelled
    of = flat // (CHUNK * shape[1])

    def painted() -> Iterator[tuple[int, U16]]:
        for k in np.unique(of).tolist():
            band = np.zeros((min(CHUNK, shape[0] - k * CHUNK), shape[1]), np.uint16)
            band.reshape(-1)[flat[of == k] - k * CHUNK * shape[1]] = number[of == k]
            yield k * CHUNK, band

    _write_bands(group, "labels", shape, np.dtype(np.uint16), painted())


def _write_bands(
    group: h5py.Group, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], bands: Iterable[tuple[int,
    Array]]
) -> h5py.Dataset:  # fmt: skip
    """`write_array` of an image that comes in bands of as many rows as a chunk has, with the first row of each."""
    chunk = min(shape[0], CHUNK), min(shape[1], CHUNK)
    out = group.create_dataset(
        name,
        shape,
        dtype,
        chunks=chunk,
        shuffle=True,
        compression="gzip",
        compression_opts=1,
        fillvalue=0,
        track_times=False,
    )
    tile = np.zeros(chunk, dtype)
    even: dict[int, bytes] = {}  # many chunks of a mask are all of one value
    for row, band in bands:
        high = band.max(axis=0)
        for column in range(0, shape[1], chunk[1]):
            most = int(high[column : column + chunk[1]].max())
            if not most:
                continue
            window = band[:, column : column + chunk[1]]
            if window.shape != chunk:
                tile[:] = 0
            tile[: window.shape[0], : window.shape[1]] = window
            packed = even.get(most) if (tile == most).all() else _deflated(tile)
            if packed is None:
                packed = even[most] = _deflated(tile)
            out.id.write_direct_chunk((row, column), packed)
    return out


def _deflated(tile: Array) -> bytes:
    """HDF5's shuffle filter (all first bytes, all second bytes, ...), then a zlib stream, where noise is stored as it
    is."""
    planes: Any = np.ascontiguousarray(tile.view(np.uint8).reshape(-1, tile.itemsize).T)
    both, low = memoryview(planes).cast("B"), tile.size if tile.itemsize > 1 and _is_noise(planes[0]) else 0
    as_it_is, packer = zlib.compressobj(0, zlib.DEFLATED, -15), zlib.compressobj(1, zlib.DEFLATED, -15, 8, zlib.Z_RLE)
    begin = as_it_is.compress(both[:low]) + as_it_is.flush(zlib.Z_SYNC_FLUSH) if low else b""
    return b"\x78\x01" + begin + packer.compress(both[low:]) + packer.flush() + zlib.adler32(both).to_bytes(4, "big")


def _is_noise(plane: Array) -> bool:
    """Whether deflating bytes is hardly worth it: nearly all values alike likely (7.6 bits of 8), and few runs."""
    some, after = plane[:-1:16], plane[1::16]
    counts = np.bincount(some, minlength=256)
    alike, next_to = (
        int((counts * (counts - 1)).sum()),
        int(np.count_nonzero(some == after)),
    )  # pairs of equal bytes: of noise, 1 in 256
    return len(some) > 1024 and alike * 192 < len(some) * (len(some) - 1) and next_to * 64 < len(some)


def _write_truth(file: h5py.File, views: list[ViewImage]) -> None:
    calcifications: list[CalcificationRow] = []
    runs = []
    hulls = []
    offset = 0
    findings = [finding for view in views for finding in view.findings]
    for number, finding in enumerate(findings):
        hull = np.zeros(len(finding.hull_px), HULL)
        hull["finding"], hull["x_px"], hull["y_px"] = number, finding.hull_px[:, 0], finding.hull_px[:, 1]
        hulls.append(hull)
    for view in views:
        for grain in view.calcifications:
            calcifications.append(dataclasses.replace(grain.row, run_offset=offset, run_count=len(grain.runs)))
            offset += len(grain.runs)
            runs.append(grain.runs)
    _write_table(file, "images", pack(ImageRow, [view.row for view in views]))
    _write_table(file, "findings", pack(FindingRow, [finding.row for finding in findings]))
    _write_table(file, "calcifications", pack(CalcificationRow, calcifications))
    _write_table(file, "objects", pack(ObjectRow, [one.row for view in views for one in view.objects]))
    table = np.zeros(offset, RUN)
    if runs:
        table["start"], table["length"] = np.concatenate(runs).T
    _write_table(file, "runs", table)
    _write_table(file, "hulls", _joined(hulls, HULL))


def _write_table(file: h5py.File, name: str, table: Array) -> None:
    file.create_dataset(f"truth/{name}", data=to_disk(table), track_times=False)


def _joined(tables: Iterable[Array], dtype: np.dtype[Any]) -> Array:
    listed = list(tables)
    return np.concatenate(listed) if listed else np.zeros(0, dtype)


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays, as JSON knows them."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"the scene holds a {type(value).__name__}, which JSON does not know")
