"""Reading case files from anyone: nothing is read before its type, size and place have been checked.

HDF5 can point to other files, ask for any amount of memory and name filters that are not
there. A case file needs none of that, so all of it is refused.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from phantom.dataset.format.columns import HULL, RUN, from_disk
from phantom.dataset.format.layout import CASE_FORMAT, FORMAT_VERSION, TABLE_FILES, within_case
from phantom.dataset.format.untrusted import parse_json
from phantom.errors import DatasetError
from phantom.tables import Table

if TYPE_CHECKING:
    import h5py

MAX_FILE = 1 << 32
MAX_SIDE = 32_768
MAX_PIXELS = 1 << 26  # of an image; the largest detectors have 24 million
MAX_CHUNK = 1 << 22  # bytes
MAX_CHUNKS = 1 << 14
MAX_TABLE = 1 << 27  # bytes in memory
MAX_SCENE = 48 << 20  # bytes of text, and of whatever else is neither pixels nor tables
MAX_ATTRIBUTE = 1 << 16
ARRAYS = {"for_presentation": "u2", "for_processing": "u2", "labels": "u2", "breast_mask": "u1"}
_NO_CASE = "an HDF5 file, but not a case of phantom"
_FILTERS = {1, 2}  # deflate, shuffle


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns what h5py says about a broken file into one message that names the file."""
    try:
        yield
    except DatasetError as error:
        if str(error).startswith(f"{path}: "):
            raise
        raise DatasetError(f"{path}: {error}") from error
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError, RecursionError) as error:
        raise DatasetError(f"{path}: {_why(error)}") from error


def _why(error: BaseException) -> str:
    text = str(error)
    if "truncated file" in text:
        return "truncated"
    if "signature not found" in text:
        return "not an HDF5 file"
    return f"not readable ({' '.join(text.split())[:160]})"


def open_case(path: Path) -> h5py.File:
    """The case's file, open for reading; the caller closes it.

    Raises
    ------
    DatasetError
        If it is missing, a link to elsewhere, truncated, or no case file.
    """
    import h5py

    if path.is_symlink() or path.parent.is_symlink():
        raise DatasetError(f"{path}: a link to another place; a case must be a file of its own")
    if path.exists() and not path.is_file():
        raise DatasetError(f"{path}: is not a plain file")
    if not path.exists():
        raise DatasetError(f"{path}: missing")
    with translated(path):
        file = h5py.File(path, "r", locking=False)
        try:
            _no_ballast(file, path.stat().st_size)
            _is_case(file)
        except BaseException:
            file.close()
            raise
        return file


def _is_case(file: h5py.File) -> None:
    form, version = attribute(file, "format"), attribute(file, "format_version")
    if not isinstance(form, str) or form != CASE_FORMAT:
        raise DatasetError(_NO_CASE)
    if not isinstance(version, (int, np.integer)) or version != FORMAT_VERSION:
        shown = ascii(version)[:40]
        raise DatasetError(f"written in version {shown} of the format; this phantom reads {FORMAT_VERSION}")


def _no_ballast(file: h5py.File, size: int) -> None:
    """Refuses a large file whose size is not that of its pixels and tables: a text of any length is read whole."""
    import h5py

    if size > MAX_FILE:
        raise DatasetError(f"{size} bytes; at most {MAX_FILE} are allowed")
    if size <= MAX_SCENE:
        return
    if not {"truth", "images"} <= set(file):
        raise DatasetError(_NO_CASE)
    groups = [member(file, "truth", h5py.Group)]
    images = member(file, "images", h5py.Group)
    groups += [member(images, name, h5py.Group) for name in images]
    stored = sum(member(group, name, h5py.Dataset).id.get_storage_size() for group in groups for name in group)
    if size - stored > MAX_SCENE:
        raise DatasetError(f"{size - stored} bytes are neither pixels nor tables; at most {MAX_SCENE} are allowed")


