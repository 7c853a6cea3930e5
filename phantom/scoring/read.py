"""Read a detector's marks from a file or folder, whatever it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from phantom.errors import UsageError
from phantom.scoring.lesions import ImageTruth
from phantom.scoring.marks import Marks

LARGEST_BYTES = 256 * 1024**2
# A million marks fill about 150 MB of JSON, which is held as bytes and as text.
LARGEST_JSON = 192 * 1024**2
_FORMS = "COCO results (.json), CSV (.csv), DICOM CAD SR (.dcm) or a folder of score maps (.npy, .png) or of CAD SRs"


def read(path: str | Path, images: Sequence[ImageTruth], regions: bool = False, key: str = "") -> Marks:
    """The marks in a file or folder.

    Parameters
    ----------
    path : str or Path
        COCO results (.json), a table (.csv), Mammography CAD SR (.dcm, or a folder of them), or a
        folder of score maps named by image (.npy, .png).
    images : sequence of ImageTruth
        What the marks are about; other images are refused.
    regions : bool
        Whether each mark is meant for a whole finding. CAD SRs say it themselves.
    key : str
        The dataset's key (`phantom.dataset.format.uids.dataset_key`), by which CAD SRs name its images.

    Raises
    ------
    UsageError
        If there is no such file, or it is not what it should be: all mistakes at once.
    """
    path = Path(path)
    if path.is_dir():
        return _folder(path, images, key)
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file or folder of marks")
    suffix = path.suffix.lower()
    _limit(path, LARGEST_JSON if suffix == ".json" else LARGEST_BYTES)
    if suffix == ".json":
        from phantom.scoring.read_coco import read_coco

        return read_coco(path, images, regions)
    if suffix in {".csv", ".txt"}:
        from phantom.scoring.read_csv import read_csv

        return read_csv(path, images, regions)
    if suffix in {".npy", ".png"}:
        from phantom.scoring.read_maps import read_maps

        return read_maps([path], images, str(path))
    if suffix in {".dcm", ""}:
        from phantom.scoring.read_sr import read_sr

        return read_sr([path], images, str(path), key)
    raise UsageError(f"{path}: marks must be {_FORMS}")


def _folder(path: Path, images: Sequence[ImageTruth], key: str) -> Marks:
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    maps = [file for file in files if file.suffix.lower() in {".npy", ".png"}]
    reports = [file for file in files if file.suffix.lower() == ".dcm"]
    if maps and reports:
        raise UsageError(f"{path}: score maps and CAD SRs are mixed")
    if not maps and not reports:
        raise UsageError(f"{path}: no score map (.npy, .png) and no CAD SR (.dcm) in it; marks must be {_FORMS}")
    for file in maps or reports:
        _limit(file)
    if maps:
        from phantom.scoring.read_maps import read_maps

        return read_maps(maps, images, str(path))
    from phantom.scoring.read_sr import read_sr

    return read_sr(reports, images, str(path), key)


def _limit(path: Path, most: int = LARGEST_BYTES) -> None:
    size = path.stat().st_size
    if size > most:
        raise UsageError(f"{path}: {size / 1e6:,.0f} MB is too large for marks; at most {most / 1e6:,.0f} MB")
