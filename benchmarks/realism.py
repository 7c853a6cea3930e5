"""How real the breasts are: measured statistics beside the published ones, and a page of pictures.

    python benchmarks/realism.py [--breasts 6] [--drawn 600] [--out docs]

writes `realism.md` and `realism.png` there, and prints the tables. With the default of 6 breasts for each
of the four densities, CC and MLO, 48 views are rendered for processing and for presentation, and 24 at full resolution
for what `phantom compare` measures: minutes, not seconds.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy import stats

from phantom.anatomy.patient import Anatomy
from phantom.compare.comparison import Side
from phantom.compare.measure import measure
from phantom.compare.sides import displayed
from phantom.compare.table import ROWS
from phantom.exam import preset as presets
from phantom.exam import scene as scenes
from phantom.exam.acquisition import position_breast
from phantom.exam.case import case_seed
from phantom.exam.mammogram import ViewImage
from phantom.exam.render import assemble, render
from phantom.imaging import beam
from phantom.recipe.seed import Seed

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]

DENSITIES = {"a": 0.045, "b": 0.11, "c": 0.23, "d": 0.42}
BETA = {"a": 2.8, "b": 3.0, "c": 3.15, "d": 3.2}
ROI_MM = 25.6


def views_of(letter: str, count: int) -> Iterator[tuple[ViewImage, Floats, Any]]:
    """CC and MLO of some breasts of one density, and without noise, blur and scatter: log signal over a window, its
    mask."""
    sets = [f"anatomy.density={DENSITIES[letter]}", "detector.binning=2"]
    recipe = presets.load("normal", sets)
    for index in range(count):
        scene = scenes.grow(recipe, case_seed(recipe.name, 100 + ord(letter), index), index)
        for view in scene.views:
            acquisition = position_breast(scene, view)
            spectrum = recipe.beam.at(recipe.detector.unit, acquisition.pressed.thickness_mm)
            behind = beam.collapse(assemble(acquisition, []), spectrum)
            yield render(scene, view), -np.log(spectrum.primary(behind.g_cm, behind.a_cm)), behind.thickness_mm > 0


def rois(image: Floats, mask: Any, pitch_mm: float) -> Iterator[Floats]:
    """Square regions that lie well inside the breast, where it has its full thickness, half overlapping."""
    from scipy.ndimage import distance_transform_edt

    size = round(ROI_MM / pitch_mm)
    # the image's own border at the chest wall is no rim
    depth = distance_transform_edt(np.pad(mask, ((0, 0), (size, size)), mode="edge"))[:, size:-size] * pitch_mm
    for row in range(0, image.shape[0] - size, size // 2):
        for column in range(0, image.shape[1] - size, size // 2):
            where = np.s_[row : row + size, column : column + size]
            if depth[where].min() > 24:
                yield image[where]


def spectrum(roi: Floats, pitch_mm: float) -> tuple[Floats, Floats]:
    """|f| and power of a region, its plane taken out, under a Hann window (Burgess 2001)."""
    n = len(roi)
    y, x = np.mgrid[:n, :n] / n - 0.5
    a = np.stack([np.ones(n * n), x.ravel(), y.ravel()], axis=1)
    flat = roi - (a @ np.linalg.lstsq(a, roi.ravel(), rcond=None)[0]).reshape(n, n)
    window = np.outer(np.hanning(n), np.hanning(n))
    power = np.abs(np.fft.fft2(flat * window)) ** 2 * pitch_mm**2 / (window**2).sum()
    f = np.fft.fftfreq(n, pitch_mm)
    return np.hypot(f[:, None], f[None]).ravel(), power.ravel()


def slope(f: Floats, power: Floats, lo: float, hi: float) -> float:
    """-d log P / d log f over a range of frequencies, fitted to means over rings."""
    edges = np.arange(lo, hi, 0.05) if hi < 1 else np.geomspace(lo, hi, 9)
    points = [(f[m].mean(), power[m].mean()) for a, b in pairwise(edges) if (m := (f >= a) & (f < b)).any()]
    logs = np.log(np.array(points))
    return float(-np.polyfit(logs[:, 0], logs[:, 1], 1)[0])


def laplacian_entropy(roi: Floats, pitch_mm: float, centre: float) -> float:
    """Laplacian fractional entropy of Gabor responses: near 0 for a Gaussian field, 1 for a Laplacian one (Abbey
    2012)."""
    octave = 1.4
    width = centre * (2**octave - 1) / (2**octave + 1)
    sigma = math.sqrt(2 * math.log(2)) / (2 * math.pi * width)
    n = len(roi)
    f = np.fft.fftfreq(n, pitch_mm)
    transform = np.fft.fft2(roi - roi.mean())
    out = []
    for angle in np.arange(6) * np.pi / 6:
        away = (f[None] - centre * np.cos(angle)) ** 2 + (f[:, None] - centre * np.sin(angle)) ** 2
        response = np.fft.ifft2(transform * np.exp(-2 * (np.pi * sigma) ** 2 * away)).real
        edge = min(int(1.5 * sigma / pitch_mm), n // 4)
        r = response[edge : n - edge, edge : n - edge].ravel()
        out.append(_fraction(r / r.std()))
    return float(np.mean(out))


def _fraction(r: Floats) -> float:
    """KL(histogram || Gaussian) / KL(Laplacian || Gaussian), all of unit variance, over 99 bins of the inner 99 %."""
    edges = np.linspace(-1, 1, 100) * np.quantile(np.abs(r), 0.99)
    share = np.histogram(r, edges)[0].astype(float)
    gauss, laplace = np.diff(stats.norm.cdf(edges)), np.diff(stats.laplace.cdf(edges, scale=math.sqrt(0.5)))

    def divergence(p: Floats) -> float:
        p, q = p / p.sum(), gauss / gauss.sum()
        seen = p > 0
        return float((p[seen] * np.log(p[seen] / q[seen])).sum())

    return divergence(share) / divergence(laplace)


def structure_table(count: int) -> tuple[list[str], list[ViewImage]]:
    """Spectra and entropies by density and view; the first breast of each density for the page of pictures."""
    rows, shown = [], []
    for letter in DENSITIES:
        found: dict[str, list[ViewImage]] = {"CC": [], "MLO": []}
        clean: dict[str, list[Floats]] = {"CC": [], "MLO": []}
        for view, log, mask in views_of(letter, count):
            name, pitch = view.row.view, view.row.pixel_spacing_mm
            found[name].append(view)
            clean[name] += [np.stack(spectrum(roi, pitch)) for roi in rois(log, mask, pitch)]
        for name, views in found.items():
            rows.append(_row(letter, name, views, np.mean(clean[name], axis=0)))
            shown.append(views[0])
    return rows, shown


def _row(letter: str, name: str, views: list[ViewImage], clean: Floats) -> str:
    betas: list[float] = []
    shown: list[float] = []
    entropies: list[list[float]] = []
    for view in views:
        pitch = view.row.pixel_spacing_mm
        mask = view.breast_mask
        log = -np.log(np.maximum(view.for_processing.astype(float) - 50, 1))
        for roi in rois(log, mask, pitch):
            f, power = spectrum(roi, pitch)
            betas.append(slope(f, power, 0.15, 0.70))
            entropies.append([laplacian_entropy(roi, pitch, c) for c in (0.5, 1.0, 2.0)])
        for roi in rois(view.for_presentation.astype(float), mask, pitch):
            shown.append(slope(*spectrum(roi, pitch), 0.15, 0.70))
    falls = [slope(*clean, lo, hi) for lo, hi in ((0.7, 1.4), (1.4, 2.4), (2.4, 3.5))]
    entropy = np.mean(entropies, axis=0)
    return (
        f"| {letter} | {name} | {len(betas)} | {np.mean(betas):.2f} ± {np.std(betas):.2f} | {BETA[letter]:.2f} ± 0.25 "
        f"| {np.mean(shown):.2f} | {' / '.join(f'{b:.1f}' for b in falls)} | "
        f"{' / '.join(f'{100 * e:.0f}' for e in entropy)} |"
    )


def displayed_table(count: int) -> list[str]:
    """What `phantom compare` measures of a dataset's images, by density, CC and MLO together, at full resolution."""
    columns = []
    for letter, density in DENSITIES.items():
        recipe = presets.load("normal", [f"anatomy.density={density}"])
        found = []
        for index in range(count):
            scene = scenes.grow(recipe, case_seed(recipe.name, 200 + ord(letter), index), index)
            for view in scene.views:
                picture = displayed(render(scene, view))
                found.append(measure(picture, f"{letter}{index}", 32))
        columns.append(Side(letter, tuple(found)))
    rows = []
    for row in ROWS:
        means = [side.by_woman(row.key) for side in columns]
        name = f"{row.name} ({row.unit})" if row.unit else row.name
        rows.append(f"| {name} | {' | '.join(f'{m.mean():.3g} ± {m.std():.2g}' for m in means)} |")
    return rows


