"""FROC curves as a picture: SVG text, or PNG through Pillow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from phantom.errors import UsageError
from phantom.scoring.froc import Curve

WIDTH, HEIGHT = 640, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 20, 50
# The axis of false marks per image is logarithmic between these; smaller rates are drawn at its left end.
LOWEST, HIGHEST = 1 / 16, 16.0
_COLOURS = ("#1f5fa8", "#c8501e", "#2e8b57", "#7a3fa0")
_TICKS = (0.125, 0.25, 0.5, 1, 2, 4, 8, 16)

Point = tuple[float, float]


def points(curve: Curve) -> list[Point]:
    """The corners of the curve's steps, in the picture's pixels."""
    out: list[Point] = []
    last = 0.0
    for false, sensitivity in zip(curve.false, np.nan_to_num(curve.sensitivity), strict=True):
        if false > HIGHEST:
            break
        out += [place(float(false), last), place(float(false), float(sensitivity))]
        last = float(sensitivity)
    return [*out, place(HIGHEST, last)]


def place(false: float, sensitivity: float) -> Point:
    """Where a rate and a sensitivity lie in the picture."""
    share = np.log(np.clip(false, LOWEST, HIGHEST) / LOWEST) / np.log(HIGHEST / LOWEST)
    x = _LEFT + float(share) * (WIDTH - _LEFT - _RIGHT)
    return round(x, 2), round(HEIGHT - _BOTTOM - sensitivity * (HEIGHT - _TOP - _BOTTOM), 2)


def write(path: Path, curves: Mapping[str, Curve]) -> None:
    """Write the curves to an .svg or .png file.

    Raises
    ------
    UsageError
        If the name ends otherwise.
    """
    suffix = path.suffix.lower()
    if suffix == ".svg":
        path.write_text(svg(curves), "utf-8")
    elif suffix == ".png":
        _png(path, curves)
    else:
        raise UsageError(f"{path}: a plot is written as .svg or .png")


def svg(curves: Mapping[str, Curve]) -> str:
    """The picture as SVG."""
    x0, y0 = place(LOWEST, 0.0)
    x1, y1 = place(HIGHEST, 1.0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',  # noqa: E501
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<path d="M{x0} {y1}V{y0}H{x1}" fill="none" stroke="#444"/>',
    ]
    for rate in _TICKS:
        x, _ = place(rate, 0.0)
        parts.append(
            f'<path d="M{x} {y0}V{y1}" stroke="#ddd"/><text x="{x}" y="{y0 + 16}" text-anchor="middle">{_name(rate)}</text>'  # noqa: E501
        )
    for tenth in range(0, 11, 2):
        _, y = place(1.0, tenth / 10)
        parts.append(
            f'<path d="M{x0} {y}H{x1}" stroke="#ddd"/><text x="{x0 - 6}" y="{y + 4}" text-anchor="end">{tenth / 10:g}</text>'  # noqa: E501
        )
    middle = (x0 + x1) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">false marks per image</text>')
    parts.append(f'<text transform="translate(16 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">sensitivity</text>')
    for i, (name, curve) in enumerate(curves.items()):
        colour = _COLOURS[i % len(_COLOURS)]
        line = " ".join(f"{x:g},{y:g}" for x, y in points(curve))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(
            f'<text x="{x1 - 8}" y="{y0 - 10 - 16 * i}" text-anchor="end" fill="{colour}">{escape(Path(name).name)}</text>'  # noqa: E501
        )
    return "\n".join([*parts, "</svg>\n"])


def _name(rate: float) -> str:
    return f"{rate:g}" if rate >= 1 else f"1/{round(1 / rate)}"


def _png(path: Path, curves: Mapping[str, Curve]) -> None:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    (x0, y0), (x1, y1) = place(LOWEST, 0.0), place(HIGHEST, 1.0)
    for rate in _TICKS:
        x, _ = place(rate, 0.0)
        draw.line([(x, y0), (x, y1)], "#dddddd")
        draw.text((x, y0 + 10), _name(rate), "#444444", anchor="mm")
    for tenth in range(0, 11, 2):
        _, y = place(1.0, tenth / 10)
        draw.line([(x0, y), (x1, y)], "#dddddd")
        draw.text((x0 - 6, y), f"{tenth / 10:g}", "#444444", anchor="rm")
    draw.line([(x0, y1), (x0, y0), (x1, y0)], "#444444")
    draw.text(((x0 + x1) / 2, HEIGHT - 16), "false marks per image", "#444444", anchor="mm")
    draw.text((4, 6), "sensitivity", "#444444")
    for i, (name, curve) in enumerate(curves.items()):
        colour = _COLOURS[i % len(_COLOURS)]
        draw.line(points(curve), colour, 2)
        draw.text((x1 - 8, y0 - 14 - 16 * i), Path(name).name, colour, anchor="rm")
    image.save(path)
