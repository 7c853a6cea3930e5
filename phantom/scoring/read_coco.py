"""Marks from COCO results: a list of {image_id, category_id, bbox | segmentation | keypoints, score}."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from phantom import rle
from phantom.dataset.format.untrusted import parse_items, parse_json
from phantom.errors import UsageError
from phantom.scoring.lesions import ImageTruth
from phantom.scoring.marks import Marks, Raw, check

# The categories that `phantom export --to coco` writes.
CATEGORIES = {1: "benign", 2: "suspicious", 3: "artefact"}
LARGEST_WIDE = 1 << 26  # bytes of a file that is not ASCII, which Python may keep at four bytes a letter
MAX_PIXELS = 1 << 26  # of an image
MAX_MASK = 1 << 22  # pixels of one mark
Box = tuple[float, float, float, float]


def read_coco(path: Path, images: Sequence[ImageTruth], regions: bool = False) -> Marks:
    """Marks from a COCO results file, or from a whole COCO file whose annotations have scores.

    Images are named by their id here (``000012-L-CC``) or by their number in a COCO export of the
    whole dataset (1 for the first). COCO's coordinates start at a pixel's corner. Where every mark is of
    category 1, or of none, the detector knows one class only: its marks are meant for any calcification.

    Raises
    ------
    UsageError
        If it is not such a file.
    """
    places: dict[int | str, _Place] = {truth.image_id: _Place(truth.image_id, truth.shape) for truth in images}
    places |= {i: places[truth.image_id] for i, truth in enumerate(images, start=1)}
    data = _load(path)
    if isinstance(data, dict) and isinstance(data.get("annotations"), list):
        places |= _own_places(path, data.get("images"))
        data = data["annotations"]
    if not isinstance(data, list | Iterator):
        raise UsageError(f"{path}: COCO results are a list of marks, or a COCO file with 'annotations'")
    found = check(_marks(path, data, places, regions), images, str(path))
    if (found.rows["label"] == CATEGORIES[1]).all():
        found.rows["label"] = ""
    return found


def _load(path: Path) -> Any:
    """What the file says; of a list, its items one by one."""
    with _as_json(path):
        data = path.read_bytes()
        if data[:1024].lstrip()[:1] != b"[":
            return parse_json(data)
        if len(data) > LARGEST_WIDE and not data.isascii():
            raise ValueError(f"{len(data)} bytes with letters beyond ASCII; at most {LARGEST_WIDE} are allowed")
        text = data.decode("utf-8")
    return _items(path, text)


def _items(path: Path, text: str) -> Iterator[Any]:
    with _as_json(path):
        yield from parse_items(text)


@contextmanager
def _as_json(path: Path) -> Iterator[None]:
    """Turns what a JSON reader says into one message that names the file."""
    try:
        yield
    except RecursionError as why:
        raise UsageError(f"{path}: nested far too deeply for COCO results") from why
    except (UnicodeDecodeError, ValueError) as why:
        raise UsageError(f"{path}: not JSON: {why}") from why


class _Place(NamedTuple):
    """What a COCO file's image is: an image of the dataset, or a tile of one."""

    image_id: str
    shape: tuple[int, int] | None = None
    column: int = 0
    row: int = 0


def _own_places(path: Path, images: Any) -> dict[int | str, _Place]:
    """What the images of a whole COCO file are: by our id, or by the file's name without its ending."""
    out: dict[int | str, _Place] = {}
    for image in images if isinstance(images, list) else []:
        if isinstance(image, dict) and isinstance(image.get("id"), int):
            name = image.get("image_id") or Path(str(image.get("file_name", ""))).stem
            height, width, x, y = (image.get(key, 0) for key in ("height", "width", "tile_x", "tile_y"))
            if not all(isinstance(number, int) and 0 <= number < 1 << 20 for number in (height, width, x, y)):
                raise UsageError(f"{path}: image {image['id']} has no sensible width and height")
            if height * width > MAX_PIXELS:
                raise UsageError(f"{path}: image {image['id']} has {height * width} pixels; at most {MAX_PIXELS}")
            out[image["id"]] = _Place(str(name), (height, width), x, y)
    return out


