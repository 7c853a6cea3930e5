"""Solids as plain data, for JSON and HDF5: a dictionary with the class's name, and back."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from phantom.errors import PhantomError
from phantom.geometry.solids import chains, clouds, ellipsoids, lumps, polyhedra, scaled, sediment, shells, tube_walls
from phantom.geometry.solids.shapes import Shape

# a new module of solids is named here, and nothing else
_MODULES = (chains, clouds, ellipsoids, lumps, polyhedra, scaled, sediment, shells, tube_walls)
_NUMBERS = frozenset({float, int})


@cache
def shape_classes() -> dict[str, type[Any]]:
    """Every solid there is, by the name of its class."""
    things = [thing for module in _MODULES for thing in vars(module).values()]
    solids = [t for t in things if isinstance(t, type) and is_dataclass(t) and hasattr(t, "chord")]
    return dict(sorted((solid.__name__, solid) for solid in solids))


def to_dict(shape: Any) -> dict[str, Any]:
    """Its class's name under ``shape``, and its fields."""
    return {"shape": type(shape).__name__, **{f.name: _plain(getattr(shape, f.name)) for f in fields(shape)}}


def from_dict(plain: dict[str, Any]) -> Shape:
    """The solid that `to_dict` described.

    Raises
    ------
    PhantomError
        If no solid has that name.
    """
    classes = shape_classes()
    name = plain.get("shape")
    if name not in classes:
        raise PhantomError(f"no solid is called {name!r}; known are {', '.join(classes)}")
    shape: Shape = classes[name](**{key: _solid(value) for key, value in plain.items() if key != "shape"})
    return shape


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (float, int, str)) else to_dict(value)


def _solid(value: Any) -> Any:
    if isinstance(value, list):
        if _NUMBERS.issuperset(map(type, value)):
            return tuple(value)  # most of a scene is coordinates
        return tuple(_solid(item) for item in value)
    return from_dict(value) if isinstance(value, dict) else value
