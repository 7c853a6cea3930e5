"""Many pictures, two workers, killed again and again, and resumed: the bytes of one run without a stop.

Forty of them; PHANTOM_PICTURES=200 takes as many as are promised, in a quarter of an hour.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from phantom import cli

PICTURES, SPACING = int(os.environ.get("PHANTOM_PICTURES", "40")), 0.6
ROOT = Path(__file__).parents[2]


def written(folder):
    """So many small pictures, each of another breast: a half ellipse of gland and fat with noise."""
    from PIL import Image

    folder.mkdir()
    rows, columns = 330, 200
    y, x = np.mgrid[:rows, :columns]
    for number in range(PICTURES):
        rng = np.random.default_rng(number)
        inner = 1 - (x / (columns * rng.uniform(0.6, 0.8))) ** 2 - ((y - 0.5 * rows) / (0.42 * rows)) ** 2
        gland = 60 * np.exp(-(((x - 60) / 50) ** 2) - ((y - 0.5 * rows) / 60) ** 2)
        values = (60 + gland) * np.clip(inner / 0.15, 0.35, 1) + 4 * rng.standard_normal((rows, columns))
        name = f"{number:03d}_{'LR'[number % 2]}_{'CC' if number % 3 else 'MLO'}.png"
        Image.fromarray(np.where(inner > 0, np.clip(values, 1, 255), 0).astype(np.uint8)).save(folder / name)


def command(pictures, out, *more):
    return ["insert", str(pictures), "--spacing-mm", str(SPACING), "--preset", "round", "--out", str(out), *more]


def content(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.slow
def test_many_pictures_killed_and_resumed_give_the_same_bytes(tmp_path):
    written(tmp_path / "in")
    assert cli.run(command(tmp_path / "in", tmp_path / "whole", "--workers", "1")) == 0
    out, kills = tmp_path / "broken", 0
    for stop in (PICTURES // 10, 9 * PICTURES // 20, 3 * PICTURES // 4):
        resume = ["--resume"] if out.exists() else []
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "cli.py"), *command(tmp_path / "in", out, "--workers", "2", *resume)],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while process.poll() is None and len(list(out.glob("cases/*.h5"))) < stop:
            time.sleep(0.05)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills == 3
    assert len(list(out.glob("cases/*.h5"))) < PICTURES
    assert cli.run(command(tmp_path / "in", out, "--workers", "2", "--resume")) == 0
    assert content(out) == content(tmp_path / "whole")
