"""A small real detector of calcifications: bright specks by differences of Gaussians, and a threshold.

It looks at pixels and at their size, and at nothing else:

    python examples/detector.py DATASET marks.csv
    phantom score DATASET marks.csv

A speck is called suspicious if it is small and of a compact group; large ones, lone ones, rows of them as
along an artery, and groups that go through much of the breast are called benign. That is too simple:
it misses casts of ducts, which are rows too, and suspects groups of round grains.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage
from scipy.sparse import identity
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

SCALES_MM = tuple(0.07 * 1.6**step for step in range(7))  # each response is one Gaussian less the next
NOISE_MM = 4.0  # the noise is measured over this neighbourhood
COARSE = 4  # pixels along the side of a square: where the breast is, and its noise, need no more
EDGE_MM = 3.0  # the skin line and the image's border are sharp: stay this far inside
APART_MM = 0.35  # two marks are not closer than this, nor than their size
LARGE_MM = 1.0  # larger specks are benign
LINK_MM, GROUP = 10.0, 5  # a group has so many specks, each this near to another
ROW, SPREAD_MM = 0.4, 8.0  # a group this narrow for its length is a row; standard deviations


def detect(pixels: np.ndarray, spacing_mm: float, threshold: float = 6.0) -> dict[str, Any]:
    """Boxes (x1, y1, x2, y2), scores and labels of all specks, the surest first.

    The score is the largest response over the scales, in standard deviations of the response in
    its neighbourhood, times how round it is.
    """
    left, top, image, inside = cropped(pixels, spacing_mm)
    best, scale = np.zeros_like(image), np.zeros(image.shape, np.float32)
    scales = [mm for mm in SCALES_MM if mm >= 0.6 * spacing_mm]
    blurred = blurs(image, [mm / spacing_mm for mm in scales])
    for mm, narrow, wide in zip(scales, blurred, blurred[1:], strict=False):
        response = narrow - wide
        response /= noise(response, inside, spacing_mm)
        scale[response > best] = mm
        np.maximum(best, response, out=best)
    rows, columns = np.nonzero((best > threshold) & inside & (best == ndimage.maximum_filter(best, 3)))
    order = np.argsort(-best[rows, columns], kind="stable")
    rows, columns = rows[order], columns[order]
    places, sigma = np.stack([columns, rows], axis=1), scale[rows, columns] / spacing_mm
    radii = 1.6 * sigma
    scores = best[rows, columns] * roundness(blurred, [mm / spacing_mm for mm in scales], rows, columns, sigma)
    # what is a line and no speck is not marked, but it tells what the specks beside it belong to
    there = apart(places, np.maximum(radii, APART_MM / spacing_mm))
    names = np.full(len(places), "benign", "U10")
    names[there] = np.where(
        suspicious(places[there] * spacing_mm, 2 * radii[there] * spacing_mm), "suspicious", "benign"
    )
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > threshold]
    kept = order[apart(places[order], np.maximum(radii[order], APART_MM / spacing_mm))]
    places = places + np.array([left, top])
    boxes = np.concatenate([places - radii[:, None], places + radii[:, None] + 1], axis=1)
    return {"boxes": boxes[kept], "scores": scores[kept], "labels": names[kept].tolist()}


def cropped(pixels: np.ndarray, spacing_mm: float) -> tuple[int, int, np.ndarray, np.ndarray]:
    """First column and row of the part that holds the breast, that part, and where in it marks may be."""
    high, wide = (size - size % COARSE for size in pixels.shape)
    breast = ndimage.binary_opening(pixels[:high:COARSE, :wide:COARSE] > 0, iterations=2)
    breast = ndimage.binary_fill_holes(breast)
    framed = np.pad(breast, 1)  # the chest wall is a border too: what ends there is no speck
    inside = ndimage.distance_transform_edt(framed)[1:-1, 1:-1] * COARSE * spacing_mm > EDGE_MM
    held = ndimage.find_objects(breast.astype(int)) or [np.s_[:1, :1]]
    rows, columns = (slice(COARSE * part.start, COARSE * part.stop) for part in held[0])
    return columns.start, rows.start, pixels[rows, columns].astype(np.float32), enlarged(inside[held[0]])


def enlarged(coarse: np.ndarray) -> np.ndarray:
    """Each element as a square of pixels."""
    return coarse.repeat(COARSE, axis=0).repeat(COARSE, axis=1)


def blurs(image: np.ndarray, sigmas: list[float]) -> list[np.ndarray]:
    """The image behind Gaussians of rising width: each goes over the one before it, which is quicker."""
    out, before = [], 0.0
    for sigma in sigmas:
        image = ndimage.gaussian_filter(image, (sigma**2 - before**2) ** 0.5)
        out, before = [*out, image], sigma
    return out


def noise(response: np.ndarray, inside: np.ndarray, spacing_mm: float) -> np.ndarray:
    """Standard deviation of the response in the neighbourhood of each pixel."""
    size = np.abs(response)
    some = size[::COARSE, ::COARSE][inside[::COARSE, ::COARSE]]
    usual = 1.4826 * float(np.median(some)) if some.size else 1.0
    # bright specks are not noise: they count no more than three times what is usual
    capped = np.minimum(size, 3 * usual)
    squares = capped.reshape(capped.shape[0] // COARSE, COARSE, -1, COARSE).mean(axis=(1, 3))
    near = ndimage.uniform_filter(squares, int(NOISE_MM / spacing_mm / COARSE) | 1) * 1.2533
    return enlarged(np.maximum(near, max(usual, 1e-3)))


def roundness(
    blurred: list[np.ndarray], sigmas: list[float], rows: np.ndarray, columns: np.ndarray, sigma: np.ndarray
) -> np.ndarray:
    """The weaker curvature at each place over the mean one: 1 for a disc, 0 for a line."""
    ratio = np.zeros(len(rows), np.float32)
    for image, width in zip(blurred, sigmas, strict=True):
        some = np.flatnonzero(np.isclose(sigma, width))
        d = max(round(width), 1)
        part = np.pad(image, d, mode="edge")
        y, x = rows[some] + d, columns[some] + d
        xx = part[y, x + d] + part[y, x - d] - 2 * part[y, x]
        yy = part[y + d, x] + part[y - d, x] - 2 * part[y, x]
        xy = (part[y + d, x + d] + part[y - d, x - d] - part[y + d, x - d] - part[y - d, x + d]) / 4
        mean, spread = -(xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
        ratio[some] = np.clip((mean - spread) / np.maximum(mean, 1e-3), 0, 1)
    return ratio


def apart(places: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Which places to keep, the surest first: none lies within the reach of a surer one."""
    free = np.ones(len(places), bool)
    if len(places):
        tree = KDTree(places)
        for i in range(len(places)):
            if free[i]:
                near = tree.query_ball_point(places[i], reach[i])
                free[[j for j in near if j > i]] = False
    return free


