"""FROC curves as a picture, through matplotlib."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phantom.arrays import Floats
from phantom.dataset.format.files import put
from phantom.errors import PhantomError, UsageError, install
from phantom.recipe.seed import Seed
from phantom.scoring import bootstrap
from phantom.scoring.froc import Curve, froc
from phantom.scoring.ratings import Ratings

SIZE_INCHES = (6.4, 4.2)
# the axis of false marks per image is logarithmic between these; smaller rates are drawn at its left end
LOWEST, HIGHEST = 1 / 16, 16.0
TICKS = (0.125, 0.25, 0.5, 1, 2, 4, 8, 16)
_BAND = 41  # rates at which the interval is drawn
_TITLE = 80  # characters of a line
# the same curves give the same file
_STYLE: dict[Any, Any] = {"svg.hashsalt": "phantom", "svg.fonttype": "none", "path.simplify": False}
_NO_DATE: dict[str, dict[str, Any]] = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}


@dataclass(frozen=True, eq=False)
class Drawn:
    """A curve as it is drawn.

    Attributes
    ----------
    curve : Curve
    rates, low, high : (n,)
        The 95 % interval of its sensitivity, at these rates; empty for none.
    at : float or None
        The rate whose operating point is marked.
    """

    curve: Curve
    rates: Floats
    low: Floats
    high: Floats
    at: float | None = None


def drawn(ratings: Mapping[str, Ratings], at: float = 1.0, resamples: int = 1000, seed: int = 0) -> dict[str, Drawn]:
    """FROC curves with their bands and operating points, by the names of the ratings."""
    rates = np.geomspace(LOWEST, HIGHEST, _BAND)
    out = {}
    for name, rated in ratings.items():
        draws = bootstrap.weights(rated, resamples, Seed(seed))
        low, high = bootstrap.interval(bootstrap.sensitivities(rated, rates.tolist(), draws))
        out[name] = Drawn(froc(rated), rates, low, high, at)
    return out


def write(path: Path, curves: Mapping[str, Drawn], title: str = "") -> None:
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
    put(path, picture(curves, kind, title))


def svg(curves: Mapping[str, Drawn], title: str = "") -> str:
    """The picture as an SVG element, to stand in a page.

    Raises
    ------
    PhantomError
        If matplotlib is not installed.
    """
    text = picture(curves, "svg", title).decode("utf-8")
    return text[text.index("<svg") :]


def picture(curves: Mapping[str, Drawn], kind: str, title: str = "") -> bytes:
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
        axes.set_title("\n".join(textwrap.wrap(title.replace(" %", "\N{NO-BREAK SPACE}%"), _TITLE)), fontsize=9)
        axes.set_xticks(TICKS, [rate_name(rate) for rate in TICKS])
        axes.minorticks_off()
        axes.grid(color="#dddddd")
        for name, one in curves.items():
            false, sensitivity = steps(one.curve)
            (line,) = axes.step(false, sensitivity, where="post", label=Path(name).name, gid="curve")
            if len(one.rates):
                axes.fill_between(one.rates, one.low, one.high, color=line.get_color(), alpha=0.18, lw=0, gid="band")
            if one.at is not None:
                axes.plot([max(one.at, LOWEST)], [one.curve.at(one.at)[0]], "o", color=line.get_color(), gid="point")
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
