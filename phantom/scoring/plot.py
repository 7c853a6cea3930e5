"""FROC curves as a picture, through matplotlib."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from phantom.dataset.format.files import put
from phantom.errors import PhantomError, UsageError, install
from phantom.scoring.froc import Curve

SIZE_INCHES = (6.4, 4.2)
# the axis of false marks per image is logarithmic between these; smaller rates are drawn at its left end
LOWEST, HIGHEST = 1 / 16, 16.0
TICKS = (0.125, 0.25, 0.5, 1, 2, 4, 8, 16)
# the same curves give the same file
_STYLE: dict[Any, Any] = {"svg.hashsalt": "phantom", "svg.fonttype": "none", "path.simplify": False}
_NO_DATE: dict[str, dict[str, Any]] = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}


def write(path: Path, curves: Mapping[str, Curve]) -> None:
    """Write the curves to an .svg or .png file.

    Raises
    ------
    UsageError
        If the name ends otherwise.
    PhantomError
        If matplotlib is not installed, or the file cannot be written.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in _NO_DATE:
        raise UsageError(f"{path}: a plot is written as .svg or .png")
    put(path, picture(curves, kind))


def svg(curves: Mapping[str, Curve]) -> str:
    """The picture as an SVG element, to stand in a page.

    Raises
    ------
    PhantomError
        If matplotlib is not installed.
    """
    text = picture(curves, "svg").decode("utf-8")
    return text[text.index("<svg") :]


def picture(curves: Mapping[str, Curve], kind: str) -> bytes:
    """The file's bytes; `kind` is ``svg`` or ``png``.

    Raises
    ------
    PhantomError
        If matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as why:
        raise PhantomError(f"plots need matplotlib: {install('plot')}") from why
    out = io.BytesIO()
    with rc_context(_STYLE):
        figure = Figure(SIZE_INCHES, layout="constrained")
        axes = figure.add_subplot(
            xscale="log", xlim=(LOWEST, HIGHEST), ylim=(0, 1), xlabel="false marks per image", ylabel="sensitivity"
        )
        axes.set_xticks(TICKS, [rate_name(rate) for rate in TICKS])
        axes.minorticks_off()
        axes.grid(color="#dddddd")
        for name, curve in curves.items():
            false, sensitivity = steps(curve)
            axes.step(false, sensitivity, where="post", label=Path(name).name, gid="curve")
        if curves:
            axes.legend(loc="lower right", frameon=False)
        figure.savefig(out, format=kind, metadata=_NO_DATE[kind])
    return out.getvalue()


def steps(curve: Curve) -> tuple[Any, Any]:
    """False marks per image and the sensitivity from there on, (n,) each, between the ends of the axis."""
    false, sensitivity = np.asarray(curve.false, float), np.nan_to_num(np.asarray(curve.sensitivity, float))
    held = false <= HIGHEST
    false, sensitivity = np.maximum(false[held], LOWEST), sensitivity[held]
    last = float(sensitivity[-1]) if sensitivity.size else 0.0
    return np.concatenate(([LOWEST], false, [HIGHEST])), np.concatenate(([0.0], sensitivity, [last]))


def rate_name(rate: float) -> str:
    """A rate as a tick says it: ``1/8``, ``4``."""
    return f"{rate:g}" if rate >= 1 else f"1/{round(1 / rate)}"
