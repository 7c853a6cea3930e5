"""Public names are exported by their packages, and importing a package costs nothing until one is asked for."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = sorted(
    ".".join(path.relative_to(ROOT).parent.parts)
    for path in (ROOT / "phantom").rglob("__init__.py")
    if "exports(" in path.read_text("utf-8")
)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_that_a_package_exports_is_there(package):
    module = import_module(package)
    for name in module.__all__:
        assert getattr(module, name).__module__.startswith(package)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        module.nothing  # noqa: B018


def test_the_main_types_of_the_rooms_are_exported():
    """Those that CONTRIBUTING's table of rooms names."""
    rows = re.findall(r"^\| `(\w+)/` .*\| ([^|]*) \|$", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), flags=re.M)
    named = {room: re.findall(r"`([A-Z]\w+)`", types) for room, types in rows}
    assert sum(map(len, named.values())) > 12
    for room, types in named.items():
        if f"phantom.{room}" in PACKAGES:
            solids = import_module("phantom.geometry.solids").__all__ if room == "geometry" else []
            assert set(types) <= {*import_module(f"phantom.{room}").__all__, *solids}, room


def test_a_package_is_imported_without_numpy():
    code = f"import sys, {', '.join(PACKAGES)}; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0
