"""The house: a file imports only from floors below its own, and holds one idea."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "phantom"
FILES = sorted(path for path in ROOT.rglob("*.py"))

# from the ground up; what stands in one row shares a floor, and a package may import itself
FLOORS = [
    ("arrays", "compiled", "errors", "lazy"),
    ("rle", "tables", "recipe", "geometry"),
    ("anatomy", "imaging"),
    ("calcifications", "qa"),
    ("exam",),
    ("dataset",),
    ("formats", "insert", "scoring"),
    ("viewer",),  # it shows what a detector finds and misses
    ("torch", "testing", "compare"),
    ("api",),
    ("cli",),
]
FLOOR_OF = {name: height for height, names in enumerate(FLOORS) for name in names}

# within a package: none of the first files or folders imports one of the second
INNER = [
    ("geometry", ("view", "grid", "spans", "turning", "compression", "interpolate"), ("solids",)),
    ("calcifications", ("finding", "label", "codes", "sites", "distributions", "kind_base"), ("kinds",)),
    ("dataset", ("format",), ("running", "dataset", "verify", "merge", "rerender", "patch_stream")),
    ("dataset", ("running",), ("dataset", "verify", "merge", "rerender", "patch_stream")),
]

STAGES = {"beam", "exposure", "scatter", "detector", "presentation", "projection"}


def room(path: Path) -> str:
    """The file's room: the first part of its path below phantom/, without .py."""
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> set[tuple[str, ...]]:
    """The parts below `phantom` of every module of the project that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            pytest.fail(f"{path}: relative imports hide the floor")
        else:
            continue
        found |= {tuple(name.split(".")[1:]) for name in names if name.split(".")[0] == "phantom"}
    return {parts for parts in found if parts and parts[0] in FLOOR_OF}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_from_floors_below(path):
    if path == ROOT / "__init__.py":  # the door: it opens every room, when asked
        return
    home = room(path)
    assert home in FLOOR_OF, f"{home} has no floor yet: give it one in tests/test_floors.py"
    above = {".".join(parts) for parts in imported(path) if parts[0] != home and FLOOR_OF[parts[0]] >= FLOOR_OF[home]}
    assert not above


def module_of(path: Path) -> tuple[str, ...]:
    """The module's parts below `phantom`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def circles_in(arrows: dict[tuple[str, ...], set[tuple[str, ...]]]) -> list[str]:
    """Every circle that is met in walking along the imports."""
    found: list[str] = []
    state: dict[tuple[str, ...], str] = {}

    def visit(module: tuple[str, ...], path: tuple[tuple[str, ...], ...]) -> None:
        state[module] = "open"
        for other in sorted(arrows.get(module, ())):
            if state.get(other) == "open":
                found.append(" -> ".join(".".join(parts) for parts in (*path[path.index(other) :], other)))
            elif other not in state:
                visit(other, (*path, other))
        state[module] = "done"

    for module in sorted(arrows):
        if module not in state:
            visit(module, (module,))
    return found


def test_no_import_goes_round_in_a_circle():
    """However it is made: at the top, within a function, or for the type checker alone."""
    modules = {module_of(path): path for path in FILES if path.name != "__init__.py"}
    arrows = {
        module: {parts if parts in modules else parts[:-1] for parts in imported(path)} - {module}
        for module, path in modules.items()
    }
    assert not circles_in(arrows)


def test_the_rule_sees_a_circle():
    assert circles_in({("a",): {("b",)}, ("b",): {("c",)}, ("c",): {("b",)}}) == ["b -> c -> b"]


@pytest.mark.parametrize(("parent", "below", "above"), INNER)
def test_the_rooms_within_a_room_have_floors_too(parent, below, above):
    wrong = [
        f"{'.'.join(module_of(path))} imports {'.'.join(parts)}"
        for path in FILES
        if module_of(path)[:1] == (parent,) and module_of(path)[1:2] and module_of(path)[1] in below
        for parts in imported(path)
        if parts[0] == parent and parts[1:2] and parts[1] in above
    ]
    assert not wrong


@pytest.mark.parametrize("path", sorted((ROOT / "imaging").glob("*.py")), ids=lambda path: path.stem)
def test_no_stage_of_the_machine_imports_another(path):
    if path.stem not in STAGES:
        return
    within = {parts[1] for parts in imported(path) if parts[0] == "imaging" and len(parts) > 1}
    assert not within & (STAGES - {path.stem})


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_holds_one_idea(path):
    assert len(path.read_text("utf-8").splitlines()) <= 350


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


def test_the_rule_sees_an_import_inside_a_function(tmp_path):
    file = tmp_path / "never.py"
    file.write_text("def f():\n    from phantom.cli import main\n    import phantom.exam.case\n")
    assert imported(file) == {("cli", "main"), ("exam", "case")}
