"""What many images cost: the figures of docs/scale.md and of `phantom generate --dry-run`, measured.

Whole runs of the command, in processes of their own, with few and with more cases: the difference is what
the cases cost without the start. Processor time, not the clock's; the lowest of several runs, for where
others work on the machine everything takes longer.

    python benchmarks/scale.py [--preset benign] [--cases 6] [--times 2] [--write]

--write puts the table into docs/scale.md. Below it stand the estimates that phantom/cli/generate.py makes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "scale.md"
START, END = "<!-- costs: made by benchmarks/scale.py --write -->", "<!-- end of costs -->"
IMAGES = 45_000
FEW = 4  # cases, whose images fill the contact sheet
BINNED = 4


@dataclass(frozen=True)
class Cost:
    """What an image costs: processor seconds to make and to verify, bytes, and the process's peak of memory in MiB."""

    seconds: float
    verify_seconds: float
    resume_seconds: float
    size: float
    peak_mib: float
    megapixels: float


def ran(*words: str) -> tuple[float, float]:
    """Processor seconds and peak MiB of a command of phantom."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "cli.py"), *words]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"failed: {' '.join(words)}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def cost(preset: str, cases: int, binning: int) -> Cost:
    """Of one image, from runs of a few cases and of `cases` more."""
    with tempfile.TemporaryDirectory() as folder:
        spent, peak, images, size = [], 0.0, [], []
        for number in (FEW, FEW + cases):
            out = str(Path(folder) / str(number))
            run = ["generate", "--preset", preset, "--set", f"detector.binning={binning}", "--workers", "1",
                   "--cases", str(number), "--out", out]  # fmt: skip
            made, peak = ran(*run)
            spent.append((made, ran("verify", out)[0], ran(*run, "--resume")[0]))
            images.append(len((Path(out) / "images.csv").read_text("utf-8").splitlines()) - 1)
            size.append(sum(path.stat().st_size for path in Path(out).rglob("*") if path.is_file()))
        row = json.loads(subprocess.check_output(
            [sys.executable, str(ROOT / "cli.py"), "generate", "--preset", preset, "--set",
            f"detector.binning={binning}",
             "--dry-run", "--json"], env={**os.environ, "PYTHONPATH": str(ROOT)}))  # fmt: skip
    more = images[1] - images[0]
    each = [(after - before) / more for before, after in zip(*spent, strict=True)]
    return Cost(*each, (size[1] - size[0]) / more, peak, row["rows"] * row["columns"] / 1e6)


def lowest(preset: str, cases: int, binning: int, times: int) -> Cost:
    """The cheapest of several."""
    return min((cost(preset, cases, binning) for _ in range(times)), key=lambda each: each.seconds)


def processor() -> str:
    """Its name, where the system tells it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def table(preset: str, one: Cost) -> str:
    """The figures as docs/scale.md has them."""
    hours = IMAGES / 3600
    return f"""\
Preset `{preset}`, {one.megapixels:.1f} megapixels, two views a case; one process with one thread on an {processor()}:

| | per image | {IMAGES:,} images ({IMAGES // 2:,} cases) |
|---|---|---|
| processor time | {one.seconds:.2f} s | {one.seconds * hours:.0f} core-hours |
| disk | {one.size / 1e6:.1f} MB | {one.size * IMAGES / 1e9:.0f} GB |
| peak memory | {one.peak_mib:.0f} MiB a process | |
| `verify` (reads and counts everything again) | {one.verify_seconds:.2f} s | {one.verify_seconds * hours:.1f} core-hours |
| `--resume` of what is whole (checksums, tables) | {1000 * one.resume_seconds:.0f} ms | {60 * one.resume_seconds * hours:.0f} minutes |
"""  # noqa: E501 - a table's row is a line


def estimates(one: Cost, small: Cost) -> str:
    """The constants of `phantom.cli.generate`: a part for each image and a part for each pixel."""
    seconds = (one.seconds - small.seconds) / (one.megapixels - small.megapixels)
    size = (one.size - small.size) / (one.megapixels - small.megapixels) / 1e6
    return (
        f"_SECONDS_PER_IMAGE, _SECONDS_PER_MEGAPIXEL = {one.seconds - seconds * one.megapixels:.2f}, {seconds:.3f}\n"
        f"_BYTES_PER_IMAGE, _BYTES_PER_PIXEL = {one.size - size * one.megapixels * 1e6:.1e}, {size:.2f}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="benign")
    parser.add_argument("--cases", type=int, default=6)
    parser.add_argument("--times", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:  # the first run of all compiles, which is no case's cost
        ran("generate", "--preset", asked.preset, "--set", "detector.binning=16", "--workers", "1", "--cases", "1",
            "--out", str(Path(folder) / "first"))  # fmt: skip
    one = lowest(asked.preset, asked.cases, 1, asked.times)
    costs = table(asked.preset, one)
    print(costs)
    print(estimates(one, lowest(asked.preset, asked.cases, BINNED, 1)))
    if asked.write:
        before, _, rest = PAGE.read_text("utf-8").partition(START)
        PAGE.write_text(f"{before}{START}\n{costs}{END}{rest.partition(END)[2]}", "utf-8")


if __name__ == "__main__":
    main()