def marginals_table(count: int) -> list[str]:
    """Kolmogorov-Smirnov distances of what is drawn, without rendering, from what was published."""
    numbers = [Anatomy().draw(Seed(s).child("woman").rng()).values for s in range(count)]
    v = {name: np.array([one[name] for one in numbers]) for name in numbers[0]}
    cases = (
        ("density", np.log(v["density"] / 0.14) / np.log(1.82), "lognormal, median 14 %, sigma 0.6 (Yaffe 2009)"),
        ("thickness_mm", (v["thickness_mm"] - 57) / 13, "normal, 57 ± 13 mm (Yaffe 2009; UK screening 2016-19)"),
        ("muscle_mm", (v["muscle_mm"] - 50) / 15, "normal, 50 ± 15 mm: the muscle's width at the top of MLO"),
        ("muscle_length_mm", (v["muscle_length_mm"] - 130) / 30, "normal, 130 ± 30 mm (estimate)"),
        ("skin_mm", (v["skin_mm"] - 1.44) / 0.25, "normal, 1.44 ± 0.25 mm (Huang 2008: 1.45 ± 0.30)"),
        ("area_cm2", np.log(v["area_cm2"] / 146) / 0.42, "lognormal, median 146 cm², sigma 0.42 (Boone 2000)"),
    )
    rows = []
    for name, z, source in cases:
        rows.append(f"| {name} | {np.median(v[name]):.3g} | {source} | {stats.kstest(z, 'norm').statistic:.3f} |")
    old = np.array([[one["age"], one["density"] >= 0.155] for one in numbers])
    shares = [f"{100 * old[(old[:, 0] >= a) & (old[:, 0] < a + 10), 1].mean():.0f}" for a in (40, 50, 60, 70)]
    shown = " / ".join(shares)
    rows.append(f"| BI-RADS c or d at 40s / 50s / 60s / 70s | {shown} % | 56 / 42 / 32 / 27 % (Sprague 2014) | |")
    return rows