def suspicious(places_mm: np.ndarray, size_mm: np.ndarray) -> np.ndarray:
    """Which specks are small and of a compact group of small ones."""
    found = np.zeros(len(places_mm), bool)
    if len(places_mm) < GROUP:
        return found
    near = KDTree(places_mm).sparse_distance_matrix(KDTree(places_mm), LINK_MM)
    number, group = connected_components(near + identity(len(places_mm)))
    for members in (np.flatnonzero(group == i) for i in range(number)):
        if len(members) < GROUP or np.median(size_mm[members]) > LARGE_MM:
            continue
        short, long = np.sqrt(np.linalg.eigvalsh(np.cov(places_mm[members].T)))
        found[members] = (short > ROW * long) & (long < SPREAD_MM) & (size_mm[members] <= LARGE_MM)
    return found


def main() -> None:
    """Mark every image of a dataset."""
    import click

    import phantom

    data, out = phantom.open(sys.argv[1]), Path(sys.argv[2])
    with out.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image_id", "x", "y", "score", "label"])
        with click.progressbar(data, length=len(data), label="images", file=sys.stderr) as images:
            for image in images:
                mark(table, image)


def mark(table: Any, image: Any) -> None:
    """Write what is found in an image."""
    found = detect(image.for_presentation, image.row.pixel_spacing_mm, threshold=5.0)
    for (x1, y1, x2, y2), score, label in zip(*found.values(), strict=True):
        x, y = round((x1 + x2 - 1) / 2), round((y1 + y2 - 1) / 2)
        table.writerow([image.image_id, x, y, round(float(score), 3), label])


if __name__ == "__main__":
    main()
