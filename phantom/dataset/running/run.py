"""Making a dataset: cases by any number of workers, in any order, stopped and resumed, always with the same bytes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from phantom.dataset.format.case_tables import Count
from phantom.dataset.format.files import folder_size, unwritable
from phantom.dataset.format.layout import MAX_CASES, case_name, journal_name, part_manifest_name, part_of
from phantom.dataset.format.manifest import Manifest, is_unfinished, processor, read_manifest, versions
from phantom.dataset.running import pool
from phantom.dataset.running import resume as state
from phantom.dataset.running.finish import finish
from phantom.dataset.running.lock import FolderLock
from phantom.dataset.running.progress import Stopwatch, Summary, Watcher
from phantom.dataset.running.worker import CaseFactory, CaseResult, Job, Recipe, remove_leftovers
from phantom.errors import DatasetError, FolderError, Stopped, UsageError

Part = tuple[int, int] | None
DEFAULT_CASES = 4
_JOINING = 0, 0  # the lock of whichever part joins them all
_PATIENCE_S = 3600.0  # longer than tables and contact sheet of the largest dataset take


def generate(
    preset: Recipe | str,
    seed: int = 0,
    cases: int | None = None,
    out: str | Path | None = None,
    *,
    preset_text: str = "",
    workers: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    executor: Executor | str | None = None,
    shard: Part = None,
    split: Mapping[str, float] | None = None,
    sweeps: Sequence[str] = (),
    progress: Watcher | None = None,
    make: CaseFactory | None = None,
    rendered: Mapping[str, Any] | None = None,
    inserted: Mapping[str, Any] | None = None,
) -> Summary:
    """Make a dataset in a folder, or finish one.

    The same preset and seed give the same files for any number of workers, in any order,
    interrupted or not; a case does not depend on how many are asked for.

    Parameters
    ----------
    preset : Preset or str
        What to make: a recipe that has been read (`phantom.exam.preset.load`), a preset's name or a recipe's file.
    seed, cases : int
        Case i depends on `seed` and i alone. `cases` is 4 by default; when a dataset is
        resumed, as many as it was to have.
    out : path
        The folder, by default the preset's name. It must be empty or absent, unless
        `resume` (finish what is there: whole cases are kept, damaged ones made again, more
        added) or `overwrite` (delete the dataset there first).
    preset_text : str
        The recipe as its author wrote it, for the manifest.
    workers : int
        How many processes, by default as many as there are processors; 1 works in this process.
    executor : Executor or str
        Who does the work instead: any `concurrent.futures.Executor`, or ``dask://host:port``.
    shard : (i, n)
        Make only part i of n: the cases whose index is i modulo n. Parts may run at the same
        time on machines that share the folder; the last one joins them.
    split : mapping of str to float
        Shares by name (`phantom.dataset.format.split`): the column `split` of the images' table.
    sweeps : sequence of str
        ``key=a:b:n`` (`phantom.dataset.running.sweep`).
    progress : callable
        Told a `Progress` after each case.
    make : callable
        ``make(preset, seed, index) -> Case``, importable; by default `phantom.exam.case.simulate_for_dataset`.
    rendered : mapping
        What the manifest says of the dataset whose scenes these are (`phantom.dataset.rerender`).
    inserted : mapping
        What it says of the pictures that calcifications are put into (`phantom.insert.run`).

    Raises
    ------
    UsageError
        If what is asked for cannot be, or the folder must not be written.
    Stopped
        On Ctrl-C.
    PhantomError
        If a case cannot be made or written; the message names it, and what is done is kept.
    """
    part = _checked(seed, cases, workers, shard, resume, overwrite)
    if isinstance(preset, str):
        from phantom.exam import preset as presets

        preset_text = presets.text(preset)
        preset = presets.load(preset)
    folder = Path(out if out is not None else preset.name)
    wanted = Manifest(
        preset=preset.name, preset_text=preset_text, recipe=preset.resolved(), seed=seed, cases=cases or DEFAULT_CASES,
        generator=generator(), packages=versions(), processor=processor(), split=dict(split or {}),
        sweeps=tuple(sweeps), parts=part[1] if part else 0, rendered=dict(rendered or {}),
        inserted=dict(inserted or {}),
    )  # fmt: skip
    maker = make or _simulate
    if sweeps:
        from phantom.dataset.running.sweep import swept

        maker = swept(preset, sweeps, maker)
    about = {"generator": wanted.generator, "seed": str(seed), "recipe": state.recipe_digest(wanted.recipe)}
    job = Job(str(folder.absolute()), preset, seed, maker, about)
    state.may_begin(folder, wanted, part, resume, overwrite)
    with contextlib.ExitStack() as stack:
        if isinstance(executor, str):
            executor = stack.enter_context(pool.executor_at(executor))
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from error
        stack.enter_context(FolderLock(folder, part))
        state.may_begin(folder, wanted, part, resume, overwrite)
        if overwrite:
            state.clear(folder)
        manifest = state.continued(folder, wanted, cases, part)
        return _Run(folder, job, manifest, part, workers, executor, progress).all()


@dataclass(frozen=True)
class _Run:
    """One run in its folder, which it has locked."""

    folder: Path
    job: Job
    manifest: Manifest
    part: Part
    workers: int | None
    executor: Executor | None
    progress: Watcher | None

    def all(self) -> Summary:
        """Make what is missing; then, if nothing is, the tables and the manifest."""
        known = state.known_digests(self.folder)
        if self.part is not None and self._is_whole():
            return self._repair(known)
        state.declare(self.folder, self.manifest, self.part)
        digests, watch = self._cases(known)
        if self.part is None:
            return self._finish(digests, watch)
        self._hand_in(digests)
        with self._turn():  # parts that end together: one joins them, and the other finds it done
            joined = self._is_whole()
            missing = 0 if joined else self._parts_missing()
            if joined or missing:
                return self._summary(watch, None, {}, missing)
            return self._finish(state.known_digests(self.folder), watch)

    def _finish(self, digests: Mapping[int, str], watch: Stopwatch) -> Summary:
        whole, count = finish(self.folder, self.manifest, digests)
        return self._summary(watch, count, {name: list(reasons) for name, reasons in whole.dropped.items()}, 0)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Waits until no other part is at the end of its run, but not for ever: a machine may have died there."""
        with contextlib.ExitStack() as stack:
            last = time.monotonic() + _PATIENCE_S
            while True:
                try:
                    stack.enter_context(FolderLock(self.folder, _JOINING))
                    break
                except FolderError:
                    if time.monotonic() > last:
                        raise
                    time.sleep(0.5)
            yield

    def _is_whole(self) -> bool:
        """Whether the dataset has been finished before, so that this part can only need repair."""
        if is_unfinished(self.folder):
            return False
        try:
            return read_manifest(self.folder).cases == self.manifest.cases
        except DatasetError:
            return False

    def _repair(self, known: Mapping[int, str]) -> Summary:
        _, watch = self._cases(known)
        (self.folder / journal_name(self.part)).unlink(missing_ok=True)
        return self._summary(watch, None, {}, 0)

    def _in_part(self, index: int) -> bool:
        return self.part is None or index % self.part[1] == self.part[0] % self.part[1]

    def _cases(self, known: Mapping[int, str]) -> tuple[dict[int, str], Stopwatch]:
        """Make the cases of this run that are missing or damaged; the checksums of all of them."""
        part_cases = [index for index in range(self.manifest.cases) if self._in_part(index)]
        remove_leftovers(self.folder, self._in_part)
        watch = Stopwatch(len(part_cases), self.progress)
        digests: dict[int, str] = {}
        journal = state.Journal(self.folder, self.part)
        try:
            with contextlib.closing(self._done(part_cases, known)) as results:
                for done in results:
                    journal.note(done)
                    digests[done.index] = done.digest
                    watch.count(done)
        except KeyboardInterrupt:
            raise Stopped(
                f"stopped; {len(digests)} of {len(part_cases)} cases are in {self.folder}: finish with --resume"
            ) from None
        finally:
            journal.close()
            remove_leftovers(self.folder, self._in_part)
        return digests, watch

    def _done(self, part_cases: Sequence[int], known: Mapping[int, str]) -> Generator[CaseResult]:
        if self.executor is not None:
            yield from pool.through(self.executor, self.job, part_cases, known, 2 * (self.workers or 32))
            return
        workers = min(self.workers or pool.cpus(), len(part_cases))
        if workers <= 1:
            yield from pool.serially(self.job, part_cases, known)
        else:
            yield from pool.in_processes(self.job, part_cases, known, workers)

    def _hand_in(self, digests: Mapping[int, str]) -> None:
        """Write this part's own manifest."""
        assert self.part is not None
        files = {case_name(index): digest for index, digest in digests.items()}
        replace(self.manifest, files=files).write(self.folder, part_manifest_name(self.part))
        (self.folder / journal_name(self.part)).unlink(missing_ok=True)

    def _parts_missing(self) -> int:
        """How many parts have not written their manifests."""
        assert self.part is not None
        residues = set()
        for path in self.folder.glob("manifest-*-of-*.json"):
            part = part_of(path.name)
            if part is not None and part[1] == self.part[1]:
                with contextlib.suppress(DatasetError):
                    if read_manifest(self.folder, path.name).cases == self.manifest.cases:
                        residues.add(part[0] % part[1])
        return self.part[1] - len(residues)

    def _summary(self, watch: Stopwatch, count: Count | None, dropped: dict[str, list[str]], missing: int) -> Summary:
        return Summary(
            self.folder, self.manifest.cases, watch.made, watch.done - watch.made, watch.repaired, count, dropped,
            folder_size(self.folder), watch.seconds, missing,
        )  # fmt: skip


