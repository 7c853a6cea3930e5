"""`--set key=value`: changes to a recipe's table before it is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from phantom.recipe import toml
from phantom.recipe.messages import quote

_PART = re.compile(r"([A-Za-z0-9_-]+)((?:\[\d{1,4}\])*)")


def apply(table: dict[str, Any], sets: Sequence[str], problems: list[str]) -> None:
    """Write each ``key=value`` into the table; what cannot be written is added to `problems`.

    A key is dotted (``anatomy.density``, ``finding[0].kind``); a value is TOML (``0.3``,
    ``[1, 2]``, ``'["CC"]'``), and text where it is no TOML. ``finding[n]`` with n just past
    the last adds one. Whether the recipe knows the key is seen when the table is read.
    """
    for change in sets:
        key, equals, text = change.partition("=")
        steps = _steps(key.strip())
        if not equals or steps is None:
            problems.append(
                f"--set {quote(change)}: must be key=value, such as anatomy.density=0.3 or finding[0].kind=round"
            )
            continue
        try:
            _write(table, steps, _value(text))
        except ValueError as why:
            problems.append(f"--set {key.strip()}: {why}")


def write(table: dict[str, Any], changes: Mapping[str, Any], problems: list[str]) -> None:
    """Write values as they are, by dotted key; a mapping stands for the keys in it."""
    for key, value in _flat(changes):
        steps = _steps(key)
        if steps is None:
            problems.append(f"{quote(key)}: must be a key such as anatomy.density or finding[0].kind")
            continue
        try:
            _write(table, steps, list(value) if isinstance(value, tuple) else value)
        except ValueError as why:
            problems.append(f"{key}: {why}")


def as_sets(changes: Mapping[str, Any]) -> list[str]:
    """The same changes as ``key=value`` texts."""
    return [toml.dumps({"value": value}).replace("value = ", f"{key}=", 1).strip() for key, value in _flat(changes)]


def _flat(changes: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in changes.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _steps(key: str) -> list[str | int] | None:
    steps: list[str | int] = []
    for part in key.split("."):
        match = _PART.fullmatch(part)
        if match is None:
            return None
        steps.append(match[1])
        steps += [int(number) for number in re.findall(r"\d+", match[2])]
    return steps


def _value(text: str) -> Any:
    try:
        table = toml.loads(f"value = {text.strip()}")
    except ValueError:
        return text
    return table["value"] if set(table) == {"value"} else text


def _write(table: Any, steps: list[str | int], value: Any) -> None:
    *path, last = steps
    node = table
    for step, after in zip(path, steps[1:], strict=True):
        node = _enter(node, step, [] if isinstance(after, int) else {})
    _enter(node, last, value)
    node[last] = value


def _enter(node: Any, step: str | int, fresh: Any) -> Any:
    """What lies at this step; `fresh` is laid there when there is nothing yet."""
    if isinstance(step, str):
        if not isinstance(node, dict):
            raise ValueError(f"'{step}' cannot be set in {quote(node)}, which is not a table")
        return node.setdefault(step, fresh)
    if not isinstance(node, list):
        raise ValueError(f"[{step}] cannot be set in {quote(node)}, which is not a list")
    if step > len(node):
        raise ValueError(f"there is no [{step}]: the recipe has {len(node)}")
    if step == len(node):
        node.append(fresh)
    return node[step]
