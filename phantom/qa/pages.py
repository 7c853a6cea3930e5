"""docs/physics.md: the table and the pictures of `phantom qa`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from phantom.imaging import spectrum
from phantom.imaging.detector import Detector
from phantom.qa import cdmam, visibility
from phantom.qa.bench import Bench
from phantom.qa.report import Row
from phantom.qa.solids import Sphere
from phantom.recipe.seed import Seed

_HEAD = """# The machine, and the proof

Made by `phantom qa --write docs`. The test objects go through the same stages as breasts:
`beam` (spectrum, materials), `exposure` (dose), `scatter`, `detector` (blur, noise, bits). Values that are
published stand beside what was measured; estimates are marked as such in the detectors' files
(`phantom detectors NAME`).

## How an image is made

1. **Beam.** Spectra are SpekPy's, attenuation is xraylib's, both tabulated in half-keV bins by
   `tools/make_tables.py`. Behind the breast the signal of the whole spectrum is a sum of four exponentials, within
   {error:.1g} of the whole up to 10.5 cm. Every material is a pair of lengths of glandular and adipose tissue.
2. **Exposure.** Mean glandular dose is Dance's g c s times the incident kerma; the automatic exposure takes beam and
   dose by thickness from the detector's file.
3. **Scatter.** Each place sends out its primary signal times a ratio that grows with thickness, spread by two
   exponentials, with and without grid; computed on 1.1 mm cells.
4. **Detector.** The mean signal and part of its quantum noise are blurred together; the rest of the quantum noise
   (aliased) and the electronic noise are white. MTF = sinc of the aperture x the converter's blur.
   The quantum variance is set so that DQE(0) is the detector's.
5. **Presentation.** Logarithm, a rim lifted by its distance from the skin, multi-scale contrast, a sigmoid.

What is left out: the cone of the beam (rays are parallel, pixels are taken at the breast), lag and ghosting,
K-fluorescence as such (it is in the measured MTF and noise), the spectrum of scattered photons.
Exponentials and logarithms differ in the last bit between families of processors.
"""


def write(folder: Path, detector: Detector, rows: Sequence[Row]) -> None:
    """Write physics.md and its pictures.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    error = max(spectrum.load(name, 28).error for name in spectrum.TARGET_FILTERS)
    _picture(folder / "physics-cdmam.png", _cdmam(detector))
    _picture(folder / "physics-spheres.png", _spheres(detector))
    lines = [_HEAD.format(error=error), f"## Measured: {detector.unit.says}\n"]
    lines += ["| | quantity | measured | published |", "|---|---|---|---|"]
    lines += [f"| {'ok' if r.passed else 'OUT'} | {r.quantity} | {r.measured:.4g} | {r.reference} |" for r in rows]
    lines += [
        "",
        "## Pictures",
        "",
        "CDMAM 3.4, discs of 1.0, 0.5, 0.25 mm (rows) in falling thickness, clinical dose, for processing:",
        "",
    ]
    lines += ["![gold discs](physics-cdmam.png)", ""]
    doses = "2, 1, 1/2 and 1/4 of the clinical dose"
    diameters = ", ".join(f"{d:.2f}" for d in visibility.DIAMETERS_MM)
    lines += [
        f"Calcifications of {diameters} mm (columns) in 5 cm of breast at {doses} (rows):",
        "",
    ]
    lines += ["![spheres](physics-spheres.png)", ""]
    (folder / "physics.md").write_text("\n".join(lines), encoding="utf-8")


def _cdmam(detector: Detector) -> Any:
    bench = Bench(detector)
    paths, _ = cdmam.phantom(bench, (1.0, 0.5, 0.25), Seed(0))
    image = bench.image(bench.signal(paths), Seed(0).child("picture"))[:, ::-1]
    return image[:, : image.shape[1] * 5 // 8]


def _spheres(detector: Detector) -> Any:
    strips = []
    for i, factor in enumerate((2.0, 1.0, 0.5, 0.25)):
        bench = Bench(detector, 50.0, factor)
        grid = bench.window(2.0 * len(visibility.DIAMETERS_MM), 4.0)
        inner = bench.breast_mm - visibility.SKIN_MM
        stamps = tuple(
            bench.stamp(
                Sphere(d),
                grid.origin_mm[0] + 2.0 * k + 1.0,
                grid.origin_mm[1] + y,
                grid,
                "calcium_oxalate",
                "glandular",
            )
            for k, d in enumerate(visibility.DIAMETERS_MM)
            for y in (1.0, 3.0)
        )
        slabs: dict[str, Any] = {"skin": visibility.SKIN_MM, "glandular": 0.2 * inner, "adipose": 0.8 * inner}
        image = bench.image(
            bench.signal(bench.paths(grid, bench.breast_mm, slabs, stamps)), Seed(0).child("spheres", i)
        )
        strips.append(np.asarray(image, float) / np.median(image))
    return np.concatenate(strips)


def _picture(path: Path, image: Any) -> None:
    """As PNG, bright where less X-ray came through, from -5 to 8 sd of the noise about the median."""
    from PIL import Image

    value = -np.asarray(image, float)
    middle = np.median(value)
    sd = 1.4826 * np.median(np.abs(value - middle))
    shown = np.clip((value - middle + 5 * sd) / (13 * sd), 0, 1)
    # 32 greys: noise does not compress
    Image.fromarray((np.rint(shown * 31) * 8).astype(np.uint8)).save(path, optimize=True)
