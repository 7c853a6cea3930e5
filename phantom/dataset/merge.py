"""Several datasets as one: `phantom merge A B --out C`; also the shards of one job."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phantom.dataset.dataset import Dataset
from phantom.dataset.format import hdf5_checks
from phantom.dataset.format.count import Count
from phantom.dataset.format.environment import processor, versions
from phantom.dataset.format.files import folder_size, make_folder, sha256_of
from phantom.dataset.format.files import replace as replace_file
from phantom.dataset.format.layout import MAX_CASES, UNFINISHED, case_name
from phantom.dataset.format.manifest import Manifest, is_unfinished, must_be_dataset, read_manifest
from phantom.dataset.format.manifest_checks import MADE_WITH
from phantom.dataset.format.untrusted import read_plain
from phantom.dataset.running import resume as state
from phantom.dataset.running.finish import finish
from phantom.dataset.running.lock import folder_lock
from phantom.dataset.running.progress import Summary
from phantom.dataset.women import refuse_shared
from phantom.errors import DatasetError, FolderError, UsageError


@dataclass(frozen=True)
class _Piece:
    """A case of one of the folders, and its number in the merged dataset."""

    folder: Path
    old: int
    new: int
    digest: str


def merge(
    folders: Sequence[str | Path],
    out: str | Path,
    overwrite: bool = False,
    paired: bool = False,
    progress: Callable[[int, int], None] | None = None,
    *,
    resume: bool = False,
) -> Summary:
    """Put several datasets into a new one.

    The first keeps its case numbers; the cases of the others get the next numbers. Case files stay as they are,
    byte for byte: no number stands in them. Which part of a split a case belongs to stays as it was. Shards of one job
    (``--shard i/n``) are joined to the very dataset that one run would have made.

    Parameters
    ----------
    folders : sequence of path
        Two or more; they are only read.
    out : path
        An absent or empty folder, or one with the same merge, unfinished: what is there already is kept. With
        `overwrite` a dataset, which is deleted first.
    paired : bool
        Whether the same women may stand in several of the datasets (`phantom.dataset.women`).
    progress : callable
        Told (cases written, cases).
    resume : bool
        Go through a finished merge again too.

    Raises
    ------
    UsageError
        If the folders cannot be merged, or `out` must not be written.
    DatasetError
        If one of them is damaged; the message names the file.
    """
    sources, target = [Path(folder) for folder in folders], Path(out)
    if len(sources) < 2:
        raise UsageError("merge: needs at least two datasets")
    if target.resolve() in {folder.resolve() for folder in sources}:
        raise UsageError(f"merge: {target} is one of the datasets to be merged; choose another --out")
    if any(folder.resolve() in target.resolve().parents for folder in sources):
        raise UsageError(f"merge: {target} lies inside one of the datasets to be merged; choose another --out")
    manifest, pieces = _parts_of_one_job(sources) or _side_by_side(sources, paired)
    if len({folder.resolve() for folder in sources}) < len(sources):
        raise UsageError("merge: the same folder is given twice")
    if resume and overwrite:
        raise UsageError("--resume and --overwrite exclude each other")
    state.may_begin(target, resume or _is_begun(target, manifest), overwrite)
    make_folder(target)
    with folder_lock(target):
        state.may_begin(target, resume or _is_begun(target, manifest), overwrite)
        if overwrite:
            state.clear(target)
        manifest = _gone_on(target, manifest)
        state.declare(target, manifest)
        digests = {}
        for number, piece in enumerate(pieces, start=1):
            digests[piece.new] = _carry(piece, target)
            if progress is not None:
                progress(number, len(pieces))
        whole, count = finish(target, manifest, digests)
    return _summary(target, whole, count, len(sources))


def _is_begun(target: Path, manifest: Manifest) -> bool:
    """Whether the folder holds this very merge, unfinished."""
    return is_unfinished(target) and _alike(state.begun(target), manifest)


def _alike(before: Manifest | None, manifest: Manifest) -> bool:
    """Whether both are of the same cases in the same order."""
    keys = "sources", "cases", "recipe", "seed", "split", "sweeps", "generator", "detectors"
    return before is not None and all(getattr(before, key) == getattr(manifest, key) for key in keys)


def _gone_on(target: Path, manifest: Manifest) -> Manifest:
    """The manifest, with what the merge was begun with, where it is taken up again.

    Raises
    ------
    FolderError
        If the folder holds anything else.
    """
    before = state.begun(target) if target.is_dir() and state.entries(target) else None
    if before is None:
        return manifest
    if not _alike(before, manifest):
        raise FolderError(f"{target}: holds another dataset than these make; choose another --out, or --overwrite")
    return manifest.made_in([*before.environments, *manifest.environments])


def _carry(piece: _Piece, target: Path) -> str:
    """Write one case into the new dataset, unless it is there; its checksum there."""
    path = piece.folder / case_name(piece.old)
    if sha256_of(target / case_name(piece.new)) == piece.digest:
        return piece.digest
    if sha256_of(path) != piece.digest:
        raise DatasetError(f"{path}: missing or damaged; repair it first (generate --resume)")
    hdf5_checks.readable(path, path)
    replace_file(target / case_name(piece.new), read_plain(path, hdf5_checks.MAX_FILE))
    return piece.digest


def _parts_of_one_job(folders: Sequence[Path]) -> tuple[Manifest, list[_Piece]] | None:
    """What the shards of one job make together; None if the folders are not that."""
    if not all((folder / UNFINISHED).is_file() for folder in folders):
        return None
    jobs = [read_manifest(folder, UNFINISHED) for folder in folders]
    for folder, job in zip(folders, jobs, strict=True):
        if any(getattr(job, key) != getattr(jobs[0], key) for key in state.SAME_JOB):
            raise UsageError(f"merge: {folder} is a shard of another job than {folders[0]}")
    found = {
        case: _Piece(folder, case, case, digest)
        for folder in folders
        for case, digest in state.known_digests(folder).items()
        if case < jobs[0].cases
    }
    missing = jobs[0].cases - len(found)
    if missing:
        raise UsageError(f"merge: {missing} of {jobs[0].cases} cases of the job are in none of the folders")
    environments = [one for job in jobs for one in job.environments]
    environments.sort(key=lambda one: json.dumps(one, sort_keys=True))  # whatever the order of the folders
    return jobs[0].made_in(environments), [found[case] for case in sorted(found)]


def _side_by_side(folders: Sequence[Path], paired: bool) -> tuple[Manifest, list[_Piece]]:
    """Finished datasets, one behind the other."""
    for folder in folders:
        must_be_dataset(folder)
        if is_unfinished(folder):
            raise FolderError(f"{folder}: unfinished; finish it first with --resume")
    manifests = [read_manifest(folder) for folder in folders]
    total = sum(manifest.cases for manifest in manifests)
    if total > MAX_CASES:
        raise UsageError(f"merge: {total} cases in all; at most {MAX_CASES} are possible")
    sources: list[dict[str, Any]] = []
    pieces: list[_Piece] = []
    for folder, manifest in zip(folders, manifests, strict=True):
        first = len(pieces)
        sources += _sources_of(manifest, first)
        for case in range(manifest.cases):
            digest = manifest.files.get(case_name(case))
            if digest is None:
                raise DatasetError(f"{folder}: its manifest does not name {case_name(case)}")
            pieces.append(_Piece(folder, case, first + case, digest))
    _all_different(sources)
    refuse_shared([Dataset(folder) for folder in folders], paired)
    shares = next((manifest.split for manifest in manifests if manifest.split), {})
    merged = Manifest(
        preset=" + ".join(dict.fromkeys(str(source["preset"]) for source in sources)),
        preset_text="",
        recipe={},
        seed=0,
        cases=total,
        generator=manifests[0].generator,
        packages=versions(),
        processor=processor(),
        split=shares,
        sweeps=tuple(dict.fromkeys(sweep for manifest in manifests for sweep in manifest.sweeps)),
        sources=tuple(sources),
    )
    return merged, pieces


def _sources_of(manifest: Manifest, first: int) -> list[dict[str, Any]]:
    """What the merged manifest tells of one dataset, or of each that it was merged from."""
    if manifest.sources:
        return [{**source, "first_case": int(source["first_case"]) + first} for source in manifest.sources]
    return [{
        "preset": manifest.preset, "preset_text": manifest.preset_text, "recipe": dict(manifest.recipe),
        "seed": manifest.seed, "cases": manifest.cases, "first_case": first, "begins_at": 0,
        "split": dict(manifest.split), "generator": manifest.generator, "environments": manifest.environments,
        **{name: value for name in MADE_WITH if (value := getattr(manifest, name))},
    }]  # fmt: skip


def _all_different(sources: Sequence[Mapping[str, Any]]) -> None:
    """Refuses the same cases twice: they would be in training and test at once."""
    seen: dict[tuple[str, int, str], Mapping[str, Any]] = {}
    for source in sources:
        # other pictures, or another rendering, are other cases
        made = json.dumps([source.get(name) for name in MADE_WITH], sort_keys=True)
        key = state.recipe_digest(source["recipe"]), int(source["seed"]), made
        if key in seen:
            raise UsageError(
                f"merge: two of the datasets hold the same cases (preset {source['preset']}, seed {source['seed']}); "
                "make one of them with another --seed, or extend one by --cases and --resume"
            )
        seen[key] = source


def _summary(folder: Path, manifest: Manifest, count: Count, merged: int) -> Summary:
    dropped = {name: list(reasons) for name, reasons in manifest.dropped.items()}
    size = folder_size(folder)
    return Summary(
        folder, manifest.cases, 0, manifest.cases, 0, count, dropped, size, 0.0, None, merged, tuple(_mixed(folder))
    )


def _mixed(folder: Path) -> Iterator[str]:
    """What is not the same in all plain views and that a detector must know."""
    table = Dataset(folder).images
    plain = table[(table["magnification"] == 1) & ~table["patch"]]
    spacings = sorted(set(plain["pixel_spacing_mm"].tolist()))
    if len(spacings) > 1:
        sizes = ", ".join(f"{spacing:g}" for spacing in spacings)
        yield f"pixels of {sizes} mm are mixed; a detector that counts in pixels needs one spacing, or to be told it"
