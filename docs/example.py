"""Make what the README shows of the example detector and of `export` and `insert`: `python docs/example.py`.

It writes docs/froc.png, docs/export.png, docs/insert.png, and the README's table of what the detector takes for cancer.
The images are of the preset `benchmark`, because a FROC curve needs findings of every kind; `insert` is given pictures
of the preset `normal` in place of real mammograms. `--cases N` takes fewer than CASES, for a quick look.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

import phantom
from phantom import cli
from phantom.scoring import plot
from phantom.scoring.brief import headline
from phantom.scoring.report import as_dict

ROOT = Path(__file__).parents[1]
README, DOCS = ROOT / "README.md", ROOT / "docs"
START, END = "<!-- false marks: made by docs/example.py -->", "<!-- end of false marks -->"
CASES, RATE = 40, 1.0
SIDE, GREYS = 320, 48
COLOURS = {1: (80, 190, 255), 2: (255, 170, 60), 3: (190, 190, 190)}  # COCO's categories, as notebooks show classes


def run(*words: object) -> None:
    """Run a command as it is typed."""
    print("phantom", *words, file=sys.stderr)
    if cli.run([str(word) for word in words]):
        sys.exit(1)


def table(report: dict[str, Any]) -> str:
    """What the detector finds, in a sentence, and what its false marks lie on, the most first."""
    level = report["levels"]["calcification"]
    causes = level["false_marks_by_cause"]
    total = sum(causes.values())
    rows = [f"| {name.replace('_', ' ')} | {count} | {100 * count / total:.0f} % |" for name, count in causes.items()]
    sentence = f"On {report['images']} images of `benchmark` at full resolution the example {headline(report)}:"
    head = ["| what it takes for cancer | false marks | share |", "|---|---|---|"]
    return "\n".join([textwrap.fill(sentence, 120), "", *head, *rows])


def updated(text: str, made: str) -> str:
    """README.md with the table made again."""
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{made}\n{END}{after}"


def scored(folder: Path, cases: int) -> Path:
    """Write the FROC curve and the README's table; the dataset."""
    data, marks = folder / "benchmark", folder / "example detector.csv"
    run("generate", "benchmark", "--cases", cases, "--out", data)
    subprocess.run([sys.executable, ROOT / "examples" / "detector.py", data, marks], check=True)
    score = phantom.score(data, marks, target="suspicious")
    report = as_dict(score, at=RATE)
    plot.write(DOCS / "froc.png", plot.drawn({marks.stem: score.main.ratings}, RATE), headline(report))
    README.write_text(updated(README.read_text("utf-8"), table(report)), "utf-8")
    return data


def square(middle: Any, shape: tuple[int, int]) -> tuple[int, int]:
    """First column and row of a square about a place, moved inside the image."""
    x, y = (int(np.clip(round(at) - SIDE // 2, 0, size - SIDE)) for at, size in zip(middle, shape[::-1], strict=True))
    return x, y


def exported(folder: Path, data: Path) -> None:
    """Squares of a COCO export, each beside the same with the boxes that its annotations give."""
    run("export", data, "--to", "coco", "--out", folder / "coco")
    coco = json.loads((folder / "coco" / "annotations.json").read_text("utf-8"))
    seen: dict[int, list[dict[str, Any]]] = {}
    for one in coco["annotations"]:
        if one["visible"]:
            seen.setdefault(one["image_id"], []).append(one)
    tiles = []
    for category in (2, 1):  # the image with the most grains of each class
        number = max(seen, key=lambda name: sum(one["category_id"] == category for one in seen[name]))
        picture = Image.open(folder / "coco" / coco["images"][number - 1]["file_name"]).convert("RGB")
        corners = np.array([one["bbox"][:2] for one in seen[number] if one["category_id"] == category])
        left, top = square(np.median(corners, axis=0), picture.size[::-1])
        marked = picture.copy()
        for one in seen[number]:
            x, y, wide, high = one["bbox"]
            around = (x - 3, y - 3, x + wide + 2, y + high + 2)
            ImageDraw.Draw(marked).rectangle(around, outline=COLOURS[one["category_id"]])
        tiles += [one.crop((left, top, left + SIDE, top + SIDE)) for one in (picture, marked)]
    side_by_side(tiles, DOCS / "export.png")


def inserted(folder: Path) -> None:
    """Pictures before and after calcifications are put into them, at 1:1."""
    run("generate", "normal", "--cases", 2, "--seed", 3, "--out", folder / "normal")
    run("export", folder / "normal", "--to", "png", "--bits", 16, "--no-masks", "--out", folder / "png")
    spacing = phantom.open(folder / "normal")[0].pixel_spacing_mm
    more = ("--spacing-mm", spacing, "--set", 'exam.twins=["clean"]', "--out", folder / "inserted")
    run("insert", folder / "png" / "images", "--preset", "suspicious", *more)
    best: dict[str, tuple[float, Any]] = {}
    data = phantom.open(folder / "inserted")
    for image in data:
        for finding in image.findings:
            grains = [one for one in image.calcifications if one.row.finding_id == finding.row.finding_id]
            seen = sum(min(one.row.dprime_structured, 8.0) for one in grains)
            if seen > best.get(image.image_id[:6], (0.0, None))[0]:
                best[image.image_id[:6]] = seen, (image, grains)
    tiles = []
    for _, (image, grains) in best.values():
        twin = next(one for one in data if one.image_id.startswith(image.image_id) and one.row.twin == "clean")
        middle = np.median([one.center_px for one in grains], axis=0)
        low, high = image.window_center - 0.5 * image.window_width, image.window_center + 0.5 * image.window_width
        x, y = square(middle, image.for_presentation.shape)
        for pixels in (twin.for_presentation, image.for_presentation):
            grey = np.clip((pixels[y : y + SIDE, x : x + SIDE] - low) / (high - low), 0, 1)
            tiles.append(Image.fromarray(np.round(255 * grey).astype(np.uint8)))
    side_by_side(tiles[:4], DOCS / "insert.png")


def side_by_side(tiles: list[Image.Image], target: Path) -> None:
    """Squares in a row, in few greys and the colours of the outlines."""
    out = Image.new("RGB", (SIDE * len(tiles) + 4 * (len(tiles) - 1), SIDE), "white")
    for number, tile in enumerate(tiles):
        out.paste(tile.convert("RGB"), ((SIDE + 4) * number, 0))
    greys = [round(255 * step / (GREYS - 1)) for step in range(GREYS)]
    palette = Image.new("P", (1, 1))
    colours = [(grey, grey, grey) for grey in greys] + list(COLOURS.values())
    palette.putpalette([value for colour in colours for value in colour])
    out.quantize(palette=palette, dither=Image.Dither.NONE).save(target, optimize=True)


def main() -> None:
    cases = int(sys.argv[2]) if sys.argv[1:2] == ["--cases"] else CASES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        exported(folder, scored(folder, cases))
        inserted(folder)


if __name__ == "__main__":
    main()
