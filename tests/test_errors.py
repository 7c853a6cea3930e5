"""Errors: what they advise works."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path

import pytest

from phantom.errors import install

EXTRAS = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]


def fake(monkeypatch, lines):
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: lines)


def test_a_missing_package_is_named_with_a_command_that_needs_no_published_phantom(monkeypatch):
    fake(monkeypatch, ["click>=8.1", 'pydicom>=3.0.1; extra == "dicom"', "distributed>=2024.1; extra == 'cluster'"])
    assert install("dicom") == "pip install 'pydicom>=3.0.1'"
    assert install("cluster") == "pip install 'distributed>=2024.1'"


def test_in_a_checkout_that_was_never_installed_the_extra_is_named(monkeypatch):
    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", absent)
    assert install("dicom") == "pip install '.[dicom]'"


@pytest.mark.parametrize("extra", ["dicom", "nifti", "plot", "score", "compare", "cluster", "torch", "docs", "all"])
def test_the_extras_that_errors_name_are_there(extra):
    assert extra in EXTRAS
    assert EXTRAS[extra]


def test_extras_that_errors_advise_name_packages_not_extras():
    """Else the advice would be to install phantom from an index."""
    for extra in ("dicom", "nifti", "plot", "score", "compare", "cluster", "torch"):
        assert not any("mammo-phantom" in need for need in EXTRAS[extra])
