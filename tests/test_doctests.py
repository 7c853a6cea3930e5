"""Examples in docstrings run, and give what they say."""

from __future__ import annotations

import doctest
import importlib.util
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted((ROOT / "phantom").rglob("*.py"))
    if "\n    >>> " in (text := path.read_text("utf-8")) or "\n>>> " in text
]


def test_there_are_examples():
    assert "phantom" in MODULES


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert tried
    assert not failed


def test_the_benchmark_times_functions_that_exist():
    spec = importlib.util.spec_from_file_location("render_benchmark", ROOT / "benchmarks" / "render.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    assert all(callable(getattr(owner, name)) for owner, name, _ in module.stages())
