"""A dataset as a page: what ``phantom view`` does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from phantom.errors import UsageError

if TYPE_CHECKING:
    from phantom.dataset import Dataset
    from phantom.viewer.detector import Detector

# the page has two shapes and two colours for marks
MOST_DETECTORS = 2


def view(
    dataset: str | Path,
    out: str | Path | None = None,
    marks: Sequence[str | Path] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Path]:
    """Write one HTML page of a dataset, and, if its images are many, a folder beside it.

    Parameters
    ----------
    dataset : str or Path
        The dataset's folder.
    out : str or Path
        The page; by default ``<dataset>-view.html`` beside the folder.
    marks : sequence of str or Path
        At most two detectors' marks, as ``phantom score`` reads them.
    progress : callable
        Gets the numbers of images done and of all, after each.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    UsageError
        If there are too many detectors, or their marks are not what they should be.
    DatasetError
        If the dataset cannot be read.
    """
    import phantom
    from phantom.viewer.page import write

    if len(marks) > MOST_DETECTORS:
        raise UsageError(f"--marks: at most {MOST_DETECTORS} detectors fit on one page, not {len(marks)}")
    data = phantom.open(dataset)
    folder = Path(dataset).resolve()
    place = Path(out) if out is not None else folder.with_name(f"{folder.name}-view.html")
    title = f"{data.manifest.preset}, seed {data.manifest.seed}"
    return write(data, place, title, detectors(data, [Path(path) for path in marks]), progress=progress)


def detectors(data: Dataset, paths: Sequence[Path]) -> list[Detector]:
    """Each file's marks, matched to the truth of `data`."""
    if not paths:
        return []
    from phantom.dataset.format.key import key_of
    from phantom.scoring.lesions import gather
    from phantom.scoring.read import read
    from phantom.viewer.detector import matched

    images = gather(data)
    names = [path.stem for path in paths]
    if len(set(names)) < len(names):
        names = [str(path) for path in paths]
    key = key_of(data.manifest)
    return [matched(name, read(path, images, key=key), images) for name, path in zip(names, paths, strict=True)]
