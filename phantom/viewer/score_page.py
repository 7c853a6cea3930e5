"""One page of a score: the curve, the tables, and the worst misses and false marks as pictures."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from phantom.dataset.format.files import put
from phantom.scoring import brief
from phantom.scoring import report as reports
from phantom.scoring.match import Match
from phantom.scoring.score import Score
from phantom.viewer.crops import crop
from phantom.viewer.page import Images

_WORST = 24
_SIDE_PX = 120.0
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2em auto;padding:0 1em;color:#222;background:#fff}"
    "pre{overflow-x:auto;font-size:13px}figure{display:inline-block;margin:4px;width:160px;vertical-align:top}"
    "figcaption{font-size:12px;line-height:1.3}img{display:block;width:160px;height:160px}svg{max-width:100%;height:auto}"
)


def write(path: Path, images: Images, found: Score, report: dict[str, Any], curve: str) -> None:
    """Write the page.

    Parameters
    ----------
    path : Path
    images : Images
        Those that were marked, in the score's order.
    found : Score
    report : dict
        Of `phantom.scoring.report.as_dict`.
    curve : str
        The FROC curve as an SVG element.
    """
    threshold = report["levels"][found.main.name]["operating_point"]["threshold"]
    bar = np.inf if threshold is None else float(threshold)
    parts = [f"<h1>{escape(Path(report['marks']).name)}</h1>", f"<p><b>{escape(brief.headline(report))}</b></p>", curve]
    if found.main.match is not None:
        parts += _gallery("The plainest calcifications that are missed", _misses(found.main.match, found, images, bar))
        parts += _gallery("The surest false marks", _false(found.main.match, images))
    parts += ["<h2>All figures</h2>", f"<pre>{escape(reports.text(report))}</pre>"]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
    title = escape(f"phantom score: {Path(report['marks']).name}")
    body = "".join(parts)
    page = f'<!doctype html><html lang="en"><head>{head}<title>{title}</title></head><body>{body}</body></html>\n'
    put(path, page.encode())


def _gallery(title: str, figures: Sequence[str]) -> list[str]:
    return [f"<h2>{escape(title)}</h2>", *(figures or ["<p>There are none.</p>"])]


def _figure(images: Images, number: int, x_px: float, y_px: float, words: str) -> str:
    picture = base64.b64encode(crop(images[number], x_px, y_px, _SIDE_PX)).decode()
    caption = f"{images[number].image_id} at {x_px:.0f}, {y_px:.0f}<br>{escape(words)}"
    return (
        f'<figure><img alt="{escape(words)}" src="data:image/jpeg;base64,{picture}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )  # fmt: skip


def _misses(match: Match, found: Score, images: Images, threshold: float) -> list[str]:
    """The calcifications below the threshold, those of the largest structured d' first."""
    missed = np.flatnonzero(~(match.ratings.lesion_rating >= threshold))
    rows = [(int(match.ratings.lesion_image[k]), int(match.lesion_row[k])) for k in missed]
    grains = [(i, found.images[i].calcifications[row]) for i, row in rows]
    grains.sort(key=lambda one: -float(one[1]["dprime_structured"]))
    return [
        _figure(
            images, i, float(grain["x_px"]), float(grain["y_px"]),
            f"{str(grain['kind']).replace('_', ' ')}, {grain['diameter_mm']:.2f} mm, "
            f"d′ {grain['dprime_structured']:.1f}",
        )
        for i, grain in grains[:_WORST]
    ]  # fmt: skip


def _false(match: Match, images: Images) -> list[str]:
    """The false marks of the highest scores."""
    false = np.flatnonzero(match.mark_lesion == -1)
    order = false[np.argsort(-match.mark_rows["score"][false], kind="stable")][:_WORST]
    return [
        _figure(
            images, int(match.mark_rows["image"][k]), float(match.mark_rows["x_px"][k]),
            float(match.mark_rows["y_px"][k]),
            f"{str(match.mark_cause[k]).replace('_', ' ')}, score {match.mark_rows['score'][k]:.4g}",
        )
        for k in order
    ]  # fmt: skip
