"""The manifest: what a dataset is, what made it, and the checksum of every file of it."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from phantom.dataset.format.files import replace, sha256
from phantom.dataset.format.layout import (
    FORMAT,
    FORMAT_VERSION,
    LICENCE,
    MANIFEST,
    MAX_CASES,
    SHEET,
    TABLE_FILES,
    UNFINISHED,
    case_name,
)
from phantom.dataset.format.untrusted import SPLIT_NAME, parse_json, read_plain
from phantom.errors import DatasetError, OtherFormat

MAX_BYTES = 1 << 27  # a million cases need 90 MB
_DIGEST = re.compile(r'"digest": "[0-9a-f]*"(?=\n\}\n\Z)')  # the last entry: the text's own checksum
_NAME = re.compile(r"[a-z0-9-]{1,60}")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Manifest:
    """What ``manifest.json`` says.

    Attributes
    ----------
    preset, preset_text : str
        The recipe's name and its text as the user wrote it.
    recipe : mapping
        The recipe as resolved: every key with its value.
    seed, cases : int
    generator : str
        Such as ``phantom 0.1.0``.
    packages, processor : mapping
        Versions and kind of processor: with the same, the same bytes come out again.
    split : mapping of str to float
        Shares of the parts by case; empty for none.
    sweeps : tuple of str
        What was varied, as it was asked for.
    dropped : mapping of str to list of str
        Case (six digits) to the findings that found no place in it.
    files : mapping of str to str
        SHA-256 of every case file and table, by name within the folder.
    sources : tuple of mapping
        For a merged dataset: what its parts were.
    parts : int
        While a job in parts is under way: how many parts; 0 in a finished dataset.
    rendered : mapping
        For a dataset rendered from another's scenes: the checksum of that one's manifest, what was changed, and the
        noise's seed if it is another; empty for one that was grown.
    inserted : mapping
        For calcifications put into real pictures: a checksum of those, and the options; empty for grown images.
    """

    preset: str
    preset_text: str
    recipe: Mapping[str, Any]
    seed: int
    cases: int
    generator: str
    packages: Mapping[str, str]
    processor: Mapping[str, Any]
    split: Mapping[str, float] = field(default_factory=dict)
    sweeps: tuple[str, ...] = ()
    dropped: Mapping[str, list[str]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[Mapping[str, Any], ...] = ()
    parts: int = 0
    rendered: Mapping[str, Any] = field(default_factory=dict)
    inserted: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """The text of ``manifest.json``: no time, no machine's name, always in the same order."""
        data = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "licence": LICENCE,
            "synthetic": True,
            "generator": self.generator,
            "packages": dict(self.packages),
            "processor": dict(self.processor),
            "preset": self.preset,
            "seed": self.seed,
            "cases": self.cases,
            "split": dict(self.split),
            "sweeps": list(self.sweeps),
            "dropped": {name: list(self.dropped[name]) for name in sorted(self.dropped)},
            "sources": [dict(source) for source in self.sources],
            "recipe": dict(self.recipe),
            "preset_text": self.preset_text,
            **({"rendered": dict(self.rendered)} if self.rendered else {}),
            **({"inserted": dict(self.inserted)} if self.inserted else {}),
            **({"parts": self.parts} if self.parts else {}),
            "files": {name: self.files[name] for name in sorted(self.files)},
            "digest": "",
        }
        text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        return _DIGEST.sub(f'"digest": "{sha256(text.encode())}"', text)

    def expected_files(self) -> list[str]:
        """The names that `files` must hold: every case's, the tables', the contact sheet's."""
        return [*(case_name(i) for i in range(self.cases)), *TABLE_FILES.values(), SHEET]

    def write(self, folder: Path, name: str = MANIFEST) -> None:
        """Put it into the folder in one step."""
        replace(folder / name, self.to_json().encode())


def read_manifest(folder: Path, name: str = MANIFEST) -> Manifest:
    """The folder's manifest, once everything in it has been checked.

    Raises
    ------
    OtherFormat
        If it is of another version of the format.
    DatasetError
        If it is missing, unreadable, no dataset's, or says what cannot be: names outside
        the folder, wrong types, impossible numbers.
    """
    path = folder / name
    data = read_json(path)
    if data.get("format") != FORMAT:
        raise DatasetError(f"{path}: not the manifest of a phantom dataset")
    if data.get("version") != FORMAT_VERSION:
        raise OtherFormat(f"{path}: {_other_format(data)}")
    wrong = _problems(data)
    if wrong:
        raise DatasetError(f"{path}: {'; '.join(wrong[:5])}")
    return Manifest(
        preset=data["preset"],
        preset_text=data["preset_text"],
        recipe=data["recipe"],
        seed=data["seed"],
        cases=data["cases"],
        generator=data["generator"],
        packages=data["packages"],
        processor=data["processor"],
        split=data["split"],
        sweeps=tuple(data["sweeps"]),
        dropped=data["dropped"],
        files=data["files"],
        sources=tuple(data["sources"]),
        parts=data.get("parts", 0),
        rendered=data.get("rendered", {}),
        inserted=data.get("inserted", {}),
    )


