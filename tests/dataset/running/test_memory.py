"""A process that makes cases keeps its memory for the next one, and gives it back in the end."""

from __future__ import annotations

import subprocess
import sys

import pytest

from phantom.dataset.running import memory

# what 40 arrays of 32 MB, one after the other, cost in fresh pages, and what is left afterwards
SCRIPT = """
import resource, sys
import numpy as np
from phantom.dataset.running import memory

def pages():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def resident():
    return int(open("/proc/self/statm").read().split()[1])

def work():
    np.ones(1 << 22).sum()
    before = pages()
    for _ in range(40):
        np.ones(1 << 22).sum()
    return pages() - before

usual = work()
with memory.kept():
    kept, held = work(), resident()
print(usual, kept, held, resident(), work())
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or memory._libc() is None, reason="the allocator is not glibc's"
)
def test_memory_is_kept_for_a_while_and_then_given_back():
    env = {"PYTHONPATH": ":".join(sys.path), "NUMPY_MADVISE_HUGEPAGE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=env, timeout=60
    )
    usual, kept, held, left, again = map(int, done.stdout.split())
    assert usual > 40 * 8000  # 8192 pages an array
    assert kept < 0.01 * usual
    assert held - left > 8000
    assert again > 0.9 * usual


def test_where_it_is_not_glibc_nothing_is_done(monkeypatch):
    monkeypatch.setattr(memory, "_libc", lambda: None)
    assert memory.keep() is False
    with memory.kept():
        pass
