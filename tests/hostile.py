"""Changes that make a case file one that must be refused."""

from __future__ import annotations

import h5py
import numpy as np

from phantom.dataset.format import hdf5_checks


def image_group(file: h5py.File) -> h5py.Group:
    return next(iter(file["images"].values()))


def replaced(name: str, **how):
    def change(file: h5py.File) -> None:
        group = image_group(file) if name in hdf5_checks.ARRAYS else file["truth"]
        del group[name]
        group.create_dataset(name, **how)

    return change


def _linked(file: h5py.File) -> None:
    group = image_group(file)
    del group["for_presentation"]
    group["for_presentation"] = h5py.ExternalLink("/etc/passwd", "/x")


def _virtual(file: h5py.File) -> None:
    group = image_group(file)
    del group["for_presentation"]
    layout = h5py.VirtualLayout((300, 200), "u2")
    layout[:] = h5py.VirtualSource("/tmp/elsewhere.h5", "x", (300, 200), "u2")
    group.create_virtual_dataset("for_presentation", layout)


def _external(file: h5py.File) -> None:
    group = image_group(file)
    del group["for_presentation"]
    group.create_dataset("for_presentation", (30, 20), "u2", external=[("/etc/passwd", 0, 1200)])


HOSTILE = {
    "giant": replaced("for_presentation", shape=(1 << 30, 1 << 30), dtype="u2", chunks=(256, 256)),
    "giant chunk": replaced("for_presentation", shape=(30000, 8000), dtype="u2", chunks=(30000, 8000)),
    "floats": replaced("for_presentation", data=np.zeros((300, 200))),
    "three axes": replaced("labels", data=np.zeros((3, 3, 3), "u2")),
    "texts": replaced("breast_mask", data=np.array([["a", "b"]], "O"), dtype=h5py.string_dtype()),
    "other filter": replaced("for_presentation", data=np.zeros((300, 200), "u2"), compression="lzf"),
    "external link": _linked,
    "virtual": _virtual,
    "external storage": _external,
}
HOSTILE_TABLES = {
    "giant": replaced("runs", shape=(1 << 40,), dtype=[("start", "u4"), ("length", "u4")], chunks=(1024,)),
    "large but empty": replaced("runs", shape=(1 << 25,), dtype=[("start", "u4"), ("length", "u4")], chunks=(1024,)),
    "wrong columns": replaced("runs", data=np.zeros(3, [("a", "f4")])),
    "no table": replaced("runs", data=np.zeros((3, 2), "u4")),
}