def is_as_written(folder: Path, name: str = MANIFEST) -> bool:
    """Whether the manifest has the very bytes it was written with: it bears its own checksum (``digest``).

    Raises
    ------
    DatasetError
        If it cannot be read.
    """
    data = read_plain(folder / name, MAX_BYTES)
    found = re.search(rb'"digest": "([0-9a-f]{64})"\n\}\n\Z', data)
    return found is not None and sha256(data[: found.start(1)] + data[found.end(1) :]) == found[1].decode()


def _other_format(data: Mapping[str, Any]) -> str:
    """What to do with a dataset of another version of the format, in one line."""
    version, preset, seed, cases = (data.get(key) for key in ("version", "preset", "seed", "cases"))
    differs = f"version {str(version)[:20]!s} of the format, and this phantom reads {FORMAT_VERSION}"
    if type(version) is not int or version > FORMAT_VERSION:
        return f"{differs}; read it with the phantom that made it"
    again = "the command that made it"
    if isinstance(preset, str) and _NAME.fullmatch(preset) and type(seed) is int and type(cases) is int:
        again = f"phantom generate --preset {preset} --seed {seed} --cases {cases}"
    return f"{differs}; make it again: {again} --out ANOTHER-FOLDER"


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file that anyone may have written.

    Raises
    ------
    DatasetError
        If it is missing, a link, too large, empty, not JSON, or not an object.
    """
    if path.is_symlink() or not path.is_file():
        raise DatasetError(f"{path}: missing")
    try:
        data = parse_json(read_plain(path, MAX_BYTES))
    except (ValueError, RecursionError) as error:
        empty = path.stat().st_size == 0
        raise DatasetError(f"{path}: {'empty' if empty else f'not JSON ({str(error)[:120]})'}") from error
    if not isinstance(data, dict):
        raise DatasetError(f"{path}: must be a JSON object")
    return data


_TYPES: dict[str, type] = {
    "preset": str, "preset_text": str, "recipe": dict, "seed": int, "cases": int, "generator": str, "packages": dict,
    "processor": dict, "split": dict, "sweeps": list, "dropped": dict, "files": dict, "sources": list,
}  # fmt: skip


def _problems(data: Mapping[str, Any]) -> list[str]:
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
        wrong.append("sources must tell preset, recipe, seed, cases, first_case, split and generator of each")
    if not all(isinstance(v, list) and all(isinstance(s, str) for s in v) for v in data["dropped"].values()):
        wrong.append("dropped must list texts")
    wrong = wrong or _wrong_constants(data) or _wrong_rendered(data.get("rendered", {}))
    wrong = wrong or _wrong_inserted(data.get("inserted", {}))
    return wrong or _wrong_files(data)


def _wrong_constants(data: Mapping[str, Any]) -> list[str]:
    """What is the same in every dataset, and not in this one."""
    if data.get("synthetic") is not True or data.get("licence") != LICENCE:
        return [f"synthetic must be true, and licence {LICENCE}"]
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
    "split": dict, "generator": str,
}  # fmt: skip


def _is_source(data: Any) -> bool:
    """Whether this is what a merged dataset tells of one of its sources."""
    if not isinstance(data, dict) or set(data) != set(_SOURCE):
        return False
    if any(type(data[key]) is not kind for key, kind in _SOURCE.items()):
        return False
    numbers = all(0 <= data[key] <= MAX_CASES for key in ("cases", "first_case", "begins_at"))
    return numbers and 0 <= data["seed"] < 1 << 128 and _is_split(data["split"])


def _is_split(split: Mapping[str, Any]) -> bool:
    """Whether these are shares by names that may become folders."""
    return all(isinstance(v, float) and 0 <= v <= 1 and SPLIT_NAME.fullmatch(name) for name, v in split.items())


_WORDS: dict[type, str] = {str: "a text", dict: "an object", int: "a whole number", list: "a list"}


def versions() -> dict[str, str]:
    """Versions of everything that has a say in the bytes."""
    import zlib

    import h5py
    import numba
    import numpy as np
    import PIL
    import scipy

    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "h5py": h5py.__version__,
        "hdf5": h5py.version.hdf5_version,
        "numba": numba.__version__,
        "pillow": PIL.__version__,
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }


def processor() -> dict[str, Any]:
    """The kind of processor, as far as it decides about last bits: its family and NumPy's instruction sets."""
    import numpy as np

    found: Any = np.show_config(mode="dicts")
    simd = found.get("SIMD Extensions", {}) if isinstance(found, dict) else {}
    return {"machine": platform.machine(), "simd": sorted({*simd.get("baseline", []), *simd.get("found", [])})}


def is_unfinished(folder: Path) -> bool:
    """Whether a run into this folder has begun and not come to its end."""
    return (folder / UNFINISHED).exists()
