"""A sheet per picture: what was found in it, drawn on it, and the estimates in words."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np

from phantom.imaging import display_window
from phantom.insert.estimate import Estimates
from phantom.insert.picture import Picture

_HIGH = 900
_PANEL = 420
_SKIN, _MUSCLE, _NIPPLE = (60, 220, 90), (60, 190, 255), (255, 110, 40)
_MARK, _BORDER, _DENSE = (255, 0, 255), (230, 200, 0), (255, 140, 0)


def sheet(picture: Picture, found: Estimates) -> bytes:
    """A PNG: skin line green, muscle blue, nipple orange, labels magenta, field edge yellow, dense tissue outlined."""
    from PIL import Image, ImageDraw, ImageFont

    s = found.segmented
    low, high = float(s.level.min()), float(s.level.max())
    if picture.linear:  # of a logarithm the upper part holds the breast
        low, high = np.percentile(s.level[s.breast], [1, 99.5]).tolist()
    rgb = np.repeat(display_window.eight_bits(s.level, low, high)[:, :, None], 3, axis=2)
    rgb[s.labels], rgb[s.border] = _MARK, _BORDER
    edge = (found.dense > 0.5) & ~_eroded(found.dense > 0.5)
    rgb[edge] = _DENSE
    scale = _HIGH / rgb.shape[0]
    image = Image.fromarray(rgb).resize((max(1, round(rgb.shape[1] * scale)), _HIGH), Image.Resampling.BILINEAR)
    out = Image.new("RGB", (image.width + _PANEL, _HIGH), (24, 24, 24))
    out.paste(image, (0, 0))
    draw, font = ImageDraw.Draw(out), ImageFont.load_default(14)
    per_mm = scale / s.cell_mm
    for points, colour in ((found.landmarks.skin_mm, _SKIN), (found.landmarks.muscle_mm, _MUSCLE)):
        if len(points) > 1:
            draw.line([(float(x) * per_mm, float(y) * per_mm) for x, y in points], fill=colour, width=2)
    x, y = (v * per_mm for v in found.landmarks.nipple_mm)
    draw.ellipse((x - 9, y - 9, x + 9, y + 9), outline=_NIPPLE, width=2)
    left = image.width + 14
    for k, line in enumerate(lines(picture, found)):
        draw.text((left, 12 + 20 * k), line, (230, 230, 230), font)
    _plot(draw, found, (left, _HIGH - 330, left + _PANEL - 30, _HIGH - 30), font)
    data = io.BytesIO()
    out.save(data, "PNG", compress_level=6)
    return data.getvalue()


def lines(picture: Picture, found: Estimates) -> list[str]:
    """The estimates in words, one a line."""
    intent = "for processing" if picture.linear else "for presentation"
    unit = "of the signal" if picture.linear else "grey values"
    s, marks, power, header = found.segmented, found.landmarks, found.spectra, picture.header
    source = "header" if not found.thickness_sd_mm else f"area and view, +- {found.thickness_sd_mm:.0f}"
    x, y = marks.nipple_mm
    return [
        picture.name[-44:],
        f"{picture.laterality} {picture.view}, {intent}, {picture.bits} bits",
        f"{picture.pixels.shape[0]} x {picture.pixels.shape[1]} pixels of {picture.spacing_mm:.4g} mm"
        + (", mirrored" if picture.mirrored else ""),
        f"{header.manufacturer} {header.model}".strip()[:44] or "unit unknown",
        f"beam {header.target_filter or 'unknown'} {f'{header.tube_kv:g} kV' if header.tube_kv else ''}".rstrip(),
        f"breast {found.area_cm2:.0f} cm2, thickness {found.thickness_mm:.0f} mm ({source})",
        f"nipple at {x:.0f}, {y:.0f} mm" + (", in profile" if marks.nipple_in_profile else ""),
        f"muscle {np.count_nonzero(found.muscle) * s.cell_mm**2 / 100:.0f} cm2" if found.muscle.any() else "no muscle",
        f"labels and marks {np.count_nonzero(s.labels) * s.cell_mm**2 / 100:.1f} cm2",
        f"dense tissue {100 * found.dense_share:.0f} % of the area",
        f"fat {_shown(picture, found.fat)}, gland {_shown(picture, found.gland)}",
        f"noise {power.noise_sd:.3g} {unit} a pixel ({power.tiles} squares)",
        f"structure ~ 1/f^{power.beta:.2f} ({power.regions} regions)",
    ]


def _shown(picture: Picture, value: float) -> str:
    """A value as the file has it."""
    return f"{math.exp(-value):.0f}" if picture.linear else f"{value:.0f}"


def _eroded(cells: Any) -> Any:
    from scipy.ndimage import binary_erosion

    return binary_erosion(cells)


def _plot(draw: Any, found: Estimates, box: tuple[int, int, int, int], font: Any) -> None:
    """Power against frequency, both as logarithms: regions white, the fit blue, noise green."""
    power, (x0, y0, x1, y1) = found.spectra, box
    held = power.structure_f > 0
    f, p = power.structure_f[held], np.maximum(power.structure[held], 1e-30)
    noise_f = power.f_per_mm[1:]
    lo, hi = math.log10(max(min(p.min(), power.noise[1:].min()), 1e-30)), math.log10(p.max())
    first, last = math.log10(0.03), math.log10(12.0)

    def at(freq: Any, value: Any) -> list[tuple[float, float]]:
        x = x0 + (np.log10(freq) - first) / (last - first) * (x1 - x0)
        y = y1 - (np.log10(np.maximum(value, 1e-30)) - lo) / max(hi - lo, 1e-6) * (y1 - y0)
        kept = (x >= x0) & (x <= x1) & (y >= y0 - 1) & (y <= y1 + 1)
        return list(zip(x[kept].tolist(), y[kept].tolist(), strict=True))

    draw.rectangle(box, outline=(110, 110, 110))
    for tick in (0.1, 1.0, 10.0):
        x = x0 + (math.log10(tick) - first) / (last - first) * (x1 - x0)
        draw.line((x, y0, x, y1), fill=(60, 60, 60))
        draw.text((x - 8, y1 + 4), f"{tick:g}", (180, 180, 180), font)
    draw.text((x0 + 4, y0 - 20), "power, value2 mm2, by cycles/mm", (180, 180, 180), font)
    for freq, value, colour in (
        (f, p, (235, 235, 235)), (f, power.anatomy(f), (90, 170, 255)), (noise_f, power.noise[1:], (60, 220, 90))
    ):  # fmt: skip
        points = at(freq, value)
        if len(points) > 1:
            draw.line(points, fill=colour, width=2)
