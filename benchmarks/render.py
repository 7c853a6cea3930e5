"""What a labelled, written view costs: a table of stages in Y, and the peak of memory.

Y is one float32 rfft2 + irfft2 and one float32 standard_normal of the image's size, on one thread,
in the same run: the unit that makes machines comparable. It is taken before every case and after the
last, and its median and spread are printed: where the spread is wide the machine was busy, and the
table says little. Times are the processor's, not the clock's.

    python benchmarks/render.py [--preset suspicious] [--cases 3] [--set key=value ...] [--json]
    python benchmarks/render.py --grains 0 100 2000
    python benchmarks/render.py --sizes
    python benchmarks/render.py --workers 1 2
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import functools
import importlib
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

Seconds = dict[str, float]


def unit_s(shape: tuple[int, int]) -> float:
    """Y in seconds, once."""
    from scipy.fft import irfft2, rfft2

    rng = np.random.Generator(np.random.SFC64(0))
    image = np.zeros(shape, np.float32)
    start = time.process_time()
    rng.standard_normal(dtype=np.float32, out=image)
    irfft2(rfft2(image, workers=1), s=shape, workers=1)
    return time.process_time() - start


@functools.cache
def picture(shape: tuple[int, int]) -> Any:
    """A half disc of noise, such as a floor writes."""
    rng = np.random.Generator(np.random.SFC64(0))
    out = np.zeros(shape, np.uint16)
    rows, columns = shape
    y, x = np.ogrid[:rows, :columns]
    inside = (x / (0.55 * columns)) ** 2 + ((y - rows / 2) / (0.4 * rows)) ** 2 < 1
    out[inside] = np.clip(rng.normal(1200, 12, np.count_nonzero(inside)), 0, 4095)
    return out


def write_s(shape: tuple[int, int]) -> float:
    """What a compressed write of a picture costs, once: with Y, the least that a view can cost."""
    import h5py

    from phantom.dataset.format.case_writer import write_array

    what, start = picture(shape), time.process_time()
    with h5py.File("floor", "w", driver="core", backing_store=False) as file:
        write_array(file.create_group("floor"), "picture", what)
    return time.process_time() - start


def floor_s(shape: tuple[int, int]) -> float:
    """The least that a view can cost, once: Y and the write."""
    return unit_s(shape) + write_s(shape)


@contextmanager
def stopwatch(seconds: Seconds, calls: list[tuple[Any, str, str]]) -> Iterator[None]:
    """Within it, each named function adds the time it takes to its stage."""
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in calls]

    def timed(function: Any, stage: str) -> Any:
        @functools.wraps(function)
        def wrapper(*args: Any, **words: Any) -> Any:
            start = time.process_time()
            try:
                result = function(*args, **words)
            finally:
                seconds[stage] += time.process_time() - start
            return each(result, stage) if isinstance(result, Generator) else result

        return wrapper

    def each(parts: Any, stage: str) -> Iterator[Any]:
        """What is made a part at a time takes its time between the parts; who asks for them is not charged with it."""
        while True:
            start = time.process_time()
            part = next(parts, None)
            spent = time.process_time() - start
            seconds[stage] += spent
            seconds["asked for"] += spent
            if part is None:
                return
            yield part

    for owner, name, stage in calls:
        setattr(owner, name, timed(getattr(owner, name), stage))
    try:
        yield
    finally:
        for owner, name, function in before:
            setattr(owner, name, function)


def stages() -> list[tuple[Any, str, str]]:
    """Which function is which stage."""
    from phantom.anatomy.patient import Anatomy
    from phantom.anatomy.projected import shadow
    from phantom.dataset.format import case_writer
    from phantom.exam import render, scene
    from phantom.imaging import beam
    from phantom.imaging.detector import Detector
    from phantom.imaging.presentation import Presentation

    return [
        (scene, "grow", "scene"),
        (Anatomy, "grow", "anatomy: grow"),
        (shadow, "project_tissue", "anatomy: project"),
        (shadow.ProjectedTissue, "window", "anatomy: project"),
        (shadow.TissueWindow, "strips", "anatomy: project"),
        (render, "place_calcifications", "calcifications: shadows"),
        (render, "measure", "truth"),
        (beam, "collapse", "imaging: materials"),
        (render, "signal_of", "imaging: primary, scatter"),
        (Detector, "expose", "imaging: detector"),
        (Presentation, "present", "imaging: presentation"),
        (case_writer, "write_case", "writing"),
    ]


@dataclass(frozen=True)
class Specks:
    """A kind for this benchmark: so many grains of 0.2 mm, anywhere in the breast."""

    count: int

    def grow(self, breast: Any, seed: Any, distribution: Any = None) -> Any:
        from phantom.calcifications.finding import Calcification, Finding
        from phantom.geometry.solids.ellipsoids import Ellipsoid

        rng, (lo, hi) = seed.rng(), breast.bounds_mm
        places: list[Any] = []
        while len(places) < self.count:
            some = lo + (hi - lo) * rng.random((4 * self.count, 3))
            places += list(some[breast.depth_mm(some) > 4])
        radii = rng.uniform(0.07, 0.13, (self.count, 3))
        grains = tuple(
            Calcification(Ellipsoid(tuple(map(float, r)), (0.0, 0.0, 0.0)), tuple(map(float, p)), "specks")
            for r, p in zip(radii, places[: self.count], strict=True)
        )
        return Finding("specks", "benchmark", "punctate", "diffuse", "2", "benign", grains)


def recipe(name: str, sets: list[str], grains: int | None) -> Any:
    """The preset, or the preset with nothing but so many specks in it."""
    from phantom.exam import preset as presets

    made = presets.load(name, sets)
    if grains is None:
        return made
    presets.FindingEntry.as_recipe = lambda self: {"kind": self.kind}  # type: ignore[method-assign]
    entries = (presets.FindingEntry("specks", grows=Specks(grains)),) if grains else ()
    return replace(made, finding=entries, mix=replace(made.mix, findings=None))


def measure(name: str, sets: list[str], grains: int | None, cases: int, report: Any) -> None:
    """Make and write some cases, and report the seconds of each stage per view, and the peak of memory."""
    from phantom.dataset.format import case_writer
    from phantom.dataset.running import memory
    from phantom.exam import case

    memory.keep()  # as `generate` does
    made = recipe(name, sets, grains)
    first = case.simulate_for_dataset(made, 1, 0)  # warms caches that a run of many cases has warm
    case_writer.encode(first)
    importlib.import_module("scipy.spatial")  # takes longer than a case does, once a run
    shape = first.views[0].for_presentation.shape
    seconds: Seconds = defaultdict(float)
    views = count = 0
    del first  # a run keeps one case at a time
    unit_s(shape)
    units = []
    with tempfile.TemporaryDirectory() as folder, stopwatch(seconds, stages()):
        for index in range(1, cases + 1):
            units.append(unit_s(shape))
            start = time.process_time()
            one = case.simulate_for_dataset(made, 1, index)
            case_writer.write_case(one, Path(folder) / "case.h5")
            seconds["whole"] += time.process_time() - start
            views += len(one.views)
            count += sum(len(view.calcifications) for view in one.views)
            del one
    seconds["scene"] -= seconds["anatomy: grow"]
    seconds["imaging: materials"] -= seconds.pop("asked for")
    named = sum(value for key, value in seconds.items() if key != "whole")
    seconds["other"] = seconds["whole"] - named
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    units.append(unit_s(shape))
    unit = float(np.median(units))
    report.send({
        "shape": shape, "views": views, "grains": count / views, "peak_mib": peak,
        "seconds": {key: value / views for key, value in seconds.items()},
        "unit_s": unit, "unit_range_s": [min(units), max(units)],
        "floor_s": unit + min(write_s(shape) for _ in range(3)),
    })  # fmt: skip


# image sizes: a patch cut from views of a case, and detectors of one pixel with ever more of them
SIZES: dict[str, list[str]] = {
    "patch": ["exam.patches=16", "exam.whole_views=false"],
    "1k": ["detector.rows=1024", "detector.columns=1024", "detector.pitch_mm=0.2"],
    "full": [],
    "4096 x 3328": ["detector.rows=4096", "detector.columns=3328"],
}


def with_workers(name: str, sets: list[str], cases: int, workers: int) -> str:
    """Seconds by the clock of a run of `generate` with an image's share of them, and the same of the floor.

    The start of the run's processes counts; of the floor's, it does not.
    """
    from phantom import open as open_dataset
    from phantom.dataset.running.run import RunOptions, generate
    from phantom.exam import preset as presets

    made = presets.load(name, sets)
    with tempfile.TemporaryDirectory() as folder:
        out, start = Path(folder) / "data", time.perf_counter()
        generate(made, 1, cases, out, options=RunOptions(workers=workers))
        seconds, images = time.perf_counter() - start, len(open_dataset(out))
    shapes = [made.detector.grid.shape] * images
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(floor_s, shapes[:1] * 4 * workers))
        start = time.perf_counter()
        list(pool.map(floor_s, shapes))
        floor = time.perf_counter() - start
    return (
        f"{workers} workers: {images} images in {seconds:.1f} s by the clock, {seconds / images:.2f} s each; "
        f"floor {floor / images:.2f} s each, {seconds / floor:.1f} times that"
    )


def measured(*args: Any) -> dict[str, Any]:
    """`measure` in a process of its own, so that its peak of memory is its own."""
    receiver, sender = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=measure, args=(*args, sender))
    process.start()
    sender.close()
    try:
        costs: dict[str, Any] = receiver.recv()
    except EOFError:
        sys.exit("the benchmark's process ended without a result")
    process.join()
    return costs


def table(costs: dict[str, Any]) -> str:
    """The result as text."""
    unit = costs["unit_s"]
    rows, columns = costs["shape"]
    lines = [f"{rows} x {columns}, {costs['views']} views with {costs['grains']:.0f} calcifications each"]
    low, high = costs["unit_range_s"]
    lines.append(f"  Y = {unit:.3f} s ({low:.3f} to {high:.3f})")
    order = sorted((k for k in costs["seconds"] if k not in ("whole", "other")), key=lambda k: -costs["seconds"][k])
    for key in [*order, "other", "whole"]:
        seconds = costs["seconds"][key]
        lines.append(f"  {key:28s} {seconds / unit:6.2f} Y {1e3 * seconds:8.0f} ms")
    lines.append(f"  {'floor':28s} {costs['floor_s'] / unit:6.2f} Y")
    lines.append(f"  {'peak memory':28s} {costs['peak_mib']:6.0f} MiB")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="suspicious")
    parser.add_argument("--cases", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], dest="sets", metavar="KEY=VALUE")
    parser.add_argument(
        "--grains", type=int, nargs="*", help="instead of the preset's findings: so many specks of 0.2 mm"
    )
    parser.add_argument("--sizes", action="store_true", help=f"images of several sizes: {', '.join(SIZES)}")
    parser.add_argument("--workers", type=int, nargs="*", help="instead: whole runs with so many processes")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.workers:
        print(
            "\n".join(
                with_workers(arguments.preset, arguments.sets, arguments.cases, workers)
                for workers in arguments.workers
            )
        )
        return
    extras = SIZES.values() if arguments.sizes else [[]]
    runs = [(extra, grains) for extra in extras for grains in arguments.grains or [None]]
    results = [measured(arguments.preset, [*arguments.sets, *extra], grains, arguments.cases) for extra, grains in runs]
    print(json.dumps(results, indent=2) if arguments.json else "\n\n".join(map(table, results)))


if __name__ == "__main__":
    main()
