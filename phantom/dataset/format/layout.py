"""What a dataset folder holds, by name, and what its errors are called."""

from __future__ import annotations

import re

from phantom.dataset.format.untrusted import IMAGE_ID

FORMAT = "phantom-dataset"
CASE_FORMAT = "phantom-case"
INSERTED_SCENE = "phantom-inserted"  # the format of a scene that is a real picture with something put into it
FORMAT_VERSION = 2
LICENCE = "CC0-1.0"
PICTURES_LICENCE = "that of the pictures"  # of real pictures with something put into them

MANIFEST = "manifest.json"
UNFINISHED = "unfinished.json"
JOURNAL = "journal.jsonl"  # the cases a run has written
LOCK = ".lock"
SHEET = "contact-sheet.png"
CASES = "cases"
TABLE_FILES = {name: f"{name}.csv" for name in ("images", "findings", "calcifications", "objects")}
PART = ".part"
_EARLIER = ("hosts.csv",)  # products of format 1

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


def within_case(image_id: str) -> str:
    """An image's name inside its case's file, such as ``L-CC``: without the case's number.

    Raises
    ------
    ValueError
        If it is not the name of an image.
    """
    if not IMAGE_ID.fullmatch(image_id) or is_within_case(image_id):
        raise ValueError(f"image_id {ascii(image_id)[:60]} is not the name of an image, such as 000012-L-CC")
    return image_id[7:]


def is_within_case(name: str) -> bool:
    """Whether an image may have this name inside a case's file."""
    return IMAGE_ID.fullmatch(name) is not None and name[0] in "LR"


def of_case(case: int, name: str) -> str:
    """The `image_id` of an image that is called so inside its case's file."""
    return f"{case:06d}-{name}"


def is_scaffold(name: str) -> bool:
    """Whether a file within the folder is there only while a run is under way."""
    return name in (UNFINISHED, JOURNAL, LOCK) or name.endswith(PART)


def is_product(name: str) -> bool:
    """Whether a file within the folder is one that a finished dataset holds."""
    return name in (MANIFEST, SHEET, *TABLE_FILES.values(), *_EARLIER) or case_index(name) is not None
