"""Numbers that a person may want to change have names, units and sources: few stand bare inside functions."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "phantom"
PLAIN = {0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 10.0, 100.0, 1000.0}  # halves, squares and units of measure


def bare_numbers(source: str) -> int:
    """Fractions inside functions and methods, except the plainest and those that only keep a division from zero."""
    found = 0
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef):
            for statement in function.body:
                found += sum(
                    isinstance(node, ast.Constant) and isinstance(node.value, float)
                    and abs(node.value) not in PLAIN and abs(node.value) > 1e-5
                    for node in ast.walk(statement) if not isinstance(node, ast.FunctionDef)
                )  # fmt: skip
    return found


def in_folder(folder: str) -> int:
    return sum(bare_numbers(path.read_text("utf-8")) for path in (PACKAGE / folder).rglob("*.py"))


# as many as there are: fewer is welcome, and then the number here comes down with them
MOST = {"anatomy": 179, "calcifications": 242, "imaging": 45, "exam": 10, "geometry": 32, "insert": 93, "scoring": 13}


@pytest.mark.parametrize("folder", MOST)
def test_bare_numbers_do_not_become_more(folder):
    found = in_folder(folder)
    assert found <= MOST[folder], "make it a named field with its unit and source (or the word estimate)"
    assert found > MOST[folder] - 25, f"there are only {found} left: lower the number"


def test_the_count_sees_what_is_bare_and_leaves_the_plain():
    source = "A = 0.37\ndef f(x):\n    return 0.5 * x + 0.37 - 1e-9 * max(x, 2.0)\n"
    assert bare_numbers(source) == 1
