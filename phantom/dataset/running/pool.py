"""Who does the work: this process, processes of its own, or any executor; the results are the same.

Everything is written against `concurrent.futures.Executor`.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

from phantom.dataset.running import memory
from phantom.dataset.running.worker import CaseResult, Job, make_case, marks
from phantom.errors import CaseError, PhantomError, UsageError, install

CONNECT_S = 10.0
CASES_PER_WORKER = 64  # then its process is replaced by a fresh one, before it has grown
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def cpus() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def serially(job: Job, cases: Iterable[int], known: Mapping[int, str]) -> Iterator[CaseResult]:
    """Make the cases here, one after the other."""
    with memory.kept():
        for index in cases:
            yield make_case(job, index, known.get(index))


def in_processes(job: Job, cases: Iterable[int], known: Mapping[int, str], workers: int) -> Iterator[CaseResult]:
    """Make the cases in `workers` processes of our own, each with one thread; in any order.

    The processes are spawned, so that they load NumPy after the number of threads is set, and
    replaced every `CASES_PER_WORKER` cases. They end when this process does, however it ends.
    """
    left = iter(cases)
    while batch := list(itertools.islice(left, CASES_PER_WORKER * workers)):
        with spawned(workers) as pool:
            yield from through(pool, job, batch, known, 2 * workers)


@contextlib.contextmanager
def spawned(workers: int) -> Iterator[ProcessPoolExecutor]:
    """`workers` fresh processes, each with one thread; they end when the block does, at once if it fails."""
    import multiprocessing

    with _one_thread(), _closing(
        ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_begin)
    ) as pool:  # fmt: skip
        yield pool


def through(
    executor: Executor, job: Job, cases: Iterable[int], known: Mapping[int, str], window: int
) -> Iterator[CaseResult]:
    """Make the cases through any executor, at most `window` of them handed out at a time; in any order.

    After the first failure no more are handed out, those under way are waited for, and the failure is raised.

    Raises
    ------
    PhantomError
        Naming the case that failed, or at which a worker died.
    """
    left = iter(cases)
    futures: dict[Future[CaseResult], int] = {}
    processes: dict[int, Any] = {}
    failure: BaseException | None = None
    failed = -1
    while True:
        while failure is None and len(futures) < window and (index := next(left, None)) is not None:
            try:
                futures[executor.submit(make_case, job, index, known.get(index))] = index
            except RuntimeError as error:
                failure, failed = error, index
        processes.update(getattr(executor, "_processes", None) or {})
        if not futures:
            break
        done = wait(futures, return_when=FIRST_COMPLETED).done
        for future in sorted(done, key=lambda f: futures[f]):
            index = futures.pop(future)
            if future.cancelled():
                continue
            wrong = future.exception()
            if wrong is None:
                yield future.result()
            elif failure is None:
                failure, failed = wrong, index
                for other in futures:
                    other.cancel()
    if failure is not None:
        raise _in_words(failure, failed, Path(job.folder), processes) from failure


def _in_words(error: BaseException, index: int, folder: Path, processes: Mapping[int, Any]) -> BaseException:
    """What stopped the run, naming the case."""
    if isinstance(error, (PhantomError, KeyboardInterrupt)):
        return error
    if isinstance(error, BrokenProcessPool):
        begun = marks(folder)
        codes = {pid: _exit_code(processes.get(pid)) for pids in begun.values() for pid in pids}
        killed = [case for case, pids in begun.items() if any(_was_killed(codes[pid]) for pid in pids)]
        cases = killed or list(begun) or [index]
        name = f"case {cases[0]}" if len(cases) == 1 else f"one of the cases {', '.join(map(str, cases))}"
        return CaseError(
            f"the process that was making {name} was killed, most often for want of memory; "
            "finish with --resume, perhaps with fewer --workers"
        )
    return CaseError(f"case {index} could not be made: {type(error).__name__}: {error}")


def _exit_code(process: Any) -> int | None:
    """How a worker ended; the pool needs a moment to find out."""
    if process is None:
        return None
    for _ in range(20):
        with contextlib.suppress(ValueError):
            if process.exitcode is not None:
                return int(process.exitcode)
        time.sleep(0.05)
    return None


def _was_killed(code: int | None) -> bool:
    # the pool ends the other workers by SIGTERM
    return code is not None and code not in (0, -signal.SIGTERM)


@contextlib.contextmanager
def _closing(pool: ProcessPoolExecutor) -> Iterator[ProcessPoolExecutor]:
    """Waits for the pool's work; but ends its processes at once when something went wrong here."""
    try:
        yield pool
    except BaseException:
        for process in list((getattr(pool, "_processes", None) or {}).values()):
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    pool.shutdown(wait=True)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """One thread for every library in the processes started meanwhile."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _begin() -> None:
    """In a fresh worker: keep its memory, leave Ctrl-C to the parent, and do not outlive it."""
    import multiprocessing
    import threading

    memory.keep()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent,), daemon=True).start()


def _die_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def scheduler_of(address: str) -> str:
    """The ``host:port`` of ``dask://host:port``.

    Raises
    ------
    UsageError
        If the address is of no known form.
    """
    found = re.fullmatch(r"dask://([^/\s]+:\d+)", address)
    if found is None:
        raise UsageError(
            f"--executor {address}: must be dask://host:port (for Slurm and its like, --shard in a job array)"
        )
    return found[1]


@contextlib.contextmanager
def executor_at(address: str) -> Iterator[Executor]:
    """The executor that an address stands for: ``dask://host:port`` is a scheduler of Dask distributed.

    Raises
    ------
    UsageError
        If the address is of no known form, the extra ``cluster`` is missing, or nobody answers there.
    """
    place = scheduler_of(address)
    try:
        connect: Any = import_module("distributed").Client
    except ImportError as error:
        raise UsageError(f"--executor dask://… needs Dask's scheduler: {install('cluster')}") from error
    try:
        client = connect(f"tcp://{place}", timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"--executor {address}: no Dask scheduler answers there") from error
    with client:
        yield client.get_executor(pure=False)
