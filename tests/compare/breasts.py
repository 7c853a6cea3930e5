"""Small pictures of half-elliptic breasts with a known texture, for the tests of comparing."""

from __future__ import annotations

import numpy as np
from PIL import Image

SPACING_MM = 0.14


def texture(rng, shape, beta=2.6, white=0.05):
    """A power-law field of unit variance with some white noise."""
    f = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None])
    spectrum = np.maximum(f, 0.004) ** (-beta / 2)
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(shape)) * spectrum, s=shape)
    return field / field.std() + white * rng.standard_normal(shape)


def breast(rng, shape=(560, 380), skin_mm=1.5, contrast=0.06, **more):
    """Shares of full scale: 0 beside the breast, about 0.3 in it, a brighter rim."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    radius = np.hypot(x / (0.8 * shape[1]), (y - shape[0] / 2) / (0.46 * shape[0]))
    depth_mm = (1 - radius) * 0.8 * shape[1] * SPACING_MM
    inner = 0.3 + contrast * texture(rng, shape, **more)
    return np.where(depth_mm > skin_mm, inner, 0.6) * (depth_mm > 0)


def save(path, image):
    Image.fromarray(np.round(np.clip(image, 0, 1) * 4095).astype(np.uint16)).save(path)


def folder(path, women, seed=0, change=lambda image: image, **more):
    """Two images of each of so many women, as 16-bit PNGs of 12-bit values."""
    path.mkdir()
    rng = np.random.default_rng(seed)
    for woman in range(women):
        for view in ("L_CC", "R_CC"):
            image = change(breast(rng, **more))
            save(path / f"{path.name}{woman}_{view}.png", image[:, ::-1] if view[0] == "R" else image)
    return path