def page(views: list[ViewImage], path: Path) -> None:
    """One picture of all views, CC above MLO, a to d from the left."""
    width, height = 300, 390
    sheet = Image.new("L", (width * 4, height * 2))
    for k, view in enumerate(views):
        picture = Image.fromarray((view.for_presentation >> 4).astype(np.uint8)).resize((width, height),
        Image.Resampling.LANCZOS)
        sheet.paste(picture, ((k // 2) * width, (k % 2) * height))
    sheet.save(path, optimize=True)


TEXT = """# How real the breasts are

Made by `python benchmarks/realism.py`: do not edit by hand.

![four densities, CC above MLO](realism.png)

## Structure

Regions of {roi} mm, half overlapping, where the breast has its full thickness; log signal for processing unless said.
β is the exponent of P(f) ~ f^-β between 0.15 and 0.7 cycles/mm (published: 2.8 on average, Burgess 2001;
3.17 ± 0.23 CC and 3.30 ± 0.24 MLO, Chen 2012); "shown" is the same for presentation (2.4 to 3.0 expected);
"slope" is the exponent at 0.7-1.4 / 1.4-2.4 / 2.4-3.5 cycles/mm of what the beam passes, before scatter, blur and
noise (2 to 2.5 expected beyond 1, and no step). LFE is the Laplacian fractional entropy of Gabor responses at
0.5 / 1 / 2 cycles/mm, in per cent (Abbey 2012): 0 for a Gaussian field. Pixels are 0.14 mm.

| density | view | regions | β | published | β shown | slope | LFE % |
|---|---|---|---|---|---|---|---|
{structure}

## As displayed

What [`phantom compare`](compare.md) measures of images for presentation, at full resolution: mean and standard
deviation over {displayed} women of each density, CC and MLO. [compare.md](compare.md) says what each line is; hold real
mammograms of your own against a dataset to see how far these numbers are from them.

| | a | b | c | d |
|---|---|---|---|---|
{table}

## Who the women are

The nipple is a soft bump 7 to 11 mm wide at half its height; in profile, as four of five are, it stands out 1 to 4 mm
(estimates).

{drawn} women, drawn without rendering. KS is the Kolmogorov-Smirnov distance from the published distribution.

| | median | published | KS |
|---|---|---|---|
{marginals}
"""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Statistics of the breasts beside the published ones.")
    parser.add_argument("--breasts", type=int, default=6, help="breasts for each of the four densities")
    parser.add_argument("--displayed", type=int, default=3, help="breasts of each density measured as displayed")
    parser.add_argument("--drawn", type=int, default=600, help="women drawn for the marginals")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    arguments = parser.parse_args()
    structure, shown = structure_table(arguments.breasts)
    text = TEXT.format(
        roi=ROI_MM, structure="\n".join(structure), displayed=arguments.displayed, drawn=arguments.drawn,
        table="\n".join(displayed_table(arguments.displayed)), marginals="\n".join(marginals_table(arguments.drawn)),
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "realism.md").write_text(text)
    page(shown, arguments.out / "realism.png")
    print(text)


if __name__ == "__main__":
    main()
