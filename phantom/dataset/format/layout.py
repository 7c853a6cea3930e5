"""What a dataset folder holds, by name, and what its errors are called."""

from __future__ import annotations

import re

FORMAT = "phantom-dataset"
CASE_FORMAT = "phantom-case"
INSERTED_SCENE = "phantom-inserted"  # the format of a scene that is a real picture with something put into it
FORMAT_VERSION = 1
LICENCE = "CC0-1.0"

MANIFEST = "manifest.json"
UNFINISHED = "unfinished.json"
SHEET = "contact-sheet.png"
CASES = "cases"
TABLE_FILES = {name: f"{name}.csv" for name in ("images", "findings", "calcifications", "hosts")}
PART = ".part"

MAX_CASES = 1_000_000  # a case's name has six digits
_CASE = re.compile(r"cases/(\d{6})\.h5")
_JOURNAL = re.compile(r"journal(-\d+-of-\d+)?\.jsonl")
_PART_MANIFEST = re.compile(r"manifest-(\d+)-of-(\d+)\.json")
_LOCK = re.compile(r"\.lock(-\d+-of-\d+)?")


def case_name(index: int) -> str:
    """The case's file within the folder, such as ``cases/000012.h5``."""
    return f"{CASES}/{index:06d}.h5"


def case_index(name: str) -> int | None:
    """The index of the case that a file within the folder holds; None if it is no case file's name."""
    found = _CASE.fullmatch(name)
    return int(found[1]) if found else None


def journal_name(part: tuple[int, int] | None) -> str:
    """The file in which a run, or part i of n of one, notes the cases it has written."""
    return "journal.jsonl" if part is None else f"journal-{part[0]}-of-{part[1]}.jsonl"


def part_manifest_name(part: tuple[int, int]) -> str:
    """The manifest of a finished part i of n, which joining the parts takes away again."""
    return f"manifest-{part[0]}-of-{part[1]}.json"


def part_of(name: str) -> tuple[int, int] | None:
    """Which part i of n a part manifest's name speaks of; None for other names."""
    found = _PART_MANIFEST.fullmatch(name)
    return (int(found[1]), int(found[2])) if found else None


def lock_name(part: tuple[int, int] | None) -> str:
    """The lock of a whole run, or of part i of n."""
    return ".lock" if part is None else f".lock-{part[0]}-of-{part[1]}"


def is_scaffold(name: str) -> bool:
    """Whether a file within the folder is there only while a run is under way."""
    return bool(
        name == UNFINISHED
        or name.endswith(PART)
        or _JOURNAL.fullmatch(name)
        or _PART_MANIFEST.fullmatch(name)
        or _LOCK.fullmatch(name)
    )


def is_product(name: str) -> bool:
    """Whether a file within the folder is one that a finished dataset holds."""
    return name in (MANIFEST, SHEET, *TABLE_FILES.values()) or case_index(name) is not None