def parse_shard(text: str) -> tuple[int, int]:
    """``i/n`` as two numbers; parts are counted from 1, and 0/n is another name for n/n.

    Raises
    ------
    UsageError
        If it is not of that form.
    """
    first, _, second = text.partition("/")
    if first.isascii() and first.isdigit() and second.isascii() and second.isdigit():
        part = int(first), int(second)
        if 0 <= part[0] <= part[1] and 1 <= part[1] <= MAX_CASES:
            return part[0] or part[1], part[1]
    raise UsageError(f"--shard {text}: must be i/n with i from 1 to n, such as 3/64")


def _checked(
    seed: int, cases: int | None, workers: int | None, shard: Part, resume: bool, overwrite: bool
) -> Part:  # fmt: skip
    if resume and overwrite:
        raise UsageError("--resume and --overwrite exclude each other")
    if shard is not None and overwrite:
        raise UsageError("--shard and --overwrite exclude each other: the parts would delete one another")
    if cases is not None and not 1 <= cases <= MAX_CASES:
        raise UsageError(f"--cases {cases}: must lie within 1 and {MAX_CASES}")
    if not 0 <= seed < 1 << 128:
        raise UsageError(f"--seed {seed}: must not be negative, nor have more than 128 bits")
    if workers is not None and workers < 1:
        raise UsageError(f"--workers {workers}: must be at least 1")
    return parse_shard(f"{shard[0]}/{shard[1]}") if shard is not None else None


def generator() -> str:
    """What makes datasets: such as ``phantom 0.1.0``."""
    import phantom

    return f"phantom {phantom.__version__}"


def _simulate(preset: Any, seed: int, index: int) -> Any:
    from phantom.exam.case import simulate_for_dataset

    return simulate_for_dataset(preset, seed, index)
