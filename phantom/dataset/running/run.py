"""Making a dataset: cases by any number of workers, in any order, stopped and resumed, always with the same bytes."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from phantom.dataset.format.count import Count
from phantom.dataset.format.environment import processor, versions
from phantom.dataset.format.files import folder_size, unwritable
from phantom.dataset.format.layout import MAX_CASES
from phantom.dataset.format.manifest import Manifest
from phantom.dataset.running import pool
from phantom.dataset.running import resume as state
from phantom.dataset.running.finish import finish
from phantom.dataset.running.lock import folder_lock
from phantom.dataset.running.progress import Stopwatch, Summary, Watcher
from phantom.dataset.running.sweep import detector_files, swept
from phantom.dataset.running.worker import CaseFactory, CaseResult, Job, Recipe, remove_leftovers
from phantom.errors import Stopped, UsageError

DEFAULT_CASES = 4


@dataclass(frozen=True)
class RunOptions:
    """How a dataset is made; none of it changes a case's pixels.

    Attributes
    ----------
    workers : int or None
        How many processes; None for as many as there are processors. 1 works in this process.
    resume : bool
        Finish what is in the folder: whole cases are kept, damaged ones made again, more added.
    overwrite : bool
        Delete the dataset that is in the folder first.
    executor : Executor, str or None
        Who does the work instead: any `concurrent.futures.Executor`, or ``dask://host:port``.
    shard : (i, n) or None
        Make only the cases whose index is i modulo n. Shards that run at the same time each need a folder of
        their own, and `phantom.dataset.merge` joins them; in one folder, one after the other with `resume`, the
        last one finishes the dataset.
    split : mapping of str to float
        Shares by name (`phantom.dataset.format.split`): the column `split` of the images' table.
    sweeps : sequence of str
        ``key=a:b:n`` (`phantom.dataset.running.sweep`).
    preset_text : str
        The recipe as its author wrote it, for the manifest.
    make : callable or None
        ``make(preset, seed, index) -> Case``, importable; None for `phantom.exam.case.simulate_for_dataset`.
    rendered : mapping
        What the manifest says of the dataset whose scenes these are (`phantom.dataset.rerender`).
    inserted : mapping
        What it says of the pictures that calcifications are put into (`phantom.insert.run`).
    """

    workers: int | None = None
    resume: bool = False
    overwrite: bool = False
    executor: Executor | str | None = None
    shard: tuple[int, int] | None = None
    split: Mapping[str, float] = field(default_factory=dict)
    sweeps: Sequence[str] = ()
    preset_text: str = ""
    make: CaseFactory | None = None
    rendered: Mapping[str, Any] = field(default_factory=dict)
    inserted: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        UsageError
        """
        if self.resume and self.overwrite:
            raise UsageError("--resume and --overwrite exclude each other")
        if self.workers is not None and self.workers < 1:
            raise UsageError(f"--workers {self.workers}: must be at least 1")
        if self.shard is not None:
            object.__setattr__(self, "shard", parse_shard(f"{self.shard[0]}/{self.shard[1]}"))


