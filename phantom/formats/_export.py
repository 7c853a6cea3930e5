"""Run an export: piece by piece, each whole or not there, so that a stopped one can be finished."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from phantom.dataset.format.files import replace, unwritable
from phantom.dataset.format.key import key_of
from phantom.dataset.format.split import parse_split, part_of_case
from phantom.dataset.women import who
from phantom.errors import PhantomError, UsageError, install
from phantom.formats import get
from phantom.formats._folder import STAGING, prepare, put_stamp
from phantom.formats._format import Format, Unit
from phantom.formats._options import Options, settled

if TYPE_CHECKING:
    from phantom.dataset import Dataset


class Done(NamedTuple):
    """What an export came to: images written and kept, and what its reader must know."""

    folder: Path
    written: int
    kept: int
    notes: tuple[str, ...] = ()


def export(
    data: Dataset, name: str, out: str | Path, options: Options | None = None, *, overwrite: bool = False,
    workers: int = 1, progress: Callable[[int, int], None] | None = None,
) -> Done:  # fmt: skip
    """Write a dataset in another format.

    Parameters
    ----------
    data : Dataset
    name : str
        The format.
    out : path
        A folder that is empty or absent, or holds the same export, unfinished or not: what is
        there is kept.
    options : Options
    overwrite : bool
        Delete the export that is there first. A folder that holds anything else is refused.
    workers : int
        How many processes write; the files are the same for any number.
    progress : callable
        Called with the number of images done and of all.

    Raises
    ------
    UsageError
        If there is no such format, it does not know an option, the folder holds something else, or a part of the
        split that is asked for would be empty.
    PhantomError
        If the folder cannot be written, or a package is missing.
    """
    format_ = get(name)
    options = settled(options or Options(), name, format_.OPTIONS)
    if workers < 1:
        raise UsageError(f"--workers {workers}: must be at least 1")
    missing = [package for package in getattr(format_, "NEEDS", ()) if not _there(package)]
    if missing:
        raise PhantomError(f"{name}: needs {', '.join(missing)}; {install(getattr(format_, 'EXTRA', 'dicom'))}")
    splits(data, options)  # a split that cannot be is refused before anything is written
    folder, stamp = Path(out), _stamp(data, name, options)
    prepare(folder, stamp, overwrite)
    units = format_.units(data, options)
    files = [file for unit in units for file in unit.files]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        put_stamp(folder, stamp, files)
        left = [unit for unit in units if not all((folder / file).is_file() for file in unit.files)]
        total = sum(unit.images for unit in units)
        done = kept = total - sum(unit.images for unit in left)
        for unit in _written(data, name, left, folder, options, workers):
            done += unit.images
            if progress is not None:
                progress(done, total)
        _finish(format_, data, folder, options, partial(put_stamp, folder, stamp), files)
    except OSError as why:
        raise unwritable(folder, why) from why
    notes = tuple(format_.notes(data, options)) if hasattr(format_, "notes") else ()
    return Done(folder, total - kept, kept, notes)


def _written(
    data: Dataset, name: str, units: list[Unit], folder: Path, options: Options, workers: int
) -> Iterator[Unit]:
    """Write the pieces, here or in processes of their own; each once it is done."""
    workers = min(workers, len(units))
    if workers <= 1:
        for unit in units:
            _write(data, name, unit, folder, options)
            yield unit
        return
    from concurrent.futures import as_completed

    from phantom.dataset.running.pool import spawned

    with spawned(workers) as pool:
        of = {pool.submit(_write, data, name, unit, folder, options): unit for unit in units}
        for future in as_completed(of):
            future.result()
            yield of[future]


def _write(data: Dataset, name: str, unit: Unit, folder: Path, options: Options) -> None:
    """Write one piece."""
    for file in unit.files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
    get(name).write(data, unit, folder, options)


def _finish(
    format_: Format, data: Dataset, folder: Path, options: Options, say: Callable[[list[str]], None], files: list[str]
) -> None:  # fmt: skip
    """Write what speaks of the whole, aside at first: the stamp lists a file before it gets its name."""
    staged = folder / STAGING
    staged.mkdir(exist_ok=True)
    format_.finish(data, staged, options)
    last = sorted(path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file())
    say([*files, *last])
    for name in last:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (staged / name).replace(folder / name)
    shutil.rmtree(staged)


def put(path: Path, content: bytes | str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, content.encode() if isinstance(content, str) else content)


def put_json(path: Path, value: Any, indent: int | None = None) -> None:
    """Write a JSON file whole or not at all; no NaN."""
    put(path, json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False) + "\n")


def splits(data: Dataset, options: Options) -> dict[str, list[str]]:
    """The image ids of each part of the split; all are ``train`` where there is none.

    The split is the one the dataset was made with, or the one that the options ask for, woman by woman.

    Raises
    ------
    UsageError
        If a part that the options ask for would be empty.
    """
    table = data.images
    out: dict[str, list[str]] = {}
    if options.split:
        shares = parse_split(options.split)
        of_images = [who(woman_id) for woman_id in table["woman_id"].tolist()]
        women = {woman: number for number, woman in enumerate(dict.fromkeys(of_images))}
        part = {woman: part_of_case(shares, data.manifest.seed, number) for woman, number in women.items()}
        out = {name: [] for name in shares}
        for image_id, woman in zip(table["image_id"].tolist(), of_images, strict=True):
            out[part[woman]].append(image_id)
        empty = [name for name, ids in out.items() if not ids]
        if empty:
            raise UsageError(f"--split {options.split}: {len(women)} women are too few, {empty[0]} would be empty")
        return out
    if "split" not in (table.dtype.names or ()):
        return {"train": table["image_id"].tolist()}
    for image_id, name in zip(table["image_id"].tolist(), table["split"].tolist(), strict=True):
        out.setdefault(name or "train", []).append(image_id)
    return out


def split_of(data: Dataset, options: Options) -> dict[str, str]:
    """The part of the split each image belongs to, in the order of the dataset."""
    of = {image_id: part for part, ids in splits(data, options).items() for image_id in ids}
    return {image_id: of[image_id] for image_id in data.images["image_id"].tolist()}


def file_name(image_id: str) -> str:
    """An image's id as a file name without dots (``+mag1.8`` becomes ``+mag1p8``): endings stay endings."""
    return image_id.replace(".", "p")


def _stamp(data: Dataset, name: str, options: Options) -> dict[str, Any]:
    files = json.dumps(dict(data.manifest.files), sort_keys=True)
    return {
        "format": name, "options": {key: value for key, value in asdict(options).items() if value is not None},
        "dataset": key_of(data.manifest), "files": hashlib.sha256(files.encode()).hexdigest(),
        "generator": data.manifest.generator,
    }  # fmt: skip


def _there(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package) is not None
