"""Where recipes lie: the presets that come with the package, and a user's own files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from phantom.errors import UsageError
from phantom.recipe import toml
from phantom.recipe.messages import closest

_PACKAGE = Path(__file__).resolve().parents[1]
# names that presets had before, which a density has better
_FORMER = {"fatty": "density-a", "scattered": "density-b", "heterogeneous": "density-c", "dense": "density-d"}


def folder() -> Path:
    """The folder of presets: inside the package once installed, beside it in a checkout."""
    inside = _PACKAGE / "presets"
    return inside if inside.is_dir() else _PACKAGE.parent / "presets"


def names() -> list[str]:
    """The names of all presets, in alphabetical order."""
    return sorted(path.stem for path in folder().glob("*.toml"))


def text(name: str) -> str:
    """The text of a preset by its name, or of the recipe in a file.

    Raises
    ------
    UsageError
        If there is no such preset or file, or it cannot be read as text.
    """
    hyphened = name.replace("_", "-")
    if hyphened in names():
        return toml.read(folder() / f"{hyphened}.toml")
    path = Path(name)
    if name.endswith(".toml") or "/" in name or "\\" in name or path.is_file():
        return toml.read(path)
    near = _FORMER.get(name) or closest(hyphened, names())
    hint = f"did you mean '{near}'?" if near else "`phantom presets` lists them"
    raise UsageError(f"no preset '{name}'; {hint} (a recipe of your own is given by its path, such as ./{name}.toml)")


def table(name: str) -> dict[str, Any]:
    """A preset's or a recipe file's table, before its keys are looked at.

    Raises
    ------
    UsageError
        As `text`; or if it is not TOML, or says nothing.
    """
    try:
        recipe = toml.loads(text(name))
    except ValueError as why:
        raise UsageError(f"{name}: not TOML: {why}") from None
    if not recipe:
        raise UsageError(f"{name}: the recipe is empty; it needs at least a name and a description")
    return recipe


def summary(name: str) -> str:
    """A preset's description."""
    return str(table(name).get("description", ""))