def generate(
    preset: Recipe | str,
    seed: int = 0,
    cases: int | None = None,
    out: str | Path | None = None,
    options: RunOptions | None = None,
    progress: Watcher | None = None,
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
        The folder, by default the preset's name. It must be empty or absent, unless the options
        ask to resume or to overwrite what is there.
    options : RunOptions
    progress : callable
        Called with a `Progress` after each case.

    Raises
    ------
    UsageError
        If what is asked for cannot be, or the folder must not be written.
    Stopped
        On Ctrl-C.
    PhantomError
        If a case cannot be made or written; the message names it, and what is done is kept.
    """
    options = options or RunOptions()
    _check(seed, cases)
    if isinstance(preset, str):
        from phantom.exam import preset as presets

        options = replace(options, preset_text=presets.text(preset))
        preset = presets.load(preset)
    folder = Path(out if out is not None else default_folder(preset.name, options.shard))
    wanted = _wanted(preset, seed, cases, options)
    job = _job(folder, preset, wanted, options)
    state.may_begin(folder, options.resume, options.overwrite)
    with contextlib.ExitStack() as stack:
        executor = options.executor
        if isinstance(executor, str):
            executor = stack.enter_context(pool.executor_at(executor))
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from error
        stack.enter_context(folder_lock(folder))
        state.may_begin(folder, options.resume, options.overwrite)
        if options.overwrite:
            state.clear(folder)
        manifest = state.continued(folder, wanted, cases)
        return _Run(folder, job, manifest, options.shard, options.workers, executor, progress).all()


def default_folder(preset: str, shard: tuple[int, int] | None) -> str:
    """Where a dataset goes if nothing else is said: a folder of the preset's name, each shard its own."""
    return preset if shard is None else f"{preset}-{shard[0]}-of-{shard[1]}"


def _wanted(preset: Recipe, seed: int, cases: int | None, options: RunOptions) -> Manifest:
    return Manifest(
        preset=preset.name, preset_text=options.preset_text, recipe=preset.resolved(), seed=seed,
        cases=cases or DEFAULT_CASES, generator=generator(), packages=versions(), processor=processor(),
        split=dict(options.split), sweeps=tuple(options.sweeps), parts=options.shard[1] if options.shard else 0,
        rendered=dict(options.rendered), inserted=dict(options.inserted),
        detectors=detector_files(preset, options.sweeps),
    )  # fmt: skip


def _job(folder: Path, preset: Recipe, wanted: Manifest, options: RunOptions) -> Job:
    make = options.make or _simulate
    if options.sweeps:
        make = swept(preset, options.sweeps, make)
    about = {
        "generator": wanted.generator, "seed": str(wanted.seed), "recipe": state.recipe_digest(wanted.recipe)
    }  # fmt: skip
    return Job(str(folder.absolute()), preset, wanted.seed, make, about)


@dataclass(frozen=True)
class _Run:
    """One run in its folder, which it has locked."""

    folder: Path
    job: Job
    manifest: Manifest
    shard: tuple[int, int] | None
    workers: int | None
    executor: Executor | None
    progress: Watcher | None

    def all(self) -> Summary:
        """Make what is missing; then, if all cases are there, the tables and the manifest."""
        known = state.known_digests(self.folder)
        state.declare(self.folder, self.manifest)
        made, watch = self._cases(known)
        digests = known | made
        if not all(index in digests for index in range(self.manifest.cases)):
            return self._summary(watch, None, {})
        whole, count = finish(self.folder, self.manifest, digests)
        return self._summary(watch, count, {name: list(reasons) for name, reasons in whole.dropped.items()})

    def _in_part(self, index: int) -> bool:
        return self.shard is None or index % self.shard[1] == self.shard[0] % self.shard[1]

    def _cases(self, known: Mapping[int, str]) -> tuple[dict[int, str], Stopwatch]:
        """Make the cases of this run that are missing or damaged; the checksums of all of them."""
        part_cases = [index for index in range(self.manifest.cases) if self._in_part(index)]
        remove_leftovers(self.folder, self._in_part)
        watch = Stopwatch(len(part_cases), self.progress)
        digests: dict[int, str] = {}
        journal = state.Journal(self.folder)
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

    def _summary(self, watch: Stopwatch, count: Count | None, dropped: dict[str, list[str]]) -> Summary:
        return Summary(
            self.folder, self.manifest.cases, watch.made, watch.done - watch.made, watch.repaired, count, dropped,
            folder_size(self.folder), watch.seconds, self.shard,
        )  # fmt: skip


def parse_shard(text: str) -> tuple[int, int]:
    """``i/n`` as two numbers; parts are counted from 1.

    Raises
    ------
    UsageError
        If it is not of that form.
    """
    first, _, second = text.partition("/")
    if first.isascii() and first.isdigit() and second.isascii() and second.isdigit():
        part = int(first), int(second)
        if 1 <= part[0] <= part[1] <= MAX_CASES:
            return part
    raise UsageError(f"--shard {text}: must be i/n with i from 1 to n, such as 3/64; parts are counted from 1")


def _check(seed: int, cases: int | None) -> None:
    if cases is not None and not 1 <= cases <= MAX_CASES:
        raise UsageError(f"--cases {cases}: must lie within 1 and {MAX_CASES}")
    if not 0 <= seed < 1 << 128:
        raise UsageError(f"--seed {seed}: must not be negative, nor have more than 128 bits")


def generator() -> str:
    """What makes datasets: such as ``phantom 0.1.0``."""
    import phantom

    return f"phantom {phantom.__version__}"


def _simulate(preset: Any, seed: int, index: int) -> Any:
    from phantom.exam.case import simulate_for_dataset

    return simulate_for_dataset(preset, seed, index)