def readable(data: bytes | Path, path: Path) -> None:
    """Opens everything in a case file except its pixels: from its bytes, before it gets its name, or from its place.

    Raises
    ------
    DatasetError
        If the installed HDF5 cannot read it, or it is no case file; the message names `path`.
    """
    import h5py

    with translated(path), h5py.File(io.BytesIO(data), "r") if isinstance(data, bytes) else open_case(data) as file:
        _is_case(file)
        for image_id in map(str, table(file, "images", 0)["image_id"]):
            for name in ARRAYS:
                if name in image_group(file, image_id):
                    array(file, image_id, name)
        for name in (*TABLE_FILES, "runs", "hulls"):
            table(file, name, 0)
        scene(file)


def member(group: h5py.Group, name: str, wanted: type) -> Any:
    """The group or dataset of that name, if it is in this very file.

    Raises
    ------
    DatasetError
        If it is missing, of the other kind, or a link to somewhere else.
    """
    import h5py

    label = name.encode()
    if not group.id.links.exists(label):
        raise DatasetError(f"{group.name.rstrip('/')}/{name} is missing")
    if group.id.links.get_info(label).type != h5py.h5l.TYPE_HARD:
        raise DatasetError(f"{group.name.rstrip('/')}/{name} is a link to another place")
    found = group[name]
    if not isinstance(found, wanted):
        raise DatasetError(f"{found.name} is not a {wanted.__name__.lower()}")
    return found


def _stored_here(data: h5py.Dataset, item_bytes: int) -> None:
    """Refuses what would read other files, run other code, or inflate without bound."""
    import h5py

    properties = data.id.get_create_plist()
    layout = properties.get_layout()
    if layout == h5py.h5d.VIRTUAL or properties.get_external_count():
        raise DatasetError(f"{data.name} has its data in another file")
    filters = [properties.get_filter(i)[0] for i in range(properties.get_nfilters())]
    if not set(filters) <= _FILTERS or len(filters) != len(set(filters)):
        raise DatasetError(f"{data.name} is packed with filters that phantom does not use")
    if layout != h5py.h5d.CHUNKED:
        return
    size = math.prod(properties.get_chunk()) * item_bytes
    if size > MAX_CHUNK:
        raise DatasetError(f"{data.name} is stored in chunks of {size} bytes; at most {MAX_CHUNK} are allowed")
    count, largest = _chunks(data)
    if count > MAX_CHUNKS:
        raise DatasetError(f"{data.name} is stored in {count} chunks; at most {MAX_CHUNKS} are allowed")
    if largest > size + size // 64 + 1024:
        raise DatasetError(f"{data.name} has a chunk that is larger than its pixels")


def _chunks(data: h5py.Dataset) -> tuple[int, int]:
    """How many chunks are stored, and the bytes of the largest; asked for one by one, each would be searched for."""
    sizes: list[int] = []

    def count(chunk: Any) -> bool | None:
        sizes.append(chunk.size)
        return True if len(sizes) > MAX_CHUNKS else None

    data.id.chunk_iter(count)
    return len(sizes), max(sizes, default=0)


def array(file: h5py.File, image_id: str, name: str) -> h5py.Dataset:
    """One of an image's arrays (`ARRAYS`), not read yet, but safe to read.

    Raises
    ------
    DatasetError
        If it is not what a case file holds there.
    """

    return array_of(image_group(file, image_id), name)


def array_of(group: h5py.Group, name: str) -> h5py.Dataset:
    """`array`, of an image whose group is known."""
    import h5py

    data = member(group, name, h5py.Dataset)
    dtype, shape = data.dtype, data.shape
    if dtype != np.dtype(ARRAYS[name]) or len(shape) != 2:
        raise DatasetError(f"{data.name} must be an image of {np.dtype(ARRAYS[name])}")
    if min(shape) < 1 or max(shape) > MAX_SIDE or shape[0] * shape[1] > MAX_PIXELS:
        raise DatasetError(f"{data.name} is {shape[0]} x {shape[1]} pixels; at most {MAX_PIXELS} are allowed")
    _stored_here(data, dtype.itemsize)
    return data


def image_group(file: h5py.File, image_id: str) -> h5py.Group:
    """The group of one image."""
    import h5py

    return member(member(file, "images", h5py.Group), within_case(image_id), h5py.Group)


def table(file: h5py.File, name: str, case: int) -> Table:
    """One of the truth tables (`phantom.tables`), or ``runs`` or ``hulls``, whole, as that of the case of this number.

    Raises
    ------
    DatasetError
        If it is not what a case file holds there.
    """
    return tables(file, [name], case)[name]


