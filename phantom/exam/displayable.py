"""How an image of a case or a dataset shows itself: short facts, a picture with outlines, a plot."""

from __future__ import annotations

import io
from html import escape
from typing import Any

import numpy as np

from phantom.errors import PhantomError, install
from phantom.exam.truth import FindingTruth
from phantom.geometry.view import Laterality, ViewName
from phantom.imaging import display_window
from phantom.tables import ImageRow

_NOTEBOOK_PX = 700  # the longer side of a picture in a notebook
_COLOURS = {"suspicious": (255, 170, 60), "benign": (80, 190, 255), "artefact": (190, 190, 190)}
_MARGIN_PX = 3


class Displayable:
    """What images have in common, made or stored: facts of their row, and how they look in a notebook."""

    row: ImageRow
    image_id: str

    @property
    def view(self) -> ViewName:
        """``CC``, ``MLO`` or ``ML``."""
        return self.row.view

    @property
    def laterality(self) -> Laterality:
        """``L`` or ``R``."""
        return self.row.laterality

    @property
    def pixel_spacing_mm(self) -> float:
        """Side of a pixel at the breast."""
        return self.row.pixel_spacing_mm

    def _repr_png_(self) -> bytes:
        """For notebooks: the image through its window, findings outlined."""
        from PIL import Image

        out = io.BytesIO()
        Image.fromarray(outlined(self, _NOTEBOOK_PX)).save(out, "PNG")
        return out.getvalue()

    def _repr_html_(self) -> str:
        """For notebooks: the picture, and a line for each finding."""
        import base64

        image: Any = self
        picture = base64.b64encode(self._repr_png_()).decode()
        lines = [f"<li>{escape(_line(finding))}</li>" for finding in image.findings]
        head = f"<b>{escape(self.image_id)}</b> {self.row.rows} × {self.row.columns}, {self.pixel_spacing_mm:.3g} mm"
        return f'<div>{head}<br><img src="data:image/png;base64,{picture}"/><ul>{"".join(lines)}</ul></div>'

    def plot(self, ax: Any = None) -> Any:
        """Draw the image, in millimetres, with the outlines of its findings, into matplotlib's axes.

        Parameters
        ----------
        ax : Axes, optional
            Left out: of a new figure.

        Returns
        -------
        Axes

        Raises
        ------
        PhantomError
            If matplotlib is not installed.
        """
        if ax is None:
            try:
                from matplotlib.pyplot import subplots
            except ImportError:
                raise PhantomError(f"plots need matplotlib: {install('plot')}") from None
            _, ax = subplots(figsize=(6, 8), layout="constrained")
        image: Any = self
        low, high = _limits(image)
        mm, (rows, columns) = self.pixel_spacing_mm, image.for_presentation.shape
        half = 0.5 * mm
        extent = (-half, columns * mm - half, rows * mm - half, -half)
        ax.imshow(image.for_presentation, cmap="gray", vmin=low, vmax=high, extent=extent)
        for finding in image.findings:
            hull = np.concatenate([finding.hull_px, finding.hull_px[:1]]) * mm
            colour = [part / 255 for part in _COLOURS.get(finding.row.class_, _COLOURS["artefact"])]
            ax.plot(hull[:, 0], hull[:, 1], color=colour, lw=1, label=finding.row.kind.replace("_", " "))
        ax.set(title=self.image_id, xlabel="mm", ylabel="mm")
        return ax


def _limits(image: Any) -> tuple[float, float]:
    return display_window.limits(image.window_center, image.window_width)


def _line(finding: FindingTruth) -> str:
    row = finding.row
    return (
        f"{row.kind.replace('_', ' ')} ({row.class_}, BI-RADS {row.category}): {row.n_calcifications} calcifications, "
        f"{row.n_visible} visible, {row.extent_mm:.0f} mm"
    )


def outlined(image: Any, longest_px: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """(rows, columns, 3) uint8: an image through its window, averaged to at most so many pixels, findings outlined."""
    from PIL import Image, ImageDraw

    pixels = np.asarray(image.for_presentation)
    step = max(1, -(-max(pixels.shape) // longest_px))
    rows, columns = (size // step * step for size in pixels.shape)
    small = pixels[:rows, :columns].reshape(rows // step, step, columns // step, step).mean(axis=(1, 3))
    grey = Image.fromarray(display_window.eight_bits(small, *_limits(image))).convert("RGB")
    draw = ImageDraw.Draw(grey)
    for finding in image.findings:
        colour = _COLOURS.get(finding.row.class_, _COLOURS["artefact"])
        x, y, w, h = (v / step for v in finding.box)
        draw.rectangle((x - _MARGIN_PX, y - _MARGIN_PX, x + w + _MARGIN_PX, y + h + _MARGIN_PX), outline=colour)
    return np.asarray(grey)
