"""A small real detector of calcifications: bright specks by differences of Gaussians, and a threshold.

It looks at pixels and at their size, and at nothing else:

    python examples/detector.py DATASET marks.csv
    phantom score DATASET marks.csv
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
from scipy import ndimage

SCALES_MM = (0.07, 0.10, 0.14, 0.20, 0.28, 0.40)
SURROUND = 1.6  # the wider Gaussian over the narrower one
NOISE_MM = 4.0  # the noise is measured over this neighbourhood
SKIN_MM = 2.0  # the skin line and the image's border are sharp: stay this far inside
APART_MM = 0.35


def detect(pixels: np.ndarray, spacing_mm: float, threshold: float = 6.0) -> np.ndarray:
    """(n, 3): x (column), y (row) and score of every speck, the surest first.

    The score is the largest response over the scales, in standard deviations of the response in
    its neighbourhood.
    """
    image = pixels.astype(np.float32)
    breast = ndimage.binary_fill_holes(ndimage.binary_opening(image[::4, ::4] > 0, iterations=2))
    framed = np.pad(breast, 1)  # the chest wall is a border too: what ends there is no speck
    inside = ndimage.distance_transform_edt(framed)[1:-1, 1:-1] * 4 * spacing_mm > SKIN_MM
    inside = np.kron(inside, np.ones((4, 4), bool))[: image.shape[0], : image.shape[1]]
    best = np.zeros_like(image)
    for scale_mm in SCALES_MM:
        sigma = scale_mm / spacing_mm
        if sigma < 0.6:
            continue  # narrower than a pixel
        response = ndimage.gaussian_filter(image, sigma) - ndimage.gaussian_filter(image, SURROUND * sigma)
        size = int(NOISE_MM / spacing_mm) | 1
        spread = ndimage.uniform_filter(np.abs(response), size) * 1.2533  # mean deviation to standard deviation
        usual = float(np.median(spread[inside])) if inside.any() else 1.0
        np.maximum(best, response / np.maximum(spread, usual), out=best)
    reach = int(np.ceil(APART_MM / spacing_mm))
    peaks = (best > threshold) & inside & (best == ndimage.maximum_filter(best, 2 * reach + 1))
    rows, columns = np.nonzero(peaks)
    marks = np.stack([columns, rows, best[rows, columns]], axis=1)
    return marks[np.argsort(-marks[:, 2], kind="stable")]


def main() -> None:
    """Mark every image of a dataset."""
    import phantom

    data, out = phantom.open(sys.argv[1]), Path(sys.argv[2])
    with out.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image_id", "x", "y", "score"])
        for image in data:
            for x, y, score in detect(image.for_presentation, image.row["pixel_spacing_mm"], threshold=4.0):
                table.writerow([image.image_id, int(x), int(y), round(float(score), 3)])


if __name__ == "__main__":
    main()
