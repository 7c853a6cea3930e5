"""A score on one screen: one sentence first, then a compact table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

TITLES = {
    "calcification": "calcifications",
    "finding_kallergi": "findings (Kallergi's rule)",
    "finding_box": "findings (box rule)",
}


def headline(report: dict[str, Any]) -> str:
    """``finds 71 % of calcifications (64 to 77) at 1 false mark per image; 12 % of false marks lie on vascular``.

    In brackets the 95 % interval.
    """
    name, level = next(iter(report["levels"].items()))
    point, target = level["operating_point"], report["rules"]["target"]
    what = ("" if target == "calcification" else f"{target} ") + TITLES[name].partition(" (")[0]
    if point["sensitivity"] is None:
        return f"nothing to find: the dataset has no {what} that count"
    rate = point["fp_per_image_asked"]
    sentences = (
        f"finds {_percent(point['sensitivity'])} of {what} ({_range(point)}) at {rate:g} false "
        f"mark{'s' * (rate != 1)} per image"
    )
    return sentences + _worst(level["false_marks_by_cause"])


def text(report: dict[str, Any]) -> str:
    """The report in some twenty lines."""
    levels, rates = report["levels"], _rates(report)
    lines = [f"{report['marks']}: {headline(report)}", ""]
    head = ["", "", *(_rate(rate) for rate in rates)]
    rows = [
        [TITLES[name], str(level["lesions"]), *(_percent(p["sensitivity"], "") for p in level["froc_per_image"])]
        for name, level in levels.items()
    ]
    lines += ["found, %, at so many false marks per image:", *table(["", "number", *head[2:]], rows)]
    main = next(iter(levels.values()))
    at = main["operating_point"]["fp_per_image_asked"]
    kinds = main.get("sensitivity_by", {}).get("kind", [])
    causes = main["false_marks_by_cause"]
    if kinds or causes:
        known = {row["value"]: row for row in kinds}
        names = [*known, *(cause for cause in causes if cause not in known)]
        body = [
            [
                name.replace("_", " "),
                str(known[name]["lesions"]) if name in known else "",
                _percent(known[name]["sensitivity"], "") if name in known else "",
                str(causes.get(name, 0)),
            ]
            for name in names
        ]
        lines += ["", f"at {at:g} false marks per image:", *table(["kind", "number", "found, %", "false marks"], body)]
    if "against" in report:
        for name, difference in report["against"]["difference"].items():
            d = difference["at"]
            lines += ["", (
                f"{report['against']['marks']} finds {100 * d['difference']:+.0f} points of {TITLES[name]} "
                f"({100 * d['low']:+.0f} to {100 * d['high']:+.0f}, p {d['p']:.3f}) at {d['rate']:g} per image"
            ) if d["difference"] is not None else f"{report['against']['marks']}: nothing to compare"]  # fmt: skip
            break
    lines += [f"note: {note}" for note in report["notes"] if "no mark" in note]
    return "\n".join([*lines, "", "--full tells the rest: rules, areas, strata, notes; --html FILE shows the worst."])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of columns, the first to the left, the others to the right."""
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    lines = []
    for row in [head, *rows]:
        right = (f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        lines.append(f"  {row[0]:<{widths[0]}}{''.join(right)}".rstrip())
    return lines


def _rates(report: dict[str, Any]) -> list[float]:
    return [point["rate"] for point in next(iter(report["levels"].values()))["froc_per_image"]]


def _rate(rate: float) -> str:
    return f"{rate:g}" if rate >= 1 else f"1/{round(1 / rate)}"


def _percent(share: float | None, sign: str = " %") -> str:
    return "–" if share is None else f"{100 * share:.0f}{sign}"


def _range(point: dict[str, Any]) -> str:
    if point["low"] is None:
        return "no interval"
    return f"{100 * point['low']:.0f} to {100 * point['high']:.0f}"


def _worst(causes: dict[str, int]) -> str:
    """What most false marks lie on, tissue without any name left out."""
    named = [(count, cause) for cause, count in causes.items() if cause != "background" and count]
    if not named:
        return ""
    count, cause = max(named)
    share, plain = 100 * count / sum(causes.values()), cause.replace("_", " ")
    if cause in ("near a calcification", "outside the breast"):
        return f"; {share:.0f} % of false marks are {plain}"
    return f"; {share:.0f} % of false marks lie on {'the ' * (cause == 'skin line')}{plain}"
