"""Whether a change of the code changes what is made: hashes a fixed set of runs of the commands.

    python tools/same_bytes.py --write before.json     # before the change
    python tools/same_bytes.py --against before.json   # after it: exit 1 where a digest differs

The runs are small (binned pixels) and go through the command line, so that they survive any move of files:
`generate` of several presets, `rerender`, `export` to two formats and `score` of marks made from the truth.
Besides every file, the parts of a case file (images, truth, scene) are hashed on their own, so that a change
of the stored recipe can be told from one of the pixels.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).parents[1]
QUICK = ["--set", "detector.binning=8"]
EVERYTHING = [
    "exam.twins=[\"clean\", \"benign\"]", "exam.prior_years=[2]", "exam.magnification=1.8", "exam.patches=3",
    "exam.patch_px=64", "exam.keep_for_processing=true",
]  # fmt: skip
RUNS: dict[str, list[str]] = {
    "screening": ["--preset", "screening", "--cases", "3", "--seed", "5", "--split", "train=0.5,test=0.5"],
    "benign": ["--preset", "benign", "--cases", "2", "--seed", "7"],
    "suspicious": [
        "--preset", "suspicious", "--cases", "2", "--seed", "7", *(w for s in EVERYTHING for w in ("--set", s)),
    ],
    "benchmark": ["--preset", "benchmark", "--cases", "1", "--seed", "3"],
    "fat-necrosis": ["--preset", "fat-necrosis", "--cases", "1", "--seed", "0", "--set", "exam.views=[\"CC\", \"ML\"]"],
    "vascular": ["--preset", "vascular", "--cases", "1", "--seed", "0"],
}  # fmt: skip


def phantom(*words: str | Path) -> bytes:
    """Run a command of this checkout and return what it prints."""
    call = [sys.executable, str(ROOT / "cli.py"), *map(str, words)]
    done = subprocess.run(call, check=False, capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    if done.returncode:
        sys.exit(f"{' '.join(call)} failed:\n{done.stderr.decode()}")
    return done.stdout


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def marks(dataset: Path, out: Path) -> None:
    """Marks as a detector might make them, from the truth: some missed, some beside, some false."""
    rng = np.random.default_rng(0)
    with (dataset / "images.csv").open(newline="") as file:
        sizes = {row["image_id"]: (int(row["columns"]), int(row["rows"])) for row in csv.DictReader(file)}
    with (dataset / "calcifications.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with out.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image_id", "x", "y", "score"])
        for row in rows:
            if rng.random() < 0.7:
                limits = zip(("x_px", "y_px"), sizes[row["image_id"]], strict=True)
                x, y = (min(max(float(row[name]) + rng.normal(0, 0.5), 0), size - 1) for name, size in limits)
                table.writerow([row["image_id"], x, y, rng.random()])
            if rng.random() < 0.2:
                columns, high = sizes[row["image_id"]]
                at = rng.uniform(0, columns - 1), rng.uniform(0, high - 1)
                table.writerow([row["image_id"], *at, 0.5 * rng.random()])


def digests_of(folder: Path, name: str) -> dict[str, str]:
    """Of every file in a folder, and of the parts of case files."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        key = f"{name}/{path.relative_to(folder).as_posix()}"
        found[key] = digest(path.read_bytes())
        if path.suffix == ".h5":
            with h5py.File(path, "r") as file:
                found |= {f"{key}#{part}": digest_of_part(file[part]) for part in file}
    return found


def digest_of_part(part: h5py.Group | h5py.Dataset) -> str:
    """Names, types, attributes and values below a node of an HDF5 file."""
    total = hashlib.sha256()

    def add(name: str, node: h5py.Group | h5py.Dataset) -> None:
        total.update(repr((name, sorted((k, str(v)) for k, v in node.attrs.items()))).encode())
        if isinstance(node, h5py.Dataset):
            value = node[()]
            total.update(repr((node.dtype, node.shape)).encode())
            total.update(value.tobytes() if isinstance(value, (np.ndarray, np.generic)) else repr(value).encode())

    add("", part)
    if isinstance(part, h5py.Group):
        part.visititems(add)
    return total.hexdigest()


def run(folder: Path) -> dict[str, str]:
    """The digests of all runs."""
    found = {}
    for name, words in RUNS.items():
        phantom("generate", *words, *QUICK, "--workers", "2", "--out", folder / name)
        found |= digests_of(folder / name, name)
    source = folder / "suspicious"
    phantom("rerender", source, "--out", folder / "again", "--dose-factor", "2", "--workers", "2")
    found |= digests_of(folder / "again", "rerender")
    for form in ("coco", "yolo"):
        phantom("export", source, "--to", form, "--out", folder / form)
        found |= digests_of(folder / form, form)
    for name in ("suspicious", "benign"):
        marks(folder / name, folder / f"{name}.csv")
        for level in ("calcification", "finding"):
            words = ("--level", level, "--bootstrap", "50", "--json")
            printed = phantom("score", folder / name, folder / f"{name}.csv", *words).decode()
            found[f"score/{name}/{level}"] = digest(printed.replace(str(folder), "").encode())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", type=Path, help="write the digests to this file")
    parser.add_argument("--against", type=Path, help="compare with the digests in this file")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder))
    if asked.write:
        asked.write.write_text(json.dumps(found, indent=1) + "\n")
    if asked.against:
        before = json.loads(asked.against.read_text())
        changed = sorted(key for key in found.keys() | before.keys() if found.get(key) != before.get(key))
        print("\n".join(changed) if changed else f"all {len(found)} digests agree")
        sys.exit(bool(changed))
    if not asked.write:
        print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
