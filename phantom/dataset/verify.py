"""What is wrong with a dataset: every damage by name, and the truth counted again against the labels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from phantom.dataset import verify_truth
from phantom.dataset.format import hdf5_checks
from phantom.dataset.format.case_tables import case_tables, header
from phantom.dataset.format.files import sha256_of
from phantom.dataset.format.layout import INSERTED_SCENE, MANIFEST, TABLE_FILES, UNFINISHED, case_name
from phantom.dataset.format.manifest import Manifest, is_as_written, is_unfinished, must_be_dataset, read_manifest
from phantom.dataset.format.masks import masks_of
from phantom.dataset.format.split import source_of
from phantom.dataset.running.resume import entries, recipe_digest
from phantom.errors import DatasetError
from phantom.exam.mammogram import highest_class
from phantom.tables import ImageRow, Table, rows_of

MAX_ABSENT = 1000  # files that the manifest should name and does not; after these, their number is enough
MAX_TOLD = 20  # problems of one case; after these, their number is enough


def verify(folder: str | Path, progress: Callable[[int, int], None] | None = None) -> list[str]:
    """Everything that is wrong with the dataset in a folder, one line each; an empty list if it is whole.

    Checked are the manifest, the checksum of every file, foreign and missing files, that every
    case file holds what the layout says, that labels and truth are the same counted again from
    the runs, and that the tables tell what the cases tell. Nothing is written.

    Parameters
    ----------
    progress : callable
        Told (cases checked, cases).

    Raises
    ------
    NoDataset
        If the path holds no dataset.
    """
    folder = Path(folder)
    must_be_dataset(folder)
    problems = []
    if is_unfinished(folder):
        problems.append(f"{UNFINISHED}: the run into this folder has not come to its end; finish it with --resume")
    try:
        manifest = read_manifest(folder)
    except DatasetError as error:
        return [*problems, _within(folder, error)]
    try:
        if not is_as_written(folder):
            problems.append(f"{MANIFEST}: damaged: not the bytes that were written (its own checksum differs)")
        problems += _names(folder, manifest)
        damaged = dict(_checksums(folder, manifest))
        problems += [f"{name}: {say}" for name, say in damaged.items()]
        problems += _cases(folder, manifest, damaged, progress)
    except DatasetError as error:
        problems.append(_within(folder, error))
    return problems


def _within(folder: Path, error: Exception) -> str:
    """The message, with names as they are within the folder."""
    return str(error).replace(f"{folder}/", "")


def _names(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Files that are missing from the manifest, and files that it does not know."""
    expected = set(manifest.expected_files())
    absent = sorted(expected - set(manifest.files))
    yield from (f"{MANIFEST}: does not name {name}" for name in absent[:MAX_ABSENT])
    if len(absent) > MAX_ABSENT:
        yield f"{MANIFEST}: does not name {len(absent) - MAX_ABSENT} more files"
    for name in entries(folder):
        if name not in expected and name not in (MANIFEST, UNFINISHED):
            yield f"{name}: a foreign file, which the manifest does not name"


