"""What may stand in a manifest: anyone may have written it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from phantom.dataset.format.environment import wrong_environments
from phantom.dataset.format.layout import LICENCE, MAX_CASES, PICTURES_LICENCE, SHEET, TABLE_FILES, case_name
from phantom.dataset.format.untrusted import SPLIT_NAME

_HASH = re.compile(r"[0-9a-f]{64}")

_TYPES: dict[str, type] = {
    "preset": str, "preset_text": str, "recipe": dict, "seed": int, "cases": int, "generator": str, "packages": dict,
    "processor": dict, "split": dict, "sweeps": list, "dropped": dict, "files": dict, "sources": list,
}  # fmt: skip


def problems(data: Mapping[str, Any]) -> list[str]:
    """What is wrong with the values, in words."""
    wrong = []
    for key, kind in _TYPES.items():
        if key not in data:
            wrong.append(f"{key} is missing")
        elif not isinstance(data[key], kind) or isinstance(data[key], bool):
            wrong.append(f"{key} must be {_WORDS[kind]}")
    if wrong:
        return wrong
    if not 1 <= data["cases"] <= MAX_CASES:
        wrong.append(f"cases = {str(data['cases'])[:20]}: must lie within 1 and {MAX_CASES}")
    if type(data.get("parts", 0)) is not int or not 0 <= data.get("parts", 0) <= MAX_CASES:
        wrong.append("parts must be a number of parts")
    if not 0 <= data["seed"] < 1 << 128:
        wrong.append("seed must not be negative, nor have more than 128 bits")
    if not _is_split(data["split"]):
        wrong.append("split must give shares from 0 to 1, by names of at most 16 letters, digits and underscores")
    if not all(isinstance(v, str) for v in (*data["packages"].values(), *data["sweeps"])):
        wrong.append("packages and sweeps must be texts")
    if not all(_is_source(v) for v in data["sources"]):
        keys = "preset, recipe, seed, cases, first_case, split, generator and environments"
        wrong.append(f"sources must tell {keys} of each")
    if not all(isinstance(v, list) and all(isinstance(s, str) for s in v) for v in data["dropped"].values()):
        wrong.append("dropped must list texts")
    wrong = wrong or _wrong_constants(data) or _wrong_rendered(data.get("rendered", {}))
    wrong = wrong or _wrong_inserted(data.get("inserted", {})) or _wrong_origin(data)
    return wrong or _wrong_files(data)


def _wrong_origin(data: Mapping[str, Any]) -> list[str]:
    """What is wrong with what made it, beside the recipe."""
    detectors = data.get("detectors", {})
    if not isinstance(detectors, dict) or not all(isinstance(text, str) for text in detectors.values()):
        return ["detectors must be texts"]
    if wrong_environments(data.get("other_environments", [])):
        return ["other_environments must tell packages and processor of each"]
    return []


def _wrong_constants(data: Mapping[str, Any]) -> list[str]:
    """What is the same in every dataset, and not in this one."""
    licence = licence_of(data.get("inserted", {}), data["sources"])
    if data.get("synthetic") is not True or data.get("licence") != licence:
        return [f"synthetic must be true, and licence {licence!r}"]
    return []


def _wrong_files(data: Mapping[str, Any]) -> list[str]:
    """What is wrong with the list of files."""
    wrong = []
    files = data["files"]
    if len(files) > data["cases"] + len(TABLE_FILES) + 1:
        wrong.append(f"files names {len(files)} files, more than {data['cases']} cases have")
    allowed = {*TABLE_FILES.values(), SHEET}
    for name, digest in files.items():
        if name not in allowed and not _names_case(name, data["cases"]):
            wrong.append(f"files names {name[:80]!r}, which is no file of such a dataset")
        elif not isinstance(digest, str) or not _HASH.fullmatch(digest):
            wrong.append(f"files: the checksum of {name} is not 64 hexadecimal digits")
    return wrong


def _names_case(name: str, cases: int) -> bool:
    digits = name.removeprefix("cases/").removesuffix(".h5")
    return digits.isascii() and digits.isdigit() and int(digits) < cases and name == case_name(int(digits))


def _wrong_rendered(data: Any) -> list[str]:
    """What is wrong with what a dataset tells of the one whose scenes it was rendered from."""
    known = {"manifest_sha256", "changes", "noise_seed"}
    changes = data.get("changes", []) if isinstance(data, dict) and set(data) <= known else None
    texts = (
        [data.get("manifest_sha256", ""), data.get("noise_seed", ""), *changes] if isinstance(changes, list) else [None]
    )
    if all(isinstance(text, str) for text in texts):
        return []
    return ["rendered must tell manifest_sha256, changes and noise_seed as texts"]


def _wrong_inserted(data: Any) -> list[str]:
    """What is wrong with what a dataset tells of the pictures that its calcifications were put into."""
    right = isinstance(data, dict) and set(data) <= {"pictures_sha256", "options"}
    options = data.get("options", []) if right else None
    if isinstance(options, list) and all(isinstance(text, str) for text in [data.get("pictures_sha256", ""), *options]):
        return []
    return ["inserted must tell pictures_sha256 and options as texts"]


_SOURCE: dict[str, type] = {
    "preset": str, "preset_text": str, "recipe": dict, "seed": int, "cases": int, "first_case": int, "begins_at": int,
    "split": dict, "generator": str, "environments": list,
}  # fmt: skip
MADE_WITH = "rendered", "inserted", "detectors"  # what only some datasets have; a merged one tells it of its sources


def holds_pictures(inserted: Mapping[str, Any], sources: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a dataset, by what its manifest tells, holds real pictures."""
    return bool(inserted) or any(source.get("inserted") for source in sources)


def licence_of(inserted: Mapping[str, Any], sources: Iterable[Mapping[str, Any]]) -> str:
    """What the images of such a dataset may be used for."""
    return PICTURES_LICENCE if holds_pictures(inserted, sources) else LICENCE


def _is_source(data: Any) -> bool:
    """Whether this is what a merged dataset tells of one of its sources."""
    if not isinstance(data, dict) or set(data) - set(MADE_WITH) != set(_SOURCE):
        return False
    if _wrong_rendered(data.get("rendered", {})) or _wrong_inserted(data.get("inserted", {})) or _wrong_origin(data):
        return False
    if any(type(data[key]) is not kind for key, kind in _SOURCE.items()):
        return False
    numbers = all(0 <= data[key] <= MAX_CASES for key in ("cases", "first_case", "begins_at"))
    if wrong_environments(data["environments"]):
        return False
    return numbers and 0 <= data["seed"] < 1 << 128 and _is_split(data["split"])


def _is_split(split: Mapping[str, Any]) -> bool:
    """Whether these are shares by names that may become folders."""
    return all(isinstance(v, float) and 0 <= v <= 1 and SPLIT_NAME.fullmatch(name) for name, v in split.items())


_WORDS: dict[type, str] = {str: "a text", dict: "an object", int: "a whole number", list: "a list"}
