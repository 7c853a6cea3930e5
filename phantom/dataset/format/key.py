"""What tells a dataset from every other: the root of the UIDs its images bear in DICOM."""

from __future__ import annotations

import json

from phantom.dataset.format.manifest import Manifest
from phantom.dataset.format.uids import dataset_key


def key_of(manifest: Manifest) -> str:
    """The dataset's key: the same for a dataset and for the same one with more cases."""
    identity = {
        "recipe": dict(manifest.recipe),
        "sweeps": list(manifest.sweeps),
        "sources": [{key: value for key, value in one.items() if key != "environments"} for one in manifest.sources],
        **({"rendered": dict(manifest.rendered)} if manifest.rendered else {}),
        **({"inserted": dict(manifest.inserted)} if manifest.inserted else {}),
        **({"detectors": dict(manifest.detectors)} if manifest.detectors else {}),
    }
    return dataset_key(
        json.dumps(identity, sort_keys=True, ensure_ascii=False, default=str), manifest.seed, manifest.generator
    )
