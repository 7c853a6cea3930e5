"""What `phantom verify` costs a case beyond its pixels, in a dataset of thousands of them.

A few cases of large pixels are made, and then stand in the dataset again and again: nothing in a case file depends on
its number. Processor time of this process, not the clock's.

    python benchmarks/verify.py [--preset suspicious] [--cases 5000] [--made 16] [--binning 16]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from phantom.dataset.format.files import sha256_of
from phantom.dataset.format.layout import case_name
from phantom.dataset.format.manifest import Manifest, read_manifest
from phantom.dataset.running.finish import finish
from phantom.dataset.running.run import RunOptions, generate
from phantom.dataset.verify import verify
from phantom.exam import preset as presets


def filled(folder: Path, cases: int) -> Manifest:
    """The dataset in the folder with so many cases, those there are in turn."""
    made = read_manifest(folder)
    files = [folder / case_name(case) for case in range(made.cases)]
    digests = [sha256_of(path) or "" for path in files]
    for case in range(made.cases, cases):
        (folder / case_name(case)).hardlink_to(files[case % made.cases])
    whole = replace(made, cases=cases)
    return finish(folder, whole, {case: digests[case % made.cases] for case in range(cases)})[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="suspicious")
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--made", type=int, default=16)
    parser.add_argument("--binning", type=int, default=16)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        recipe = presets.load(asked.preset, [f"detector.binning={asked.binning}"])
        generate(recipe, 0, min(asked.made, asked.cases), folder, RunOptions(workers=1))
        filled(folder, asked.cases)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.process_time()
        problems = verify(folder)
        spent = time.process_time() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for problem in problems[:5]:
        print(problem)
    each, peaks = 1e3 * spent / asked.cases, f"{peak / 1024:.0f} MiB ({before / 1024:.0f} before)"
    print(f"{each:.1f} ms a case of {asked.cases}; peak {peaks}")


if __name__ == "__main__":
    main()
