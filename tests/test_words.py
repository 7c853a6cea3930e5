"""Words: names say what a thing is, and texts use the field's terms and plain statements."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("phantom", "tests", "benchmarks", "docs", "tools", "examples")
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
TEXTS = sorted(path for folder in ("phantom", "docs", "presets") for path in (ROOT / folder).rglob("*.*")
               if path.suffix in (".py", ".md", ".toml")) + sorted(ROOT.glob("*.md"))  # fmt: skip
# as a variable each of these says nothing of what it holds
NAMES = {"said", "told", "mine", "way", "own", "here", "shelf", "veil", "dice"}
PHRASES = {
    r"\bbut for\b": "except", r"\b(is|are) let go\b": "freed", r"\bdice\b": "random numbers", r"\bheeds?\b": "supports",
    r"\bthe mend\b": "how to fix it", r"\bby many hands\b": "", r"\ba few take\b": "", r"\bbears\b": "has",
    r"\bthe veil\b": "scatter", r"\bscatter adds its veil\b": "scatter",
}  # fmt: skip


def _assigned(tree: ast.AST) -> set[str]:
    """Every name that a module gives to something: variables, arguments, attributes, functions and classes."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.id if isinstance(node, ast.Name) else node.attr)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    return {name.strip("_").lower() for name in found}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_names_say_what_a_thing_is(path):
    bad = _assigned(ast.parse(path.read_text("utf-8"))) & NAMES
    assert not bad, f"{', '.join(sorted(bad))}: name it after what it holds"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_texts_are_plain(path):
    text = " ".join(path.read_text("utf-8").split())
    for phrase, plain in PHRASES.items():
        found = re.search(f".{{0,40}}{phrase}.{{0,40}}", text, re.IGNORECASE)
        assert not found, f"…{found[0]}…: say '{plain}' or say it plainly"


def test_the_check_of_names_sees_all_sorts_of_them():
    tree = ast.parse("def f(told, *, own=1):\n    x.said = 1\n    for way in y: pass\n    HERE = _mine = 2\n")
    assert _assigned(tree) & NAMES == {"said", "told", "mine", "way", "own", "here"}
