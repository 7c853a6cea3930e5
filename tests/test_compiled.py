"""Machine code that is kept on disk is made again when what was compiled into it changes."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

import phantom

ROOT = Path(phantom.__file__).parent
_MARKS = {"compiled", "inlined"}


def _compiled(tree: ast.Module) -> set[str]:
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    return {f.name for f in functions if any(getattr(d, "id", "") in _MARKS for d in f.decorator_list)}


def _file(module: str) -> Path:
    return ROOT.joinpath(*module.split(".")[1:]).with_suffix(".py")


def test_a_file_names_the_state_of_other_files_that_are_compiled_into_it():
    found = 0
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not _compiled(tree):
            continue
        for node in tree.body:
            if not (isinstance(node, ast.ImportFrom) and node.module and _file(node.module).is_file()):
                continue
            other = _file(node.module).read_text(encoding="utf-8")
            if {name.name for name in node.names} & _compiled(ast.parse(other)):
                found += 1
                digest = hashlib.sha256(other.encode()).hexdigest()[:16]
                assert digest in path.read_text(encoding="utf-8"), (
                    f"{path.relative_to(ROOT)} compiles functions of {node.module}, which has changed: "
                    f"without \"{digest}\" in it old machine code is used"
                )
    assert found
