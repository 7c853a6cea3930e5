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
JOURNAL = "journal.jsonl"  # the cases a run has written
LOCK = ".lock"
SHEET = "contact-sheet.png"
CASES = "cases"
TABLE_FILES = {name: f"{name}.csv" for name in ("images", "findings", "calcifications", "hosts")}
PART = ".part"

# versions of HDF5's own format that a case file may use: what 1.10 reads, and no version whose in-memory image it
# would write in a form that HDF5 1.14 cannot open again
LIBVER = ("earliest", "v110")

MAX_CASES = 1_000_000  # a case's name has six digits
_CASE = re.compile(r"cases/(\d{6})\.h5")


def case_name(index: int) -> str:
    """The case's file within the folder, such as ``cases/000012.h5``."""
    return f"{CASES}/{index:06d}.h5"


def case_index(name: str) -> int | None:
    """The index of the case that a file within the folder holds; None if it is no case file's name."""
    found = _CASE.fullmatch(name)
    return int(found[1]) if found else None


def is_scaffold(name: str) -> bool:
    """Whether a file within the folder is there only while a run is under way."""
    return name in (UNFINISHED, JOURNAL, LOCK) or name.endswith(PART)


def is_product(name: str) -> bool:
    """Whether a file within the folder is one that a finished dataset holds."""
    return name in (MANIFEST, SHEET, *TABLE_FILES.values()) or case_index(name) is not None
