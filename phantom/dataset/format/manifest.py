"""The manifest: what a dataset is, what made it, and the checksum of every file of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from phantom.dataset.format import files as disk
from phantom.dataset.format.environment import each_once
from phantom.dataset.format.files import sha256
from phantom.dataset.format.layout import (
    CASES,
    FORMAT,
    FORMAT_VERSION,
    MANIFEST,
    SHEET,
    TABLE_FILES,
    UNFINISHED,
    case_name,
)
from phantom.dataset.format.manifest_checks import holds_pictures, licence_of, problems
from phantom.dataset.format.untrusted import parse_json, read_plain
from phantom.errors import DatasetError, NoDataset, OtherFormat

MAX_BYTES = 1 << 27  # a million cases need 90 MB
_DIGEST = re.compile(r'"digest": "[0-9a-f]*"(?=\n\}\n\Z)')  # the last entry: the text's own checksum
_NAME = re.compile(r"[a-z0-9-]{1,60}")


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
    other_environments : tuple of mapping
        Packages and processors of the runs that went on with it, and of its other shards, where they differ.
    split : mapping of str to float
        Shares of the parts by case; empty for none.
    sweeps : tuple of str
        What was varied, as it was asked for.
    dropped : mapping of str to list of str
        Case (six digits) to the findings that found no place in it.
    files : mapping of str to str
        SHA-256 of every case file and table, by name within the folder.
    sources : tuple of mapping
        For a merged dataset: what its parts were, and what each was made with.
    parts : int
        While a job in parts is under way: how many parts; 0 in a finished dataset.
    rendered : mapping
        For a dataset rendered from another's scenes: the checksum of that one's manifest, what was changed, and the
        noise's seed if it is another; empty for one that was grown.
    inserted : mapping
        For calcifications put into real pictures: a checksum of those, and the options; empty for grown images.
    detectors : mapping of str to str
        What the detector files say that a sweep names, by the name it gives them; the recipe's own is in the recipe.
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
    detectors: Mapping[str, str] = field(default_factory=dict)
    other_environments: tuple[Mapping[str, Any], ...] = ()

    @property
    def is_inserted(self) -> bool:
        """Whether real pictures are in it."""
        return holds_pictures(self.inserted, self.sources)

    @property
    def licence(self) -> str:
        """What its images may be used for: nobody but the owner of a real picture can say that of it."""
        return licence_of(self.inserted, self.sources)

    @property
    def environments(self) -> list[dict[str, Any]]:
        """Packages and processor of every run that it was made in."""
        first = {"packages": dict(self.packages), "processor": dict(self.processor)}
        return each_once([first, *self.other_environments])

    def made_in(self, environments: Sequence[Mapping[str, Any]]) -> Manifest:
        """The same, made in these."""
        first, *others = each_once(environments)
        return replace(self, **first, other_environments=tuple(others))

    def to_json(self) -> str:
        """The text of ``manifest.json``: no time, no machine's name, always in the same order."""
        data = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "licence": self.licence,
            "synthetic": True,
            "generator": self.generator,
            "packages": dict(self.packages),
            "processor": dict(self.processor),
            "other_environments": [dict(one) for one in self.other_environments],
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
            **({"detectors": dict(self.detectors)} if self.detectors else {}),
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
        disk.replace(folder / name, self.to_json().encode())


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
    wrong = problems(data)
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
        detectors=data.get("detectors", {}),
        other_environments=tuple(data.get("other_environments", [])),
    )


def is_as_written(folder: Path, name: str = MANIFEST) -> bool:
    """Whether the manifest has the very bytes it was written with: it holds its own checksum (``digest``).

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


def must_be_dataset(folder: Path) -> None:
    """Refuse a path that holds nothing of a dataset, neither whole nor unfinished nor damaged.

    Raises
    ------
    NoDataset
    """
    if not folder.is_dir():
        there = "a file; a dataset is a folder" if folder.exists() else "there is no such folder"
        raise NoDataset(f"{folder}: {there}")
    if not any((folder / name).exists() or (folder / name).is_symlink() for name in (MANIFEST, UNFINISHED, CASES)):
        raise NoDataset(f"{folder}: holds no dataset (no {MANIFEST}); `phantom generate` makes one")


def is_unfinished(folder: Path) -> bool:
    """Whether a run into this folder has begun and not come to its end."""
    return (folder / UNFINISHED).exists()
