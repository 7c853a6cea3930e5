"""`phantom insert --check`: every picture looked at, a sheet written for each, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phantom.dataset.format.files import put
from phantom.errors import Unreadable, UsageError
from phantom.insert.check import sheet
from phantom.insert.estimate import Estimates, estimate
from phantom.insert.inputs import sources, warnings_of
from phantom.insert.picture import Picture


@dataclass(frozen=True)
class Report:
    """What was found in each picture, and which files cannot be used."""

    found: tuple[dict[str, Any], ...]
    refused: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    folder: str

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        refused = [{"file": file, "reason": reason} for file, reason in self.refused]
        return {"images": list(self.found), "refused": refused, "warnings": list(self.warnings)}

    def lines(self) -> list[str]:
        """One line a picture."""
        out = [_line(one) for one in self.found]
        return [*out, f"{len(out)} sheet{'s' * (len(out) != 1)} in {self.folder}"]

    def complaints(self) -> list[str]:
        """One line for each file that cannot be used or deserves a warning."""
        return [
            *(f"Left out: {file}: {reason}" for file, reason in self.refused),
            *(f"Warning: {text}" for text in self.warnings),
        ]


def _line(one: dict[str, Any]) -> str:
    size = f"{one['area_cm2']:.0f} cm2, {one['thickness_mm']:.0f} mm, dense {100 * one['dense_share']:.0f} %"
    grain = f"noise {one['noise_sd']:.3g}, structure 1/f^{one['beta']:.2f}"
    return f"{one['file']}: {one['laterality']} {one['view']}, {size}, {grain}"


def check(
    normals: Sequence[Path],
    folder: Path,
    spacing_mm: float | None = None,
    view: str | None = None,
    laterality: str | None = None,
) -> Report:
    """Look at all pictures and write `<number>-<file name>.png` for each into a folder.

    Raises
    ------
    UsageError
        If nothing can be used: all reasons at once.
    """
    found, refused, warnings = [], [], []
    listed = sources(normals, spacing_mm, view, laterality)
    for number, source in enumerate(listed):
        try:
            picture, _ = source.read()
            seen = estimate(picture)
        except Unreadable as why:
            refused.append((source.path, str(why)))
            continue
        warnings += warnings_of(source, picture, seen.segmented.area_cm2)
        name = f"{number:04d}-{re.sub(r'[^A-Za-z0-9_.-]+', '_', Path(source.path).stem)[:60]}.png"
        put(folder / name, sheet(picture, seen))
        found.append({"file": source.path, "sheet": name, **_numbers(picture, seen)})
    if not found:
        raise UsageError(unusable(refused))
    return Report(tuple(found), tuple(refused), tuple(warnings), str(folder))


def unusable(refused: Sequence[tuple[str, str]]) -> str:
    """Why none of some files can be used, each with its reason."""
    if len(refused) == 1:
        return f"{refused[0][0]}: {refused[0][1]}"
    return f"none of {len(refused)} files can be used\n" + "\n".join(f"  {file}: {reason}" for file, reason in refused)


def _numbers(picture: Picture, found: Estimates) -> dict[str, Any]:
    x, y = found.landmarks.nipple_mm
    return {
        "view": picture.view,
        "laterality": picture.laterality,
        "rows": picture.pixels.shape[0],
        "columns": picture.pixels.shape[1],
        "bits": picture.bits,
        "spacing_mm": picture.spacing_mm,
        "for_processing": picture.linear,
        "area_cm2": found.area_cm2,
        "thickness_mm": found.thickness_mm,
        "thickness_sd_mm": found.thickness_sd_mm,
        "nipple_mm": [x, y],
        "nipple_in_profile": found.landmarks.nipple_in_profile,
        "muscle": bool(found.muscle.any()),
        "dense_share": found.dense_share,
        "noise_sd": found.spectra.noise_sd,
        "beta": found.spectra.beta,
    }
