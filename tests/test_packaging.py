"""Wheel, sdist to wheel and editable installs all hold everything and run the main job from elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


def run(*command, cwd):
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A wheel straight from the checkout, and an sdist with the wheel made from it."""
    pytest.importorskip("build", reason="needs the dev extra")
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder / "direct", ROOT, cwd=folder)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "sdist", ROOT, cwd=folder)
    return {
        "wheel": next((folder / "direct").glob("*.whl")),
        "sdist": next((folder / "sdist").glob("*.tar.gz")),
        "sdist to wheel": next((folder / "sdist").glob("*.whl")),
    }


def python_with(tmp_path, *install):
    """A new environment that sees this one's dependencies, but not this one's own phantom."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip()
    # a folder named in a .pth file is searched, but its own .pth files, such as an editable install's, are not read
    Path(site, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    run(
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        *install,
        cwd=tmp_path,
    )
    return python


def wanted():
    """Every file an install must hold, by its name inside the package."""
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "phantom").rglob("*") if path.is_file()}
    presets = {f"phantom/presets/{path.name}" for path in (ROOT / "presets").glob("*.toml")}
    return {name for name in package | presets if "__pycache__" not in name and not name.endswith((".pyc", ".part"))}


@pytest.mark.parametrize("kind", ["wheel", "sdist to wheel"])
def test_a_wheel_holds_the_package_and_nothing_else(built, kind):
    held = {name for name in zipfile.ZipFile(built[kind]).namelist() if ".dist-info/" not in name}
    assert held == wanted()


def test_the_sdist_holds_what_it_is_built_from(built):
    with tarfile.open(built["sdist"]) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "presets/normal.toml", "tests/test_packaging.py"} <= held
    assert not any(name.startswith((".venv", ".ci", "demo")) for name in held)


@pytest.mark.parametrize("kind", ["wheel", "sdist to wheel", "editable"])
def test_an_install_runs_the_main_job_from_another_folder(built, tmp_path, kind):
    python = python_with(tmp_path, *(["--editable", ROOT] if kind == "editable" else [built[kind]]))
    command = python.with_name("phantom")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    at = run(python, "-c", "import phantom; print(phantom.__file__)", cwd=elsewhere).strip()
    assert Path(at).is_relative_to(ROOT if kind == "editable" else tmp_path)
    assert "benign" in run(command, "presets", cwd=elsewhere)
    run(command, "generate", "--preset", "benign", "--cases", 1, "--set", "detector.binning=8", cwd=elsewhere)
    assert (elsewhere / "benign" / "manifest.json").is_file()
    run(command, "verify", "benign", cwd=elsewhere)
    run(python, "-m", "pip", "uninstall", "--quiet", "--yes", "mammo-phantom", cwd=elsewhere)