def tables(file: h5py.File, names: Iterable[str], case: int) -> dict[str, Table]:
    """Several such tables, by name.

    Raises
    ------
    DatasetError
        If one is not what a case file holds there.
    """
    import h5py

    truth = member(file, "truth", h5py.Group)
    return {name: _table(truth, name, case) for name in names}


def _table(truth: h5py.Group, name: str, case: int) -> Table:
    import h5py

    data = member(truth, name, h5py.Dataset)
    dtype, shape = data.dtype, data.shape
    if len(shape) != 1 or dtype.names is None or dtype.hasobject:
        raise DatasetError(f"{data.name} is not a table of plain values")
    rows, chunks = shape[0], data.chunks
    if dtype.itemsize > 4096 or rows * dtype.itemsize * 4 > MAX_TABLE:  # a letter takes 4 bytes
        raise DatasetError(
            f"{data.name} has {rows} rows of {dtype.itemsize} bytes; at most {MAX_TABLE >> 20} MiB are "
            "allowed in memory"
        )
    if rows and chunks is None and data.id.get_storage_size() < rows * dtype.itemsize:
        raise DatasetError(f"{data.name} says {rows} rows, but they are not there")
    _stored_here(data, dtype.itemsize)
    if chunks is not None and data.id.get_num_chunks() * chunks[0] < rows:
        raise DatasetError(f"{data.name} says {rows} rows, but they are not there")
    plain = {"runs": RUN, "hulls": HULL}.get(name)
    if plain is None:
        return from_disk(name, whole(data, dtype), case)
    if dtype != plain:
        raise DatasetError(f"{data.name} must have the columns {', '.join(plain.names or ())}")
    return whole(data, dtype)


def whole(data: h5py.Dataset, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Everything in an array of plain values of this type, as it lies in the file: twice as quick as ``data[()]``."""
    import h5py

    out = np.empty(data.shape, dtype)
    if out.size:
        data.id.read(h5py.h5s.ALL, h5py.h5s.ALL, out, data.id.get_type())
    return out


def scene(file: h5py.File) -> dict[str, Any]:
    """What was grown, as the case's file tells it."""
    import h5py

    data = member(file, "scene", h5py.Dataset)
    kind = h5py.check_string_dtype(data.dtype)
    if data.shape != () or kind is None:
        raise DatasetError("/scene is not a text")
    _stored_here(data, data.dtype.itemsize)
    if (kind.length or 0) > MAX_SCENE:
        raise DatasetError(f"/scene has {kind.length} bytes; at most {MAX_SCENE} are allowed")
    stored = parse_json(data[()])
    if not isinstance(stored, dict):
        raise DatasetError("/scene is not a JSON object")
    return stored


def attribute(of: h5py.HLObject, name: str) -> Any:
    """One text or number that stands at a file, a group or an array; None if it is not there.

    Raises
    ------
    DatasetError
        If it is a list, or has more than `MAX_ATTRIBUTE` bytes.
    """
    attributes = of.attrs  # each time it is asked for, HDF5 opens the root again
    try:
        known = attributes.get_id(name)
    except KeyError:
        return None
    if known.shape != ():
        raise DatasetError(f"its attribute {name} is a list, where one value is expected")
    if known.get_storage_size() > MAX_ATTRIBUTE:
        raise DatasetError(f"its attribute {name} has more than {MAX_ATTRIBUTE} bytes")
    return attributes[name]


def window(data: h5py.Dataset) -> tuple[float, float]:
    """Middle and width of the window that an image for presentation is shown with.

    Raises
    ------
    DatasetError
        If they are no numbers.
    """
    stated = [attribute(data, name) for name in ("WindowCenter", "WindowWidth")]
    if not all(isinstance(value, int | float | np.number) and math.isfinite(value) for value in stated):
        raise DatasetError(f"{data.name}: its window is not a number")
    return float(stated[0]), float(stated[1])


def text_attribute(file: h5py.File, name: str) -> str | None:
    """A text of the file's root; None if it is not there or no text."""
    found = attribute(file, name)
    return found if isinstance(found, str) else None