def _checksums(folder: Path, manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Files that are missing or not as they were written, and how."""
    for name in manifest.expected_files():
        if name not in manifest.files:
            continue
        path = folder / name
        digest = sha256_of(path)
        if digest is None:
            yield name, "a link to another place" if path.is_symlink() else "missing"
        elif digest != manifest.files[name]:
            yield name, f"damaged: {_kind_of_damage(path)}"


def _kind_of_damage(path: Path) -> str:
    if path.stat().st_size == 0:
        return "empty"
    if path.suffix == ".h5":
        try:
            hdf5_checks.open_case(path).close()
        except DatasetError as error:
            return str(error).removeprefix(f"{path}: ")
    return "not the bytes that were written (the checksum differs)"


def _cases(
    folder: Path, manifest: Manifest, damaged: Container[str], progress: Callable[[int, int], None] | None
) -> Iterator[str]:  # fmt: skip
    """The cases one by one, and the tables as they follow from them, except what is known to be damaged."""
    texts = {name: hashlib.sha256(header(name, manifest).encode()) for name in TABLE_FILES}
    origins, complete = _Origins(manifest), True
    for case in range(manifest.cases):
        name = case_name(case)
        if (folder / name).is_file() and name not in damaged:
            path = folder / name
            try:
                with hdf5_checks.translated(path), hdf5_checks.open_case(path) as file:
                    case_rows = case_tables(file, case, manifest)
                    for table, text in case_rows.texts().items():
                        texts[table].update(text.encode())
                    is_grown = "anatomy" in (source_of(manifest, case) or vars(manifest))["recipe"]
                    wrong = [*_origin(file, origins(case)), *_case(file, case, case_rows.tables, is_grown)]
                yield from (f"{name}: {say}" for say in wrong[:MAX_TOLD])
                if len(wrong) > MAX_TOLD:
                    yield f"{name}: and {len(wrong) - MAX_TOLD} more"
                if case_rows.dropped != manifest.dropped.get(f"{case:06d}", []):
                    yield f"{MANIFEST}: tells other dropped findings for case {case} than its file"
            except DatasetError as error:
                complete = False
                yield _within(folder, error)
        else:
            complete = False
        if progress is not None:
            progress(case + 1, manifest.cases)
    if complete:
        for table, hashed in texts.items():
            path = folder / TABLE_FILES[table]
            if path.name not in damaged and sha256_of(path) not in (None, hashed.hexdigest()):
                yield f"{TABLE_FILES[table]}: does not tell what the cases tell"


def _case(file: Any, case: int, tables: Mapping[str, Table], is_grown: bool) -> Iterator[str]:
    """What is wrong within a case file that could be read; one that was grown of a recipe has a scene."""
    images, findings, grains, objects = (tables[name] for name in TABLE_FILES)
    others = hdf5_checks.tables(file, ("runs", "hulls"), case)
    runs = others["runs"]
    yield from verify_truth.hulls(findings, others["hulls"])
    scene = hdf5_checks.scene(file)
    is_real = scene.get("format") == INSERTED_SCENE
    if not is_real and (is_grown or "format" in scene):
        yield from verify_truth.scene(scene, findings, grains)
    names = images["image_id"].tolist()
    if not names:
        yield "has no images"
    if len(set(names)) != len(names):
        yield "has two images of one name"
    for name, table in (("findings", findings), ("calcifications", grains), ("objects", objects)):
        if not set(table["image_id"].tolist()) <= set(names):
            yield f"its table of {name} names an image that it does not have"
    if int(grains["run_count"].sum()) != len(runs):
        yield f"has {len(runs)} runs, but its calcifications count {int(grains['run_count'].sum())}"
    for image in images:
        rows = [table[table["image_id"] == image["image_id"]] for table in (findings, grains)]
        for problem in _image(file, image, rows[0], rows[1], runs, is_real):
            yield f"{image['image_id']}: {problem}"


class _Origins:
    """What the manifest says that cases were made with; of each recipe the checksum is made once."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._known: dict[int, dict[str, str]] = {}

    def __call__(self, case: int) -> Mapping[str, str]:
        source = source_of(self._manifest, case)
        first = int(source["first_case"]) if source else -1
        if first not in self._known:
            made: Any = source or vars(self._manifest)
            self._known[first] = {
                "seed": str(made["seed"]), "recipe": recipe_digest(made["recipe"]), "generator": made["generator"],
            }  # fmt: skip
        return self._known[first]


def _origin(file: Any, wanted: Mapping[str, str]) -> Iterator[str]:
    """Whether the case was made with the seed, recipe and generator that the manifest names."""
    for name, value in wanted.items():
        if hdf5_checks.text_attribute(file, name) != value:
            yield f"was made with another {name} than the manifest says"


def _image(
    file: Any, image: Any, findings: Table, grains: Table, runs: Table, is_real: bool
) -> Iterator[str]:
    """One image against its truth."""
    shape = int(image["rows"]), int(image["columns"])
    arrays, group = {}, hdf5_checks.image_group(file, str(image["image_id"]))
    for name in ("for_presentation", "labels", "breast_mask"):
        data = hdf5_checks.array_of(group, name)
        if data.shape != shape:
            yield f"{name} is {data.shape[0]} x {data.shape[1]} pixels, its row says {shape[0]} x {shape[1]}"
            return
        if name == "for_presentation":
            hdf5_checks.window(data)
        arrays[name] = hdf5_checks.whole(data, np.dtype(hdf5_checks.ARRAYS[name]))
    yield from _pixels(arrays, is_real, rows_of(ImageRow, np.array([image], image.dtype))[0].largest)
    yield from _rows(image, findings, grains)
    if int(grains["run_count"].sum()) and _covered(grains, runs) > 4 * shape[0] * shape[1]:
        yield "its calcifications cover more than four times its pixels"
        return
    masks = masks_of(grains, runs, shape)
    stated = np.stack([grains[f"box_{key}_px"] for key in "xywh"], axis=1)
    for number in np.flatnonzero((masks.boxes(shape[1]) != stated).any(axis=1) | (masks.counts == 0)):
        wrong = ": its box is not that of its runs" if masks.counts[number] else " has no pixel"
        yield f"calcification {grains['calcification_id'][number]}{wrong}"
    yield from verify_truth.numbers(image, grains, masks.areas)
    if not np.array_equal(masks.labels(shape), arrays["labels"]):
        yield "its labels are not what the runs say"


def _covered(grains: Table, runs: Table) -> int:
    """How many pixels the runs of these calcifications have in all."""
    ends = np.concatenate([[0], np.cumsum(runs["length"], dtype=np.int64)])
    first = np.minimum(grains["run_offset"].astype(np.int64), len(runs))
    last = np.minimum(first + grains["run_count"], len(runs))
    return int((ends[last] - ends[first]).sum())


def _pixels(arrays: dict[str, Any], is_real: bool, largest: int) -> Iterator[str]:
    """What is wrong with the values; beside a real breast there may be labels and an uneven background."""
    shown, mask = arrays["for_presentation"], arrays["breast_mask"]
    if not mask.any() or not shown.any():
        yield "is empty"
    if shown.max() > largest:
        yield f"has pixels above {largest}"
    if mask.max() > 1:
        yield "its breast mask holds more than 0 and 1"
    if not is_real and shown[mask == 0].any():
        yield "is not 0 outside the breast"


def _rows(image: Any, findings: Table, grains: Table) -> Iterator[str]:
    """The counts and classes that one table tells of another."""
    if (int(image["n_findings"]), int(image["n_calcifications"])) != (len(findings), len(grains)):
        yield "its row counts other findings or calcifications than it has"
    if str(image["class"]) != highest_class(map(str, findings["class"])):
        yield f"is called {image['class']}, which is not the highest class of its findings"
    ids = grains["calcification_id"].astype(np.int64)
    if (np.diff(ids) <= 0).any() or (np.diff(findings["finding_id"].astype(np.int64)) <= 0).any():
        yield "its findings or calcifications are not in the order of their ids"
    for finding in findings:
        if int(finding["n_calcifications"]) != int((grains["finding_id"] == finding["finding_id"]).sum()):
            yield f"finding {finding['finding_id']} counts other calcifications than it has"
    if not set(grains["finding_id"].tolist()) <= set(findings["finding_id"].tolist()):
        yield "has calcifications of no finding"
    for table in (image, findings, grains):
        for name in _numbers_of(table.dtype):
            if not np.isfinite(table[name]).all():
                yield f"{name} is not a number somewhere"


@lru_cache(maxsize=16)
def _numbers_of(dtype: np.dtype[Any]) -> list[str]:
    """The columns that hold numbers with fractions."""
    return [name for name in dtype.names or () if dtype[name].kind == "f"]
