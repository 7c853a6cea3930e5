"""Some of a dataset's images: those of a kind, a view, a part of the split."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, overload

import numpy as np

from phantom.arrays import Array, Bools
from phantom.calcifications import registry
from phantom.dataset.format.case_reader import StoredImage
from phantom.errors import PhantomError, UsageError, install
from phantom.recipe.messages import suggestion
from phantom.tables import Table

TABLES = ("images", "findings", "calcifications", "objects")


class Selectable:
    """What can be filtered, and handed to pandas: it has tables, and images in their order."""

    images: Any
    findings: Any
    calcifications: Any
    objects: Any

    def filter(self, **wanted: Any) -> Selection:
        """The images with these values, in the same order: ``data.filter(kind="vascular", view=["CC", "MLO"])``.

        Parameters
        ----------
        **wanted
            A column of the images, or of the findings (then an image with one such finding is taken), and the value it
            shall have or a list of those it may have; ``class_`` stands for the column ``class``. The findings'
            column counts where both tables have it, unless an ``image_`` stands before the name.

        Raises
        ------
        UsageError
            If there is no such column.
        """
        kept = np.ones(len(self.images), bool)
        owned = np.ones(len(self.findings), bool)
        names = [*(self.findings.dtype.names or ()), *(self.images.dtype.names or ())]
        for key, value in wanted.items():
            name = key.removesuffix("_")
            if name.startswith("image_") and name.removeprefix("image_") in (self.images.dtype.names or ()):
                kept &= _among(self.images[name.removeprefix("image_")], value)
            elif name in (self.findings.dtype.names or ()) and name != "image_id":
                owned &= _among(self.findings[name], _spelled(value) if name == "kind" else value)
            elif name in (self.images.dtype.names or ()):
                kept &= _among(self.images[name], value)
            else:
                raise UsageError(f"no column '{name}' of images or findings; {suggestion(name, names)}")
        if not owned.all() or set(wanted) & set(self.findings.dtype.names or ()) - {"image_id"}:
            kept &= np.isin(self.images["image_id"], self.findings["image_id"][owned])
        return Selection(self, np.flatnonzero(kept))

    def to_pandas(self, table: str = "calcifications") -> Any:
        """One of the tables (``images``, ``findings``, ``calcifications``, ``objects``) as a pandas DataFrame.

        Raises
        ------
        UsageError
            If there is no such table.
        PhantomError
            If pandas is not installed.
        """
        if table not in TABLES:
            raise UsageError(f"no table '{table}'; {suggestion(table, TABLES)}")
        try:
            from pandas import DataFrame
        except ImportError:
            raise PhantomError(f"to_pandas needs pandas: {install('pandas')}") from None
        rows = getattr(self, table)
        return DataFrame({name: rows[name] for name in rows.dtype.names})


def _spelled(kinds: Any) -> list[str]:
    """Kinds as the tables have them: hyphens do as well as underscores."""
    return [registry.spelled(str(kind)) for kind in ([kinds] if isinstance(kinds, str) else kinds)]


def _among(column: Array, value: Any) -> Bools:
    values = [value] if isinstance(value, str | bytes) or not hasattr(value, "__iter__") else list(value)
    if column.dtype.kind == "U":
        values = [str(one) for one in values]
    return np.asarray(np.isin(column, values), bool)


class Selection(Selectable):
    """Some images of a dataset: ``len()``, ``[i]``, slices, iteration, the tables, and `filter` again.

    Attributes
    ----------
    images, findings, calcifications, objects : structured arrays
        The rows of these images alone.
    """

    def __init__(self, whole: Any, places: Array) -> None:
        self._whole, self._at = whole, places

    @cached_property
    def images(self) -> Table:
        """Their rows."""
        table: Table = self._whole.images[self._at]
        return table

    @cached_property
    def findings(self) -> Table:
        """Those of these images."""
        return self._of("findings")

    @cached_property
    def calcifications(self) -> Table:
        """Those of these images."""
        return self._of("calcifications")

    @cached_property
    def objects(self) -> Table:
        """Those of these images."""
        return self._of("objects")

    def _of(self, name: str) -> Table:
        table: Table = getattr(self._whole, name)
        return table[np.isin(table["image_id"], self.images["image_id"])]

    def __len__(self) -> int:
        return len(self._at)

    @overload
    def __getitem__(self, which: int) -> StoredImage: ...
    @overload
    def __getitem__(self, which: slice) -> list[StoredImage]: ...
    def __getitem__(self, which: int | slice) -> StoredImage | list[StoredImage]:
        if isinstance(which, slice):
            return [self._whole[int(i)] for i in self._at[which]]
        image: StoredImage = self._whole[int(self._at[which])]
        return image

    def __iter__(self) -> Iterator[StoredImage]:
        return (self._whole[int(i)] for i in self._at)

    def __contains__(self, which: object) -> bool:
        return getattr(which, "image_id", which) in set(self.images["image_id"].tolist())

    def __repr__(self) -> str:
        return f"<Selection: {len(self)} of {len(self._whole)} images>"
