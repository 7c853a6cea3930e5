"""What `phantom insert` costs an image: processor time of six full-size images less that of two, so starting is not in.

Normal mammograms are made, exported as DICOM and read back: for presentation, and for processing. Processor time of
this process and its system calls, the least of some rounds: what else the machine does makes it more.

    python benchmarks/insert.py [--preset suspicious --preset benign] [--rounds 2] [--detector NAME]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from phantom.api import export
from phantom.dataset.dataset import Dataset
from phantom.dataset.running.run import RunOptions, generate
from phantom.exam import preset as presets
from phantom.insert.run import insert


def spent(files: list[Path], preset: str, out: Path, seed: int) -> float:
    """Processor time of one run, in seconds."""
    start = time.process_time()
    insert(files, preset, out, seed=seed, workers=1, overwrite=True)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", action="append")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--detector", default="hologic-selenia-dimensions")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sets = [f"detector.name={asked.detector}", "exam.keep_for_processing=true", 'exam.breasts=["L","R"]']
        recipe = presets.load("normal", sets)
        generate(recipe, 3, 2, folder / "normals", RunOptions(workers=1))
        data = Dataset(folder / "normals")
        size = data[0].row.rows * data[0].row.columns / 1e6
        export(data, "dicom", folder / "dicom", seg=False, sr=False)
        for end, intent in ((".dcm", "for presentation"), (".raw.dcm", "for processing")):
            every = sorted((folder / "dicom").rglob("*.dcm"))
            files = [path for path in every if path.name.endswith(".raw.dcm") == (end == ".raw.dcm")][:6]
            for preset in asked.preset or ["suspicious", "benign"]:
                costs = [
                    [spent(files[:count], preset, folder / "out", seed) for count in (2, 6)]
                    for seed in range(asked.rounds)
                ]
                each = min((six - two) / 4 for two, six in costs)
                print(f"{intent}, {preset}: {each:.2f} s an image of {size:.1f} megapixels")


if __name__ == "__main__":
    main()
