"""Croissant metadata of an export: what its files and columns are, for machines, with the part on responsible use.

Croissant 1.1 (https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html) with the RAI vocabulary 1.0;
`mlcroissant validate --jsonld croissant.json` checks it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from phantom.formats._scorecard import LIMITS, is_grown, people

if TYPE_CHECKING:
    from phantom.dataset import Dataset

CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
# the context that the specification gives
_CONTEXT: dict[str, Any] = {
    "@language": "en", "@vocab": "https://schema.org/", "arrayShape": "cr:arrayShape", "citeAs": "cr:citeAs",
    "column": "cr:column", "conformsTo": "dct:conformsTo", "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"}, "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/", "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty", "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract", "field": "cr:field", "fileProperty": "cr:fileProperty", "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet", "format": "cr:format", "includes": "cr:includes", "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset", "jsonPath": "cr:jsonPath", "key": "cr:key", "md5": "cr:md5",
    "name": {"@container": "@language"}, "parentField": "cr:parentField", "path": "cr:path",
    "recordSet": "cr:recordSet", "references": "cr:references", "regex": "cr:regex", "repeated": "cr:repeated",
    "replace": "cr:replace", "samplingRate": "cr:samplingRate", "sc": "https://schema.org/",
    "separator": "cr:separator", "source": "cr:source", "subField": "cr:subField", "transform": "cr:transform",
}  # fmt: skip
_ID = re.compile(r"[^\w-]+")  # mlcroissant knows no id with blanks
_TYPES = {bool: "sc:Boolean", int: "sc:Integer", float: "sc:Float", str: "sc:Text"}


def croissant(
    data: Dataset, tables: Mapping[str, tuple[str, str, Mapping[str, Any]]], images: str
) -> dict[str, Any]:
    """The document of an export.

    Parameters
    ----------
    data : Dataset
    tables : mapping
        A table's name to its file, the file's text, and the first row of what is described of it.
    images : str
        A pattern that all images fit, such as ``*/*.png``.
    """
    about = data.manifest
    files = [
        {
            "@type": "cr:FileObject", "@id": file, "name": file, "contentUrl": file,
            "encodingFormat": "application/jsonlines" if file.endswith(".jsonl") else "text/csv",
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
        }
        for file, text, _ in tables.values()
    ]  # fmt: skip
    pictures = {
        "@type": "cr:FileSet", "@id": "images", "name": "images", "encodingFormat": "image/png", "includes": images
    }  # fmt: skip
    return {
        "@context": _CONTEXT, "@type": "sc:Dataset", "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": f"synthetic-mammograms-{about.preset}",
        "description": f"{len(data)} synthetic mammograms of {about.cases} cases with the truth of every "
        f"calcification, made by {about.generator} from the recipe {about.preset} with seed {about.seed}.",
        "version": "1.0.0", "isLiveDataset": False,
        "citeAs": f"@software{{phantom, title={{phantom: synthetic mammograms}}, version={{{about.generator}}}}}",
        "keywords": ["mammography", "calcification", "synthetic data", "object detection"],
        **({"license": CC0} if is_grown(data) else {}),
        **_responsible(data),
        "distribution": [*files, pictures],
        "recordSet": [_records(name, file, row) for name, (file, _, row) in tables.items()],
    }  # fmt: skip


def _records(name: str, file: str, row: Mapping[str, Any]) -> dict[str, Any]:
    fields = [
        {
            "@type": "cr:Field", "@id": f"{name}/{_ID.sub('-', column)}", "name": column,
            "dataType": _TYPES[type(value)],
            "source": {"fileObject": {"@id": file}, "extract": {"column": column}},
        }
        for column, value in row.items() if type(value) in _TYPES
    ]  # fmt: skip
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "field": fields}


def _responsible(data: Dataset) -> dict[str, str]:
    """The RAI part."""
    source = (
        "Simulated: breasts and calcifications grow by rules from a seed and are imaged by a model of the machine."
        if is_grown(data)
        else "Calcifications are simulated and put into real mammograms."
    )
    return {
        "rai:dataCollection": source,
        "rai:dataCollectionType": "Software collection" if is_grown(data) else "Secondary data analysis",
        "rai:dataCollectionMissingData": f"{sum(map(len, data.manifest.dropped.values()))} findings found no place.",
        "rai:dataPreprocessingProtocol": "A display as a mammography unit makes it; in 8 bits, the image's window.",
        "rai:dataAnnotationProtocol": "No annotator: each grain alone goes through the same projector, which gives its "
        "mask, size and contrast; an ideal observer gives its d'.",
        "rai:machineAnnotationTools": data.manifest.generator,
        "rai:annotationsPerItem": "1",
        "rai:dataUseCases": "Training and testing of detectors of calcifications; not for diagnosis.",
        "rai:dataLimitations": LIMITS,
        "rai:dataBiases": "Densities, ages, kinds and difficulties come in the shares of the recipe, which are not "
        "those of a screened population unless it says so.",
        "rai:dataSocialImpact": "A detector trained on it alone must not be used on patients.",
        "rai:personalSensitiveInformation": people(data),
        "rai:dataReleaseMaintenancePlan": "None: the recipe, the seed and the version make the same dataset again.",
    }
