"""One case as one HDF5 file: the same case gives the same bytes.

The file is built in memory (a case of two full-field views takes about 10 MB), so that it
can be checked and written in one go, and a full disk is an ordinary error.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from phantom.dataset.columns import pack, to_disk
from phantom.dataset.files import replace, sha256
from phantom.dataset.layout import CASE_FORMAT, FORMAT_VERSION, LICENCE

if TYPE_CHECKING:
    import h5py

    from phantom.case import Case
    from phantom.image import ViewImage

CHUNK = 256
MAX_LABELS = 65535
RUN = np.dtype([("start", "u4"), ("length", "u4")])
HULL = np.dtype([("finding", "u4"), ("x_px", "f8"), ("y_px", "f8")])


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
    ValueError
        If the case does not fit the layout (`phantom.tables`).
    """
    data = encode(case, about)
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
        f"case-{case.index}", "w", driver="core", backing_store=False, block_size=1 << 20, libver=("v108", "v110")
    ) as file:
        file.attrs.update({"format": CASE_FORMAT, "format_version": FORMAT_VERSION, "case": case.index})
        file.attrs.update({"licence": LICENCE, "synthetic": True, **(about or {})})
        file.attrs["dropped"] = json.dumps(list(case.dropped), ensure_ascii=False)
        for view in views:
            _write_image(file.create_group(f"images/{view.image_id}"), view, _keeps_raw(case))
        _write_truth(file, views)
        scene = json.dumps(case.scene, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
        file.create_dataset("scene", data=scene, dtype=h5py.string_dtype("utf-8"), track_times=False)
        file.flush()
        return bytes(file.id.get_file_image())


def _write_image(group: h5py.Group, view: ViewImage, raw_too: bool) -> None:
    row = view.row
    shape = view.for_presentation.shape
    if shape != (row["rows"], row["columns"]) or view.breast_mask.shape != shape:
        raise ValueError(f"{view.image_id}: the arrays are not of the shape its row says")
    if view.for_presentation.max(initial=0) > 4095:
        raise ValueError(f"{view.image_id}: for_presentation must lie within 0 and 4095")
    if len(view.calcifications) > MAX_LABELS:
        raise ValueError(f"{view.image_id}: {len(view.calcifications)} calcifications; labels can tell {MAX_LABELS}")
    common = {
        "PixelSpacing": np.array([row["pixel_spacing_mm"]] * 2),
        "ImageLaterality": row["laterality"],
        "ViewPosition": row["view"],
    }
    group.attrs.update({**common, "image_id": view.image_id, "variant": row["variant"]})
    shown = write_array(group, "for_presentation", view.for_presentation)
    shown.attrs.update({**common, "PhotometricInterpretation": "MONOCHROME2", "PixelIntensityRelationship": "LOG"})
    shown.attrs.update({"BitsAllocated": 16, "BitsStored": 12, "CLASS": "IMAGE"})
    shown.attrs.update({"WindowCenter": float(view.window_center), "WindowWidth": float(view.window_width)})
    if raw_too:
        raw = write_array(group, "for_processing", view.for_processing)
        raw.attrs.update({**common, "PhotometricInterpretation": "MONOCHROME1", "PixelIntensityRelationship": "LIN"})
        raw.attrs.update({"BitsAllocated": 16, "BitsStored": max(12, int(view.for_processing.max()).bit_length())})
    write_array(group, "labels", view.labels)
    write_array(group, "breast_mask", view.breast_mask.view(np.uint8))


def _keeps_raw(case: Case) -> bool:
    """Whether the recipe keeps the images for processing (`exam.keep_for_processing`)."""
    exam = case.scene.get("recipe", {}).get("exam", {})
    return bool(exam.get("keep_for_processing", False))


def write_array(group: h5py.Group, name: str, array: np.ndarray[Any, Any]) -> h5py.Dataset:
    """Store an image in chunks of 256 x 256, shuffled and deflated; chunks of zeros are not stored, and read as 0.

    The chunks are deflated here, looking for runs only: any reader takes them, they are
    a few per cent smaller than zlib's own level 1 makes them, and take two thirds of its time.
    """
    rows, columns = array.shape
    chunk = min(rows, CHUNK), min(columns, CHUNK)
    out = group.create_dataset(
        name, array.shape, array.dtype, chunks=chunk, shuffle=True, compression="gzip", compression_opts=1,
        fillvalue=0, track_times=False,
    )  # fmt: skip
    tile = np.zeros(chunk, array.dtype)
    for row in range(0, rows, chunk[0]):
        for column in range(0, columns, chunk[1]):
            window = array[row : row + chunk[0], column : column + chunk[1]]
            if not window.any():
                continue
            if window.shape != chunk:
                tile[:] = 0
            tile[: window.shape[0], : window.shape[1]] = window
            out.id.write_direct_chunk((row, column), _deflated(tile))
    return out


def _deflated(tile: np.ndarray[Any, Any]) -> bytes:
    """HDF5's shuffle filter (all first bytes, all second bytes, ...), then a zlib stream."""
    planes = np.ascontiguousarray(tile.view(np.uint8).reshape(-1, tile.itemsize).T)
    packer = zlib.compressobj(1, zlib.DEFLATED, 15, 8, zlib.Z_RLE)
    return packer.compress(planes.tobytes()) + packer.flush()


def _write_truth(file: h5py.File, views: list[ViewImage]) -> None:
    calcifications: list[dict[str, Any]] = []
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
            calcifications.append({**grain.row, "run_offset": offset, "run_count": len(grain.runs)})
            offset += len(grain.runs)
            runs.append(grain.runs)
    _write_table(file, "images", pack("images", [view.row for view in views]))
    _write_table(file, "findings", pack("findings", [finding.row for finding in findings]))
    _write_table(file, "calcifications", pack("calcifications", calcifications))
    _write_table(file, "hosts", pack("hosts", [host.row for view in views for host in view.hosts]))
    table = np.zeros(offset, RUN)
    if runs:
        table["start"], table["length"] = np.concatenate(runs).T
    _write_table(file, "runs", table)
    _write_table(file, "hulls", _joined(hulls, HULL))


def _write_table(file: h5py.File, name: str, table: np.ndarray[Any, Any]) -> None:
    file.create_dataset(f"truth/{name}", data=to_disk(table), track_times=False)


def _joined(tables: Iterable[np.ndarray[Any, Any]], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    listed = list(tables)
    return np.concatenate(listed) if listed else np.zeros(0, dtype)


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays, as JSON knows them."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"the scene holds a {type(value).__name__}, which JSON does not know")
