"""The columns of the truth tables, with types and meanings: one list for CSV, HDF5 and docs.

x is the column and y the row of a pixel's centre (whole numbers at centres); boxes start at
the first column and row and span width x height pixels. Rows are sorted by image, then id.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Table = np.ndarray[Any, Any]
"""Records of one of the tables: a structured array."""
# name -> (numpy type, meaning)
Columns = dict[str, tuple[str, str]]

IMAGES: Columns = {
    "image_id": ("U48", "case-side-view, with +variant after it where there is one"),
    "case": ("u4", "index of the case; inside a case file, which has no number, 0"),
    "woman_id": ("U16", "what grew her breasts, as a hash: the same woman has the same one in every dataset"),
    "source": ("U8", "grown, or inserted into a real picture"),
    "modality": ("U4", "MG"),
    "variant": ("U32", "what is special about this image: empty for the plain view"),
    "twin": ("U8", "empty, or which grains are left out: clean (all) or benign (the suspicious ones)"),
    "years_before": ("u4", "years before the latest examination"),
    "magnification": ("f8", "1, or how much larger the breast is on the detector"),
    "patch": ("?", "whether it is a window cut from a view"),
    "laterality": ("U1", "L or R"),
    "view": ("U3", "CC, MLO or ML"),
    "rows": ("u4", "pixels"),
    "columns": ("u4", "pixels"),
    "pixel_spacing_mm": ("f8", "side of a pixel at the breast"),
    "detector": ("U32", "name of the detector"),
    "converter": ("U8", "what turns X-rays into charge or light: a-Se or CsI"),
    "thickness_mm": ("f8", "compressed thickness"),
    "density": ("f8", "volume of fibroglandular tissue over volume inside the skin"),
    "birads_density": ("U1", "a, b, c or d"),
    "age": ("f8", "years"),
    "angle_deg": ("f8", "positioner angle: CC 0, MLO 30-60, ML 90"),
    "target_filter": ("U8", "target and filter, such as W/Rh"),
    "tube_kv": ("f8", "kV"),
    "mas": ("f8", "tube current times time"),
    "entrance_kerma_mgy": ("f8", "incident air kerma at the top of the breast"),
    "detector_kerma_ugy": ("f8", "air kerma at the detector behind the breast's mean"),
    "mgd_mgy": ("f8", "mean glandular dose"),
    "calcium_mg": ("f8", "calcium in all calcifications in this image"),
    "class": ("U10", "the highest class of its findings: normal < artefact < benign < suspicious"),
    "n_findings": ("u4", "findings in this image"),
    "n_calcifications": ("u4", "calcifications in this image"),
}

FINDINGS: Columns = {
    "image_id": ("U48", "the image"),
    "finding_id": ("u4", "unique within a case, the same in all its views"),
    "kind": ("U32", "as `phantom kinds` lists it"),
    "cause": ("U48", "the cause in the words of the patient page"),
    "descriptor": ("U32", "BI-RADS descriptor"),
    "distribution": ("U10", "BI-RADS distribution"),
    "category": ("U2", "BI-RADS assessment category"),
    "class": ("U10", "artefact, benign or suspicious, from the category"),
    "pathology": ("U9", "benign, malignant or none, sampled with the descriptor's predictive value"),
    "n_calcifications": ("u4", "calcifications of it in this image"),
    "x_px": ("f8", "centre of its box"),
    "y_px": ("f8", "centre of its box"),
    "box_x_px": ("i4", "first column"),
    "box_y_px": ("i4", "first row"),
    "box_w_px": ("i4", "columns"),
    "box_h_px": ("i4", "rows"),
    "extent_mm": ("f8", "largest distance between two points of its convex hull"),
    "hull_area_mm2": ("f8", "area of its convex hull"),
    "calcium_mg": ("f8", "calcium in its calcifications in this image"),
    "length_mm": ("f8", "of vascular findings: calcified length of the arteries in three dimensions; 0 for others"),
    "calcified_share": ("f8", "of vascular findings: share of the arteries' wall that plates cover; 0 for others"),
    "dprime": ("f8", "structured detectability of all its calcifications together"),
    "n_visible": ("u4", "calcifications of it that are visible in this image"),
}

CALCIFICATIONS: Columns = {
    "image_id": ("U48", "the image"),
    "finding_id": ("u4", "the finding it belongs to"),
    "calcification_id": ("u4", "unique within a case, the same in all its views"),
    "kind": ("U32", "the kind that made it"),
    "material": ("U32", "what it is made of"),
    "x_px": ("f8", "centre of mass of its path"),
    "y_px": ("f8", "centre of mass of its path"),
    "z_mm": ("f8", "height above the breast support"),
    "box_x_px": ("i4", "first column of its mask"),
    "box_y_px": ("i4", "first row of its mask"),
    "box_w_px": ("i4", "columns of its mask"),
    "box_h_px": ("i4", "rows of its mask"),
    "area_mm2": ("f8", "projected area of the solid"),
    "diameter_mm": ("f8", "its largest width in the view, from half density to half density: what a reader measures"),
    "extent_mm": ("f8", "largest projected extent of the solid, a fading edge included"),
    "thickness_mm": ("f8", "largest path length in it"),
    "mass_mg": ("f8", "calcium, the element, in what the image holds of it"),
    "contrast": ("f8", "peak over pixels of (S0 - S1)/S0 of the noiseless primary before blur"),
    "sdnr": ("f8", "mean signal difference over its mask, after blur, over the noise of one pixel"),
    "dprime": ("f8", "detectability index of the ideal observer, signal and background known"),
    "dprime_structured": ("f8", "the same of the best linear observer, to whom the tissue around it is noise too"),
    "visible": ("?", "dprime_structured of at least 4"),
    "run_offset": ("u4", "first of its runs in the case's table of runs"),
    "run_count": ("u4", "how many runs its mask has"),
}

OBJECTS: Columns = {
    "image_id": ("U48", "the image"),
    "object_id": ("u4", "unique within a case, the same in all its views"),
    "finding_id": ("u4", "the finding it belongs to"),
    "kind": ("U16", "cyst, fibroadenoma, oil_cyst, scar, dilated_duct or surgical_bed"),
    "x_mm": ("f8", "centre in the breast's frame"),
    "y_mm": ("f8", "centre in the breast's frame"),
    "z_mm": ("f8", "centre in the breast's frame"),
    "size_mm": ("f8", "largest diameter"),
    "box_x_px": ("i4", "first column"),
    "box_y_px": ("i4", "first row"),
    "box_w_px": ("i4", "columns"),
    "box_h_px": ("i4", "rows"),
}

TABLES: dict[str, Columns] = {
    "images": IMAGES, "findings": FINDINGS, "calcifications": CALCIFICATIONS, "objects": OBJECTS
}  # fmt: skip


def dtype_of(table: str) -> np.dtype[Any]:
    """The NumPy structured type of one of the tables."""
    return np.dtype([(name, kind) for name, (kind, _) in TABLES[table].items()])


def empty(table: str, rows: int = 0) -> np.ndarray[Any, Any]:
    """A table of zeros and empty texts."""
    return np.zeros(rows, dtype_of(table))