def _category(item: Any) -> int:
    """A mark's category; 1 where it says none, 0 where it is no number."""
    category = item.get("category_id", 1) if isinstance(item, dict) else 1
    return category if isinstance(category, int) else 0


def _marks(
    path: Path, data: Iterable[Any], places: dict[int | str, _Place], regions: bool
) -> Iterator[Raw]:
    for number, item in enumerate(data):
        where = f"mark {number}"
        if not isinstance(item, dict):
            raise UsageError(f"{path}: {where} is no object with image_id, score and bbox")
        key = item.get("image_id")
        if isinstance(key, bool) or not isinstance(key, (int, str)):
            raise UsageError(f"{path}: {where} has no image_id")
        place = places.get(key, _Place(str(key)))
        score = _number(item.get("score"), path, where, "score")
        x, y, box = _place(item, place.shape, path, where)
        if box is not None:
            box = (box[0] + place.column, box[1] + place.row, box[2], box[3])
        label = CATEGORIES.get(_category(item), "")
        yield Raw(where, place.image_id, x + place.column, y + place.row, score, box, label, regions)


def _place(
    item: dict[str, Any], shape: tuple[int, int] | None, path: Path, where: str
) -> tuple[float, float, Box | None]:
    """The mark's pixel (whole at centres) and box: a mask's middle, a box's, or the first keypoint."""
    box = None
    if item.get("bbox") is not None:
        sides = item["bbox"]
        if not isinstance(sides, list) or len(sides) != 4:
            raise UsageError(f"{path}: {where}: bbox must be [x, y, width, height]")
        x, y, w, h = (_number(side, path, where, "bbox") for side in sides)
        box = (x, y, w, h)
    if item.get("segmentation") is not None and shape is not None:
        return _masked(item["segmentation"], shape, box, path, where)
    if item.get("keypoints") is not None:
        points = item["keypoints"]
        if not isinstance(points, list) or len(points) < 2:
            raise UsageError(f"{path}: {where}: keypoints must be [x, y, visibility, …]")
        return (
            _number(points[0], path, where, "keypoints") - 0.5,
            _number(points[1], path, where, "keypoints") - 0.5,
            box,
        )
    if box is None:
        if item.get("segmentation") is not None:
            return 0.0, 0.0, None  # the image is unknown, which is what will be said
        raise UsageError(f"{path}: {where} has neither bbox nor segmentation nor keypoints")
    return box[0] + box[2] / 2 - 0.5, box[1] + box[3] / 2 - 0.5, box


def _masked(
    code: Any, shape: tuple[int, int], box: Box | None, path: Path, where: str
) -> tuple[float, float, Box | None]:
    if isinstance(code, list):
        if box is None:
            raise UsageError(f"{path}: {where}: polygons need a bbox beside them")
        return box[0] + box[2] / 2 - 0.5, box[1] + box[3] / 2 - 0.5, box
    if not isinstance(code, dict) or code.get("size") != list(shape):
        raise UsageError(f"{path}: {where}: segmentation must be run-length coded with size {list(shape)}")
    counts = code.get("counts")
    try:
        if isinstance(counts, str):
            counts = rle.from_coco_text(counts)
        if not isinstance(counts, list) or not all(isinstance(n, int) for n in counts):
            raise ValueError("its counts are neither text nor whole numbers")
        if sum(counts) != shape[0] * shape[1]:
            raise ValueError("its counts do not fill the image")
        if sum(counts[1::2]) > MAX_MASK:
            raise ValueError(f"it covers more than {MAX_MASK} pixels")
        runs = rle.from_coco_counts(counts, shape)
    except (ValueError, OverflowError) as why:
        raise UsageError(f"{path}: {where}: segmentation: {why}") from why
    flat = rle.pixels(runs)
    if not len(flat):
        raise UsageError(f"{path}: {where}: segmentation is empty")
    x0, y0, w, h = rle.box(runs, shape[1])
    return float((flat % shape[1]).mean()), float((flat // shape[1]).mean()), (float(x0), float(y0), float(w), float(h))


def _number(value: Any, path: Path, where: str, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UsageError(f"{path}: {where}: {name} must be a number, not {str(value)[:40]!r}")
    try:
        return float(value)
    except OverflowError as why:
        raise UsageError(f"{path}: {where}: {name} is too large") from why
