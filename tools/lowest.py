"""Print the lowest permitted version of every dependency, as pip takes it: ``pip install $(python tools/lowest.py)``.

The environment that `make lowest` makes of it shows that the lower bounds in ``pyproject.toml`` are true.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parent.parent / "pyproject.toml"
EXTRAS = "dicom", "score", "cluster"  # what users install; the readers and `dev` are there for the tests alone
TESTS = "hypothesis", "pytest"
_BOUND = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)")


def lowest(project: Path = PROJECT) -> list[str]:
    """``name==version`` of every dependency.

    Raises
    ------
    ValueError
        If one has no lower bound: then nobody knows what it works with.
    """
    about = tomllib.loads(project.read_text("utf-8"))["project"]
    extras = about["optional-dependencies"]
    wanted = [*about["dependencies"], *(one for name in EXTRAS for one in extras[name])]
    wanted += [one for one in extras["dev"] if one.partition(">")[0] in TESTS]
    pinned = []
    for one in wanted:
        bound = _BOUND.fullmatch(one)
        if bound is None:
            raise ValueError(f"{project.name}: {one} has no lower bound of the form name>=version")
        pinned.append(f"{bound[1]}=={bound[2]}")
    return sorted(pinned)


if __name__ == "__main__":
    sys.stdout.write("\n".join(lowest()) + "\n")
